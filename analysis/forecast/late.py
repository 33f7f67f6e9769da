"""How late seizures become known, and so which share of the newest days is known yet.

Of a day lately past only what was told soon is known: delays are cut off at its age. Their distribution is estimated from what is known all the same by its hazard backwards
in time (Lagakos, Barraj & De Gruttola 1988; Kalbfleisch & Lawless 1989): of those known within d days whose day is at least d ago, the share that took d days just.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

BULK_LEAST, BULK_DAYS = 20, 62  # what came in on one day, so many or more whose middle 80 % are of more than two months: somebody brought a history
LEAST_SEEN = 0.1  # of a day's share: nothing is made more than ten times as many of


def reported(late_day: np.ndarray, late_known: np.ndarray, late_n: np.ndarray, of_day: np.ndarray, first: int, asof: int) -> np.ndarray:
    """The share (days,) of each day from `first` on that is known before the day `asof`, of what will be; 1 where nothing ever was later.

    `of_day` (days,) are all known by then; of these `late_n` of `late_day` were known on `late_known`.

    >>> half_next_day = reported(np.arange(0, 9), np.arange(1, 10), np.ones(9), np.array([2.0] * 9 + [1.0]), 0, 10)
    >>> half_next_day.round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]
    """
    delay, most = late_known - late_day, int((late_known - late_day).max(initial=0))
    if not most:
        return np.ones(of_day.size)
    age = asof - 1 - (first + np.arange(of_day.size))
    soon = of_day - np.bincount(late_day - first, late_n, of_day.size)
    # Each is among those told of from its own delay up to the age of its day.
    begins = np.bincount(delay, late_n, most + 2)
    begins[0] += soon.sum()
    ends = np.bincount(np.minimum(np.r_[age, asof - 1 - late_day] + 1, most + 1), np.r_[soon, late_n], most + 2)
    among = np.cumsum(begins - ends)[1:most + 1]
    took = np.bincount(delay, late_n, most + 1)[1:]
    within = np.divide(took, among, out=np.zeros(most), where=among > 1e-9)
    share = np.r_[np.cumprod((1 - np.clip(within, 0, 1))[::-1])[::-1], 1.0]
    return share[np.clip(age, 0, most)]


def known_on(points: pd.DataFrame, when: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, str]:
    """The day each point (of day `when`) was known on as far as that is told, and words where it is not.

    A history that somebody brings says when it was brought, not when each was known: those count as known on their day.
    """
    known = np.maximum(known, when)
    bulk = np.isin(known, brought(when, known, np.ones(len(when))))
    out = np.where(bulk, when, known)
    return out, said(int(bulk.sum()), len(points), bool((out == when).all()))


def brought(when: np.ndarray, known: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The days of knowing on which a history was brought, of days and days of knowing that `n` points have each."""
    order = np.lexsort((when, known))
    when, known, n = when[order], known[order], n[order]
    begins = np.flatnonzero(np.diff(known, prepend=known[:1] - 1))
    return np.array([known[a] for a, b in zip(begins, [*begins[1:], known.size]) if _many(when[a:b], np.cumsum(n[a:b]))], np.int64)


def _many(when: np.ndarray, upto: np.ndarray) -> bool:
    return bool(upto[-1] >= BULK_LEAST and _quantile(when, upto, 0.9) - _quantile(when, upto, 0.1) > BULK_DAYS)


def _quantile(values: np.ndarray, upto: np.ndarray, share: float) -> float:
    """Of values in order, `upto` (cumulated) of each: numpy's quantile of all of them."""
    at = (upto[-1] - 1) * share
    low, high = values[np.searchsorted(upto, [np.floor(at), np.ceil(at)], "right")]
    return float(low + (high - low) * (at - np.floor(at)))


def said(bulk: int, rows: int, none_late: bool) -> str:
    """What has to be said of when points were known: `bulk` of them were brought in together."""
    if bulk == rows or none_late:
        together = f" ({bulk:,} were brought in together)" if bulk else ""
        return f"Delay not known: when seizures were recorded is not told{together}, so the past is tried as if each was known on its day, and the newest days may be too low."
    return f"{bulk:,} of {rows:,} seizures were brought in together: when they were known is not told, and they count as known on their day." if bulk else ""
