"""The stream as a browser gets it, from a real server."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, suppress

import httpx
import orjson
import pytest

from data import people
from data.newest import COLUMNS
from errors import StreamsFull
from routes.stream import Places, Told
from tests.conftest import COOKIE
from tests.data.test_stream import Fleet

LIVE = "world=live&from=2020-01-01T00:00:00Z"
MANY = 1_000


def events(answer):
    """(event, data, id) of a stream, as they come."""
    told: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif told:
            yield told.get("event"), orjson.loads(told["data"]), told.get("id")
            told = {}


@pytest.fixture(scope="module")
def fleet(module_database):
    with module_database.connect() as connection:
        made = Fleet(connection)
        made.move(0)
        yield made


@pytest.fixture(scope="module")
def address(serve, module_database, fleet, tmp_path_factory):
    return serve(module_database, VIGIA_HOME=str(tmp_path_factory.mktemp("home")), VIGIA_STREAMS="2000")


def streamed(address: str, cookie: str = COOKIE, **headers):
    return httpx.stream("GET", f"{address}/api/stream?{LIVE}", headers={"Cookie": cookie, **headers}, timeout=300)


def test_a_snapshot_then_changes_then_where_it_was(address, fleet):
    with streamed(address) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream") and answer.headers["cache-control"] == "no-store"
        told = events(answer)
        event, head, _ = next(told)
        assert event == "snapshot" and head["columns"] == list(COLUMNS) and head["rows"] == 3
        assert {row[0] for row in next(told)[1]} == set(fleet.ids)
        assert [next(told)[0] for _ in range(3)] == ["events", "alerts", "whole"]
        fleet.move(1, 2)
        moved = (fleet.ids[2], 1_795_600_001)
        last = next(at for event, rows, at in told if event == "fixes" and moved in [(row[0], row[4]) for row in rows])
    fleet.move(2, 1)
    with streamed(address, **{"Last-Event-ID": last}) as answer:
        told = events(answer)
        assert next(told)[0] == "resumed"
        assert dict((row[0], row[4]) for row in next(rows for event, rows, _ in told if event == "fixes"))[fleet.ids[1]] == 1_795_600_002


def test_who_is_signed_out_is_told_and_let_go(address, module_database):
    leo = module_database.person("leo")
    with streamed(address, f"vigia={leo.token}") as answer:
        told = events(answer)
        assert next(told)[0] == "snapshot"
        with module_database.connect() as connection:
            people.sign_out(connection, "leo")
            connection.commit()
        assert [one[0] for one in told][-1] == "revoked", "and the stream has ended"
    with streamed(address, f"vigia={leo.token}") as answer:  # for two seconds an answer of the database stands
        assert answer.status_code == 401 or [one[0] for one in events(answer)] == ["revoked"]


def test_a_thousand_come_back_at_one_moment_and_some_never_read(address, fleet):
    """Each gets its snapshot and the next change; who reads nothing holds up nobody."""
    from urllib.parse import urlsplit

    port = urlsplit(address).port
    question = f"GET /api/stream?{LIVE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {COOKIE}\r\n\r\n".encode()
    moved = str(1_795_600_000 + 9).encode()

    async def one(reads: bool, first: asyncio.Event, counted: list[int]) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(question)
            if not reads:
                await asyncio.sleep(600)
                return True
            await reader.readuntil(b"event: whole")
            counted[0] += 1
            if counted[0] == MANY:
                first.set()
            await reader.readuntil(moved)
            return True
        finally:
            writer.close()

    async def all_of_them() -> int:
        first, counted = asyncio.Event(), [0]
        deaf = [asyncio.create_task(one(False, first, counted)) for _ in range(20)]
        tasks = [asyncio.create_task(one(True, first, counted)) for _ in range(MANY)]
        await asyncio.wait_for(first.wait(), 240)
        await asyncio.to_thread(fleet.move, 9)
        got = await asyncio.wait_for(asyncio.gather(*tasks), 240)
        for task in deaf:
            task.cancel()
        await asyncio.gather(*deaf, return_exceptions=True)
        return sum(got)

    assert asyncio.run(all_of_them()) == MANY


def test_a_filter_that_is_none_is_a_422(address):
    answer = httpx.get(f"{address}/api/stream?kind=ufo", headers={"Cookie": COOKIE})
    assert answer.status_code == 422 and answer.json()["problems"][0]["key"] == "kind"


def test_a_session_holds_so_many_streams_and_a_place_comes_free_with_whoever_goes(serve, module_database, fleet, tmp_path):
    address = serve(module_database, VIGIA_HOME=str(tmp_path), VIGIA_STREAMS="2")
    mia = f"vigia={module_database.person('mia').token}"
    with ExitStack() as open_:
        first = open_.enter_context(ExitStack())
        told = [events(held.enter_context(streamed(address, mia))) for held in (first, open_)]
        assert [next(one)[0] for one in told] == ["snapshot"] * 2
        with streamed(address, mia) as third:
            assert third.status_code == 429 and third.headers["retry-after"] == "15"
            assert orjson.loads(third.read())["error"].startswith("this session has 2 streams open, and that is the most it may")
        with streamed(address) as another:
            assert next(events(another))[0] == "snapshot", "who has another session has places of its own"
        first.close()
        until = time.monotonic() + 120
        while True:  # the server sees it go in a moment
            with streamed(address, mia) as again:
                if again.status_code == 200:
                    assert next(events(again))[0] == "snapshot"
                    break
            assert time.monotonic() < until, "the place did not come free"


ENDS = {
    "it ends": ([b"data: 1\r\n\r\n"], None), "it fails": ([b"data: 1\r\n\r\n", ZeroDivisionError()], None), "what is sent can't be": ([b"data: 1\r\n\r\n"] * 9, OSError()),
    "nobody reads": ([b"data: 1\r\n\r\n"] * 9, "never"), "the client goes": ([b"data: 1\r\n\r\n", "never"], None), "cut off": ([b"data: 1\r\n\r\n", "never"], "cut"),
}


@pytest.mark.parametrize("how", ENDS)
async def test_a_stream_frees_its_place_however_it_ends(how):
    told, sending = ENDS[how]
    places, ended, begun = Places(1), [], asyncio.Event()

    async def events_():
        try:
            for one in told:
                if isinstance(one, Exception):
                    raise one
                if one == "never":
                    begun.set()
                    await asyncio.Event().wait()
                yield one
        finally:
            ended.append(True)

    async def receive():
        await (begun.wait() if how == "the client goes" else asyncio.Event().wait())
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.body" and message["body"]:
            with pytest.raises(StreamsFull), places.held("one"):
                pass
            with places.held("two"):
                assert places.taken == {"one": 1, "two": 1}
            if isinstance(sending, Exception):
                raise sending
            if sending == "never":
                await asyncio.Event().wait()

    answer = Told(places, "one", events_())
    answer.send_timeout = 0.05
    running = asyncio.create_task(answer({"type": "http", "method": "GET"}, receive, send))
    if sending == "cut":
        await begun.wait()
        running.cancel()
    with suppress(Exception, asyncio.CancelledError):
        await running
    assert ended == [True] and not places.taken
    with places.held("one"):
        pass
