"""STAC API 1.0 over the imagery: the same rows, markings and record as `/api/images`. https://github.com/radiantearth/stac-api-spec"""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from data import catalogue, stac
from data.filters import Filter
from errors import FilterInvalid, NotFound
from exports.stac import COG, CONFORMS, VERSION, collection, collection_id, item, item_id, number_of, SORTIELESS
from routes.asking import LIST_MAX, as_json, database
from routes.told import told as body_of
from settings import access

router = APIRouter(prefix="/stac")

GEOJSON, JSON = "application/geo+json", "application/json"
LIMIT = 100
KEYS = ("bbox", "datetime", "ids", "collections", "intersects", "limit", "token")
COLLECTIONS = 100


@router.get("")
async def landing(request: Request) -> Response:
    """Where everything else is."""
    at = _Links(request)
    return as_json({
        "type": "Catalog", "stac_version": VERSION, "id": "vigia", "title": "Vigia", "description": f"Drone imagery of {'the exercise' if at.world == 'exercise' else 'the live world'}",
        "conformsTo": CONFORMS, "links": [
            at.link("self", ""), at.link("root", ""), at.link("conformance", "/conformance"), at.link("data", "/collections"),
            at.link("search", "/search", GEOJSON, method="GET"), at.link("search", "/search", GEOJSON, method="POST"),
            {"rel": "service-desc", "href": f"{at.base}/api/openapi.json", "type": "application/vnd.oai.openapi+json;version=3.1"},
        ]})


@router.get("/conformance")
async def conformance(request: Request) -> Response:
    return as_json({"conformsTo": CONFORMS})


@router.get("/collections")
async def collections(request: Request) -> Response:
    """One for each sortie, and one for images of none."""
    at, offset = _Links(request, "limit", "offset"), _number(request.query_params.get("offset"), "offset", 0)
    limit = min(max(_number(request.query_params.get("limit"), "limit", COLLECTIONS), 1), LIST_MAX)
    async with database(request).reading() as session:
        found = await catalogue.sorties(session, at.filter, catalogue.Choice(), limit=limit, offset=offset)
        spans = await stac.spans(session, at.filter, [*(s["id"] for s in found["rows"]), None])
    told = [_collection(at, s, spans.get(s["id"])) for s in found["rows"]]
    more = offset + limit < found["total"]
    if None in spans and not more:
        told.append(_collection(at, None, spans[None]))
    links = [at.link("self", "/collections"), at.link("root", "")]
    if more:
        links.append(at.link("next", "/collections", offset=offset + limit, limit=limit))
    return as_json({"collections": told, "links": links, "numberMatched": found["total"] + (None in spans), "numberReturned": len(told)}, rows=len(told))


@router.get("/collections/{collection}")
async def one_collection(request: Request, collection: str) -> Response:
    at = _Links(request)
    return as_json(await _found(request, at, collection), rows=1)


@router.get("/collections/{collection}/items")
async def items(request: Request, collection: str) -> Response:
    """Its images, and films that tell a place, the newest first; `bbox`, `datetime`, `limit`."""
    at = _Links(request, "bbox", "datetime", "limit", "token")
    await _found(request, at, collection)
    told = dict(request.query_params.multi_items())
    return await _searched(request, at, {**told, "collections": collection}, f"/collections/{collection}/items", told)


@router.get("/collections/{collection}/items/{item}")
async def one_item(request: Request, collection: str, item: str) -> Response:
    at, sortie = _Links(request), _sortie_of(collection)
    async with database(request).reading() as session:
        rows, _ = await stac.search(session, at.filter, limit=1, films=True, ids=_numbers(item), sorties=[] if sortie == 0 else [sortie])
    if not rows:
        raise NotFound(f"no item {item[:60]} in {collection[:60]}")
    return Response(orjson.dumps(_item(at, rows[0]), option=orjson.OPT_UTC_Z), media_type=GEOJSON, headers={"Cache-Control": "no-store", "X-Rows": "1"})


@router.get("/search")
async def search(request: Request) -> Response:
    """`bbox`, `datetime`, `ids`, `collections`, `intersects` (GeoJSON), `limit`, `token`."""
    told = dict(request.query_params.multi_items())
    return await _searched(request, _Links(request, *KEYS), told, "/search", told)


@router.post("/search")
async def search_by_body(request: Request) -> Response:
    """The same in a JSON body."""
    at, body = _Links(request), await body_of(request, *KEYS)
    told = {key: ",".join(map(str, value)) if isinstance(value, list) else orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
            for key, value in body.items() if value is not None}
    # The record takes down what was asked for from the address: so it does here.
    request.scope["query_string"] = urlencode([*request.query_params.multi_items(), *told.items()]).encode()
    return await _searched(request, at, told, "/search", None, body)


