"""Events and alerts: what rules found, which alerts wait, and what somebody does about them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Annotated

import shapely
from fastapi import APIRouter, Path, Request, Response

from analysis.events import DarkZone, FixAt, WatchArea
from data import alerts, events, ground, watch_areas
from data.filters import Filter
from data.records import KINDS
from data.visitor import at_hand
from data.watching import microseconds, moment
from errors import FilterInvalid, InputRefused, NotFound
from routes.asking import RowId, as_json, asked, database
from routes.paging import KEYS, paging
from routes.told import text_of, told
from settings import store

router = APIRouter(prefix="/api")

NOTE_MAX = 500
AT_ONCE = 1_000
STATES = {"acknowledge": "acknowledged", "resolve": "resolved", "suppress": "suppressed"}
NEEDS_NOTE = ("suppress",)


@router.get("/events")
async def listed(request: Request) -> Response:
    """Events of the filter, the newest first; `type` is one or more of the types, `retracted=no` leaves out what was withdrawn."""
    filter = asked(request, *KEYS, "type", "retracted")
    types = tuple(t for text in request.query_params.getlist("type") for t in text.split(",") if t)
    if wrong := [t for t in types if t not in events.TYPES]:
        raise FilterInvalid([{"key": "type", "value": wrong[0][:40], "expected": f"some of {', '.join(events.TYPES)}"}])
    if (with_retracted := request.query_params.get("retracted", "yes")) not in ("yes", "no"):
        raise FilterInvalid([{"key": "retracted", "value": with_retracted[:40], "expected": "yes or no"}])
    async with database(request).reading() as session:
        page = await events.page(session, filter, types, retracted=with_retracted == "yes", **paging(request, events.SORTS, "-started"))
    return as_json(page, rows=len(page["rows"]))


@router.get("/events/{event_id}")
async def one(request: Request, event_id: RowId) -> Response:
    """An event with every revision."""
    async with database(request).reading() as session:
        return as_json(await events.one(session, asked(request), event_id), rows=1)


@router.get("/events/{event_id}/zone")
async def zone(request: Request, event_id: RowId) -> Response:
    """Of a gap: the area the object can have reached, and the watch areas that lie in it."""
    filter = asked(request)
    async with database(request).reading() as session:
        event = await events.one(session, filter, event_id)
        if event["type"] != "gap":
            raise NotFound(f"event {event_id} is no gap, but of the type {event['type']}: only silence has a dark zone")
        areas = await watch_areas.listed(session, Filter(world=filter.world))
        # The exercise stands still at its newest moment, the live world at ours.
        now = datetime.now(timezone.utc) if filter.world == "live" else await events.newest(session, filter)
    try:
        found = await asyncio.to_thread(_zone, event, areas, now)
    except ValueError as error:  # it can be anywhere
        raise InputRefused(str(error)) from None
    return as_json(found, rows=1)


def _zone(event: dict, areas: dict, now: datetime) -> dict:
    first, last = (FixAt(event["track"]["id"], microseconds(f["at"]), f["lon"], f["lat"]) for f in (event["first_fix"], event["last_fix"]))
    known = ground.land_and_water(store().basemap)
    watched = [WatchArea(a["id"], a["properties"]["version"], shapely.geometry.shape(a["geometry"]), a["properties"]["name"]) for a in areas["features"]]
    found = DarkZone().apply(first, microseconds(now), last if event["ended_at"] else None, 1 + KINDS.index(event["track"]["kind"]), known[0] if known else (), watched)
    names = {a.id: a.name for a in watched}
    return {
        "type": "Feature", "geometry": shapely.geometry.mapping(found.polygon),
        "properties": {
            "event": event["id"], "km2": round(found.km2, 1), "plain_km2": round(found.plain_km2, 1), "speed_mps": round(found.mps, 1), "land": found.land,
            "until": event["ended_at"] or now,
            "areas": [{"id": a.id, "version": a.version, "name": names[a.id], "share": round(a.share, 4), "earliest_at": moment(a.earliest_us)} for a in found.areas],
        },
    }


@router.get("/alerts")
async def waiting(request: Request) -> Response:
    """Alerts that wait, as at most ten lines that stand for all of them; `over=yes`: those that are over, one by one."""
    filter = asked(request, "over")
    over = request.query_params.get("over", "no")
    if over not in ("yes", "no"):
        raise FilterInvalid([{"key": "over", "value": over[:40], "expected": "yes or no"}])
    async with database(request).reading() as session:
        found = await alerts.waiting(session, filter, over=over == "yes")
    if over == "yes":
        return as_json({"rows": [alerts.plain(a) for a in found]}, rows=len(found))
    return as_json({"lines": alerts.shown(alerts.lines(found)), "total": len(found), "new": sum(a["state"] == "new" for a in found),
                    "may": bool(at_hand().roles & {"coordinator", "analyst", "supervisor"})}, rows=len(found))


@router.get("/alerts/{alert_id}")
async def steps(request: Request, alert_id: RowId) -> Response:
    """What was done about an alert, by whom, and why."""
    asked(request)
    async with database(request).reading() as session:
        return as_json({"steps": await alerts.steps(session, alert_id)}, rows=1)


@router.post("/alerts/{numbers}/{act}")
async def move(request: Request, numbers: Annotated[str, Path(max_length=20_000)], act: str) -> Response:
    """`acknowledge`, `resolve` or `suppress` one alert or several (numbers with commas); the body may have a `note`."""
    if act not in STATES:
        raise NotFound(f"alerts can't be made to {act[:40]!r}: expected {', '.join(STATES)}")
    parts = numbers.split(",")
    if len(parts) > AT_ONCE or not all(p.isdecimal() and len(p) < 19 for p in parts):
        raise InputRefused(f"expected the numbers of alerts with commas between, {AT_ONCE:,} at most")
    note = text_of(await told(request, "note"), "note", NOTE_MAX)
    if act in NEEDS_NOTE and not (note or "").strip():
        raise InputRefused("an alert is suppressed with a note that says why")
    state = STATES[act]
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"alert:{numbers[:200]}", to=state)
    done = await alerts.move(database(request), at_hand().token, [int(p) for p in parts], state, (note or "").strip() or None)
    return as_json({"moved": done, "state": state})
