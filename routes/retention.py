"""What is due for review, for legal officers and supervisors; what is held past its time, for legal officers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import doors
from data.visitor import at_hand
from routes.asking import as_json, database

router = APIRouter(prefix="/api")


@router.get("/retention")
async def counted(request: Request) -> Response:
    rows = await doors.retention(database(request), at_hand().token)
    refused = rows[0]["refused"] if rows else None
    told = [{name: value for name, value in row.items() if name != "refused"} for row in rows]
    return as_json({"rows": told, "due": sum(row["due"] for row in rows), "refused": refused}, rows=len(rows))
