"""Where the rate of a count changed: the best cut of a series into pieces of one Poisson rate each, and whether it is more than chance."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

SIMULATED = 1999


def cut(n: np.ndarray, exposure: np.ndarray, penalty: float) -> list[int]:
    """Where pieces begin after the first: those of the smallest cost, -N log(N / E) a piece and `penalty` a cut. Exact, by going over all last cuts.

    Source: optimal partitioning, Jackson et al. 2005; PELT (Killick et al. 2012) gives the same, and ruptures' is what it is held against.

    >>> cut(np.array([5, 5, 5, 5, 20, 20, 20]), np.ones(7), 3.0)
    [4]
    """
    total, time = np.concatenate([[0], np.cumsum(n)]).astype(float), np.concatenate([[0], np.cumsum(exposure)])
    best, last = np.full(len(n) + 1, np.inf), np.zeros(len(n) + 1, int)
    best[0] = -penalty
    for end in range(1, len(n) + 1):
        events, span = total[end] - total[:end], time[end] - time[:end]
        cost = best[:end] - xlogy(events, events / np.where(span > 0, span, 1.0)) + penalty
        last[end] = int(cost.argmin())
        best[end] = cost[last[end]]
    cuts, end = [], len(n)
    while (end := int(last[end])) > 0:
        cuts.append(end)
    return cuts[::-1]


def scan(n: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """The largest log likelihood ratio of one cut against none, of each row of counts (rows, steps).

    >>> scan(np.array([[4, 4, 4, 4], [1, 1, 9, 9]]), np.ones(4)).round(2).tolist()
    [0.0, 7.36]
    """
    return _ratios(n, exposure).max(axis=-1)


def best_cut(n: np.ndarray, exposure: np.ndarray) -> int:
    """Where the second piece begins, of two that fit best."""
    return int(_ratios(n[None, :], exposure)[0].argmax()) + 1


def _ratios(n: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    left, before = np.cumsum(n, axis=-1)[..., :-1].astype(float), np.cumsum(exposure)[:-1]
    total, span = n.sum(axis=-1, keepdims=True).astype(float), exposure.sum()
    return xlogy(left, left / before) + xlogy(total - left, (total - left) / (span - before)) - xlogy(total, total / span)


def chance(n: np.ndarray, exposure: np.ndarray, phi: float, rng: np.random.Generator) -> float:
    """How often a series of one rate with as many events has a cut as good. Drawn from what is exactly so under no change: events fall by exposure alone."""
    drawn = rng.multinomial(int(n.sum()), exposure / exposure.sum(), size=SIMULATED)
    return float((1 + (scan(drawn, exposure) >= float(scan(n[None, :], exposure)[0]) / phi - 1e-12).sum()) / (SIMULATED + 1))


def scatter(n: np.ndarray, exposure: np.ndarray) -> float:
    """How much more counts go up and down from one step to the next than chance, 1 or more; a change or two hardly count (median of differences)."""
    rate = n.sum() / exposure.sum()
    steps = np.diff(2 * np.sqrt(n + 0.375) - 2 * np.sqrt(rate * exposure + 0.375))
    return max(1.0, float(np.median(steps**2)) / 2 / 0.4549) if len(steps) else 1.0
