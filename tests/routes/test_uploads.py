"""Uploads over the whole application: who may, what is told before anything is sent, every step of the protocol, and that nothing half-kept stays."""

from __future__ import annotations

import base64
import hashlib

import pytest

import settings
from jobs import bringing
from tests.feeds.test_imagery import colours, raster
from tests.routes.asked import ask, entries

TUS = {"Tus-Resumable": "1.0.0"}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(**told: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


def begin(server, token: str, size: int, filename: str = "20261120T101500Z.tif", **facts: str):
    facts = {"agency": "Bravo", **facts}
    return ask(server, "/api/uploads", token, "POST", headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata(filename=filename, **facts)})


def send(server, token: str, address: str, offset: int, body: bytes, **more: str):
    return ask(server, address, token, "PATCH", headers={**PATCH, "Upload-Offset": str(offset), **more}, content=body)


def head(server, token: str, address: str):
    return ask(server, address, token, "HEAD", headers=TUS)


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> bytes:
    return raster(tmp_path_factory.mktemp("picture") / "a.tif", colours()).read_bytes()


@pytest.fixture
def allowed(monkeypatch):
    """`allowed(upload_file_mb=1)`: other limits for one test."""
    def change(**told) -> None:
        for name, value in told.items():
            monkeypatch.setenv(f"VIGIA_{name.upper()}", str(value))
        settings.uploads.cache_clear()

    yield change
    monkeypatch.undo()
    settings.uploads.cache_clear()


def test_a_file_comes_in_parts_and_is_imported(server, visitors, module_database, picture):
    since = len(entries(module_database))
    token = visitors["analyst"]
    answer = begin(server, token, len(picture), sortie="W-01", platform="Matrice 350", marking="TLP:GREEN")
    assert answer.status_code == 201 and answer.headers["upload-expires"].endswith("GMT")
    address = answer.headers["location"]
    for start in range(0, len(picture), 20_000):
        answer = send(server, token, address, start, picture[start:start + 20_000])
        assert answer.status_code == 204 and answer.headers["upload-offset"] == str(min(start + 20_000, len(picture)))
    assert ask(server, "/api/uploads", token).json()["rows"][0]["state"] == "waiting"
    with module_database.connect() as connection:
        assert connection.execute("SELECT task_name FROM jobs.procrastinate_jobs WHERE status = 'todo'").fetchall() == [("bring",)]
    assert bringing.run(module_database.owner_url) == 1
    [row] = [r for r in ask(server, "/api/uploads", token).json()["rows"] if address.endswith(r["id"])]
    assert (row["state"], row["told"]) == ("stored", [{"state": "stored", "words": "20261120T101500Z.tif: 1 read, 1 stored, 0 already there, 0 refused"}])
    assert not (settings.store().uploads / row["id"]).exists(), "the original is kept where originals are"
    with module_database.connect() as connection:
        told = connection.execute("""SELECT i.sha256, i.marking, a.name, o.key, o.platform, s.options ->> 'by' FROM image i JOIN sortie o ON o.id = i.sortie_id
                                     JOIN agency a ON a.id = i.agency_id JOIN source s ON s.id = i.source_id WHERE o.key = 'W-01'""").fetchone()
        person = connection.execute("SELECT id FROM access.person WHERE name = 'analyst'").fetchone()[0]
    assert told == (hashlib.sha256(picture).hexdigest(), "TLP:GREEN", "Bravo", "W-01", "Matrice 350", f"person:{person}")
    new = [(e["what"], e["of"].split(":")[0], e.get("to"), e["who"]) for e in entries(module_database)[since:] if e["what"] in ("change", "collection")]
    assert new == [("change", "upload", "begun", f"person:{person}"), ("change", "upload", "whole", f"person:{person}"), ("collection", "source", None, f"person:{person}")]
    # the same again is already there
    again = begin(server, token, len(picture)).headers["location"]
    send(server, token, again, 0, picture)
    bringing.run(module_database.owner_url)
    assert ask(server, again, token).json()["state"] == "already"
    assert ask(server, again, token, "DELETE", headers=TUS).status_code == 204 and ask(server, again, token).status_code == 404


def test_what_the_importer_refuses_is_told_in_its_words(server, visitors, module_database):
    token = visitors["coordinator"]
    address = begin(server, token, 9).headers["location"]
    send(server, token, address, 0, b"no raster")
    bringing.run(module_database.owner_url)
    told = ask(server, address, token).json()
    assert told["state"] == "refused" and told["told"] == [
        {"state": "refused", "words": "refused  20261120T101500Z.tif: first bytes is \"b'no raster'\", expected a GeoTIFF; nothing of this file is stored"}]


