"""Points of a run come packed and are the rows that are there; outlines and their cells are those of a plain loop; who waits for cells waits for nobody else."""

from __future__ import annotations

import asyncio

import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import text

from data import people, runs
from data.filters import Filter
from data.quadkey import CELL_LEVEL, HALF_M, mercator, morton
from data.scope import LEVELS, scope
from tests.data.made import seizures

LIVE = Filter(world="live")


@pytest.fixture
def held(database):
    with database.connect() as connection:
        alfa = people.add_agency(connection, "Alfa", None)
        seizures(connection, np.random.default_rng(1), 50, world=0, agency=alfa, unplaced=3, aggregates=2)
        seizures(connection, np.random.default_rng(2), 20, world=0)
        connection.execute("UPDATE seizure SET marking = 'TLP:RED' WHERE id = (SELECT max(id) FROM seizure WHERE agency_id = %s AND geom IS NOT NULL AND NOT aggregate)", (alfa,))
        connection.commit()
    return alfa


async def test_points_are_the_rows_that_are_there(database, held):
    pool = database.pool()
    try:
        async with pool.reading() as session:
            found, of, made_of = await runs.points(session, LIVE), await runs.scopes(session, LIVE), await runs.made_of(session, LIVE)
            none = await runs.points(session, LIVE.but(min_kg=1e9))
    finally:
        await pool.close()
    with database.connect() as connection:
        rows = connection.execute("SELECT id, ST_X(geom), ST_Y(geom), kg, coalesce(agency_id, 0), scope FROM seizure WHERE world = 0 AND geom IS NOT NULL AND NOT aggregate ORDER BY id").fetchall()
    assert len(rows) == 70 and [found[name].tolist() for name in ("id", "lon", "lat", "agency")] == [[row[i] for row in rows] for i in (0, 1, 2, 4)]
    assert [None if kg != kg else kg for kg in found.kg] == [row[3] for row in rows] and (found.agency * LEVELS + found.level).tolist() == [row[5] for row in rows]
    assert of == {scope(held, "TLP:AMBER"): 49, scope(held, "TLP:RED"): 1, scope(None, "TLP:AMBER"): 20} and made_of == ("TLP:RED", [held])
    assert none.empty and list(none) == list(found) and (none.dtypes == found.dtypes).all()


async def test_a_run_tells_how_many_it_was_made_of_when_it_is_new(database, held):
    pool = database.pool()
    try:
        told = []
        for _ in range(2):
            async with pool.writing() as session:
                told.append(await runs.open_run(session, LIVE, "gi_star", "3", {}, "a state"))
    finally:
        await pool.close()
    assert [run["n"] for run in told] == [70, None] and told[0]["id"] == told[1]["id"] and told[0]["marking"] == "TLP:RED"


def test_outlines_and_their_cells_are_a_plain_loops():
    rng = np.random.default_rng(3)
    for resolution in (2, 5, 8):
        texts = [h3.latlng_to_cell(float(lat), float(lon), resolution) for lon, lat in zip([179.99, -97.5, *rng.uniform(-180, 180, 50)], [-17.0, 25.9, *rng.uniform(-80, 80, 50)])]
        shapes = runs.outlines(np.array([h3.str_to_int(cell) for cell in texts]))
        for cell, shape, key in zip(texts, shapes, runs.enclosing(shapes).tolist()):
            corners = [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
            if max(c[0] for c in corners) - min(c[0] for c in corners) > 180:
                corners = [(lon + 360 if lon < 0 else lon, lat) for lon, lat in corners]
            assert shape.equals(shapely.Polygon(corners)) and key == enclosing(*shape.bounds)
    assert runs.outlines(np.array([], np.int64)).size == 0
    assert runs.enclosing(shapely.points([[-97.5, 25.9]]))[0] & 31 == CELL_LEVEL, "of one place the smallest"


def enclosing(west: float, south: float, east: float, north: float) -> int:
    size = 1 << CELL_LEVEL
    (a, b), (c, d) = ((min(max(int(np.floor((x + HALF_M) / (2 * HALF_M) * size)), 0), size - 1), min(max(int(np.floor((HALF_M - y) / (2 * HALF_M) * size)), 0), size - 1))
                      for x, y in (mercator(west, north), mercator(east, south)))
    level = CELL_LEVEL
    while (a != c or b != d) and level > 0:
        a, b, c, d, level = a >> 1, b >> 1, c >> 1, d >> 1, level - 1
    return (morton(a, b) << 2 * (CELL_LEVEL - level)) << 5 | level


async def test_who_waits_for_cells_waits_for_nobody_else_who_does(database, held):
    """One computes; when it is done the others have their cells at once, though none of them is done with its own transaction."""
    pool = database.pool()
    try:
        async with pool.writing() as session:
            run = (await runs.open_run(session, LIVE, "gi_star", "3", {}, "a state"))["id"]
        begun = asyncio.Event()

        async def computes() -> None:
            async with pool.writing() as session:
                assert not await runs.hold(session, run, 5)
                begun.set()
                await runs.store(session, run, 5, pd.DataFrame({"h3": [], "level": []}), await runs.points(session, LIVE))

        together = asyncio.Barrier(2)

        async def waits() -> bool:
            await begun.wait()
            async with pool.writing() as session:
                await session.execute(text("SET LOCAL lock_timeout = '120s'"))  # a busy machine is no failure
                stored = await runs.hold(session, run, 5)
                await together.wait()  # both are here with their transactions open
                return stored

        async with asyncio.timeout(120):
            assert await asyncio.gather(computes(), waits(), waits()) == [None, True, True]
    finally:
        await pool.close()
