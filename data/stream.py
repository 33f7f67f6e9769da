"""What a stream tells: a snapshot, then the newest places as they change, to each listener what that one may see.

Listeners with the same rights and the same filter are one group: what changed is read from the database once for it, as one of them, through
the policies; then each row is held against the snapshot of rights (data/policy.py) once more, for rights may end between two looks.
A listener that is slow is told the newest place of each track once it listens again: what waits for it never grows beyond its tracks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import orjson
import psycopg
import shapely
from sqlalchemy.exc import SQLAlchemyError

from data import events, feeds, stream_events
from data.filters import Filter
from data.newest import COLUMNS, last_batch, newest
from data.news import CHANNEL
from data.policy import Snapshot, View
from data.sessions import Database
from data.visitor import Purpose, Visitor, visiting
from errors import DatabaseUnreachable, SignedOut

log = logging.getLogger("vigia.stream")

TICK_S = 0.25
BEAT_S = 5.0
LAG_S = 30.0
SNAPSHOT_ROWS = 4_000  # of one message: a browser reads it between two frames
BACK = 64  # batches that may have been written before one with a higher number, and be there after it
SCOPE, BATCH = len(COLUMNS), len(COLUMNS) + 1
LON, LAT = COLUMNS.index("lon"), COLUMNS.index("lat")
BROKEN = (SQLAlchemyError, DatabaseUnreachable, OSError)


@dataclass(frozen=True)
class Message:
    """One event of the stream; `data` is JSON without a line break."""

    event: str
    data: bytes
    id: str | None = None

    @cached_property
    def wire(self) -> bytes:
        """As it is sent: made once for however many listen."""
        at = f"id: {self.id}\r\n".encode() if self.id else b""
        return b"event: %b\r\n%bdata: %b\r\n\r\n" % (self.event.encode(), at, self.data)


@dataclass
class Listener:
    """One open stream. `waiting` holds the newest row of each track that it was not told yet."""

    visitor: Visitor
    filter: Filter
    purpose: Purpose | None = None  # what a search among persons and vehicles is for
    group: Group | None = None
    ready: list[Message] = field(default_factory=list)  # whole, as everybody of the group gets them
    waiting: dict[int, bytes] = field(default_factory=dict)
    events: dict[int, bytes] = field(default_factory=dict)  # by number, as last told
    alerts: bytes | None = None
    events_at: int = 0  # the newest number it was told of events under
    since: float = 0.0  # it owes us a look since then (monotonic); 0: it does not
    lagged: bool = False
    ended: str | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.woken.set()


@dataclass
class Group:
    """Listeners to whom the same is told."""

    key: tuple[str, str, bool]
    view: View
    filter: Filter
    listeners: list[Listener] = field(default_factory=list)
    health: bytes = b""


class Stream:
    """All streams of this process, from one connection that listens."""

    def __init__(self, database: Database, conninfo: str, rights: Snapshot):
        self._database, self._conninfo, self._rights = database, conninfo, rights
        self._groups: dict[tuple[str, str, bool], Group] = {}
        self._batches: set[int] = set()
        self._events: set[int] = set()  # numbers that events were told under
        self._reached = self._events_reached = 0
        self._missed = True  # notices may have been: ask for all after the last batch known
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(run()) for run in (self._hear, self._tell, self._beat)]

    async def stop(self) -> None:
        for listener in self._listeners():
            self._end(listener, "closing")
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    # -- one listener

    async def listen(self, visitor: Visitor, filter: Filter, last_id: str | None = None, purpose: Purpose | None = None) -> AsyncIterator[Message]:
        """The messages of one stream, for ever; `purpose` is what a search among persons and vehicles is for. It ends by `revoked` when the session does. Raises SignedOut, DatabaseUnreachable."""
        listener = Listener(visitor, filter, purpose)
        try:
            view = await self._rights.join(visitor.token)
            if view is None:
                raise SignedOut("signed out, or the session has ended; sign in again")
            for message in await self._first(listener, view, last_id):
                yield message
            while True:
                await listener.woken.wait()
                listener.woken.clear()
                for message in await self._due(listener):
                    yield message
                if listener.ended:
                    yield Message(listener.ended, b"{}")
                    return
        finally:
            self._leave(listener)
            self._rights.leave(visitor.token)

    async def _first(self, listener: Listener, view: View, last_id: str | None = None) -> list[Message]:
        """Put a listener into its group; what it is told first: all there is, or what it missed."""
        group = self._join(listener, view)  # before the database is asked: what changes meanwhile is told twice, not left out
        after = _resumed(last_id, group)
        with visiting(listener.visitor, listener.purpose):
            async with self._database.reading() as session:
                reached = await last_batch(session)
                rows = await newest(session, listener.filter, after=after)
                listener.events_at = max(self._events_reached, await events.last_batch(session))
                found, _ = await stream_events.rows(session, listener.filter, view, after=None if after is None else _resumed_events(last_id))
                more = [Message("events", stream_events.message(found, whole=after is None)), Message("alerts", await stream_events.waiting(session, listener.filter, view))]
        self._reached, self._events_reached = self._reached or reached, self._events_reached or listener.events_at
        told = await asyncio.to_thread(_told, rows, view)  # of tens of thousands: nobody else waits for it
        at = _id(max(reached, after or 0), listener)
        if after is not None:
            return [Message("resumed", orjson.dumps({"now": time.time(), "columns": COLUMNS})), *more, _fixes(told, at)]
        pieces = [told[i:i + SNAPSHOT_ROWS] for i in range(0, len(told), SNAPSHOT_ROWS)] or [[]]
        head = orjson.dumps({"now": time.time(), "columns": COLUMNS, "rows": len(told)})
        return [Message("snapshot", head), *(_fixes(piece, None) for piece in pieces), *more, Message("whole", orjson.dumps({"rows": len(told)}), at)]

    async def _due(self, listener: Listener) -> list[Message]:
        """What a listener that looks again is told."""
        late, listener.since = listener.since, 0.0
        if listener.lagged:
            listener.lagged = False
            listener.waiting.clear()
            listener.events.clear()
            listener.alerts = None
            view = self._rights.of(listener.visitor.token)
            if view is None:
                listener.ended = "revoked"
                return []
            self._leave(listener)
            return [Message("lagged", orjson.dumps({"seconds": round(time.monotonic() - late, 1)})), *await self._first(listener, view)]
        out, listener.ready = listener.ready, []
        if listener.waiting:
            rows, listener.waiting = list(listener.waiting.values()), {}
            out.append(_fixes(rows, _id(self._reached, listener)))
        if listener.events:
            found, listener.events = listener.events, {}
            listener.events_at = max(listener.events_at, self._events_reached)
            out.append(Message("events", stream_events.message(found), _id(self._reached, listener)))
        if listener.alerts is not None:
            out.append(Message("alerts", listener.alerts))
            listener.alerts = None
        return out

    def _join(self, listener: Listener, view: View) -> Group:
        key = (view.key, listener.filter.query(), listener.purpose is not None)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, view, listener.filter)
        group.listeners.append(listener)
        listener.group = group
        return group

    def _leave(self, listener: Listener) -> None:
        if (group := listener.group) is None:
            return
        group.listeners.remove(listener)
        if not group.listeners:
            self._groups.pop(group.key, None)
        listener.group = None

    def _listeners(self) -> list[Listener]:
        return [listener for group in self._groups.values() for listener in group.listeners]

    @staticmethod
    def _end(listener: Listener, why: str) -> None:
        listener.ended = why
        listener.wake()

    # -- all of them

    async def _hear(self) -> None:
        """Listen to the database; when it was away, whatever was missed is asked for."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._missed = True
                    async for notice in connection.notifies():
                        number, heard = (notice.payload[2:], self._events) if notice.payload.startswith("e:") else (notice.payload, self._batches)
                        if number.isdecimal():
                            heard.add(int(number))
            except (psycopg.Error, OSError) as error:
                log.warning("the stream waits for the database: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def _tell(self) -> None:
        """Four times a second: what changed since."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._tick()
            except BROKEN as error:
                log.warning("the stream can't ask: %s", type(error).__name__)
                self._missed = True
                await asyncio.sleep(1)

    async def _tick(self) -> None:
        await self._sort_by_rights()
        if not self._groups or not (self._batches or self._events or self._missed):
            return
        batches, self._batches = sorted(self._batches), set()
        missed, self._missed = self._missed, False
        if self._events or missed:
            await self._tell_events(missed)
        if not (batches or missed):
            return
        reached = max([self._reached, *batches])
        for group in list(self._groups.values()):
            reached = max(reached, await self._tell_group(group, None if missed else batches))
        self._reached = reached

    async def _tell_group(self, group: Group, batches: list[int] | None) -> int:
        """Tell what changed with these batches, or since all that is known; the newest batch there was."""
        reached = 0
        with visiting(group.listeners[0].visitor, group.listeners[0].purpose):
            try:
                async with self._database.reading() as session:
                    if batches is None:
                        reached = await last_batch(session)
                        rows = await newest(session, group.filter, after=max(0, self._reached - BACK))
                    else:
                        rows = await newest(session, group.filter, batches=batches)
            except SignedOut:  # felt before its rights were asked for again
                self._end(group.listeners[0], "revoked")
                self._missed = True
                return 0
        told = {row[0]: _encoded(row) for row in rows if _seen(group.view, row)}
        if not told:
            return reached
        now, body, newest_ = time.monotonic(), _fixes(list(told.values()), None).data, max(row[BATCH] for row in rows)
        for listener in group.listeners:
            if not listener.since:  # it has taken all before: this goes to it as it is
                listener.ready.append(Message("fixes", body, _id(newest_, listener)))
                listener.since = now
            elif now - listener.since > LAG_S:
                listener.lagged = True
                listener.ready.clear()
                listener.waiting.clear()
            else:
                listener.waiting |= told
            listener.wake()
        return reached

    async def _tell_events(self, missed: bool) -> None:
        """Tell each group which events were told anew, withdrawn ones among them, and which alerts wait now."""
        batches, self._events = sorted(self._events), set()
        after, reached = max(0, self._events_reached - BACK), max([self._events_reached, *batches])
        for group in list(self._groups.values()):
            with visiting(group.listeners[0].visitor):
                try:
                    async with self._database.reading() as session:
                        found, newest_ = await stream_events.rows(session, group.filter, group.view, **({"after": after} if missed else {"batches": batches}))
                        alerts = await stream_events.waiting(session, group.filter, group.view)
                except SignedOut:
                    self._end(group.listeners[0], "revoked")
                    self._missed = True
                    continue
            reached, now = max(reached, newest_), time.monotonic()
            for listener in group.listeners:
                listener.lagged |= bool(listener.since) and now - listener.since > LAG_S
                if found and not listener.lagged:
                    listener.events |= found
                listener.alerts = alerts
                listener.since = listener.since or now
                listener.wake()
        self._events_reached = reached

    async def _sort_by_rights(self) -> None:
        """Who may no longer listen is told so; who may see otherwise than before begins anew."""
        for listener in self._listeners():
            view = self._rights.of(listener.visitor.token)
            if view is None:
                self._end(listener, "revoked")
            elif view.key != listener.group.view.key:
                listener.lagged = True
                listener.since = listener.since or time.monotonic()
                listener.wake()

    async def _beat(self) -> None:
        """Every few seconds: that we are there, what time it is here, and how the feeds fare."""
        while True:
            await asyncio.sleep(BEAT_S)
            for group in list(self._groups.values()):
                if not group.listeners:
                    continue
                try:
                    with visiting(group.listeners[0].visitor):
                        async with self._database.reading() as session:
                            told = await feeds.listed(session)
                except (*BROKEN, SignedOut):
                    told = None
                beat = Message("beat", orjson.dumps({"now": time.time(), "feeds": told}, option=orjson.OPT_UTC_Z))
                for listener in group.listeners:
                    if not any(m.event == "beat" for m in listener.ready):
                        listener.ready.append(beat)
                    listener.wake()


def _told(rows: list[tuple], view: View) -> list[bytes]:
    return [_encoded(row) for row in rows if _seen(view, row)]


def _seen(view: View, row: tuple) -> bool:
    return view.sees("movements", row[SCOPE], row[0], shapely.Point(row[LON], row[LAT]) if view.areas else None)


def _encoded(row: tuple) -> bytes:
    told = list(row[:SCOPE])
    for i in (5, 6):
        told[i] = round(told[i], 6)
    for i in (7, 8, 9, 10, 11):
        told[i] = None if told[i] is None else round(told[i], 1)
    return orjson.dumps(told)


def _fixes(rows: list[bytes], at: str | None) -> Message:
    return Message("fixes", b"[" + b",".join(rows) + b"]", at)


def _id(batch: int, listener: Listener) -> str:
    """Where a stream is: a batch, under which rights it is told, and how far events were."""
    return f"{batch}-{_rights(listener.group)}-{listener.events_at}"


def _rights(group: Group) -> str:
    return group.key[0][:12] + ("+" if group.key[2] else "")


def _resumed(told: str | None, group: Group) -> int | None:
    """The batch after which a stream goes on; None: from the beginning, as when it may see otherwise than it did."""
    batch, rights, *_ = [*(told or "").split("-"), ""]
    return max(0, int(batch) - BACK) if batch.isdecimal() and len(batch) < 19 and rights == _rights(group) else None


def _resumed_events(told: str) -> int:
    """The number after which events are told again."""
    number = told.rpartition("-")[2]
    return max(0, int(number) - BACK) if number.isdecimal() and len(number) < 19 else 0
