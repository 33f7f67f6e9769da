"""The pages of screens and what a screen asks: who keeps them, what is pushed arrives, nothing above a ceiling leaves in any byte, and what is hostile is text."""

from __future__ import annotations

import html
import re
from contextlib import aclosing

import numpy as np
import pytest

from data import doors, people
from data.filters import Filter
from data.visitor import visiting
from routes import screen_forms
from tests.data.made import touch, tracks, walk
from tests.routes.asked import CANARY, LIVE, ask, entries, with_grace

STATE = "/?world=live&layers=seizures#map=8.6/26.15/-97.9"


def post(server, token: str, path: str = "/screens", **told):
    return ask(server, path, token, "POST", data=told)


def made(server, visitors, name: str, agency: str = "Bravo", ceiling: str = "TLP:AMBER") -> tuple[str, str]:
    """A screen made on the page and opened: its number and its session's token."""
    page = post(server, visitors["supervisor"], act="make", name=name, agency=agency, ceiling=ceiling).text
    address = re.search(r"<code>http://127.0.0.1(/sign-in/screen/[^<]+)</code>", page)[1]
    answer = ask(server, address)
    assert answer.status_code == 303 and answer.headers["location"] == "/wall/main"
    token = answer.cookies["vigia"]
    server.cookies.clear()
    return re.search(rf'href="/screens/(\d+)">{re.escape(html.escape(name))}<', page)[1], token


def test_a_screen_is_made_set_given_views_and_revoked(server, module_database, visitors):
    told = len(entries(module_database))
    number, token = made(server, visitors, "North")
    path = f"/screens/{number}"
    assert "settings changed" in post(server, visitors["supervisor"], path, act="set", place="Room <i>", distance_m="8", diagonal_in="98", zones="America/Bogota, Europe/Madrid", turn_s="30", world="live",
                                      dim="").text.lower()
    for name in ("First", "Second", "Third"):
        assert post(server, visitors["supervisor"], path, act="add", state=STATE, name=name, turn_s="45").status_code == 200
    page = post(server, visitors["supervisor"], path, act="up", id="2").text
    assert page.index("<td>First<") < page.index("<td>Third<") < page.index("<td>Second<") and "Room &lt;i&gt;" in page and "Room <i>" not in page
    assert "Third" not in post(server, visitors["supervisor"], path, act="remove", id="1").text.split("Views in turn")[1]
    shown = ask(server, "/api/screens/north", token).json()
    assert [v["name"] for v in shown["playlist"]] == ["First", "Second"] and shown["playlist"][0]["state"] == "world=live&layers=seizures&camera=8.6/26.15/-97.9"
    assert (shown["place"], shown["distance_m"], shown["zones"], shown["kind"], shown["turn_s"]) == ("Room <i>", 8, ["America/Bogota", "Europe/Madrid"], "screen", 30)
    assert ask(server, "/wall/main", token).headers["location"] == "/wall/north"
    wall = ask(server, "/wall/north", token)
    assert wall.status_code == 200 and "Room <i>" not in wall.text and "\\u003ci\\u003e" in wall.text
    assert post(server, visitors["supervisor"], path, act="revoke", id=number).status_code == 200
    with_grace(server, token, 401)
    changes = [e for e in entries(module_database, told) if e["what"] == "change"]
    assert [e["of"] for e in changes] == ["screen", *[f"screen:{number}"] * 7] and changes[-1]["to"] == "revoked"


