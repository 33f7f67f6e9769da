"""Images: lists, one, thumbnails, tiles of one or of all, newest on top."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data import imagery, pixels, spans
from errors import NotFound
from routes.asking import CACHE, RowId, as_json, asked, database, etag, fresh, kept, not_changed
from routes.paging import KEYS, paging
from routes.seizures import in_range

router = APIRouter(prefix="/api")

ZOOM_MAX = 24
TILE_PX = 256
THUMBNAIL_PX = 512


@router.get("/images")
async def listed(request: Request) -> Response:
    filter = asked(request, *KEYS)
    page = paging(request, ("captured",), "-captured")
    async with database(request).reading() as session:
        return as_json(await imagery.page(session, filter, limit=page["limit"], offset=page["offset"]))


@router.get("/images/{image_id}")
async def one(request: Request, image_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        return as_json(await imagery.one(session, filter, image_id))


@router.get("/images/{image_id}/thumbnail.webp")
async def thumbnail(request: Request, image_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        found = await imagery.drawn(session, filter, image_id)
    tag = etag("thumbnail", found["sha256"])
    if fresh(request, tag):
        return not_changed(tag)
    body = await run_in_threadpool(pixels.thumbnail, found, THUMBNAIL_PX)
    return Response(body, headers={"ETag": tag, "Cache-Control": CACHE}, media_type="image/webp")


@router.get("/tiles/imagery/{image}/{z}/{x}/{y}.{format}")
async def tile_of_one(request: Request, image: RowId, z: int, x: int, y: str, format: str) -> Response:
    return await _tile(request, z, x, y, format, image)


@router.get("/tiles/imagery/{z}/{x}/{y}.{format}")
async def tile(request: Request, z: int, x: int, y: str, format: str) -> Response:
    return await _tile(request, z, x, y, format, None)


async def _tile(request: Request, z: int, x: int, told_y: str, format: str, image: int | None) -> Response:
    filter = asked(request)
    y, _, scale = told_y.partition("@")
    if format not in pixels.FORMATS or scale not in ("", "2x") or not y.isdecimal():
        raise NotFound(f"no tile {z}/{x}/{told_y[:20]}.{format[:10]}: .webp or .png, with @2x for twice the size")
    in_range(z, x, int(y), ZOOM_MAX)
    size = TILE_PX * (2 if scale else 1)
    async with database(request).reading() as session:
        tag = etag("imagery", image, z, x, told_y, format, filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        found = await imagery.under(session, filter, z, x, int(y), image)
    if image is not None and not found:
        raise NotFound(f"image {image} is not in this tile, or not in the {filter.world} world")

    async def drawn() -> bytes:
        # Nothing there is an empty picture: map libraries take a 204 for a picture that is broken.
        return (await run_in_threadpool(pixels.tile, found, z, x, int(y), size, format) if found else None) or pixels.empty(format)

    return Response(await kept(request, tag, drawn), headers={"ETag": tag, "Cache-Control": CACHE}, media_type=pixels.FORMATS[format][1])
