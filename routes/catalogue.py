"""The catalogue of imagery: sorties as JSON, and the page `/imagery` of images, sorties and what is brought in."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from data import authority_page, catalogue, spans, uploads
from data.filters import Filter
from data.scope import LEVEL
from data.visitor import at_hand
from errors import FilterInvalid, NotFound
from routes import catalogue_parts as parts
from routes import papers
from routes.asking import RowId, as_json, asked, database
from routes.counts import opening
from routes.paging import KEYS, paging
from routes.rules import ANSWERING, BRINGING
from routes.uploads import limits

router = APIRouter()

PAGE = 48
VIEWS = ("images", "films", "sorties", "upload")
OWN_KEYS = (*catalogue.KEYS, *KEYS, "view", "sel")


SHOWN = {"image": (catalogue.image, parts.image), "video": (catalogue.film, parts.film), "sortie": (catalogue.sortie, parts.sortie)}  # what `sel` may name


@router.get("/api/sorties")
async def sorties(request: Request) -> Response:
    """Flights, the newest first, with what of their imagery the filter shows; beside it `product`, `marking`, `max_gsd_m`."""
    filter, choice = asked(request, *catalogue.KEYS, *KEYS), catalogue.Choice.from_query(request.query_params.multi_items())
    page = paging(request, ("started",), "-started")
    async with database(request).reading() as session:
        found = await catalogue.sorties(session, filter, choice, limit=page["limit"], offset=page["offset"])
    return as_json(found, rows=len(found["rows"]))


@router.get("/api/sorties/{sortie_id}")
async def sortie(request: Request, sortie_id: RowId) -> Response:
    """One flight, with its path as far as its track may be seen."""
    filter = asked(request)
    async with database(request).reading() as session:
        found = await catalogue.sortie(session, filter, sortie_id)
    return as_json({**found, "authority": await _authority(request, found["authority_id"])}, rows=1)


@router.get("/imagery", include_in_schema=False)
async def page(request: Request) -> Response:
    """Every choice is in the address; without a world it is the one the map opens in."""
    if "world" not in request.query_params:
        async with database(request).reading() as session:
            world = opening(await spans.worlds(session))
        return RedirectResponse(f"/imagery?{urlencode([('world', world), *request.query_params.multi_items()])}", 303)
    items = [(k, v) for k, v in request.query_params.multi_items() if v.strip()]  # a form sends what is empty too
    may_bring = bool(at_hand().roles & BRINGING)
    try:
        filter = Filter.from_query([(k, parts.moment(k, v)) for k, v in items], frozenset(OWN_KEYS))
        choice = catalogue.Choice.from_query(items)
        shown = paging(request, ("captured",), "-captured")
        view = _one_of(request, "view", VIEWS)
    except FilterInvalid as wrong:
        body = parts.body(view="images", filter=Filter(world="live"), choice=catalogue.Choice(), agencies=[], may_bring=may_bring,
                          inner=parts.refused(wrong), details="", told={})
        return papers.page("imagery", "Vigia: imagery", "imagery", body, status=422, rows=0)
    limit, offset = PAGE, shown["offset"]
    async with database(request).reading() as session:
        agencies = await catalogue.agencies(session, filter)
        found = {"total": 0, "rows": []}
        if view == "images":
            found = await catalogue.page(session, filter, choice, limit=limit, offset=offset)
        elif view == "films":
            found = await catalogue.films(session, filter, choice, limit=limit, offset=offset)
            found["rows"] = [{**r, "kind": "video"} for r in found["rows"]]
        elif view == "sorties":
            found = await catalogue.sorties(session, filter, choice, limit=limit, offset=offset)
        details, chosen = await _details(request, session, filter)
    link = parts.Link(filter, choice, view, request.query_params.get("sel"))
    if view == "upload":
        house = await uploads.agencies(database(request), at_hand().token) if may_bring else []
        inner = parts.upload_form(house, [m for m in LEVEL if LEVEL[m] <= at_hand().ceiling], limits()) if may_bring else parts.MAY_NOT
    else:
        inner = {"images": parts.images, "films": parts.films, "sorties": parts.sorties}[view](found["rows"], link) + parts.pages(found["total"], offset, limit, link)
    body = parts.body(view=view, filter=filter, choice=choice, agencies=agencies, may_bring=may_bring, inner=inner, details=details, markings={r["marking"] for r in [*found["rows"], *([chosen] if chosen else [])]},
                      told={"view": view, "rows": [parts.on_map(r) for r in found["rows"]], "chosen": parts.on_map(chosen) if chosen else None,
                            "bbox": filter.bbox, "world": filter.world, "upload": limits() if view == "upload" and may_bring else None})
    return papers.page("imagery", "Vigia: imagery", "imagery", body, rows=len(found["rows"]))


async def _details(request: Request, session, filter: Filter) -> tuple[str, dict | None]:
    """What `sel` names, as markup and as a record."""
    what, _, number = request.query_params.get("sel", "").partition(":")
    if what not in SHOWN or not (number.isascii() and number.isdecimal()) or int(number) >= 2**63:
        return "", None
    try:
        found = await SHOWN[what][0](session, filter, int(number))
    except NotFound as gone:
        return parts.nothing(str(gone)), None
    if what == "sortie":
        found["authority"] = await _authority(request, found["authority_id"])
    return SHOWN[what][1](found), {**found, "kind": what}


async def _authority(request: Request, number: int | None) -> str | None:
    """The reference of what a sortie was flown under, for those who answer for authorities of its agency."""
    if number is None or not at_hand().roles & ANSWERING:
        return None
    known = (await authority_page.everything(database(request), at_hand().token))["authorities"]
    return next((a["reference"] for a in known if a["id"] == number), None)


def _one_of(request: Request, key: str, allowed: tuple[str, ...]) -> str:
    told = request.query_params.get(key) or allowed[0]
    if told not in allowed:
        raise FilterInvalid([{"key": key, "value": told[:80], "expected": f"one of {', '.join(allowed)}"}])
    return told
