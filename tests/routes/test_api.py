"""Every route over a real database: answers, refusals, and 304 when nothing changed."""

from __future__ import annotations

import gc
from datetime import datetime, timezone

import numpy as np
import pytest
from starlette.testclient import TestClient

import settings
from tests.conftest import TOKEN
from tests.data.made import seizures, tracks, walk

WORLD = "world=exercise"


@pytest.fixture(scope="module")
def client(module_database, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("VIGIA_APP_URL", module_database.app_url)
    patch.setenv("VIGIA_HOME", str(tmp_path_factory.mktemp("home")))
    settings.store.cache_clear()
    rng = np.random.default_rng(8)
    with module_database.connect() as connection:
        tracks(connection, [walk(rng, 100) for _ in range(6)])
        seizures(connection, rng, 80, unplaced=3, aggregates=2)
        connection.execute("INSERT INTO data_state (world, layer, version) VALUES (1, 'tracks', 1)")
        connection.commit()
    import app

    with TestClient(app.server, base_url="http://127.0.0.1", cookies={"vigia": TOKEN}) as client:
        yield client
    patch.undo()
    settings.store.cache_clear()


@pytest.mark.parametrize("path", [
    "health/live", "health/ready", "worlds", f"counts?{WORLD}", f"timeline?{WORLD}", f"seizures?{WORLD}&limit=5", f"seizures/points?{WORLD}",
    f"tracks?{WORLD}", f"movement?{WORLD}&move_from=2026-11-20T00:00:00Z&move_to=2026-11-20T06:00:00Z", f"images?{WORLD}", f"hotspots?{WORLD}",
    f"sections?{WORLD}", f"search?q=Track&{WORLD}", f"tiles/tracks.json?{WORLD}", f"tiles/imagery.json?{WORLD}", "basemap/parts.json", "openapi.json",
])
def test_json(client, path):
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json()


def test_a_tracks_fixes_are_those_of_up_to_the_clock(client):
    (track, *_), at = client.get(f"/api/tracks?{WORLD}&limit=1").json()["rows"], lambda t: datetime.fromtimestamp(t, timezone.utc).isoformat().replace("+00:00", "Z")
    every = client.get(f"/api/tracks/{track['id']}/fixes?{WORLD}").json()
    times = every["t"]
    assert every["total"] == every["shown"] == len(times) > 10 and times == sorted(times)
    for stands, more, wanted in (
        (times[5], "", times[:6]), (times[5] - 0.5, "", times[:5]), (times[5] + 0.5, "", times[:6]), (times[-1] + 86_400, "", times), (times[0], "", times[:1]),
        (times[7], f"&from={at(times[3])}", times[3:8]), (times[7], f"&from={at(times[3])}&to={at(times[6])}", times[3:6]), (times[7], f"&to={at(times[-1])}", times[:8]),
    ):
        answer = client.get(f"/api/tracks/{track['id']}/fixes?{WORLD}&at={at(stands)}{more}")
        told = answer.json()
        assert answer.status_code == 200 and told["t"] == wanted and told["total"] == told["shown"] == len(wanted), (stands, more)
        assert all(told[name] == every[name][times.index(wanted[0]):times.index(wanted[0]) + len(wanted)] for name in ("lon", "lat", "speed_mps", "flags"))
    before = client.get(f"/api/tracks/{track['id']}/fixes?{WORLD}&at={at(times[0] - 1)}")
    assert before.status_code == 404 and f"no track {track['id']}" in before.json()["error"], "there was none yet"
    later = client.get(f"/api/tracks/{track['id']}/fixes?{WORLD}&at={at(times[-1])}&known_at=2020-01-01T00:00:00Z")
    assert later.status_code == 404, "nobody knew of it"
    wrong = client.get(f"/api/tracks/{track['id']}/fixes?{WORLD}&at=yesterday")
    assert wrong.status_code == 422 and wrong.json()["problems"][0]["key"] == "at"


@pytest.mark.parametrize("layer", ["tracks", "seizures"])
def test_each_row_of_a_list_can_be_asked_for_alone(client, layer):
    listed = client.get(f"/api/{layer}?{WORLD}&limit=3").json()["rows"]
    for row in listed:
        answer = client.get(f"/api/{layer}/{row['id']}?{WORLD}")
        assert answer.status_code == 200
        assert answer.json()["id"] == row["id"] and answer.json()["source"] in ("made", "seizures")
        assert client.get(f"/api/{layer}/{row['id']}?world=live").status_code == 404


@pytest.mark.parametrize("path", ["nope", "tiles/nope.json", "tiles/nope/1/1/1.mvt", "seizures/999999", "tracks/999999", "images/999999", "export/nope",
                                  "tiles/tracks/3/9/1.mvt", "tiles/seizures/30/0/0.mvt", "tiles/imagery/3/1/1.gif", "tiles/imagery/1/3/1/1.webp",
                                  "tracks/abc", "seizures/9999999999999999999999", "images/9999999999999999999999/thumbnail.webp", "tracks/-1/fixes", "",
                                  "tiles/hotspots/9999999999999999999999/3/1/1.mvt", "basemap/../settings.py", "basemap/secrets.txt", "tiles/hotspots/999/3/1/1.mvt"])
def test_what_is_not_there_is_a_json_404(client, path):
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 404, answer.text[:200]
    assert "error" in answer.json()


def test_the_api_itself_is_no_page(client):
    assert client.get("/api").status_code == 404 and client.get("/api").json()["error"]


@pytest.mark.parametrize("path", ["/api/counts", "/api/health/live", "/api/tiles/tracks/3/1/3.mvt", "/api/export/csv", "/", "/wall/main", "/assets/js/main.mjs"])
def test_another_method_is_a_405_that_names_the_one(client, path):
    for method in ("POST", "DELETE"):
        answer = client.request(method, path)
        assert answer.status_code == 405 and "GET" in answer.headers["allow"] and answer.json()["error"]
    assert client.post("/api/nope").status_code == 404


@pytest.mark.parametrize("path", ["/api/health/live", f"/api/counts?{WORLD}", "/", "/wall/main", "/assets/js/main.mjs", "/api/basemap/land.pmtiles"])
def test_head_is_get_without_its_body(client, path, archive):
    head, got = client.head(path), client.get(path)
    assert head.status_code == got.status_code == 200
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.fixture
def archive(client):
    """A file of 1,000 bytes where the basemap lies."""
    folder = settings.store().basemap
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "land.pmtiles"
    path.write_bytes(bytes(range(250)) * 4)
    yield "/api/basemap/land.pmtiles"
    path.unlink()


@pytest.mark.parametrize("told, status, length", [
    ("bytes=0-99", 206, 100), ("bytes=-100", 206, 100), ("bytes=990-5000", 206, 10), ("bytes=1000-", 416, None), ("bytes=5-2", 416, None),
    ("bytes=abc", 416, None), ("bytes=-", 416, None), ("lines=0-1", 416, None), ("bytes=99999999999999999999-", 416, None), ("nonsense", 416, None),
])
def test_an_archive_is_read_by_ranges(client, archive, told, status, length):
    answer = client.get(archive, headers={"Range": told})
    assert answer.status_code == status
    if status == 206:
        assert len(answer.content) == length and answer.headers["content-range"].endswith("/1000")
    else:
        assert answer.headers["content-range"] == "bytes */1000"


@pytest.mark.parametrize("path", ["dash/nope.js", "nope/x.js", "dash/..%2f..%2fcli.py"])
def test_a_library_that_is_not_there_is_a_404(client, path):
    assert client.get(f"/_dash-component-suites/{path}").status_code == 404


@pytest.mark.parametrize("path", ["counts", "timeline", "seizures", "tracks", "images", "hotspots", "sections", "export/csv", "tiles/tracks/3/1/3.mvt",
                                  "tiles/seizures/3/1/3.mvt", "tiles/sections/3/1/3.mvt", "tiles/imagery/3/1/3.webp", "tiles/tracks.json"])
def test_a_bad_filter_is_a_422_that_names_it(client, path):
    answer = client.get(f"/api/{path}?drug=soap&colour=red")
    assert answer.status_code == 422
    assert {p["key"] for p in answer.json()["problems"]} == {"drug", "colour"}


@pytest.mark.parametrize("query", ["bins=0", "bins=x", "bins=9999", "span_from=x", "span_from=2026-11-02T00:00:00Z&span_to=2026-11-01T00:00:00Z"])
def test_a_bad_timeline_is_a_422(client, query):
    assert client.get(f"/api/timeline?{query}").status_code == 422


@pytest.mark.parametrize("payload", ["' OR 1=1--", "'; DROP TABLE vigia.fix; --", "x' UNION SELECT 1,2--", "','(select set_config('a','b',false))", "%%", "\\"])
def test_injections_are_text(client, payload, module_database):
    for key in ("q", "agency"):
        answer = client.get("/api/seizures", params={"world": "exercise", key: payload})
        assert answer.status_code == 200 and answer.json()["total"] == 0
    for key in ("drug", "kind", "from", "bbox", "area", "track", "source"):
        assert client.get("/api/seizures", params={key: payload}).status_code == 422
    for sort in (payload, "--when"):
        assert client.get("/api/seizures", params={"sort": sort}).status_code == 422
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) > 0 FROM fix").fetchone() == (True,)