def test_what_is_pushed_is_heard_by_the_next_beat_and_ends_when_it_is_ended(server, visitors):
    number, token = made(server, visitors, "Push")
    beat = lambda: ask(server, "/api/screens/beat", token, "POST", json={"build": "1", "view": "All", "lines": 1080, "width": 1920, "memory_mb": 91.5, "stale": False}).json()  # noqa: E731
    first = beat()
    assert post(server, visitors["supervisor"], f"/screens/{number}", act="show", state=STATE, name="Bridge").status_code == 200
    assert beat()["version"] == first["version"] + 1
    follow = ask(server, "/api/screens/push", token).json()["follow"]
    assert (follow["name"], follow["by"], follow["state"]) == ("Bridge", "supervisor", "world=live&layers=seizures&camera=8.6/26.15/-97.9")
    page = ask(server, f"/screens/{number}", visitors["supervisor"]).text
    assert "Bridge" in page and "92 MB" in page and "1920 by 1080" in page and "online" in page
    assert post(server, visitors["supervisor"], f"/screens/{number}", act="unfollow", id=number).status_code == 200
    assert ask(server, "/api/screens/push", token).json()["follow"] is None
    assert post(server, visitors["supervisor"], f"/screens/{number}", act="reload", id=number).status_code == 200
    assert beat()["reload"] == first["reload"] + 1


def test_a_screen_that_falls_silent_is_told_to_whoever_keeps_it_alone(server, module_database, visitors):
    number, token = made(server, visitors, "Quiet")
    ask(server, "/api/screens/beat", token, "POST", json={})
    silent = lambda who: [s["name"] for s in ask(server, "/api/screens", visitors[who]).json()["silent"]]  # noqa: E731
    assert "Quiet" not in silent("supervisor")
    with module_database.connect() as connection:
        connection.execute("UPDATE access.screen SET beat_at = clock_timestamp() - interval '61 s' WHERE id = %s", (number,))
        connection.commit()
    assert "Quiet" in silent("supervisor") and "Quiet" in silent("administrator")
    assert ask(server, "/api/screens", visitors["viewer"]).status_code == 403 and ask(server, "/api/screens", token).status_code == 403
    assert "silent for 1 min" in ask(server, "/screens", visitors["supervisor"]).text


def test_who_may_not_keep_screens_gets_nothing_of_them(server, visitors):
    number, token = made(server, visitors, "Closed")
    for who in ("viewer", "analyst", "coordinator", "legal", "auditor", "ana"):
        assert ask(server, "/screens", visitors[who]).status_code == 403 and post(server, visitors[who], f"/screens/{number}", act="revoke", id=number).status_code == 403
    assert ask(server, "/wall/closed", visitors["ana"]).status_code == 404 and ask(server, "/api/screens/closed", visitors["ana"]).status_code == 404
    assert ask(server, "/wall/closed", visitors["viewer"]).status_code == 200 and '"kind": "preview"' in ask(server, "/wall/closed", visitors["viewer"]).text
    other, _ = made(server, visitors, "Other")
    assert ask(server, "/api/screens/other", token).json()["slug"] == "closed", "a screen is told of itself alone"
    assert ask(server, "/api/screens/beat", visitors["supervisor"], "POST", json={}).status_code == 403
    assert ask(server, "/api/me", token).status_code == 200


@pytest.mark.parametrize("name", ["x" * 200, "غرفة العمليات", "<script>alert(1)</script>", "A & \"B\""])
def test_a_name_is_text_whatever_it_holds(server, visitors, name):
    number, token = made(server, visitors, name)
    page = ask(server, f"/screens/{number}", visitors["supervisor"]).text
    assert html.escape(name) in page and "<script" not in page
    slug = ask(server, "/api/screens/x", token).json()["slug"]
    answer = ask(server, "/wall/main", token)
    assert answer.status_code == 303 and answer.headers["location"].isascii()
    assert ask(server, answer.headers["location"], token).status_code == 200 and slug


