"""The graph of ways: legs from place to place, of seizures' routes as told and of tracks as they went."""

from __future__ import annotations

from dataclasses import dataclass

import antimeridian
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from analysis.corridors.names import Stops, told_stops
from analysis.events.geo import haversine_m
from errors import PointsRefused

WGS84 = pyproj.Geod(ellps="WGS84")
LEG_COLUMNS = ("start", "end", "t", "by", "key", "drug", "kg", "at")
EACH_KM = 100.0


@dataclass(frozen=True)
class Ways:
    """`stops`, and `legs` in their order: start, end (indices of stops), t, by ('seizure', 'track'), key (whose), drug, kg, at (place in its way)."""

    stops: Stops
    legs: pd.DataFrame
    limits: list[str]


def ways(points: pd.DataFrame, places: gpd.GeoDataFrame | None, passes: gpd.GeoDataFrame | None, method: str, *, snap_km: float, gap_days: float) -> Ways:
    """All legs. A seizure's own place, where a crossing or port is near, is a stop of its way where it lengthens it least. Raises PointsRefused."""
    stops = Stops.of(places, method)
    seized = _of_seizures(points, stops, snap_km)
    tracked, limits = _of_tracks(passes, stops, snap_km, gap_days, method)
    legs = pd.DataFrame(seized + tracked, columns=list(LEG_COLUMNS))
    legs["t"] = pd.to_datetime(legs.t, utc=True)
    if (unknown := stops.said_unknown()) is not None:
        limits.append(unknown)
    silent = int(((points.origin == "") & (points.transit == "") & (points.destination == "")).sum())
    if silent:
        limits.append(f"{silent:,} of {len(points):,} seizures have no route told.")
    return Ways(stops, legs.sort_values(["t", "by", "key", "at"], kind="stable").reset_index(drop=True), limits)


def _of_seizures(points: pd.DataFrame, stops: Stops, snap_km: float) -> list[tuple]:
    here = stops.nearest(points.lon.to_numpy(), points.lat.to_numpy(), snap_km)
    out = []
    columns = [points[c].tolist() for c in ("origin", "transit", "destination", "lon", "lat", "t", "drug", "kg")]
    for row, (origin, transit, destination, lon, lat, t, drug, kg) in enumerate(zip(*columns)):
        begin, middle, end = ([stop for name in told_stops(text) if (stop := stops.called(name, lon, lat)) is not None] for text in (origin, transit, destination))
        way = [*begin, *middle, *end]
        if here[row] >= 0 and way and here[row] not in way:
            way = _with(way, int(here[row]), stops, has_origin=bool(begin), has_destination=bool(end))
        way = [stop for i, stop in enumerate(way) if i == 0 or stop != way[i - 1]]
        out += [(a, b, t, "seizure", str(row), drug, kg, i) for i, (a, b) in enumerate(zip(way, way[1:]))]
    return out


def _with(way: list[int], stop: int, stops: Stops, *, has_origin: bool, has_destination: bool) -> list[int]:
    """A way that leads over one more stop, put where it lengthens it least; not before what is told as its origin, nor after its destination."""
    def length(of: list[int]) -> float:
        return sum(float(haversine_m(stops.lon[a], stops.lat[a], stops.lon[b], stops.lat[b])) for a, b in zip(of, of[1:]))

    first, last = (1 if has_origin else 0), len(way) - (1 if has_destination else 0)
    tried = [[*way[:i], stop, *way[i:]] for i in range(first, last + 1)]
    return min(tried, key=length)


def _of_tracks(passes: gpd.GeoDataFrame | None, stops: Stops, snap_km: float, gap_days: float, method: str) -> tuple[list[tuple], list[str]]:
    if passes is None or not len(passes):
        return [], ["No tracks are given: ways are those told with seizures alone."]
    missing = [c for c in ("track", "t") if c not in passes]
    if missing or passes.crs is None or passes.crs.to_epsg() != 4326 or not (passes.geom_type == "Point").all():
        raise PointsRefused(f"{method}: passes have columns track and t and points in EPSG:4326" + (f"; {' and '.join(missing)} is missing" if missing else ""))
    t = pd.to_datetime(passes.t, utc=True, errors="coerce")
    if t.isna().any():
        raise PointsRefused(f"{method}: {int(t.isna().sum())} of {len(passes)} passes have no time")
    at = stops.nearest(passes.geometry.x.to_numpy(), passes.geometry.y.to_numpy(), snap_km)
    frame = pd.DataFrame({"track": passes.track.astype(str).to_numpy(), "t": t.dt.tz_localize(None).to_numpy(), "stop": at}).query("stop >= 0").sort_values(["track", "t", "stop"], kind="stable")
    out = []
    for track, one in frame.groupby("track", sort=True):
        stop, when = one.stop.to_numpy(), one.t.to_numpy()
        new = np.flatnonzero(np.diff(stop, prepend=-1) != 0)
        for i, (a, b) in enumerate(zip(new, new[1:])):
            left = when[b - 1]  # the last time at the place before
            if (when[b] - left) <= np.timedelta64(int(gap_days * 86_400), "s"):
                out.append((int(stop[a]), int(stop[b]), when[b], "track", track, "", np.nan, i))
    far = int((at < 0).sum())
    return out, [f"{far:,} of {len(passes):,} passes were further than {snap_km:g} km from any crossing or port."] if far else []


def line(lon: float, lat: float, to_lon: float, to_lat: float) -> shapely.Geometry:
    """The shortest line on the ellipsoid, with a point each 100 km, in two parts over the antimeridian.

    >>> line(-170, 0, 170, 0).geom_type, line(0, 0, 10, 0).length
    ('MultiLineString', 10.0)
    """
    n = int(WGS84.inv(lon, lat, to_lon, to_lat)[2] / 1000 / EACH_KM)
    points = [(lon, lat), *WGS84.npts(lon, lat, to_lon, to_lat, n), (to_lon, to_lat)] if n else [(lon, lat), (to_lon, to_lat)]
    return antimeridian.fix_line_string(shapely.LineString(points), great_circle=True) if abs(np.diff([p[0] for p in points])).max() > 180 else shapely.LineString(points)
