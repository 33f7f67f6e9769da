"""Offsets of images, and what may have changed between two: asked for, listed, decided on."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import compare, imagery
from data.records import CHANGE_STATES
from data.visitor import at_hand
from errors import InputRefused
from routes import comparing
from routes.asking import RowId, as_json, asked, database
from routes.told import text_of, told

router = APIRouter(prefix="/api")

KNOBS = {"least_z": (2.0, 50.0), "least_m2": (0.01, 1e6)}
NOTE_MAX = 500


@router.get("/images/{image_id}/offset")
async def offsets(request: Request, image_id: RowId) -> Response:
    """Every offset it was given, the newest first; that without `undone_at` is applied on tiles."""
    async with database(request).reading() as session:
        rows = await compare.offsets(session, asked(request), image_id)
    return as_json({"image": image_id, "offsets": rows}, rows=len(rows))


@router.post("/images/{image_id}/offset")
async def estimate(request: Request, image_id: RowId) -> Response:
    """Estimate how far it lies beside `against`, and apply that from now on."""
    filter, against = asked(request), _number(await told(request, "against"), "against")
    async with database(request).reading() as session:
        other, image = await compare.pair(session, filter, against, image_id)
    found = await comparing.offset(image, other)
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"image:{image_id}",
                                            to=f"moved {found['east_m']:+.2f} m east, {found['north_m']:+.2f} m north onto image:{against}")
    number = await compare.keep_offset(database(request), at_hand().token, image_id, against, found)
    return as_json({"id": number, "image": image_id, "against": against, **found}, status=201)


@router.delete("/images/{image_id}/offset")
async def undo(request: Request, image_id: RowId) -> Response:
    """It lies where its file says again."""
    async with database(request).reading() as session:
        await imagery.one(session, asked(request), image_id)  # nothing is told to the record of what is not there
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"image:{image_id}", to="offset undone")
    await compare.undo_offset(database(request), at_hand().token, image_id)
    return as_json({"image": image_id, "undone": True})


@router.get("/changes")
async def listed(request: Request) -> Response:
    """Looks for changes, the newest first, of all or of `before` and `after`."""
    filter = asked(request, "before", "after")
    between = {name: _number({name: _int(request.query_params[name])}, name) for name in ("before", "after") if name in request.query_params}
    async with database(request).reading() as session:
        rows = await compare.changes(session, filter, **between)
    return as_json({"rows": rows}, rows=len(rows))


@router.post("/changes")
async def look(request: Request) -> Response:
    """Look what may have changed from `before` to `after`. Its candidates are assistance: nothing is a change until a person says so."""
    filter, body = asked(request), await told(request, "before", "after", *KNOBS)
    before, after = _number(body, "before"), _number(body, "after")
    knobs = {name: _knob(body[name], name) for name in KNOBS if name in body}
    async with database(request).reading() as session:
        images = await compare.pair(session, filter, before, after)
    what, candidates = await comparing.change(*images, knobs)
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"image:{after}", to=f"compared with image:{before}, {len(candidates)} candidates")
    number = await compare.keep_change(database(request), at_hand().token, before, after, what, candidates)
    return as_json({"id": number, "before": before, "after": after, "candidates": len(candidates), "told": what}, status=201)


@router.get("/changes/{change_id}")
async def one(request: Request, change_id: RowId) -> Response:
    """The candidates of one look, as GeoJSON, the strongest first."""
    async with database(request).reading() as session:
        found = await compare.candidates(session, asked(request), change_id)
    return as_json(found, rows=len(found["features"]))


@router.post("/changes/candidates/{candidate_id}")
async def decide(request: Request, candidate_id: RowId) -> Response:
    """What a person says of a candidate: `accepted`, `rejected`, or `open` again; with a note."""
    body = await told(request, "state", "note")
    state, note = text_of(body, "state", 20), text_of(body, "note", NOTE_MAX)
    if state not in CHANGE_STATES:
        raise InputRefused(f"state: expected one of {', '.join(CHANGE_STATES)}")
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"change-candidate:{candidate_id}", to=state)
    await compare.decide(database(request), at_hand().token, candidate_id, state, note)
    return as_json({"id": candidate_id, "state": state})


def _int(value: str) -> object:
    return int(value) if value.isdecimal() and len(value) < 19 else value


def _number(body: dict, name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise InputRefused(f"{name}: expected the number of an image")
    return value


def _knob(value: object, name: str) -> float:
    least, most = KNOBS[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise InputRefused(f"{name}: expected a number from {least:g} to {most:g}")
    return float(value)
