"""What lies sealed, for legal officers: how many fixes of which track and why, and nothing of where."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import doors
from data.visitor import at_hand
from routes.asking import as_json, database

router = APIRouter(prefix="/api")


@router.get("/quarantine")
async def counted(request: Request) -> Response:
    rows = await doors.quarantined(database(request), at_hand().token)
    return as_json({"rows": rows, "total": sum(row["fixes"] for row in rows)}, rows=len(rows))