def test_who_may(server, visitors):
    for role in ("viewer", "legal", "auditor", "administrator", "screen"):
        assert begin(server, visitors[role], 10).status_code == 403, role
    for role in ("coordinator", "analyst", "supervisor"):
        assert begin(server, visitors[role], 10).status_code == 201, role
    answer = begin(server, visitors["analyst"], 10, agency="Alfa")
    assert answer.status_code == 403 and "'Alfa' is none of your agencies" in answer.json()["error"] and "Bravo" in answer.json()["error"]
    answer = begin(server, visitors["analyst"], 10, agency="")
    assert answer.status_code == 403 and "no agency is told" in answer.json()["error"]
    answer = begin(server, visitors["analyst"], 10, marking="TLP:RED")
    assert answer.status_code == 403 and "above your ceiling, TLP:AMBER" in answer.json()["error"]


def test_nobody_meets_the_upload_of_another(server, visitors):
    address = begin(server, visitors["analyst"], 10).headers["location"]
    for other in ("supervisor", "ana"):
        assert head(server, visitors[other], address).status_code == 404
        assert send(server, visitors[other], address, 0, b"x").status_code == 404
        assert ask(server, address, visitors[other], "DELETE", headers=TUS).status_code == 404
        assert address.rsplit("/", 1)[1] not in ask(server, "/api/uploads", visitors[other]).text
    assert send(server, visitors["analyst"], address, 0, b"x").status_code == 204


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_strangers_page_sends_nothing(server, visitors, headers):
    token = visitors["analyst"]
    address = begin(server, token, 10).headers["location"]
    assert ask(server, "/api/uploads", token, "POST", headers={**TUS, "Upload-Length": "3", "Upload-Metadata": metadata(filename="a.tif", agency="Bravo"), **headers}).status_code == 403
    assert send(server, token, address, 0, b"x", **headers).status_code == 403
    assert ask(server, address, token, "DELETE", headers={**TUS, **headers}).status_code == 403
    assert head(server, token, address).headers["upload-offset"] == "0"


@pytest.mark.parametrize("name", ["../a.tif", "a/b.tif", "a\\b.tif", ".hidden.tif", "", " ", "a\n.tif", "C:a.tif", "a.exe", "a" * 201 + ".tif", "x\u202etif.tif ", "a.tif\0"])
def test_hostile_names(server, visitors, name):
    answer = begin(server, visitors["analyst"], 10, filename=name)
    assert answer.status_code == 422 and "filename" in answer.json()["error"]


@pytest.mark.parametrize(("facts", "words"), [
    ({"marking": "TLP:PINK"}, "marking TLP:PINK"), ({"zone": "Mars"}, "zone Mars"), ({"captured_at": "soon"}, "captured-at soon"), ({"grade": "Z9"}, "grade Z9"), ({"world": "exercise"}, "'world'"),
    ({"sortie": "x" * 101}, "sortie"), ({"by": "command line"}, "'by'"), ({"platform": "a\x1b[31m"}, "platform"),
])
def test_facts_are_looked_at_before_anything_is_sent(server, visitors, facts, words):
    answer = begin(server, visitors["analyst"], 10, **facts)
    assert answer.status_code == 422 and words in answer.json()["error"]


def test_the_protocol_says_what_it_is(server, visitors):
    token = visitors["analyst"]
    answer = ask(server, "/api/uploads", token, "OPTIONS")
    assert answer.status_code == 204 and answer.headers["tus-version"] == "1.0.0" and answer.headers["tus-extension"] == "creation,expiration,termination,checksum"
    for headers in ({}, {"Tus-Resumable": "0.2.2"}):
        answer = ask(server, "/api/uploads", token, "POST", headers={"Upload-Length": "3", **headers})
        assert answer.status_code == 412 and answer.headers["tus-version"] == "1.0.0"
    address = begin(server, token, 10).headers["location"]
    answer = head(server, token, address)
    assert answer.status_code == 200 and answer.content == b"" and answer.headers["cache-control"] == "no-store"
    assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == ("0", "10")
    assert ask(server, address, token, "PATCH", headers={**TUS, "Upload-Offset": "0"}, content=b"x").status_code == 415
    assert send(server, token, address, 3, b"x").status_code == 409
    for told in ("", "-1", "x", "9" * 30, "\u0663"):
        with_told = {**TUS, "Upload-Length": told.encode()}
        assert ask(server, "/api/uploads", token, "POST", headers=with_told).status_code == 422, told
    assert ask(server, "/api/uploads", token, "POST", headers={**TUS, "Upload-Length": "3", "Upload-Metadata": "filename %%"}).status_code == 422
    for bad in ("nothing", "../../etc", "x" * 43):
        assert head(server, token, f"/api/uploads/{bad}").status_code == 404


