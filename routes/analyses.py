"""Analyses: asked for under the filter, worked off by a job, looked at, called off. What a withheld one found is nowhere (data/analyses.py)."""

from __future__ import annotations

from functools import lru_cache

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from analysis import methods
from data import analyses, zones
from data.analyses import PAGE_MAX, AnalysisRefused
from data.visitor import at_hand
from errors import InputRefused
from routes.asking import RowId, as_json, as_tile, asked, database, etag, fresh, kept, need_purpose, not_changed
from routes.seizures import in_range
from routes.told import told

router = APIRouter(prefix="/api")

ZOOM_MAX = 16
LISTED = 100
UNITS_MAX = 500
UNIT_KEYS = {"name": str, "kind": str, "lon": float, "lat": float, "reach_km": float, "shifts": int}
UNIT_KINDS = ("patrol", "drone", "sensor")
FROM_ZONES = ("start", "end")  # of an operation's effect: never somebody's to choose once they see results


@lru_cache
def _methods() -> list[dict]:
    return methods.told()


@router.get("/analyses/methods")
async def listed_methods() -> Response:
    """Every method there is, with its knobs, its legend and where it comes from."""
    return as_json(await run_in_threadpool(_methods))


@router.get("/analyses")
async def listed(request: Request) -> Response:
    """The newest analyses of the filter's world that one may see."""
    filter = asked(request)
    async with database(request).reading() as session:
        rows = await analyses.listed(session, filter.world_code, at_hand(), limit=LISTED)
    return as_json({"rows": rows}, rows=len(rows))


@router.post("/analyses")
async def ask(request: Request) -> Response:
    """Ask for one of this filter: `method`, `knobs`, of an operation's effect `zones` (their number), of an allocation `units`. The same question is answered from the record."""
    filter = asked(request)
    body = await told(request, "method", "knobs", "zones", "units")
    if filter.world == "live":
        need_purpose("an analysis of live records")
    async with database(request).writing() as session:
        found, new = await begun(session, filter, body)
    return as_json(found, status=202 if new else 200, rows=0)


async def begun(session, filter, body: dict) -> tuple[dict, bool]:
    """The analysis that a body asks for, and whether it was asked just now. Raises AnalysisRefused, KnobRefused, Forbidden, TooMuch, of zones ZonesOpen, NotFound."""
    name, knobs = body.get("method"), body.get("knobs", {})
    if not isinstance(name, str) or not isinstance(knobs, dict) or not all(isinstance(v, (str, int, float, bool)) for v in knobs.values()):
        raise AnalysisRefused("method: expected the name of one; knobs: expected an object of texts, numbers, true and false")
    of = await run_in_threadpool(methods.by_name, name)
    if of.FAMILY == "effect":  # its zones say where and when: the ground and time somebody looks at now would cut off what it is held against
        filter = filter.but(start=None, end=None, at=None, bbox=None, area=())
    run, new = await analyses.ask(session, at_hand(), filter, of.FAMILY, name, of.VERSION, await _parameters(session, filter, of, knobs, body))
    return await analyses.one(session, run, at_hand()), new


async def _parameters(session, filter, of, knobs: dict, body: dict) -> dict:
    """All that makes the question this one: every knob, those nobody set too."""
    parameters: dict = {}
    if of.FAMILY == "effect":
        if isinstance(body.get("zones"), bool) or not isinstance(body.get("zones"), int):
            raise AnalysisRefused("zones: expected the number of zones that are locked; the effect of an operation is asked of nothing else")
        locked = await zones.locked(session, filter.world_code, body["zones"])
        times = {"start": locked["starts_at"].isoformat(), "end": locked["ends_at"].isoformat()}
        if wrong := [k for k in FROM_ZONES if k in knobs]:
            raise AnalysisRefused(f"{wrong[0]}: the operation's times are those of its locked zones")
        knobs = knobs | {k: v for k, v in times.items() if k in {knob.name for knob in methods.knobs(of)}}
        parameters["zones"] = {k: locked[k] for k in ("id", "version", "name", "hash", "locked_by")} | {"locked_at": locked["locked_at"].isoformat()}
    elif body.get("zones") is not None:
        raise AnalysisRefused(f"zones: {of.NAME} reads none")
    if body.get("units") is not None:
        parameters["units"] = _units(body["units"])
    return {"knobs": methods.values(methods.made(of.NAME, knobs)), **parameters}


