"""The wall page: plain HTML and our own modules, no Dash: what stands for weeks should be small."""

from __future__ import annotations

import html
import json

from fastapi import APIRouter, Request, Response

from data.looks import Look
from errors import NotFound
from routes.asking import asked
from settings import BUILD, serve

router = APIRouter()

# For how long each view stands (seconds), and what is looked at while there is no data to look at; else the views are those of /api/views.
SCREENS: dict[str, dict] = {
    "main": {"turn_s": 20, "views": [{"name": "The border", "bounds": [-117.2, 25.8, -97.1, 32.8], "places": []}]},
}

# hours: ground that nobody saw for so long may be veiled on a wall too
VEILS = ("1", "6", "24", "72", "168")
# one image in other bands or colours (assets/js/layers/looked.mjs)
LOOK = ("look", "bands", "colormap", "stretch")

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="dark" data-page="wall">
<head>
<meta charset="utf-8"><title>Vigia wall</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/vendor/maplibre-gl.css"><link rel="stylesheet" href="/assets/vendor/fonts.css">
<link rel="stylesheet" href="/assets/css/tokens.css"><link rel="stylesheet" href="/assets/wall/wall.css">
</head>
<body>
<div id="map" aria-label="Map"></div>
<div id="fade"></div>
<section id="column" aria-label="Clocks and figures">
  <time id="utc"></time><time id="local"></time>
  <dl id="figures"></dl>
  <div id="feeds" aria-label="Kinds"></div><p id="feed-words"></p>
</section>
<div id="chips"></div><p id="analysis-words"></p><ol id="dots" aria-label="Views"></ol>
<div id="stale" role="alert" hidden><b>STALE</b><span></span></div>
<script type="application/json" id="wall">{told}</script>
<script type="module" src="/assets/js/wall/wall.mjs"></script>
</body>
</html>"""


@router.get("/wall/{screen}", include_in_schema=False)
async def wall(request: Request, screen: str) -> Response:
    """A screen. `world` may be told; else it is the one a page would open in."""
    if screen not in SCREENS:
        raise NotFound(f"no screen {screen[:40]}: there is {', '.join(SCREENS)}")
    filter = asked(request, "turn_s", "still", "veil", "run", *LOOK)
    told = {**SCREENS[screen], "world": filter.world if "world" in request.query_params else None, "build": BUILD, "zone": serve().local_zone}
    if (turn := request.query_params.get("turn_s", "")).isdecimal() and 1 <= int(turn) <= 3600:
        told["turn_s"] = int(turn)
    if (veil := request.query_params.get("veil", "")) in VEILS:
        told["veil"] = veil
    if (image := request.query_params.get("look", "")).isdecimal():
        look = Look.from_query({key: request.query_params[key] for key in LOOK[1:] if key in request.query_params})
        told["look"] = {"look": image[:19], **dict(look.pairs())}
    if (run := request.query_params.get("run", "")).isdecimal() and len(run) < 19:
        told["run"] = int(run)
    text = html.escape(json.dumps(told), quote=False).replace("&gt;", "\\u003e").replace("&lt;", "\\u003c").replace("&amp;", "\\u0026")
    return Response(PAGE.replace("{told}", text), media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"})
