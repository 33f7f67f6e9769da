"""The picture that is served, as a file: it leaves the house, so of the live world it is a release, with a purpose and a case. Read by ranges."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from cachetools import TTLCache
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from data import imagery, releases
from data.visitor import at_hand, purpose
from errors import NotFound
from exports.stac import COG
from routes.asking import RowId, asked, database, need_purpose
from settings import store

router = APIRouter(prefix="/api")

TAKEN_S = 3600.0
_taken: TTLCache[tuple, int] = TTLCache(10_000, TAKEN_S)
"""Releases of the last hour, by session, image, purpose and database: a reader asks for hundreds of ranges of one file."""


@router.get("/images/{image_id}/cog.tif")
async def cog(request: Request, image_id: RowId) -> Response:
    filter = asked(request)
    if filter.world == "live":
        need_purpose("a picture as a file")
    async with database(request).snapshot() as session:
        found = await imagery.one(session, filter, image_id)
        under = await imagery.under(session, filter, 0, 0, 0, image_id)
        if not under:
            raise NotFound(f"image {image_id} has no picture that is served")
        path = store().imagery / under[0]["cog"]
        if not path.is_file():
            raise NotFound(f"the file of image {image_id} is not there; whoever keeps this installation can look: ./vigia doctor")
        release = None
        if filter.world == "live":
            key = (id(database(request)), at_hand().token, image_id, purpose())
            if (release := _taken.get(key)) is None:
                own = set((await releases.house(session, at_hand().token)).values())
                releases.allow({(found["marking"], found["agency"] is not None and found["agency"] not in own): 1}, purpose().recipient, own)
                records = await releases.contents(session, filter, {"image": [image_id]})
                digest = await run_in_threadpool(_digest, path, path.stat().st_mtime_ns)
                release = _taken[key] = await releases.write(
                    database(request), at_hand().token, format="cog", filter=f"image={image_id}", purpose=purpose(), marking=found["marking"], rows=1, sha256=digest, records=records)
    return FileResponse(path, media_type=COG, filename=f"image-{image_id}.tif", headers={
        "Cache-Control": "no-store", "X-Rows": "1", **({"X-Release": str(release)} if release is not None else {})})


@lru_cache(1000)
def _digest(path: Path, _changed_ns: int) -> bytes:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()
