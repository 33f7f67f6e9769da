"""Saved views of the page: listed, opened, saved, saved again as a new version, deleted."""

from __future__ import annotations

import hashlib

import orjson
from fastapi import APIRouter, Request, Response

from data import page_state, saved_views
from data.openable import openable
from data.records import MARKINGS
from data.saved_views import NAME_MAX, NOTE_MAX, ViewRefused, ViewTold
from data.scope import LEVEL
from data.visitor import Visitor, at_hand
from errors import Outrun
from routes.asking import RowId, as_json, database, etag, fresh, not_changed
from routes.told import text_of, told

router = APIRouter(prefix="/api/saved-views")

KEYS = ("name", "note", "state", "private", "agency", "operation", "marking")


@router.get("")
async def listed(request: Request) -> Response:
    """Those one sees: one's own, the agency's, those of operations that run; with the agencies, operations and markings a new one may have."""
    visitor = at_hand()
    async with database(request).reading() as session:
        operations = await saved_views.operations(session, visitor.token)
        rows = await saved_views.listed(session, visitor, {o["id"]: o["name"] for o in operations})
    body = {"rows": rows, "agencies": list(visitor.agencies), "operations": [{k: o[k] for k in ("name", "ends_at")} for o in operations],
            "markings": [m for m in MARKINGS if LEVEL[m] <= visitor.ceiling]}
    tag = etag("saved-views", visitor.recorded_as, hashlib.sha256(orjson.dumps(body)).hexdigest())
    return not_changed(tag) if fresh(request, tag) else as_json(body, tag, rows=len(rows))


@router.post("")
async def add(request: Request) -> Response:
    """A new view."""
    return await _keep(request, None)


@router.get("/{view_id}")
async def shown(request: Request, view_id: RowId) -> Response:
    """One with its `state` as it was saved, `opens` (what of it this visitor may open) and `left_out`; `version` asks for an older one."""
    visitor = at_hand()
    async with database(request).reading() as session:
        operations = await saved_views.operations(session, visitor.token)
        found = await saved_views.one(session, visitor, {o["id"]: o["name"] for o in operations}, min(view_id, 2**31 - 1), _version(request.query_params.get("version")))
        state, left_out = await openable(session, found["state"])
    found |= {"opens": state.text, "left_out": left_out}
    tag = etag("saved-view", visitor.recorded_as, hashlib.sha256(orjson.dumps(found)).hexdigest())
    return not_changed(tag) if fresh(request, tag) else as_json(found, tag, rows=1)


@router.put("/{view_id}")
async def change(request: Request, view_id: RowId) -> Response:
    """A new version, as it is told now; `If-Match` with the version that was looked at keeps what somebody else saved meanwhile."""
    return await _keep(request, min(view_id, 2**31 - 1))


@router.delete("/{view_id}")
async def end(request: Request, view_id: RowId) -> Response:
    """It is a view no more, and links to it lead nowhere."""
    view, version = min(view_id, 2**31 - 1), _matched(request)
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"saved-view:{view}", to="deleted")
    await saved_views.end(database(request), at_hand().token, view, version)
    return as_json({"id": view, "deleted": True})


async def _keep(request: Request, of: int | None) -> Response:
    version = _matched(request) if of is not None else None
    view = view_of(await told(request, *KEYS), at_hand())
    await request.app.state.recorder.record(
        "change", at_hand().recorded_as, of="saved-view" if of is None else f"saved-view:{of}", to=f"{'private' if view.private else 'shared'}, {view.marking}", agencies=view.agency)
    number, made = await saved_views.keep(database(request), at_hand().token, view, of, version)
    return as_json({"id": number, "version": made}, status=201 if of is None else 200)


def view_of(body: dict, visitor: Visitor) -> ViewTold:
    """The view that a body tells of; shared with one's own agency unless it says otherwise. Raises ViewRefused, StateRefused, FilterInvalid, InputRefused."""
    for key, kind, expected in (("name", str, f"1 to {NAME_MAX} printable characters"), ("private", bool, "true or false"), ("note", str, f"at most {NOTE_MAX:,} printable characters"),
                                ("state", str, "the page's address, such as world=live&layers=seizures&camera=8.6/26.15/-97.9")):
        if not isinstance(body.get(key, kind()), kind) and not (key == "note" and body[key] is None):
            raise ViewRefused(f"{key}: expected {expected}")
    state = page_state.read(body.get("state", ""))
    own = visitor.agencies[0] if visitor.agencies and state.filter.world == "live" and "agency" not in body else None
    return ViewTold(body.get("name", "").strip(), state, (body.get("note") or "").strip() or None, body.get("private", False), text_of(body, "agency", 100) or own,
                    text_of(body, "operation", 100), text_of(body, "marking", 20) or "TLP:AMBER")


def _matched(request: Request) -> int | None:
    """The version of an `If-Match`, none where none is told. Raises Outrun for what no version can be."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    version = _version(given.strip().removeprefix("W/").strip('"'))
    if version is None:
        raise Outrun(f"If-Match is {given[:40]!r}, expected the number of the version that was looked at")
    return version


def _version(given: str | None) -> int | None:
    return int(given) if given and given.isascii() and given.isdecimal() and len(given) < 10 else None
