"""Getis-Ord Gi* on H3 cells: where more seizures lie together than chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.describe.chance import two_sided
from analysis.exact import PER
from analysis.false_discovery import benjamini_hochberg
from analysis.hexes import cells_of, grown, star

VERSION = "3"

# q-value at or under which a cell is called so; the words are the legend's.
LEVELS = ((3, 0.001), (2, 0.01), (1, 0.05))


@dataclass(frozen=True)
class GiStar:
    """Local Gi* with binary weights over a cell and its ring of neighbours, under false-discovery-rate control.

    `resolution` is H3's; `min_n` the fewest seizures in a cell and its neighbours that say anything; `reach` how many
    rings round any seizure count as looked-at ground (cells there without a seizure count as zeros).
    Source: Ord & Getis 1995, formula 5; checked against `esda.G_Local(star=True)`.
    """

    resolution: int
    min_n: int = 5
    reach: int = 3

    def apply(self, points: pd.DataFrame) -> pd.DataFrame:
        """Points (columns `lon`, `lat` in degrees EPSG:4326, optional `kg`) to one row a cell that says something.

        Columns out: h3 (int), n, n_around, kg, z, p (two-sided), q, level (3 far more, 2 many more, 1 more, 0 as chance
        would give, -1 fewer). Cells with `n_around` under `min_n` are left out: too few to say.

        >>> one_place = pd.DataFrame({"lon": [-97.5] * 30, "lat": [25.9] * 30})
        >>> found = GiStar(resolution=6, reach=8).apply(one_place)
        >>> int(found.n.max()), int(found.level.max())
        (30, 3)
        """
        return self.of_counts(self._count(points)) if len(points) else _frame()

    def of_counts(self, per_cell: pd.DataFrame) -> pd.DataFrame:
        """The same of points that are counted already: columns `n`, `kg`, by H3 cell (int)."""
        if per_cell.empty:
            return _frame()
        counted = per_cell.index.to_numpy(np.int64)
        cells = grown(counted, self.reach)
        n, kg = np.zeros(cells.size), np.zeros(cells.size)
        at = np.searchsorted(cells, counted)
        n[at], kg[at] = per_cell.n, per_cell.kg
        weights = star(cells)
        z = gi_star(n, weights)
        around = weights @ n
        p = two_sided(z, around, n.mean() * np.asarray(weights.sum(axis=1)).ravel())
        told = around >= self.min_n
        # over all cells: those with enough to tell are the upper tail, and by themselves would all be called
        q = benjamini_hochberg(p)[told]
        level = np.zeros(q.size, int)
        for value, limit in reversed(LEVELS):
            level[(q <= limit) & (z[told] > 0)] = value
        level[(q <= 0.05) & (z[told] < 0)] = -1
        return _frame(cells[told], n[told], around[told], kg[told], z[told], p[told], q, level)

    def _count(self, points: pd.DataFrame) -> pd.DataFrame:
        cells, at = np.unique(cells_of(points.lon, points.lat, self.resolution), return_inverse=True)
        # in whole parts: rows come in no order, and the sum is the same in any
        kg = np.rint(points.kg.fillna(0.0).to_numpy(float) * PER) if "kg" in points else np.zeros(len(points))
        return pd.DataFrame({"n": np.bincount(at, minlength=cells.size), "kg": np.bincount(at, kg, cells.size) / PER}, index=cells)


def gi_star(x: np.ndarray, weights: sparse.csr_array) -> np.ndarray:
    """The z-score of each place: its weighted neighbourhood sum against what chance would give.

    `x` has shape (n,), `weights` (n, n) with the place itself among its neighbours. All alike gives zeros.
    """
    n = x.size
    mean = x.mean()
    spread = np.sqrt((x**2).mean() - mean**2)
    ones = np.ones(n)
    sums = weights @ ones
    # weights of one are their own squares: no second matrix
    squares = sums if (weights.data == 1).all() else sparse.csr_array((weights.data**2, weights.indices, weights.indptr), shape=weights.shape) @ ones
    if n < 2 or spread < 1e-12:
        return np.zeros(n)
    room = (n * squares - sums**2) / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (weights @ x - mean * sums) / (spread * np.sqrt(room))
    return np.where(room > 0, z, 0.0)


def _frame(h3_=(), n=(), around=(), kg=(), z=(), p=(), q=(), level=()) -> pd.DataFrame:
    return pd.DataFrame({
        "h3": np.asarray(h3_, np.int64), "n": np.asarray(n).astype(np.int64), "n_around": np.asarray(around).astype(np.int64),
        "kg": np.asarray(kg, float), "z": np.asarray(z, float), "p": np.asarray(p, float), "q": np.asarray(q, float),
        "level": np.asarray(level, np.int64),
    })
