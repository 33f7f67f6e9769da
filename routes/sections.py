"""Border sections: lists and tiles."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import sections, spans
from routes.asking import as_json, as_tile, asked, database, etag, fresh, not_changed
from routes.paging import KEYS, paging
from routes.seizures import in_range

router = APIRouter(prefix="/api")

ZOOM_MAX = 14


@router.get("/sections")
async def listed(request: Request) -> Response:
    filter = asked(request, *KEYS)
    async with database(request).reading() as session:
        return as_json(await sections.page(session, filter, **paging(request, sections.SORTS, "-n")))


@router.get("/tiles/sections/{z}/{x}/{y}.mvt")
async def tile(request: Request, z: int, x: int, y: int) -> Response:
    filter = asked(request)
    in_range(z, x, y, ZOOM_MAX)
    async with database(request).reading() as session:
        tag = etag("sections", z, x, y, filter.query(), await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        return as_tile(await sections.tile(session, filter, z, x, y), tag)
