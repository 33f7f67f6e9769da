"""Squares so many metres wide, in a projected CRS."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.grids import clipping, crs
from analysis.grids.outlines import area_km2, polygons
from analysis.grids.spreading import spread
from analysis.ground import NOTHING_KNOWN, Ground
from analysis.units import Units

_OFFSET, _BITS = 1 << 25, 26  # column and row in one number that a browser's numbers carry too (52 bits)


@dataclass(frozen=True)
class SquareGrid:
    """Squares of `cell_m` in `crs` ('': one that fits the ground) over the area asked about, or over the points with `reach` rings round each; on land, and
    within `border_km` of a border (0: everywhere). Their corners stand at multiples of `cell_m`, so the same CRS always gives the same squares.

    >>> grid, points = SquareGrid(1000.0, reach=1), pd.DataFrame({"lon": [-97.5], "lat": [25.9], "precision_m": [0.0]})
    >>> units = grid.units(points)
    >>> len(units), units.crs, bool(abs(units.area_km2 - 1).max() < 1e-3), grid.spread(points, units).sum()
    (9, 'EPSG:32614', True, np.float64(1.0))
    """

    cell_m: float
    crs: str = ""
    border_km: float = 0.0
    reach: int = 3

    def units(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN) -> Units:
        """See analysis/units.py. Raises KnobRefused for a CRS in degrees, PointsRefused at poles and over a million cells, TooFew where nothing is left."""
        told = replace(self, crs=crs.in_metres(self.crs) if self.crs else self._fitted(points, ground))
        column, row = told._covering(ground.area) if ground.area is not None else told._round(points)
        ids = np.sort(_id(column, row))
        whole = told._outlines(*_place(ids))
        outlines, kept = clipping.clipped(whole, clipping.wanted(ground, self.border_km, whole))
        clipping.refuse_none(kept, "square")
        ids, outlines = ids[kept], outlines[kept]
        return Units("square", ids, outlines, area_km2(outlines), np.zeros(len(ids)), neighbours(ids), told.crs)

    def spread(self, points: pd.DataFrame, units: Units) -> sparse.csr_array:
        """See analysis/units.py: the square a place lies in decides, though part of it be under water."""
        x, y = crs.forward(units.crs, points.lon, points.lat)
        inside = np.isfinite(x) & np.isfinite(y) & (np.maximum(np.abs(x), np.abs(y)) < _OFFSET * self.cell_m)
        square = np.full(len(points), -1, np.int64)
        square[inside] = _id(np.floor(x[inside] / self.cell_m).astype(np.int64), np.floor(y[inside] / self.cell_m).astype(np.int64))
        at = np.minimum(np.searchsorted(units.ids, square), len(units) - 1)
        return spread(points, units, np.where(units.ids[at] == square, at, -1))

    def _fitted(self, points: pd.DataFrame, ground: Ground) -> str:
        if ground.area is not None:
            return crs.fitted(*shapely.get_coordinates(ground.area).T)
        return crs.fitted(points.lon.to_numpy(), points.lat.to_numpy())

    def _covering(self, area: shapely.Geometry) -> tuple[np.ndarray, np.ndarray]:
        crs.refuse_poles(shapely.get_coordinates(area)[:, 1])
        west, south, east, north = crs.to_plane(shapely.segmentize(area, 0.5), self.crs).bounds
        if not np.isfinite([west, south, east, north]).all():
            clipping.refuse_many(np.inf, "a CRS that holds the area")
        columns, rows = (np.arange(np.floor(low / self.cell_m), np.floor(high / self.cell_m) + 1) if high - low < self.cell_m * clipping.MOST else np.arange(clipping.MOST + 1)
                         for low, high in ((west, east), (south, north)))
        clipping.refuse_many(float(columns.size) * rows.size, "wider squares")
        column, row = np.meshgrid(columns.astype(np.int64), rows.astype(np.int64))
        return column.ravel(), row.ravel()

    def _round(self, points: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        crs.refuse_poles(points.lat.to_numpy())
        x, y = crs.forward(self.crs, points.lon, points.lat)
        at = pd.DataFrame({"column": np.floor(x / self.cell_m), "row": np.floor(y / self.cell_m),
                           "rings": self.reach + np.ceil(points.precision_m.to_numpy() / self.cell_m)}).astype(np.int64)
        at = at.groupby(["column", "row"]).rings.max().reset_index()
        found = np.empty(0, np.int64)
        for rings, same in at.groupby("rings"):
            clipping.refuse_many((2.0 * rings + 1) ** 2, "wider squares")
            aside = np.arange(-rings, rings + 1)
            for some in np.array_split(same[["column", "row"]].to_numpy(), max(1, len(same) * aside.size**2 // 4_000_000)):
                column, row = some[:, 0, None, None] + aside[None, :, None], some[:, 1, None, None] + aside[None, None, :]
                found = np.union1d(found, _id(*(part.ravel() for part in np.broadcast_arrays(column, row))))
                clipping.refuse_many(found.size, "wider squares")
        return _place(found)

    def _outlines(self, column: np.ndarray, row: np.ndarray) -> np.ndarray:
        # each corner is turned into degrees once, though four squares share it
        corners = np.column_stack([_id(column + dx, row + dy) for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))])
        once, at = np.unique(corners, return_inverse=True)
        x, y = _place(once)
        lon, lat = crs.back(self.crs, x * self.cell_m, y * self.cell_m)
        at = at.ravel()
        return polygons(lon[at], lat[at], np.full(column.size, 4))


def neighbours(ids: np.ndarray) -> sparse.csr_array:
    """Squares that share an edge or a corner, (n, n) of ones."""
    column, row = _place(ids)
    rows, others = [], []
    for dx, dy in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        beside = _id(column + dx, row + dy)
        at = np.minimum(np.searchsorted(ids, beside), len(ids) - 1)
        there = np.flatnonzero(ids[at] == beside)
        rows.append(there)
        others.append(at[there])
    row, other = np.concatenate(rows), np.concatenate(others)
    return sparse.csr_array((np.ones(row.size), (row, other)), shape=(len(ids), len(ids)))


def _id(column: np.ndarray, row: np.ndarray) -> np.ndarray:
    return ((row + _OFFSET) << _BITS) | (column + _OFFSET)


def _place(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (ids & ((1 << _BITS) - 1)) - _OFFSET, (ids >> _BITS) - _OFFSET
