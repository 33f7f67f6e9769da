"""Search suggestions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import search
from errors import FilterInvalid
from routes.asking import as_json, asked, database

router = APIRouter(prefix="/api")

TEXT_MAX = 80


@router.get("/search")
async def found(request: Request) -> Response:
    """`q` is the text; only the world of the filter counts."""
    filter = asked(request)
    if not filter.q or len(filter.q) > TEXT_MAX:
        raise FilterInvalid([{"key": "q", "value": filter.q or "", "expected": f"1 to {TEXT_MAX} characters"}])
    async with database(request).reading() as session:
        rows = await search.search(session, filter.world_code, filter.q)
        return as_json({"rows": rows}, rows=len(rows))
