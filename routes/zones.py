"""Zones an operation is judged by: proposed, changed as a new version, locked for good."""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson
import shapely
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data import analysis_ground, zones
from data.query import parse_time
from data.visitor import at_hand
from data.zones import ZonesRefused, ZonesTold
from routes.asking import RowId, as_json, asked, database
from routes.told import text_of, told

router = APIRouter(prefix="/api/zones")

BEFORE_DAYS = 364
KEYS = ("name", "starts_at", "ends_at", "zones", "agency", "marking")


@router.get("")
async def listed(request: Request) -> Response:
    """The newest version of each, with who locked it and its hash, where it is locked."""
    async with database(request).reading() as session:
        rows = await zones.listed(session, asked(request).world)
    return as_json({"rows": rows}, rows=len(rows))


@router.post("")
async def add(request: Request) -> Response:
    """New zones, open until they are locked."""
    return await _keep(request, None)


@router.post("/proposed")
async def propose(request: Request) -> Response:
    """A buffer and control areas for an operation (`geometry`, `starts_at`, `ends_at`, `buffer_km`, `controls`), made of what was before it alone. Nothing is kept."""
    body = await told(request, "geometry", "starts_at", "ends_at", "buffer_km", "controls")
    begun, over, area = _moment(body, "starts_at"), _moment(body, "ends_at"), _shape(body.get("geometry"))
    buffer_km, controls = body.get("buffer_km", 0), body.get("controls", 3)
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in (buffer_km, controls)) or not 0 <= buffer_km <= 500 or not 1 <= controls <= 20:
        raise ZonesRefused("buffer_km: expected 0 to 500 km; controls: expected 1 to 20")
    before = asked(request).but(start=begun - timedelta(days=BEFORE_DAYS), end=begun, at=None, area=(), bbox=None)
    async with database(request).reading() as session:
        points = await analysis_ground.points(session, before)
    found = await run_in_threadpool(_proposed, points, area, begun.isoformat(), over.isoformat(), float(buffer_km), int(controls))
    zones_ = [{"role": z.role, "name": z.name, "geometry": orjson.Fragment(shapely.to_geojson(z.geometry))} for z in found.zones.itertuples()]
    return as_json({"zones": zones_, "words": found.words}, rows=len(points))


@router.put("/{number}")
async def change(request: Request, number: RowId) -> Response:
    """A new version, which is open: what was judged by the one before stands with its hash."""
    return await _keep(request, number)


@router.post("/{number}/lock")
async def lock(request: Request, number: RowId) -> Response:
    """Lock the newest version (`version` says which one you looked at) for good."""
    version = (await told(request, "version")).get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise ZonesRefused("version: expected the number of the version you looked at")
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"zones:{number}", to=f"version {version} locked")
    found = await zones.lock(database(request), at_hand().token, number, version)
    return as_json({"id": number, "version": version, "hash": found})


async def _keep(request: Request, of: int | None) -> Response:
    world = asked(request).world
    said = zones_of(await told(request, *KEYS))
    await request.app.state.recorder.record("change", at_hand().recorded_as, of="zones" if of is None else f"zones:{of}", to=f"{len(said.zones)} zones, {said.marking}", agencies=said.agency)
    number, version = await zones.keep(database(request), at_hand().token, world, said, of)
    return as_json({"id": number, "version": version}, status=201 if of is None else 200)


def zones_of(body: dict) -> ZonesTold:
    """The zones that a body tells of. Raises ZonesRefused, InputRefused."""
    found = body.get("zones")
    if not isinstance(found, list) or not all(isinstance(zone, dict) for zone in found):
        raise ZonesRefused("zones: expected a list of objects with role, name and geometry")
    shapes = []
    for zone in found:
        shapes.append((text_of(zone, "role", 20, "") or "", text_of(zone, "name", 100, "") or "", _shape(zone.get("geometry"))))
    return ZonesTold((text_of(body, "name", 200, "") or "").strip(), _moment(body, "starts_at"), _moment(body, "ends_at"), tuple(shapes), text_of(body, "agency", 100),
                     text_of(body, "marking", 20, "TLP:AMBER"))


def _proposed(points, area: shapely.Geometry, begun: str, over: str, buffer_km: float, controls: int):
    from analysis.effects.zones import proposed  # statistics take seconds to load

    land = analysis_ground.land(analysis_ground.box(points, None))
    return proposed(points, area, begun, over, before_days=BEFORE_DAYS, buffer_km=buffer_km, controls=controls, land=land)


def _shape(geometry: object) -> shapely.Geometry:
    try:
        return shapely.from_geojson(orjson.dumps(geometry))
    except (shapely.errors.GEOSException, TypeError):
        raise ZonesRefused("geometry: expected a Polygon or MultiPolygon as GeoJSON, in EPSG:4326") from None


def _moment(body: dict, key: str) -> datetime:
    try:
        return parse_time(text_of(body, key, 40, "") or "")
    except ValueError as error:
        raise ZonesRefused(f"{key}: expected {error}") from None
