"""Watch areas as GeoJSON; drawn, changed and ended from the page."""

from __future__ import annotations

import orjson
import shapely
from fastapi import APIRouter, Request, Response

from analysis.events.settable import schedule
from data import watch_areas
from data.visitor import at_hand
from data.watch_areas import AreaRefused, AreaTold
from routes.asking import RowId, as_json, asked, database
from routes.told import text_of, told

router = APIRouter(prefix="/api/watch-areas")

KEYS = ("name", "geometry", "warning_m", "critical", "agency", "operation", "zone", "windows", "marking")


@router.get("")
async def listed(request: Request) -> Response:
    """Those that are watched, or were at `known_at`; `warning_line` is the line outside, where there is one."""
    async with database(request).reading() as session:
        found = await watch_areas.listed(session, asked(request))
    return as_json(found, rows=len(found["features"]))


@router.post("")
async def add(request: Request) -> Response:
    """A new area."""
    return await _keep(request, None)


@router.put("/{area_id}")
async def change(request: Request, area_id: RowId) -> Response:
    """A new version of an area, as it is told now; the one before stays on record."""
    return await _keep(request, area_id)


@router.delete("/{area_id}")
async def end(request: Request, area_id: RowId) -> Response:
    """It is watched no more; what happened in it stays."""
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"watch-area:{area_id}", to="ended")
    await watch_areas.end(database(request), at_hand().token, area_id)
    return as_json({"id": area_id, "ended": True})


async def _keep(request: Request, of: int | None) -> Response:
    world = asked(request).world
    area = area_of(await told(request, *KEYS))
    await request.app.state.recorder.record("change", at_hand().recorded_as, of="watch-area" if of is None else f"watch-area:{of}", to=f"{area.warning_m:g} m, {area.marking}",
                                            agencies=area.agency)
    number, version = await watch_areas.keep(database(request), at_hand().token, world, area, of)
    return as_json({"id": number, "version": version}, status=201 if of is None else 200)


def area_of(body: dict) -> AreaTold:
    """The area that a body tells of. Raises AreaRefused, RuleRefused, InputRefused."""
    try:
        shape = shapely.from_geojson(orjson.dumps(body.get("geometry")))
    except (shapely.errors.GEOSException, TypeError):
        raise AreaRefused("geometry: expected a Polygon or MultiPolygon as GeoJSON, in EPSG:4326") from None
    warning, critical, windows = body.get("warning_m", 0), body.get("critical", False), body.get("windows", [])
    if isinstance(warning, bool) or not isinstance(warning, (int, float)):
        raise AreaRefused("warning_m: expected a number of metres")
    if not isinstance(critical, bool) or not isinstance(windows, list) or not all(isinstance(w, str) for w in windows) or len(windows) > 50:
        raise AreaRefused("critical: expected true or false; windows: expected a list of texts such as 'fri 22:00-sat 06:00'")
    on = schedule(text_of(body, "zone", 60, "UTC"), windows)
    return AreaTold((text_of(body, "name", 200, "") or "").strip(), shape, float(warning), critical, text_of(body, "agency", 100), text_of(body, "operation", 100), on.zone,
                    on.windows, text_of(body, "marking", 20, "TLP:AMBER"))
