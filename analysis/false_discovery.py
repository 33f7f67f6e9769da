"""Control of the false-discovery rate over many tests at once."""

from __future__ import annotations

import numpy as np


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """The q-value of each p-value: calling all with q <= 0.05 findings makes at most 5 % of them false, on average.

    Source: Benjamini & Hochberg 1995; the same as `scipy.stats.false_discovery_control(method="bh")`.

    >>> benjamini_hochberg(np.array([0.01, 0.02, 0.9])).round(3).tolist()
    [0.03, 0.03, 0.9]
    """
    p = np.asarray(p, float)
    if p.size == 0:
        return p.copy()
    order = np.argsort(p)
    ranked = p[order] * p.size / np.arange(1, p.size + 1)
    # Each takes the smallest value at or above its rank, so that q rises with p.
    stepped = np.minimum.accumulate(ranked[::-1])[::-1]
    q = np.empty_like(p)
    q[order] = np.minimum(stepped, 1.0)
    return q
