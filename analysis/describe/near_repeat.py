"""Knox: pairs of events near in space and in time, beside what chance gives when times are dealt out anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from errors import PointsRefused

MOST_PAIRS = 20_000_000
MOST_DEALT = 5_000_000_000  # pairs times permutations: some minutes


@dataclass(frozen=True)
class Knox:
    """Bands of distance (rows) and of time (columns): pairs found, what is expected, and the one-sided chance of as many. `expected` is the mean over permutations.

    `near` (k, 2) are the pairs within both largest limits.
    """

    pairs: np.ndarray
    expected: np.ndarray
    p: np.ndarray
    near: np.ndarray


def knox(xy: np.ndarray, t: np.ndarray, distances: np.ndarray, times: np.ndarray, permutations: int, seed: int, step=lambda _: None) -> Knox:
    """Pairs within each band: over the limit before, up to and with its own. `xy` (n, 2), `t` (n,).

    Chance: (1 + permutations with as many or more) / (1 + permutations), times dealt out anew (Knox 1964, Mantel 1967).

    >>> at, when = np.array([[0, 0], [1, 0], [50, 0], [51, 0], [99, 0.0]]), np.array([0, 1, 30, 31, 90.0])
    >>> knox(at, when, np.array([5.0]), np.array([7.0]), 99, 1).pairs.tolist()
    [[2]]
    """
    tree = cKDTree(xy)
    count = (tree.count_neighbors(tree, distances[-1]) - len(xy)) // 2
    if count > MOST_PAIRS:
        raise PointsRefused(f"knox: {count:,} pairs lie within {distances[-1]:,.0f} m, and at most {MOST_PAIRS:,} are looked at: take shorter distances, or a smaller area")
    if count * permutations > MOST_DEALT:
        raise PointsRefused(f"knox: {count:,} pairs lie within {distances[-1]:,.0f} m, and {permutations:,} permutations of them take too long: take at most {MOST_DEALT // count:,}, "
                            "shorter distances, or a smaller area")
    pairs = tree.query_pairs(distances[-1], output_type="ndarray")
    away = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    row = np.searchsorted(distances, away, "left")
    found = _banded(row, np.abs(t[pairs[:, 0]] - t[pairs[:, 1]]), times, len(distances))
    rng, total, as_many = np.random.default_rng(seed), np.zeros(found.shape), np.zeros(found.shape)
    for i in range(permutations):
        dealt = rng.permutation(t)
        other = _banded(row, np.abs(dealt[pairs[:, 0]] - dealt[pairs[:, 1]]), times, len(distances))
        total, as_many = total + other, as_many + (other >= found)
        if i % 10 == 0:
            step(i / permutations)
    near = pairs[np.abs(t[pairs[:, 0]] - t[pairs[:, 1]]) <= times[-1]]
    return Knox(found, total / permutations, (1 + as_many) / (1 + permutations), near)


def _banded(row: np.ndarray, apart: np.ndarray, times: np.ndarray, rows: int) -> np.ndarray:
    there = np.flatnonzero(apart <= times[-1])  # few of all: the rest is not looked at again
    return np.bincount(row[there] * len(times) + np.searchsorted(times, apart[there], "left"), minlength=rows * len(times)).reshape(rows, len(times))
