"""A feed that we send: newest places as Cursor on Target, to a server or as datagrams. The first look is recorded before it leaves; then once a minute, with
how many places, and at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time

import psycopg

from data import handing
from data.feeds import FeedRow, Told
from data.sessions import owner_connection
from data.worlds import CODES
from errors import DatabaseUnreachable
from feeds import transports
from feeds.wire.cot_out import cot_event

log = logging.getLogger("vigia.feeds")

LOOK_S = 1.0
RECORD_EVERY_S = 60.0
DATAGRAM_MAX = 60_000


class Sender:
    """One feed on its way out. Begins and ends as a listener does (feeds/listening.py)."""

    def __init__(self, feed: FeedRow, owner_url: str):
        self.feed, self.owner_url = feed, owner_url
        self._sent, self._unrecorded, self._recorded_at = 0, 0, -math.inf
        self.lock: int | None = None
        self._alive_at: float | None = None
        self._trouble: str | None = None
        self._task: asyncio.Task | None = None

    def start(self) -> None:
        run = self._udp if self.feed.settings.get("udp") else self._tcp
        self._task = asyncio.create_task(transports.for_ever(run, self._in_trouble, f"to {self.feed.settings['host']}:{self.feed.settings['port']}"))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(psycopg.Error, DatabaseUnreachable):
            await asyncio.to_thread(self._tell_rest)

    def told(self) -> Told:
        """How it fares: `messages` are those sent."""
        return Told(transport_at=self._alive_at, message_at=self._alive_at, moved_at=self._alive_at, messages=self._sent, trouble=self._trouble)

    def _in_trouble(self, words: str | None) -> None:
        if words and words != self._trouble:
            log.warning("feed %s: %s", self.feed.name, words)
        self._trouble = words

    async def _tcp(self) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self.feed.settings["host"], int(self.feed.settings["port"])), transports.CONNECT_S)
        transports.keep(writer.get_extra_info("socket"))
        reading = asyncio.create_task(_discard(reader))
        try:
            async def send(events: list[bytes]) -> None:
                if reading.done():
                    raise ConnectionError("the other side closed the connection")
                for event in events:
                    writer.write(event)
                await asyncio.wait_for(writer.drain(), transports.CONNECT_S)

            await self._send_on(send)
        finally:
            reading.cancel()
            writer.close()

    async def _udp(self) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(self.feed.settings["host"], int(self.feed.settings["port"])))
        try:
            async def send(events: list[bytes]) -> None:
                for event in events:
                    if len(event) <= DATAGRAM_MAX:
                        transport.sendto(event)

            await self._send_on(send)
        finally:
            transport.close()

    async def _send_on(self, send) -> None:
        """Everything that stands now, then what changes. Raises ConnectionError when the database or the other side is gone."""
        self._in_trouble(None)
        after = (0, 0)
        while True:
            try:
                rows = await asyncio.to_thread(self._look, after)
            except (psycopg.Error, DatabaseUnreachable) as error:
                raise ConnectionError(f"the database: {type(error).__name__}") from error
            if rows:
                await send([_event(row, exercise=self.feed.world == CODES["exercise"]) for row in rows])
                after = rows[-1]["batch"], rows[-1]["id"]
                self._sent += len(rows)
            self._alive_at = time.time()
            if len(rows) < handing.AT_ONCE:
                await asyncio.sleep(LOOK_S)

    def _look(self, after: tuple[int, int]) -> list[dict]:
        with owner_connection(self.owner_url) as connection:
            connection.execute("SET statement_timeout = '30s'")
            rows = handing.places(connection, self.feed, after)
            number = self._unrecorded + len(rows)
            due = number > 0 and time.monotonic() - self._recorded_at >= RECORD_EVERY_S
            if due:
                handing.record(connection, self.feed, number)
            connection.commit()
        self._unrecorded, self._recorded_at = (0, time.monotonic()) if due else (number, self._recorded_at)
        return rows

    def _tell_rest(self) -> None:
        """What was sent since the last entry."""
        if self._unrecorded:
            with owner_connection(self.owner_url) as connection:
                handing.record(connection, self.feed, self._unrecorded)
                connection.commit()
            self._unrecorded = 0


async def _discard(reader: asyncio.StreamReader) -> None:
    while await reader.read(transports.READ_BYTES):
        pass


def _event(row: dict, *, exercise: bool) -> bytes:
    return cot_event(row["key"], row["kind"], row["observed_us"], row["lon"], row["lat"], name=row["name"], marking=row["marking"], speed_mps=row["speed_mps"],
                     course_deg=row["course_deg"], altitude_m=row["altitude_m"], accuracy_m=row["accuracy_m"], exercise=exercise)
