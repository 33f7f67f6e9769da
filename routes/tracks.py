"""Tracks: lists, one, its fixes, movement for the clock, tiles."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from data import movement, newest, spans, tiles_tracks, tracks
from data.records import GOVERNED_KINDS
from errors import FilterInvalid
from routes.asking import RowId, as_json, as_tile, asked, database, etag, fresh, kept, need_purpose, not_changed
from routes.counts import moment
from routes.paging import KEYS, paging
from routes.seizures import in_range

router = APIRouter(prefix="/api")

ZOOM_MAX = 20
SPAN_MAX = timedelta(days=31)


@router.get("/tracks")
async def listed(request: Request) -> Response:
    """`left_out` are the kinds that `q` looks for with a purpose alone; when there is no other kind in the filter it is a 428."""
    filter = asked(request, *KEYS)
    if filter.kind and not set(filter.kind) - set(filter.left_out):
        need_purpose("a search for a tag, a vehicle or a person")
    async with database(request).reading() as session:
        page = await tracks.page(session, filter, **paging(request, tracks.SORTS, "-last"))
        return as_json({**page, "left_out": filter.left_out}, rows=len(page["rows"]))


@router.get("/tracks/{track_id}")
async def one(request: Request, track_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        return as_json(await tracks.one(session, filter, track_id), rows=1)


@router.get("/tracks/{track_id}/fixes")
async def fixes(request: Request, track_id: RowId) -> Response:
    """A track's history. What needs a legal basis to follow needs a purpose to look back at."""
    filter = asked(request)
    async with database(request).reading() as session:
        if filter.world == "live" and (await tracks.one(session, filter, track_id))["kind"] in GOVERNED_KINDS:
            need_purpose("the history of a tag, a vehicle or a person")
        told = await tracks.fixes(session, filter, track_id)
        return as_json(told, rows=told["shown"])


@router.get("/movement")
async def moved(request: Request) -> Response:
    """`move_from` and `move_to` are the span; the filter's own window says how far back a last place is still shown."""
    filter = asked(request, "move_from", "move_to", "zoom").but(at=None)  # the span says which time
    start, end = moment(request, "move_from"), moment(request, "move_to")
    if start is None or end is None or not start < end <= start + SPAN_MAX:
        raise FilterInvalid([{
            "key": "move_from,move_to", "value": request.url.query[:200],
            "expected": f"two times, the first before the second, at most {SPAN_MAX.days} days apart"}])
    told = request.query_params.get("zoom", "8")
    if not told.replace(".", "", 1).isdecimal() or float(told) > ZOOM_MAX + 4:
        raise FilterInvalid([{"key": "zoom", "value": told[:40], "expected": "a zoom from 0 to 24"}])
    async with database(request).reading() as session:
        # What came live changes no line yet, and no state: its batch does.
        tag = etag("movement", request.url.query, await spans.state(session, filter.world_code), await newest.last_batch(session))
        if fresh(request, tag):
            return not_changed(tag)
        return as_json(await movement.movement(session, filter, start, end, int(float(told))), tag)


@router.get("/tiles/tracks/{z}/{x}/{y}.mvt")
async def tile(request: Request, z: int, x: int, y: int) -> Response:
    filter = asked(request)
    in_range(z, x, y, ZOOM_MAX)
    async with database(request).reading() as session:
        tag = etag("tracks", z, x, y, filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        return as_tile(await kept(request, tag, lambda: tiles_tracks.tile(session, filter, z, x, y)), tag)
