"""What an analysis is given out of the database, as its asker sees it: points, border sections, places, where tracks passed, what else was seen."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Text, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from data import ground as basemap_ground
from data.filters import Filter
from data.models import BorderSection, Event, Place, Segment, Seizure
from data.scope import LEVELS
from data.seizures import ON_MAP
from errors import InputRefused
from settings import store

MARGIN_DEG = 0.5
PASSES_MAX = 2_000_000
POPULATION_LEAST = 5_000  # of a town that is a place to be near to
FAR_DEG = 60.0  # a ground larger than this is told without its rivers and land: the whole world's are no help
COLUMNS = ("lon", "lat", "t", "recorded_at", "kg", "drug", "precision_m", "found_by", "conveyance", "origin", "transit", "destination", "agency", "level", "long")


class TooManyPasses(InputRefused):
    """More than an analysis reads at once."""


async def points(session: AsyncConnection, filter: Filter) -> pd.DataFrame:
    """Every single placed seizure of the filter, with the columns of analysis/points.py, and `long`: it is told by month or range, and stands at its beginning."""
    rows = (await session.execute(select(
        func.ST_X(Seizure.geom), func.ST_Y(Seizure.geom), Seizure.started_at, Seizure.recorded_at, Seizure.kg, Seizure.drug, Seizure.precision_m, Seizure.found_by, Seizure.conveyance,
        Seizure.origin, Seizure.transit, Seizure.destination, Seizure.scope / LEVELS, Seizure.scope % LEVELS, Seizure.time_span.in_(("month", "range")),
    ).where(*filter.seizures(), ON_MAP).order_by(Seizure.started_at, Seizure.id))).all()
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("t", "recorded_at"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame.astype({"kg": float, "lon": float, "lat": float, "agency": np.int64, "level": np.int64, "long": bool}).assign(precision_m=frame.precision_m.astype(float).fillna(0.0))


def area(filter: Filter) -> shapely.Geometry | None:
    """What is asked about: a filter's area, cut by its box."""
    parts = []
    if filter.area:
        parts.append(shapely.make_valid(shapely.Polygon(filter.area)))
    if filter.bbox:
        west, south, east, north = filter.bbox
        parts.append(shapely.box(west, south, east, north) if west <= east else shapely.union(shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)))
    return shapely.intersection_all(parts) if parts else None


def box(of: pd.DataFrame, asked: shapely.Geometry | None) -> tuple[float, float, float, float] | None:
    """West, south, east, north of what is asked about, or of the points and what lies round them."""
    if asked is not None:
        return tuple(shapely.bounds(asked))
    if of.empty:
        return None
    return (max(-180.0, of.lon.min() - MARGIN_DEG), max(-90.0, of.lat.min() - MARGIN_DEG), min(180.0, of.lon.max() + MARGIN_DEG), min(90.0, of.lat.max() + MARGIN_DEG))


async def sections(session: AsyncConnection, bounds: tuple | None) -> gpd.GeoDataFrame | None:
    """Border sections that reach into the bounds: id, name, geometry (lines)."""
    if bounds is None:
        return None
    rows = (await session.execute(select(BorderSection.id, BorderSection.name, func.ST_AsBinary(BorderSection.line)).where(
        func.ST_Intersects(BorderSection.line, func.ST_MakeEnvelope(*bounds, 4326))).order_by(BorderSection.id))).all()
    return _framed(rows, ["id", "name"])


async def places(session: AsyncConnection, bounds: tuple | None) -> gpd.GeoDataFrame | None:
    """Towns of the gazetteer, and rivers of the basemap: kind, name, geometry. The house knows no crossings and no roads."""
    if bounds is None or _far(bounds):
        return None
    rows = (await session.execute(select(Place.name, func.ST_AsBinary(Place.geom)).where(
        func.ST_Intersects(Place.geom, func.ST_MakeEnvelope(*bounds, 4326)), Place.population >= POPULATION_LEAST).order_by(Place.id))).all()
    towns = _framed(rows, ["name"])
    found = [] if towns is None else [towns.assign(kind="town")]
    if (known := basemap_ground.land_and_water(store().basemap)) is not None:
        rivers = _within(known[2], bounds)
        found.append(gpd.GeoDataFrame({"name": [""] * len(rivers), "kind": ["river"] * len(rivers)}, geometry=rivers, crs=4326))
    found = [frame for frame in found if len(frame)]
    return pd.concat(found, ignore_index=True) if found else None


def land(bounds: tuple | None) -> shapely.Geometry | None:
    """Land in the bounds, by the basemap. None: no basemap is built, or the bounds are too large for it to matter."""
    if bounds is None or _far(bounds) or (known := basemap_ground.land_and_water(store().basemap)) is None:
        return None
    return shapely.union_all(_within(known[0], bounds))


async def passes(session: AsyncConnection, filter: Filter) -> gpd.GeoDataFrame | None:
    """Where tracks were, at the beginning and end of each hour's line: track, t, geometry (points)."""
    line = lambda end: getattr(func, f"ST_{end}Point")(func.ST_Force2D(Segment.line))  # noqa: E731
    kept = [*filter.segments(), Segment.gap.is_(False)]
    begun = select(cast(Segment.track_id, Text).label("track"), Segment.started_at.label("t"), func.ST_AsBinary(line("Start")).label("wkb")).where(*kept)
    over = select(cast(Segment.track_id, Text), Segment.ended_at, func.ST_AsBinary(line("End"))).where(*kept)
    both = union_all(begun, over).subquery()
    rows = (await session.execute(select(both.c.track, both.c.t, both.c.wkb).order_by(both.c.track, both.c.t).limit(PASSES_MAX + 1))).all()
    if len(rows) > PASSES_MAX:
        raise TooManyPasses(f"more than {PASSES_MAX:,} passes of tracks lie in this time and place: take less of either")
    return _timed(_framed(rows, ["track", "t"]))


async def activity(session: AsyncConnection, filter: Filter, seen: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """What else was seen: kind ('track' of `seen`, 'event'), t, geometry (points)."""
    rows = (await session.execute(select(literal("event", Text), Event.started_at, func.ST_AsBinary(func.ST_PointOnSurface(Event.place))).where(
        *filter.events(Event), Event.retracted.is_(False)).order_by(Event.id))).all()
    found = [frame for frame in (_timed(_framed(rows, ["kind", "t"])), None if seen is None else seen[["t", "geometry"]].assign(kind="track")) if frame is not None]
    return pd.concat(found, ignore_index=True) if found else None


def _far(bounds: tuple) -> bool:
    return bounds[2] - bounds[0] > FAR_DEG or bounds[3] - bounds[1] > FAR_DEG


def _within(shapes: np.ndarray, bounds: tuple) -> np.ndarray:
    near = shapes[shapely.STRtree(shapes).query(shapely.box(*bounds))]
    cut = shapely.intersection(shapely.make_valid(near), shapely.box(*bounds))
    return cut[~shapely.is_empty(cut)]


def _framed(rows: list, columns: list[str]) -> gpd.GeoDataFrame | None:
    if not rows:
        return None
    return gpd.GeoDataFrame(pd.DataFrame([tuple(r)[:-1] for r in rows], columns=columns), geometry=shapely.from_wkb([bytes(r[-1]) for r in rows]), crs=4326)


def _timed(frame: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    return None if frame is None else frame.assign(t=pd.to_datetime(frame.t, utc=True))
