"""Hexagons of H3."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import h3.api.basic_int as h3
import h3.api.memview_int as near
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.grids import clipping, crs
from analysis.grids.outlines import area_km2, polygons
from analysis.grids.spreading import spread
from analysis.ground import NOTHING_KNOWN, Ground
from analysis.units import Units


@dataclass(frozen=True)
class HexGrid:
    """H3 cells over the area asked about, or over the points with `reach` rings round each; on land, and within `border_km` of a border (0: everywhere).

    >>> grid, points = HexGrid(7, reach=1), pd.DataFrame({"lon": [-97.5], "lat": [25.9], "precision_m": [0.0]})
    >>> units = grid.units(points)
    >>> len(units), units.neighbours.sum(axis=1).max(), grid.spread(points, units).sum()
    (7, np.float64(6.0), np.float64(1.0))
    """

    resolution: int
    border_km: float = 0.0
    reach: int = 3

    def units(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN) -> Units:
        """See analysis/units.py. Raises PointsRefused at poles and over a million cells, TooFew where nothing is left of any."""
        cells = np.sort(self._covering(ground.area) if ground.area is not None else self._round(points))
        corners = [h3.cell_to_boundary(cell) for cell in cells.tolist()]
        lat, lon = np.fromiter(chain.from_iterable(chain.from_iterable(corners)), float).reshape(-1, 2).T
        whole = polygons(lon, lat, np.array([len(c) for c in corners]))
        outlines, kept = clipping.clipped(whole, clipping.wanted(ground, self.border_km, whole))
        clipping.refuse_none(kept, "hexagon")
        cells, outlines = cells[kept], outlines[kept]
        return Units("h3", cells, outlines, area_km2(outlines), np.zeros(len(cells)), _neighbours(cells))

    def spread(self, points: pd.DataFrame, units: Units) -> sparse.csr_array:
        """See analysis/units.py: the cell a place lies in decides, though part of it be under water."""
        cell = self._cells(points)
        at = np.minimum(np.searchsorted(units.ids, cell), len(units) - 1)
        return spread(points, units, np.where(units.ids[at] == cell, at, -1))

    def _cells(self, points: pd.DataFrame) -> np.ndarray:
        return np.fromiter((h3.latlng_to_cell(lat, lon, self.resolution) for lat, lon in zip(points.lat.tolist(), points.lon.tolist())), np.int64, len(points))

    def _round(self, points: pd.DataFrame) -> np.ndarray:
        crs.refuse_poles(points.lat.to_numpy())
        # a disc's middle is in its cell: as many rings more as its edge may be away
        edge_m = h3.average_hexagon_edge_length(self.resolution, unit="m")
        rings = pd.DataFrame({"cell": self._cells(points), "rings": self.reach + np.ceil(points.precision_m.to_numpy() / (1.5 * edge_m)).astype(int)})
        rings = rings.groupby("cell").rings.max()
        clipping.refuse_many(float((3.0 * rings.max() * (rings.max() + 1) + 1)), "larger hexagons (a lower resolution)")
        found = set().union(*(h3.grid_disk(cell, ring) for cell, ring in rings.items()))
        clipping.refuse_many(len(found), "larger hexagons (a lower resolution)")
        return np.fromiter(found, np.int64, len(found))

    def _covering(self, area: shapely.Geometry) -> np.ndarray:
        crs.refuse_poles(shapely.get_coordinates(area)[:, 1])
        clipping.refuse_many(area_km2(np.array([shapely.normalize(area)]))[0] / h3.average_hexagon_area(self.resolution), "larger hexagons (a lower resolution)")
        # one wider than half the world would be taken for its other side
        west, south, east, north = area.bounds
        strips = [shapely.clip_by_rect(area, left, south, min(left + 90, east), north) for left in np.arange(west, east, 90)]
        found = {cell for strip in strips for part in shapely.get_parts(strip) if part.area > 0
                 for cell in h3.h3shape_to_cells_experimental(h3.geo_to_h3shape(part), self.resolution, contain="overlap")}
        return np.fromiter(found, np.int64, len(found))


def _neighbours(cells: np.ndarray) -> sparse.csr_array:
    # as memory, not as lists of numbers: half the time
    rings = [near.grid_disk(cell, 1) for cell in cells.tolist()]
    counts = np.fromiter(map(len, rings), int, len(rings))
    other = np.frombuffer(b"".join(rings), np.uint64).astype(np.int64)
    row, at = np.repeat(np.arange(len(cells)), counts), np.minimum(np.searchsorted(cells, other), len(cells) - 1)
    there = (cells[at] == other) & (at != row)
    return sparse.csr_array((np.ones(int(there.sum())), (row[there], at[there])), shape=(len(cells), len(cells)))
