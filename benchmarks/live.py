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
HELD_S, ENOUGH_S = 660, 120  # rules hold the fixes of eleven minutes: until then memory has to grow, and after it is looked at for so long at least
SETTLED_S = 20.0
WHERE = ("stored p50 s", "stored p95 s", "stored p99 s", "what listens, µs", "server, µs", "database, µs")
T, ID = COLUMNS.index("t"), COLUMNS.index("id")


def main(args: list[str]) -> int:
    asking = parser("live", __doc__.split("\n")[0])
    asking.add_argument("--seconds", type=int, nargs="+", default=[600, 60],
                        help=f"of each rate; of more than {HELD_S + ENOUGH_S}, memory is judged by what came after {HELD_S}, when rules hold all they ever hold")
    asking.add_argument("--rates", type=int, nargs="+", default=[2_000, 10_000])
    asking.add_argument("--listeners", type=int, default=LISTENERS)
    asked = asking.parse_args(args)
    if len(asked.seconds) < len(asked.rates):
        asking.error(f"{len(asked.rates)} rates and {len(asked.seconds)} times")
    sentences = _sentences()
    runs = [_run(asked.home, rate, seconds, asked.listeners, sentences) for rate, seconds in zip(asked.rates, asked.seconds)]
    show(["fixes/s", *WHERE], [(rate, *costs) for rate, (_, costs) in zip(asked.rates, runs)],
         title="Where it goes. Seconds from the sender to the begin of the transaction that stores, the rest is on the way to who listens; the processor's time for each fix")
    show(["fixes/s wanted", "sent/s", "for s", "streams", "p50 s", "p95 s", "p99 s", "most s", "lost", "doubled", "listener MB/min", "server MB/min", "over the last s",
          "listener MB", "stored after s"], [row for row, _ in runs],
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
            (told,) = encode_dict({"type": 1, "mmsi": 345_000_000 + i, "lon": lon[i] + step * 0.0001, "lat": lat[i], "speed": 4.0,
                                   "course": round(course[i], 1), "heading": 511, "second": 60}, talker_id="AI")
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


def _run(home: Path, rate: int, seconds: int, listeners: int, sentences: list[list[bytes]]) -> tuple[tuple, tuple]:
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


async def _measure(cluster, folder: Path, rate: int, seconds: int, listeners: int, sentences) -> tuple[tuple, tuple]:
    source = Source(rate, seconds, sentences)
    server = await asyncio.start_server(source, "127.0.0.1", 0)
    with owner_connection(cluster.owner_url) as connection:
        feeds.add(connection, "Bench", "ais-tcp", {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "rate_per_s": 1_000_000})
        connection.commit()
    with servers.vigia(cluster, folder, VIGIA_STREAMS=str(listeners + 1)) as ours, multiprocessing.get_context("spawn").Pool(1) as pool:
        listening = pool.apply_async(_listen, (ours.address, ours.cookie, listeners, seconds + SETTLED_S))
        await asyncio.sleep(3)
        with _ear(cluster, folder) as ear:
            memory: list[tuple[float, float, float]] = []
            begun, spent = time.monotonic(), _spent_s(cluster, ear.pid, ours.pid)
            while not source.done.is_set():
                await asyncio.sleep(1)
                memory.append((time.monotonic() - begun, _rss_mb(ear.pid), ours.rss_mb()))
            ended = time.monotonic()
            stored = -1
            while stored < source.sent and time.monotonic() - ended < 600:
                stored = await asyncio.to_thread(_stored, cluster)
                await asyncio.sleep(0.2)
            after = time.monotonic() - ended
            each_us = [(b - a) / source.sent * 1e6 for a, b in zip(spent, _spent_s(cluster, ear.pid, ours.pid))]
            distinct, doubled, *until_stored = await asyncio.to_thread(_held_against, cluster)
            late = await asyncio.to_thread(listening.get, 600)
    judged = _judged(memory)
    return (rate, source.sent / seconds, seconds, listeners, statistics.median(late), percentile(late, 0.95), percentile(late, 0.99), max(late),
            source.sent - distinct, doubled, *(_slope(judged, column) for column in (1, 2)), judged[-1][0] - judged[0][0], memory[-1][1], after), (*until_stored, *each_us)


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


def _spent_s(cluster, *pids: int) -> list[float]:
    """Processor seconds of these processes and of the database's."""
    tick = os.sysconf("SC_CLK_TCK")

    def of(pid: int, ended_too: bool = False) -> float:
        with suppress(OSError):  # it has ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return sum(map(int, fields[11:15 if ended_too else 13])) / tick
        return 0.0

    main_ = (cluster.data / "postmaster.pid").read_text().split("\n")[0]
    children = Path(f"/proc/{main_}/task/{main_}/children").read_text().split()
    return [*map(of, pids), of(int(main_), True) + sum(of(int(child)) for child in children)]


def _judged(memory: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """The second half, when everything has been used once: of what came when rules held all they ever hold, where that is long enough."""
    after = [m for m in memory if m[0] > HELD_S]
    some = after if len(after) >= ENOUGH_S else memory
    return some[len(some) // 2:]


def _slope(memory: list[tuple[float, float, float]], column: int) -> float:
    """MB a minute."""
    return float(np.polyfit([m[0] for m in memory], [m[column] for m in memory], 1)[0] * 60) if len(memory) > 2 else float("nan")


def _stored(cluster) -> int:
    with owner_connection(cluster.owner_url) as connection:
        return connection.execute("SELECT coalesce(sum(stored + already), 0) FROM feed_state").fetchone()[0]


def _held_against(cluster) -> tuple[float, ...]:
    """Fixes that are different, how many there are more than once, and how long they took to the database: the middle, 95 and 99 of a hundred."""
    with owner_connection(cluster.owner_url) as connection:
        (all_, distinct) = connection.execute("SELECT count(*), count(DISTINCT (track_id, observed_at)) FROM fix").fetchone()
        (took,) = connection.execute("""
            SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM recorded_at - observed_at)) FROM fix
        """).fetchone()
    return distinct, all_ - distinct, *took


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
