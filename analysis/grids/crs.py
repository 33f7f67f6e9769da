"""A CRS in metres that fits the ground asked about, and what is refused: degrees, feet, poles."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyproj
import shapely

from errors import KnobRefused, PointsRefused

UTM_HALF_DEG = 3.5  # as far from a zone's middle as its scale stays within 0.1 %
POLE_DEG = 85.0
WIDEST_DEG = 120.0  # equal-area round its middle: distances at its edge are up to 15 % off


def fitted(lon: np.ndarray, lat: np.ndarray) -> str:
    """The zone of UTM these places fit in, or Lambert's azimuthal equal-area round their middle where none does.

    >>> fitted(np.array([-97.5]), np.array([25.9])), fitted(np.array([179.0, -179.9]), np.array([-17.0, -17.0]))
    ('EPSG:32614', 'EPSG:32760')
    >>> fitted(np.array([-120.0, -80.0]), np.array([30.0, 30.0]))
    '+proj=laea +lat_0=30 +lon_0=-100 +datum=WGS84 +units=m +no_defs'
    """
    refuse_poles(lat)
    west, width = span(lon)
    middle, level = (west + width / 2 + 180) % 360 - 180, (lat.min() + lat.max()) / 2
    if max(width, lat.max() - lat.min()) > WIDEST_DEG:
        raise PointsRefused(f"the ground is {max(width, lat.max() - lat.min()):.0f} degrees across; no plane in metres fits more than {WIDEST_DEG:.0f}: use H3, or a smaller area")
    zone = int((middle + 180) // 6) % 60 + 1
    away = np.abs((np.array([west, west + width]) - (zone * 6 - 183) + 180) % 360 - 180)
    if away.max() <= UTM_HALF_DEG and lat.max() < 84 and lat.min() > -80 and (lat.min() >= -10 or lat.max() <= 10):
        return f"EPSG:{(32600 if level >= 0 else 32700) + zone}"
    return f"+proj=laea +lat_0={round(level):d} +lon_0={round(middle):d} +datum=WGS84 +units=m +no_defs"


def in_metres(told: str) -> str:
    """A CRS as somebody told it. Raises KnobRefused for one in degrees, or not in metres, or none.

    >>> in_metres("EPSG:32615")
    'EPSG:32615'
    >>> in_metres("EPSG:4326")
    Traceback (most recent call last):
    errors.KnobRefused: crs: EPSG:4326 is in degrees, and a cell is so many metres wide: give a projected CRS, or none for one that fits
    """
    try:
        crs = pyproj.CRS.from_user_input(told)
    except pyproj.exceptions.CRSError as e:
        raise KnobRefused(f"crs: no CRS is called {told[:80]!r}; write one as EPSG:32615") from e
    if not crs.is_projected:
        raise KnobRefused(f"crs: {told} is in degrees, and a cell is so many metres wide: give a projected CRS, or none for one that fits")
    if any(abs(axis.unit_conversion_factor - 1) > 1e-12 for axis in crs.axis_info):
        raise KnobRefused(f"crs: {told} is in {crs.axis_info[0].unit_name}, and a cell is so many metres wide: give a projected CRS in metres")
    return told


@lru_cache(maxsize=64)
def _transformer(crs: str, back: bool) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(*((crs, 4326) if back else (4326, crs)), always_xy=True)


def forward(crs: str, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres of degrees."""
    return _transformer(crs, False).transform(np.asarray(lon, float), np.asarray(lat, float))


def back(crs: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees of metres."""
    return _transformer(crs, True).transform(np.asarray(x, float), np.asarray(y, float))


def to_plane(shape: shapely.Geometry, crs: str) -> shapely.Geometry:
    """A shape of EPSG:4326 in metres."""
    return shapely.transform(shape, lambda at: np.column_stack(forward(crs, at[:, 0], at[:, 1])))


def to_degrees(shape: shapely.Geometry, crs: str) -> shapely.Geometry:
    """A shape in metres in EPSG:4326; one over the antimeridian goes on beyond 180 degrees (analysis/grids/outlines.py `wrapped`)."""
    def turned(at: np.ndarray) -> np.ndarray:
        lon, lat = back(crs, at[:, 0], at[:, 1])
        return np.column_stack([lon[0] + (lon - lon[0] + 180) % 360 - 180, lat])

    return shape if shapely.is_empty(shape) else shapely.transform(shape, turned)


def span(lon: np.ndarray) -> tuple[float, float]:
    """Where the shortest stretch of longitudes that holds all begins, and how wide it is: right over the antimeridian.

    >>> span(np.array([179.0, -179.0, 178.0]))
    (178.0, 3.0)
    """
    told = np.unique(lon % 360)
    gaps = np.diff(np.append(told, told[0] + 360))
    widest = int(gaps.argmax())
    west = told[(widest + 1) % told.size]
    return float((west + 180) % 360 - 180), float(360 - gaps[widest])


def refuse_poles(lat: np.ndarray) -> None:
    """A cell at a pole has no outline in degrees."""
    if np.abs(lat).max() >= POLE_DEG:
        raise PointsRefused(f"no grid is laid beyond {POLE_DEG:.0f} degrees of latitude; the ground asked about reaches {lat[np.abs(lat).argmax()]:.1f}")
