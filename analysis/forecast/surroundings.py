"""Points and ground as a history: what was found by unit and day, who looked, what else was seen, and how far places are."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.effort import NO_EFFORT, effort
from analysis.forecast.counts_in_time import Counts, day_of
from analysis.forecast.gathered import Gathered
from analysis.forecast.history import History
from analysis.grids import crs
from analysis.ground import Ground
from analysis.units import Grid, Units
from errors import PointsRefused

KINDS = {"track": "tracks seen", "event": "events of tracks"}
LOOKED = "hours looked"
RECENT_DAYS = 28


def history(found: Gathered, units: Units, ground: Ground, grid: Grid, end: int) -> tuple[History, list[str]]:
    """Of all points before the day `end`, and sentences on what it can't carry."""
    found, unknown = found.as_known()
    counts, first, days = found.counts(len(units), end), found.first, end - found.first
    limits = [unknown] if unknown else []
    if found.outside:
        limits.append(f"{found.outside:,} of {found.rows:,} seizures lie in none of the units (in water, outside of the area, or far from a border) and count nowhere.")
    late = counts.late
    if late.n.size:
        seen = counts.share(counts.end - RECENT_DAYS, counts.end)
        limits.append(f"{late.n.sum() / counts.table.sum():.0%} of seizures were known after their day, half of these after {found.days_late():.0f} days or more: about {seen:.0%} of the last {RECENT_DAYS} days' "
                      "are known yet, and levels are set right for it, as if all places and times were told equally late.")
    if ground.area is None:
        limits.append("No area was asked about: the ground is where seizures lie, those of the times it was tried on too.")
    beside: dict[str, Counts] = {}
    looked = effort(units, ground)
    limits.append(looked.words if looked is not None else NO_EFFORT)
    if looked is not None:
        beside[LOOKED] = _looked(units, ground.effort, first, days)
    for kind, name in KINDS.items() if ground.activity is not None else ():
        told = ground.activity[ground.activity.kind == kind]
        if len(told):
            beside[name] = _seen(told, units, grid, first, days)
    return History(units, counts, beside, far_km(units, ground.places)), limits


def _looked(units: Units, told: gpd.GeoDataFrame, first: int, days: int) -> Counts:
    seen = told.geometry.to_crs(4326).to_numpy()
    look, unit = shapely.STRtree(units.outlines).query(seen, predicate="intersects")
    part = shapely.area(shapely.intersection(seen[look], units.outlines[unit])) / np.maximum(shapely.area(seen)[look], 1e-300)
    return Counts.of(unit, _days(told, "effort")[look], told.hours.to_numpy(float)[look] * part, units=len(units), first=first, days=days)


def _seen(told: gpd.GeoDataFrame, units: Units, grid: Grid, first: int, days: int) -> Counts:
    at = told.geometry.to_crs(4326)
    places = pd.DataFrame({"lon": at.x.to_numpy(), "lat": at.y.to_numpy(), "precision_m": 0.0})
    point, unit = (laid := grid.spread(places, units).tocoo()).coords
    n = told.n.to_numpy(float) if "n" in told else np.ones(len(told))
    return Counts.of(unit, _days(told, "activity")[point], n[point] * laid.data, units=len(units), first=first, days=days)


def _days(told: gpd.GeoDataFrame, name: str) -> np.ndarray:
    if getattr(told.t.dtype, "tz", None) is None or told.t.isna().any():
        raise PointsRefused(f"the ground's {name} needs a time with its zone in each row: what is not dated can't be held back from the past")
    return day_of(told.t)


def far_km(units: Units, places: gpd.GeoDataFrame | None) -> dict[str, np.ndarray]:
    """How far the middle of each unit is from the nearest of each kind of place, in a plane that fits the ground."""
    if places is None or not len(places):
        return {}
    middle = shapely.get_coordinates(shapely.point_on_surface(units.outlines))
    plane = crs.fitted(middle[:, 0], middle[:, 1])
    at = shapely.points(np.column_stack(crs.forward(plane, middle[:, 0], middle[:, 1])))
    out = {}
    for kind, told in places.to_crs(4326).groupby("kind", sort=True):
        shapes = np.array([crs.to_plane(s, plane) for s in told.geometry], object)
        (unit, _), far = shapely.STRtree(shapes).query_nearest(at, return_distance=True, all_matches=False)
        out[str(kind)] = np.zeros(len(units))
        out[str(kind)][unit] = far / 1000
    return out
