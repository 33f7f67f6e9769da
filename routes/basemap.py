"""The offline basemap: archives by range requests, and what they are; a user's own when one was told."""

from __future__ import annotations

import json
import re

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from data import own_basemap
from errors import NotFound
from routes.asking import as_json
from settings import serve, store

router = APIRouter(prefix="/api/basemap")
RANGE = re.compile(r"\s*(\d*)-(\d*)\s*", re.ASCII)


@router.get("/parts.json")
async def parts() -> Response:
    """What the map can be drawn of. Empty when nothing is built: the map then shows data on plain water."""
    own = serve().basemap_file
    nothing = {"layers": {}, "relief": None, "attribution": []}
    if own is not None:
        told = {"style": own_basemap.style(own)} if own.suffix.lower() == ".json" else {"own": own.name}
        return as_json({**told, **nothing})
    path = store().basemap / "parts.json"
    told = json.loads(path.read_text()) if path.exists() else nothing
    return as_json({k: v for k, v in told.items() if k not in ("stamp", "failed", "had")})


@router.get("/{name}")
async def archive(request: Request, name: str) -> Response:
    """A range of an archive: one of ours, or of the user's own basemap."""
    own = serve().basemap_file
    mine = {path.name: path for path in own_basemap.archives(own)} if own is not None else {}
    path = mine.get(name, store().basemap / name)
    if "/" in name or not name.lower().endswith(".pmtiles") or name.startswith(".") or not path.is_file():
        raise NotFound(f"no basemap archive {name[:80]}")
    if not _is_range(request.headers.get("range", "bytes=0-")):
        size = path.stat().st_size
        refused = as_json({"error": f"Range expected as bytes=FIRST-LAST, within {size} bytes"}, status=416)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    return FileResponse(path, media_type="application/vnd.pmtiles", headers={"Cache-Control": "private, max-age=3600"})


def _is_range(told: str) -> bool:
    """Whether a Range header can be read at all; whether the file is that long, the answer says."""
    unit, _, ranges = told.partition("=")
    found = [RANGE.fullmatch(part) for part in ranges.split(",")]
    return unit.strip().lower() == "bytes" and all(
        m and (m[1] or m[2]) and not (m[1] and m[2] and int(m[1]) > int(m[2])) for m in found
    )
