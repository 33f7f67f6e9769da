"""Large exports: refused at once with words, made by the queue as its asker sees, the same bytes, fetched by nobody else, released once, and gone after a while."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

import settings
from data import marking
from jobs import exporting
from routes import exports
from tests.routes.asked import LIVE, WHY, ask, entries
from tests.routes.test_releases import releases


@pytest.fixture
def small(monkeypatch, server):
    """No export is small enough to be written at once."""
    monkeypatch.setenv("VIGIA_EXPORT_ROWS", "3")
    settings.exports.cache_clear()
    yield
    settings.exports.cache_clear()


def asked(server, token, query: str = f"format=geojson&{LIVE}", headers=WHY) -> dict:
    answer = ask(server, f"/api/exports?{query}", token, "POST", headers={**headers, "Origin": "http://127.0.0.1"})
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_a_large_file_is_not_written_at_once_and_says_what_to_do(server, visitors, small):
    answer = ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY)
    assert answer.status_code == 413 and "at most 3 are written at once" in answer.json()["error"] and "POST /api/exports?format=csv" in answer.json()["error"]


def test_the_queue_makes_the_same_bytes_and_one_release(server, visitors, module_database, small, monkeypatch):
    before = len(releases(module_database))
    job = asked(server, visitors["ana"])
    assert (job["state"], job["file"]) == ("waiting", None)
    assert ask(server, f"/api/exports/{job['id']}/file", visitors["ana"]).status_code == 404
    told = len(entries(module_database))
    assert exporting.run(module_database.owner_url, module_database.app_url) == 1
    job = ask(server, f"/api/exports/{job['id']}", visitors["ana"]).json()
    assert job["state"] == "done", job
    [one] = releases(module_database)[before:]
    assert (one["id"], one["purpose"], one["row_count"]) == (job["release"], "investigation", job["rows"])
    [made] = [e for e in entries(module_database, told) if e.get("of") == "export/geojson"]
    assert (made["what"], made["release"], made["address"]) == ("disclosure", one["id"], "queue")
    fetched = ask(server, job["file"], visitors["ana"])
    assert fetched.status_code == 200 and fetched.headers["x-release"] == str(one["id"]) and len(fetched.content) == job["size_bytes"]
    assert any(e.get("release") == one["id"] and e["of"].startswith("exports/") for e in entries(module_database, told)), "fetching is told too"
    assert len(releases(module_database)) == before + 1, "fetching is no release more"
    monkeypatch.setenv("VIGIA_EXPORT_ROWS", "20000")
    settings.exports.cache_clear()
    stamp = fetched.json()["about"][-1].removeprefix("Made: ").removesuffix(" UTC by Vigia")
    monkeypatch.setattr(exports, "now", lambda: datetime.fromisoformat(stamp).replace(tzinfo=timezone.utc))
    assert ask(server, f"/api/export/geojson?{LIVE}", visitors["ana"], headers=WHY).content == fetched.content


def test_nobody_else_has_it_and_it_expires(server, visitors, module_database, small):
    job = asked(server, visitors["ana"], "format=csv&world=exercise")
    exporting.run(module_database.owner_url, module_database.app_url)
    path = settings.store().exports / job["id"]
    assert path.stat().st_mode & 0o777 == 0o600
    for role in ("analyst", "supervisor", "coordinator"):
        assert ask(server, f"/api/exports/{job['id']}", visitors[role]).status_code == 404 and ask(server, f"/api/exports/{job['id']}/file", visitors[role]).status_code == 404
        assert job["id"] not in ask(server, "/api/exports", visitors[role]).text
    assert ask(server, "/api/exports", visitors["viewer"]).status_code == 403
    assert ask(server, f"/api/exports/{job['id']}/file", visitors["ana"]).status_code == 200
    path.write_bytes(b"other bytes")
    assert ask(server, f"/api/exports/{job['id']}/file", visitors["ana"]).status_code == 404, "what is not what was released is not given out"
    with module_database.connect() as connection:
        connection.execute("UPDATE access.export_job SET expires_at = now() WHERE id = %s", (job["id"],))
        connection.commit()
    assert ask(server, f"/api/exports/{job['id']}", visitors["ana"]).status_code == 404
    exporting.tidy(module_database.owner_url)
    assert not path.exists()


def test_what_may_not_go_out_fails_in_words_and_too_many_are_refused(server, visitors, module_database, small, monkeypatch):
    with module_database.connect() as connection:
        marking.change(connection, f"seizure:{connection.execute('SELECT min(s.id) FROM seizure s JOIN agency a ON a.id = s.agency_id WHERE a.name = %s', ('Alfa',)).fetchone()[0]}", "TLP:AMBER+STRICT", "ana")
        connection.commit()
    rita = module_database.person("rita", roles=("analyst",), agencies=["Alfa"], ceiling="TLP:RED").token
    job = asked(server, rita, f"format=csv&{LIVE}", {**WHY, "X-Recipient": "Outside"})
    exporting.run(module_database.owner_url, module_database.app_url)
    told = ask(server, f"/api/exports/{job['id']}", rita).json()
    assert told["state"] == "failed" and "this may not go to Outside: of the records" in told["failure"] and told["file"] is None
    monkeypatch.setenv("VIGIA_EXPORT_WAITING", "1")
    settings.exports.cache_clear()
    asked(server, visitors["ana"], "format=csv&world=exercise")
    again = ask(server, "/api/exports?format=csv&world=exercise", visitors["ana"], "POST", headers={"Origin": "http://127.0.0.1"})
    assert again.status_code == 429 and "at most 1 may be" in again.json()["error"]
    assert ask(server, f"/api/exports?format=nope&{LIVE}", visitors["ana"], "POST", headers={**WHY, "Origin": "http://127.0.0.1"}).status_code == 404
    assert ask(server, f"/api/exports?format=csv&{LIVE}", visitors["ana"], "POST", headers={"Origin": "http://127.0.0.1"}).status_code == 428
    exporting.run(module_database.owner_url, module_database.app_url)


def test_whoever_may_no_longer_take_out_gets_nothing(server, visitors, module_database, small):
    job = asked(server, visitors["ana"], "format=csv&world=exercise")
    with module_database.connect() as connection:
        connection.execute("UPDATE access.person SET roles = ARRAY['viewer'] WHERE name = 'ana'")
        connection.commit()
    try:
        exporting.run(module_database.owner_url, module_database.app_url)
        with module_database.connect() as connection:
            assert connection.execute("SELECT state, failure FROM access.export_job WHERE id = %s", (job["id"],)).fetchone() == ("failed", "whoever asked may no longer take anything out")
    finally:
        with module_database.connect() as connection:
            connection.execute("UPDATE access.person SET roles = ARRAY['analyst'] WHERE name = 'ana'")
            connection.commit()
