"""What is sent to us over HTTP: on disk before it is said to be taken, refused row by row, and of use to nobody without a feed's token."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from data import feeds
from errors import InputRefused
from feeds import bucket, spool
from feeds.intake import BYTES_MAX
from settings import store

GOOD = {"id": "V-1", "lat": 25.9, "lon": -97.4, "at": "2026-11-26T04:00:00Z"}


@pytest.fixture(scope="module")
def token(module_database, server):
    with module_database.connect() as connection:
        made = feeds.add(connection, "Phones", "http", {})
        connection.commit()
    return made


@pytest.fixture
def sent(server, token):
    def send(address: str = "/api/fixes", method: str = "POST", shown: str | None = token, **how):
        headers = {**({"Authorization": f"Bearer {shown}"} if shown else {}), **how.pop("headers", {})}
        return server.request(method, address, headers=headers, **how)

    return send


def kept() -> list[tuple[str, bytes]]:
    found = [one for folder in store().spool.glob("*") for one in spool.read(folder, {}, 10_000).frames]
    return [(one.frame.topic, one.frame.data) for one in found]


def test_what_is_taken_is_on_disk(sent):
    before = len(kept())
    answer = sent(json=[GOOD, {**GOOD, "id": "V-2"}])
    assert answer.status_code == 202 and answer.json() == {"taken": 2, "refused": []}
    assert len(kept()) == before + 1 and kept()[-1][0] == "fixes" and b"V-2" in kept()[-1][1]


def test_rows_that_are_wrong_are_named_and_nothing_is_taken_unless_told(sent):
    before = len(kept())
    rows = [GOOD, {**GOOD, "lat": 91}, {**GOOD, "speed": 3}]
    answer = sent(json=rows)
    assert answer.status_code == 422 and len(kept()) == before
    assert [(r["line"], r["field"]) for r in answer.json()["refused"]] == [(2, "lat, lon"), (3, "speed")]
    answer = sent("/api/fixes?good_only=1", json=rows)
    assert answer.status_code == 202 and answer.json()["taken"] == 1 and len(answer.json()["refused"]) == 2


@pytest.mark.parametrize("body", [b"", b"[]", b"nothing", b"[" * 200_000 + b"]" * 200_000, b'{"id": NaN}', b"\xff\xfe", b'[{"id":"x","lat":1e308,"lon":0}]'])
def test_a_body_that_is_none_is_a_422(sent, body):
    answer = sent(content=body)
    assert answer.status_code == 422 and answer.json()["refused"] and "Traceback" not in answer.text


def test_too_much_is_told(sent, monkeypatch):
    assert sent(content=bytes(BYTES_MAX + 1)).status_code == 413
    assert sent(content=b"x", headers={"Content-Encoding": "gzip"}).status_code == 422
    monkeypatch.setattr(bucket.Bucket, "admit", lambda self, number, **_: 0)
    assert sent(json=[GOOD]).status_code == 429
    monkeypatch.undo()
    monkeypatch.setattr(spool.SpoolWriter, "_room", lambda self, frames: 0)
    assert sent(json=[GOOD]).status_code == 507


@pytest.mark.parametrize("shown", [None, "x" * 43, "ü" * 30, ""])
@pytest.mark.parametrize("address", ["/api/fixes", "/api/epcis"])
def test_without_a_feeds_token_nothing_is_taken(sent, shown, address):
    before = len(kept())
    answer = sent(address, shown=shown if shown is None or shown.isascii() else None, json=[GOOD])
    assert answer.status_code == 401 and len(kept()) == before


def test_a_feeds_token_opens_nothing_else(sent, token):
    for address in ("/api/tracks", "/api/stream", "/api/feeds", "/", "/api/counts"):
        assert sent(address, "GET").status_code in (401, 303)
        assert sent(address, "GET", headers={"Cookie": f"vigia={token}"}, follow_redirects=False).status_code in (401, 303)


def test_telephones_speak_it_in_the_address(sent, token):
    before = len(kept())
    answer = sent(f"/api/osmand/{token}?id=356&lat=25.9&lon=-97.4&timestamp=1795600000&speed=10&bearing=90", "GET", shown=None)
    assert answer.status_code == 202 and kept()[-1] == ("osmand", b"id=356&lat=25.9&lon=-97.4&timestamp=1795600000&speed=10&bearing=90")
    assert sent(f"/api/osmand/{token}?id=356&lat=999&lon=0", "GET", shown=None).status_code == 422
    assert sent(f"/api/osmand/{'x' * 43}?id=356&lat=1&lon=0", "GET", shown=None).status_code == 401
    assert len(kept()) == before + 1


def test_epcis_reads(sent):
    event = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-26T04:00:00Z", "eventTimeZoneOffset": "+00:00",
             "epcList": ["urn:epc:id:sscc:0614141.1234567890"], "readPoint": {"id": "geo:25.9,-97.4"}}
    document = {"@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", "type": "EPCISDocument", "schemaVersion": "2.0",
                "creationDate": "2026-11-26T04:00:00Z", "epcisBody": {"eventList": [event]}}
    assert sent("/api/epcis", json=document).json() == {"taken": 1, "refused": []}
    assert sent("/api/epcis", json={**document, "epcisBody": {"eventList": [{**event, "readPoint": {"id": "geo:999,0"}}]}}).status_code == 422


def test_a_feed_that_is_off_takes_nothing(sent, module_database, server):
    from routes import intake

    with module_database.connect() as connection:
        feeds.set_active(connection, "Phones", False)
        connection.commit()
    intake._known.clear()
    try:
        assert sent(json=[GOOD]).status_code == 401
    finally:
        with module_database.connect() as connection:
            feeds.set_active(connection, "Phones", True)
            connection.commit()


@pytest.mark.parametrize("address", ["/api/fixes", "/api/epcis", f"/api/osmand/{'x' * 43}"])
def test_no_body_is_kept_for_whoever_has_no_token(server, address):
    """Nobody in particular could have us hold 4 MB for each connection, and for as long as they like."""
    answered = []

    async def ask() -> None:
        async def receive() -> dict:
            raise AssertionError("the body was asked for")

        async def send(message: dict) -> None:
            answered.append(message)

        await server.app({"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": address,
                          "raw_path": address.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
                          "headers": [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + b"x" * 43), (b"content-length", b"4000000")]}, receive, send)

    server.portal.call(ask)
    assert answered[0]["status"] == 401


@pytest.mark.parametrize("token", ["%00" * 43, "%ff" * 43, "a", "%0a" + "x" * 43, "x" * 5_000, "%F0%9F%9A%A2" * 30])
def test_a_token_that_can_be_none_opens_nothing(sent, token):
    assert sent(f"/api/osmand/{token}?id=1&lat=1&lon=2", "GET", shown=None).status_code in (401, 404)


def test_a_body_that_never_ends_is_given_up(monkeypatch):
    from routes import intake

    async def drip():
        yield b"{"
        await asyncio.sleep(30)

    monkeypatch.setattr(intake, "BODY_S", 0.05)
    with pytest.raises(InputRefused, match="1 bytes came within 0.05 s"):
        asyncio.run(intake._body(SimpleNamespace(headers={}, stream=drip)))


def test_who_was_told_to_wait_is_let_in_in_time(monkeypatch):
    """Large bodies that are tried again and again: a try that takes nothing costs nothing."""
    now = 0.0
    monkeypatch.setattr(bucket.time, "monotonic", lambda: now)
    one = bucket.Bucket(100)
    assert one.admit(200, whole=True) == 200
    for now in (0.5, 1.0):
        assert one.admit(150, whole=True) == 0
    now = 1.5
    assert one.admit(150, whole=True) == 150 and one.admit(10) == 0
