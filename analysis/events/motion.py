"""How one track moves: standing still and going on, loitering, too fast or too slow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.events.event import Event
from analysis.events.fences import lasted_us, span_event
from analysis.events.fixes import Fixes
from analysis.events.geo import KNOT_MPS
from analysis.events.latch import Latch, spans
from analysis.events.rows import carried, rows_of, speeds
from analysis.events.rules import OPEN_US, Carry, Context, Reading, Rule, fix_at


class _Moving:
    """A state that speed turns on and off, told when it has lasted."""

    together = False

    def read(self, rule: Rule, fixes: Fixes, context: Context, carry: Carry) -> Reading:
        """Events of fixes after the carry's cut."""
        way, speed = speeds(fixes)
        label = self._label(speed)
        latch = Latch(self.fixes, 0.0, self.fixes, self.noise_s, self.silence_s)
        # Not known to be on is off: no event tells the two apart, and until it were known every fix would have to be carried.
        latched = spans(rows_of(fixes, context, carry, label, way, speed), latch, carry.held, np.full(len(fixes.tracks), -1, np.int8))
        events, decided = [], []
        s = latched.spans
        for row in s[(s["sign"] > 0) & (lasted_us(s) >= self.min_s * 1e6) & rule.schedule.on(s["start_us"])]:
            for event in self._events(rule, row, context):
                events.append(event)
                decided.append(int(row["decided_us"]) if row["ended"] else OPEN_US)
        return Reading(events, decided, carried(fixes, latched))


@dataclass(frozen=True)
class Stop(_Moving):
    """`stop`: a track stands still for `min_s`; `all_clear`: it moves again.

    It stops below `begin_mps` and moves above `end_mps` (Global Fishing Watch's ports: 0.2 and 0.5 kn), `fixes` in a row each; faster fixes that last less
    than `noise_s` end nothing. A silence over `silence_s` ends it, with no all-clear: nobody saw it go.
    """

    begin_mps: float = 0.2 * KNOT_MPS
    end_mps: float = 0.5 * KNOT_MPS
    min_s: float = 900.0
    fixes: int = 2
    noise_s: float = 0.0
    silence_s: float | None = 14_400.0  # GFW: in-port gap > 4 h
    name = "stop"

    def _label(self, speed: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.where(speed < self.begin_mps, np.int8(1), np.where(speed > self.end_mps, np.int8(-1), np.int8(0)))

    def _events(self, rule: Rule, row: np.void, context: Context) -> list[Event]:
        stop = span_event("stop", rule, row)
        if not row["ended"] or row["silence"]:
            return [stop]
        track, again = int(row["track_id"]), tuple(row[f"next_{p}"] for p in ("us", "lon", "lat"))
        before = fix_at(track, *(row[f"last_{p}"] for p in ("us", "lon", "lat")))
        return [stop, Event("all_clear", rule.id, (track,), int(again[0]), int(again[0]), float(again[1]), float(again[2]), before, fix_at(track, *again),
                            None, {"stood_s": stop.facts["lasted_s"]}, bool(row["doubt_end"]), rule.severity)]


@dataclass(frozen=True)
class Loitering(_Moving):
    """`loitering`: slower than `slow_mps` (2 kn) for `min_s` (2 h), at least `shore_m` (20 nautical miles) from shore where somebody can tell.

    The numbers are Global Fishing Watch's; they take the mean of each hour, here it is fixes in a row, so no hour of the clock matters: `fixes` faster
    ones that last `noise_s` end it. The mean over the whole of it must be slow too.
    """

    slow_mps: float = 2 * KNOT_MPS
    end_mps: float = 2.5 * KNOT_MPS
    min_s: float = 7_200.0
    shore_m: float = 37_040.0
    fixes: int = 2
    noise_s: float = 600.0
    silence_s: float | None = 14_400.0
    name = "loitering"

    def _label(self, speed: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.where(speed < self.slow_mps, np.int8(1), np.where(speed > self.end_mps, np.int8(-1), np.int8(0)))

    def _events(self, rule: Rule, row: np.void, context: Context) -> list[Event]:
        event = span_event("loitering", rule, row)
        inside_s = (int(row["last_us"]) - int(row["start_us"])) / 1e6
        mean = int(row["way_mm"]) / 1e3 / inside_s if inside_s else 0.0
        if mean >= self.slow_mps:
            return []
        shore = context.shore_of(float(row["start_lon"]), float(row["start_lat"]))
        if shore is not None and shore < self.shore_m:
            return []
        return [replace(event, facts=event.facts | {"shore_m": None if shore is None else round(shore)} | ({"mean_mps": round(mean, 3)} if row["ended"] else {}))]


@dataclass(frozen=True)
class SpeedRange(_Moving):
    """`speed_range`: a track is slower than `lowest_mps` or faster than `highest_mps` (one of them at least), `fixes` in a row for `min_s`.

    It ends when it is back by `margin_mps`. Which speeds are wrong depends on who is watched: there is no default.
    """

    lowest_mps: float | None = None
    highest_mps: float | None = None
    margin_mps: float = 0.5
    min_s: float = 0.0
    fixes: int = 3
    noise_s: float = 0.0
    silence_s: float | None = 3_600.0
    name = "speed_range"

    def __post_init__(self):
        if self.lowest_mps is None and self.highest_mps is None:
            raise ValueError("speed_range needs lowest_mps, highest_mps or both")

    def _label(self, speed: np.ndarray) -> np.ndarray:
        low, high = self.lowest_mps if self.lowest_mps is not None else -np.inf, self.highest_mps if self.highest_mps is not None else np.inf
        with np.errstate(invalid="ignore"):
            wrong = (speed < low) | (speed > high)
            back = (speed >= low + self.margin_mps) & (speed <= high - self.margin_mps)
        return np.where(wrong, np.int8(1), np.where(back, np.int8(-1), np.int8(0)))

    def _events(self, rule: Rule, row: np.void, context: Context) -> list[Event]:
        return [span_event("speed_range", rule, row, lowest_allowed_mps=self.lowest_mps, highest_allowed_mps=self.highest_mps)]
