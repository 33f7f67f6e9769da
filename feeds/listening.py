"""Whoever listens: a process that runs every feed that is on, follows what is changed about them, and keeps on whatever breaks.

A feed has a task that receives and spools, and a thread that stores: a flood of one, or a database that is away, holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg

from data import feeds, settling
from data.feeds import FeedRow, Told
from data.sessions import owner_connection
from data.worlds import CODES, NAMES
from errors import DatabaseUnreachable, SpoolFull, VigiaError
from feeds import decoding, receipt, spool, spool_owner, transports, watching
from feeds.bucket import Bucket
from feeds.keeper import Keeper
from feeds.sending import Sender
from feeds.spool import SpoolWriter
from feeds.storing import GATHERED, Storing
from feeds.wire import Frame, Framer
from settings import feeds as feed_settings
from settings import store

log = logging.getLogger("vigia.feeds")

FOLLOW_S, STATE_S, SETTLE_S = 2.0, 2.0, 20.0
SETTLE_SHARE = 0.2  # of the time, at most, lines are made
IDLE_S = 0.1  # other processes write to a spool too
GATHER_S = 0.1  # between two steps that store little: what a transaction costs hardly grows with the fixes in it
AWAY_S = 1.0
BROKEN = (psycopg.Error, DatabaseUnreachable, OSError)


class Ear:
    """One feed that is listened to."""

    def __init__(self, feed: FeedRow, owner_url: str, *, protected: bool):
        self.feed, self.owner_url = feed, owner_url
        self.folder = folder_of(feed.id)
        spool_owner.claim(self.folder, feed.identity, feed.name)
        self.writer = SpoolWriter(self.folder, limit_bytes=feed_settings().spool_mb * 1_000_000, protected=protected)
        self.storing = Storing(feed, self.folder, *decoding.of(feed))
        self.bucket = Bucket(float(feed.settings.get("rate_per_s", feed_settings().rate_per_s)))
        self.lock: int | None = None
        self.transport_at: float | None = None
        self.troubles: dict[str, str | None] = {}  # of receiving, of storing
        self.dropped = 0
        self.framing: Counter[str] = Counter()  # what never became a frame, by what was wrong with it
        self._writing = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._task: asyncio.Task | None = None
        self._thread = threading.Thread(target=self._store, name=f"feed {feed.id}", daemon=True)

    def start(self) -> None:
        self._thread.start()
        if (run := self._transport()) is not None:
            self._task = asyncio.create_task(self._receive(run))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._stopping.set()
        self._wake.set()
        await asyncio.to_thread(self._thread.join)
        self.writer.close()

    def told(self) -> Told | None:
        """How it fares; None until the database was there once."""
        if self.storing.state is None:
            return None
        errors = dict(self.framing + Counter(self.storing.state.errors))
        return Told(**{**vars(self.storing.state), "errors": errors, "transport_at": self.transport_at,
                       "trouble": "; ".join(filter(None, [*self.troubles.values(), receipt.CLOCK.trouble()])) or None, "dropped": self.storing.state.dropped + self.dropped + self.writer.dropped,
                       "spooled_bytes": spool.waiting_bytes(self.folder, dict(self.storing.marks))})

    # -- receiving

    def _transport(self):
        how = {"take": self._take, "alive": self._alive, "trouble": partial(self._in_trouble, "receiving")}
        framer = self._framer
        match self.feed.kind:
            case "ais-tcp" | "cot-tcp":
                return partial(transports.tcp, self.feed.settings, framer, **how)
            case "ais-udp" | "cot-udp" | "mavlink":
                return partial(transports.udp, self.feed.settings, framer, **how, dropped=self._drop)
            case "mqtt":
                return partial(transports.mqtt, {**self.feed.settings, "client": self.feed.id}, **how)
            case "replay":
                from feeds import replay

                return partial(replay.run, self.feed, **how)
        return None  # what is sent to us is spooled by the server that is asked

    def _framer(self) -> Framer:
        made = decoding.framer(self.feed)()
        made.errors = self.framing
        return made

    async def _receive(self, run) -> None:
        try:
            await run()
            await self._played()
        except VigiaError as error:  # nothing that trying again would mend
            self._in_trouble("receiving", str(error))
        except Exception as error:
            log.exception("the feed %s ended", self.feed.name)
            self._in_trouble("receiving", f"ended: {type(error).__name__}")

    async def _played(self) -> None:
        """A recording that came to its end: once all of it is stored the feed is off, and can be started again."""
        while self.storing.state is None or spool.waiting_bytes(self.folder, dict(self.storing.marks)):
            await asyncio.sleep(IDLE_S)
        await asyncio.to_thread(_off, self.owner_url, self.feed, self.told())

    async def _take(self, frames: list[Frame]) -> None:
        if not frames:
            return
        taken = self.bucket.admit(len(frames))
        self._drop(len(frames) - taken)
        if taken:
            await asyncio.to_thread(self._append, frames[:taken])

    def _append(self, frames: list[Frame]) -> None:
        try:
            with self._writing:
                self.writer.append(frames)
        except (OSError, SpoolFull) as error:
            self._drop(len(frames))
            self._in_trouble("spool", f"the spool: {error}")
        self._wake.set()

    def _alive(self) -> None:
        self.transport_at = time.time()

    def _drop(self, number: int) -> None:
        self.dropped += number

    def _in_trouble(self, of: str, words: str | None) -> None:
        if words and words != self.troubles.get(of):
            log.warning("feed %s: %s", self.feed.name, words)
        self.troubles[of] = words

    # -- storing

    def _store(self) -> None:
        while not self._stopping.is_set():
            try:
                with owner_connection(self.owner_url) as connection:
                    # A server that hangs must not hold a feed's thread for ever.
                    connection.execute("SET statement_timeout = '60s'; SET lock_timeout = '10s'")
                    self.storing.attach(connection)
                    self._in_trouble("storing", None)
                    self._store_on()
            except BROKEN as error:
                self._in_trouble("storing", f"the database: {type(error).__name__}; what comes is kept on disk")
                self._stopping.wait(AWAY_S)
            except Exception as error:
                log.exception("the feed %s can't be stored", self.feed.name)
                self._in_trouble("storing", f"storing: {type(error).__name__}")
                self._stopping.wait(AWAY_S)

    def _store_on(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            stored = self.storing.step()
            if not stored:
                self._wake.wait(IDLE_S)
            elif stored < GATHERED:
                self._stopping.wait(GATHER_S)
        self.storing.tell(at_once=True)


async def listen(owner_url: str, stopping: asyncio.Event) -> None:
    """Run the feeds until `stopping`."""
    ears: dict[int, Ear | Sender] = {}
    settler = threading.Thread(target=_settle, args=(owner_url, ended := threading.Event()), name="settling", daemon=True)
    settler.start()
    watcher = threading.Thread(target=watching.watch, args=(owner_url, ended), name="watching", daemon=True)
    watcher.start()
    keeper = Keeper(owner_url)
    try:
        while not stopping.is_set():
            try:
                wanted, protected = await asyncio.to_thread(keeper.ask, _wanted)
                await _follow(ears, wanted, protected, owner_url)
                await asyncio.to_thread(keeper.ask, partial(_tell, told=_states(ears)))
            except BROKEN as error:
                log.warning("the database does not answer (%s); feeds go on to disk", type(error).__name__)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stopping.wait(), FOLLOW_S)
    finally:
        await asyncio.gather(*(_end(ear) for ear in ears.values()))
        with suppress(*BROKEN):  # what the last seconds added
            await asyncio.to_thread(keeper.ask, partial(_tell, told=_states(ears)))
        keeper.close()
        ended.set()
        await asyncio.to_thread(settler.join)
        await asyncio.to_thread(watcher.join)


def _states(ears: dict[int, Ear | Sender]) -> list[tuple[FeedRow, Told]]:
    return [(ear.feed, told) for ear in ears.values() if (told := ear.told())]


def _wanted(connection: psycopg.Connection) -> tuple[dict[int, FeedRow], set[int]]:
    wanted = feeds.active(connection)
    return wanted, {number for number, feed in wanted.items() if feeds.follows_governed(connection, feed)}


async def _follow(ears: dict[int, Ear | Sender], wanted: dict[int, FeedRow], protected: set[int], owner_url: str) -> None:
    for number in [n for n, ear in ears.items() if wanted.get(n) != ear.feed]:
        await _end(ears.pop(number))
    for number, feed in wanted.items():
        # Two that listen to one feed would count everything twice, and send it twice.
        if number in ears or (lock := spool.hold(folder_of(number))) is None:
            continue
        try:
            ear = Sender(feed, owner_url) if feed.kind == "cot-out" else Ear(feed, owner_url, protected=number in protected)
            ear.start()
        except Exception as error:  # of one feed's settings: the others are listened to all the same
            os.close(lock)
            await asyncio.to_thread(_refused, owner_url, feed, str(error) if isinstance(error, VigiaError) else f"its settings can't be used: {error!r}"[:200])
            continue
        ear.lock = lock
        ears[number] = ear


async def _end(ear: Ear | Sender) -> None:
    await ear.stop()
    os.close(ear.lock)


def _refused(owner_url: str, feed: FeedRow, words: str) -> None:
    with owner_connection(owner_url) as connection:
        state = feeds.state_of(connection, feed.id)
        if state.trouble != words:
            log.warning("feed %s: %s", feed.name, words)
        feeds.keep_state(connection, feed, replace(state, trouble=words))
        connection.commit()


def _tell(connection: psycopg.Connection, told: list[tuple[FeedRow, Told]]) -> None:
    for feed, state in told:
        feeds.keep_state(connection, feed, state)


def _off(owner_url: str, feed: FeedRow, told: Told) -> None:
    with owner_connection(owner_url) as connection:
        feeds.keep_state(connection, feed, told)
        feeds.set_active(connection, feed.name, False, world=NAMES[feed.world])
        connection.commit()


def _settle(owner_url: str, ended: threading.Event) -> None:
    while not ended.wait(SETTLE_S):
        try:
            with owner_connection(owner_url) as connection:
                for world in CODES.values():
                    settling.settle(connection, world, for_s=SETTLE_SHARE * SETTLE_S)
        except BROKEN as error:
            log.warning("lines can't be made now: %s", type(error).__name__)
        except Exception:
            log.exception("lines can't be made")


def folder_of(feed: int) -> Path:
    """Where a feed's frames are kept until they are stored."""
    return store().spool / str(feed)


def forget(feed: int, recording: str | None) -> int:
    """Remove what a feed that is gone left on disk: its recording, and what of it is not stored yet, in bytes."""
    from feeds.replay import path_of

    if recording is not None:
        path_of(recording).unlink(missing_ok=True)
    return spool.forget(folder_of(feed))
