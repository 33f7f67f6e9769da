"""Images out of the database: lists, one, and which of them a tile needs."""

from __future__ import annotations

import orjson
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, Image, Sortie, Source
from data.quadkey import cell_ancestors, cell_range
from errors import NotFound

MOSAIC_MAX = 40  # images under one tile that are opened; a tile that is still not full then shows what they gave


def _rows(conditions):
    return (
        select(
            Image.id, Image.world, Image.name, Image.product, Image.pose, Image.cog.isnot(None).label("on_tiles"), Image.captured_at, Image.gsd_m, Image.width_px, Image.height_px, Image.bands, Image.dtype,
            Image.crs, Image.min_zoom, Image.max_zoom, Image.sha256, Image.marking, Image.recorded_at, Image.rendering,
            Sortie.key.label("sortie"), Agency.name.label("agency"), Source.name.label("source"), Source.grade, Source.handling,
            cast(func.ST_AsGeoJSON(Image.footprint, 7), Text).label("footprint"),
        )
        .outerjoin(Source, Source.id == Image.source_id)
        .outerjoin(Sortie, Sortie.id == Image.sortie_id).outerjoin(Agency, Agency.id == Image.agency_id)
        .where(*conditions)
    )


def _told(row: dict) -> dict:
    rendering = row.pop("rendering")
    return {**row, "world": "exercise" if row["world"] else "live", "footprint": orjson.loads(row["footprint"]), "corners": rendering.get("corners")}


async def page(session: AsyncConnection, filter: Filter, *, limit: int, offset: int) -> dict:
    """One page of the images, newest first."""
    total = await session.scalar(select(func.count()).select_from(Image).where(*filter.images()))
    rows = await session.execute(_rows(filter.images()).order_by(Image.captured_at.desc(), Image.id.desc()).limit(limit).offset(offset))
    return {"total": total, "rows": [_told(dict(r)) for r in rows.mappings()]}


async def one(session: AsyncConnection, filter: Filter, image_id: int) -> dict:
    """One image of the filter's world. Raises NotFound."""
    row = (await session.execute(_rows([Image.id == image_id, *Filter(world=filter.world, at=filter.at).images()]))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no image {image_id} in the {filter.world} world{filter.by_then}")
    return _told(dict(row))


async def drawn(session: AsyncConnection, filter: Filter, image_id: int) -> dict:
    """What one image is drawn from: its COG, or the preview that was made of it. Raises NotFound."""
    row = (await session.execute(select(Image.id, Image.cog, Image.sha256, Image.rendering)
                                 .where(Image.world == filter.world_code, Image.id == image_id))).mappings().one_or_none()
    if row is None or not (row["cog"] or row["rendering"].get("preview")):
        raise NotFound(f"no image {image_id} in the {filter.world} world")
    return dict(row)


async def under(session: AsyncConnection, filter: Filter, z: int, x: int, y: int, image_id: int | None = None) -> list[dict]:
    """The images that meet a tile, newest first: what is needed to draw them."""
    lo, hi = cell_range(z, x, y)
    # 3857 -> 4326: footprints are in degrees
    envelope = func.ST_Transform(func.ST_TileEnvelope(z, x, y), 4326)
    conditions = filter.images() if image_id is None else [Image.world == filter.world_code, Image.id == image_id]
    rows = await session.execute(
        select(Image.id, Image.cog, Image.sha256, Image.rendering, Image.max_zoom)
        .where(*conditions, Image.cog.isnot(None), or_(Image.cell.between(lo, hi), Image.cell.in_(cell_ancestors(z, x, y) or [-1])),
               func.ST_Intersects(Image.footprint, envelope))
        .order_by(Image.captured_at.desc(), Image.id.desc()).limit(MOSAIC_MAX)
    )
    return [dict(r) for r in rows.mappings()]
