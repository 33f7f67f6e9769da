"""The snapshot of who may see what says for every row what the database's own policies say, and forgets in time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy import text

from data import authority, people
from data.policy import Snapshot, view
from data.scope import LEVEL
from data.sessions import Database
from data.visitor import visiting
from tests.data.made import tracks, walk


@pytest.fixture
def agencies(database):
    rng = np.random.default_rng(3)
    now = datetime.now(timezone.utc)
    with database.connect() as connection:
        for name in ("Alfa", "Bravo"):
            number = people.add_agency(connection, name, None)
            for marking in LEVEL:
                tracks(connection, [walk(rng, 20)], world=0, agency=number, marking=marking, prefix=f"{name}{marking}")
        tracks(connection, [walk(rng, 20)], world=0, prefix="nobodys")
        people.add_operation(connection, "Dorado", now - timedelta(hours=1), now + timedelta(hours=1))
        for name in ("Alfa", "Bravo"):
            people.share(connection, "Dorado", name, ["movements"], "TLP:GREEN")
        connection.commit()
    return database


@pytest.fixture
async def pool(agencies):
    pool = Database(agencies.app_url)
    yield pool
    await pool.close()


async def by_database(pool, visitor) -> set[int]:
    with visiting(visitor):
        async with pool.reading() as session:
            return set((await session.execute(text("SELECT id FROM vigia.track WHERE world = 0"))).scalars())


def by_view(database, seen) -> set[int]:
    with database.connect() as connection:
        return {i for i, scope in connection.execute("SELECT id, scope FROM track WHERE world = 0") if seen.sees("movements", scope, i)}


@pytest.mark.parametrize("ceiling", LEVEL)
async def test_it_says_what_the_policies_say(agencies, pool, ceiling):
    for who in (agencies.person(f"a{LEVEL[ceiling]}", agencies=["Alfa"], ceiling=ceiling), agencies.person(f"n{LEVEL[ceiling]}", ceiling=ceiling)):
        assert by_view(agencies, await view(pool, who.token)) == await by_database(pool, who)
        with agencies.connect() as connection:
            authority.govern(connection, "Alfa", ["vessel"] if LEVEL[ceiling] % 2 else [])
            connection.commit()
        assert by_view(agencies, await view(pool, who.token)) == await by_database(pool, who)


async def test_what_is_not_known_is_not_seen(agencies, pool):
    seen = await view(pool, agencies.person("xaver", agencies=["Alfa"]).token)
    assert not any(seen.sees(layer, scope) for layer in ("movements", "seizures", "imagery") for scope in (-1, 8 * 5_000, 2**40))
    assert await view(pool, "nobody's token") is None


@pytest.mark.parametrize("how", ["signed out", "closed", "operation over", "authority over"])
async def test_what_ends_is_felt_by_who_listens(agencies, pool, how):
    ana = agencies.person("ana", agencies=["Alfa"])
    snapshot = Snapshot(pool, every_s=0.2)
    snapshot.start()
    try:
        first = by_view(agencies, await snapshot.join(ana.token))
        with agencies.connect() as connection:
            if how == "signed out":
                people.sign_out(connection, "ana")
            elif how == "closed":
                people.set_active(connection, "ana", False)
            elif how == "operation over":
                people.end_operation(connection, "Dorado")
            else:
                authority.govern(connection, "Alfa", ["vessel"])
            connection.commit()
        async with asyncio.timeout(120):
            while (seen := snapshot.of(ana.token)) is not None and by_view(agencies, seen) == first:
                await asyncio.sleep(0.05)
        assert (seen is None) is (how in ("signed out", "closed"))
        assert seen is None or by_view(agencies, seen) < first
        snapshot.leave(ana.token)
        assert snapshot.of(ana.token) is None
    finally:
        await snapshot.stop()


async def test_while_nobody_can_be_asked_nothing_is_seen(agencies, pool, monkeypatch):
    ana = agencies.person("ana", agencies=["Alfa"])
    snapshot = Snapshot(pool)
    assert await snapshot.join(ana.token) is not None
    lost = Database("postgresql+psycopg://vigia_app@/nowhere?host=/nonexistent")
    monkeypatch.setattr(snapshot, "_database", lost)
    await snapshot.refresh()
    assert snapshot.of(ana.token) is None
    await lost.close()
