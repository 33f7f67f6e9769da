"""Ground in metres round the middle of a shape: equal-area, right to some per mille within a few hundred kilometres."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely


def in_metres(shape: shapely.Geometry, of: shapely.Geometry) -> shapely.Geometry:
    """A shape in degrees laid flat round the middle of another."""
    return _moved(shape, pyproj.Transformer.from_crs(4326, flat(of), always_xy=True))


def in_degrees(shape: shapely.Geometry, of: shapely.Geometry) -> shapely.Geometry:
    """The way back from `in_metres`.

    >>> box = shapely.box(-97.6, 25.8, -97.4, 26.0)
    >>> bool(shapely.equals_exact(in_degrees(in_metres(box, box), box), box, 1e-7))
    True
    """
    return _moved(shape, pyproj.Transformer.from_crs(flat(of), 4326, always_xy=True))


def flat(of: shapely.Geometry) -> pyproj.CRS:
    """Lambert's azimuthal equal-area projection round the middle of a shape in degrees."""
    middle = of.centroid
    return pyproj.CRS(f"+proj=laea +lat_0={middle.y:.6f} +lon_0={middle.x:.6f} +units=m +datum=WGS84")


def _moved(shape: shapely.Geometry, by: pyproj.Transformer) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: np.column_stack(by.transform(xy[:, 0], xy[:, 1])))
