"""The wall page: plain HTML and our own modules, no Dash: what stands for weeks should be small."""

from __future__ import annotations

import html
import json
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from data import screens
from data.looks import Look
from data.visitor import at_hand
from errors import NotFound
from routes.asking import asked, database
from settings import BUILD, serve

router = APIRouter()

# What whoever is signed in may open; views are those of /api/views, or of all of it while there is no data to look at.
MAIN = {"slug": "main", "name": "main", "place": None, "distance_m": 5.0, "diagonal_in": 55.0, "zones": [], "world": None, "turn_s": 20, "dim": None, "playlist": [], "follow": None,
        "reload": 0, "version": 0, "kind": "main"}
VIEWS = [{"name": "The border", "bounds": [-117.2, 25.8, -97.1, 32.8], "places": []}]

# hours: ground that nobody saw for so long may be veiled on a wall too
VEILS = ("1", "6", "24", "72", "168")
# one image in other bands or colours (assets/js/layers/looked.mjs)
LOOK = ("look", "bands", "colormap", "stretch")
# settings of a screen that its address may tell otherwise
SIZES = {"distance_m": screens.DISTANCE_M, "diagonal_in": screens.DIAGONAL_IN}

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="dark" data-page="wall">
<head>
<meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/vendor/maplibre-gl.css"><link rel="stylesheet" href="/assets/vendor/fonts.css">
<link rel="stylesheet" href="/assets/css/tokens.css"><link rel="stylesheet" href="/assets/wall/wall.css">
</head>
<body>
<div id="map" aria-label="Map"></div>
<img id="kept" alt="" hidden>
<div id="fade"></div>
<section id="column" aria-label="Clocks and figures">
  <div id="clocks"></div>
  <dl id="figures"></dl>
  <div id="feeds" aria-label="Kinds"></div><p id="feed-words"></p>
</section>
<div id="chips"></div><p id="analysis-words"></p><ol id="dots" aria-label="Views"></ol>
<div id="bracket" hidden></div>
<div id="alarm" role="alert" hidden><i aria-hidden="true"></i><p><b dir="auto"></b><span></span></p></div>
<div id="stale" role="alert" hidden><b>STALE</b><span></span></div>
<script type="application/json" id="wall">{told}</script>
<script type="module" src="/assets/js/wall/wall.mjs"></script>
</body>
</html>"""


@router.get("/wall/{screen}", include_in_schema=False)
async def wall(request: Request, screen: str) -> Response:
    """A screen's picture: a display that is signed in gets its own, whoever keeps the screen what it would show with their own rights. `world` may be told."""
    filter = asked(request, "turn_s", "still", "veil", "run", *SIZES, *LOOK)
    found = await of(request, screen)
    if found["kind"] == "screen" and screen != found["slug"]:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/wall/{quote(found['slug'], safe='')}{query}", 303)
    told = {**found, "views": VIEWS, "build": BUILD, "own_zones": found["zones"], "zones": found["zones"] or [serve().local_zone]}
    if "world" in request.query_params:
        told["world"] = filter.world
    if (turn := request.query_params.get("turn_s", "")).isdecimal() and len(turn) < 5 and 1 <= int(turn) <= 3600:
        told["turn_s"] = int(turn)
    for key, (least, most) in SIZES.items():
        if (size := _number(request.query_params.get(key, ""))) is not None and least <= size <= most:
            told[key] = size
    if (veil := request.query_params.get("veil", "")) in VEILS:
        told["veil"] = veil
    if (image := request.query_params.get("look", "")).isdecimal():
        look = Look.from_query({key: request.query_params[key] for key in LOOK[1:] if key in request.query_params})
        told["look"] = {"look": image[:19], **dict(look.pairs())}
    if (run := request.query_params.get("run", "")).isdecimal() and len(run) < 19:
        told["run"] = int(run)
    text = html.escape(json.dumps(told), quote=False).replace("&gt;", "\\u003e").replace("&lt;", "\\u003c").replace("&amp;", "\\u0026")
    page = PAGE.replace("{title}", "Vigia wall" if found["kind"] == "main" else html.escape(f"{found['name']}: Vigia wall")).replace("{told}", text)
    return Response(page, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"})


async def of(request: Request, slug: str) -> dict:
    """What the screen of an address is told, `kind` being `screen`, `preview` or `main`. Raises NotFound."""
    visitor = at_hand()
    if visitor.kind != "screen" and slug == MAIN["slug"]:
        return dict(MAIN)
    async with database(request).reading() as session:
        found = await screens.told(session, visitor.token, slug[:200])
    if found is None:
        raise NotFound(f"no screen {slug[:40]!r} that you may open; /wall/main is there for whoever is signed in")
    return orjson.loads(orjson.dumps({**found, "kind": "screen" if visitor.kind == "screen" else "preview"}))


def _number(told: str) -> float | None:
    try:
        return float(told)
    except ValueError:
        return None
