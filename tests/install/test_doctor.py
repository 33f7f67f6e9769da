"""The doctor: what is there is told with its version, what is not with the command for it."""

from __future__ import annotations

import json

import pytest

from data import cluster, programs
from install import browser_libraries, chromium, doctor


def findings(capsys) -> dict[str, dict]:
    return {f["what"]: f for f in json.loads(capsys.readouterr().out)}


def test_what_is_right_is_told_with_its_version(environment, capsys, monkeypatch):
    monkeypatch.setattr(browser_libraries, "up_to_date", lambda: True)
    from settings import store

    store().basemap.mkdir(parents=True)
    (store().basemap / "parts.json").write_text('{"layers": {"land": []}, "failed": []}')
    assert doctor.run(as_json=True) == 0
    told = findings(capsys)
    assert {f["state"] for f in told.values()} <= {"ok", "absent"}
    assert "with PostGIS" in told["PostgreSQL"]["found"]
    assert told["tables"]["found"].endswith("as expected")
    assert told["serving role"]["state"] == "ok"
    assert "packages as pinned" in told["requirements.txt"]["found"]


def test_what_is_missing_is_told_with_the_command(environment, capsys, monkeypatch):
    monkeypatch.setattr(programs, "installed", lambda: [])
    monkeypatch.setattr(browser_libraries, "up_to_date", lambda: False)
    monkeypatch.setattr(chromium, "path", lambda: None)
    assert doctor.run(as_json=True) == 1
    told = findings(capsys)
    assert (told["PostgreSQL"]["state"], told["PostgreSQL"]["remedy"]) == ("missing", "./vigia up")
    assert told["browser libraries"]["state"] == "missing"
    assert told["basemap"]["state"] == "missing"
    assert told["Chromium"]["state"] == "absent"  # serving does not need it


def test_a_part_of_the_basemap_that_failed_is_wrong(environment, capsys):
    from settings import store

    store().basemap.mkdir(parents=True)
    (store().basemap / "parts.json").write_text('{"layers": {"land": []}, "failed": ["the basemap has no relief: OSError"]}')
    assert doctor.run(as_json=True) == 1
    told = findings(capsys)["basemap"]
    assert (told["found"], told["remedy"]) == ("the basemap has no relief: OSError", "./vigia basemap build")


@pytest.mark.parametrize("url, says", [
    ("mysql://u:secret@h/d", "DATABASE_URL starts with mysql"),
    ("postgresql://u:secret@127.0.0.1:1/d", "does not answer"),
])
def test_a_broken_database_is_a_finding_without_its_password(url, says, environment, capsys, monkeypatch):
    from tests.conftest import forget_settings

    monkeypatch.setenv("DATABASE_URL", url)
    forget_settings()
    assert doctor.run(as_json=False) == 1
    told = capsys.readouterr().out
    assert says in told and "secret" not in told


def test_a_role_with_too_many_rights_is_wrong(environment, cluster, capsys):
    import psycopg

    with psycopg.connect(cluster.setup_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER ROLE vigia_app CREATEROLE")
        try:
            assert doctor.run(as_json=True) == 1
        finally:
            connection.execute("ALTER ROLE vigia_app NOCREATEROLE")
    assert "making roles" in findings(capsys)["serving role"]["found"]


def test_a_database_that_was_never_made_is_missing(tmp_path, monkeypatch, capsys):
    from tests.conftest import forget_settings

    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    forget_settings()
    try:
        assert doctor.run(as_json=True) == 1
    finally:
        monkeypatch.undo()
        forget_settings()
    assert findings(capsys)["database"]["remedy"] == "./vigia up"
    assert cluster.find(tmp_path) is None
