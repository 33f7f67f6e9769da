"""Forecasts tried on the past: from day to day, each time with what was known then, held against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.forecast.history import Fitted, History, Model
from analysis.forecast.scores import Tried
from analysis.ground import Step, unwatched

REFIT_DAYS, REFIT_SHARE = 90, 0.2  # what KEEPS is learnt anew when so many days, or this share of the history, came since
MOST_ORIGINS = 160
WHOLE = 0.9  # of what a horizon will have been: what is tried on less would be held against too little


@dataclass(frozen=True)
class Backtest:
    """`tried` by model's name; `expected` (origins, units) of one of them beside what was `found`."""

    origins: list[int]
    tried: dict[str, Tried]
    expected: np.ndarray
    found: np.ndarray


def origins(history: History, horizon: int, most: int = MOST_ORIGINS) -> list[int]:
    """Days to try at, a horizon apart, the last so that its horizon is over and nine tenths of it are known: after two horizons and a third of the history, or 90 days; the newest `most`."""
    first = history.counts.first + max(min(90, history.counts.days // 3), 2 * horizon)
    days = [day for day in range(history.end - horizon, first - 1, -horizon) if history.counts.share(day, day + horizon) >= WHOLE]
    return days[:most][::-1]


def tried(history: History, models: Sequence[Model], horizon: int, share: float, *, keep: str = "", most: int = MOST_ORIGINS, step: Step = unwatched) -> Backtest:
    """Each model at each origin. It is handed `history.before(origin)` and no more; what came is counted as it is known by the end.

    `keep` is the model whose numbers of each unit are given back too.
    """
    days = origins(history, horizon, most)
    parts: dict[str, list[Tried]] = {m.name: [] for m in models}
    fits: dict[str, tuple[int, Fitted]] = {}
    numbers = np.zeros((len(days), len(history.units)), np.float32)
    came = np.zeros_like(numbers)
    for i, day in enumerate(days):
        known, found = history.before(day), history.counts.window(day, day + horizon)
        came[i] = found
        for model in models:
            at, fit = fits.get(model.name, (None, None))
            if at is None or not model.KEEPS or day - at >= min(REFIT_DAYS, REFIT_SHARE * known.counts.days):
                at, fit = day, model.fitted(known, horizon)
                fits[model.name] = at, fit
            expected = fit.expected(known, horizon)
            parts[model.name].append(Tried.at(expected, found, history.size, share))
            if model.name == keep:
                numbers[i] = expected
        step((i + 1) / len(days))
    return Backtest(days, {name: Tried.all(p) for name, p in parts.items()} if days else {}, numbers, came)
