"""Runs of an analysis and their cells: asked once for a filter and a state of the data, kept, drawn as tiles."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain

import h3.api.basic_int as h3
import numpy as np
import orjson
import pandas as pd
import shapely
from sqlalchemy import Double, Text, cast, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import BYTEA, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, Run, RunCell, Seizure
from data.quadkey import CELL_LEVEL, HALF_M, cell_ancestors, cell_range, mercator, spread_array
from data.scope import LEVELS, marking_of
from data.seizures import ON_MAP
from errors import NotFound

KEEP = 200  # newest runs of a method and world; older ones are asked again if anybody comes back to them


async def points(session: AsyncConnection, filter: Filter) -> pd.DataFrame:
    """Every single placed seizure of the filter, by id: id, lon, lat, kg (null unknown), agency (0 none), level (data/scope.py).

    Each column comes as the bytes of all its numbers: 200,000 rows as Python's numbers took longer than all else.
    """
    columns = {"id": (func.int8send(Seizure.id), ">i8"), "lon": (func.float8send(func.ST_X(Seizure.geom)), ">f8"), "lat": (func.float8send(func.ST_Y(Seizure.geom)), ">f8"),
               "kg": (func.float8send(func.coalesce(Seizure.kg, cast("NaN", Double))), ">f8"), "scope": (func.int4send(Seizure.scope), ">i4")}
    packed = (await session.execute(select(*(func.string_agg(sent, cast(b"", BYTEA)) for sent, _ in columns.values())).where(*filter.seizures(), ON_MAP))).one()
    found = {name: np.frombuffer(part or b"", kind).astype(kind[1:]) for (name, (_, kind)), part in zip(columns.items(), packed)}
    order, scope = np.argsort(found["id"]), found.pop("scope")
    return pd.DataFrame({**found, "agency": scope // LEVELS, "level": scope % LEVELS}).iloc[order].reset_index(drop=True)


async def scopes(session: AsyncConnection, filter: Filter) -> dict[int, int]:
    """How many points a filter has, by their scope (data/scope.py)."""
    return {scope: n for scope, n in await session.execute(select(Seizure.scope, func.count()).where(*filter.seizures(), ON_MAP).group_by(Seizure.scope))}


async def made_of(session: AsyncConnection, filter: Filter) -> tuple[str, list[int]]:
    """The strictest marking of a filter's points, and whose they are."""
    return _of_scopes(await scopes(session, filter))


