"""Films over real HTTP routes: lists, looks, and any part of the file; who may not see one is not told that it is there."""

from __future__ import annotations

import pytest

from settings import store
from tests.routes.asked import LIVE, ask


@pytest.fixture(scope="module")
def films(module_database, server):
    """One film of Alfa's and one of Bravo's, without a worker: rows, looks and files as an import leaves them."""
    store().imagery.mkdir(parents=True, exist_ok=True)
    with module_database.connect() as connection:
        ids = {}
        for agency, digit in (("Alfa", "a"), ("Bravo", "b")):
            (source,) = connection.execute("INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format) VALUES (0, 'imagery', 'file', 'f.ts', %s, 1, 'ts') RETURNING id",
                                           (digit * 64,)).fetchone()
            (ids[agency],) = connection.execute("""
                INSERT INTO video (world, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, agency_id, source_id)
                VALUES (0, 'CANARY film', '2026-11-20T10:00Z', '2026-11-20T10:01Z', 60, 'h264', 320, 240, 10, ST_MakeEnvelope(-98, 26, -97, 27, 4326), %(s)s, %(s)s || '.ts',
                        %(s)s || '.mp4', (SELECT id FROM agency WHERE world = 0 AND name = %(a)s), %(o)s) RETURNING id""", {"s": digit * 64, "a": agency, "o": source}).fetchone()
            connection.execute("INSERT INTO video_look (video_id, at, sensor, centre, footprint, footprint_from, heading_deg) VALUES "
                               "(%(v)s, '2026-11-20T10:00:00Z', ST_Point(-97.5, 26.5, 4326), NULL, ST_MakeEnvelope(-97.6, 26.4, -97.5, 26.5, 4326), 'told', 90), "
                               "(%(v)s, '2026-11-20T10:00:00.5Z', NULL, ST_Point(-97.4, 26.4, 4326), NULL, NULL, NULL)", {"v": ids[agency]})
            (store().imagery / f"{digit * 64}.mp4").write_bytes(bytes(range(256)) * 4)
        connection.commit()
    return ids


def test_a_list_one_and_its_looks(server, visitors, films):
    told = ask(server, f"/api/videos?{LIVE}", visitors["ana"]).json()
    assert told["total"] == 1 and told["rows"][0]["id"] == films["Alfa"] and told["rows"][0]["place"]["coordinates"] == [-97.5, 26.5] and told["rows"][0]["looks"] == 2
    one = ask(server, f"/api/videos/{films['Alfa']}?{LIVE}", visitors["ana"]).json()
    assert one["started_at"] == "2026-11-20T10:00:00Z" and one["agency"] == "Alfa" and "served" not in one
    looks = ask(server, f"/api/videos/{films['Alfa']}/looks?{LIVE}", visitors["ana"]).json()
    assert looks["t"] == [1795168800.0, 1795168800.5] and looks["sensor"] == [[-97.5, 26.5], None] and looks["centre"] == [None, [-97.4, 26.4]]
    assert len(looks["footprint"][0]) == 5 and looks["footprint"][1] is None and looks["heading_deg"] == [90, None]


def test_filters_hold(server, visitors, films):
    for query, n in (("&from=2026-11-20T10:00:30Z", 1), ("&from=2026-11-20T10:02:00Z", 0), ("&to=2026-11-20T09:00:00Z", 0), ("&bbox=-97.6,26.4,-97.5,26.5", 1),
                     ("&bbox=10,10,11,11", 0), ("&agency=Bravo", 0), ("&known_at=2020-01-01T00:00:00Z", 0)):
        assert ask(server, f"/api/videos?{LIVE}{query}", visitors["ana"]).json()["total"] == n, query
    assert ask(server, f"/api/videos?{LIVE}&sort=name", visitors["ana"]).status_code == 422


