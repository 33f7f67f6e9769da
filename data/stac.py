"""Images and films for STAC: which a search finds, page after page, and what collections of them reach over."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta, timezone

import orjson
import shapely
from sqlalchemy import Text, and_, cast, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from data import imagery, videos
from data.filters import Filter
from data.models import Image, Sortie, Video
from data.query import parse_time
from errors import FilterInvalid

VERTICES_MAX = 2_000
MOMENT = timedelta(microseconds=1)  # times are kept to it, and a Filter's end is not included


After = tuple[datetime, str, int]  # the last of a page: when, `image` or `video`, its number


async def search(session: AsyncConnection, filter: Filter, *, limit: int, after: After | None = None, ids: list[tuple[str, int]] | None = None,
                 sorties: list[int | None] | None = None, intersects: shapely.Geometry | None = None, films: bool = False) -> tuple[list[dict], After | None]:
    """Images, and `films` that tell a place, the newest first, and what the next page comes after; None: there is none. Costs the same however far in it is."""
    def conditions(kind: str, of, at, place) -> list:
        out = [of.id.in_([number for what, number in ids if what == kind])] if ids is not None else []
        if sorties is not None:
            out.append(or_(of.sortie_id.in_([s for s in sorties if s is not None]), *([of.sortie_id.is_(None)] if None in sorties else [])))
        if intersects is not None:
            out.append(func.ST_Intersects(place, func.ST_GeomFromText(shapely.to_wkt(intersects, rounding_precision=7), 4326)))
        if after is not None:
            out.append(or_(at < after[0], and_(at == after[0], of.id < after[2] if kind == after[1] else kind < after[1])))
        return out

    found = await session.execute(
        imagery.rows([*filter.images(), *conditions("image", Image, Image.captured_at, Image.footprint)], Image.sortie_id, Image.original, Image.cog, Sortie.platform, Sortie.sensor)
        .order_by(Image.captured_at.desc(), Image.id.desc()).limit(limit + 1))
    rows = [{**imagery.told(dict(r)), "rendering": r["rendering"], "kind": "image"} for r in found.mappings()]
    if films:
        found = await session.execute(
            videos.rows([*filter.videos(), Video.extent.is_not(None), *conditions("video", Video, Video.started_at, Video.extent)], Video.sortie_id, Video.original, Video.served, Sortie.platform, Sortie.sensor)
            .order_by(Video.started_at.desc(), Video.id.desc()).limit(limit + 1))
        rows = sorted([*rows, *({**videos.told(dict(r)), "kind": "video"} for r in found.mappings())], key=_place_in, reverse=True)
    return rows[:limit], _place_in(rows[limit - 1]) if len(rows) > limit else None


def _place_in(row: dict) -> After:
    """Where a row stands among images and films."""
    return row["captured_at" if row["kind"] == "image" else "started_at"], row["kind"], row["id"]


async def spans(session: AsyncConnection, filter: Filter, sorties: list[int | None]) -> dict[int | None, dict]:
    """Of each collection that has images, or films that tell a place: where they lie (`extent`, an envelope), and their `first` and `last` time."""
    images = select(Image.sortie_id, Image.footprint.label("place"), Image.captured_at.label("first"), Image.captured_at.label("last")).where(Image.world == filter.world_code)
    films = select(Video.sortie_id, Video.extent, Video.started_at, func.greatest(Video.started_at, Video.ended_at)).where(Video.world == filter.world_code, Video.extent.is_not(None))
    both = union_all(images, films).subquery()
    of = or_(both.c.sortie_id.in_([s for s in sorties if s is not None]), *([both.c.sortie_id.is_(None)] if None in sorties else []))
    rows = await session.execute(select(
        both.c.sortie_id, func.min(both.c.first).label("first"), func.max(both.c.last).label("last"),
        cast(func.ST_AsGeoJSON(func.ST_Envelope(func.ST_Collect(both.c.place)), 6), Text).label("extent"),
    ).where(of).group_by(both.c.sortie_id))
    return {r["sortie_id"]: {**r, "extent": orjson.loads(r["extent"])} for r in rows.mappings()}


async def placeless(session: AsyncConnection, filter: Filter, sortie: int) -> int:
    """How many films of a sortie tell no place, and so are no items."""
    return await session.scalar(select(func.count()).where(Video.world == filter.world_code, Video.sortie_id == sortie, Video.extent.is_(None)))


def token_of(after: After) -> str:
    """Where a page ends, as text."""
    return base64.urlsafe_b64encode(f"{after[0].isoformat()} {after[1]} {after[2]}".encode()).decode().rstrip("=")


def after_of(token: str) -> After:
    """What `token_of` made. Raises FilterInvalid."""
    try:
        moment, kind, number = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(" ")
        told, id = datetime.fromisoformat(moment), int(number)
        if told.tzinfo is None or kind not in ("image", "video") or not 0 <= id < 2**63:
            raise ValueError(token)
        return told, kind, id
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
