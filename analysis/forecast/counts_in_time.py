"""How many by unit and day, as it was known on any day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.forecast.late import LEAST_SEEN, reported


@dataclass(frozen=True)
class Late:
    """What was known on a later day than it was: units, days, days it was known on, and how many."""

    unit: np.ndarray
    day: np.ndarray
    known: np.ndarray
    n: np.ndarray

    def only(self, which: np.ndarray) -> Late:
        return Late(self.unit[which], self.day[which], self.known[which], self.n[which])


NONE_LATE = Late(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))


@dataclass(frozen=True)
class Counts:
    """`table` (units, days) by column, so that a day's or a window's sums are a slice; its column 0 is `first`, in days since 1970 (UTC).

    Parts of a point that is spread over several units are counted as parts. `asof` is the day before whose beginning all of it was known (`end`, where it is not told): of the newest days
    not all is known by then, and `seen` says which share is. 20,000 units over five years take what their points take: 12 bytes each.

    >>> made = Counts.of(np.array([0, 1, 1]), np.array([10, 10, 12]), units=2, first=10, days=3)
    >>> made.window(10, 12).tolist(), made.before(12).days
    ([1.0, 1.0], 2)
    """

    first: int
    table: sparse.csc_array
    late: Late = NONE_LATE
    asof: int = 0

    @property
    def units(self) -> int:
        return self.table.shape[0]

    @property
    def days(self) -> int:
        return self.table.shape[1]

    @property
    def end(self) -> int:
        """The first day that is not counted any more."""
        return self.first + self.days

    @cached_property
    def seen(self) -> np.ndarray:
        """The share (days,) of each day's that is known yet, as far as it can be told from how late others were (analysis/forecast/late.py); 1 where none was late."""
        if not self.late.n.size:
            return np.ones(self.days)
        of_day = np.diff(np.r_[0.0, np.cumsum(self.table.data)][self.table.indptr])
        return reported(self.late.day, self.late.known, self.late.n, of_day, self.first, max(self.asof, self.end))

    def days_seen(self, begin: int, end: int) -> float:
        """How many whole days those from `begin` up to `end` are worth, by what of them is known yet; one at least."""
        low, high = (min(max(d - self.first, 0), self.days) for d in (begin, end))
        return max(float(self.seen[low:high].sum()) if self.late.n.size else float(high - low), 1.0)

    def share(self, begin: int, end: int) -> float:
        """Which share of what these days will have been is known yet."""
        return self.days_seen(begin, end) / max(end - begin, 1) if self.late.n.size else 1.0

    def filled(self) -> Counts:
        """What the days are likely to have been: each as many times more as less of it is known yet, ten times at most."""
        if not self.late.n.size:
            return self
        table = self.table.copy()
        table.data = table.data / np.repeat(np.maximum(self.seen, LEAST_SEEN), np.diff(table.indptr))
        return Counts(self.first, table)

    @classmethod
    def of(cls, unit: np.ndarray, day: np.ndarray, n: np.ndarray | None = None, known: np.ndarray | None = None, *, units: int, first: int, days: int) -> Counts:
        """What lies in `days` from `first` on; the rest is another time's."""
        n = np.ones(len(unit)) if n is None else np.asarray(n, float)
        within = (day >= first) & (day < first + days) & (n > 0)
        unit, day, n = unit[within], day[within], n[within]
        table = sparse.coo_array((n, (unit, day - first)), shape=(units, days)).tocsc()
        late = NONE_LATE
        if known is not None:
            after = known[within] > day
            late = Late(unit[after].astype(np.int64), day[after].astype(np.int64), known[within][after].astype(np.int64), n[after])
        return cls(first, table, late, int(late.known.max(initial=first + days - 1)) + 1)

    def before(self, day: int) -> Counts:
        """All that was and was known before a day begins. What comes after is not in it, so nothing that is given it can look ahead."""
        days = min(max(day - self.first, 0), self.days)
        table = self.table[:, :days]
        if not self.late.n.size:
            return replace(self, table=table, asof=min(day, self.asof) if self.asof else 0)
        was = self.late.only(self.late.day < self.first + days)
        unknown = was.known >= day
        if unknown.any():
            not_yet = was.only(unknown)
            less = sparse.coo_array((not_yet.n, (not_yet.unit, not_yet.day - self.first)), shape=table.shape).tocsc()
            table = (table - less).tocsc()
            table.data[np.abs(table.data) < 1e-9] = 0.0
            table.eliminate_zeros()
        return Counts(self.first, table, was.only(~unknown), min(day, self.asof) if self.asof else day)

    def window(self, begin: int, end: int) -> np.ndarray:
        """Sums (units,) of the days from `begin` up to `end`, of as many of them as are counted."""
        low, high = (min(max(d - self.first, 0), self.days) for d in (begin, end))
        return _sums(self.table, low, max(high, low), None)

    def weighted(self, of_day: np.ndarray) -> np.ndarray:
        """Sums (units,) with a weight for each day (days,)."""
        return _sums(self.table, 0, self.days, of_day)

    def events(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Units, days from `first` on, and how many, of each unit and day with any; by day."""
        day = np.repeat(np.arange(self.days), np.diff(self.table.indptr))
        return self.table.indices.astype(np.int64), day, self.table.data


def _sums(table: sparse.csc_array, low: int, high: int, of_day: np.ndarray | None) -> np.ndarray:
    # By the arrays themselves: a slice of a sparse table copies it, and this is asked thousands of times.
    begin, end = table.indptr[low], table.indptr[high]
    n = table.data[begin:end]
    if of_day is not None:
        n = n * np.repeat(of_day[low:high], np.diff(table.indptr[low:high + 1]))
    return np.bincount(table.indices[begin:end], weights=n, minlength=table.shape[0])


def day_of(t: pd.Series) -> np.ndarray:
    """Days since 1970 (UTC) of times with a zone."""
    return (t.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[D]")).astype(np.int64)
