"""Images out of the database: lists, one, and which of them a tile needs."""

from __future__ import annotations

import orjson
from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from data.filters import Filter
from data.models import Agency, Image, ImageOffset, Sortie, Source
from data.quadkey import loose_ranges
from data.sessions import Database
from errors import NotFound

ORDERS = ("newest", "oldest", "sharpest", "sortie")  # what lies on top
PAGE = 8  # images that are asked for first; most tiles are full with one
PAGE_MAX = 64
PIXEL_ZOOMS = 8  # so many zooms above the one where it is one tile, an image is one pixel


def rows(conditions, *also):
    """Images with their sortie, agency and source."""
    return (
        select(
            Image.id, Image.world, Image.name, Image.product, Image.pose, Image.cog.isnot(None).label("on_tiles"), Image.captured_at, Image.gsd_m,
            Image.width_px, Image.height_px, Image.bands, Image.dtype, Image.crs, Image.min_zoom, Image.max_zoom, Image.sha256, Image.marking,
            Image.recorded_at, Image.rendering,
            Sortie.key.label("sortie"), Agency.name.label("agency"), Source.name.label("source"), Source.grade, Source.handling,
            cast(func.ST_AsGeoJSON(Image.footprint, 7), Text).label("footprint"), *also,
        )
        .outerjoin(Source, Source.id == Image.source_id)
        .outerjoin(Sortie, Sortie.id == Image.sortie_id).outerjoin(Agency, Agency.id == Image.agency_id)
        .where(*conditions)
    )


def told(row: dict) -> dict:
    """A row of `rows` as it is told."""
    rendering = row.pop("rendering")
    shown = {"bands": rendering.get("bands"), "names": rendering.get("names"), "colormap": rendering.get("colormap"), "scale": rendering.get("scale"),
             **({"units": rendering["units"]} if rendering.get("units") else {})}
    return {**row, "world": "exercise" if row["world"] else "live", "footprint": orjson.loads(row["footprint"]), "corners": rendering.get("corners"), "shown": shown}


async def page(session: AsyncConnection, filter: Filter, *, limit: int, offset: int) -> dict:
    """One page of the images, newest first."""
    total = await session.scalar(select(func.count()).select_from(Image).where(*filter.images()))
    found = await session.execute(rows(filter.images()).order_by(Image.captured_at.desc(), Image.id.desc()).limit(limit).offset(offset))
    return {"total": total, "rows": [told(dict(r)) for r in found.mappings()]}


async def one(session: AsyncConnection, filter: Filter, image_id: int) -> dict:
    """One image of the filter's world. Raises NotFound."""
    row = (await session.execute(rows([Image.id == image_id, *Filter(world=filter.world, at=filter.at).images()], Image.provenance))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no image {image_id} in the {filter.world} world{filter.by_then}")
    return told(dict(row))


async def drawn(session: AsyncConnection, filter: Filter, image_id: int) -> dict:
    """What one image is drawn from: its COG, or the preview that was made of it. Raises NotFound."""
    row = (await session.execute(select(Image.id, Image.cog, Image.sha256, Image.rendering)
                                 .where(Image.world == filter.world_code, Image.id == image_id))).mappings().one_or_none()
    if row is None or not (row["cog"] or row["rendering"].get("preview")):
        raise NotFound(f"no image {image_id} in the {filter.world} world")
    return dict(row)


async def under(session: AsyncConnection, filter: Filter, z: int, x: int, y: int, image_id: int | None = None, *, order: str = "newest", limit: int = PAGE,
                offset: int = 0) -> list[dict]:
    """The images that meet a tile and are a pixel or more of it, the topmost first: what is needed to draw them."""
    # 3857 -> 4326: footprints are in degrees
    envelope = func.ST_Transform(func.ST_TileEnvelope(z, x, y), 4326)
    columns = select(
        Image.id, Image.cog, Image.sha256, Image.rendering, Image.max_zoom, func.ST_AsBinary(Image.footprint).label("shape"), ImageOffset.east_m, ImageOffset.north_m,
    ).outerjoin(ImageOffset, and_(ImageOffset.image_id == Image.id, ImageOffset.undone_at.is_(None)))
    if image_id is not None:
        rows = await session.execute(columns.where(Image.world == filter.world_code, Image.id == image_id, Image.cog.isnot(None),
                                                   func.ST_Intersects(Image.footprint, envelope)))
    else:
        ranges, larger = loose_ranges(z, x, y)
        near = or_(*(Image.cell.between(lo, hi) for lo, hi in ranges), Image.cell.in_(larger or [-1]))
        rows = await session.execute(columns.where(*filter.images(), near, Image.cog.isnot(None), Image.min_zoom <= z + PIXEL_ZOOMS,
                                                   func.ST_Intersects(Image.footprint, envelope)).order_by(*_on_top(order)).limit(limit).offset(offset))
    return [{**r, "offset": None if r["east_m"] is None else (r["east_m"], r["north_m"])} for r in rows.mappings()]


async def pages(database: Database, first: list[dict], filter: Filter, z: int, x: int, y: int, order: str) -> AsyncIterator[tuple[list[dict], bool]]:
    """The images of a mosaic, as many at a time as a tile may still need, and whether they are the last: `first` are PAGE of `under`; then more each time."""
    found, offset, limit = first, 0, PAGE
    yield found, len(found) < limit
    while len(found) == limit:
        offset, limit = offset + limit, min(2 * limit, PAGE_MAX)
        async with database.reading() as session:
            found = await under(session, filter, z, x, y, order=order, limit=limit, offset=offset)
        yield found, len(found) < limit


def _on_top(order: str) -> list[ColumnElement]:
    """What to sort by. A frame lies below the orthophotos of its own flight, whatever the order."""
    flight = select(Sortie.started_at).where(Sortie.id == Image.sortie_id).correlate(Image).scalar_subquery()
    taken = func.extract("epoch", Image.captured_at)
    key = {"newest": -taken, "oldest": taken, "sharpest": func.coalesce(Image.gsd_m, float("inf")),
           "sortie": -func.extract("epoch", func.coalesce(flight, Image.captured_at))}[order]
    of_flight = aliased(Image)
    theirs_taken = func.extract("epoch", of_flight.captured_at)
    theirs = {"newest": -theirs_taken, "oldest": theirs_taken, "sharpest": of_flight.gsd_m, "sortie": None}[order]
    if theirs is not None:
        lowest = select(func.max(theirs)).where(of_flight.sortie_id == Image.sortie_id, of_flight.product == "orthophoto").correlate(Image).scalar_subquery()
        key = case((Image.product == "frame", func.greatest(key, lowest)), else_=key)
    return [key, *([Image.sortie_id] if order == "sortie" else []), Image.product == "frame", Image.captured_at.desc(), Image.id.desc()]
