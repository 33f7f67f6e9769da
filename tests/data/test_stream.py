"""The stream: a snapshot, then what changed, to each what that one may see; slow ones and returning ones end at the same picture."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager

import numpy as np
import orjson
import psycopg
import pytest

from data import newest, people, stream as streams
from data.addresses import driver_text
from data.filters import Filter
from data.fixes import TrackTold
from data.live import LiveWriter
from data.policy import Snapshot
from data.sessions import Database
from data.stream import Stream
from data.stream_parts import Look, pieces
from data.visitor import Purpose
from errors import SignedOut
from tests.conftest import TESTER
from tests.data.made import source

ID, T = streams.COLUMNS.index("id"), streams.COLUMNS.index("t")
NOW_US = 1_795_600_000_000_000
LIVE = Filter.from_query([("world", "live"), ("from", "2020-01-01T00:00:00Z")])


class Fleet:
    """Vessels that move when told to."""

    def __init__(self, connection, number: int = 3, *, agency: int | None = None, prefix: str = "mmsi", marking: str = "TLP:GREEN"):
        self.connection = connection
        self.writer = LiveWriter(connection, 0, source(connection, 0, prefix))
        self.ids = self.writer.tracks([TrackTold(f"{prefix}:{i}", "vessel", agency_id=agency, marking=marking) for i in range(number)])
        connection.commit()

    def move(self, step: int, *which: int) -> None:
        ids = [self.ids[i] for i in which] or self.ids
        n = len(ids)
        self.writer.store({"track_id": np.array(ids), "observed_us": np.full(n, NOW_US + step * 1_000_000), "lon": np.full(n, -97 + step / 1e4), "lat": np.full(n, 26.0)})
        self.connection.commit()


class Screen:
    """What a browser would make of a stream."""

    def __init__(self, stream: Stream, visitor, filter=LIVE, last_id=None, purpose=None):
        self.places: dict[int, float] = {}
        self.events: list[str] = []
        self.gone: list[int] = []
        self.last_id = last_id
        self._messages = stream.listen(visitor, filter, last_id, purpose)

    async def take(self) -> str:
        message = await asyncio.wait_for(anext(self._messages), 120)
        self.events.append(message.event)
        if message.event == "snapshot":
            self.places.clear()
        if message.event == "fixes":
            self.places |= {row[ID]: row[T] for row in orjson.loads(message.data)}
        if message.event in ("gone", "standing"):
            told = set(orjson.loads(message.data))
            self.gone += told if message.event == "gone" else []
            self.places = {track: t for track, t in self.places.items() if (track in told) == (message.event == "standing")}
        self.last_id = message.id or self.last_id
        return message.event

    async def until(self, holds) -> None:
        async with asyncio.timeout(300):
            while not holds():
                await self.take()

    async def close(self) -> None:
        await self._messages.aclose()


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(streams, "TICK_S", 0.02)
    monkeypatch.setattr(streams, "BEAT_S", 0.2)


@pytest.fixture
async def running(database, fast):
    pool = Database(database.app_url)
    rights = Snapshot(pool, every_s=0.2)
    rights.start()
    stream = Stream(pool, driver_text(database.app_url), rights)
    stream.start()
    yield stream
    await stream.stop()
    await rights.stop()
    await pool.close()


@asynccontextmanager
async def watching(stream, visitor=TESTER, **how):
    screen = Screen(stream, visitor, **how)
    try:
        await screen.until(lambda: "whole" in screen.events or "resumed" in screen.events)
        yield screen
    finally:
        await screen.close()


def seconds(step: int) -> float:
    return NOW_US / 1e6 + step


async def test_a_snapshot_then_changes(database, running):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with watching(running) as screen:
            assert screen.events == ["snapshot", "fixes", "events", "alerts", "whole"] and screen.places == dict.fromkeys(fleet.ids, seconds(0))
            fleet.move(1, 0, 1)
            await screen.until(lambda: screen.places == dict(zip(fleet.ids, map(seconds, (1, 1, 0)))))
            await screen.until(lambda: "beat" in screen.events)


async def test_a_track_that_is_new_comes_too_and_another_world_does_not(database, running):
    with database.connect() as connection:
        async with watching(running) as screen, watching(running, filter=Filter.from_query([("world", "exercise")])) as other:
            fleet = Fleet(connection)
            fleet.move(0)
            await screen.until(lambda: set(screen.places) == set(fleet.ids))
            await other.until(lambda: other.events.count("beat") > 2)
            assert other.places == {}


async def test_each_is_told_what_they_may_see_and_no_byte_more(database, running):
    with database.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        connection.commit()
        ana, bea = database.person("ana", agencies=["Alfa"]), database.person("bea", agencies=["Bravo"])
        ours = Fleet(connection, agency=alfa, prefix="CANARY-ALFA")
        theirs = Fleet(connection, agency=bravo, prefix="CANARY-BRAVO")
        for visitor, fleet, word in ((ana, ours, b"CANARY-BRAVO"), (bea, theirs, b"CANARY-ALFA")):
            messages = running.listen(visitor, LIVE)
            ours.move(1), theirs.move(1)
            seen, places = b"", set()
            async for message in messages:
                seen += message.data
                if message.event == "fixes":
                    places |= {row[ID] for row in orjson.loads(message.data)}
                if message.event == "whole":
                    ours.move(2), theirs.move(2)
                if message.event == "beat":
                    break
            await messages.aclose()
            assert places == set(fleet.ids) and word not in seen


async def test_a_search_among_vehicles_is_told_only_what_it_has_a_purpose_for(database, running):
    named = Filter.from_query([("world", "live"), ("q", "plate")])
    with database.connect() as connection:
        fleet = Fleet(connection, prefix="plate")
        connection.execute("UPDATE track SET kind = 'vehicle' WHERE id = %s", (fleet.ids[0],))
        connection.commit()
        fleet.move(0)
        async with watching(running, filter=named) as without, watching(running, filter=named, purpose=Purpose("Investigation", "7")) as told:
            fleet.move(1)
            await told.until(lambda: set(told.places.values()) == {seconds(1)} and set(told.places) == set(fleet.ids))
            await without.until(lambda: set(without.places.values()) == {seconds(1)})
            assert set(without.places) == set(fleet.ids[1:])


async def test_a_revoked_session_ends_its_stream_and_an_expired_one_opens_none(database, running):
    ana = database.person("ana")
    with database.connect() as connection:
        async with watching(running, ana) as screen, watching(running) as other:
            people.sign_out(connection, "ana")
            connection.commit()
            await screen.until(lambda: screen.events[-1] == "revoked")
            with pytest.raises(StopAsyncIteration):
                await screen.take()
            await other.until(lambda: other.events[-1] == "beat")
        with pytest.raises(SignedOut):
            await anext(running.listen(ana, LIVE))


async def test_what_is_sealed_while_it_is_watched_is_told_no_more(database, running):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with watching(running) as screen:
            connection.execute("UPDATE track SET sealed_at = now() WHERE id = %s", (fleet.ids[0],))
            connection.commit()
            # Who may see otherwise than before begins anew: what is hidden now is not in the picture any more.
            await screen.until(lambda: screen.events.count("whole") == 2)
            fleet.move(1)
            await screen.until(lambda: screen.places == {fleet.ids[1]: seconds(1), fleet.ids[2]: seconds(1)})


async def test_one_that_comes_back_goes_on_where_it_was(database, running):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with watching(running) as screen:
            pass
        fleet.move(1, 0)
        async with watching(running, last_id=screen.last_id) as again:
            await again.until(lambda: again.places.get(fleet.ids[0]) == seconds(1))
            assert "snapshot" not in again.events
        other = database.person("other")
        async with watching(running, other, last_id=screen.last_id) as stranger:
            assert "snapshot" in stranger.events, "where one stream was says nothing to another with other rights"


@pytest.mark.parametrize("last_id", ["", "x", "-1-a", "9" * 30, "12", "1-", "\0", "5-nothing"])
async def test_a_made_up_id_begins_anew(database, running, last_id):
    async with watching(running, last_id=last_id) as screen:
        assert screen.events[0] == "snapshot"


async def test_a_slow_one_is_told_the_newest_of_each_and_holds_no_more(database, running, monkeypatch):
    monkeypatch.setattr(streams, "LAG_S", 600)  # however busy this machine is
    with database.connect() as connection:
        fleet = Fleet(connection, 5)
        fleet.move(0)
        async with watching(running) as quick:
            slow = Screen(running, TESTER)
            await slow.until(lambda: "whole" in slow.events)
            for step in range(1, 30):
                fleet.move(step)
                await quick.until(lambda step=step: set(quick.places.values()) == {seconds(step)})
            (listener,) = [one for one in running._listeners() if one.waiting]  # a beat may be on its way to the other
            assert len(listener.waiting) == 5 and len(listener.ready) <= 2
            await slow.until(lambda: set(slow.places.values()) == {seconds(29)})
            assert slow.events.count("fixes") <= 3
            await slow.close()


async def test_one_that_slept_long_is_told_so_and_begins_anew(database, running, monkeypatch):
    monkeypatch.setattr(streams, "LAG_S", 0.05)
    with database.connect() as connection:
        fleet = Fleet(connection)
        async with watching(running) as quick:
            slow = Screen(running, TESTER)
            await slow.until(lambda: "whole" in slow.events)
            for step in range(1, 8):
                fleet.move(step)
                await quick.until(lambda step=step: set(quick.places.values()) == {seconds(step)})
            await slow.until(lambda: "lagged" in slow.events)
            await slow.until(lambda: slow.events[-1] == "whole")
            assert set(slow.places.values()) == {seconds(7)}
            await slow.close()


async def test_a_database_that_goes_away_and_comes_back(database, running, cluster):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with watching(running) as screen:
            with psycopg.connect(cluster.setup_url.replace("+psycopg", "")) as keeper:
                (ended,) = keeper.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'vigia_app' AND datname = %s",
                                          (database.name,)).fetchone()
            assert ended >= 2, "the one that listens and one that asks"
            fleet.move(1)  # while nobody may be listening
            await screen.until(lambda: set(screen.places.values()) == {seconds(1)})
            for step in (2, 3):
                fleet.move(step)
                await screen.until(lambda step=step: set(screen.places.values()) == {seconds(step)})


async def test_who_leaves_leaves_nothing_behind(database, running):
    async with watching(running), watching(running):
        assert len(running._groups) == 1 and len(running._listeners()) == 2
    async with asyncio.timeout(120):
        while running._groups or running._rights._views:
            await asyncio.sleep(0.02)


def test_a_snapshot_comes_in_pieces_made_once_for_all_who_begin_with_it():
    look = Look([b"[%d]" % i for i in range(9_000)], [], 5, 0)
    assert look.pieces is look.pieces and [len(orjson.loads(piece.data)) for piece in look.pieces] == [4_000, 4_000, 1_000]
    assert sum((orjson.loads(piece.data) for piece in look.pieces), []) == [[i] for i in range(9_000)]
    assert [piece.id for piece in pieces(look.fixes, "7-abc-0")] == [None, None, "7-abc-0"], "who is cut off before the last is told all of it again"
    assert [piece.data for piece in pieces([], "7-abc-0")] == [b"[]"]


async def test_first_looks_at_very_many_come_in_parts_and_not_on_the_loop(database, running, monkeypatch):
    """Several filters at once, each its own look: no part is large, none is made where everybody else waits."""
    many, made, told_of = 2 * newest.PART_ROWS + 7, [], streams.told_of
    monkeypatch.setattr(streams, "told_of", lambda rows, view: made.append((len(rows), threading.current_thread() is threading.main_thread())) or told_of(rows, view))
    with database.connect() as connection:
        fleet = Fleet(connection, many)
        fleet.move(0)
        filters = [Filter.from_query([("world", "live"), ("from", f"2020-01-0{day}T00:00:00Z")]) for day in range(1, 4)]
        async with AsyncExitStack() as open_:
            screens = await asyncio.gather(*(open_.enter_async_context(watching(running, filter=filter)) for filter in filters))
            assert all(screen.places == dict.fromkeys(fleet.ids, seconds(0)) for screen in screens)
            assert sum(rows for rows, _ in made) == 3 * many and max(rows for rows, _ in made) <= newest.PART_ROWS and not any(loop for _, loop in made)