@pytest.mark.parametrize("path", [f"counts?{WORLD}", f"timeline?{WORLD}", f"seizures/points?{WORLD}", f"tiles/tracks/5/7/13.mvt?{WORLD}", f"tiles/seizures/5/7/13.mvt?{WORLD}"])
def test_the_same_again_is_a_304_until_data_changes(client, module_database, path):
    first = client.get(f"/api/{path}")
    tag = first.headers["etag"]
    assert client.get(f"/api/{path}", headers={"If-None-Match": tag}).status_code == 304
    other = client.get(f"/api/{path.replace('exercise', 'live')}")
    assert other.headers["etag"] != tag
    with module_database.connect() as connection:
        connection.execute("UPDATE data_state SET version = version + 1 WHERE world = 1")
        connection.commit()
    assert client.get(f"/api/{path}", headers={"If-None-Match": tag}).status_code == 200
    with module_database.connect() as connection:  # as a database begun anew would count
        connection.execute("UPDATE data_state SET version = version - 1, changed_at = changed_at + interval '1 second' WHERE world = 1")
        connection.commit()
    assert client.get(f"/api/{path}", headers={"If-None-Match": tag}).status_code == 200


def test_a_tile_kept_in_memory_is_made_anew_when_data_changes(client, module_database):
    path = f"/api/tiles/seizures/4/3/6.mvt?{WORLD}"
    first = client.get(path).content
    assert client.get(path).content == first
    with module_database.connect() as connection:
        [one] = connection.execute("SELECT id FROM seizure WHERE geom IS NOT NULL AND event_count = 1 AND world = 1 LIMIT 1").fetchone()
        connection.execute("UPDATE seizure SET kg = coalesce(kg, 0) + 12345 WHERE id = %s", (one,))
        connection.commit()
        assert client.get(path).content == first  # nobody said that anything changed
        connection.execute("UPDATE data_state SET version = version + 1, changed_at = now() WHERE world = 1")
        connection.commit()
    assert client.get(path).content != first


