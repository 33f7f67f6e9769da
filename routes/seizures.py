"""Seizures: lists, one, points for the clock, tiles."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import seizures, spans
from errors import NotFound
from routes.asking import RowId, as_json, as_tile, asked, database, etag, fresh, kept, not_changed
from routes.paging import KEYS, paging

router = APIRouter(prefix="/api")

ZOOM_MAX = 20


@router.get("/seizures")
async def listed(request: Request) -> Response:
    filter = asked(request, *KEYS)
    async with database(request).reading() as session:
        page = await seizures.page(session, filter, **paging(request, seizures.SORTS, "-when"))
        return as_json(page, rows=len(page["rows"]))


@router.get("/seizures/points")
async def points(request: Request) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        tag = etag("points", filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        return as_json(await seizures.points(session, filter), tag)


@router.get("/seizures/{seizure_id}")
async def one(request: Request, seizure_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        return as_json(await seizures.one(session, filter, seizure_id), rows=1)


@router.get("/tiles/seizures/{z}/{x}/{y}.mvt")
async def tile(request: Request, z: int, x: int, y: int) -> Response:
    filter = asked(request)
    in_range(z, x, y, ZOOM_MAX)
    async with database(request).reading() as session:
        tag = etag("seizures", z, x, y, filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        return as_tile(await kept(request, tag, lambda: seizures.tile(session, filter, z, x, y)), tag)


def in_range(z: int, x: int, y: int, zoom_max: int) -> None:
    """Raises NotFound for a tile that does not exist."""
    if not (0 <= z <= zoom_max and 0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFound(f"no tile {z}/{x}/{y}: zoom 0 to {zoom_max}, columns and rows below 2^zoom")
