"""What a forecast needs of its points: how many by unit, day and the day somebody knew. Of parts it adds up to that of all, to the bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.exact import PER
from analysis.forecast.counts_in_time import Counts, day_of
from analysis.forecast.late import brought, said
from errors import PointsRefused

UNIT_BITS, DAY_BITS = 20, 22  # of the one number that unit, day and day of knowing are
FIRST_DAY = -719_162  # 1 January of year 1: days are counted from it in that number


@dataclass(frozen=True)
class Gathered:
    """`key` (cells,) is unit, day and day of knowing, in order, each once; `n` how many, `entries` of how many places; `days` and `points` are the same of all
    points, whatever unit they lie in. The rest holds for all points; `first` and `last` are their days (none of no points). `later` are of days beyond the one told, and nowhere else in it."""

    key: np.ndarray
    n: np.ndarray
    entries: np.ndarray
    days: np.ndarray
    points: np.ndarray
    rows: int = 0
    outside: int = 0
    later: int = 0
    first: int | None = None
    last: int | None = None
    level: int = 0

    @classmethod
    def of(cls, points: pd.DataFrame, spread: sparse.csr_array, later: int = 0) -> Gathered:
        """Points (checked, with times) that lie in units as `spread` (points, units) says."""
        if not len(points):
            return cls(*_once(np.empty(0, np.uint64), np.empty(0), np.empty(0)), *_once(np.empty(0, np.uint64), np.empty(0)), later=later)
        laid, day, known = spread.tocoo(), day_of(points.t), day_of(points.recorded_at)
        if max(day.max(), known.max()) - FIRST_DAY >= 1 << DAY_BITS or min(day.min(), known.min()) < FIRST_DAY:
            raise PointsRefused("t and recorded_at must be of years 1 to 9999")
        point, unit = laid.coords
        days, some = _key(np.zeros(len(day), np.int64), day, np.maximum(known, day)), laid.data > 0
        key = (unit.astype(np.uint64) << np.uint64(2 * DAY_BITS)) | days[point]
        return cls(
            *_once(key[some], np.rint(laid.data[some] * PER) / PER, np.ones(int(some.sum()))), *_once(days, np.ones(len(days))), len(points),
            int((np.asarray(spread.sum(axis=1)).ravel() <= 0).sum()), later, int(day.min()), int(day.max()), int(points.level.max()))

    def plus(self, other: Gathered) -> Gathered:
        """Both together: the same, to the bit, whichever comes first."""
        both = [np.concatenate([getattr(self, part), getattr(other, part)]) for part in ("key", "n", "entries", "days", "points")]
        ends = [day for day in (self.first, other.first, self.last, other.last) if day is not None]
        return Gathered(*_once(*both[:3]), *_once(*both[3:]), self.rows + other.rows, self.outside + other.outside, self.later + other.later, min(ends, default=None), max(ends, default=None),
                        max(self.level, other.level))

    def as_known(self) -> tuple[Gathered, str]:
        """With days of knowing as far as they are told, and words where they are not (analysis/forecast/late.py)."""
        _, day, known = _told(self.days)
        bulk = brought(day, known, self.points)
        of = np.isin(known, bulk)
        unit, day_, known_ = _told(self.key)
        kept = replace(self, **dict(zip(("key", "n", "entries"), _once(_key(unit, day_, np.where(np.isin(known_, bulk), day_, known_)), self.n, self.entries))))
        return kept, said(int(self.points[of].sum()), self.rows, bool((np.where(of, day, known) == day).all()))

    def counts(self, units: int, end: int) -> Counts:
        """By unit and day, from the first day up to `end`."""
        unit, day, known = _told(self.key)
        return Counts.of(unit, day, self.n, known, units=units, first=self.first, days=end - self.first)

    def days_late(self) -> float:
        """The median of how many days after theirs those were known that were known later."""
        _, day, known = _told(self.key)
        after = known > day
        return _median(known[after] - day[after], self.entries[after])


def _key(unit: np.ndarray, day: np.ndarray, known: np.ndarray) -> np.ndarray:
    return (unit.astype(np.uint64) << np.uint64(2 * DAY_BITS)) | ((day - FIRST_DAY).astype(np.uint64) << np.uint64(DAY_BITS)) | (known - FIRST_DAY).astype(np.uint64)


def _told(key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units, days and days of knowing."""
    mask = np.uint64((1 << DAY_BITS) - 1)
    unit, day, known = key >> np.uint64(2 * DAY_BITS), (key >> np.uint64(DAY_BITS)) & mask, key & mask
    return unit.astype(np.int64), day.astype(np.int64) + FIRST_DAY, known.astype(np.int64) + FIRST_DAY


def _once(key: np.ndarray, *of: np.ndarray) -> tuple[np.ndarray, ...]:
    keys, at = np.unique(key, return_inverse=True)
    return keys, *(np.bincount(at, part, keys.size) for part in of)


def _median(values: np.ndarray, times: np.ndarray) -> float:
    """The median of whole numbers from 0 up, each as often as told.

    >>> _median(np.array([1, 5, 3]), np.array([1.0, 2.0, 1.0]))
    4.0
    """
    upto = np.cumsum(np.bincount(values, times))
    return float(np.searchsorted(upto, [upto[-1] / 2, upto[-1] / 2 + 1], "left").mean()) if upto[-1] % 2 == 0 else float(np.searchsorted(upto, (upto[-1] + 1) / 2, "left"))