def test_lists_are_paged_and_sorted(client):
    page = client.get(f"/api/seizures?{WORLD}&limit=10&offset=5&sort=kg").json()
    kg = [r["kg"] for r in page["rows"] if r["kg"] is not None]
    assert len(page["rows"]) == 10 and kg == sorted(kg)
    assert len(client.get(f"/api/seizures?{WORLD}&limit=99999").json()["rows"]) == page["total"]  # held at the most, not refused


def test_hotspots_are_computed_once_and_drawn(client):
    run = client.get(f"/api/hotspots?{WORLD}").json()
    assert client.get(f"/api/hotspots?{WORLD}").json()["run"] == run["run"]
    assert client.get(f"/api/hotspots?{WORLD}&drug=ats").json()["run"] != run["run"]
    tile = client.get(f"/api/tiles/hotspots/{run['run']}/7/29/54.mvt")
    assert tile.status_code == 200 and tile.headers["content-type"].startswith("application/vnd.mapbox-vector-tile")
    assert client.get(f"/api/tiles/hotspots/{run['run']}/7/29/54.mvt").content == tile.content


@pytest.mark.parametrize("format", ["geojson", "csv", "gpkg", "kml", "gpx", "briefing"])
def test_exports_say_what_they_are(client, format):
    answer = client.get(f"/api/export/{format}?{WORLD}&drug=ats")
    assert answer.status_code == 200 and "EXERCISE" in answer.headers["content-disposition"]
    assert b"EXERCISE" in answer.content


def test_modules_are_asked_again_and_typed(client):
    answer = client.get("/assets/js/main.mjs")
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["content-type"].startswith("text/javascript")
    # The client tidies `..` away by itself, so the dots are told in code.
    outside = client.get("/assets/%2e%2e/settings.py")
    assert outside.status_code == 404 or "html" in outside.headers["content-type"]
    assert "VIGIA_" not in outside.text
    assert client.get("/assets/nope.js").status_code == 404


def test_the_wall_is_a_page_and_other_screens_are_not(client):
    assert "STALE" in client.get("/wall/main").text
    assert client.get("/wall/other").status_code == 404


def test_every_callback_is_a_coroutine():
    import inspect

    from dash._callback import GLOBAL_CALLBACK_MAP

    import app

    blocking = [name for name, c in {**GLOBAL_CALLBACK_MAP, **app.app.callback_map}.items() if c.get("callback") and not inspect.iscoroutinefunction(inspect.unwrap(c["callback"]))]
    assert app.app.callback_map and blocking == []


def test_a_database_that_is_gone_is_a_503_that_names_no_machine(client):
    from data.sessions import Database

    held = client.app.state.database
    client.app.state.database = Database("postgresql+psycopg://vigia_app:secret@/vigia?host=/srv/of/somebody")
    try:
        answers = [client.get(f"/api/{path}") for path in ("counts", "health/ready", "tiles/tracks/3/1/3.mvt")]
    finally:
        client.app.state.database = held
    for answer in answers:
        assert answer.status_code == 503 and "does not answer" in answer.text
        assert "/srv" not in answer.text and "secret" not in answer.text


def test_what_was_loaded_is_left_out_of_collections_while_it_serves(client):
    assert gc.get_freeze_count() > 100_000
