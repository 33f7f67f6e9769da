"""SQL as the owner, by the system's own psql."""

from __future__ import annotations

import pytest

from data import programs
from install import postgis


def test_psql_asks_the_database(database, capfd):
    assert postgis.psql(database.owner_url, ["-At", "-c", "SELECT current_user, current_schemas(false)"]) == 0
    assert capfd.readouterr().out == "vigia_owner|{vigia,public}\n"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A psql that tells what it was given: the tests' own server takes any password."""
    program = tmp_path / "psql"
    program.write_text('#!/bin/sh\necho "$PGPASSWORD $*"\n')
    program.chmod(0o755)
    monkeypatch.setattr(programs, "installed", lambda: [programs.Programs(tmp_path)])


def test_a_password_reaches_psql_and_no_list_of_processes(stand_in, capfd):
    assert postgis.psql("postgresql+psycopg://owner:secret@host:5432/name?sslmode=require", ["-l"]) == 0
    assert capfd.readouterr().out == "secret -l -d postgresql://owner@host:5432/name?sslmode=require\n"
