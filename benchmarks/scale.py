"""Gi* of made seizures and fixes in parts: here one part after another, and on one and two workers of Dask; seconds, and the most memory of a process.

Parts are as `vigia analyse dump` writes them, with a manifest signed by a key of the benchmark's own: they are proven and read where they are counted. Each run is of
a process that begins with it, so that its most memory is its own.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from analysis import in_parts
from analysis.describe.gi_star import GiStar
from analysis.ground import Ground
from benchmarks.arguments import parser
from benchmarks.tables import show
from data import manifests
from exports import parts as files
from exports.about import About
from feeds import parts
from jobs import scattered

AREA = shapely.box(-100.0, 24.0, -95.0, 29.0)
METHODS = {"seizures": GiStar(grid="square", cell_m=5000.0, weight="kg"), "fixes": GiStar(grid="square", cell_m=5000.0)}
BEGUN_US = 1_767_225_600_000_000  # 2026-01-01
TRACK_FIXES = 1_000
OUTSIDE_PARTS = 4  # opened as from outside, to show what that costs


def main(args: list[str]) -> int:
    asked = parser("scale", __doc__.split("\n")[0])
    asked.add_argument("--part", type=int, default=250_000, help="rows of one part")
    asked.set_defaults(seizures=10_000_000, fixes=100_000_000)
    asked = asked.parse_args(args)
    asked.home.mkdir(parents=True, exist_ok=True)
    return max(_measured(asked.home, of, rows, asked.part) for of, rows in (("seizures", asked.seizures), ("fixes", asked.fixes)) if rows)


def _measured(home: Path, of: str, n: int, part: int) -> int:
    folder, at = home / f"parts-{of}", time.perf_counter()
    made(folder, home / "bench_key", of, n, part)
    number, size, took_s = len(list(folder.glob(parts.PATTERN))), sum(p.stat().st_size for p in folder.iterdir()), time.perf_counter() - at
    print(f"{n:,} {of} in {number:,} parts, {size / 1e9:.1f} GB, made in {took_s:.0f} s", flush=True)
    tenth = max(1, number // 10)
    runs = [(f"here, {tenth:,} of the parts", 0, tenth, True), ("here", 0, number, True), ("1 worker", 1, number, True), ("2 workers", 2, number, True),
            (f"here, {min(OUTSIDE_PARTS, number)} of the parts, each in a process of its own as from outside", 0, min(OUTSIDE_PARTS, number), False)]
    rows, digests = [], {}
    try:
        for name, workers, some, proven in runs:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
                took_s, worked_s, most_mb, digest = alone.submit(_one, folder, home / "bench_key", of, workers, some, proven).result()
            rows.append((name, took_s, worked_s, took_s / some * number, most_mb))
            digests.setdefault(some, set()).add(digest)
            print(f"{name}: {took_s:.1f} s, {most_mb:.0f} MB", flush=True)
    finally:
        shutil.rmtree(folder)
    same = all(len(found) == 1 for found in digests.values())
    show(("where", "s", "s of processor", "s for all parts", "most memory of a process that counts, MB"), rows,
         title=f"{n:,} {of} in {number:,} parts to a layer of Gi*; results are {'the same to the bit' if same else 'NOT THE SAME'}")
    return 0 if same else 1


def made(folder: Path, key: Path, of: str, n: int, part: int) -> None:
    """Parts of made seizures or fixes round two thousand towns, one in memory at a time."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    about, rows = About("exercise", "made", "TLP:CLEAR", datetime(2026, 1, 1, tzinfo=timezone.utc)), []
    for i, table in enumerate(_tables(of, n, part)):
        rows.append({"name": files.name(i), "rows": table.num_rows, "sha256": files.write(table, folder / files.name(i), about)})
    words = files.words(files.manifest(about, of=of, rows=n, parts=rows))
    (folder / parts.MANIFEST).write_bytes(words)
    (folder / parts.SIGNATURE).write_bytes(manifests.signature(words, key))


def _tables(of: str, n: int, part: int) -> Iterator[pa.Table]:
    towns = np.random.default_rng(4).uniform([-100, 24], [-95, 29], (2000, 2))
    for i, start in enumerate(range(0, n, part)):
        rng, size = np.random.default_rng([4, i]), min(part, n - start)
        at = towns[rng.zipf(1.3, size) % 2000] + rng.normal(0, 0.03, (size, 2))
        place = {"lon": at[:, 0].clip(-99.99, -95.01), "lat": at[:, 1].clip(24.01, 28.99)}
        number = np.arange(start, start + size)
        if of == "seizures":
            yield pa.table({**place, "kg": rng.lognormal(0, 3, size)})
        else:
            yield pa.table({"track": number // TRACK_FIXES, **place, "t": pa.array(BEGUN_US + number * 1_000, pa.timestamp("us", "UTC"))})


def _one(folder: Path, key: Path, of: str, workers: int, some: int, proven: bool) -> tuple[float, float, float, str]:
    """Seconds of the clock and of processors, the most memory of a process that counts, and a hash of what was found."""
    held, ground, method = parts.opened(folder, key if proven else None).parts[:some], Ground(area=AREA), METHODS[of]
    if not workers:
        at, worked = time.perf_counter(), time.process_time()
        frame = in_parts.over(method, map(parts.read, held), ground)
        return time.perf_counter() - at, time.process_time() - worked, _most_mb(), _digest(frame)
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1", scheduler_port=0) as cluster:
        with Client(cluster, set_as_default=False) as client:
            client.run(scattered.counted, (method, ground, method.prepared(ground)), held[0])  # all is loaded
            before, at, worked = sum(client.run(time.process_time).values()), time.perf_counter(), time.process_time()
            frame = scattered.over(method, held, ground, cluster.scheduler_address)
            took_s = time.perf_counter() - at
            return took_s, sum(client.run(time.process_time).values()) - before + time.process_time() - worked, max(client.run(_most_mb).values()), _digest(frame)


def _digest(frame) -> str:
    plain = pd.DataFrame(frame.drop(columns="geometry"))
    return hashlib.sha256(pd.util.hash_pandas_object(plain).to_numpy().tobytes() + repr(frame.attrs).encode()).hexdigest()


def _most_mb() -> float:
    """The most this process ever held. getrusage would tell the most of who started it, too."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
