"""Faults on purpose, under load: what was sent is counted, and afterwards all of it is there, once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from data import cluster as clusters
from data import feeds, migrations
from data.sessions import owner_connection
from errors import DatabaseUnreachable
from tests.feeds.live import NOW, Server, report

ROOT = Path(__file__).parents[2]
SENT = 600


@pytest.fixture
def own():
    """A cluster that may be killed."""
    home = Path(tempfile.mkdtemp(prefix="vigia-faults-"))
    home.chmod(0o755)
    running = clusters.start(home)
    migrations.upgrade(running.owner_url)
    try:
        yield running
    finally:
        clusters.revive(home)
        clusters.stop(running)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def ear(own: clusters.Cluster, home: Path, log: Path):
    """The process that listens, as `up` runs it."""
    with open(log, "a") as told, subprocess.Popen([sys.executable, "-m", "feeds.ear"], cwd=ROOT, stdin=subprocess.PIPE, stdout=told, stderr=told,
                                                  env={**os.environ, "DATABASE_URL": own.owner_url, "VIGIA_HOME": str(home)}) as process:
        try:
            yield process
        finally:
            process.stdin.close()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()


def add(own: clusters.Cluster, name: str, port: int, **settings) -> None:
    with owner_connection(own.owner_url) as connection:
        feeds.add(connection, name, "ais-tcp", {"host": "127.0.0.1", "port": port, **settings})
        connection.commit()


class Load:
    """Sends SENT reports of five ships, one after the other to whoever is connected; all that was handed over counts as sent."""

    def __init__(self, pause_s: float = 0.005, ship: int = 1):
        self.sent, self.pause_s, self.ship = 0, pause_s, ship
        self.half = asyncio.Event()

    async def __call__(self, writer: asyncio.StreamWriter, number: int) -> None:
        while self.sent < SENT:
            writer.write(report(self.ship + self.sent % 5, self.sent // 5))
            await writer.drain()
            self.sent += 1
            if self.sent >= SENT // 2:
                self.half.set()
            await asyncio.sleep(self.pause_s)
        await asyncio.sleep(600)


async def stored(own: clusters.Cluster, wanted: int, timeout: float = 300) -> None:
    """Wait until so many fixes are there; none of them twice."""
    end, got = time.monotonic() + timeout, None
    while time.monotonic() < end:
        try:
            got = await asyncio.to_thread(_count, own)
            if got[0] >= wanted:
                break
        except (psycopg.Error, DatabaseUnreachable) as error:  # while it is down
            got = type(error).__name__
        await asyncio.sleep(0.2)
    assert got == (wanted, wanted), f"{got} of {wanted} (there, and different ones)"


def _count(own: clusters.Cluster) -> tuple[int, int]:
    with owner_connection(own.owner_url) as connection:
        return connection.execute("SELECT count(*), count(DISTINCT (track_id, observed_at, ST_AsText(geom))) FROM fix").fetchone()


def told(home: Path) -> int:
    """How many reports the spools hold."""
    return sum(path.read_bytes().count(b"!AIVD") for path in home.glob("spool/*/*.spool"))


def postmaster(own: clusters.Cluster) -> int:
    return int((own.data / "postmaster.pid").read_text().splitlines()[0])


def children(pid: int) -> list[int]:
    """The processes another one started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            told = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(told[1]) == pid:
            found.append(int(path.name))
    return found


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_the_database_is_killed_under_load_and_comes_back_by_itself(own, tmp_path):
    load = Load()
    async with Server(load) as server:
        add(own, "Tower", server.port)
        with clusters.kept(own.home, every_s=0.3), ear(own, tmp_path, tmp_path / "ear.log") as process:
            await load.half.wait()
            os.kill(postmaster(own), signal.SIGKILL)
            await stored(own, SENT)
            assert process.poll() is None


async def test_the_database_stands_still_under_load(own, tmp_path):
    load = Load()
    async with Server(load) as server:
        add(own, "Tower", server.port)
        with ear(own, tmp_path, tmp_path / "ear.log"):
            await load.half.wait()
            backends = children(postmaster(own))
            for pid in backends:
                os.kill(pid, signal.SIGSTOP)
            try:
                async with asyncio.timeout(300):
                    while told(tmp_path) <= SENT // 2 + 100:  # the feed goes on to disk
                        await asyncio.sleep(0.1)
            finally:
                for pid in backends:
                    os.kill(pid, signal.SIGCONT)
            await stored(own, SENT)


async def test_the_listener_is_killed_under_load_and_begun_again(own, tmp_path):
    """A source that repeats nothing: what was on its way to a process that dies is with the source's own system; what was taken is not lost."""
    load = Load()
    async with Server(load) as server:
        add(own, "Tower", server.port)
        with ear(own, tmp_path, tmp_path / "ear.log") as process:
            await load.half.wait()
            process.send_signal(signal.SIGKILL)
            process.wait()
            await server.left(1)
            load.sent = 0  # it begins again, as a receiver that keeps what was not acknowledged does
            with ear(own, tmp_path, tmp_path / "ear.log"):
                await stored(own, SENT)


async def test_noise_on_one_feed_changes_nothing_for_another(own, tmp_path):
    """Fifty megabytes of random bytes, and a line of ten megabytes."""
    import numpy as np

    noise = np.random.default_rng(1).bytes(1_000_000)

    async def loud(writer, number):
        for _ in range(50 if number == 1 else 0):
            writer.write(noise)
            await writer.drain()
        writer.write(b"x" * 10_000_000 + b"\n")
        await writer.drain()
        await asyncio.sleep(600)

    load = Load()
    async with Server(loud) as noisy, Server(load) as server:
        add(own, "Noise", noisy.port)
        add(own, "Tower", server.port)
        with ear(own, tmp_path, tmp_path / "ear.log") as process:
            await load.half.wait()
            before = resident_bytes(process.pid)
            await stored(own, SENT)
            assert process.poll() is None
            assert resident_bytes(process.pid) < before + 150e6
    assert "Traceback" not in (tmp_path / "ear.log").read_text()


async def test_two_feeds_that_tell_of_the_same_ships(own, tmp_path):
    one, two = Load(0.002), Load(0.003)
    async with Server(one) as first, Server(two) as second:
        add(own, "Tower", first.port)
        add(own, "Satellite", second.port)
        with ear(own, tmp_path, tmp_path / "ear.log"):
            await stored(own, SENT)
            while two.sent < SENT:
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            await stored(own, SENT)
    with owner_connection(own.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM track").fetchone() == (5,)
        assert connection.execute("SELECT max(observed_at) = to_timestamp(%s) FROM latest_fix", (NOW + 10 * (SENT // 5 - 1),)).fetchone() == (True,)
