"""Areas that people tell: polygons in EPSG:4326."""

from __future__ import annotations

import shapely

VERTICES_MAX = 2_000  # an operation's area goes along with every transaction of its members


def wrong(area: shapely.Geometry | None) -> str | None:
    """Why something is no area, or None; nothing told is none and not wrong.

    >>> wrong(shapely.Point(0, 0)), wrong(shapely.box(0, 0, 1, 1)), wrong(None)
    ('the area is expected to be one or more valid polygons in EPSG:4326', None, None)
    """
    if area is not None and (area.is_empty or not area.is_valid or area.geom_type not in ("Polygon", "MultiPolygon")):
        return "the area is expected to be one or more valid polygons in EPSG:4326"
    return None
