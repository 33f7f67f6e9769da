"""Analyses are worked off by a real worker in real processes: as their asker, once, ended within seconds, and never half stored."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import settings
from analysis import methods
from data import analyses, analysis_jobs, people, reference
from data.filters import Filter
from data.visitor import Visitor, visiting
from errors import Forbidden, NotFound, TooMuch
from jobs import analysing, analyst, worker
from tests.analysis import toy
from tests.conftest import ROOT
from tests.data.made import seizures, spread, touch

FILTER = Filter.from_query([("world", "live")])
WAIT_S = 600


@pytest.fixture
def toys(monkeypatch):
    monkeypatch.setitem(methods._WHERE, "toy", toy.WHERE)
    monkeypatch.setattr(analysing, "PROGRAM", "tests.jobs.toy_analyst")


@pytest.fixture
def held(environment, toys):
    """Alfa's 30 seizures and Bravo's 20; ana is of Alfa, bob of Bravo, vic only looks."""
    with environment.connect() as connection:
        for number, (name, n) in enumerate((("Alfa", 30), ("Bravo", 20))):
            seizures(connection, np.random.default_rng(number), n, world=0, agency=people.add_agency(connection, name, None))
        touch(connection, "seizures", 0)
        connection.commit()
    return environment


@pytest.fixture
def ana(held) -> Visitor:
    return held.person("ana", roles=("analyst",), agencies=["Alfa"])


async def asked(held, who: Visitor, filter: Filter = FILTER, method: str = "toy", **knobs) -> int:
    with visiting(who):
        pool = held.pool()
        try:
            async with pool.writing() as session:
                made = methods.made(method, knobs)
                return (await analyses.ask(session, who, filter, made.FAMILY, method, made.VERSION, {"knobs": methods.values(made)}))[0]
        finally:
            await pool.close()


async def told(held, who: Visitor, run: int) -> dict:
    with visiting(who):
        pool = held.pool()
        try:
            async with pool.reading() as session:
                return await analyses.one(session, run, who)
        finally:
            await pool.close()


async def work(held, go_on=lambda: True) -> int:
    return await asyncio.to_thread(analysing.run, held.owner_url, held.app_url, go_on)


def one(held, query: str, *values):
    with held.connect() as connection:
        return connection.execute(query, values).fetchone()


def rows(held, query: str, *values) -> list:
    with held.connect() as connection:
        return connection.execute(query, values).fetchall()


def children() -> set[int]:
    """The processes this one started and that run; those of other tests are among them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # gone since
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z" and int(parent) == os.getpid():
                found.add(int(path.parent.name))
    return found


async def wait_for(what) -> None:
    until = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < until, "it did not come"
        await asyncio.sleep(0.05)


async def test_the_queue_works_it_off_as_its_asker(held, ana):
    run = await asked(held, ana, cell_deg="0.5")
    await worker.work(held.owner_url, until_done=True)
    found = await told(held, ana, run)
    assert (found["state"], found["failure"], found["told"]["n"], found["agencies"]) == ("done", None, 30, ["Alfa"])
    assert found["told"]["effort"] == "no effort data" and found["told"]["given"]["seizures"] == 30 and any("month or range" in limit for limit in found["told"]["limits"])
    places = one(held, "SELECT count(*), sum((properties ->> 'n')::int), bool_and(cell = vigia.cell(geom)) FROM run_place WHERE run_id = %s", run)
    assert places == (found["places"], 30, True)
    assert one(held, "SELECT count(*) FROM audit.entry WHERE entry LIKE %s", f'%"analysis:{run}"%') == (1,)
    assert one(held, "SELECT count(*) FROM access.session WHERE revoked_at IS NULL AND address = 'command line' AND person_id = %s AND expires_at < now() + interval '20 minutes'", ana.id)[0] <= 1


