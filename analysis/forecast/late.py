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
    days = pd.DataFrame({"when": when, "known": np.maximum(known, when)})
    batch = days.groupby("known").when.agg(["size", lambda w: float(np.subtract(*np.quantile(w, [0.9, 0.1])))])
    bulk = days.known.isin(batch.index[(batch.iloc[:, 0] >= BULK_LEAST) & (batch.iloc[:, 1] > BULK_DAYS)]).to_numpy()
    out = np.where(bulk, when, days.known.to_numpy())
    if bulk.all() or (out == when).all():
        brought = f" ({int(bulk.sum()):,} were brought in together)" if bulk.any() else ""
        return out, f"Delay not known: when seizures were recorded is not told{brought}, so the past is tried as if each was known on its day, and the newest days may be too low."
    if bulk.any():
        return out, f"{int(bulk.sum()):,} of {len(points):,} seizures were brought in together: when they were known is not told, and they count as known on their day."
    return out, ""
