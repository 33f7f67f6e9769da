"""Is the server alive, is it ready, and what time does it have."""

from __future__ import annotations

from datetime import datetime, timezone

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from errors import DatabaseUnreachable
from routes.asking import as_json, database
from settings import BUILD

router = APIRouter(prefix="/api/health")


def _now() -> dict:
    return {"now": datetime.now(timezone.utc), "build": BUILD}


@router.get("/live")
async def live() -> Response:
    """200 while the process answers at all: what a wall's heartbeat asks."""
    return as_json({"live": True, **_now()})


@router.get("/ready")
async def ready(request: Request) -> Response:
    """200 when data can be served, else 503 with what is missing."""
    try:
        async with database(request).asking() as session:
            await session.execute(text("SELECT 1 FROM data_state LIMIT 1"))
    except DatabaseUnreachable as error:
        return as_json({"ready": False, "missing": str(error), **_now()}, status=503)
    return as_json({"ready": True, **_now()})
