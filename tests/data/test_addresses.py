"""Which database: an own server's address, made fit for the driver, or the private cluster's."""

from __future__ import annotations

import stat

import pytest
from sqlalchemy import make_url

from data import addresses
from errors import DatabaseUnreachable


@pytest.mark.parametrize("told", [
    "postgres://u:p%40ss@host:5433/db", "postgresql://u:p%40ss@host:5433/db", " postgresql+psycopg://u:p%40ss@host:5433/db\n",
])
def test_every_spelling_becomes_one(told):
    url = addresses.normalised(told)
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.port, url.database) == ("u", "p@ss", 5433, "db")


def test_options_of_the_address_are_kept():
    url = addresses.normalised("postgres://u@/db?host=/run/pg&sslmode=require")
    assert url.query == {"host": "/run/pg", "sslmode": "require"}


def test_the_serving_role_has_a_password_of_its_own_made_once(environment, tmp_path):
    url = addresses.serving(make_url("postgresql+psycopg://owner:secret@host/db"))
    assert url.username == "vigia_app" and url.password not in ("secret", "") and len(url.password) >= 32
    assert addresses.serving(url).password == url.password
    kept = tmp_path / "home" / "app_password"
    assert kept.read_text() == url.password and stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_private_database_that_does_not_run_says_how_to_start_it(environment, monkeypatch):
    from tests.conftest import forget_settings

    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("VIGIA_APP_URL")
    forget_settings()
    for ask in (addresses.owner_url, addresses.app_url):
        with pytest.raises(DatabaseUnreachable, match="`./vigia up` starts it"):
            ask()
