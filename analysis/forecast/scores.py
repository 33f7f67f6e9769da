"""How good a forecast was: log score, PAI, PEI, Brier score and calibration, with intervals over origins.

Sources: PAI by Chainey, Tompson & Uhlig 2008; PEI by Hunt 2016, as the NIJ challenge of 2017 had both; moving blocks by Künsch 1989, laid in a circle
by Politis & Romano 1992. Each is checked against cases worked by hand and closed forms (tests/analysis/forecast/test_scores.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm, t

LEVEL = 0.95
RESAMPLES = 2_000


def poisson_log(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The logarithm of the chance of just so many, each by itself; minus infinity where one was held impossible and was. Parts of a find count as parts."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(found > 0, found * np.log(expected), 0.0)
    return hit - expected - gammaln(found + 1)


def hits(by: np.ndarray, found: np.ndarray, area: np.ndarray, share: float) -> float:
    """How many were found in the `share` of all area with the highest `by`, the last unit in part. Among units alike, none goes first.

    >>> hits(np.array([3, 1, 1]), np.array([4, 2, 0]), np.array([1, 1, 1]), 2 / 3)  # of the two alike, one half each
    5.0
    """
    order = np.argsort(-by, kind="stable")
    edges = np.flatnonzero(np.diff(by[order])) + 1
    starts = np.concatenate([[0], edges])
    areas, founds = np.add.reduceat(area[order], starts), np.add.reduceat(found[order].astype(float), starts)
    room = share * area.sum() - np.concatenate([[0.0], np.cumsum(areas)[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(areas > 0, np.clip(room / areas, 0, 1), 0.0)
    return float(part @ founds)


def pai(hit: float, found: float, share: float) -> float:
    """Prediction accuracy index: the share of finds that was hit, over the share of area. NaN where nothing was found."""
    return hit / found / share if found > 0 else float("nan")


@dataclass(frozen=True)
class Tried:
    """One forecast tried at many origins: of each origin sums over all units, shape (origins,). Sums are what can be resampled."""

    log: np.ndarray  # of the chance of what came
    found: np.ndarray
    hit: np.ndarray  # of them in the area forecast highest
    best: np.ndarray  # in the best area of that size, known only afterwards
    brier: np.ndarray  # mean over units, of "any at all"
    expected: np.ndarray

    @classmethod
    def at(cls, expected: np.ndarray, found: np.ndarray, area: np.ndarray, share: float) -> Tried:
        """At one origin. Units are put in order by how many are expected on a square kilometre."""
        one = (poisson_log(found, expected).sum(), found.sum(), hits(expected / area, found, area, share), hits(found / area, found, area, share),
               brier(expected, found), expected.sum())
        return cls(*(np.array([v], float) for v in one))

    @classmethod
    def all(cls, parts: list[Tried]) -> Tried:
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def only(self, which: np.ndarray | slice) -> Tried:
        return Tried(*(getattr(self, f.name)[which] for f in fields(self)))

    def __len__(self) -> int:
        return len(self.log)


def brier(expected: np.ndarray, found: np.ndarray) -> float:
    """Mean squared error of the chance that anything is found in a unit, as a Poisson number has it."""
    return float(np.mean((-np.expm1(-expected) - (found > 0)) ** 2))


def block_length(origins: int) -> int:
    """About the cube root of them."""
    return max(1, round(origins ** (1 / 3)))


def blocks(origins: int, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Which origins each resample takes, shape (resamples, origins): blocks, laid in a circle."""
    length = block_length(origins)
    starts = np.random.default_rng(seed).integers(0, origins, (resamples, -(-origins // length)))
    return ((starts[:, :, None] + np.arange(length)) % origins).reshape(resamples, -1)[:, :origins]


def interval(values: np.ndarray) -> tuple[float, float]:
    """The middle LEVEL of resampled values; one that can't be told in a resample (nothing was found in it) is left out."""
    values = values[~np.isnan(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf" if np.isinf(values).any() else "linear")
    return float(low), float(high)


def few(origins: int) -> float:
    """How many times wider an interval has to be that was resampled from so few blocks: Student's t in place of the normal, and the variance of n - 1.

    >>> [round(few(n), 2) for n in (10, 30, 100, 1000)]
    [1.58, 1.22, 1.1, 1.02]
    """
    n = max(origins / block_length(origins), 2.0)
    return float(t.ppf((1 + LEVEL) / 2, n - 1) / norm.ppf((1 + LEVEL) / 2) * np.sqrt(n / (n - 1)))


def ratio(above: np.ndarray, under: np.ndarray, taken: np.ndarray, scale: float = 1.0) -> tuple[float, float, float]:
    """A ratio of sums over origins with its interval: value, low, high."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.divide(above.sum(), under.sum())) * scale
        low, high = interval(above[taken].sum(axis=1) / under[taken].sum(axis=1) * scale)
        wide = few(len(above))
        return value, value - (value - low) * wide, value + (high - value) * wide


def summary(tried: Tried, share: float, taken: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """Each score with its interval: log score a find (nats), PAI, PEI, Brier, and how many were expected for one found."""
    ones = np.ones(len(tried))
    return {"log": ratio(tried.log, tried.found, taken), "pai": ratio(tried.hit, tried.found, taken, 1 / share), "pei": ratio(tried.hit, tried.best, taken),
            "brier": ratio(tried.brier, ones, taken), "level": ratio(tried.expected, tried.found, taken)}


def gain(ours: Tried, theirs: Tried, share: float, taken: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """How much better one is than another at the same origins, paired: log score a find (nats), and PAI."""
    return {"log": ratio(ours.log - theirs.log, ours.found, taken), "pai": ratio(ours.hit - theirs.hit, ours.found, taken, 1 / share)}


def calibration(expected: np.ndarray, found: np.ndarray, bins: int = 10) -> list[dict[str, float]]:
    """What was expected beside what came, of units in bins of as much expectation each: units, expected, found."""
    order = np.argsort(expected, kind="stable")
    mu, y = expected[order], found[order]
    reached = np.cumsum(mu)
    edges = np.unique(np.concatenate([[0], np.searchsorted(reached, reached[-1] * np.arange(1, bins) / bins - 1e-12) + 1, [mu.size]]))
    return [{"units": int(b - a), "expected": float(mu[a:b].sum()), "found": float(y[a:b].sum())} for a, b in zip(edges[:-1], edges[1:])]
