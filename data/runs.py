"""Runs of an analysis and their cells: asked once for a filter and a state of the data, kept, drawn as tiles."""

from __future__ import annotations

import hashlib

import h3
import numpy as np
import orjson
import pandas as pd
import shapely
from sqlalchemy import Integer, Text, cast, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, Run, RunCell, Seizure
from data.quadkey import CELL_LEVEL, HALF_M, cell_ancestors, cell_range, mercator, morton
from data.scope import LEVELS, marking_of
from data.seizures import ON_MAP
from errors import NotFound

KEEP = 200  # newest runs of a method and world; older ones are asked again if anybody comes back to them


async def points(session: AsyncConnection, filter: Filter) -> pd.DataFrame:
    """Every single placed seizure of the filter: id, lon, lat, kg (null unknown), agency (0 none), level (data/scope.py)."""
    rows = await session.execute(
        select(Seizure.id, func.ST_X(Seizure.geom), func.ST_Y(Seizure.geom), Seizure.kg, Seizure.scope / LEVELS, Seizure.scope % LEVELS)
        .where(*filter.seizures(), ON_MAP).order_by(Seizure.id)
    )
    return pd.DataFrame(rows.all(), columns=["id", "lon", "lat", "kg", "agency", "level"]).astype({"kg": float, "lon": float, "lat": float})


async def made_of(session: AsyncConnection, filter: Filter) -> tuple[str, list[int]]:
    """The strictest marking of a filter's points, and whose they are."""
    level, agencies = (await session.execute(
        select(func.coalesce(func.max(Seizure.scope % LEVELS), 0),
               func.coalesce(func.array_agg(Seizure.agency_id.distinct()).filter(Seizure.agency_id.is_not(None)), cast([], ARRAY(Integer))))
        .where(*filter.seizures(), ON_MAP))).one()
    return marking_of(level), agencies


async def open_run(session: AsyncConnection, filter: Filter, method: str, version: str, parameters: dict, state: str) -> dict:
    """The run of this question, made if nobody who sees the same asked it yet (its cells come with the first tile of each zoom).

    It is as closed as the most closed row it was made of.
    """
    told = "|".join((method, version, orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS).decode(), filter.query(), state))
    key = hashlib.sha256(told.encode()).hexdigest()
    names = func.array(select(Agency.name).where(Agency.id == func.any(Run.agencies)).order_by(Agency.name).scalar_subquery())
    find = select(Run.id, Run.summary, Run.created_at, Run.marking, names.label("agencies")).where(
        Run.world == filter.world_code, Run.method == method, Run.key == key)
    found = (await session.execute(find)).mappings().one_or_none()
    if found is None:
        marking, agencies = await made_of(session, filter)
        await session.execute(insert(Run).values(
            world=filter.world_code, method=method, key=key, filter=dict(filter.pairs()), parameters=parameters,
            version=version, seed=0, marking=marking, agencies=agencies,
        ).on_conflict_do_nothing())
        await session.execute(text(
            "DELETE FROM run WHERE world = :world AND method = :method AND id NOT IN "
            "(SELECT id FROM run WHERE world = :world AND method = :method ORDER BY id DESC LIMIT :keep)"
        ), {"world": filter.world_code, "method": method, "keep": KEEP})
        found = (await session.execute(find)).mappings().one()
    return dict(found)


async def run_of(session: AsyncConnection, run_id: int) -> dict:
    """A run's world, filter and what is computed. Raises NotFound."""
    row = (await session.execute(
        select(Run.id, Run.world, Run.filter, Run.parameters, Run.summary, Run.marking).where(Run.id == run_id)
    )).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no run {run_id}; ask /api/hotspots for one")
    return dict(row)


async def hold(session: AsyncConnection, run_id: int, resolution: int) -> bool:
    """Wait for whoever computes these cells; True when they are stored."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:run, :resolution)"),
                          {"run": run_id % 2**31, "resolution": resolution})
    summary = await session.scalar(select(Run.summary).where(Run.id == run_id))
    return summary is not None and str(resolution) in summary


async def store(session: AsyncConnection, run_id: int, resolution: int, cells: pd.DataFrame, points: pd.DataFrame) -> None:
    """Store a resolution's cells, their tally, and the marking of the points they were made of: these may have come after the run was opened."""
    if len(cells):
        outlines = [outline(c) for c in cells.h3]
        columns = {
            "h3": cells.h3.tolist(), "cell": enclosing(outlines).tolist(), "n": cells.n.tolist(),
            "n_around": cells.n_around.tolist(), "kg": cells.kg.tolist(), "z": cells.z.tolist(), "p": cells.p.tolist(),
            "q": cells.q.tolist(), "level": cells.level.tolist(), "wkb": [shapely.to_wkb(o) for o in outlines],
        }
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


def outline(cell: int) -> shapely.Polygon:
    """A cell's hexagon in degrees. One over the antimeridian goes on past 180."""
    corners = [(lon, lat) for lat, lon in h3.cell_to_boundary(h3.int_to_str(int(cell)))]
    if max(c[0] for c in corners) - min(c[0] for c in corners) > 180:
        corners = [(lon + 360 if lon < 0 else lon, lat) for lon, lat in corners]
    return shapely.Polygon(corners)


def enclosing(shapes: list) -> np.ndarray:
    """The smallest enclosing quadtree cell of each shape, as `vigia.cell` has it."""
    west, south, east, north = shapely.bounds(np.asarray(shapes, object)).T
    x0, y0 = _corner(west, north)
    x1, y1 = _corner(east, south)
    keys = []
    for a, b, c, d in zip(x0, y0, x1, y1):
        level = CELL_LEVEL
        while (a != c or b != d) and level > 0:
            a, b, c, d, level = a >> 1, b >> 1, c >> 1, d >> 1, level - 1
        keys.append((morton(a, b) << 2 * (CELL_LEVEL - level)) << 5 | level)
    return np.array(keys, np.int64)


def _corner(lon, lat) -> tuple[list[int], list[int]]:
    x, y = mercator(lon, lat)
    size = 1 << CELL_LEVEL
    column = np.clip(np.floor((x + HALF_M) / (2 * HALF_M) * size), 0, size - 1).astype(int)
    row = np.clip(np.floor((HALF_M - y) / (2 * HALF_M) * size), 0, size - 1).astype(int)
    return column.tolist(), row.tolist()


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
