"""Hotspots: ask for the run of a filter, then draw its tiles."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from analysis.hotspots import LEVELS, VERSION, GiStar
from data import runs, seizures, spans
from data.filters import Filter
from data.worlds import NAMES
from routes.asking import RowId, as_json, as_tile, asked, database, etag, fresh, kept, not_changed
from routes.seizures import in_range
from routes.tilejson import told

router = APIRouter(prefix="/api")

METHOD = "gi_star"
PARAMETERS = {k: v for k, v in asdict(GiStar(0)).items() if k != "resolution"}
ZOOM_MAX = 16
# The zoom from which each H3 resolution is drawn, and how wide its cells are (km, across flats, on average).
RESOLUTION_FROM_ZOOM = ((0, 3), (4, 4), (6, 5), (7, 6), (10, 7), (11, 8))
WIDTH_KM = {3: 107.0, 4: 40.0, 5: 15.0, 6: 5.7, 7: 2.2, 8: 0.8}
FIELDS = {
    "level": "3 far more, 2 many more, 1 more, 0 as chance would give, -1 fewer", "n": "seizures in the cell", "n_around": "with its neighbours",
    "q": "p under false-discovery-rate control", "kg": "kilogram equivalent, summed", "h3": "the cell's H3 index"}
WORDS = {
    "3": "Far more", "2": "Many more", "1": "More", "0": "As chance would give", "-1": "Fewer",
}


def resolution_at(z: int) -> int:
    """The H3 resolution drawn at a zoom."""
    return [r for zoom, r in RESOLUTION_FROM_ZOOM if zoom <= z][-1]


async def run_of(session, filter: Filter) -> dict:
    """The run of a filter, with its marking and whose rows it was made of."""
    return await runs.open_run(session, filter, METHOD, VERSION, PARAMETERS, await spans.state(session, filter.world_code))


@router.get("/hotspots")
async def opened(request: Request) -> Response:
    """The run of this filter: its number, how closed it is, and how to read its tiles."""
    filter = asked(request)
    async with database(request).writing() as session:
        run = await run_of(session, filter)
        n = run["n"] if run["n"] is not None else await seizures.placed(session, filter)
    return as_json({
        "run": run["id"], "method": METHOD, "n": n, "from": filter.start, "to": filter.end, "at": filter.at, **PARAMETERS,
        "marking": run["marking"], "agencies": run["agencies"],
        "false_finds": LEVELS[-1][1], "made_at": run["created_at"], "words": WORDS,
        "resolutions": [{"zoom": z, "resolution": r, "width_km": WIDTH_KM[r]} for z, r in RESOLUTION_FROM_ZOOM],
        # It describes what was; what it says of tomorrow is not scored, so no forecast is drawn from it.
        "score": None,
    })


@router.get("/tiles/hotspots.json")
async def described(request: Request) -> Response:
    """TileJSON 3 of this filter's run."""
    filter = asked(request)
    async with database(request).writing() as session:
        run = await run_of(session, filter)
    return as_json(told(request, "hotspots", f"hotspots/{run['id']}", filter, "mvt", minzoom=0, maxzoom=ZOOM_MAX, marking=run["marking"],
                        agencies=run["agencies"], vector_layers=[{"id": "hotspots", "fields": FIELDS}], query=False))


@router.get("/tiles/hotspots/{run}/{z}/{x}/{y}.mvt")
async def tile(request: Request, run: RowId, z: int, x: int, y: int) -> Response:
    """Cells of a run at the resolution of the zoom, computed with the first tile that wants them."""
    in_range(z, x, y, ZOOM_MAX)
    resolution = resolution_at(z)
    tag = etag("hotspots", run, z, x, y)  # a run never changes
    async with database(request).writing() as session:
        about = await runs.run_of(session, run)
        if fresh(request, tag):
            return not_changed(tag)
        if str(resolution) not in about["summary"] and not await runs.hold(session, run, resolution):
            filter = Filter.from_query((k, str(v)) for k, v in about["filter"].items())
            assert filter.world == NAMES[about["world"]]
            points = await runs.points(session, filter)
            method = GiStar(resolution, **about["parameters"])
            cells = await run_in_threadpool(method.apply, points)
            await runs.store(session, run, resolution, cells, points)
        return as_tile(await kept(request, tag, lambda: runs.tile(session, run, resolution, z, x, y)), tag)
