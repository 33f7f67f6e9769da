"""TileJSON 3 of each layer, carrying the filter on."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from data.filters import Filter
from errors import NotFound
from routes.asking import as_json, asked
from routes.looking import seen

router = APIRouter(prefix="/api/tiles")

# layer -> file ending, zooms, and what the properties of its vector layers mean
LAYERS: dict[str, dict] = {
    "imagery": {"ending": "webp", "minzoom": 0, "maxzoom": 22},
    "tracks": {"ending": "mvt", "minzoom": 0, "maxzoom": 16, "vector_layers": [
        {"id": "tracks", "fields": {
            "track": "track id (zoom 9 and up)", "kind": "what moved", "gap": "true: nothing was heard along it",
            "t0": "start, epoch seconds", "t1": "end, epoch seconds", "passes": "track-hours along it (below zoom 9)"}},
        {"id": "fixes", "fields": {"track": "track id", "t": "epoch seconds"}},
    ]},
    "seizures": {"ending": "mvt", "minzoom": 0, "maxzoom": 16, "vector_layers": [
        {"id": "seizures", "fields": {
            "id": "seizure id, of a single one", "drug": "of a single one", "kg": "kilogram equivalent, summed", "n": "how many",
            "t": "newest start, epoch seconds", "precision_m": "metres", "cocaine": "how many of n", "opioid": "how many of n",
            "ats": "how many of n", "cannabis": "how many of n", "heroin": "how many of n", "other": "how many of n"}},
    ]},
    "sections": {"ending": "mvt", "minzoom": 0, "maxzoom": 14, "vector_layers": [
        {"id": "sections", "fields": {"id": "section id", "name": "name", "n": "seizures", "rate": "seizures per 100 km"}},
    ]},
}


@router.get("/{layer}.json")
async def described(request: Request, layer: str) -> Response:
    """What a tile client needs to draw a layer under this filter."""
    if layer not in LAYERS:
        raise NotFound(f"no layer {layer[:40]}: one of {', '.join(LAYERS)}")
    about, also = dict(LAYERS[layer]), []
    if layer == "imagery":
        filter, look, order = seen(request)
        also = [*([] if order == "newest" else [("order", order)]), *look.pairs()]
    else:
        filter = asked(request)
    return as_json(told(request, layer, layer, filter, about.pop("ending"), also=also, **about))


def told(request: Request, name: str, path: str, filter: Filter, ending: str, *, query: bool = True, also: Sequence[tuple[str, str]] = (), **about: object) -> dict:
    """TileJSON of the tiles under `/api/tiles/{path}`; with `query` they are asked for under the filter, and with what `also` says."""
    words = f"?{filter.query()}{'&' if also else ''}{urlencode(also)}" if query else ""
    base = str(request.base_url).rstrip("/")
    return {
        "tilejson": "3.0.0", "name": name, "scheme": "xyz", "bounds": [-180, -85.0511, 180, 85.0511],
        "tiles": [f"{base}/api/tiles/{path}/{{z}}/{{x}}/{{y}}.{ending}{words}"],
        "attribution": "EXERCISE, all data invented" if filter.world == "exercise" else "Vigia",
        "vector_layers": [], **about,
    }
