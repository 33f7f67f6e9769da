"""Images: lists, one, thumbnails, tiles of one or of all."""

from __future__ import annotations

import shapely
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data import imagery, looks, pixels, spans
from data.records import COLOURMAPS
from errors import FilterInvalid, NotFound
from routes import tilejson
from routes.asking import CACHE, RowId, as_json, asked, database, etag, fresh, kept, not_changed
from routes.looking import seen
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
    tag = etag("thumbnail", found["sha256"], found["rendering"])
    if fresh(request, tag):
        return not_changed(tag)
    body = await run_in_threadpool(pixels.thumbnail, found, THUMBNAIL_PX)
    return Response(body, headers={"ETag": tag, "Cache-Control": CACHE}, media_type="image/webp")


@router.get("/images/{image_id}/values")
async def values(request: Request, image_id: RowId) -> Response:
    """What each band's values reach from and to, and the colours they may be shown in: for a legend."""
    filter = asked(request)
    async with database(request).reading() as session:
        about = await imagery.one(session, filter, image_id)
        found = await imagery.drawn(session, filter, image_id)
    if not found["cog"]:
        raise NotFound(f"image {image_id} is on no tile: its values are not kept")
    dtype, ranges = await run_in_threadpool(pixels.values, found)
    at = lambda key, i: next(iter((about["shown"].get(key) or [])[i:i + 1]), None) or None  # noqa: E731
    bands = [{"band": i + 1, "name": at("names", i), "unit": at("units", i), "least": r.least, "most": r.most, "low": r.low, "high": r.high} for i, r in enumerate(ranges)]
    return as_json({"id": image_id, "dtype": dtype, "bands": bands, "shown": about["shown"], "ramps": {name: looks.ramp(name) for name in COLOURMAPS}})


@router.get("/tiles/imagery/{image}/{z}/{x}/{y}.{format}")
async def tile_of_one(request: Request, image: RowId, z: int, x: int, y: str, format: str) -> Response:
    return await _tile(request, z, x, y, format, image)


@router.get("/tiles/imagery/{z}/{x}/{y}.{format}")
async def tile(request: Request, z: int, x: int, y: str, format: str) -> Response:
    return await _tile(request, z, x, y, format, None)


@router.get("/tiles/imagery/{image}/tilejson.json")
async def described(request: Request, image: RowId) -> Response:
    """TileJSON of one image, as it is asked to be looked at."""
    filter, look, _ = seen(request)
    async with database(request).reading() as session:
        about = await imagery.one(session, filter, image)
    west, south, east, north = (round(v, 7) for v in shapely.geometry.shape(about["footprint"]).bounds)
    return as_json(tilejson.told(request, about["name"], f"imagery/{image}", filter, "webp", also=look.pairs(), minzoom=about["min_zoom"],
                                 maxzoom=min(about["max_zoom"] + 2, ZOOM_MAX), bounds=[west, south, east, north]))


async def _tile(request: Request, z: int, x: int, told_y: str, format: str, image: int | None) -> Response:
    filter, look, order = seen(request)
    y, _, scale = told_y.partition("@")
    if format not in pixels.FORMATS or scale not in ("", "2x") or not y.isdecimal():
        raise NotFound(f"no tile {z}/{x}/{told_y[:20]}.{format[:10]}: .webp or .png, with @2x for twice the size")
    in_range(z, x, int(y), ZOOM_MAX)
    size = TILE_PX * (2 if scale else 1)
    async with database(request).reading() as session:
        tag = etag("imagery", image, z, x, told_y, format, filter.query(), order, look, await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        found = await imagery.under(session, filter, z, x, int(y), image, order=order)
        if image is not None and not found:
            await imagery.one(session, filter, image)  # one that lies elsewhere leaves this tile empty
    if found and image is not None and look.bands and not await run_in_threadpool(pixels.has, found[0], look):
        raise FilterInvalid([{"key": "bands", "value": ",".join(look.bands), "expected": _has(found[0]["rendering"])}])

    async def drawn() -> bytes:
        canvas = pixels.Canvas(z, x, int(y), size, look)
        if image is not None:
            return await run_in_threadpool(canvas.laid, found, format, True)
        async for some, last in imagery.pages(database(request), found, filter, z, x, int(y), order):
            if (body := await run_in_threadpool(canvas.laid, some, format, last)) is not None:
                return body
        raise AssertionError("the last page gives a picture")

    return Response(await kept(request, tag, drawn), headers={"ETag": tag, "Cache-Control": CACHE}, media_type=pixels.FORMATS[format][1])


def _has(rendering: dict) -> str:
    names = ", ".join(f"{number} ({name})" if name else str(number) for number, name in enumerate(rendering.get("names") or (), 1))
    return f"of this image's bands: {names}" if names else "of this image's bands, by number"
