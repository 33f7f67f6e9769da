"""An area taken along to where there is no link: what it would weigh, its records (a release), its ground.

What is taken lies in the browser of whoever took it, until the time that is told with it (data/taken_times.toml); see docs/field.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import shapely
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data import imagery, own_basemap, pixels, releases, taking
from data.basemap_cut import Cut, cut
from data.filters import Filter
from data.records import BBox
from data.visitor import at_hand, purpose
from errors import FilterInvalid, NotFound
from routes.asking import as_json, asked, database, need_purpose
from settings import serve, store

router = APIRouter(prefix="/api/taking")

HOURS_MAX = 720
IMAGERY_ZOOM_MAX = 20
IMAGERY_TILES_MAX = 3_000
SAMPLE = 12  # tiles that are drawn to say what all of them will weigh
TILE_PX = 256
OWN = ("hours", "imagery_zoom")


@router.get("")
async def plan(request: Request) -> Response:
    """What an area would weigh, before it is taken: its records and ground to the byte, its imagery by a sample of tiles, with the error of that."""
    filter, hours, zoom = _wanted(request)
    now = datetime.now(timezone.utc)
    async with database(request).snapshot() as session:
        found = await taking.taken(session, filter, now, timedelta(hours=hours), pictures=zoom is not None)
        shapes = await taking.footprints(session, filter) if zoom is not None else []
    ground, files = await run_in_threadpool(_ground, filter.bbox)
    told = {
        "bbox": filter.bbox, "zoom_from": zoom_from(filter.bbox), "marking": found.marking, "expires_at": found.kept.until, "because": found.kept.because, "hours_at_most": taking.times()["hours"][found.marking],
        "numbers": found.numbers, "records_bytes": len(found.body),
        "basemap": {"parts": ground, "files": [{"file": name, "bytes": len(part.body), "zoom": part.zoom, "zoom_there": part.zoom_there} for name, part in files.items()]},
        "imagery": await _pictures(request, filter, shapes, zoom) if zoom is not None else None,
    }
    return as_json(told, rows=sum(len(ids) for ids in found.ids.values()))


@router.get("/records")
async def records(request: Request) -> Response:
    """The records of an area, for a map without a server: written down as a release before they are given out."""
    filter, hours, zoom = _wanted(request)
    live = filter.world == "live"
    if live:
        need_purpose("taking an area along")
    visitor, why, now = at_hand(), purpose(), datetime.now(timezone.utc)
    async with database(request).snapshot() as session:
        own = await releases.house(session, visitor.token)
        found = await taking.taken(session, filter, now, timedelta(hours=hours), pictures=zoom is not None)
        if live:
            counted: Counter[tuple[str, bool]] = Counter()
            for (marking, agency), n in found.counted.items():
                counted[marking, agency is not None and agency not in own.values()] += n
            releases.allow(counted, why.recipient, set(own.values()))
        held = await releases.contents(session, found.lines, found.ids) if live else {}
    rows = sum(len(ids) for ids in found.ids.values())
    release = await releases.write(
        database(request), visitor.token, format="area", filter=await request.app.state.recorder.filter_text(filter.pairs()), purpose=why, marking=found.marking, rows=rows,
        sha256=hashlib.sha256(found.body).digest(), records=held) if live else None
    return Response(found.body, media_type="application/json", headers={
        "Cache-Control": "no-store", "X-Rows": str(rows), "X-Bytes": str(len(found.body)), **({"X-Release": str(release)} if release is not None else {})})


@router.get("/basemap/{name}")
async def ground(request: Request, name: str) -> Response:
    """The part of one archive of the basemap that lies in the area, as an archive of its own; 204 where it has nothing there."""
    filter = asked(request)
    bbox = _box(filter)
    path = _archives().get(name)
    if path is None:
        raise NotFound(f"no basemap archive {name[:80]}")
    part = await run_in_threadpool(cut, path, bbox, zoom_from(bbox))
    if not part.body:
        return Response(status_code=204)
    return Response(part.body, media_type="application/vnd.pmtiles", headers={"Cache-Control": "no-store", "X-Bytes": str(len(part.body))})


# -- what is asked for ------------------------------------------------------------------------------------------------


def _wanted(request: Request) -> tuple[Filter, int, int | None]:
    """The filter, for how many hours, and to which zoom imagery is wanted, if at all. Raises FilterInvalid."""
    filter, problems = asked(request, *OWN), []
    hours, zoom = request.query_params.get("hours", "24"), request.query_params.get("imagery_zoom")
    if not (hours.isascii() and hours.isdecimal() and 1 <= int(hours[:6]) <= HOURS_MAX):
        problems.append({"key": "hours", "value": hours[:40], "expected": f"1 to {HOURS_MAX} hours"})
    if zoom is not None and not (zoom.isascii() and zoom.isdecimal() and int(zoom[:6]) <= IMAGERY_ZOOM_MAX):
        problems.append({"key": "imagery_zoom", "value": zoom[:40], "expected": f"a zoom from 0 to {IMAGERY_ZOOM_MAX}"})
    if problems:
        raise FilterInvalid(problems)
    _box(filter)
    return filter, int(hours), None if zoom is None else int(zoom)


def _box(filter: Filter) -> BBox:
    """The box that is to be taken. Raises FilterInvalid when there is none, or it crosses 180 degrees."""
    if filter.bbox is None or filter.bbox[0] >= filter.bbox[2]:
        told = "none" if filter.bbox is None else ",".join(f"{v:g}" for v in filter.bbox)
        raise FilterInvalid([{"key": "bbox", "value": told, "expected": "west,south,east,north of the area, west below east; one across 180 degrees is taken in two"}])
    return filter.bbox


def zoom_from(bbox: BBox) -> int:
    """How far out an area may be looked at: a zoom at which it is about half a screen.

    >>> zoom_from((-99.05, 25.7, -96.75, 26.75)), zoom_from((-180, -80, 180, 80))
    (6, 0)
    """
    west, south, east, north = bbox
    return max(0, min(18, math.floor(math.log2(360 / max(east - west, north - south))) - 1))


# -- the ground -------------------------------------------------------------------------------------------------------


def _parts() -> dict:
    """What the map is drawn of, as /api/basemap/parts.json tells it."""
    own = serve().basemap_file
    if own is not None:
        return {"style": own_basemap.style(own)} if own.suffix.lower() == ".json" else {"own": own.name}
    path = store().basemap / "parts.json"
    told = json.loads(path.read_text()) if path.exists() else {"layers": {}, "relief": None, "attribution": []}
    return {key: told.get(key) for key in ("layers", "relief", "attribution")}


def _archives() -> dict[str, Path]:
    own = serve().basemap_file
    if own is not None:
        return {path.name: path for path in own_basemap.archives(own)}
    told = _parts()
    named = {part["file"] for parts in told["layers"].values() for part in parts} | ({told["relief"]} if told["relief"] else set())
    return {name: store().basemap / name for name in sorted(named) if (store().basemap / name).is_file()}


def _ground(bbox: BBox) -> tuple[dict, dict[str, Cut]]:
    """The parts a map of the area is drawn of, and the cut of each archive that has something there."""
    told, least = _parts(), zoom_from(bbox)
    # What is drawn only further out than the area may be looked at stays here.
    layers = {name: [part for part in parts if part["to"] > least] for name, parts in told.get("layers", {}).items()}
    wanted = {part["file"] for parts in layers.values() for part in parts} | {told.get("relief")} if "layers" in told else set(_archives())
    cuts = {name: made for name, path in _archives().items() if name in wanted and (made := cut(path, bbox, least)).body}
    if "layers" not in told:
        return told, cuts
    kept = {name: [part for part in parts if part["file"] in cuts] for name, parts in layers.items()}
    return {"layers": kept, "relief": told["relief"] if told["relief"] in cuts else None, "attribution": told["attribution"]}, cuts


# -- imagery ----------------------------------------------------------------------------------------------------------


async def _pictures(request: Request, filter: Filter, shapes: list[bytes], zoom: int) -> dict:
    """The tiles that pictures lie on, as [z, x, y], and what they will weigh: the mean of a sample times their number, with twice the error of that."""
    tiles = await run_in_threadpool(_tiles, filter.bbox, shapes, zoom)
    sample = random.Random(0).sample(tiles, min(SAMPLE, len(tiles)))  # the same each time it is asked
    sizes = await asyncio.gather(*(_weight(request, filter, tile) for tile in sample))
    if not sizes:
        return {"tiles": [], "bytes": 0, "error_bytes": 0, "sampled": 0}
    mean = sum(sizes) / len(sizes)
    spread = math.sqrt(sum((size - mean) ** 2 for size in sizes) / max(1, len(sizes) - 1))
    rest = 1 - len(sizes) / len(tiles)  # nothing is unknown of those that were drawn
    return {"tiles": tiles, "bytes": round(mean * len(tiles)), "error_bytes": round(2 * spread / math.sqrt(len(sizes)) * len(tiles) * math.sqrt(rest)), "sampled": len(sizes)}


def _tiles(bbox: BBox, shapes: list[bytes], zoom: int) -> list[tuple[int, int, int]]:
    """Tiles of all zooms up to `zoom` on which a footprint and the area meet. Raises FilterInvalid when there are too many."""
    area = shapely.box(*bbox)
    found: list[tuple[int, int, int]] = []
    inside = [shape for shape in shapely.intersection(shapely.from_wkb(shapes), area) if not shape.is_empty] if shapes else []
    for z in range(zoom_from(bbox), zoom + 1):
        at: set[tuple[int, int]] = set()
        for shape in inside:
            west, south, east, north = shape.bounds
            x0, y0 = _at(west, north, z)
            x1, y1 = _at(east, south, z)
            if (x1 - x0 + 1) * (y1 - y0 + 1) > IMAGERY_TILES_MAX * 10:
                raise _too_many(z)
            at.update((x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1) if (x, y) not in at and shapely.intersects(shape, _outline(x, y, z)))
            if len(found) + len(at) > IMAGERY_TILES_MAX:
                raise _too_many(z)
        found += [(z, x, y) for x, y in sorted(at)]
    return found


def _too_many(zoom: int) -> FilterInvalid:
    return FilterInvalid([{"key": "imagery_zoom", "value": str(zoom), "expected": f"a zoom with at most {IMAGERY_TILES_MAX:,} tiles in all; this area has more by zoom {zoom}: take less of it, or a smaller zoom"}])


def _at(lon: float, lat: float, z: int) -> tuple[int, int]:
    n, lat = 2**z, math.radians(max(-85.05, min(85.05, lat)))
    column, row = (lon + 180) / 360 * n, (1 - math.asinh(math.tan(lat)) / math.pi) / 2 * n
    return min(n - 1, max(0, int(column))), min(n - 1, max(0, int(row)))


def _outline(x: int, y: int, z: int) -> shapely.Geometry:
    n = 2**z
    lat = lambda row: math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / n))))  # noqa: E731
    return shapely.box(x / n * 360 - 180, lat(y + 1), (x + 1) / n * 360 - 180, lat(y))


async def _weight(request: Request, filter: Filter, tile: tuple[int, int, int]) -> int:
    """The bytes of one tile of imagery, as /api/tiles/imagery would give it."""
    async with database(request).reading() as session:
        found = await imagery.under(session, filter, *tile, None, order="newest")
    canvas = pixels.Canvas(*tile, TILE_PX)
    async for some, last in imagery.pages(database(request), found, filter, *tile, "newest"):
        if (body := await run_in_threadpool(canvas.laid, some, "webp", last)) is not None:
            return len(body)
    raise AssertionError("the last page gives a picture")
