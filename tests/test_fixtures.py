"""The fixtures themselves: each database alone, migrated, and served by a role that owns nothing."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text

from data import addresses


def test_each_test_has_a_database_of_its_own(database, module_database):
    assert database.name != module_database.name
    with database.connect() as owner, module_database.connect() as other:
        owner.execute("INSERT INTO agency (world, name) VALUES (1, 'A')")
        owner.commit()
        assert owner.execute("SELECT count(*) FROM agency").fetchone() == (1,)
        assert other.execute("SELECT count(*) FROM agency").fetchone() == (0,)


async def test_the_serving_role_reads_and_owns_nothing(database):
    pool = database.pool()
    async with pool.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM agency")) == 0
    with psycopg.connect(database.app_url.replace("+psycopg", ""), options="-c search_path=vigia") as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("INSERT INTO agency (world, name) VALUES (1, 'A')")
        app.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (n int)")
    await pool.close()


def test_settings_point_at_the_database(environment, tmp_path):
    assert addresses.app_url() == environment.app_url
    assert addresses.store().home == tmp_path / "home"
    with addresses.opened() as (owner, _):
        assert owner == environment.owner_url
