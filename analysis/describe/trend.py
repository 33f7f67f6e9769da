"""Mann-Kendall: whether a row of values rises or falls, whatever its shape."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def mann_kendall(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z-score and two-sided p of each of (n, times), with ties and the correction for continuity; a row all alike has 0 and 1.

    Source: Mann 1945, Kendall 1975; held against scipy's kendalltau and pymannkendall's published example.

    >>> [x.round(3).tolist() for x in mann_kendall(np.array([[1.0, 2, 3, 4, 5, 6], [2, 2, 2, 2, 2, 2]]))]
    [[2.63, 0.0], [0.009, 1.0]]
    """
    rows = np.asarray(rows, float)
    n = rows.shape[1]
    score = sum((np.sign(rows[:, i + 1:] - rows[:, i:i + 1]).sum(axis=1) for i in range(n - 1)), np.zeros(len(rows)))
    ranked = np.sort(rows, axis=1)
    # each value of a tied group of g adds g to (g - 1) of itself: sums over values give sums over groups
    left = np.array([np.searchsorted(r, r, "left") for r in ranked])
    right = np.array([np.searchsorted(r, r, "right") for r in ranked])
    group = (right - left).astype(float) if len(rows) else np.zeros((0, n))
    ties = ((group - 1) * (2 * group + 5)).sum(axis=1)
    spread = (n * (n - 1) * (2 * n + 5) - ties) / 18
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(spread > 0, (score - np.sign(score)) / np.sqrt(spread), 0.0)
    return z, 2 * norm.sf(np.abs(z))
