"""What points add up to, in units and as a whole: of all at once, or of parts that are then put together to the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.effort import found
from analysis.exact import summed
from analysis.units import Units
from analysis.weights import Facts

TWO = 2  # places that are told apart: whether all lie at one


@dataclass(frozen=True)
class Tally:
    """`n`, `x` and each of `by` (discovered, reported) are (units,); the rest holds for all. `left_out` were not counted at all."""

    rows: int
    n: np.ndarray
    x: np.ndarray
    by: dict[str, np.ndarray]
    found: dict[str, int]
    placed: int
    off: int
    off_most_m: float
    places: frozenset[tuple[float, float]]
    weights: Facts
    left_out: int = 0

    @classmethod
    def of(cls, points: pd.DataFrame, units: Units, shares: sparse.csr_array, of: np.ndarray, weights: Facts, left_out: int = 0) -> Tally:
        """Of points, `shares` (points, units) of which lie in units and count `of` (points,)."""
        which, width_m = found(points), 1000 * np.sqrt(np.median(units.area_km2))
        off_m = points.precision_m.to_numpy()
        at = points[["lon", "lat"]].to_numpy()
        # the first, and the first that is another
        places = at[[0, *np.flatnonzero((at != at[0]).any(axis=1))[:TWO - 1]]] if len(at) else at
        return cls(
            len(points), summed(shares, np.ones(len(points))), summed(shares, of), {name: summed(shares, is_.astype(float)) for name, is_ in which.items() if name != "unknown"},
            {name: int(is_.sum()) for name, is_ in which.items()}, int((np.asarray(shares.sum(axis=1)).ravel() > 0).sum()), int((off_m > width_m / 2).sum()),
            float(off_m.max(initial=0.0)), frozenset(map(tuple, places.tolist())), weights, left_out)

    def plus(self, other: Tally) -> Tally:
        """Both together: the same, to the bit, whichever comes first."""
        return Tally(
            self.rows + other.rows, self.n + other.n, self.x + other.x, {name: here + other.by[name] for name, here in self.by.items()},
            {name: here + other.found[name] for name, here in self.found.items()}, self.placed + other.placed, self.off + other.off, max(self.off_most_m, other.off_most_m),
            frozenset(sorted(self.places | other.places)[:TWO]), self.weights.plus(other.weights), self.left_out + other.left_out)
