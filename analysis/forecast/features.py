"""What a unit looks like before a day: finds there and beside it, season, where it lies, who looked, what else was seen."""

from __future__ import annotations

import numpy as np

from analysis.forecast.baselines import Season
from analysis.forecast.counts_in_time import Counts
from analysis.forecast.history import History

LAGS = (7, 28, 90, 182, 365)
LONG_AGO = 730  # days since a find, and where there was none

# What a person is told of each group; the groups of History.beside and far_km stand under their own names.
HERE, NEAR, SEASON, FAR = "finds here lately", "finds beside it", "season and trend", "where it lies"


def features(known: History, horizon: int, base: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """A table (units, features) as known before `known.end`, and the group each feature belongs to. Nothing in it is later than that day."""
    counts, end = known.counts, known.end
    degree = np.maximum(np.asarray(known.units.neighbours.sum(axis=1)).ravel(), 1)
    columns: list[np.ndarray] = []
    groups: list[str] = []

    def add(group: str, *values: np.ndarray) -> None:
        columns.extend(values)
        groups.extend([group] * len(values))

    rates = {lag: _rate(counts, end, lag) for lag in LAGS}
    add(HERE, *rates.values(), _since(counts), np.log(base))
    add(NEAR, *((known.units.neighbours @ rates[lag]) / degree for lag in (28, 90, 365)))
    turn = 2 * np.pi * (end + horizon / 2) / 365.2425
    whole = rates[28].sum() / max(rates[365].sum(), 1e-12)
    season, days = Season().found(known, horizon)
    add(SEASON, *(np.full(len(base), v) for v in (np.sin(turn), np.cos(turn), whole)), season / days)
    if known.far_km:
        add(FAR, *(np.log1p(km) for km in known.far_km.values()))
    for name, seen in known.beside.items():
        add(name, *(np.log1p(_rate(seen, end, lag)) for lag in (7, 28, 365)), np.log1p(known.units.neighbours @ _rate(seen, end, 28) / degree))
    return np.column_stack(columns).astype(np.float32), groups


def _rate(counts: Counts, end: int, lag: int) -> np.ndarray:
    return counts.window(end - lag, end) / counts.days_seen(end - lag, end)


def _since(counts: Counts) -> np.ndarray:
    unit, day, _ = counts.events()
    out = np.full(counts.units, float(LONG_AGO))
    out[unit] = counts.days - day  # by day: the last of a unit stays
    return np.minimum(out, LONG_AGO)
