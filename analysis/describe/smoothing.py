"""Empirical Bayes: rates of small exposure drawn towards what others have, with their interval."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.stats import gamma


def smoothed(count: np.ndarray, exposure: np.ndarray, around: sparse.csr_array | None = None, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates (n,), and the interval they lie in, drawn towards the mean of all, or of those `around` each ((n, n) of ones, itself among them).

    A prior gamma by moments (Marshall 1991); the rate is the posterior's mean, the interval its quantiles, which take the prior as known and are a little too
    narrow for it. Exposure must be above 0. Where there is no more spread than chance gives, the rate is the mean itself.
    Held against esda's Empirical_Bayes and Spatial_Empirical_Bayes.

    >>> rate, low, high = smoothed(np.array([0.0, 5.0, 60.0]), np.array([1.0, 100.0, 100.0]))
    >>> rate.round(2).tolist(), bool(low[0] < rate[0] < high[0])
    ([0.27, 0.06, 0.59], True)
    """
    count, exposure = np.asarray(count, float), np.asarray(exposure, float)
    crude = count / exposure
    if around is None:
        total, size = exposure.sum(), float(len(count))
        mean = np.full(len(count), count.sum() / total)
        spread = np.full(len(count), (exposure * (crude - mean) ** 2).sum() / total)
    else:
        total, size = around @ exposure, around @ np.ones(len(count))
        mean = (around @ count) / total
        # the spread round each unit's own mean: sums of e r², e r and e over its neighbours
        spread = np.maximum((around @ (exposure * crude**2) - 2 * mean * (around @ (exposure * crude)) + mean**2 * total) / total, 0.0)
    prior = np.maximum(spread - mean * size / total, 0.0)
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(prior > 0, prior / (prior + mean / exposure), 0.0)
        rate = mean + share * (crude - mean)
        # no prior spread: all is one rate, and its interval is of all counts together
        shape = np.where(prior > 0, mean**2 / prior + count, mean * total)
        per = np.where(prior > 0, mean / prior + exposure, total)
        low, high = gamma.ppf(tail, shape) / per, gamma.ppf(1 - tail, shape) / per
    nothing = mean <= 0
    return rate, np.where(nothing, 0.0, low), np.where(nothing, -np.log(tail) / total, high)
