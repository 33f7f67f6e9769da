"""When a rule or a watch area is on: weekly windows in a named zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_MIN = 7 * 24 * 60
WINDOW = re.compile(rf"({'|'.join(DAYS)}) ([0-2]\d):([0-5]\d)-({'|'.join(DAYS)}) ([0-2]\d):([0-5]\d)")


@dataclass(frozen=True)
class Schedule:
    """Weekly windows such as `fri 22:00-sat 06:00`, by the clock on the wall in `zone` (an IANA name); no windows: always.

    A window holds what the local clock shows, so it opens and closes right on the days the clocks change: an hour told twice is in it
    twice, an hour left out never was. Its end is outside; one that ends before it begins goes over the end of the week.

    >>> night = Schedule("America/Mexico_City", ("fri 22:00-sat 06:00",))
    >>> night.on(np.array([1_764_392_400_000_000, 1_764_435_600_000_000])).tolist()  # Friday 23:00, Saturday 11:00 there
    [True, False]
    """

    zone: str = "UTC"
    windows: tuple[str, ...] = ()

    def __post_init__(self):
        ZoneInfo(self.zone)  # raises ZoneInfoNotFoundError, which names it
        self.minutes  # noqa: B018  raises ValueError

    @cached_property
    def minutes(self) -> tuple[tuple[int, int], ...]:
        """Each window as minutes of the week, from Monday's midnight."""
        out = []
        for text in self.windows:
            told = WINDOW.fullmatch(text)
            if not told or int(told[2]) > 23 or int(told[5]) > 24:
                raise ValueError(f"window {text[:40]!r}, expected a form such as 'fri 22:00-sat 06:00'")
            begin, end = (DAYS.index(told[i]) * 1440 + int(told[i + 1]) * 60 + int(told[i + 2]) for i in (1, 4))
            if begin == end:
                raise ValueError(f"window {text!r} is empty, expected an end after its begin")
            out.append((begin, end))
        return tuple(out)

    def on(self, observed_us: np.ndarray) -> np.ndarray:
        """Whether each time (epoch microseconds UTC) lies in a window."""
        if not self.windows or not len(observed_us):
            return np.ones(len(observed_us), bool)
        local = pd.DatetimeIndex(np.asarray(observed_us).astype("M8[us]")).tz_localize("UTC").tz_convert(self.zone)
        minute = np.asarray(local.day_of_week) * 1440 + np.asarray(local.hour) * 60 + np.asarray(local.minute)
        inside = np.zeros(len(minute), bool)
        for begin, end in self.minutes:
            inside |= (minute >= begin) & (minute < end) if begin < end else (minute >= begin) | (minute < end)
        return inside


ALWAYS = Schedule()
