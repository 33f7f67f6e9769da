"""What is due for review, for legal officers and supervisors; what is held past its time, for legal officers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data import doors
from data.visitor import Visitor, at_hand
from routes.asking import as_json, database

router = APIRouter(prefix="/api")
TOLD = frozenset({"legal", "supervisor"})


@router.get("/retention")
async def counted(request: Request) -> Response:
    rows = await doors.retention(database(request), at_hand().token)
    refused = rows[0]["refused"] if rows else None
    told = [{name: value for name, value in row.items() if name != "refused"} for row in rows]
    return as_json({"rows": told, "due": sum(row["due"] for row in rows), "refused": refused}, rows=len(rows))


async def says(request: Request, visitor: Visitor) -> str | None:
    """What somebody who has to know is told on their own page; None for all others, and while there is nothing to say."""
    if not TOLD & visitor.roles:
        return None
    rows = await doors.retention(database(request), visitor.token)
    due, held = sum(row["due"] for row in rows), sum(row["held"] or 0 for row in rows)
    told = [f"{due:,} records have to be reviewed."] if due else []
    told += [f"{held:,} records are held past their time."] if held else []
    told += [f"{rows[0]['refused'][:1].upper()}{rows[0]['refused'][1:]}."] if rows and rows[0]["refused"] else []
    await request.app.state.recorder.record("consultation", visitor.recorded_as, of="retention", rows=len(rows))
    return " ".join(told) or None
