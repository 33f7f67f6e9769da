"""The imagery a briefing carries with it: the mosaic's tiles as the map shows them, zoom by zoom, as deep as a file may be large."""

from __future__ import annotations

import math
import time
from functools import partial

import geopandas
import numpy as np
import shapely
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.concurrency import run_in_threadpool

from data import imagery, pixels
from data.filters import Filter
from data.models import Image
from data.quadkey import MAX_LATITUDE_DEG, RADIUS_M
from errors import PictureLost
from exports.held import Held

BYTES_MAX, TILES_MAX, SECONDS_MAX = 12_000_000, 2_500, 30
TILE_PX = 256
SEEN_PX = 12  # an image that wide is looked at; further out it is a dot
GROWS = 2.5  # the least that a zoom has more bytes than the one before, so that none is drawn in vain


async def held(session: AsyncConnection, filter: Filter, frame: geopandas.GeoDataFrame) -> Held:
    """Tiles of the images of `frame` (their outlines in degrees). A zoom is held as a whole or not at all, so that nothing seems to be where no tile is."""
    if not len(frame):
        return Held()
    on_tiles, finest = (await session.execute(select(func.count(), func.max(Image.max_zoom)).where(*filter.images(), Image.cog.isnot(None)))).one()
    without = len(frame) - on_tiles
    if not on_tiles:
        return Held(without=without)
    parts = shapely.get_parts(frame.geometry.values)
    west, south, east, north = shapely.bounds(parts).T
    first = min(finest, max(0, math.floor(math.log2(360 * SEEN_PX / TILE_PX / max(float((east - west).max()), 1e-7)))))
    tiles, lost, levels, why = {}, set(), [], None
    begun, before = time.monotonic(), 0
    while first > 0 and await run_in_threadpool(cells, parts, first, TILES_MAX) is None:
        first -= 1
    for z in range(first, finest + 1):
        wanted = await run_in_threadpool(cells, parts, z, TILES_MAX - len(tiles))
        if wanted is None:
            why = f"at most {TILES_MAX:,} tiles go into a file"
            break
        size = sum(map(len, tiles.values()))
        if size + before * GROWS > BYTES_MAX:
            why = _large()
            break
        level: dict = {}
        for x, y in wanted:
            if (body := await _tile(session, filter, z, x, y, lost)) is not None:
                level[z, x, y] = body
            if size + sum(map(len, level.values())) > BYTES_MAX:
                why = _large()
            elif time.monotonic() - begun > SECONDS_MAX:
                why = f"at most {SECONDS_MAX} s are spent on it"
            if why:
                break
        if why:
            break
        tiles |= level
        before = sum(map(len, level.values()))
        levels.append(z)
    most = levels[-1] if levels else 0
    metres = math.cos(math.radians(float(np.clip((south.min() + north.max()) / 2, -85, 85)))) * 2 * math.pi * RADIUS_M / TILE_PX / 2**most
    return Held(tiles, levels[0] if levels else 0, most, finest, metres, why, without, len(lost))


def _large() -> str:
    return f"at most {BYTES_MAX / 1e6:.0f} MB of imagery go into a file"


def cells(parts: np.ndarray, z: int, most: int) -> list[tuple[int, int]] | None:
    """Columns and rows of the tiles that shapes (degrees) meet at a zoom; None: more than `most`."""
    found: set[tuple[int, int]] = set()
    for part, (west, south, east, north) in zip(parts, shapely.bounds(parts)):
        (x0, y0), (x1, y1) = _cell(west, north, z), _cell(east, south, z)
        if (x1 - x0 + 1) * (y1 - y0 + 1) > 4 * most:
            return None
        shapely.prepare(part)
        found.update((x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1) if (x, y) not in found and part.intersects(_box(x, y, z)))
        if len(found) > most:
            return None
    return sorted(found)


def _cell(lon: float, lat: float, z: int) -> tuple[int, int]:
    n, lat = 1 << z, math.radians(min(max(lat, -MAX_LATITUDE_DEG), MAX_LATITUDE_DEG))
    x, y = math.floor((lon + 180) / 360 * n), math.floor((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * n)
    return min(max(x, 0), n - 1), min(max(y, 0), n - 1)


def _box(x: int, y: int, z: int) -> shapely.Polygon:
    n = 1 << z
    south, north = (math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / n)))) for row in (y + 1, y))
    return shapely.box(x / n * 360 - 180, south, (x + 1) / n * 360 - 180, north)


async def _tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int, lost: set[int]) -> bytes | None:
    """The mosaic's tile as the map has it; of an image whose picture is gone the number goes into `lost`."""
    canvas, offset, limit = pixels.Canvas(z, x, y, TILE_PX), 0, imagery.PAGE
    while True:
        found = await imagery.under(session, filter, z, x, y, limit=limit, offset=offset)
        await run_in_threadpool(_lay, canvas, found, lost)
        if canvas.full or len(found) < limit:
            break
        offset, limit = offset + limit, imagery.PAGE_MAX
    return None if canvas.empty else await run_in_threadpool(partial(canvas.encoded, "webp"))


def _lay(canvas: pixels.Canvas, images: list[dict], lost: set[int]) -> None:
    for image in images:
        try:
            canvas.lay([image])
        except PictureLost:
            lost.add(image["id"])
