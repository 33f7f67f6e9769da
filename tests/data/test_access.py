"""Who sees which rows: agencies, markings, operations, sessions, and what holds when somebody tries otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data import doors, holes, people
from data.cluster import SETUP
from data.scope import LEVEL, scope
from data.sessions import Database
from data.visitor import visiting
from errors import DatabaseUnfit, NotFound, SignedOut
from tests.conftest import TESTER
from tests.data.ends import asked_before_the_end
from tests.data.made import seizures, touch, tracks, walk

GOVERNED = ("track", "fix", "segment", "cover", "flow", "latest_fix", "seizure", "image", "video", "sortie", "source", "reader")


@pytest.fixture(scope="module")
def shared(module_database):
    """Live rows of three agencies, of every marking, and some of none."""
    rng = np.random.default_rng(17)
    with module_database.connect() as connection:
        for name in ("Alfa", "Bravo", "Charlie"):
            number = people.add_agency(connection, name, None)
            for marking in LEVEL:
                tracks(connection, [walk(rng, 30)], world=0, agency=number, marking=marking, prefix=f"{name}-{marking}")
            seizures(connection, rng, 10, world=0, agency=number)
        tracks(connection, [walk(rng, 30)], world=0, prefix="nobodys")
        tracks(connection, [walk(rng, 30)], world=1, prefix="exercise")
        touch(connection, "tracks")
        connection.commit()
    module_database.person("ana", agencies=["Alfa"])
    return module_database


@pytest.fixture
async def pool(shared):
    pool = Database(shared.app_url)
    yield pool
    await pool.close()


async def keys(pool, visitor) -> set[str]:
    with visiting(visitor):
        async with pool.reading() as session:
            return set((await session.execute(text("SELECT key FROM vigia.track WHERE world = 0"))).scalars())


async def count(pool, visitor, table: str) -> int:
    with visiting(visitor):
        async with pool.reading() as session:
            return await session.scalar(text(f"SELECT count(*) FROM vigia.{table} WHERE world = 0"))  # the names are our own


async def test_nobody_sees_no_row(pool):
    async with pool.asking() as session:
        for table in (*GOVERNED, "run", "run_cell", "agency"):
            assert await session.scalar(text(f"SELECT count(*) FROM vigia.{table}")) == 0  # the names are our own


async def test_an_agency_sees_its_own_up_to_the_persons_ceiling(shared, pool):
    for ceiling, level in LEVEL.items():
        seen = await keys(pool, shared.person(f"own-{level}", agencies=["Bravo"], ceiling=ceiling))
        assert seen == {f"Bravo-{marking}-0" for marking, n in LEVEL.items() if n <= level} | ({"nobodys-0"} if level >= 2 else set())


async def test_every_table_of_a_track_shows_as_much_as_the_track(shared, pool):
    ana, carl = shared.person("every-a", agencies=["Alfa"]), shared.person("every-c", agencies=["Charlie"], ceiling="TLP:RED")
    all_three = shared.person("every", agencies=["Alfa", "Bravo", "Charlie"], ceiling="TLP:RED")
    for table in ("segment", "cover", "flow", "latest_fix", "fix"):
        assert 0 < await count(pool, ana, table) < await count(pool, all_three, table) > await count(pool, carl, table) > 0


async def test_a_partition_is_reached_through_its_table_alone(pool):
    for partition in ("fix_live", "fix_live_2026_11", "segment_live", "flow_live", "cover_live"):
        with visiting(TESTER), pytest.raises(DBAPIError, match="permission denied"):
            async with pool.reading() as session:
                await session.execute(text(f"SELECT 1 FROM vigia.{partition}"))  # the names are our own


async def test_an_operation_shares_while_it_lasts(shared, pool):
    now = datetime.now(timezone.utc)
    ana = shared.person("op-ana", agencies=["Alfa"])
    with shared.connect() as connection:
        people.add_operation(connection, "Dorado", now - timedelta(hours=1), now + timedelta(hours=1))
        people.share(connection, "Dorado", "Alfa", ["movements"], "TLP:GREEN")
        people.share(connection, "Dorado", "Bravo", ["movements"], "TLP:AMBER")
        connection.commit()
    try:
        assert {k for k in await keys(pool, ana) if k.startswith("Bravo")} == {"Bravo-TLP:CLEAR-0", "Bravo-TLP:GREEN-0", "Bravo-TLP:AMBER-0"}
        assert not {k for k in await keys(pool, ana) if k.startswith("Charlie")}
        assert await count(pool, ana, "seizure") == 10, "only movements are shared"
    finally:
        with shared.connect() as connection:
            people.end_operation(connection, "Dorado")
            connection.commit()
    assert not {k for k in await keys(pool, ana) if k.startswith("Bravo")}


async def test_what_is_strict_or_red_is_shared_by_nobody(shared):
    with shared.connect() as connection:
        people.add_operation(connection, "Plata", datetime.now(timezone.utc), datetime.now(timezone.utc) + timedelta(days=1))
        for marking in ("TLP:AMBER+STRICT", "TLP:RED"):
            with pytest.raises(people.PersonRefused, match="not shared"):
                people.share(connection, "Plata", "Alfa", ["movements"], marking)


async def test_the_keeper_cares_for_agencies_nobody_belongs_to(database):
    rng = np.random.default_rng(1)
    with database.connect() as connection:
        tracks(connection, [walk(rng, 30)], world=0, agency=people.add_agency(connection, "Orphan", None), prefix="orphan")
        connection.commit()
    pool = Database(database.app_url)
    try:
        assert await keys(pool, TESTER) == {"orphan-0"}
        database.person("first", agencies=["Orphan"])
        assert await keys(pool, TESTER) == set()
    finally:
        await pool.close()


async def test_a_session_ends_by_time_rest_and_hand(database):
    pool = Database(database.app_url)
    eva = database.person("eva")

    async def is_in() -> bool:
        return await doors.visitor(pool, eva.token) is not None

    try:
        for spoil, mend in (("expires_at = now() - interval '1 second'", "expires_at = now() + interval '1 hour'"),
                            ("seen_at = now() - make_interval(secs => idle_s + 1)", "seen_at = now()"),
                            ("revoked_at = now()", "revoked_at = NULL")):
            assert await is_in()
            _run(database, f"UPDATE access.session SET {spoil} WHERE person_id = {eva.id}")
            assert not await is_in()
            with visiting(eva), pytest.raises(SignedOut):
                async with pool.reading():
                    pass
            _run(database, f"UPDATE access.session SET {mend} WHERE person_id = {eva.id}")
        _run(database, f"UPDATE access.person SET active = false WHERE id = {eva.id}")
        assert not await is_in()
    finally:
        await pool.close()


async def test_a_link_and_a_screens_token_work_once(database):
    pool = Database(database.app_url)
    try:
        with database.connect() as connection:
            people.add(connection, "once", ["viewer"])
            link, screen = people.link(connection, "once"), people.add_screen(connection, "North wall", ceiling="TLP:GREEN")
            connection.commit()
        assert await doors.followed(pool, link) is not None
        assert await doors.followed(pool, link) is None
        name, token = await doors.enrolled(pool, screen, "127.0.0.1")
        assert name == "North wall" and await doors.enrolled(pool, screen, None) is None
        visitor, _ = await doors.visitor(pool, token)
        assert (visitor.kind, visitor.roles, visitor.ceiling) == ("screen", {"screen"}, LEVEL["TLP:GREEN"])
        with database.connect() as connection:
            people.revoke_screen(connection, "North wall")
            connection.commit()
        assert await doors.visitor(pool, token) is None
    finally:
        await pool.close()


def test_red_never_reaches_a_wall(database):
    with database.connect() as connection:
        with pytest.raises(people.PersonRefused, match="never reaches a wall"):
            people.add_screen(connection, "x", ceiling="TLP:RED")
        with pytest.raises(pg.CheckViolation):
            connection.execute("INSERT INTO access.screen (name, ceiling) VALUES ('y', 4)")


# -- trying otherwise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", [
    "SELECT set_config('vigia.movements', 'ffffffff', true)",
    "SELECT * FROM access.person", "SELECT * FROM access.session", "SELECT access.granted(1, NULL)", "SELECT access.session_of('x')",
    "INSERT INTO access.membership VALUES (1, 1)", "UPDATE access.person SET ceiling = 4", "CREATE VIEW mine AS SELECT 1",
    "ALTER TABLE vigia.track DISABLE ROW LEVEL SECURITY", "SET ROLE vigia_owner",
])
async def test_the_serving_role_can_not_help_itself(pool, statement):
    with visiting(TESTER), pytest.raises(DBAPIError) as caught:
        async with pool.writing() as session:
            await session.execute(text(statement))
    assert caught.value.orig.sqlstate in ("42501", "42704", "22023"), caught.value.orig.sqlstate


@pytest.mark.parametrize("statement", [
    "SELECT access.open(1, 'abc'::bytea, 1000, 1000, 'x')", "SELECT access.follow('x')", "SELECT * FROM access.facts('tester')",
    "SELECT access.failed(1, 5, 900)", "SELECT access.enrol('x', 'y'::bytea, 1, 'z')",
])
async def test_nobody_signs_in_from_inside_somebodys_transaction(pool, statement):
    """An injected call must not open a session for somebody else."""
    with visiting(TESTER), pytest.raises(SignedOut):
        async with pool.writing() as session:
            await session.execute(text(statement))


async def test_the_context_ends_with_its_transaction(pool):
    with visiting(TESTER):
        async with pool.reading() as session:
            assert await session.scalar(text("SELECT count(*) FROM vigia.track")) > 0
    for _ in range(12):  # whichever connection of the pool comes
        async with pool.asking() as session:
            assert await session.scalar(text("SELECT count(*) FROM vigia.track")) == 0


async def test_a_forged_token_begins_nothing(pool):
    for token in ("", "x" * 43, TESTER.token.upper(), "' OR true --"):
        with pytest.raises(SignedOut):
            async with pool.asking() as session:
                await session.execute(text("SELECT access.begin(:t)"), {"t": token})


# -- the self-test ----------------------------------------------------------------------------------------------------

FAULTS = {
    "no row-level security on track": ("ALTER TABLE vigia.track NO FORCE ROW LEVEL SECURITY", "ALTER TABLE vigia.track FORCE ROW LEVEL SECURITY"),
    "no row-level security on mine": ("CREATE TABLE vigia.mine (a int)", "DROP TABLE vigia.mine"),
    "a table without a policy can be read: fix_live": ("GRANT SELECT ON vigia.fix_live TO vigia_app", "REVOKE SELECT ON vigia.fix_live FROM vigia_app"),
    "too strong a role: vigia_app": ("ALTER ROLE vigia_app BYPASSRLS", "ALTER ROLE vigia_app NOBYPASSRLS"),
    "this role owns": ("CREATE TABLE public.mine (a int); ALTER TABLE public.mine OWNER TO vigia_app", "DROP TABLE public.mine"),
    "a view that does not ask as its reader: seen": ("CREATE VIEW vigia.seen AS SELECT * FROM vigia.track", "DROP VIEW vigia.seen"),
    "a materialised view can be read: kept": (
        "CREATE MATERIALIZED VIEW vigia.kept AS SELECT 1; GRANT SELECT ON vigia.kept TO vigia_app", "DROP MATERIALIZED VIEW vigia.kept"),
    "accounts, record or queue can be read or changed: access.person": ("GRANT SELECT ON access.person TO vigia_app", "REVOKE SELECT ON access.person FROM vigia_app"),
    "accounts, record or queue can be read or changed: audit.entry": ("GRANT UPDATE ON audit.entry TO vigia_app", "REVOKE UPDATE ON audit.entry FROM vigia_app"),
    "accounts, record or queue can be read or changed: jobs.procrastinate_jobs": (
        "GRANT SELECT ON jobs.procrastinate_jobs TO vigia_app", "REVOKE SELECT ON jobs.procrastinate_jobs FROM vigia_app"),
    "the queue can be used: jobs": ("GRANT USAGE ON SCHEMA jobs TO vigia_app", "REVOKE USAGE ON SCHEMA jobs FROM vigia_app"),
    "a function that trusts the search path": (
        "CREATE FUNCTION vigia.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "DROP FUNCTION vigia.mine()"),
    "a function of the owner that may be called: access.granted": (
        "GRANT EXECUTE ON FUNCTION access.granted(int, int) TO vigia_app", "REVOKE EXECUTE ON FUNCTION access.granted(int, int) FROM vigia_app"),
    "anybody may say whose a transaction is": (
        "GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC"),
    "rows are seen by nobody in particular": ("CREATE POLICY all_of_it ON vigia.track USING (true)", "DROP POLICY all_of_it ON vigia.track"),
}


async def test_a_right_database_has_no_hole(pool):
    await holes.ensure_none(pool)


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_hole_is_found_and_nothing_is_served(shared, cluster, pool, fault):
    break_it, mend_it = FAULTS[fault]
    with psycopg.connect(cluster.url(SETUP, shared.name).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(break_it)
        try:
            with pytest.raises(DatabaseUnfit) as caught:
                await holes.ensure_none(pool)
        finally:
            connection.execute(mend_it)
    assert fault in str(caught.value)


def test_accounts_that_can_not_be_are_refused(database):
    with database.connect() as connection:
        for wrong in ({"roles": ["king"]}, {"roles": []}, {"roles": ["viewer"], "ceiling": "TLP:BLUE"}):
            with pytest.raises(people.PersonRefused):
                people.add(connection, "somebody", **wrong)
        with pytest.raises(NotFound, match="vigia agency add"):
            people.add(connection, "somebody", ["viewer"], agencies=["Nowhere"])
        people.add(connection, "Twice ", ["viewer"])
        with pytest.raises(people.PersonRefused, match="already"):
            people.add(connection, "TWICE", ["viewer"])


def test_the_database_and_python_mean_the_same_by_scope(database):
    with database.connect() as connection:
        for marking in LEVEL:
            for agency in (None, 1, 268_435_454):
                assert connection.execute("SELECT vigia.scope(%s, %s)", (agency, marking)).fetchone() == (scope(agency, marking),)


def _run(database, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(statement)
        connection.commit()


async def test_what_a_session_keeps_is_never_older_than_the_rules(shared, pool):
    """Kept lists are used only for the rules they were made of, and not past the moment an operation begins or ends."""
    now = datetime.now(timezone.utc)
    ana = shared.person("kept-ana", agencies=["Alfa"])
    assert await doors.visitor(pool, ana.token) is not None  # as the guard asks: from here on they are kept
    with shared.connect() as connection:
        assert connection.execute("SELECT lists IS NOT NULL FROM access.session WHERE person_id = %s", (ana.id,)).fetchone() == (True,)
    before = await keys(pool, ana)
    changes = [
        ("INSERT INTO access.membership SELECT {id}, id FROM vigia.agency WHERE name = 'Charlie'", True),
        ("DELETE FROM access.membership m USING vigia.agency a WHERE a.id = m.agency_id AND a.name = 'Charlie' AND person_id = {id}", False),
        ("UPDATE access.person SET ceiling = 0 WHERE id = {id}", None), ("UPDATE access.person SET ceiling = 2 WHERE id = {id}", False),
    ]
    for statement, more in changes:
        await doors.visitor(pool, ana.token)
        _run(shared, statement.format(id=ana.id))
        seen = await keys(pool, ana)
        assert (seen > before) if more else (seen < before) if more is None else (seen == before), statement
    with shared.connect() as connection:
        people.add_operation(connection, "Cobre", now - timedelta(hours=1), now + timedelta(hours=1))
        for agency in ("Alfa", "Bravo"):
            people.share(connection, "Cobre", agency, ["movements"], "TLP:GREEN")
        connection.commit()

        def ends(in_s: float) -> None:
            connection.execute("UPDATE access.operation SET ends_at = clock_timestamp() + make_interval(secs => %s) WHERE name = 'Cobre'", (in_s,))
            connection.commit()

        async def asked() -> set:
            await doors.visitor(pool, ana.token)
            return await keys(pool, ana)

        assert await asked_before_the_end(connection, "SELECT ends_at FROM access.operation WHERE name = 'Cobre'", ends, asked) > before
    assert await keys(pool, ana) == before, "nobody changed anything: it ended"


async def test_a_record_is_there_even_where_its_source_is_not_seen(database):
    """A row may be less closed than the file it came from: it is shown, and the file's name is not."""
    from data import seizures as seizure_queries
    from data.filters import Filter

    with database.connect() as connection:
        number = people.add_agency(connection, "Alfa", None)
        seizures(connection, np.random.default_rng(2), 1, world=0, agency=number)
        connection.execute("UPDATE source SET marking = 'TLP:RED', agency_id = %s", (number,))
        connection.commit()
    ana, boss = database.person("ana", agencies=["Alfa"]), database.person("boss", agencies=["Alfa"], ceiling="TLP:RED")
    pool = Database(database.app_url)
    try:
        for who, source in ((ana, None), (boss, f"seizures{number}")):
            with visiting(who):
                async with pool.reading() as session:
                    [row] = (await seizure_queries.page(session, Filter(world="live"), limit=9, offset=0))["rows"]
                    assert (await seizure_queries.one(session, Filter(world="live"), row["id"]))["source"] == source
    finally:
        await pool.close()
