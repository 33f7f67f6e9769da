"""What access costs: the same questions with row-level security and without it, many people at once, and the record.

Without means as the owner, who passes every policy, over the same pool and the same functions. The visitor belongs to ten agencies.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import numpy as np

from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.tables import percentile, show
from benchmarks.tiles import ZOOMS, _places, _tiles
from benchmarks.world import SEED, made
from data import counts, passwords, people, seizures, spans, tiles_tracks, timeline, tracks
from data.audit import Recorder
from data.audit_proof import verify
from data.cluster import Cluster
from data.filters import Filter
from data.sessions import Database, owner_connection
from data.visitor import Visitor, visiting

AGENCIES = 10
SIGN_INS, USERS, TURNS = 1_000, 100, 5
ENTRIES = 20_000
PASSWORD = "four herons over a grey weir"
LIMIT = 1.3


def main(args: list[str]) -> int:
    asked = parser("access", __doc__.split("\n")[0]).parse_args(args)
    with made(asked.home, asked.fixes, asked.tracks, asked.seizures) as cluster:
        places = _places(cluster, 4000)
        rng = np.random.default_rng(SEED)
        spots = [tile for z in ZOOMS for tile in _tiles(places, z, rng)[:4]]
        token = _person(cluster)
        asyncio.run(_policies(cluster, token, spots, asked.runs))
        with servers.vigia(cluster, asked.home, VIGIA_SIGN_IN_TRIES="1000000") as ours:
            asyncio.run(_people(ours, cluster, spots))
        asyncio.run(_record(cluster, asked.home))
    return 0


def _person(cluster: Cluster) -> str:
    """A session of somebody who belongs to ten agencies, and the agencies."""
    name = f"bench-{secrets.token_hex(4)}"
    with owner_connection(cluster.owner_url) as connection:
        agencies = [f"Agency {i}" for i in range(AGENCIES)]
        for agency in agencies:
            people.add_agency(connection, agency, None)
        people.add(connection, name, ["analyst"], agencies=agencies, ceiling="TLP:RED")
        token = people.open_session(connection, name, 86_400)
        connection.commit()
    return token


async def _policies(cluster: Cluster, token: str, spots: list, runs: int) -> None:
    whole = Filter(world="live")
    async with _pool(cluster.app_url) as pool:
        end = await _edge(pool, token)
        week = Filter(world="live", start=end - timedelta(days=7), end=end)
        questions: dict[str, Callable[[object], Awaitable]] = {
            "tiles of movement, zooms 3 to 14": lambda s: _each(spots, lambda z, x, y: tiles_tracks.tile(s, whole, z, x, y)),
            "tiles of seizures": lambda s: _each(spots, lambda z, x, y: seizures.tile(s, whole, z, x, y)),
            "counts, all of it": lambda s: counts.counts(s, whole), "counts, a week": lambda s: counts.counts(s, week),
            "a page of tracks": lambda s: tracks.page(s, week, limit=100, offset=0),
            "a page of seizures": lambda s: seizures.page(s, week, limit=100, offset=0),
            "timeline": lambda s: timeline.lanes(s, whole, (end - timedelta(days=30), end), 120),
        }
        with_, without = Visitor("person", 0, "bench", "bench", frozenset(), 4, (), token), None
        rows = []
        async with _pool(cluster.owner_url) as owner:
            for name, ask in questions.items():
                seconds: dict[str, list[float]] = {"with": [], "without": []}
                for turn in range(runs + 1):  # the first fills the memory and is not counted
                    for which, database, visitor in (("without", owner, without), ("with", pool, with_))[:: 1 if turn % 2 else -1]:
                        begin = time.perf_counter()
                        with visiting(visitor):
                            async with database.reading() as session:
                                await ask(session)
                        if turn:
                            seconds[which].append(time.perf_counter() - begin)
                a, b = statistics.median(seconds["with"]), statistics.median(seconds["without"])
                rows.append((name, 1000 * b, 1000 * a, a / b))
    show(["question", "without ms", "with ms", "times"], rows, title=f"Row-level security beside none, median of {runs} (limit {LIMIT} times)")


async def _edge(pool: Database, token: str) -> datetime:
    """Where the live world's data ends."""
    with visiting(Visitor("person", 0, "bench", "bench", frozenset(), 4, (), token)):
        async with pool.reading() as session:
            return (await spans.worlds(session))[0]["edge"]


