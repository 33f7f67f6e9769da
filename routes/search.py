"""Search suggestions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import search
from data.query import TEXT_MAX
from errors import FilterInvalid
from routes.asking import as_json, asked, database

router = APIRouter(prefix="/api")


@router.get("/search")
async def found(request: Request) -> Response:
    """`q` is the text; only the world of the filter counts. `left_out` are the kinds that are searched for with a purpose alone."""
    filter = asked(request)
    if not filter.q:
        raise FilterInvalid([{"key": "q", "value": "", "expected": f"1 to {TEXT_MAX} characters"}])
    async with database(request).reading() as session:
        rows = await search.search(session, filter)
        return as_json({"rows": rows, "left_out": filter.left_out}, rows=len(rows))
