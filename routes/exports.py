"""Exports of what is shown. What leaves the live world is a release: written down, record by record, before it is given out."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import unquote_plus

import geopandas
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from analysis.small_counts import given_out
from data import frames, releases, runs
from data.audit import Recorder
from data.filters import Filter
from data.records import MARKINGS
from data.scope import marking_of
from data.sessions import Database
from data.visitor import Purpose, at_hand, purpose
from errors import NotFound
from exports import FORMATS, About
from routes.asking import asked, database, need_purpose

router = APIRouter(prefix="/api/export")
ATTRIBUTION = ("GSHHG", "© OpenStreetMap contributors", "GeoNames")
KINDS = {"seizures": "seizure", "tracks": "track", "images": "image"}


@dataclass(frozen=True)
class Made:
    """A file that may be given out: its release is on disk (none in the exercise)."""

    body: bytes
    name: str
    media_type: str
    rows: int
    release: int | None


@router.get("/{format}")
async def exported(request: Request, format: str) -> Response:
    """A file of every layer under the filter, or (`hotspots`) hexagons alone."""
    filter = asked(request)
    if format not in FORMATS:
        raise NotFound(f"no export format {format[:40]}: one of {', '.join(FORMATS)}")
    if filter.world == "live":
        need_purpose("an export")
    made = await make(database(request), request.app.state.recorder, format, filter, purpose())
    return Response(made.body, media_type=made.media_type, headers={
        "Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store", "X-Rows": str(made.rows),
        **({"X-Release": str(made.release)} if made.release is not None else {}),
    })


async def make(pool: Database, recorder: Recorder, format: str, filter: Filter, why: Purpose | None) -> Made:
    """The file, for the visitor at hand. Raises ReleaseRefused where it must not go to the recipient told, RecordFailed when it can't be written down."""
    write, ending, media_type = FORMATS[format]
    visitor, live = at_hand(), filter.world == "live"
    async with pool.snapshot() as session:
        own = await releases.house(session, visitor.token)
        if format == "hotspots":
            shown, ids = await _hexagons(session, filter, set(own))
        else:
            shown = await frames.shown(session, filter)
            ids = {KINDS[layer]: frame["id"].tolist() for layer, frame in shown.items()}
        if live:
            releases.allow(_counted(shown, set(own.values())), why.recipient, set(own.values()))
        records = await releases.contents(session, filter, ids) if live else {}
    marking, rows = strictest(shown), sum(len(frame) for frame in shown.values())
    about = About(filter.world, unquote_plus(filter.query()), marking, datetime.now(timezone.utc), ATTRIBUTION)
    body = await run_in_threadpool(write, shown, about)
    release = await releases.write(
        pool, visitor.token, format=format, filter=await recorder.filter_text(filter.pairs()), purpose=why, marking=marking, rows=rows, sha256=hashlib.sha256(body).digest(),
        records=records) if live else None
    return Made(body, about.name(ending), media_type, rows, release)


async def _hexagons(session, filter: Filter, own: set[int]) -> tuple[dict, dict]:
    """Hexagons in which no small number of another agency can be found, and the seizures they were made of."""
    points = await runs.points(session, filter)
    cells = given_out(points, own)
    frame = geopandas.GeoDataFrame(
        {"h3": [f"{c:x}" for c in cells.h3], "seizures": [f"{n} or more" if n else "under 5" for n in cells.at_least],
         "level": [None if level != level else int(level) for level in cells.level], "marking": [marking_of(int(m)) for m in cells.closed]},
        geometry=runs.outlines(cells.h3.to_numpy()), crs=4326)
    return {"hotspots": frame}, {"seizure": points.id.tolist()}


def _counted(shown: dict, own: set[str]) -> dict[tuple[str, bool], int]:
    """How many rows there are by marking and whether they are another agency's. Hexagons tell of nobody's rows."""
    counted: Counter[tuple[str, bool]] = Counter()
    for frame in shown.values():
        if "marking" in frame.columns:
            agencies = frame["agency"] if "agency" in frame.columns else [None] * len(frame)
            counted.update((marking, isinstance(agency, str) and agency not in own) for marking, agency in zip(frame["marking"], agencies))
    return counted


def strictest(shown: dict) -> str:
    """The strictest marking among the rows: a file is as closed as its most closed record."""
    held = {m for frame in shown.values() if "marking" in frame.columns for m in frame.marking}
    return next((m for m in MARKINGS if m in held), "TLP:CLEAR")
