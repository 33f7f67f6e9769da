"""Images for STAC: which a search finds, page after page, and collections of them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta, timezone

import shapely
from sqlalchemy import Text, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data import imagery
from data.filters import Filter
from data.models import Image, Sortie
from data.query import parse_time
from errors import FilterInvalid

VERTICES_MAX = 2_000
MOMENT = timedelta(microseconds=1)  # times are kept to it, and a Filter's end is not included


async def search(session: AsyncConnection, filter: Filter, *, limit: int, after: tuple[datetime, int] | None = None, ids: list[int] | None = None,
                 sorties: list[int | None] | None = None, intersects: shapely.Geometry | None = None) -> tuple[list[dict], tuple[datetime, int] | None]:
    """Images, the newest first, and what the next page comes after; None: there is none. Costs the same however far in it is."""
    conditions = [*filter.images()]
    if ids is not None:
        conditions.append(Image.id.in_(ids))
    if sorties is not None:
        conditions.append(or_(Image.sortie_id.in_([s for s in sorties if s is not None]), *([Image.sortie_id.is_(None)] if None in sorties else [])))
    if intersects is not None:
        conditions.append(func.ST_Intersects(Image.footprint, func.ST_GeomFromText(shapely.to_wkt(intersects, rounding_precision=7), 4326)))
    if after is not None:
        conditions.append(or_(Image.captured_at < after[0], and_(Image.captured_at == after[0], Image.id < after[1])))
    found = await session.execute(imagery.rows(conditions, Image.sortie_id, Image.original, Image.cog, Sortie.platform, Sortie.sensor)
                                  .order_by(Image.captured_at.desc(), Image.id.desc()).limit(limit + 1))
    rows = [{**imagery.told(dict(r)), "rendering": r["rendering"]} for r in found.mappings()]
    return rows[:limit], (rows[limit - 1]["captured_at"], rows[limit - 1]["id"]) if len(rows) > limit else None


async def sortieless(session: AsyncConnection, filter: Filter) -> dict:
    """How many images have no sortie, where and between which times."""
    row = (await session.execute(select(
        func.count().label("images"), func.min(Image.captured_at).label("first_image_at"), func.max(Image.captured_at).label("last_image_at"),
        cast(func.ST_AsGeoJSON(func.ST_Envelope(func.ST_Collect(Image.footprint)), 6), Text).label("extent"),
    ).where(Image.world == filter.world_code, Image.sortie_id.is_(None)))).mappings().one()
    return dict(row)


def token_of(after: tuple[datetime, int]) -> str:
    """Where a page ends, as text."""
    return base64.urlsafe_b64encode(f"{after[0].isoformat()} {after[1]}".encode()).decode().rstrip("=")


def after_of(token: str) -> tuple[datetime, int]:
    """What `token_of` made. Raises FilterInvalid."""
    try:
        moment, _, number = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(" ")
        told, id = datetime.fromisoformat(moment), int(number)
        if told.tzinfo is None or not 0 <= id < 2**63:
            raise ValueError(token)
        return told, id
    except (ValueError, binascii.Error):
        raise FilterInvalid([{"key": "token", "value": token[:80], "expected": "what a link to the next page has"}]) from None


def window_of(told: str) -> tuple[datetime | None, datetime | None]:
    """STAC's `datetime`: one time, or two with / between, either open; both are included. Raises FilterInvalid."""
    first, slash, last = told.partition("/")
    try:
        start, end = (None if part in ("", "..") else parse_time(part) for part in (first, last if slash else first))
        if not slash and start is None or slash and start is None and end is None or start and end and end < start:
            raise ValueError("a time, or two with / between, the first not after the second")
        return start, end and min(end, datetime.max.replace(tzinfo=timezone.utc) - MOMENT) + MOMENT
    except (ValueError, OverflowError) as error:
        raise FilterInvalid([{"key": "datetime", "value": told[:80], "expected": str(error)}]) from None


def shape_of(told: str) -> shapely.Geometry:
    """GeoJSON's geometry, in degrees. Raises FilterInvalid."""
    try:
        shape = shapely.from_geojson(told)
    except (shapely.errors.GEOSException, TypeError, ValueError):
        shape = None
    if shape is None or shape.is_empty or shapely.get_num_coordinates(shape) > VERTICES_MAX or not (
            -180 <= shape.bounds[0] <= shape.bounds[2] <= 180 and -90 <= shape.bounds[1] <= shape.bounds[3] <= 90):
        raise FilterInvalid([{"key": "intersects", "value": told[:80], "expected": f"a GeoJSON geometry in degrees with at most {VERTICES_MAX:,} vertices"}])
    return shape if shape.is_valid else shapely.make_valid(shape)
