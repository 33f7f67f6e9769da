"""Distances. Haversine where a rule only compares (within 0.6 % of the ellipsoid), pyproj.Geod where a number is told."""

from __future__ import annotations

import numpy as np
from pyproj import Geod

WGS84 = Geod(ellps="WGS84")
RADIUS_M = 6_371_008.8  # mean radius, IUGG
KNOT_MPS = 1852 / 3600


def haversine_m(lon0, lat0, lon1, lat1) -> np.ndarray:
    """Metres on the sphere; at most 0.6 % off the ellipsoid, right at poles and antimeridian.

    >>> round(float(haversine_m(179.5, 0, -179.5, 0)))
    111195
    """
    lat0, lat1 = np.radians(lat0), np.radians(lat1)
    half = np.sin((lat1 - lat0) / 2) ** 2 + np.cos(lat0) * np.cos(lat1) * np.sin(np.radians(np.subtract(lon1, lon0)) / 2) ** 2
    return 2 * RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))


def geodesic_m(lon0, lat0, lon1, lat1) -> np.ndarray:
    """Metres on WGS 84. Arrays of one shape (n,)."""
    return WGS84.inv(lon0, lat0, lon1, lat1)[2] if len(lon0) else np.zeros(0)


def unit(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Unit vectors of shape (n, 3)."""
    lon, lat = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def lonlat(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees of vectors of shape (n, 3), of any length."""
    return np.degrees(np.arctan2(vector[:, 1], vector[:, 0])), np.degrees(np.arctan2(vector[:, 2], np.hypot(vector[:, 0], vector[:, 1])))


def legs_m(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Metres from each place to the one after it (haversine), of shape (n - 1,)."""
    return haversine_m(lon[:-1], lat[:-1], lon[1:], lat[1:]) if len(lon) > 1 else np.zeros(0)
