"""The chance of a z-score of counts: the normal distribution calls far too much where few seizures lie thinly."""

from __future__ import annotations

import numpy as np
from scipy.special import gammainc, gammaincc
from scipy.stats import norm


def two_sided(z: np.ndarray, sums: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The normal distribution's chance of z, but never under the chance of such a sum where seizures fall anyhow (Poisson's), parts of seizures too.

    Seven seizures where two are expected are 3.5 standard deviations, and no wonder among a thousand cells.

    >>> two_sided(np.array([3.5, 3.5]), np.array([7.0, 700.0]), np.array([2.0, 200.0])).round(4).tolist()
    [0.0091, 0.0005]
    """
    expected = np.maximum(expected, 1e-300)
    with np.errstate(invalid="ignore"):
        as_many = np.where(sums > 0, gammainc(np.maximum(sums, 1e-12), expected), 1.0)
        as_few = gammaincc(sums + 1, expected)
    return np.maximum(2 * norm.sf(np.abs(z)), np.minimum(2 * np.where(z > 0, as_many, as_few), 1.0))
