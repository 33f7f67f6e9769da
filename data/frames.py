"""What a filter shows, as GeoDataFrames: for exports and for looking at."""

from __future__ import annotations

import geopandas
import pandas as pd
import shapely
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data import hours, imagery, seizures
from data.filters import Filter
from data.models import Agency, Segment, Source, Track
from errors import FilterInvalid

ROWS_MAX = 250_000


async def shown(session: AsyncConnection, filter: Filter) -> dict[str, geopandas.GeoDataFrame]:
    """The frames `seizures`, `tracks` and `images` in EPSG:4326. Raises FilterInvalid when there is too much for one file."""
    return {
        "seizures": await _seizures(session, filter), "tracks": await _tracks(session, filter), "images": await _images(session, filter),
    }


async def _seizures(session: AsyncConnection, filter: Filter) -> geopandas.GeoDataFrame:
    found = await seizures.page(session, filter, limit=ROWS_MAX + 1, offset=0)
    _check(found["total"], "seizures")
    frame = pd.DataFrame(found["rows"])
    if frame.empty:
        return _empty()
    points = [None if pd.isna(lon) else shapely.Point(lon, lat) for lon, lat in zip(frame.lon, frame.lat)]
    return geopandas.GeoDataFrame(frame.drop(columns=["lon", "lat"]), geometry=points, crs=4326)


async def _tracks(session: AsyncConnection, filter: Filter) -> geopandas.GeoDataFrame:
    _check(await session.scalar(select(func.count()).select_from(Segment).where(*filter.segments(), Segment.gap.is_(False))), "hours of tracks")
    summed, merged = hours.drawn(filter)
    rows = await session.execute(
        select(
            Track.id, Track.key, Track.kind, Track.name, Agency.name.label("agency"), Track.marking, Source.name.label("source"),
            summed.c.first_at, summed.c.last_at, summed.c.fixes, summed.c.length_m, func.ST_AsBinary(merged.c.line).label("line"),
        )
        .join(summed, summed.c.track_id == Track.id).join(merged, merged.c.track_id == Track.id).outerjoin(Source, Source.id == Track.source_id)
        .outerjoin(Agency, Agency.id == Track.agency_id).order_by(Track.id)
    )
    frame = pd.DataFrame([{str(name): value for name, value in r.items()} for r in rows.mappings()])
    if frame.empty:
        return _empty()
    frame["fixes"] = frame.fixes.astype(int)
    lines = shapely.from_wkb([bytes(b) for b in frame.line])
    return geopandas.GeoDataFrame(frame.drop(columns="line"), geometry=lines, crs=4326)


async def _images(session: AsyncConnection, filter: Filter) -> geopandas.GeoDataFrame:
    found = await imagery.page(session, filter, limit=ROWS_MAX + 1, offset=0)
    _check(found["total"], "images")
    frame = pd.DataFrame(found["rows"])
    if frame.empty:
        return _empty()
    shapes = [shapely.geometry.shape(f) for f in frame.footprint]
    keep = ["id", "name", "captured_at", "gsd_m", "sortie", "agency", "marking", "source", "sha256"]
    return geopandas.GeoDataFrame(frame[keep], geometry=shapes, crs=4326)


def _empty() -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame({"id": pd.Series([], dtype="int64")}, geometry=[], crs=4326)


def _check(number: int, what: str) -> None:
    if number > ROWS_MAX:
        raise FilterInvalid([{"key": "export", "value": f"{number:,} {what}", "expected": f"at most {ROWS_MAX:,} in one file; narrow the filter"}])
