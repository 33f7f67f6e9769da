"""Sections of a border: the ground within so many kilometres of each line, and nearer to it than to any other."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.grids import clipping, crs
from analysis.grids.outlines import area_km2, length_km, wrapped
from analysis.grids.spreading import spread
from analysis.ground import NOTHING_KNOWN, Ground
from analysis.units import Units

TOUCH_M = 50.0  # ends of sections nearer than this are one place
END_M = 10.0
STEPS = 8  # places along a line for each buffer's width, to halve the ground between lines


@dataclass(frozen=True)
class Sections:
    """The sections of `ground.sections` in the area asked about, or near points; ids are theirs.

    >>> lines = gpd.GeoDataFrame({"id": [7, 8], "name": ["west", "east"]}, geometry=[shapely.LineString([(0, 0), (0.2, 0)]), shapely.LineString([(0.2, 0), (0.4, 0)])], crs=4326)
    >>> points = pd.DataFrame({"lon": [0.1, 0.3], "lat": [0.05, 2.0], "precision_m": 0.0})
    >>> units = Sections(10.0).units(points, Ground(sections=lines))
    >>> units.ids.tolist(), units.length_km.round(1).tolist(), Sections(10.0).spread(points, units).sum(axis=1).tolist()
    ([7, 8], [22.3, 22.3], [1.0, 0.0])
    """

    buffer_km: float = 25.0

    def units(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN) -> Units:
        """See analysis/units.py. Raises PointsRefused without sections, TooFew where none is left."""
        lines = self._near(points, ground)
        fit = crs.fitted(*shapely.get_coordinates(lines.geometry.to_numpy()).T)
        whole = wrapped(self._shared_out(lines.geometry.to_numpy(), fit))
        outlines, kept = clipping.clipped(whole, clipping.wanted(ground, 0.0, whole))
        within = lines.geometry.to_numpy() if ground.area is None else shapely.intersection(lines.geometry.to_numpy(), ground.area)
        kept &= shapely.length(within) > 0
        clipping.refuse_none(kept, "border section")
        flat = crs.to_plane(lines.geometry.to_numpy()[kept], fit)
        order = np.argsort(lines.id.to_numpy()[kept], kind="stable")
        names = lines["name"].fillna("").astype(str).to_numpy(object)[kept][order] if "name" in lines else None
        return Units("section", lines.id.to_numpy()[kept][order], outlines[kept][order], area_km2(outlines[kept])[order], length_km(within[kept])[order],
                     _touching(flat[order]), fit, names)

    def spread(self, points: pd.DataFrame, units: Units) -> sparse.csr_array:
        """See analysis/units.py: a place belongs to the section whose ground it lies in."""
        which, unit = shapely.STRtree(units.outlines).query(shapely.points(points.lon, points.lat), predicate="intersects")
        at = np.full(len(points), -1)
        at[which[::-1]] = unit[::-1]  # on a line between two: the first
        return spread(points, units, at)

    def _near(self, points: pd.DataFrame, ground: Ground) -> gpd.GeoDataFrame:
        lines = clipping.sections_of(ground)
        shapes = lines.geometry.to_numpy()
        if ground.area is not None:
            kept = shapely.intersects(shapes, ground.area)
        else:
            crs.refuse_poles(points.lat.to_numpy())
            west, width = crs.span(points.lon.to_numpy())
            box = clipping.widened((west, points.lat.min(), west + width, points.lat.max()), self.buffer_km)
            kept = shapely.intersects(shapes, shapely.union_all(wrapped(np.array([box], object))))
        clipping.refuse_none(kept, "border section")
        return lines[kept]

    def _shared_out(self, lines: np.ndarray, fit: str) -> np.ndarray:
        """The ground of each line, in degrees: cells of Voronoi round places along them, joined, within the buffer."""
        flat = crs.to_plane(lines, fit)
        buffers = shapely.buffer(flat, self.buffer_km * 1000)
        if len(lines) == 1:
            return np.array([crs.to_degrees(buffers[0], fit)], object)
        at, owner = _along(flat, self.buffer_km * 1000 / STEPS)
        cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(at), extend_to=shapely.box(*shapely.total_bounds(buffers))))
        place, cell = shapely.STRtree(cells).query(shapely.points(at), predicate="intersects")
        grounds = _joined(cells, cell, owner[place], len(lines))
        return np.array([crs.to_degrees(shape, fit) for shape in shapely.intersection(buffers, grounds)], object)


def _along(flat: np.ndarray, step_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Places along lines and whose they are: not at the ends, which two lines share, but as near to them on either side."""
    parts, owner = shapely.get_parts(flat, return_index=True)
    length = shapely.length(parts)
    counts = np.ceil(length / step_m).astype(int) + 2
    part = np.repeat(np.arange(len(parts)), counts)
    share = (np.arange(part.size) - np.repeat(np.cumsum(counts) - counts, counts)) / (counts - 1)[part]
    inset = np.minimum(END_M, length / 4)[part]
    at = shapely.get_coordinates(shapely.line_interpolate_point(parts[part], inset + share * (length[part] - 2 * inset))).round(2)
    at, first = np.unique(at, axis=0, return_index=True)
    return at, owner[part][first]


def _joined(cells: np.ndarray, cell: np.ndarray, owner: np.ndarray, n: int) -> np.ndarray:
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(1, n))
    return np.array([shapely.union_all(cells[part]) for part in np.split(cell[order], edges)], object)


def _touching(flat: np.ndarray) -> sparse.csr_array:
    one, other = shapely.STRtree(flat).query(flat, predicate="dwithin", distance=TOUCH_M)
    apart = one != other
    return sparse.csr_array((np.ones(int(apart.sum())), (one[apart], other[apart])), shape=(len(flat), len(flat)))