async def test_the_same_question_is_answered_from_the_record_until_the_data_change(held, ana):
    run = await asked(held, ana)
    assert await asked(held, ana) == run
    await work(held)
    assert await asked(held, ana) == run and await asked(held, ana, cell_deg=2) != run
    with held.connect() as connection:
        touch(connection, "tracks", 0)
        connection.commit()
    assert await asked(held, ana) == run, "a fix makes no hotspot older"
    with held.connect() as connection:
        touch(connection, "seizures", 0)
        connection.commit()
    assert await asked(held, ana) != run


async def test_another_agency_neither_sees_it_nor_shares_it(held, ana):
    bob = held.person("bob", roles=("analyst",), agencies=["Bravo"])
    run, his = await asked(held, ana), await asked(held, bob)
    assert run != his and await work(held) == 2
    assert (await told(held, bob, his))["told"]["n"] == 20
    with pytest.raises(NotFound):
        await told(held, bob, run)


async def test_who_only_looks_may_not_ask(held):
    with pytest.raises(Forbidden):
        await asked(held, held.person("vic", roles=("viewer",), agencies=["Alfa"]))
    assert one(held, "SELECT count(*) FROM run") == (0,)


async def test_nobody_may_have_too_many_wait(held, ana):
    for i in range(analyses.WAITING_MOST):
        await asked(held, ana, cell_deg=1 + i)
    with pytest.raises(TooMuch, match="5 analyses of yours"):
        await asked(held, ana, cell_deg=9)


async def test_one_that_is_called_off_ends_within_seconds(held, ana):
    run, before = await asked(held, ana, slow_s=600), children()
    at_work = asyncio.create_task(work(held))
    await wait_for(lambda: one(held, "SELECT progress FROM run WHERE id = %s", run)[0] > 0)
    with visiting(ana):
        pool = held.pool()
        async with pool.writing() as session:
            assert await analyses.cancel(session, run, ana)
        await pool.close()
    await asyncio.wait_for(at_work, 300)  # it would have taken ten minutes
    assert one(held, "SELECT state FROM run WHERE id = %s", run) == ("cancelled",)
    assert children() <= before, "and its process is gone"
    assert await asked(held, ana, slow_s=600) != run, "asked again it is done anew"


async def test_more_memory_than_it_may_is_told(held, ana, monkeypatch):
    monkeypatch.setenv("VIGIA_ANALYSIS_MEMORY_MB", "2500")
    settings.analysis.cache_clear()
    run = await asked(held, ana, hungry_mb=4000)
    await work(held)
    assert "more than 2,500 MB of memory" in (await told(held, ana, run))["failure"]


@pytest.mark.parametrize(("q", "words"), [("nobody-has-this", "toy needs 2 points, 0 are given")])
async def test_what_a_method_refuses_is_told_in_its_words(held, ana, q, words):
    run = await asked(held, ana, FILTER.but(q=q))
    await work(held)
    found = await told(held, ana, run)
    assert found["state"] == "failed" and words in found["failure"]


async def test_what_is_withheld_is_nowhere(held, ana):
    run = await asked(held, ana, withheld=True)
    await work(held)
    found = await told(held, ana, run)
    assert found["state"] == "done" and found["told"]["withheld"] == "no better than counts" and found["places"] == 0
    assert one(held, "SELECT count(*) FROM run_place") == (0,)


async def test_a_dead_workers_run_is_taken_up_and_given_up_the_third_time(held, ana):
    run = await asked(held, ana)
    for _ in range(analysis_jobs.TRIES):
        with held.connect() as connection:
            analysis_jobs.again(connection)
            assert analysis_jobs.next_one(connection)["id"] == run
            connection.commit()
    assert await work(held) == 0
    assert (await told(held, ana, run))["failure"] == analysis_jobs.DIED


async def test_a_worker_that_is_told_to_end_leaves_it_to_the_next(held, ana):
    run = await asked(held, ana, slow_s=2)
    going = iter([True])
    await work(held, lambda: next(going, False))
    assert one(held, "SELECT state, tries FROM run WHERE id = %s", run) == ("waiting", 0)
    assert await work(held) == 1 and one(held, "SELECT state FROM run WHERE id = %s", run) == ("done",)


