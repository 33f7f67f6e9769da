"""Made worlds: squares beside one another, and finds in them by a law that is known."""

from __future__ import annotations

import numpy as np
import shapely
from scipy import sparse

from analysis.forecast.counts_in_time import Counts
from analysis.forecast.history import History
from analysis.forecast.self_exciting import beside
from analysis.units import Units

FIRST = 18_000


def squares(side: int) -> Units:
    """side × side squares of about 1 km² at the equator; each has up to eight neighbours."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    x, y = x.ravel(), y.ravel()
    line = sparse.diags_array([np.ones(side - 1)] * 2, offsets=[-1, 1], shape=(side, side)) + sparse.eye_array(side)
    both = sparse.kron(line, line, format="csr")
    neighbours = sparse.csr_array(both - sparse.eye_array(side * side))
    neighbours.eliminate_zeros()
    return Units("square", np.arange(side * side), shapely.box(x / 100, y / 100, (x + 1) / 100, (y + 1) / 100), np.full(side * side, 1.0), np.zeros(side * side), neighbours)


def history(table: np.ndarray, units: Units, **beside_: np.ndarray) -> History:
    """Of dense counts (units, days)."""
    return History(units, Counts(FIRST, sparse.csc_array(table.astype(float))), {name: Counts(FIRST, sparse.csc_array(t.astype(float))) for name, t in beside_.items()})


def steady(seed: int, units: Units, days: int, rate: float, uneven: float = 1.0) -> np.ndarray:
    """Finds by chance, each unit at a rate of its own that never changes: nothing says more than counts."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1 / uneven, uneven, len(units)) * rate if uneven else np.full(len(units), rate)
    return rng.poisson(rates[:, None], (len(units), days))


def exciting(seed: int, units: Units, days: int, background: np.ndarray | float, here: float, near: float, mean_days: float) -> np.ndarray:
    """Each find makes `here` more in its unit and `near` beside it, after days that are geometric with that mean."""
    rng = np.random.default_rng(seed)
    kept, place = np.exp(-1 / mean_days), beside(units.neighbours)
    state, table = np.zeros(len(units)), np.zeros((len(units), days), int)
    for day in range(days):
        table[:, day] = rng.poisson(background + here * state + near * (place @ state))
        state = state * kept + table[:, day] * (1 - kept)
    return table
