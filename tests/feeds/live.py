"""For the tests of live feeds: a listener of this process, sources that speak the real protocols, sentences of AIS."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

from pyais.encode import encode_dict

from data import feeds, people
from feeds.listening import listen
from install import broker
from tests.conftest import free_port

NOW = 1_795_600_000
BASE_MMSI = 345_000_000


def report(ship: int, step: int, *, at: int | None = None, lon: float | None = None, lat: float = 25.9) -> bytes:
    """A position report of a vessel off Brownsville with a tag block: 60 m further each step of ten seconds."""
    (sentence,) = encode_dict({"type": 1, "mmsi": BASE_MMSI + ship, "lon": -96.5 + step * 0.0006 if lon is None else lon, "lat": lat, "speed": 11.7, "course": 90.0,
                               "heading": 90, "second": 60}, talker_id="AI", radio_channel="A")
    tag = f"c:{NOW + 10 * step if at is None else at}"
    total = 0
    for c in tag.encode():
        total ^= c
    return f"\\{tag}*{total:02X}\\{sentence}\r\n".encode()


def named(ship: int, name: str, group: int) -> list[bytes]:
    """A static report in two parts."""
    return [f"{s}\r\n".encode() for s in encode_dict({"type": 5, "mmsi": BASE_MMSI + ship, "shipname": name, "ship_type": 30}, talker_id="AI", radio_channel="B", seq_id=group)]


def add(database, name: str, kind: str, settings: dict, **about) -> str | None:
    with database.connect() as connection:
        token = feeds.add(connection, name, kind, settings, **about)
        connection.commit()
    return token


def agency(database, name: str) -> None:
    with database.connect() as connection:
        people.add_agency(connection, name, None)
        connection.commit()


@asynccontextmanager
async def listening(database):
    """Feeds are listened to until the block ends."""
    stopping = asyncio.Event()
    task = asyncio.create_task(listen(database.owner_url, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def until(database, query: str, wanted, *, timeout: float = 300) -> None:
    """Wait until a query answers so."""
    end = time.monotonic() + timeout
    while (got := await asyncio.to_thread(_ask, database, query)) != wanted:
        if time.monotonic() > end:
            raise AssertionError(f"{query}: {got!r}, expected {wanted!r}")
        await asyncio.sleep(0.05)


def _ask(database, query: str):
    with database.connect() as connection:
        rows = connection.execute(query).fetchall()
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows


class Server:
    """A TCP server that plays a script to each who comes, and can be cut. How many came, and how many of those have gone again."""

    def __init__(self, play: Callable[[asyncio.StreamWriter, int], Awaitable[None]]):
        self._play, self.came, self.gone = play, 0, 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def left(self, number: int) -> None:
        """Wait until so many have gone: nothing of their scripts is played any more."""
        async with asyncio.timeout(300):
            while self.gone < number:
                await asyncio.sleep(0.02)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.came += 1
        playing = asyncio.create_task(self._play(writer, self.came))
        try:
            with contextlib.suppress(OSError):
                while await reader.read(65_536):  # until who came hangs up
                    pass
        finally:
            playing.cancel()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await playing
            self.gone += 1


class Broker:
    """A Mosquitto of the tests' own on a free port."""

    def __init__(self, folder):
        self.port, self._folder = free_port(), folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\nautosave_interval 1\nmax_queued_messages 0\n")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([broker.path(), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120
        import socket

        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if time.monotonic() > end:
                raise AssertionError("the broker did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(120)
