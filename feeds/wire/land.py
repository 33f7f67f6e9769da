"""Whether a vessel lies on land: inside a land polygon, and away from every shore, lake and river, where harbours, channels and barges are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from feeds.wire.plausibility import Land

# 44 and 11 km of latitude. Shore data (GSHHG) has no dug channels, and draws rivers as lines: of 1,000 vessels in United States waters 109 lay
# more than 6 km inland of everything it draws, none as far as this.
SHORE_DEG, RIVER_DEG = 0.4, 0.1


def land_test(
    land: Sequence[shapely.Polygon], shores: Sequence[shapely.Geometry], rivers: Sequence[shapely.Geometry] = (), shore_deg: float = SHORE_DEG,
    river_deg: float = RIVER_DEG,
) -> Land:
    """A test of positions. `land` may be in pieces; `shores` are lines or polygons of sea and lakes."""
    on = shapely.STRtree(_prepared(land))
    water = [(shapely.STRtree(_prepared(shapes)), away) for shapes, away in ((shores, shore_deg), (rivers, river_deg)) if len(shapes)]

    def test(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        points = shapely.points(lon, lat)
        out = np.zeros(len(points), bool)
        out[on.query(points, predicate="within")[0]] = True
        for tree, away in water:
            inside = np.flatnonzero(out)
            if inside.size:
                out[inside[tree.query_nearest(points[inside], max_distance=away, all_matches=False)[0]]] = False
        return out

    return test


def _prepared(shapes: Sequence[shapely.Geometry]) -> np.ndarray:
    array = np.array(list(shapes), object)
    shapely.prepare(array)
    return array
