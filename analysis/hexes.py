"""H3 cells of many places at once, and what lies round them. Both are the same for ever, so they are looked up after the first time."""

from __future__ import annotations

from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
from scipy import sparse

from analysis.remembered import Remembered

PER_DEG = 10_000_000  # a place is known to 1e-7 degrees, a centimetre
MOST_PLACES, MOST_CELLS = 500_000, 200_000  # kept, of each resolution
NONE = -1


def cells_of(lon: np.ndarray, lat: np.ndarray, resolution: int) -> np.ndarray:
    """The cell (n,) each place (degrees, EPSG:4326) lies in.

    >>> f"{cells_of(np.array([-97.5]), np.array([25.9]), 6)[0]:x}"
    '8648b2a6fffffff'
    """
    lon, lat = (np.rint(np.asarray(part, float) * PER_DEG).astype(np.int64) for part in (lon, lat))
    return _places(resolution)(lon << 32 | (lat & 0xFFFFFFFF))


@lru_cache(maxsize=16)
def _places(resolution: int) -> Remembered:
    def of(places: np.ndarray) -> np.ndarray:
        lon, lat = (places >> 32) / PER_DEG, places.astype(np.int32) / PER_DEG
        return np.fromiter(map(h3.latlng_to_cell, lat.tolist(), lon.tolist(), [resolution] * places.size), np.int64, places.size)

    return Remembered(of, MOST_PLACES)


def _rings(cells: np.ndarray) -> np.ndarray:
    """Each cell and its neighbours (n, 7); a pentagon has one fewer, and NONE last."""
    out = np.full((cells.size, 7), NONE, np.int64)
    for row, cell in zip(out, cells.tolist()):
        near = h3.grid_disk(cell, 1)
        row[:len(near)] = near
    return out


ring = Remembered(_rings, MOST_CELLS)


def grown(cells: np.ndarray, rings: int) -> np.ndarray:
    """Cells and all within so many rings of any, in order.

    >>> grown(cells_of(np.array([-97.5]), np.array([25.9]), 6), 3).size
    37
    """
    cells = np.unique(cells)
    for _ in range(rings):
        cells = np.unique(ring(cells))
        cells = cells[cells != NONE]
    return cells


def star(cells: np.ndarray) -> sparse.csr_array:
    """Shape (n, n) of ones: each of these cells (in order) with itself and its neighbours among them."""
    near = ring(cells)
    at = np.minimum(np.searchsorted(cells, near), cells.size - 1)
    there = cells[at] == near
    indptr = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return sparse.csr_array((np.ones(int(indptr[-1])), at[there], indptr), shape=(cells.size, cells.size))
