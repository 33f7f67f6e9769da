"""Whether a vessel lies on land: inside a land polygon, and away from every shore, lake and river, where harbours and barges are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from feeds.wire.plausibility import Land

AWAY_DEG = 0.05  # 5.6 km of latitude: drawn shores are off by hundreds of metres, rivers are lines and ports are dug


def land_test(land: Sequence[shapely.Polygon], water: Sequence[shapely.Geometry], away_deg: float = AWAY_DEG) -> Land:
    """A test of positions. `land` may be in pieces; `water` holds what a vessel may lie at: shores, lakes and rivers, as lines or polygons."""
    shapely.prepare(land_array := np.array(land, object))
    on, wet = shapely.STRtree(land_array), shapely.STRtree(np.array(water, object))

    def test(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        points = shapely.points(lon, lat)
        out = np.zeros(len(points), bool)
        out[on.query(points, predicate="within")[0]] = True
        inside = np.flatnonzero(out)
        if inside.size:
            out[inside[wet.query(points[inside], predicate="dwithin", distance=away_deg)[0]]] = False
        return out

    return test