def test_more_than_was_said_leaves_nothing(server, visitors):
    token = visitors["analyst"]
    address = begin(server, token, 10).headers["location"]
    assert send(server, token, address, 0, b"0123").status_code == 204
    assert send(server, token, address, 4, b"x" * 7).status_code == 413
    assert head(server, token, address).headers["upload-offset"] == "4"


def test_a_checksum_holds_the_whole_part_or_none(server, visitors):
    token, body = visitors["analyst"], b"0123456789"
    address = begin(server, token, len(body)).headers["location"]
    for name in ("sha1", "sha256"):
        wrong = f"{name} {base64.b64encode(hashlib.new(name, b'another').digest()).decode()}"
        assert send(server, token, address, 0, body, **{"Upload-Checksum": wrong}).status_code == 460
        assert head(server, token, address).headers["upload-offset"] == "0"
    assert send(server, token, address, 0, body, **{"Upload-Checksum": "md5 xx=="}).status_code == 422
    right = f"sha256 {base64.b64encode(hashlib.sha256(body).digest()).decode()}"
    assert send(server, token, address, 0, body, **{"Upload-Checksum": right}).status_code == 204


def test_quotas(server, visitors, allowed):
    token = visitors["supervisor"]
    allowed(upload_file_mb=1)
    assert begin(server, token, 1_000_001).status_code == 413
    allowed(upload_file_mb=10, upload_waiting_mb=3)
    first = begin(server, token, 2_500_000)
    assert first.status_code == 201
    answer = begin(server, token, 600_000)
    assert answer.status_code == 429 and "at most 3 MB may be" in answer.json()["error"]
    assert begin(server, visitors["coordinator"], 600_000).status_code == 201, "another's quota is another"
    assert ask(server, first.headers["location"], token, "DELETE", headers=TUS).status_code == 204
    assert begin(server, token, 600_000).status_code == 201
    allowed(upload_waiting_files=1)
    assert begin(server, token, 10).status_code == 429


def test_no_room_is_said_before_anything_is_sent(server, visitors, monkeypatch):
    monkeypatch.setattr(server.app.state.uploads, "_spare_bytes", 10**18)
    before = len(ask(server, "/api/uploads", visitors["analyst"]).json()["rows"])
    answer = begin(server, visitors["analyst"], 1_000_000)
    assert answer.status_code == 507 and "there is room for 0 MB" in answer.json()["error"]
    assert len(ask(server, "/api/uploads", visitors["analyst"]).json()["rows"]) == before


def test_what_nobody_goes_on_with_is_erased(server, visitors, module_database, allowed):
    token = visitors["analyst"]
    address = begin(server, token, 10).headers["location"]
    send(server, token, address, 0, b"0123")
    bringing.tidy(module_database.owner_url)
    assert head(server, token, address).headers["upload-offset"] == "4"
    allowed(upload_hours=1e-9)
    bringing.tidy(module_database.owner_url)
    assert head(server, token, address).status_code == 404


def test_bytes_that_are_gone_take_no_list_down(server, visitors, module_database, allowed):
    token = visitors["analyst"]
    address = begin(server, token, 10).headers["location"]
    server.app.state.uploads.drop(address.rsplit("/", 1)[1])
    assert {"id": address.rsplit("/", 1)[1], "offset": 0}.items() <= ask(server, "/api/uploads", token).json()["rows"][0].items()
    assert head(server, token, address).status_code == 404 and send(server, token, address, 0, b"x").status_code == 404
    allowed(upload_hours=1e-9)
    bringing.tidy(module_database.owner_url)
    assert address.rsplit("/", 1)[1] not in ask(server, "/api/uploads", token).text


def test_who_was_let_go_brings_nothing_in(server, visitors, module_database, picture):
    gone = module_database.person("gone", roles=("analyst",), agencies=["Bravo"]).token
    address = begin(server, gone, len(picture)).headers["location"]
    send(server, gone, address, 0, picture)
    with module_database.connect() as connection:
        connection.execute("UPDATE access.person SET roles = ARRAY['viewer'] WHERE name = 'gone'")
        connection.commit()
    bringing.run(module_database.owner_url)
    with module_database.connect() as connection:
        state, told = connection.execute("SELECT state, told FROM access.upload WHERE id = %s", (address.rsplit("/", 1)[1],)).fetchone()
    assert state == "refused" and "may no longer bring files in" in told[0]["words"]
