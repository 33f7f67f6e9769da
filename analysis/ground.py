"""What an analysis may know of the ground beside its points. All of it may be missing, and then the result says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import shapely


@dataclass(frozen=True)
class Ground:
    """Frames in EPSG:4326.

    `area` is what is asked about (a filter's box or area); `land` where a seizure on land can be (None: everywhere). `sections` are border sections:
    columns id, name, geometry (lines). `effort` is who looked where: geometry (polygons), t (UTC), hours, by (words). `activity` is what
    else was seen there: kind ('track', 'event'), geometry (points), t (UTC), optional n (how many; else one a row). `places` are
    crossings, ports, roads, rivers: kind ('crossing', 'port', 'road', 'river', 'town'), name, geometry. `zones` are those of an operation: role
    ('operation', 'buffer', 'control'), name, geometry. `units` can be sent: name, kind ('patrol', 'drone', 'sensor'), lon, lat, reach_km, shifts.
    `passes` are where tracks were: track (text), t (UTC), geometry (points).
    """

    area: shapely.Geometry | None = None
    land: shapely.Geometry | None = None
    sections: gpd.GeoDataFrame | None = None
    effort: gpd.GeoDataFrame | None = None
    activity: gpd.GeoDataFrame | None = None
    places: gpd.GeoDataFrame | None = None
    zones: gpd.GeoDataFrame | None = None
    units: gpd.GeoDataFrame | None = None
    passes: gpd.GeoDataFrame | None = None


NOTHING_KNOWN = Ground()

Step = Callable[[float], None]
"""Told how much is done, 0 to 1, and raises where somebody called it off."""


def unwatched(_: float) -> None:
    """Nobody waits for it."""
