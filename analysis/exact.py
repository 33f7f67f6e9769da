"""Sums that come out the same to the last bit in any order, and in any parts."""

from __future__ import annotations

import numpy as np
from scipy import sparse

PER = 2.0**26  # what is added is a whole number of such parts (15 billionths): a sum of them is exact up to MOST
MOST = 2.0**27


def summed(shares: sparse.csr_array, of: np.ndarray) -> np.ndarray:
    """(units,): `of` (points,) added up by `shares` (points, units).

    >>> shares = sparse.csr_array(np.array([[0.3, 0.7], [0.1, 0.9], [0.2, 0.8]]))
    >>> of, first = np.array([0.1, 0.2, 0.3]), np.array([1, 0, 0])
    >>> whole, parts = summed(shares, of), summed(shares[:1], of[:1]) + summed(shares[1:], of[1:])
    >>> (whole == parts).all(), (whole == summed(shares[::-1], of[::-1])).all()
    (np.True_, np.True_)
    """
    return np.bincount(shares.indices, np.rint(shares.data * np.repeat(of, np.diff(shares.indptr)) * PER), minlength=shares.shape[1]) / PER


def total(of: np.ndarray) -> float:
    """All of it, added up alike."""
    return float(np.rint(of * PER).sum() / PER)
