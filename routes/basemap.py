"""The offline basemap: archives by range requests, and what they are; a user's own when one was told."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from errors import NotFound, SettingsInvalid
from routes.asking import as_json
from settings import serve, store

router = APIRouter(prefix="/api/basemap")


@router.get("/parts.json")
async def parts() -> Response:
    """What the map can be drawn of. Empty when nothing is built: the map then shows data on plain water."""
    own = serve().basemap_file
    if own is not None and own.suffix == ".json":
        return as_json({"style": own_style(own), "layers": {}, "relief": None, "attribution": []})
    path = store().basemap / "parts.json"
    told = json.loads(path.read_text()) if path.exists() else {"layers": {}, "relief": None, "attribution": []}
    if own is not None:
        told = {"own": own.name, "layers": {}, "relief": None, "attribution": []}
    return as_json({k: v for k, v in told.items() if k not in ("stamp", "failed")})


@router.get("/{name}")
async def archive(request: Request, name: str) -> Response:
    """A range of an archive."""
    own = serve().basemap_file
    path = own if own is not None and name == own.name else store().basemap / name
    if "/" in name or not name.endswith(".pmtiles") or name.startswith(".") or not path.is_file():
        raise NotFound(f"no basemap archive {name[:80]}")
    return FileResponse(path, media_type="application/vnd.pmtiles", headers={"Cache-Control": "private, max-age=3600"})


def own_style(path: Path) -> dict:
    """A user's own style, which may name nothing outside this machine. Raises SettingsInvalid."""
    try:
        style = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"--basemap {path.name} is no style: {str(error)[:120]}") from None
    for url in _urls(style):
        host = url.partition("://")[2].removeprefix("http://").removeprefix("https://").partition("/")[0]
        if "://" in url and host not in ("", "localhost", "127.0.0.1"):
            raise SettingsInvalid(f"--basemap {path.name} asks {host}: a basemap's requests may not leave this machine")
    return style


def _urls(told: object):
    if isinstance(told, dict):
        for value in told.values():
            yield from _urls(value)
    elif isinstance(told, list):
        for value in told:
            yield from _urls(value)
    elif isinstance(told, str) and "://" in told:
        yield told