async def _each(spots: list, ask) -> None:
    for tile in spots:
        await ask(*tile)


async def _people(ours: servers.Server, cluster: Cluster, spots: list) -> None:
    """Sign-ins, then many people who move their maps, all at once."""
    name = f"many-{secrets.token_hex(4)}"
    with owner_connection(cluster.owner_url) as connection:
        people.add(connection, name, ["viewer"])
        people.set_password(connection, name, passwords.hashed(PASSWORD))
        connection.commit()
    failed, spans_ = 0, []
    async with httpx2.AsyncClient(base_url=ours.address, timeout=300, limits=httpx2.Limits(max_connections=USERS, max_keepalive_connections=0)) as client:
        async def sign_in() -> str:
            nonlocal failed
            begin = time.perf_counter()
            answer = await client.post("/sign-in", data={"name": name, "password": PASSWORD})
            spans_.append(time.perf_counter() - begin)
            failed += answer.status_code >= 500
            return answer.headers["set-cookie"].split(";")[0]

        begin = time.perf_counter()
        gate = asyncio.Semaphore(USERS)

        async def one() -> str:
            async with gate:
                return await sign_in()

        cookies = await asyncio.gather(*(one() for _ in range(SIGN_INS)))
        whole = time.perf_counter() - begin
        client.cookies.clear()
        rows = [("sign-ins, 100 at once", SIGN_INS, whole, SIGN_INS / whole, 1000 * percentile(spans_, 0.95), failed)]
        asked, failed = [], 0

        async def looks(cookie: str, number: int) -> None:
            nonlocal failed
            paths = ["/api/worlds", "/api/counts?world=live"]
            for turn in range(TURNS):
                paths += ["/api/tiles/{}/{}/{}/{}.mvt?world=live".format(layer, *spots[(number + 7 * turn + k) % len(spots)])
                          for k in range(6) for layer in ("tracks", "seizures")]
            for path in paths:
                start = time.perf_counter()
                answer = await client.get(path, headers={"Cookie": cookie})
                asked.append(time.perf_counter() - start)
                failed += answer.status_code >= 500

        begin = time.perf_counter()
        await asyncio.gather(*(looks(cookie, i) for i, cookie in enumerate(cookies[:USERS])))
        whole = time.perf_counter() - begin
        rows.append((f"{USERS} people on the map at once", len(asked), whole, len(asked) / whole, 1000 * percentile(asked, 0.95), failed))
    show(["what", "requests", "s", "a second", "p95 ms", "5xx"], rows, title="Many at once")


async def _record(cluster: Cluster, home: Path) -> None:
    async with _pool(cluster.app_url) as pool:
        recorder = Recorder(pool, home / "bench_audit_key")
        recorder.start()
        rows = []
        for waiting in (1, 100, 1000):
            number = ENTRIES if waiting > 1 else ENTRIES // 20
            begin = time.perf_counter()

            async def writer(share: int) -> None:
                for _ in range(share):
                    await recorder.record("consultation", "person:1", of="tracks/1", filter="world=live", rows=1)

            await asyncio.gather(*(writer(number // waiting) for _ in range(waiting)))
            seconds = time.perf_counter() - begin
            rows.append((waiting, number, seconds, number / seconds))
        await recorder.head()
        await recorder.stop()
    show(["who wait at once", "entries", "s", "entries/s"], rows, title="The record, each on disk before its answer (wanted 2,000/s)")
    with owner_connection(cluster.owner_url) as connection:
        begin = time.perf_counter()
        found = verify(connection, None, lambda *_: None)
        seconds = time.perf_counter() - begin
    print(f"checked again: {found.entries:,} entries and {found.heads} heads in {seconds:.1f} s, {'; '.join(found.wrong) or 'all of it holds'}")


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[Database]:
    """A pool that is closed with its block."""
    database = Database(url)
    yield database
    await database.close()
