"""The serving role of an own server."""

from __future__ import annotations

import psycopg
import pytest

from data import addresses, roles
from data.cluster import SETUP
from errors import DatabaseUnfit


def test_a_right_role_has_no_problems(database):
    assert roles.problems(database.owner_url) == []


def test_each_right_it_must_not_have_is_found(database, cluster):
    setup = cluster.url(SETUP, database.name).replace("+psycopg", "")
    with psycopg.connect(setup, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA mine AUTHORIZATION vigia_app")
        connection.execute("ALTER ROLE vigia_app BYPASSRLS")
        connection.execute("GRANT pg_read_all_data TO vigia_app")
        try:
            told = "; ".join(roles.problems(database.owner_url))
        finally:
            connection.execute("REVOKE pg_read_all_data FROM vigia_app")
            connection.execute("ALTER ROLE vigia_app NOBYPASSRLS")
            connection.execute("DROP SCHEMA mine")
    assert "bypassing row-level security" in told and "owns 1 objects" in told and "member of pg_read_all_data" in told
    assert roles.problems(database.owner_url) == []


def test_an_owner_who_may_not_make_it_is_told_the_statement(environment, cluster, monkeypatch):
    """As on a rented server, where the role is not there and the user is an ordinary one."""
    monkeypatch.setattr(roles, "APP", "vigia_app_of_another")
    with pytest.raises(DatabaseUnfit) as caught:
        roles.prepare(environment.owner_url)
    told = str(caught.value)
    assert "CREATE ROLE vigia_app_of_another LOGIN NOSUPERUSER" in told and str(addresses.app_password_file()) in told
    assert addresses.app_password() not in told


def test_an_owner_who_may_makes_it(environment, cluster, monkeypatch):
    monkeypatch.setattr(roles, "APP", "vigia_app_made_here")
    setup = cluster.url(SETUP, environment.name)
    roles.prepare(setup)
    with psycopg.connect(setup.replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = 'vigia_app_made_here'"
        ).fetchone()
        connection.execute("DROP OWNED BY vigia_app_made_here; DROP ROLE vigia_app_made_here")
    assert row == (True, False, False, False)
