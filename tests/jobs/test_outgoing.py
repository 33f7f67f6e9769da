"""Alerts on their way out, to a real HTTP server and a real SMTP server of this machine: signed, once, and nothing that must not leave."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stamina
from aiosmtpd.controller import Controller

import settings
from data import outgoing, people
from data.outgoing import DestinationRefused
from jobs import many_services, queue
from jobs import outgoing as sending
from tests.conftest import free_port
from tests.data.test_stream_events import tell, tracks

SECRET = "of-the-tests"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield
    settings.outgoing.cache_clear()


@contextmanager
def hook(*answers: int):
    """A server that answers so, then 200; what it was sent."""
    got, left = [], list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alerts", got
    finally:
        server.shutdown()
        server.server_close()


def to(database, address: str, kind: str = "webhook", **how) -> None:
    with database.connect() as connection:
        outgoing.add(connection, "live", how.pop("name", "desk"), kind, address, **{"secret_variable": "HOOK_SECRET", "agency": None, "ceiling": "TLP:GREEN", **how})
        connection.commit()


def states(database) -> list[str]:
    with database.connect() as connection:
        return [row[0] for row in connection.execute("SELECT state FROM delivery ORDER BY alert_id")]


def raised(database, *agencies: int | None) -> None:
    with database.connect() as connection:
        for n, track in enumerate(tracks(connection, *agencies)):
            tell(connection, track, severity="critical", start=str(n))


def test_without_a_destination_nothing_leaves(environment):
    raised(environment, None)
    assert sending.send(environment.owner_url) == (0, 0) and states(environment) == []


def test_a_webhook_is_signed_over_time_and_body_and_sent_once(environment):
    with hook() as (address, got):
        to(environment, address)
        raised(environment, None)
        assert sending.send(environment.owner_url) == (1, 0) and sending.send(environment.owner_url) == (0, 0)
    [(headers, body)] = got
    wanted = hmac.new(SECRET.encode(), headers["X-Vigia-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Vigia-Signature"] == f"sha256={wanted}"
    told = json.loads(body)
    assert told["type"] == "gap" and told["first_fix"]["at"] and told["last_fix"]["lon"] == -97.0 and told["marking"] == "TLP:GREEN" and {"area", "rule", "revision"} <= set(told)
    with environment.connect() as connection:
        entries = [json.loads(row[0]) for row in connection.execute("SELECT entry FROM audit.entry")]
    assert [e["to"] for e in entries if e["what"] == "disclosure"] == ["destination:1"]


def test_what_is_not_taken_is_tried_again_at_once_and_later(environment):
    with hook(503, 503, 503) as (address, got):
        to(environment, address)
        raised(environment, None)
        assert sending.send(environment.owner_url) == (0, 1) and states(environment) == ["waiting"] and len(got) == 2
        assert sending.send(environment.owner_url) == (1, 0) and states(environment) == ["sent"] and len(got) == 4
    assert len({body for _, body in got}) == 1


def test_a_redirect_is_not_followed(environment):
    with hook(302, 302) as (address, got):
        to(environment, address)
        raised(environment, None)
        assert sending.send(environment.owner_url) == (0, 1) and len(got) == 2


def test_what_its_marking_or_agency_does_not_let_out_is_withheld(environment):
    with environment.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        connection.commit()
    with hook() as (address, got):
        to(environment, address, agency="Alfa")
        raised(environment, alfa, bravo, None)
        with environment.connect() as connection:
            connection.execute("UPDATE event SET scopes = ARRAY[3] WHERE track_id = (SELECT max(id) FROM track)")  # STRICT
            connection.commit()
        assert sending.send(environment.owner_url) == (1, 0)
    assert states(environment) == ["sent", "withheld", "withheld"] and f"CANARY-{alfa}".encode() in got[0][1]


def test_mail_is_one_letter_whose_names_stay_in_their_header(environment, monkeypatch):
    letters = []

    class Box:
        async def handle_DATA(self, server, session, envelope):
            letters.append(envelope)
            return "250 OK"

    box = Controller(Box(), hostname="127.0.0.1", port=free_port())
    box.start()
    try:
        for name, value in (("VIGIA_SMTP_HOST", "127.0.0.1"), ("VIGIA_SMTP_PORT", str(box.port)), ("VIGIA_SMTP_FROM", "vigia@agency.example"), ("VIGIA_SMTP_TLS", "false")):
            monkeypatch.setenv(name, value)
        settings.outgoing.cache_clear()
        to(environment, "desk@agency.example", "mail", secret_variable=None)
        raised(environment, None)
        with environment.connect() as connection:
            connection.execute("UPDATE track SET name = E'A\\nBcc: all@agency.example'")
            connection.commit()
        asyncio.run(_work(environment.owner_url))
    finally:
        box.stop()
    [letter] = letters
    head = letter.content.split(b"\r\n\r\n")[0]
    assert letter.rcpt_tos == ["desk@agency.example"] and b"\nBcc:" not in head and b"TLP:GREEN" in head
    assert states(environment) == ["sent"]


def test_apprise_is_told_once_by_an_address_that_stays_in_its_variable(environment, monkeypatch, caplog):
    with hook(302, 500) as (address, got):
        monkeypatch.setenv("DESK_URL", address.replace("http://", "json://keeper:hunter2@"))
        to(environment, "json", "apprise", secret_variable="DESK_URL")
        raised(environment, None)
        assert sending.send(environment.owner_url) == (0, 1) and len(got) == 2, "neither a redirect nor an error is a yes"
        assert sending.send(environment.owner_url) == (1, 0) and sending.send(environment.owner_url) == (0, 0) and len(got) == 3
    told = json.loads(got[-1][1])
    assert told["title"].startswith("[TLP:GREEN] critical: gap") and json.loads(told["message"])["type"] == "gap"
    with environment.connect() as connection:
        kept = str(connection.execute("SELECT d::text, v::text FROM destination d, delivery v").fetchall()) + str(connection.execute("SELECT entry FROM audit.entry").fetchall())
    assert "hunter2" not in kept + caplog.text and "DESK_URL" in kept
    monkeypatch.delenv("DESK_URL")
    with environment.connect() as connection:
        connection.execute("UPDATE delivery SET state = 'waiting'")
        connection.commit()
    assert sending.send(environment.owner_url) == (0, 1) and states(environment)[-1] == "waiting"


@pytest.mark.parametrize(("scheme", "address", "words"), [
    ("json", "json://elsewhere.example/x", "not encrypted, expected one of jsons"), ("syslog", "syslog://", "not encrypted"), ("json", "jsons://127.0.0.1/", "is not one of json"),
    ("bogus", "bogus://x", "make nothing"), ("json", "", "is a secret"),
])
def test_an_address_of_apprise_that_can_not_be_is_refused_and_not_told(monkeypatch, scheme, address, words):
    monkeypatch.setenv("DESK_URL", address)
    with pytest.raises(DestinationRefused, match=words) as refused:
        many_services.service(scheme, "DESK_URL")
    assert "elsewhere" not in str(refused.value)


async def _work(owner_url: str) -> None:
    app = queue.queue(owner_url)
    async with app.open_async():
        await queue.put(app.tasks["outgoing"])
        await app.run_worker_async(wait=False)


@pytest.mark.parametrize(("kind", "address", "how"), [
    ("webhook", "http://elsewhere.example/x", {}), ("webhook", "ftp://127.0.0.1/x", {}), ("webhook", "https://me:pw@x.example/", {}), ("webhook", "https://x.example/", {"secret_variable": "NOT_SET"}),
    ("mail", "a@b, c@d", {}), ("apprise", "slack://key@x", {}), ("apprise", "slack", {"secret_variable": "NOT_SET"}), ("apprise", "slack", {"secret_variable": None}), ("mail", "a@b\nBcc: c@d", {}), ("mail", "nobody", {}), ("webhook", "http://127.0.0.1/", {"name": ""}),
])
def test_a_destination_that_can_not_be_is_refused(database, kind, address, how):
    with pytest.raises(DestinationRefused):
        to(database, address, kind, **how)
