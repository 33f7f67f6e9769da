"""Large exports: asked for, made by the queue, and fetched by whoever asked while they are kept."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from data import export_jobs
from data.spans import SEEN_AS
from data.visitor import at_hand, purpose
from errors import Gone, NotFound
from routes import paper
from routes.asking import as_json, database
from routes.exports import PAPER, asked_for, need_purpose

router = APIRouter(prefix="/api/exports")
LEFT_OUT = ("sha256", "media_type", "release_id", "row_count", "seen_as")


@router.post("")
async def ask(request: Request) -> Response:
    """Have a file made: `format` and a filter, as /api/export/{format} has them. 202 with the job."""
    told = request.query_params.multi_items()
    format = next((v for k, v in told if k == "format"), "")
    filter, _ = asked_for(format, [(k, v) for k, v in told if k != "format"])
    if filter.world == "live":
        need_purpose("an export")
    kept = [(k, v) for k, v in told if k in paper.KEYS] if format == PAPER else []
    id = await export_jobs.ask(database(request), at_hand(), format, paper.text([*filter.pairs(), *kept]), purpose())
    return as_json(_told(await export_jobs.one(database(request), at_hand().token, id)), status=202)


@router.get("")
async def listed(request: Request) -> Response:
    """One's own, the newest first."""
    return as_json({"rows": [_told(job) for job in await export_jobs.mine(database(request), at_hand().token)]})


@router.get("/{id}")
async def one(request: Request, id: str) -> Response:
    return as_json(_told(await export_jobs.one(database(request), at_hand().token, id)))


@router.get("/{id}/file")
async def fetched(request: Request, id: str) -> Response:
    """Its bytes, as they were released. 404 while it is not done, and once it has expired."""
    job = await export_jobs.one(database(request), at_hand().token, id)
    if job.state != "done":
        raise NotFound(f"export {id} is {job.state}" + (f": {job.failure}" if job.failure else ", not done"))
    async with database(request).reading() as session:
        if await session.scalar(select(SEEN_AS)) != job.seen_as:
            raise Gone("what you may see has changed since this file was made; ask for it anew")
    body = await run_in_threadpool(_read, job)
    return Response(body, media_type=job.media_type, headers={
        "Content-Disposition": f'attachment; filename="{job.name}"', "Cache-Control": "no-store", "X-Rows": str(job.row_count), **({"X-Release": str(job.release_id)} if job.release_id is not None else {})})


def _read(job: export_jobs.ExportJob) -> bytes:
    try:
        body = job.path.read_bytes()
    except FileNotFoundError:
        body = b""
    if hashlib.sha256(body).digest() != bytes(job.sha256):
        raise NotFound(f"the file of export {job.id} is gone or not what was released; ask for it anew")
    return body


def _told(job: export_jobs.ExportJob) -> dict:
    return {k: v for k, v in asdict(job).items() if k not in LEFT_OUT} | {"rows": job.row_count, "release": job.release_id, "file": f"/api/exports/{job.id}/file" if job.state == "done" else None}
