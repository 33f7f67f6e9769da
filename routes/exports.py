"""Exports of what is shown. What leaves the live world is a release: written down, record by record, before it is given out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import unquote_plus

import geopandas
import shapely
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

import settings
from analysis.hotspots import GiStar
from analysis.small_counts import given_out
from data import export_jobs, frames, releases, runs, sections
from data.audit import Recorder
from data.filters import Filter
from data.records import MARKINGS
from data.scope import marking_of
from data.sessions import Database
from data.visitor import Purpose, at_hand, purpose
from errors import ExportLarge, NotFound
from exports import FORMATS, About, briefing
from exports.held import Held
from exports.printed.asked import Asked
from exports.printed.page import Who, laid
from exports.printed.page import write as written
from routes import held_imagery, hotspots, paper, printing
from routes.asking import database, need_purpose

router = APIRouter(prefix="/api/export")
ATTRIBUTION = ("GSHHG", "© OpenStreetMap contributors", "GeoNames")
KINDS = {"seizures": "seizure", "tracks": "track", "images": "image"}
PAPER, BRIEFING = "pdf", "briefing"
FRAMES = {"hotspots": "seizures", "sections": "seizures"}  # what a layer is made of


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
    """A file of every layer under the filter, or (`hotspots`) hexagons alone, or (`pdf`) the map on paper. What is large is not written at once (routes/export_jobs.py)."""
    filter, sheet = asked_for(format, request.query_params.multi_items())
    if filter.world == "live":
        need_purpose("an export")
    async with database(request).reading() as session:
        _not_large(format, await export_jobs.weight(session, filter, _layers(format, sheet)))
    made = await make(database(request), request.app.state.recorder, format, filter, purpose(), sheet)
    return Response(made.body, media_type=made.media_type, headers={
        "Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store", "X-Rows": str(made.rows),
        **({"X-Release": str(made.release)} if made.release is not None else {}),
    })


def asked_for(format: str, items: list[tuple[str, str]]) -> tuple[Filter, Asked | None]:
    """The Filter of a query string's pairs, and of PAPER its sheet. Raises NotFound for a format there is not, FilterInvalid."""
    if format not in FORMATS and format != PAPER:
        raise NotFound(f"no export format {format[:40]}: one of {', '.join((*FORMATS, PAPER))}")
    filter = Filter.from_query(items, frozenset(paper.KEYS if format == PAPER else ()))
    return filter, paper.read(items, filter) if format == PAPER else None


def _layers(format: str, sheet: Asked | None) -> Collection[str]:
    """The frames that are read for a file: hotspots and sections are made of seizures, which leave the house with them."""
    return ("seizures",) if format == "hotspots" else frames.LAYERS if sheet is None else {FRAMES.get(layer, layer) for layer in sheet.drawn}


def _not_large(format: str, held: dict[str, int]) -> None:
    """Raises ExportLarge."""
    limits, n = settings.exports(), sum(held.values())
    words = f"{n:,} seizures, images and hours of tracks, at most {limits.export_rows:,} are" if n > limits.export_rows else (
        f"tiles of {held['images']:,} images, those of at most {limits.export_images:,} are" if format == BRIEFING and held["images"] > limits.export_images else None)
    if words:
        raise ExportLarge(f"this file has {words} written at once: POST /api/exports?format={format} with the same filter has it made, and says when it may be fetched")


async def make(pool: Database, recorder: Recorder, format: str, filter: Filter, why: Purpose | None, sheet: Asked | None = None,
               read: Callable[[], None] = lambda: None) -> Made:
    """The file, for the visitor at hand; `sheet` goes with the format PAPER; `read` is called when its records are read. Raises ReleaseRefused where it must not go to the recipient told, RecordFailed when it can't be
    written down; of a PDF LibraryMissing, WorkerFailed."""
    _, ending, media_type = FORMATS[format] if sheet is None else (None, "pdf", "application/pdf")
    visitor, live = at_hand(), filter.world == "live"
    async with pool.snapshot() as session:
        own = await releases.house(session, visitor.token)
        if format == "hotspots":
            shown, ids = await _hexagons(session, filter, set(own))
            drawn = shown
        else:
            shown = await frames.shown(session, filter, _layers(format, sheet))
            drawn = shown if sheet is None else await _drawn(session, filter, sheet, shown)
            ids = {KINDS[layer]: frame["id"].tolist() for layer, frame in shown.items()}
        if live:
            releases.allow(_counted(shown, set(own.values())), why.recipient, set(own.values()))
        held = await held_imagery.held(session, filter, shown["images"]) if format == BRIEFING else None
        records = await releases.contents(session, filter, ids) if live else {}
    read()
    marking, rows = strictest(shown), sum(len(frame) for frame in shown.values())
    about = About(filter.world, unquote_plus(filter.query()), marking, now(), ATTRIBUTION)
    body = await _written(format, drawn, about, sheet, held)
    release = await releases.write(
        pool, visitor.token, format=format, filter=await recorder.filter_text(filter.pairs()), purpose=why, marking=marking, rows=rows, sha256=hashlib.sha256(body).digest(),
        records=records) if live else None
    return Made(body, about.name(ending), media_type, rows, release)


def now() -> datetime:
    """What a file says it was made at."""
    return datetime.now(timezone.utc)


async def _drawn(session, filter: Filter, sheet: Asked, shown: dict) -> dict:
    """The frames of a sheet: hotspots as finely as its scale asks for, border sections with their rates, and of what was read only what is shown."""
    drawn = {name: frame for name, frame in shown.items() if name in sheet.drawn}
    if "hotspots" in sheet.drawn:
        points = await runs.points(session, filter)
        method = GiStar(hotspots.resolution_at(laid(drawn, sheet).zoom), **hotspots.PARAMETERS)
        cells = await run_in_threadpool(method.apply, points)
        drawn["hotspots"] = geopandas.GeoDataFrame(cells[["h3", "n", "level"]], geometry=runs.outlines(cells.h3.to_numpy()), crs=4326)
    if "sections" in sheet.drawn:
        rows = await sections.lines(session, filter)
        drawn["sections"] = geopandas.GeoDataFrame(
            {key: [row[key] for row in rows] for key in ("name", "n", "rate")}, geometry=shapely.from_wkb([bytes(row["line"]) for row in rows]), crs=4326)
    return drawn


async def _written(format: str, drawn: dict, about: About, sheet: Asked | None, held: Held | None) -> bytes:
    if held is not None:
        return await run_in_threadpool(briefing.write, drawn, about, held)
    if sheet is None:
        return await run_in_threadpool(FORMATS[format][0], drawn, about)
    return await printing.pdf(await run_in_threadpool(written, drawn, about, sheet, Who(at_hand().shown, settings.store().basemap)))


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
