"""The views a wall turns through: where the data of a world lies."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import spans, views
from routes.asking import as_json, asked, database, etag, fresh, not_changed

router = APIRouter(prefix="/api")


@router.get("/views")
async def listed(request: Request) -> Response:
    """All of the world's data, then its busiest spots, each with the names that say where it is."""
    filter = asked(request)
    async with database(request).reading() as session:
        tag = etag("views", filter.world, await spans.state(session, filter.world_code))
        if fresh(request, tag):
            return not_changed(tag)
        return as_json({"views": await views.views(session, filter.world_code)}, tag)
