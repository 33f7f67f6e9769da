"""Exports of what is shown."""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import unquote_plus

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data import frames
from data.records import MARKINGS
from errors import NotFound
from exports import FORMATS, About
from routes.asking import asked, database, need_purpose

router = APIRouter(prefix="/api/export")
ATTRIBUTION = ("GSHHG", "© OpenStreetMap contributors", "GeoNames")


@router.get("/{format}")
async def exported(request: Request, format: str) -> Response:
    """A file of every layer under the filter."""
    filter = asked(request)
    if format not in FORMATS:
        raise NotFound(f"no export format {format[:40]}: one of {', '.join(FORMATS)}")
    if filter.world == "live":
        need_purpose("an export")
    write, ending, media_type = FORMATS[format]
    async with database(request).reading() as session:
        shown = await frames.shown(session, filter)
    about = About(filter.world, unquote_plus(filter.query()), strictest(shown), datetime.now(timezone.utc), ATTRIBUTION)
    body = await run_in_threadpool(write, shown, about)
    return Response(body, media_type=media_type, headers={
        "Content-Disposition": f'attachment; filename="{about.name(ending)}"', "Cache-Control": "no-store",
        "X-Rows": str(sum(len(frame) for frame in shown.values())),
    })


def strictest(shown: dict) -> str:
    """The strictest marking among the rows: a file is as closed as its most closed record."""
    held = {m for frame in shown.values() if "marking" in frame.columns for m in frame.marking}
    return next((m for m in MARKINGS if m in held), "TLP:CLEAR")
