"""What was looked at: tiles of seen and unseen ground, and who looked last at a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response

from data import coverage, spans
from data.query import parse_time
from errors import FilterInvalid, NotFound
from routes.asking import as_json, as_tile, asked, database, etag, fresh, kept, not_changed
from routes.seizures import in_range

router = APIRouter(prefix="/api")

ZOOM_MAX = 16
HOURS = 24.0


@router.get("/tiles/coverage/{z}/{x}/{y}.mvt")
async def tile(request: Request, z: int, x: int, y: int) -> Response:
    """`seen` and `unseen` of the last `hours` up to `at` (now, unless told)."""
    filter = asked(request, "hours", "at")
    in_range(z, x, y, ZOOM_MAX)
    if z < coverage.FROM_ZOOM:
        raise NotFound(f"no tile {z}/{x}/{y}: coverage is told from zoom {coverage.FROM_ZOOM} on")
    hours, at = _number(request, "hours", HOURS, 0.1, coverage.HOURS_MAX), _at(request)
    async with database(request).reading() as session:
        tag = etag("coverage", z, x, y, hours, at.isoformat(), filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)

        async def made() -> bytes:
            return await coverage.tile(session, filter, z, x, y, hours=hours, at=at)

        return as_tile(await kept(request, tag, made), tag)


@router.get("/coverage")
async def at_place(request: Request) -> Response:
    """The last looks at a place (`lon`, `lat`) up to `at`, the newest first."""
    filter = asked(request, "lon", "lat", "at")
    lon, lat = _number(request, "lon", None, -180, 180), _number(request, "lat", None, -85.05, 85.05)
    at = _at(request)
    async with database(request).reading() as session:
        rows = await coverage.at_place(session, filter, lon, lat, at=at)
    return as_json({"lon": lon, "lat": lat, "at": at, "looks": rows}, rows=len(rows))


def _number(request: Request, name: str, default: float | None, least: float, most: float) -> float:
    told = request.query_params.get(name)
    if told is None and default is not None:
        return default
    try:
        value = float(told or "")
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise FilterInvalid([{"key": name, "value": (told or "")[:40], "expected": f"a number from {least:g} to {most:g}"}])
    return value


def _at(request: Request) -> datetime:
    """The moment asked for; now is told by the minute, so that the tiles of a minute are one."""
    if (told := request.query_params.get("at")) is not None:
        try:
            return parse_time(told)
        except ValueError as error:
            raise FilterInvalid([{"key": "at", "value": told[:40], "expected": str(error)}]) from None
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
