"""What every forecast is held against: the same everywhere, and counts of the days before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from analysis.forecast.history import Fitted, History, Model
from analysis.forecast.scores import poisson_log

SHAPES = np.logspace(-3, 3, 25)
YEAR = 365
ABOUT = 15  # days to either side that count as the same season


def shrunk(found: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Counts drawn towards the mean of their size, as far as they differ no more than chance would have it (empirical Bayes, gamma and Poisson).

    The sum stays. Without it a unit that had none yet would be held impossible, and counts would lose against anything.

    >>> shrunk(np.array([0.0, 0, 0, 9]), np.ones(4)).round(1).tolist()[0] > 0
    True
    """
    if found.sum() <= 0:
        return 0.5 * size / size.sum()  # less than one was seen
    weight = size / size.mean()
    mean, shape = found.sum() / weight.sum(), alike(found, size)
    return (found + shape * weight) / (1 + shape / mean)


def alike(found: np.ndarray, size: np.ndarray) -> float:
    """How alike units are: the shape of the gamma their rates are drawn from, by the evidence of counts (units,), which may be parts."""
    weight, some = size / size.mean(), found > 0
    mean = max(found.sum() / weight.sum(), 1e-12)

    def evidence(shape: float) -> float:
        a = shape * weight
        # log Γ(c + a) - log Γ(a) is 0 where c is, as in most units
        own = (gammaln(found[some] + a[some]) - gammaln(a[some])).sum()
        return float(own + a.sum() * np.log(shape / (shape + mean)) + found.sum() * np.log(mean / (shape + mean)))

    return float(SHAPES[int(np.argmax([evidence(s) for s in SHAPES]))])


class Plain:
    """A model that learns nothing: it is asked as it is."""

    KEEPS = False

    def fitted(self, known: History, horizon: int) -> Fitted:
        return self


@dataclass(frozen=True)
class Everywhere(Plain):
    """As many on every square kilometre (or kilometre of border), at the rate of the last year."""

    name: str = "the same everywhere"

    def expected(self, known: History, horizon: int) -> np.ndarray:
        total, days = _last(known, YEAR)
        return max(total.sum(), 0.5) * known.size / known.size.sum() / days * horizon

    def why(self, known: History, horizon: int) -> list[str]:
        return ["its share of the area"] * len(known.units)


@dataclass(frozen=True)
class Window(Plain):
    """Counts over the last days, shrunk."""

    days: int

    @property
    def name(self) -> str:
        return f"counts over the last {self.days} days"

    def expected(self, known: History, horizon: int) -> np.ndarray:
        found, days = _last(known, self.days)
        return shrunk(found, known.size) / days * horizon

    def why(self, known: History, horizon: int) -> list[str]:
        found, days = _last(known, self.days)
        return [f"{n:.3g} in the last {days:.3g} days" for n in found]


@dataclass(frozen=True)
class Season(Plain):
    """Counts of the same season of up to three years before, 15 days more to either side; without a year before, of the last year."""

    name: str = "counts of the same season"

    def expected(self, known: History, horizon: int) -> np.ndarray:
        found, days = self.found(known, horizon)
        return shrunk(found, known.size) / days * horizon

    def why(self, known: History, horizon: int) -> list[str]:
        found, days = self.found(known, horizon)
        return [f"{n:.3g} in {days:.3g} days of the same season" for n in found]

    def found(self, known: History, horizon: int) -> tuple[np.ndarray, float]:
        """How many, and in how many days, by what of them is known yet."""
        windows = [(known.end - YEAR * k - ABOUT, min(known.end - YEAR * k + horizon + ABOUT, known.end)) for k in (1, 2, 3)]
        windows = [(a, b) for a, b in windows if a >= known.counts.first]
        if not windows:
            return _last(known, YEAR)
        return sum(known.counts.window(a, b) for a, b in windows), sum(known.counts.days_seen(a, b) for a, b in windows)


@dataclass(frozen=True)
class BestOf(Plain):
    """Of several models the one that was best by log score over the last windows of the horizon before."""

    models: tuple[Model, ...]
    name: str = "counts"
    tries: int = 6

    def expected(self, known: History, horizon: int) -> np.ndarray:
        return self.chosen(known, horizon).expected(known, horizon)

    def why(self, known: History, horizon: int) -> list[str]:
        return self.chosen(known, horizon).why(known, horizon)

    def chosen(self, known: History, horizon: int) -> Model:
        told = np.zeros(len(self.models))
        for cut in earlier(known, horizon, self.tries):
            then, came, share = known.before(cut), known.counts.window(cut, cut + horizon), known.counts.share(cut, cut + horizon)
            told += [poisson_log(came, share * m.expected(then, horizon)).sum() for m in self.models]
        return self.models[int(told.argmax())]


def earlier(known: History, horizon: int, tries: int) -> list[int]:
    """The last days that a whole horizon was over by the end of what is known, and half of what is known lay before."""
    half = known.counts.first + max(known.counts.days // 2, 1)
    return [cut for cut in (known.end - horizon * k for k in range(1, tries + 1)) if cut >= half]


def _last(known: History, days: int) -> tuple[np.ndarray, float]:
    """How many in the last days, and how many whole days these are worth, by what of them is known yet."""
    days = max(min(days, known.counts.days), 1)
    return known.counts.window(known.end - days, known.end), known.counts.days_seen(known.end - days, known.end)


WINDOWS: tuple[Model, ...] = (Window(28), Window(90), Window(365), Season())
BASELINES: tuple[Model, ...] = (Everywhere(), *WINDOWS)