def test_marking_and_sortie_are_chosen_and_a_page_is_one(server, visitors, films, module_database):
    with module_database.connect() as connection:
        connection.execute("INSERT INTO video (world, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, sha256, original, served, agency_id, source_id, marking) "
                           "SELECT 0, 'placeless', started_at - interval '1 day', ended_at - interval '1 day', 6, 'h264', 320, 240, 10, 'c', 'c.mp4', 'c.mp4', agency_id, source_id, 'TLP:GREEN' "
                           "FROM video WHERE id = %s ON CONFLICT DO NOTHING", (films["Alfa"],))
        connection.commit()
    try:
        told = lambda query: ask(server, f"/api/videos?{LIVE}{query}", visitors["ana"]).json()  # noqa: E731
        assert [r["name"] for r in told("")["rows"]] == ["CANARY film", "placeless"] and told("")["rows"][1]["extent"] is None
        assert [r["name"] for r in told("&marking=TLP:GREEN")["rows"]] == ["placeless"] and told("&sortie=0")["total"] == 2 and told("&sortie=99")["total"] == 0
        assert [r["name"] for r in told("&limit=1&offset=1")["rows"]] == ["placeless"] and told("&limit=1")["total"] == 2
        assert [p["key"] for p in told("&marking=x")["problems"]] == ["marking"]
        page = ask(server, f"/imagery?{LIVE}&view=films", visitors["ana"]).text
        assert page.index("CANARY film") < page.index("placeless") and "no place is known" in page and "1:00 min" in page and 'data-key="video:' in page and "TLP:GREEN" in page
        assert page.count('<li data-key="video:') == 2, "one of Bravo's is not told"
        chosen = ask(server, f"/imagery?{LIVE}&view=films&sel=video:{films['Alfa']}", visitors["ana"]).text
        assert "Play beside the map" in chosen and "320 × 240 px" in chosen and "SHA-256" in chosen and "a" * 64 in chosen
        assert f"no video {films['Bravo']}" in ask(server, f"/imagery?{LIVE}&view=films&sel=video:{films['Bravo']}", visitors["ana"]).text
        assert "No films under this filter" in ask(server, f"/imagery?{LIVE}&view=films&product=frame", visitors["ana"]).text
    finally:
        with module_database.connect() as connection:
            connection.execute("DELETE FROM video WHERE name = 'placeless'")
            connection.commit()


def test_the_small_picture(server, visitors, films, module_database):
    path = f"/api/videos/{films['Alfa']}/thumbnail.webp?{LIVE}"
    assert ask(server, path, visitors["ana"]).status_code == 404
    with module_database.connect() as connection:
        connection.execute("UPDATE video SET provenance = '{\"preview\": \"still.webp\", \"preview_sha256\": \"feed\"}' WHERE id = %s", (films["Alfa"],))
        connection.commit()
    (store().imagery / "still.webp").write_bytes(b"picture")
    found = ask(server, path, visitors["ana"])
    assert found.status_code == 200 and found.content == b"picture" and found.headers["content-type"] == "image/webp"
    assert ask(server, path, visitors["analyst"]).status_code == 404


def test_any_part_of_the_file(server, visitors, films):
    path = f"/api/videos/{films['Alfa']}/file.mp4?{LIVE}"
    whole = ask(server, path, visitors["ana"])
    assert whole.status_code == 200 and whole.headers["content-type"] == "video/mp4" and len(whole.content) == 1024 and "no-cache" in whole.headers["cache-control"]
    part = ask(server, path, visitors["ana"], headers={"Range": "bytes=10-13"})
    assert part.status_code == 206 and part.content == bytes((10, 11, 12, 13)) and part.headers["content-range"] == "bytes 10-13/1024"
    assert ask(server, path, visitors["ana"], headers={"Range": "bytes=1020-"}).content == bytes((252, 253, 254, 255))
    assert ask(server, path, visitors["ana"], headers={"Range": "bytes=5000-"}).status_code == 416


def test_what_one_may_not_see_is_not_there(server, visitors, films):
    for path in ("", "/looks", "/file.mp4"):
        foreign = ask(server, f"/api/videos/{films['Bravo']}{path}?{LIVE}", visitors["ana"])
        assert foreign.status_code == 404 and b"CANARY" not in foreign.content
        assert ask(server, f"/api/videos/{films['Alfa']}{path}?{LIVE}", None).status_code == 401


def test_a_look_is_on_record(server, visitors, films, module_database):
    ask(server, f"/api/videos/{films['Alfa']}/file.mp4?{LIVE}", visitors["ana"], headers={"Range": "bytes=0-1"})
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM audit.entry WHERE entry LIKE %s", (f"%videos/{films['Alfa']}/file.mp4%",)).fetchone()[0] >= 1
