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
from contextlib import aclosing, suppress

import orjson
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from data import events, feeds, stream_events
from data.filters import Filter
from data.newest import COLUMNS, in_sight, last_batch, moved, newest, parts
from data.news import CHANNEL, GONE
from data.policy import Snapshot, View
from data.sessions import Database
from data.stream_gone import Leaving
from data.stream_parts import BACK, BATCH, Group, Listener, Look, Message, encoded, fixes, ids, mark, pieces, resumed, resumed_events, seen, told_of
from data.visitor import Purpose, Visitor, visiting
from errors import DatabaseUnreachable, SignedOut

log = logging.getLogger("vigia.stream")

TICK_S = 0.25
BEAT_S = 5.0
LAG_S = 30.0
AWAY_S = 1.0
LOOKING = 3  # first looks at once, and as many who ask what they may see: the rest of the pool is for those who look at the map
FEED = ("id", "world", "name", "kind", "standing")  # what of a feed is told to all who may see it, whatever their role
BROKEN = (SQLAlchemyError, DatabaseUnreachable, OSError)


class Stream:
    """All streams of this process, from one connection that listens."""

    def __init__(self, database: Database, conninfo: str, rights: Snapshot):
        self._database, self._conninfo, self._rights = database, conninfo, rights
        self._groups: dict[tuple[str, str, bool], Group] = {}
        self._batches: set[int] = set()
        self._events: set[int] = set()  # numbers that events were told under
        self._leaving = Leaving(database, lambda group: self._end(group.listeners[0], "revoked"))
        self._reached = self._events_reached = 0
        self._looking, self._joining = asyncio.Semaphore(LOOKING), asyncio.Semaphore(LOOKING)
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
        """The messages of one stream, for ever; `purpose` is what a search among persons and vehicles is for.

        It ends by `revoked` when the session does. Raises SignedOut, and DatabaseUnreachable where nobody can say who it is.
        """
        listener = Listener(visitor, filter, purpose)
        try:
            async with self._joining:
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
        after = resumed(last_id, group)
        look = await self._patiently(listener, group, last_id, after)
        listener.events_at = look.events_at
        self._reached, self._events_reached = self._reached or look.reached, self._events_reached or look.events_at
        at = mark(max(look.reached, after or 0), listener)
        if after is not None:
            head = Message("resumed", orjson.dumps({"now": time.time(), "columns": COLUMNS}))
            return [head, ids("standing", group.shown), *look.events, *pieces(look.fixes, at)]  # what is gone since nobody knows: what is not is told
        head = orjson.dumps({"now": time.time(), "columns": COLUMNS, "rows": len(look.fixes)})
        return [Message("snapshot", head), *look.pieces, *look.events, Message("whole", orjson.dumps({"rows": len(look.fixes)}), at)]

    async def _patiently(self, listener: Listener, group: Group, last_id: str | None, after: int | None) -> Look:
        """A first look; while the database is away or busy it is waited for, for many come back at one moment."""
        while True:
            try:
                if after is None:
                    with suppress(SignedOut):  # of somebody else of the group: then this one looks by itself
                        return await self._shared(listener, group)
                async with self._looking:
                    return await self._look(listener, group, last_id, after)
            except DatabaseUnreachable:
                await asyncio.sleep(AWAY_S)

    async def _shared(self, listener: Listener, group: Group) -> Look:
        """One look for all of a group that came since the last one began: it sees what each of them has to be told."""
        if group.coming is None:
            group.coming = asyncio.ensure_future(self._next(listener, group))
        return await asyncio.shield(group.coming)

    async def _next(self, listener: Listener, group: Group) -> Look:
        async with group.turn, self._looking:
            group.coming = None  # who comes from now on waits for the next
            return await self._look(listener, group, None, None)

    async def _look(self, listener: Listener, group: Group, last_id: str | None, after: int | None) -> Look:
        stirred = group.stirred
        with visiting(listener.visitor, listener.purpose):
            async with self._database.reading() as session:
                reached = await last_batch(session)
                if after is not None and not group.known:
                    group.shown |= await in_sight(session, listener.filter)
                told: dict[int, bytes] = {}
                async with aclosing(parts(session, listener.filter, after=after)) as found:
                    async for part in found:
                        told |= await asyncio.to_thread(told_of, part, group.view)  # tens of thousands in all: nobody else waits for them
                events_at = max(self._events_reached, await events.last_batch(session))
                found, _ = await stream_events.rows(session, listener.filter, group.view)
                if after is not None:  # what was told meanwhile too: withdrawn, or over
                    found |= (await stream_events.rows(session, listener.filter, group.view, after=resumed_events(last_id)))[0]
                alerts = await stream_events.waiting(session, listener.filter, group.view)
        group.shown |= told.keys()
        group.told_events(found)
        group.alerts = group.alerts or alerts
        group.known = True
        if group.stirred != stirred:  # of what left meanwhile nothing was told: it was not known to be shown
            group.due = group.vanished = True
        waiting_ = [Message("events", stream_events.message(found, whole=True)), Message("alerts", alerts)]
        return Look(list(told.values()), waiting_, reached, events_at)

    async def _due(self, listener: Listener) -> list[Message]:
        """What a listener that looks again is told."""
        late, listener.since = listener.since, 0.0
        if listener.lagged:
            listener.lagged = False
            listener.waiting.clear()
            listener.gone.clear()
            listener.events.clear()
            listener.events_gone.clear()
            listener.alerts = None
            view = self._rights.of(listener.visitor.token)
            if view is None:
                if self._rights.away(listener.visitor.token):
                    listener.silent = True
                else:
                    listener.ended = "revoked"
                return []
            self._leave(listener)
            return [Message("lagged", orjson.dumps({"seconds": round(time.monotonic() - late, 1)})), *await self._first(listener, view)]
        out, listener.ready = listener.ready, []
        if listener.gone:
            gone, listener.gone = listener.gone, set()
            out.append(ids("gone", gone))
        if listener.waiting:
            rows, listener.waiting = list(listener.waiting.values()), {}
            out += pieces(rows, mark(self._reached, listener))
        if listener.events or listener.events_gone:
            found, listener.events, gone, listener.events_gone = listener.events, {}, listener.events_gone, set()
            listener.events_at = max(listener.events_at, self._events_reached) if found else listener.events_at
            out.append(Message("events", stream_events.message(found, gone), mark(self._reached, listener)))
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
                        kind, _, number = notice.payload.rpartition(":")
                        heard = {"e": self._events, GONE: self._leaving.anew}.get(kind, self._batches)
                        self._leaving.vanished |= kind == GONE
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
        self._batches |= await self._leaving.look(list(self._groups.values()), missed=self._missed, moving=bool(self._batches))
        if not self._groups:  # whoever comes asks for all there is: nothing is kept for nobody
            self._reached, self._events_reached = max([self._reached, *self._batches]), max([self._events_reached, *self._events])
            self._batches.clear()
            self._events.clear()
        if not (self._batches or self._events or self._missed):
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
        reached, left = 0, set()
        if not group.listeners:  # the last one left while another group was told
            return reached
        with visiting(group.listeners[0].visitor, group.listeners[0].purpose):
            try:
                async with self._database.reading() as session:
                    if batches is None:
                        reached = await last_batch(session)
                        rows = await newest(session, group.filter, after=max(0, self._reached - BACK))
                    else:
                        rows = await newest(session, group.filter, batches=batches)
                        left = await moved(session, group.filter, batches) if group.narrow else left
            except SignedOut:  # felt before its rights were asked for again
                self._end(group.listeners[0], "revoked")
                self._missed = True
                return 0
        told = told_of(rows, group.view)
        self._leaving.left(group, left - told.keys())
        group.shown |= told.keys()
        if not told:
            return reached
        now, body, newest_ = time.monotonic(), fixes(list(told.values()), None).data, max(row[BATCH] for row in rows)
        made: dict[str, Message] = {}  # put on the wire once for all who are as far
        for listener in group.told:
            if not listener.since:  # it has taken all before: this goes to it as it is
                at = mark(newest_, listener)
                listener.ready.append(made.setdefault(at, Message("fixes", body, at)))
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
            if not group.listeners:
                continue
            with visiting(group.listeners[0].visitor, group.listeners[0].purpose):
                try:
                    async with self._database.reading() as session:
                        found, newest_ = await stream_events.rows(session, group.filter, group.view, **({"after": after} if missed else {"batches": batches}))
                        alerts = await stream_events.waiting(session, group.filter, group.view)
                except SignedOut:
                    self._end(group.listeners[0], "revoked")
                    self._missed = True
                    continue
            reached, now = max(reached, newest_), time.monotonic()
            group.told_events(found)
            group.alerts = alerts
            for listener in group.told:
                listener.lagged |= bool(listener.since) and now - listener.since > LAG_S
                if found and not listener.lagged:
                    listener.events |= found
                    listener.events_gone -= found.keys()
                listener.alerts = alerts
                listener.since = listener.since or now
                listener.wake()
        self._events_reached = reached

    async def _sort_by_rights(self) -> None:
        """Who may no longer listen is told so; who may see otherwise than before begins anew."""
        for listener in self._listeners():
            view = self._rights.of(listener.visitor.token)
            if view is None and self._rights.away(listener.visitor.token):
                listener.silent = True
            elif view is None:
                self._end(listener, "revoked")
            elif listener.silent or view.key != listener.group.view.key:
                listener.silent, listener.lagged = False, True
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
                beat = Message("beat", orjson.dumps({"now": time.time(), "feeds": told and [{name: feed[name] for name in FEED} for feed in told]}))
                for listener in group.told:
                    if not any(m.event == "beat" for m in listener.ready):
                        listener.ready.append(beat)
                    listener.wake()