async def _searched(request: Request, at: _Links, told: dict[str, str], path: str, again: dict | None, body: dict | None = None) -> Response:
    """An ItemCollection; `again` (or `body`, of a POST) is what the next page is asked with, beside its token."""
    filter = at.filter
    if told.get("bbox"):
        filter = _in_box(filter, told["bbox"])
    if told.get("datetime"):
        start, end = stac.window_of(told["datetime"])
        filter = filter.but(start=start, end=end)
    if told.get("intersects") and told.get("bbox"):
        raise FilterInvalid([{"key": "intersects", "value": "beside bbox", "expected": "one of the two"}])
    ids = None if "ids" not in told else [found for part in told["ids"].split(",") for found in _numbers(part.strip())]
    wanted = None if "collections" not in told else [s for part in told["collections"].split(",") if (s := _sortie_of(part.strip())) != 0]
    limit = min(max(_number(told.get("limit"), "limit", LIMIT), 1), LIST_MAX)
    async with database(request).reading() as session:
        rows, after = await stac.search(
            session, filter, limit=limit, films=True, after=stac.after_of(told["token"]) if told.get("token") else None, ids=ids, sorties=wanted,
            intersects=stac.shape_of(told["intersects"]) if told.get("intersects") else None)
    links = [at.link("self", path, GEOJSON), at.link("root", "")]
    if after and body is not None:
        links.append({**at.link("next", path, GEOJSON), "method": "POST", "body": {**body, "token": stac.token_of(after)}})
    elif after:
        links.append(at.link("next", path, GEOJSON, method="GET", **{k: v for k, v in again.items() if k != "world"} | {"token": stac.token_of(after)}))
    found = {"type": "FeatureCollection", "features": [_item(at, r) for r in rows], "links": links, "numberReturned": len(rows)}
    return Response(orjson.dumps(found, option=orjson.OPT_UTC_Z), media_type=GEOJSON, headers={"Cache-Control": "no-store", "X-Rows": str(len(rows))})


class _Links:
    """Addresses for the world at hand. Raises FilterInvalid for a key that is neither `world` nor one of `also`."""

    def __init__(self, request: Request, *also: str):
        self.filter = Filter.from_query([(k, v) for k, v in request.query_params.multi_items() if k not in also])
        if wrong := [k for k, _ in request.query_params.multi_items() if k not in ("world", *also)]:
            raise FilterInvalid([{"key": wrong[0][:40], "value": request.query_params[wrong[0]][:80], "expected": f"one of {', '.join(('world', *also))}"}])
        self.world = self.filter.world
        self.base = access().public_origin or str(request.base_url).rstrip("/")

    def to(self, path: str, **query: object) -> str:
        told = urlencode({**({"world": self.world} if self.world != "live" else {}), **query})
        return f"{self.base}/stac{path}{'?' + told if told else ''}"

    def link(self, rel: str, path: str, type: str = JSON, *, method: str | None = None, **query: object) -> dict:
        return {"rel": rel, "href": self.to(path, **query), "type": type, **({"method": method} if method else {})}


async def _found(request: Request, at: _Links, id: str) -> dict:
    """A collection. Raises NotFound."""
    sortie = _sortie_of(id)
    async with database(request).reading() as session:
        if sortie != 0:
            found = await catalogue.sortie(session, at.filter, sortie) if sortie else None
            return _collection(at, found, (await stac.spans(session, at.filter, [sortie])).get(sortie))
    raise NotFound(f"no collection {id[:60]} here")


def _numbers(id: str) -> list[tuple[str, int]]:
    """What an item's name says it is: `image-3` or `video-3`; empty when it is none."""
    return [(kind, number) for kind in ("image", "video") if (number := number_of(id, kind)) is not None]


def _sortie_of(collection: str) -> int | None:
    """The number of a collection's sortie; None: of what has none; 0: of nothing there is."""
    return None if collection == SORTIELESS else number_of(collection, "sortie") or 0


def _collection(at: _Links, sortie: dict | None, span: dict | None) -> dict:
    path = f"/collections/{collection_id(sortie and sortie['id'])}"
    links = [at.link("self", path), at.link("root", ""), at.link("parent", ""), at.link("items", f"{path}/items", GEOJSON)]
    return collection(sortie, at.world, span, links)


def _item(at: _Links, r: dict) -> dict:
    of, query = f"/collections/{collection_id(r['sortie_id'])}", urlencode({"world": at.world})
    links = [at.link("self", f"{of}/items/{item_id(r)}", GEOJSON), at.link("collection", of), at.link("parent", of), at.link("root", "")]
    assets, api = {}, f"{at.base}/api"
    if r["kind"] == "video":
        assets = {"video": {"href": f"{api}/videos/{r['id']}/file.mp4?{query}", "type": "video/mp4", "roles": ["data"], "title": "The film"}}
        if r["has_picture"]:
            assets["thumbnail"] = {"href": f"{api}/videos/{r['id']}/thumbnail.webp?{query}", "type": "image/webp", "roles": ["thumbnail"], "title": "First picture"}
        return item(r, links, assets)
    if r["on_tiles"]:
        links.append({"rel": "xyz", "href": f"{api}/tiles/imagery/{r['id']}/{{z}}/{{x}}/{{y}}.webp?{query}", "type": "image/webp", "title": "Tiles"})
        assets = {"cog": {"href": f"{api}/images/{r['id']}/cog.tif?{query}", "type": COG, "roles": ["data"], "title": "Picture laid on the ground"}}
    if r["on_tiles"] or r["rendering"].get("preview"):
        assets["thumbnail"] = {"href": f"{api}/images/{r['id']}/thumbnail.webp?{query}", "type": "image/webp", "roles": ["thumbnail"], "title": "Thumbnail"}
    return item(r, links, assets)


def _in_box(filter: Filter, told: str) -> Filter:
    """With STAC's bbox: four numbers, or six with heights, which imagery has none of. Raises FilterInvalid."""
    parts = told.split(",")
    if len(parts) == 6:
        parts = [parts[i] for i in (0, 1, 3, 4)]
    return filter.but(bbox=Filter.from_query([("bbox", ",".join(parts))]).bbox)


def _number(told: str | None, key: str, otherwise: int) -> int:
    if told in (None, ""):
        return otherwise
    if not (told.isascii() and told.isdecimal()) or int(told[:12]) > 2**31:
        raise FilterInvalid([{"key": key, "value": told[:80], "expected": "a whole number"}])
    return int(told)