def _of_scopes(of: Iterable[int]) -> tuple[str, list[int]]:
    return marking_of(max((scope % LEVELS for scope in of), default=0)), sorted({scope // LEVELS for scope in of} - {0})


async def open_run(session: AsyncConnection, filter: Filter, method: str, version: str, parameters: dict, state: str) -> dict:
    """The run of this question, made if nobody who sees the same asked it yet (its cells come with the first tile of each zoom).

    It is as closed as the most closed row it was made of. `n` is how many points there are, where they were looked at just now.
    """
    told = "|".join((method, version, orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS).decode(), filter.query(), state))
    key = hashlib.sha256(told.encode()).hexdigest()
    names = func.array(select(Agency.name).where(Agency.id == func.any(Run.agencies)).order_by(Agency.name).scalar_subquery())
    find = select(Run.id, Run.summary, Run.created_at, Run.marking, names.label("agencies")).where(
        Run.world == filter.world_code, Run.method == method, Run.key == key)
    found, n = (await session.execute(find)).mappings().one_or_none(), None
    if found is None:
        of = await scopes(session, filter)
        (marking, agencies), n = _of_scopes(of), sum(of.values())
        await session.execute(insert(Run).values(
            world=filter.world_code, method=method, key=key, filter=dict(filter.pairs()), parameters=parameters,
            version=version, seed=0, marking=marking, agencies=agencies,
        ).on_conflict_do_nothing())
        await session.execute(text(
            "DELETE FROM run WHERE world = :world AND method = :method AND id NOT IN "
            "(SELECT id FROM run WHERE world = :world AND method = :method ORDER BY id DESC LIMIT :keep)"
        ), {"world": filter.world_code, "method": method, "keep": KEEP})
        found = (await session.execute(find)).mappings().one()
    return {**found, "n": n}


async def run_of(session: AsyncConnection, run_id: int) -> dict:
    """A run's world, filter and what is computed. Raises NotFound."""
    row = (await session.execute(
        select(Run.id, Run.world, Run.filter, Run.parameters, Run.summary, Run.marking).where(Run.id == run_id)
    )).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no run {run_id}; ask /api/hotspots for one")
    return dict(row)


async def hold(session: AsyncConnection, run_id: int, resolution: int) -> bool:
    """Wait for whoever computes these cells; True when they are stored. Else it is the caller who computes them, and others wait for the end of its transaction."""
    async with session.begin_nested() as point:
        await session.execute(text("SELECT pg_advisory_xact_lock(:run, :resolution)"), {"run": run_id % 2**31, "resolution": resolution})
        summary = await session.scalar(select(Run.summary).where(Run.id == run_id))
        stored = summary is not None and str(resolution) in summary
        if stored:
            # gives the lock back: who waits for the same cells need not wait for each other's tiles
            await point.rollback()
    return stored


async def store(session: AsyncConnection, run_id: int, resolution: int, cells: pd.DataFrame, points: pd.DataFrame) -> None:
    """Store a resolution's cells, their tally, and the marking of the points they were made of: these may have come after the run was opened."""
    if len(cells):
        shapes = outlines(cells.h3.to_numpy())
        numbers = {name: cells[name].to_numpy() for name in ("h3", "n", "n_around", "kg", "z", "p", "q", "level")} | {"cell": enclosing(shapes)}
        # arrays as PostgreSQL writes them: a list is put together number by number, which took half of all the time here
        columns = {name: "{" + ",".join(map(str, values.tolist())) + "}" for name, values in numbers.items()}
        columns["wkb"] = "{" + ",".join(f'"\\\\x{shape}"' for shape in shapely.to_wkb(shapes, hex=True).tolist()) + "}"
        await session.execute(text("""
            INSERT INTO run_cell (run_id, resolution, h3, cell, n, n_around, kg, z, p, q, level, outline)
            SELECT :run, :resolution, h3, cell, n, n_around, kg, z, p, q, level, ST_GeomFromWKB(wkb, 4326)
            FROM unnest(cast(:h3 AS bigint[]), cast(:cell AS bigint[]), cast(:n AS int[]), cast(:n_around AS int[]),
                        cast(:kg AS float8[]), cast(:z AS float8[]), cast(:p AS float8[]), cast(:q AS float8[]),
                        cast(:level AS smallint[]), cast(:wkb AS bytea[]))
                 AS c (h3, cell, n, n_around, kg, z, p, q, level, wkb)
        """), {"run": run_id, "resolution": resolution, **columns})
    tally = {str(level): int(n) for level, n in cells.level.value_counts().items()}
    await session.execute(
        text("UPDATE run SET summary = summary || jsonb_build_object(cast(:r AS text), cast(:tally AS jsonb)), "
             "marking = CASE WHEN vigia.level(:marking) > vigia.level(marking) THEN :marking ELSE marking END, "
             "agencies = ARRAY(SELECT unnest(agencies) UNION SELECT unnest(cast(:agencies AS int[])) ORDER BY 1) WHERE id = :run"),
        {"run": run_id, "r": str(resolution), "tally": orjson.dumps(tally).decode(),
         "marking": marking_of(int(points.level.max()) if len(points) else 0), "agencies": sorted({int(a) for a in points.agency if a})},
    )


def outlines(cells: np.ndarray) -> np.ndarray:
    """Hexagons of cells in degrees. One over the antimeridian goes on past 180."""
    if not len(cells):
        return np.empty(0, object)
    corners = [h3.cell_to_boundary(cell) for cell in cells.tolist()]
    of = np.repeat(np.arange(len(corners)), [len(c) for c in corners])
    lat, lon = np.fromiter(chain.from_iterable(chain.from_iterable(corners)), float).reshape(-1, 2).T
    low, high = (np.full(len(corners), -start) for start in (-np.inf, np.inf))
    np.minimum.at(low, of, lon)
    np.maximum.at(high, of, lon)
    return shapely.polygons(shapely.linearrings(np.column_stack([np.where((high - low > 180)[of] & (lon < 0), lon + 360, lon), lat]), indices=of))


def enclosing(shapes: np.ndarray) -> np.ndarray:
    """The smallest enclosing quadtree cell of each shape, as `vigia.cell` has it."""
    west, south, east, north = shapely.bounds(np.asarray(shapes, object)).T
    (x0, y0), (x1, y1) = _corner(west, north), _corner(east, south)
    # as many levels up as the highest bit in which two corners differ
    up = np.frexp(((x0 ^ x1) | (y0 ^ y1)).astype(float))[1].astype(np.uint64)
    key = spread_array(x0 >> up) | spread_array(y0 >> up) << np.uint64(1)
    return ((key << up * np.uint64(2)) << np.uint64(5) | (np.uint64(CELL_LEVEL) - up)).astype(np.int64)


def _corner(lon, lat) -> tuple[np.ndarray, np.ndarray]:
    x, y = mercator(lon, lat)
    size = 1 << CELL_LEVEL
    column, row = np.floor((x + HALF_M) / (2 * HALF_M) * size), np.floor((HALF_M - y) / (2 * HALF_M) * size)
    return tuple(np.clip(part, 0, size - 1).astype(np.uint64) for part in (column, row))


async def tile(session: AsyncConnection, run_id: int, resolution: int, z: int, x: int, y: int) -> bytes:
    """A vector tile of a run's cells, layer `hotspots`."""
    lo, hi = cell_range(z, x, y)
    envelope = func.ST_TileEnvelope(z, x, y)
    # 4326 -> 3857: tiles are cut in Web Mercator
    shape = func.ST_Transform(RunCell.outline, 3857)
    drawn = (
        select(
            func.ST_AsMVTGeom(shape, envelope, 4096, 64, True).label("geom"),
            RunCell.level, RunCell.n, RunCell.n_around, RunCell.q, RunCell.kg,
            cast(RunCell.h3, Text).label("h3"),
        )
        .where(RunCell.run_id == run_id, RunCell.resolution == resolution,
               or_(RunCell.cell.between(lo, hi), RunCell.cell.in_(cell_ancestors(z, x, y) or [-1])))
        .order_by(RunCell.level)
        .subquery("drawn")
    )
    return await session.scalar(select(func.ST_AsMVT(drawn.table_valued(), literal("hotspots", Text), 4096, "geom"))) or b""
