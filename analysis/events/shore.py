"""How far it is to the shore, for rules that ask: over the whole globe at once, by the nearest point of lines made dense."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from scipy.spatial import cKDTree

from analysis.events.geo import geodesic_m, unit
from analysis.events.rules import Shore

STEP_DEG = 0.01  # points of a shore stand no further apart than 1.1 km: what is told is at most 0.6 km too far beside the shore, and 20 m at 10 km


def shore_distance(land: Sequence[shapely.Polygon], shores: Sequence[shapely.Geometry]) -> Shore | None:
    """Metres from the shore of sea or lake; 0 on land, NaN for what is no place. `land` may be in pieces, `shores` are lines, or lakes as polygons.

    None when there is no shore to measure to.

    >>> far = shore_distance([shapely.box(0, 0, 1, 1)], [shapely.box(0, 0, 1, 1).exterior])
    >>> far(np.array([0.5, 2.0]), np.array([0.5, 0.5])).round(-2).tolist()
    [0.0, 111300.0]
    """
    if not len(shores):
        return None
    shores = np.asarray(shores, object)
    areal = shapely.get_dimensions(shores) == 2
    dense = shapely.get_coordinates(shapely.segmentize(np.where(areal, shapely.boundary(shores), shores), STEP_DEG))
    tree = cKDTree(unit(*dense.T), balanced_tree=False, compact_nodes=False)
    ground, lakes = shapely.STRtree(np.asarray(land, object)), shapely.STRtree(shores[areal])

    def far(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        out = np.full(len(lon), np.nan)
        good = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        if not good.size:
            return out
        lon, lat = np.asarray(lon, float)[good], np.asarray(lat, float)[good]
        lon = (lon + 180) % 360 - 180
        points = shapely.points(lon, lat)
        near = dense[tree.query(unit(lon, lat))[1]]
        metres = geodesic_m(lon, lat, *near.T)
        dry = np.zeros(len(lon), bool)
        dry[ground.query(points, predicate="intersects")[0]] = True
        dry[lakes.query(points, predicate="within")[0]] = False
        out[good] = np.where(dry, 0.0, metres)
        return out

    return far
