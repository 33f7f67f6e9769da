"""The database is what the models say; it goes down and up again; the serving role owns nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from data import migrations


def test_models_and_database_agree(database):
    assert migrations.differences(database.owner_url) is None
    at, head = migrations.standing(database.owner_url)
    assert at == head


def test_down_and_up_again(database):
    migrations.downgrade(database.owner_url)
    with database.connect() as connection:
        left = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'vigia' AND tablename <> 'alembic_version'").fetchone()
    assert left == (0,)
    migrations.upgrade(database.owner_url)
    assert migrations.differences(database.owner_url) is None


def test_a_difference_is_told(database):
    with database.connect() as connection:
        connection.execute("ALTER TABLE vigia.track ADD COLUMN shoe_size int")
        connection.commit()
    assert "shoe_size" in migrations.differences(database.owner_url)


@pytest.mark.parametrize("statement", [
    "INSERT INTO vigia.track (world, key, kind, sla_s, gap_s, source_id) VALUES (0, 'x', 'tag', 1, 1, 1)",
    "DELETE FROM vigia.seizure", "DROP TABLE vigia.fix", "CREATE TABLE vigia.mine (a int)", "UPDATE vigia.source SET name = ''",
])
def test_the_serving_role_may_not(database, statement: str):
    with psycopg.connect(database.app_url.replace("+psycopg", "")) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_serving_role_owns_nothing(database):
    with database.connect() as connection:
        owned = connection.execute("SELECT count(*) FROM pg_class WHERE relowner = 'vigia_app'::regrole").fetchone()
        powers = connection.execute("SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = 'vigia_app'").fetchone()
    assert owned == (0,) and powers == (False, False, False, False)


def test_commands_that_begin_at_once_do_not_meet(database):
    """Each begins by bringing the tables up to date; two GRANTs at once fail."""
    with database.connect() as connection:
        connection.execute("DROP SCHEMA vigia, access, audit, jobs CASCADE")
        connection.commit()
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(migrations.upgrade, [database.owner_url] * 6)) == [None] * 6
    assert migrations.differences(database.owner_url) is None


def test_an_upgrade_waits_for_no_import(database):
    """An import makes partitions in a transaction that may be long; a grant given anew would wait for it."""
    with database.connect() as importing, database.connect() as watching:
        importing.execute("CREATE TABLE vigia.fix_live_2031 PARTITION OF vigia.fix_live FOR VALUES FROM ('2031-01-01') TO ('2031-02-01')")
        importing.execute("LOCK TABLE vigia.fix, vigia.track, vigia.segment IN SHARE ROW EXCLUSIVE MODE")
        migrations.upgrade(database.owner_url)
        watching.execute("REVOKE SELECT ON vigia.seizure FROM vigia_app")
        watching.commit()
        importing.rollback()
    migrations.upgrade(database.owner_url)  # what is missing is given again
    with database.connect() as connection:
        assert connection.execute("SELECT has_table_privilege('vigia_app', 'vigia.seizure', 'SELECT')").fetchone() == (True,)
