"""Analyses out of the house: their places as a file, and one page with figures. A release of the seizures they were made of, as any export is."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from urllib.parse import unquote_plus

import geopandas as gpd
import pandas as pd
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from analysis import methods
from data import analyses, releases, runs
from data.audit import Recorder
from data.filters import Filter
from data.sessions import Database
from data.visitor import at_hand, purpose
from errors import NotFound
from exports import places, printing, report
from exports.about import About
from routes.asking import RowId, database, need_purpose
from routes.exports import ATTRIBUTION, Made

router = APIRouter(prefix="/api/analyses")

REPORTS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
WAYS = ("allocate", "routes")  # families whose places may be gone to
_one_at_a_time: list[CapacityLimiter] = []  # sheets are printed


@router.get("/{run}/export/{format}")
async def exported(request: Request, run: RowId, format: str) -> Response:
    """Its places: `csv`, `geojson`, `parquet`, and `gpx` of routes and allocations."""
    if format not in places.ENDINGS:
        raise NotFound(f"no file format {format[:40]} of an analysis: one of {', '.join(places.ENDINGS)}")
    return await _given(request, run, format)


@router.get("/{run}/report.html")
async def reported(request: Request, run: RowId) -> Response:
    """One page: what it says, figures, method, data window, marking, limits. It opens with no network."""
    return await _given(request, run, "html")


@router.get("/{run}/report.pdf")
async def printed(request: Request, run: RowId) -> Response:
    """The same page as PDF: A4, its marking and number on every sheet. 503 where the machine lacks what it is made with."""
    return await _given(request, run, "pdf")


async def _given(request: Request, run: int, ending: str) -> Response:
    made = await make(database(request), request.app.state.recorder, run, ending)
    return Response(made.body, media_type=made.media_type, headers={
        "Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store", "X-Rows": str(made.rows), **({"X-Release": str(made.release)} if made.release is not None else {})})


async def make(pool: Database, recorder: Recorder, run: int, ending: str) -> Made:
    """The file (one of exports.places.ENDINGS or REPORTS), for the visitor and purpose at hand. Raises NotFound, PurposeMissing, ReleaseRefused, RecordFailed; of a PDF LibraryMissing, WorkerFailed."""
    visitor = at_hand()
    async with pool.snapshot() as session:
        found = await analyses.one(session, run, visitor)
        if found["state"] != "done":
            raise NotFound(f"analysis {run} is not done")
        if ending not in REPORTS and found["told"].get("withheld"):
            raise NotFound(f"analysis {run} is withheld ({found['told']['withheld']}): there are no places to give out")
        if ending == "gpx" and (await run_in_threadpool(methods.by_name, found["method"])).FAMILY not in WAYS:
            raise NotFound(f"{found['method']} finds no way to go: GPX is of {' and '.join(WAYS)}")
        if legend := found["told"].get("legend"):  # what JSON in a database keeps has no order
            order = list((await run_in_threadpool(methods.by_name, found["method"])).LEGEND)
            found["told"]["legend"] = dict(sorted(legend.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))
        filter = Filter.from_query((k, str(v)) for k, v in found["filter"].items())
        live = filter.world == "live"
        if live:
            need_purpose("an analysis that leaves the house")
        properties, shapes = await analyses.frame(session, run)
        records = {}
        if live:
            own = set((await releases.house(session, visitor.token)).values())
            foreign = bool(set(found["agencies"]) - own)
            releases.allow({(found["marking"], foreign): max(1, len(shapes))}, purpose().recipient, own)
            records = await releases.contents(session, filter, {"seizure": (await runs.points(session, filter)).id.tolist()})
    frame = gpd.GeoDataFrame(pd.DataFrame(properties), geometry=list(shapes), crs=4326)
    about = About(filter.world, unquote_plus(filter.query()), found["marking"], datetime.now(timezone.utc), ATTRIBUTION)
    body = await (run_in_threadpool(report.write, found, frame, about) if ending in REPORTS else run_in_threadpool(places.write, frame, found["told"], about, ending))
    if ending == "pdf":
        body = await to_thread.run_sync(printing.pdf, body, limiter=_limiter())
    release = await releases.write(
        pool, visitor.token, format=f"analysis.{ending}", filter=await recorder.filter_text(filter.pairs()), purpose=purpose(), marking=found["marking"], rows=len(frame),
        sha256=hashlib.sha256(body).digest(), records=records) if live else None
    return Made(body, about.name(ending), (REPORTS | places.MEDIA)[ending], len(frame), release)


def _limiter() -> CapacityLimiter:
    if not _one_at_a_time:  # made inside of the event loop it belongs to
        _one_at_a_time.append(CapacityLimiter(1))
    return _one_at_a_time[0]
