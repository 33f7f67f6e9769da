"""Analyses somebody asked for: asked once for a question and a state of the data, worked off by a job (jobs/analysing.py), kept, drawn, called off.

All of it in sessions of whoever asks: the policies say which runs there are, and a run is never wider than its asker's look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np
import orjson
import shapely
from sqlalchemy import Text, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data import runs
from data.filters import Filter
from data.models import Agency, DataState, Looker, Run, RunPlace
from data.quadkey import cell_ancestors, cell_range
from data.spans import SEEN_AS
from data.visitor import Visitor
from errors import Forbidden, InputRefused, NotFound, TooMuch

LAYERS = ("seizures", "imagery")  # whose changes make a run old; tracks where it reads them: a fix that arrives makes no other run older
OF_TRACKS = ("forecast", "routes")  # families that read where tracks passed
WAITING_MOST = 5  # of one asker
PLACES_MAX = 250_000
PAGE_MAX = 5_000
NOT_ALLOWED = "42501"
OPEN = ("waiting", "running")
NOTHING_OF_IT = "withheld"  # what a forecast tells that must not be shown


class AnalysisRefused(InputRefused):
    """It can't be asked so."""


class TooManyPlaces(InputRefused):
    """More than a run can keep."""


async def state(session: AsyncConnection, world: int, family: str) -> str:
    """A text that changes with what an analysis of a family reads, and is another for whoever sees other rows."""
    # Where units look at the ground they pass, their tracks are effort.
    looked = await session.scalar(select(select(Looker.track_id).exists()))
    layers = (*LAYERS, "tracks") if looked or family in OF_TRACKS else LAYERS
    row = func.concat(DataState.layer, ":", DataState.version, "@", func.extract("epoch", DataState.changed_at))
    told = select(func.string_agg(row, aggregate_order_by(literal(",", Text), DataState.layer))).where(DataState.world == world, DataState.layer.in_(layers)).scalar_subquery()
    return await session.scalar(select(func.concat_ws(",", func.coalesce(SEEN_AS, "nobody"), told)))


def key_of(filter: Filter, method: str, version: str, parameters: dict, state_: str) -> str:
    """What a question is known by: the same one is answered from the record."""
    told = "|".join((method, version, orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS).decode(), filter.query(), state_))
    return hashlib.sha256(told.encode()).hexdigest()


async def ask(session: AsyncConnection, visitor: Visitor, filter: Filter, family: str, method: str, version: str, parameters: dict) -> tuple[int, bool]:
    """The run of this question, and whether it was asked just now. One that failed or was called off is asked anew. Raises Forbidden, TooMuch.

    `parameters` are knobs and, where it has some, zones and units.
    """
    key = key_of(filter, method, version, parameters, await state(session, filter.world_code, family))
    same = (Run.world == filter.world_code, Run.method == method, Run.key == key)
    found = (await session.execute(select(Run.id, Run.state).where(*same))).one_or_none()
    if found is not None and found.state in (*OPEN, "done"):
        return found.id, False
    waiting = await session.scalar(select(func.count()).where(Run.asked_by == visitor.recorded_as, Run.state.in_(OPEN)))
    if waiting >= WAITING_MOST:
        raise TooMuch(f"{waiting} analyses of yours wait or run, at most {WAITING_MOST} may: wait until some are done, or call some off")
    if found is not None:
        await session.execute(text("DELETE FROM run WHERE id = :id"), {"id": found.id})
    marking, agencies = await runs.made_of(session, filter)
    number = await session.scalar(insert(Run).values(
        world=filter.world_code, method=method, key=key, filter=dict(filter.pairs()), parameters=parameters, version=version, seed=int(parameters.get("knobs", {}).get("seed", 0)),
        marking=marking, agencies=agencies, state="waiting", asked_by=visitor.recorded_as).on_conflict_do_nothing().returning(Run.id))
    if number is None:  # somebody who sees the same asked the same in this moment
        return await session.scalar(select(Run.id).where(*same)), False
    try:
        await session.execute(text("SELECT access.analyse_soon(:token)"), {"token": visitor.token})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            raise Forbidden("analyses are asked for by coordinators, analysts and supervisors") from None
        raise
    return number, True


_NAMES = func.array(select(Agency.name).where(Agency.id == func.any(Run.agencies)).order_by(Agency.name).scalar_subquery())
_COLUMNS = (Run.id, Run.method, Run.version, Run.state, Run.progress, Run.failure, Run.told, Run.filter, Run.parameters, Run.marking, _NAMES.label("agencies"), Run.asked_by,
            Run.created_at, Run.taken_at, Run.finished_at)


async def listed(session: AsyncConnection, world: int, visitor: Visitor, *, limit: int) -> list[dict]:
    """The newest one may see. What somebody else searched for by a text is not told."""
    rows = await session.execute(select(*_COLUMNS).where(
        Run.world == world, Run.asked_by.is_not(None), or_(Run.asked_by == visitor.recorded_as, ~Run.filter.has_key("q"))).order_by(Run.id.desc()).limit(limit))
    return [_shown(row, visitor, whole=False) for row in rows.mappings()]


