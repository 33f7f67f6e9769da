"""Live: so many fixes a second from AIS over TCP into PostGIS, to so many open streams: how long each takes from its sender to a listener.

Real processes: a listener of feeds, a server, a source, and listeners of streams; a few of these read every row and say how old it is. Times are
told to the millisecond in the tag blocks, by this machine's one clock. Afterwards what was sent is held against what is stored.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import orjson
from pyais.encode import encode_dict

from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.tables import percentile, show
from data import cluster as clusters
from data import feeds, migrations
from data.newest import COLUMNS
from data.sessions import owner_connection
from settings import ROOT

SHIPS, PLACES = 5_000, 4
LISTENERS, MEASURED = 200, 4
STEP_S = 0.05
LIMIT_P95_S, LIMIT_P99_S, LIMIT_MB_PER_MIN = 1.0, 2.0, 1.0
SETTLED_S = 20.0
T, ID = COLUMNS.index("t"), COLUMNS.index("id")


def main(args: list[str]) -> int:
    asking = parser("live", __doc__.split("\n")[0])
    asking.add_argument("--seconds", type=int, default=600, help="of the first rate; the second lasts a tenth")
    asking.add_argument("--rates", type=int, nargs="+", default=[2_000, 10_000])
    asking.add_argument("--listeners", type=int, default=LISTENERS)
    asked = asking.parse_args(args)
    sentences = _sentences()
    rows = [_run(asked.home, rate, asked.seconds if i == 0 else asked.seconds // 10, asked.listeners, sentences) for i, rate in enumerate(asked.rates)]
    show(["fixes/s wanted", "sent/s", "for s", "streams", "p50 s", "p95 s", "p99 s", "most s", "lost", "doubled", "listener MB/min", "server MB/min", "stored after s"], rows,
         title=f"From its sender to a stream (limits: p95 {LIMIT_P95_S:g} s, p99 {LIMIT_P99_S:g} s, {LIMIT_MB_PER_MIN:g} MB a minute). "
               "Traccar's maintainer states 8,000 messages a second for a tuned server (traccar issue 619); it was not run here.")
    return 0


def _sentences() -> list[list[bytes]]:
    """Of each ship a report at each of its places, without a time."""
    rng = np.random.default_rng(1)
    lon, lat, course = rng.uniform(-97, -90, SHIPS), rng.uniform(22, 27, SHIPS), rng.uniform(0, 360, SHIPS)
    out = []
    for i in range(SHIPS):
        of = []
        for step in range(PLACES):
            (told,) = encode_dict({"type": 1, "mmsi": 345_000_000 + i, "lon": lon[i] + step * 0.0001, "lat": lat[i], "speed": 4.0, "course": round(course[i], 1), "heading": 511,
                                   "second": 60}, talker_id="AI")
            of.append(told.encode())
        out.append(of)
    return out


def _line(sentence: bytes) -> bytes:
    tag = b"c:%d" % (time.time_ns() // 1_000_000)
    total = 0
    for c in tag:
        total ^= c
    return b"\\%b*%02X\\%b\r\n" % (tag, total, sentence)


class Source:
    """Sends at a rate to whoever is connected, and counts."""

    def __init__(self, rate: int, seconds: int, sentences: list[list[bytes]]):
        self.rate, self.seconds, self.sentences, self.sent, self.done = rate, seconds, sentences, 0, asyncio.Event()

    async def __call__(self, _, writer: asyncio.StreamWriter) -> None:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < self.seconds:
            due = int(passed * self.rate)
            if due > self.sent:
                writer.write(b"".join(_line(self.sentences[i % SHIPS][i // SHIPS % PLACES]) for i in range(self.sent, due)))
                self.sent = due
                await writer.drain()
            await asyncio.sleep(STEP_S)
        self.done.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3_600)


def _run(home: Path, rate: int, seconds: int, listeners: int, sentences: list[list[bytes]]) -> tuple:
    folder = home / f"live-{rate}-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    cluster = clusters.start(folder)
    try:
        migrations.upgrade(cluster.owner_url)
        return asyncio.run(_measure(cluster, folder, rate, seconds, listeners, sentences))
    finally:
        clusters.stop(cluster)
        subprocess.run(["rm", "-rf", str(folder)], check=True)


async def _measure(cluster, folder: Path, rate: int, seconds: int, listeners: int, sentences) -> tuple:
    source = Source(rate, seconds, sentences)
    server = await asyncio.start_server(source, "127.0.0.1", 0)
    with owner_connection(cluster.owner_url) as connection:
        feeds.add(connection, "Bench", "ais-tcp", {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "rate_per_s": 1_000_000})
        connection.commit()
    with servers.vigia(cluster, folder) as ours, multiprocessing.get_context("spawn").Pool(1) as pool:
        listening = pool.apply_async(_listen, (ours.address, ours.cookie, listeners, seconds + SETTLED_S))
        await asyncio.sleep(3)
        with _ear(cluster, folder) as ear:
            memory: list[tuple[float, float, float]] = []
            begun = time.monotonic()
            while not source.done.is_set():
                await asyncio.sleep(1)
                memory.append((time.monotonic() - begun, _rss_mb(ear.pid), ours.rss_mb()))
            ended = time.monotonic()
            stored = -1
            while stored < source.sent and time.monotonic() - ended < 600:
                stored = await asyncio.to_thread(_stored, cluster)
                await asyncio.sleep(0.2)
            after = time.monotonic() - ended
            distinct, doubled = await asyncio.to_thread(_doubled, cluster)
            late = await asyncio.to_thread(listening.get, 600)
    drift = [_slope(memory, column) for column in (1, 2)]
    return (rate, source.sent / seconds, seconds, listeners, statistics.median(late), percentile(late, 0.95), percentile(late, 0.99), max(late), source.sent - distinct, doubled,
            *drift, after)


@contextmanager
def _ear(cluster, folder: Path):
    with open(folder / "ear.log", "w") as log, subprocess.Popen(
            [sys.executable, "-m", "feeds.ear"], cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log,
            env={**os.environ, "DATABASE_URL": cluster.owner_url, "VIGIA_HOME": str(folder)}) as process:
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(60)


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _slope(memory: list[tuple[float, float, float]], column: int) -> float:
    """MB a minute over the second half, when everything has been used once."""
    half = memory[len(memory) // 2:]
    return float(np.polyfit([m[0] for m in half], [m[column] for m in half], 1)[0] * 60) if len(half) > 2 else float("nan")


def _stored(cluster) -> int:
    with owner_connection(cluster.owner_url) as connection:
        return connection.execute("SELECT coalesce(sum(stored + already), 0) FROM feed_state").fetchone()[0]


def _doubled(cluster) -> tuple[int, int]:
    with owner_connection(cluster.owner_url) as connection:
        (all_, distinct) = connection.execute("SELECT count(*), count(DISTINCT (track_id, observed_at)) FROM fix").fetchone()
    return distinct, all_ - distinct


# -- who listens, in a process of its own --------------------------------------------------------------------------------


def _listen(address: str, cookie: str, number: int, seconds: float) -> list[float]:
    return asyncio.run(_all(address, cookie, number, seconds))


async def _all(address: str, cookie: str, number: int, seconds: float) -> list[float]:
    late: list[float] = []
    tasks = [asyncio.create_task(_one(address, cookie, late if i < MEASURED else None)) for i in range(number)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return late or [float("nan")]


async def _one(address: str, cookie: str, late: list[float] | None) -> None:
    """Reads a stream; who measures keeps the age of each row as it comes."""
    host = urlsplit(address)
    reader, writer = await asyncio.open_connection(host.hostname, host.port, limit=1 << 26)
    writer.write(f"GET /api/stream?world=live HTTP/1.1\r\nHost: {host.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    seen: dict[int, float] = {}
    event = b""
    try:
        while True:
            if late is None:
                if not await reader.read(1 << 18):
                    return
                continue
            line = await reader.readline()
            if not line:
                return
            if line.startswith(b"event: "):
                event = line[7:].strip()
            elif line.startswith(b"data: ") and event == b"fixes":
                now = time.time()
                for row in orjson.loads(line[6:]):
                    if seen.get(row[ID]) != row[T]:
                        seen[row[ID]] = row[T]
                        late.append(now - row[T])
    finally:
        writer.close()