def _units(found: object) -> list[dict]:
    """Units that can be sent, as somebody outside tells them. Raises AnalysisRefused."""
    if not isinstance(found, list) or not 1 <= len(found) <= UNITS_MAX or not all(isinstance(unit, dict) for unit in found):
        raise AnalysisRefused(f"units: expected 1 to {UNITS_MAX} objects with {', '.join(UNIT_KEYS)}")
    out = []
    for number, unit in enumerate(found, 1):
        try:
            made = {key: kind(unit[key]) for key, kind in UNIT_KEYS.items()}
        except (KeyError, TypeError, ValueError):
            raise AnalysisRefused(f"units: the {number}. is expected to have {', '.join(UNIT_KEYS)}") from None
        ok = made["kind"] in UNIT_KINDS and abs(made["lon"]) <= 180 and abs(made["lat"]) <= 90 and 0 < made["reach_km"] <= 2_000 and 1 <= made["shifts"] <= 1_000
        if not ok or not 1 <= len(made["name"]) <= 100 or not made["name"].isprintable():
            raise AnalysisRefused(f"units: the {number}. has a kind of {', '.join(UNIT_KINDS)}, a place on Earth, a reach up to 2,000 km, 1 to 1,000 shifts and a name")
        out.append(made)
    return out


@router.get("/analyses/{run}")
async def one(request: Request, run: RowId) -> Response:
    """What becomes of one: its state and how far it is; when it is done all it tells (`told`), and how many places it found."""
    async with database(request).reading() as session:
        found = await analyses.one(session, run, at_hand())
    return as_json(found)


@router.delete("/analyses/{run}")
async def cancel(request: Request, run: RowId) -> Response:
    """Call it off; one that is over is taken off the list. Only whoever asked for it."""
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"analysis:{run}", to="called off")
    async with database(request).writing() as session:
        stopped = await analyses.cancel(session, run, at_hand())
    return as_json({"id": run, "cancelled": stopped, "removed": not stopped})


@router.get("/analyses/{run}/places")
async def places(request: Request, run: RowId) -> Response:
    """Its places as GeoJSON, a page of them, in its method's order or by `sort` (a column, `-` first: the largest first)."""
    query = request.query_params
    limit, offset, sort = _number(query.get("limit", "1000"), "limit", 1, PAGE_MAX), _number(query.get("offset", "0"), "offset", 0, 10**9), query.get("sort", "")
    async with database(request).reading() as session:
        about = await analyses.one(session, run, at_hand())
        found = await analyses.places(session, run, limit=limit, offset=offset, sort=sort)
    return as_json({**found, "total": about["places"]}, rows=len(found["features"]))


def _number(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text[:12]) <= most):
        raise InputRefused(f"{name} is {text[:20]!r}, expected a whole number from {least} to {most:,}")
    return int(text)


@router.get("/tiles/analyses/{run}/{z}/{x}/{y}.mvt")
async def tile(request: Request, run: RowId, z: int, x: int, y: int) -> Response:
    """Places of a run, layer `places`; their properties are the columns of the method's legend."""
    in_range(z, x, y, ZOOM_MAX)
    async with database(request).reading() as session:
        about = await analyses.one(session, run, at_hand())
        tag = etag("analyses", run, about["finished_at"], z, x, y)
        if fresh(request, tag):
            return not_changed(tag)
        return as_tile(await kept(request, tag, lambda: analyses.tile(session, run, z, x, y)), tag)
