"""An operation as its effects are asked about: when it was, which ground is its own, beside it, and like it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.effects.flat import in_metres
from analysis.ground import Ground
from analysis.moments import moment
from errors import KnobRefused, PointsRefused

ROLES = ("operation", "buffer", "control")
LEAST_BEFORE_DAYS = 28
LEAST_DURING_DAYS = 7


@dataclass(frozen=True)
class Window:
    """Before is [begin, start), during is [start, end), as far as there are data; `limits` says what was cut off."""

    begin: pd.Timestamp
    start: pd.Timestamp
    end: pd.Timestamp
    limits: tuple[str, ...] = ()

    def period(self, t: pd.Series) -> np.ndarray:
        """0 before, 1 during, -1 neither."""
        return np.select([(t >= self.begin) & (t < self.start), (t >= self.start) & (t < self.end)], [0, 1], -1)

    def steps(self, days: int) -> tuple[int, int]:
        """How many whole steps fit before the start and after it."""
        one = pd.Timedelta(days=days)
        return int((self.start - self.begin) // one), int((self.end - self.start) // one)

    def step_of(self, t: pd.Series, days: int) -> np.ndarray:
        """Which step each time is in, from 0 at the first whole one before the start; -1 outside."""
        before, during = self.steps(days)
        step = np.floor((t - self.start) / pd.Timedelta(days=days)).to_numpy().astype(np.int64) + before
        return np.where((step >= 0) & (step < before + during), step, -1)


def window(points: pd.DataFrame, start: str, end: str, before_days: int, method: str) -> Window:
    """The two periods that are held against each other. Raises KnobRefused for times that are none, PointsRefused where the data do not reach."""
    begun, ended = moment(start, "start", method), moment(end, "end", method)
    if ended <= begun:
        raise KnobRefused(f"{method}: the operation ends ({_day(ended)}) before it starts ({_day(begun)})")
    first, last = points.t.min(), points.t.max()
    data = f"the data run from {_day(first)} to {_day(last)}"
    if ended <= first or begun >= last:
        raise PointsRefused(f"{method}: the operation of {_day(begun)} to {_day(ended)} lies outside of the data: {data}")
    limits = []
    begin = begun - timedelta(days=before_days)
    if first > begin + timedelta(days=7):
        begin = first
        limits.append(f"Before is {_days(begun - begin)} days, not {before_days}: {data}.")
    if last < ended - timedelta(days=7):
        limits.append(f"The operation is looked at until {_day(last)}, not {_day(ended)}: {data}.")
        ended = last
    for left, least, word in ((begun - begin, LEAST_BEFORE_DAYS, "before it"), (ended - begun, LEAST_DURING_DAYS, "of it")):
        if left < timedelta(days=least):
            raise PointsRefused(f"{method} needs {least} days {word}, there are {_days(left)}: {data}, the operation from {_day(begun)} to {_day(ended)}")
    return Window(begin, begun, ended, tuple(limits))


def zones_of(ground: Ground, method: str, *, controls: int = 1) -> gpd.GeoDataFrame:
    """The operation's zones by role, checked: role, name, geometry. Raises PointsRefused: one is missing, not a polygon, or a control overlaps."""
    zones = ground.zones
    if zones is None or not len(zones):
        raise PointsRefused(f"{method} asks for the operation's area and {controls} control areas at least: none is given")
    if zones.crs is None or zones.crs.to_epsg() != 4326:
        raise PointsRefused(f"{method}: zones must be in degrees, EPSG:4326; their CRS is {zones.crs.to_string() if zones.crs else 'not told'}")
    unknown = sorted(set(zones.role) - set(ROLES))
    if unknown:
        raise PointsRefused(f"{method}: a zone is one of {', '.join(ROLES)}, not {unknown[0]!r}")
    flat = shapely.get_dimensions(zones.geometry.to_numpy()) == 2
    if not flat.all() or not shapely.is_valid(zones.geometry.to_numpy()).all():
        raise PointsRefused(f"{method}: each zone must be a valid polygon; {int((~flat | ~shapely.is_valid(zones.geometry.to_numpy())).sum())} of {len(zones)} are not")
    of = {role: zones[zones.role == role] for role in ROLES}
    if not len(of["operation"]) or len(of["control"]) < controls:
        raise PointsRefused(f"{method} needs the operation's area and {controls} control areas at least; {len(of['operation'])} and {len(of['control'])} are given")
    refuse_overlap(zones, method)
    out = gpd.GeoDataFrame(pd.concat([of[role] for role in ROLES])[["role", "name", "geometry"]], geometry="geometry", crs=4326)
    return out.sort_values(["role", "name"], key=lambda c: c.map(ROLES.index) if c.name == "role" else c, kind="stable").reset_index(drop=True)


def refuse_overlap(zones: gpd.GeoDataFrame, method: str) -> None:
    """Raises PointsRefused where a control area shares ground with the operation, its buffer or another control."""
    taken: list[tuple[str, str, shapely.Geometry]] = []
    for row in zones.sort_values("role", key=lambda c: c.map(ROLES.index), kind="stable").itertuples():
        if row.role == "control":
            for role, name, other in taken:
                shared = shapely.area(shapely.intersection(row.geometry, other)) / shapely.area(row.geometry)
                if shared > 1e-6:
                    raise PointsRefused(f"{method}: control area {row.name!r} shares {shared:.1%} of its ground with the {role} {'area ' if role != 'buffer' else ''}{name!r}: "
                                        "what is done or moves there would count as nothing done. Move it or draw it smaller")
        taken.append((row.role, row.name, row.geometry))


def inside(points: pd.DataFrame, area: shapely.Geometry) -> np.ndarray:
    """Which points lie in an area."""
    lon, lat = points.lon.to_numpy(), points.lat.to_numpy()
    west, south, east, north = area.bounds
    out = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    shapely.prepare(area)
    out[out] = shapely.intersects_xy(area, lon[out], lat[out])
    return out


def weekly(points: pd.DataFrame, within: np.ndarray, when: Window, days: int = 7) -> np.ndarray:
    """How many of them in each whole step, from the first before the start to the last of the operation."""
    step = when.step_of(points.t, days)[within]
    return np.bincount(step[step >= 0], minlength=sum(when.steps(days)))


def inexact(points: pd.DataFrame, area: shapely.Geometry) -> str | None:
    """What to say where places are too inexact for the operation's area, or None."""
    radius_m = float(np.sqrt(shapely.area(in_metres(area, area)) / np.pi))
    far = int((points.precision_m > radius_m / 2).sum())
    return f"{far} of {len(points)} places are known to more than {radius_m / 2000:.1f} km only: they may lie in another area than they are counted in." if far else None


def _day(t: pd.Timestamp | datetime) -> str:
    return f"{t:%Y-%m-%d}"


def _days(d: timedelta) -> int:
    return int(d / timedelta(days=1))
