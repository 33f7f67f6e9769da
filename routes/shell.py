"""The page as an application that can be installed: its manifest, its service worker, and the page that is shown with no link to the server.

The worker holds the shell alone: our own modules, styles and letters, which are the same for everybody. No answer of `/api`, no page with records
and no sign-in is ever kept by it (assets/js/worker/worker.js); what somebody takes along is another matter (routes/taking.py).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import orjson
from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from errors import NotFound
from routes.asking import as_json
from settings import BUILD, ROOT

router = APIRouter(include_in_schema=False)

ASSETS = ROOT / "assets"
WORKER = ASSETS / "js" / "worker" / "worker.js"
WORKBOX = ASSETS / "vendor" / "workbox.js"
# What is asked for only by somebody who uses it (drawing, grids, uploads) is not among these, nor are letters that few names here have.
LIBRARIES = ("maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl-shared.mjs", "maplibre-gl.css", "pmtiles.mjs", "fonts.css")
LETTERS = ("ibm-plex-sans-latin-400-normal", "ibm-plex-sans-latin-500-normal", "ibm-plex-sans-latin-600-normal", "ibm-plex-sans-condensed-latin-400-normal",
           "ibm-plex-sans-condensed-latin-500-normal", "ibm-plex-sans-condensed-latin-600-normal", "ibm-plex-sans-condensed-latin-400-italic", "ibm-plex-mono-latin-400-normal")
ICONS = ("icon.svg", "icons/icon-192.png", "icons/icon-512.png", "icons/maskable-512.png")

MANIFEST = {
    "name": "Vigia", "short_name": "Vigia", "description": "Movements, seizures and imagery on one map", "id": "/", "start_url": "/", "scope": "/", "display": "standalone",
    "background_color": "#0A0F13", "theme_color": "#10171C", "categories": ["government"],
    "icons": [
        {"src": "/assets/icons/icon-192.png", "sizes": "192x192", "type": "image/png"}, {"src": "/assets/icons/icon-512.png", "sizes": "512x512", "type": "image/png"},
        {"src": "/assets/icons/maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"}, {"src": "/assets/icon.svg", "sizes": "any", "type": "image/svg+xml"},
    ],
}

NO_LINK = """<!DOCTYPE html>
<html lang="en" data-theme="dark" data-page="no-link">
<head>
<meta charset="utf-8"><title>Vigia: no link</title>
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><meta name="referrer" content="no-referrer">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/vendor/maplibre-gl.css"><link rel="stylesheet" href="/assets/vendor/fonts.css">
<link rel="stylesheet" href="/assets/css/tokens.css"><link rel="stylesheet" href="/assets/wall/no_link.css">
</head>
<body>
<header><h1><span class="mark" aria-hidden="true"></span>Vigia</h1><div id="themes" role="radiogroup" aria-label="Theme"></div></header>
<main>
<section id="told" aria-label="Link"><p id="no-link" role="status"><b>No link to the server.</b> <span></span></p><button type="button" id="again">Try now</button></section>
<section id="areas" aria-label="Areas taken along"></section>
<section id="shown" aria-label="The area" hidden><p id="badge" role="status"></p><div id="map"></div><p id="picked" role="status"></p></section>
</main>
<script type="module" src="/assets/js/no_link/no_link.mjs"></script>
</body>
</html>"""


@router.get("/manifest.webmanifest")
async def manifest() -> Response:
    answer = as_json(MANIFEST)
    answer.headers["Content-Type"] = "application/manifest+json"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@router.get("/sw.js")
async def worker() -> Response:
    """The service worker, with the list of what it holds: it is another file, and so another worker, as soon as any of that is another."""
    return Response(await run_in_threadpool(script), headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}, media_type="text/javascript; charset=utf-8")


@router.get("/no-link")
async def no_link() -> Response:
    """What is shown where the server can't be reached. It holds nobody's data: that is in the browser, if anywhere."""
    return Response(NO_LINK, headers={"Cache-Control": "no-cache"}, media_type="text/html; charset=utf-8")


def script() -> str:
    """The worker's text."""
    told = {"version": version(), "entries": [{"url": url, "revision": revision} for url, revision in entries()]}
    if not WORKBOX.exists():
        raise NotFound("the browser libraries are not those of this build: run ./vigia up")
    return f"const SHELL = {orjson.dumps({**told, 'library': f'/assets/vendor/workbox.js?{_revision(WORKBOX)}'}).decode()};\n{WORKER.read_text(encoding='utf-8')}"


def version() -> str:
    """The build and everything in the shell, as one word."""
    return f"{BUILD}-{hashlib.sha256(repr(entries()).encode()).hexdigest()[:16]}"


def entries() -> list[tuple[str, str]]:
    """Every address of the shell, with a word that is another when its bytes are."""
    paths = [*sorted((ASSETS / "js").rglob("*.mjs")), *sorted((ASSETS / "css").glob("*.css")), ASSETS / "bridge.js", ASSETS / "wall" / "no_link.css",
             *(ASSETS / "vendor" / name for name in LIBRARIES), *(ASSETS / "vendor" / "fonts" / f"{name}.woff2" for name in LETTERS), *(ASSETS / name for name in ICONS)]
    found = [(f"/assets/{path.relative_to(ASSETS).as_posix()}", _revision(path)) for path in paths if path.is_file() and path.parent != ASSETS / "js" / "wall"]
    return [("/no-link", hashlib.sha256(NO_LINK.encode()).hexdigest()[:16]), *found]


def _revision(path: Path) -> str:
    told = path.stat()
    return _hashed(path, told.st_mtime_ns, told.st_size)


@lru_cache(1000)
def _hashed(path: Path, changed_ns: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class TellShell:
    """Pure ASGI middleware: the map's page says of which shell it is, so that a worker of another one lets it have its own modules."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            return await self.app(scope, receive, send)
        told = (await run_in_threadpool(version)).encode()

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-shell", told)]}
            await send(message)

        await self.app(scope, receive, telling)