async def test_other_rights_or_none_end_it(held, ana):
    first = await asked(held, ana)
    with held.connect() as connection:
        connection.execute("DELETE FROM access.membership WHERE person_id = %s", (ana.id,))
        connection.commit()
    await work(held)
    assert one(held, "SELECT state, failure FROM run WHERE id = %s", first) == ("failed", analysing.CHANGED)
    again = await asked(held, ana)
    with held.connect() as connection:
        connection.execute("UPDATE access.person SET active = false WHERE id = %s", (ana.id,))
        connection.commit()
    await work(held)
    assert one(held, "SELECT failure FROM run WHERE id = %s", again) == (analysis_jobs.GONE,)


async def test_what_is_erased_takes_its_runs_along(held, ana):
    from data import purge

    run = await asked(held, ana)
    await work(held)
    with held.connect() as connection:
        purge.touch(connection, "seizures")
        connection.commit()
    assert one(held, "SELECT count(*) FROM run WHERE id = %s", run) == (0,) and one(held, "SELECT count(*) FROM run_place") == (0,)


@pytest.fixture
def bordered(environment) -> Visitor:
    """Alfa's 900 seizures round Brownsville, at sea too, on the ground of the basemap and its border sections; ana of Alfa."""
    basemap = ROOT / ".vigia" / "basemap"
    box = (-98.8, 25.4, -96.8, 27.0)
    home = settings.store().home
    (home / "near").mkdir(parents=True)
    (home / "basemap").symlink_to(basemap)
    sections = gpd.read_parquet(basemap / reference.SECTIONS)
    sections[sections.intersects(shapely.box(*box))].to_parquet(home / "near" / reference.SECTIONS)
    reference.load(environment.owner_url, home / "near", lambda *_: None)
    with environment.connect() as connection:
        spread(connection, np.random.default_rng(7), 900, days=60, world=0, agency=people.add_agency(connection, "Alfa", None), box=box)
        touch(connection, "seizures", 0)
        connection.commit()
    return environment.person("ana", roles=("analyst",), agencies=["Alfa"])


@pytest.mark.skipif(not (ROOT / ".vigia" / "basemap" / reference.SECTIONS).exists(), reason="no basemap is built here; `./vigia up` builds it")
async def test_land_and_border_sections_reach_the_method(environment, bordered, monkeypatch):
    laid = {}
    monkeypatch.setattr(analyst, "put", lambda folder, asked, points, known, put=analyst.put: (put(folder, asked, points, known), laid.update(vars(analyst.ground(folder))))[0])
    by_section = await asked(environment, bordered, method="rates", grid="section", border_km=25)
    await work(environment)
    found = await told(environment, bordered, by_section)
    assert found["state"] == "done" and {"land", "sections"} <= set(found["told"]["given"]["known"]), found["failure"]
    there = dict(rows(environment, "SELECT id::text, name FROM border_section"))
    assert laid["land"].area > 0 and 0 < len(laid["sections"]) <= len(there) and set(laid["sections"]["name"]) <= set(there.values())
    places = rows(environment, "SELECT properties ->> 'unit', (properties ->> 'rate')::float FROM run_place WHERE run_id = %s", by_section)
    assert len(places) > 1 and {unit for unit, _ in places} <= set(there.values()) and any(rate > 0 for _, rate in places if rate is not None), places

    by_square = await asked(environment, bordered, method="rates", grid="square", cell_m=20_000)
    await work(environment)
    cells = shapely.from_wkb([bytes(g) for (g,) in rows(environment, "SELECT ST_AsBinary(geom) FROM run_place WHERE run_id = %s", by_square)])
    assert len(cells) > 5 and shapely.area(shapely.difference(shapely.union_all(cells), laid["land"])) < 1e-3 * shapely.area(shapely.union_all(cells)), "none under water"
