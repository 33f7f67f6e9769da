"""Worlds, counts and the timeline: the numbers every panel shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from data import counts, spans, timeline
from data.filters import Filter
from data.query import parse_time
from data.worlds import CODES
from errors import FilterInvalid
from routes.asking import as_json, asked, database, etag, fresh, not_changed

router = APIRouter(prefix="/api")

BINS_MAX = 400


@router.get("/worlds")
async def worlds(request: Request) -> Response:
    """What each world holds, and which one a page opens in."""
    async with database(request).reading() as session:
        tag = etag("worlds", *[await spans.state(session, code) for code in CODES.values()])
        if fresh(request, tag):
            return not_changed(tag)
        # Every open page asks this every few seconds: it is counted once for each change of the data.
        held = getattr(request.app.state, "worlds", None)
        if held is None or held[0] != tag:
            held = request.app.state.worlds = (tag, await spans.worlds(session))
    return as_json({"default": opening(held[1]), "worlds": held[1]}, tag)


def opening(worlds: list[dict]) -> str:
    """Live once anything is in it; until then the exercise, if there is one."""
    held = {w["world"]: w["tracks"] + w["seizures"] + w["images"] for w in worlds}
    return "exercise" if not held["live"] and held["exercise"] else "live"


@router.get("/counts")
async def counted(request: Request) -> Response:
    """Totals and facets."""
    filter = asked(request)
    async with database(request).reading() as session:
        tag = etag("counts", filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        return as_json(await counts.counts(session, filter), tag)


@router.get("/timeline")
async def timed(request: Request) -> Response:
    """The lanes over a span; without a span it is the window itself, without a window all there is."""
    filter = asked(request, "span_from", "span_to", "bins").but(at=None)  # the whole window: a clock is a line in it
    bins = _bins(request)
    async with database(request).reading() as session:
        tag = etag("timeline", request.url.query, await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        span = await _span(request, filter, session)
        if span is None:
            return as_json({"start": None, "step_s": 0, "bins": 0, "window": [0, 0],
                            "seizures": [], "movements": [], "images": []}, tag)
        return as_json(await timeline.lanes(session, filter, span, bins), tag)


async def _span(request: Request, filter: Filter, session) -> tuple[datetime, datetime] | None:
    start = moment(request, "span_from") or filter.start
    end = moment(request, "span_to") or filter.end
    if start is None or end is None:
        world = next(w for w in await spans.worlds(session) if w["world"] == filter.world)
        start, end = start or world["from"], end or (world["to"] and world["to"] + timedelta(seconds=1))
    if start is None or end is None:
        return None
    if start >= end:
        raise FilterInvalid([{"key": "span_to", "value": end.isoformat(), "expected": f"a time after {start.isoformat()}"}])
    return start, end


def moment(request: Request, key: str) -> datetime | None:
    told = request.query_params.get(key)
    if told is None:
        return None
    try:
        return parse_time(told)
    except ValueError as error:
        raise FilterInvalid([{"key": key, "value": told[:200], "expected": str(error)}]) from None


def _bins(request: Request) -> int:
    told = request.query_params.get("bins", "120")
    if not told.isdecimal() or not 1 <= int(told) <= BINS_MAX:
        raise FilterInvalid([{"key": "bins", "value": told[:200], "expected": f"a whole number from 1 to {BINS_MAX}"}])
    return int(told)