async def one(session: AsyncConnection, run: int, visitor: Visitor | None) -> dict:
    """One, with all it tells. Raises NotFound."""
    row = (await session.execute(select(*_COLUMNS, Run.world, Run.key).where(Run.id == run, Run.asked_by.is_not(None)))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no analysis {run} that you may see")
    places = await session.scalar(select(func.count()).where(RunPlace.run_id == run))
    return {**_shown(row, visitor, whole=True), "places": places}


def _shown(row, visitor: Visitor | None, *, whole: bool) -> dict:
    told = {k: v for k, v in row.items() if k not in ("asked_by", "told", "parameters")}
    said = row["told"] or {}
    mine = visitor is not None and row["asked_by"] == visitor.recorded_as
    return {**told, "knobs": row["parameters"].get("knobs", {}), "zones": row["parameters"].get("zones"), "mine": mine,
            "told": said if whole else {k: said[k] for k in ("words", NOTHING_OF_IT, "n") if k in said}}


async def cancel(session: AsyncConnection, run: int, visitor: Visitor) -> bool:
    """Call it off, or take what is over off the list: only whoever asked. Whether it was still to be done. Raises NotFound."""
    mine = (Run.id == run, Run.asked_by == visitor.recorded_as)
    stopped = await session.execute(Run.__table__.update().where(*mine, Run.state.in_(OPEN)).values(state="cancelled", finished_at=func.clock_timestamp()))
    if stopped.rowcount:
        return True
    if not (await session.execute(Run.__table__.delete().where(*mine))).rowcount:
        raise NotFound(f"no analysis {run} of yours")
    return False


# -- places


async def places(session: AsyncConnection, run: int, *, limit: int, offset: int, sort: str = "") -> dict:
    """A page of a run's places as GeoJSON, in its method's order or by a property (`-` first: the largest first)."""
    value = RunPlace.properties[sort.lstrip("-")]
    order = [] if not sort else [(value.desc() if sort.startswith("-") else value.asc()).nulls_last()]
    rows = await session.execute(select(RunPlace.ordinal, RunPlace.properties, func.ST_AsGeoJSON(RunPlace.geom, 6).label("geometry")).where(RunPlace.run_id == run)
                                 .order_by(*order, RunPlace.ordinal).limit(limit).offset(offset))
    features = [{"type": "Feature", "id": r.ordinal, "geometry": orjson.Fragment(r.geometry), "properties": r.properties} for r in rows]
    return {"type": "FeatureCollection", "features": features}


async def frame(session: AsyncConnection, run: int) -> tuple[list[dict], np.ndarray]:
    """All of a run's places: their properties, and their shapes in EPSG:4326."""
    rows = (await session.execute(select(RunPlace.properties, func.ST_AsBinary(RunPlace.geom)).where(RunPlace.run_id == run).order_by(RunPlace.ordinal))).all()
    return [r[0] for r in rows], shapely.from_wkb([bytes(r[1]) for r in rows])


async def tile(session: AsyncConnection, run: int, z: int, x: int, y: int) -> bytes:
    """A vector tile, layer `places`: what stands in the columns of the method's legend that are numbers, texts or true and false."""
    lo, hi = cell_range(z, x, y)
    # 4326 -> 3857: tiles are cut in Web Mercator
    shape = func.ST_AsMVTGeom(func.ST_Transform(RunPlace.geom, 3857), func.ST_TileEnvelope(z, x, y), 4096, 64, True)
    drawn = select(shape.label("geom"), RunPlace.ordinal, RunPlace.properties).where(
        RunPlace.run_id == run, or_(RunPlace.cell.between(lo, hi), RunPlace.cell.in_(cell_ancestors(z, x, y) or [-1]))).order_by(RunPlace.ordinal).subquery("drawn")
    # A feature's properties are the members of a jsonb column.
    return await session.scalar(select(func.ST_AsMVT(drawn.table_valued(), literal("places", Text), 4096, "geom"))) or b""


# -- by the job, in a session of whoever asked


async def keep(session: AsyncConnection, run: int, shapes: np.ndarray, properties: list[dict], told: dict, made_of: tuple[str, Iterable[int]]) -> bool:
    """Store what it found, all or nothing; False when it was called off meanwhile. Of what is withheld no place is stored.

    `made_of` is the strictest marking of the points it was given and whose they were: they may have come after it was asked.
    """
    if told.get(NOTHING_OF_IT):
        shapes, properties = shapes[:0], []
    if len(shapes) > PLACES_MAX:
        raise TooManyPlaces(f"it found {len(shapes):,} places, at most {PLACES_MAX:,} can be kept: take larger cells or a smaller area")
    done = await session.execute(text("""
        UPDATE run SET state = 'done', progress = 1, told = cast(:told AS jsonb), score = cast(:score AS jsonb), finished_at = clock_timestamp(),
          marking = CASE WHEN vigia.level(:marking) > vigia.level(marking) THEN :marking ELSE marking END,
          agencies = ARRAY(SELECT unnest(agencies) UNION SELECT unnest(cast(:agencies AS int[])) ORDER BY 1)
        WHERE id = :run AND state = 'running'
    """), {"run": run, "told": orjson.dumps(told).decode(), "score": json.dumps(told.get("score")), "marking": made_of[0], "agencies": sorted(made_of[1])})
    if not done.rowcount:
        return False
    if len(shapes):
        await session.execute(text("""
            INSERT INTO run_place (run_id, ordinal, cell, geom, properties)
            SELECT :run, n, cell, ST_GeomFromWKB(wkb, 4326), cast(told AS jsonb)
            FROM unnest(cast(:cell AS bigint[]), cast(:wkb AS bytea[]), cast(:told AS text[])) WITH ORDINALITY AS p (cell, wkb, told, n)
        """), {"run": run, "cell": runs.enclosing(shapes).tolist(), "wkb": [shapely.to_wkb(s) for s in shapes],
               "told": [orjson.dumps(p, option=orjson.OPT_SERIALIZE_NUMPY).decode() for p in properties]})
    return True