@pytest.mark.parametrize(("told", "said"), [
    ({"act": "nope"}, "one of"), ({"act": "set", "distance_m": "far", "diagonal_in": "55", "turn_s": "20"}, "number of metres"),
    ({"act": "set", "distance_m": "inf", "diagonal_in": "55", "turn_s": "20"}, "0.5 to 50"), ({"act": "set", "distance_m": "5", "diagonal_in": "55", "turn_s": "1e400"}, "5 to 3600"),
    ({"act": "add"}, "either a saved view"), ({"act": "add", "state": "/?nope=1"}, "nope"), ({"act": "add", "view": "x"}, "expected its number"),
    ({"act": "add", "state": "http://[::1"}, "no address"), ({"act": "up", "id": "99"}, "no such view"), ({"act": "remove", "id": "-1"}, "no such view"),
])
def test_a_form_that_can_not_be_is_refused_in_words_and_changes_nothing(server, visitors, told, said):
    page = ask(server, "/screens", visitors["supervisor"]).text
    number = re.search(r'href="/screens/(\d+)">Forms<', page)[1] if ">Forms<" in page else made(server, visitors, "Forms")[0]
    before = next(r for r in ask(server, "/api/screens", visitors["supervisor"]).json()["rows"] if str(r["id"]) == number)
    answer = post(server, visitors["supervisor"], f"/screens/{number}", **told)
    assert answer.status_code == 422 and said in html.unescape(answer.text)
    after = next(r for r in ask(server, "/api/screens", visitors["supervisor"]).json()["rows"] if str(r["id"]) == number)
    assert after["version"] == before["version"]


@pytest.mark.parametrize("body", [{"lines": "many"}, {"lines": -1}, {"view": 3}, {"view": "x" * 300}, {"stale": 1}, {"secret": 1}, {"error": "a\0b"}, [1]])
def test_a_beat_that_can_not_be_is_refused(server, visitors, body):
    assert ask(server, "/api/screens/beat", visitors["screen"], "POST", json=body).status_code == 422


def test_nothing_above_its_ceiling_is_in_the_bytes_of_its_stream_or_of_anything_it_may_ask(server, module_database, visitors):
    with module_database.connect() as connection:
        (number,) = connection.execute("SELECT id FROM agency WHERE world = 0 AND name = 'Bravo'").fetchone()
        for marking in ("TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"):
            tracks(connection, [walk(np.random.default_rng(3), 30)], world=0, agency=number, marking=marking, prefix=f"SECRET-{marking[4:]}")
        connection.execute("UPDATE track SET name = key WHERE key LIKE 'SECRET%'")
        touch(connection, "tracks", 0)
        connection.commit()
    _, token = made(server, visitors, "Low", ceiling="TLP:GREEN")
    seen = b""
    for path in ("counts", "movement?move_from=2026-11-20T00:00:00Z&move_to=2026-11-25T00:00:00Z", "events", "alerts", "watch-areas", "timeline", "views", "tiles/tracks/9/117/217.mvt", "tiles/tracks/12/939/1744.mvt",
                 "screens/low", "feeds"):
        seen += ask(server, f"/api/{path}{'' if path in ('screens/low', 'feeds') else ('&' if '?' in path else '?') + LIVE}", token).content
    seen += stream_bytes(server, token)
    assert b"SECRET-GREEN" in seen, "a canary nobody finds proves nothing"
    for above in (b"SECRET-AMBER", b"SECRET-RED", CANARY["Alfa"].encode()):
        assert above not in seen


def stream_bytes(server, token: str) -> bytes:
    """All that a stream begins with, up to `whole`, as it is put on the wire for this screen."""
    async def first() -> bytes:
        state, out = server.app.state, b""
        visitor, _ = await doors.visitor(state.database, token)
        with visiting(visitor):
            async with aclosing(state.stream.listen(visitor, Filter(world="live"))) as told:
                async for message in told:
                    out += message.wire
                    if message.event == "whole":
                        return out
        raise AssertionError(out[-500:])

    return server.portal.call(first)


def test_an_address_of_the_map_is_a_state():
    assert screen_forms.state_of("http://x/?world=live&q=a%20b#map=8/26/-97/0/0") == "world=live&q=a%20b&camera=8/26/-97"
    assert screen_forms.state_of("/?world=live#other=1") == "world=live"


def test_lists_are_put_in_another_order():
    views = [{"view": i} for i in range(3)]
    assert [v["view"] for v in screen_forms.moved(views, {"id": "2"}, -1)] == [0, 2, 1] and [v["view"] for v in screen_forms.moved(views, {"id": "0"}, 1)] == [1, 0, 2]
    assert [v["view"] for v in screen_forms.moved(views, {"id": "0"}, -1)] == [0, 1, 2] and [v["view"] for v in screen_forms.moved(views, {"id": "1"}, None)] == [0, 2] and len(views) == 3
