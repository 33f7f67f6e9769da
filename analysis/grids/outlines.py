"""Outlines of cells: made of corners, in two parts at the antimeridian, and measured on the ellipsoid."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
from pyproj import Geod

WGS84 = Geod(ellps="WGS84")
SMALL_DEG = 0.3  # edges under it, straight in the equal-area plane, differ from geodesics by less than 1e-4 of a cell's area
_EQUAL_AREA = pyproj.Transformer.from_crs(4326, "+proj=cea +datum=WGS84", always_xy=True)


def polygons(lon: np.ndarray, lat: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Polygons of corners that follow one another, `counts` to each.

    >>> [round(x) for x in polygons(np.array([179.0, -179, -179]), np.array([0.0, 0, 1]), np.array([3]))[0].bounds]
    [-180, 0, 180, 1]
    """
    cell = np.repeat(np.arange(counts.size), counts)
    anchor = lon[np.concatenate([[0], np.cumsum(counts)[:-1]])][cell]
    turned = anchor + (lon - anchor + 180) % 360 - 180
    return wrapped(shapely.polygons(shapely.linearrings(np.column_stack([turned, lat]), indices=cell)))


def wrapped(shapes: np.ndarray) -> np.ndarray:
    """Shapes that reach beyond 180 degrees, in parts within them."""
    bounds = shapely.bounds(shapes)
    beyond = (bounds[:, 2] > 180) | (bounds[:, 0] < -180)
    if not beyond.any():
        return shapes
    out = shapes.copy()
    for i in np.flatnonzero(beyond):
        parts = [shapely.transform(shapely.intersection(shapes[i], shapely.box(-180 + turn, -90, 180 + turn, 90)), lambda at, turn=turn: at - [turn, 0])
                 for turn in (-360, 0, 360)]
        out[i] = shapely.union_all([part for part in parts if part.area > 0])
    return out


def area_km2(outlines: np.ndarray) -> np.ndarray:
    """Square kilometres on WGS 84: small shapes in an equal-area plane (all at once), others by their geodesics."""
    out = shapely.area(shapely.transform(outlines, lambda at: np.column_stack(_EQUAL_AREA.transform(at[:, 0], at[:, 1])))) / 1e6
    bounds = shapely.bounds(outlines)
    for i in np.flatnonzero(np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) > SMALL_DEG):
        out[i] = abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(outlines[i]))[0]) / 1e6
    return out


def length_km(lines: np.ndarray) -> np.ndarray:
    """Kilometres of lines along their geodesics."""
    return np.array([WGS84.geometry_length(line) / 1000 for line in lines])
