"""Hotspots of made seizures in parts: here one after another, and on one and two workers of Dask; seconds, and the most memory of a process."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from analysis import in_parts
from analysis.describe.gi_star import GiStar
from analysis.ground import Ground
from benchmarks.arguments import parser
from benchmarks.tables import show
from feeds import parts
from jobs import scattered

AREA = shapely.box(-100.0, 24.0, -95.0, 29.0)
METHOD = GiStar(grid="square", cell_m=5000.0, weight="kg")


def main(args: list[str]) -> int:
    asked = parser("scale", __doc__.split("\n")[0])
    asked.add_argument("--part", type=int, default=250_000, help="seizures of one part")
    asked.set_defaults(seizures=10_000_000)
    asked = asked.parse_args(args)
    folder = asked.home / "parts"
    paths = made(folder, asked.seizures, asked.part)
    ground, rows, frames = Ground(area=AREA), [], []
    try:
        for name, workers in (("here, one after another", 0), ("1 worker", 1), ("2 workers", 2)):
            frame, took_s, most_mb = _on(workers, paths, ground) if workers else _here(paths, ground)
            rows.append((name, took_s, most_mb))
            frames.append(frame)
    finally:
        shutil.rmtree(folder)
    same = all(pd.DataFrame(f.drop(columns="geometry")).equals(pd.DataFrame(frames[0].drop(columns="geometry"))) and f.attrs == frames[0].attrs for f in frames)
    show(("where", "s", "most memory of a process that counts, MB"), rows, title=f"{asked.seizures:,} seizures in {len(paths):,} parts to a layer of Gi*; results are {'the same to the bit' if same else 'NOT THE SAME'}")
    return 0 if same else 1


def made(folder: Path, n: int, part: int) -> list[Path]:
    """Parts of made seizures round two thousand towns, one part in memory at a time."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    towns = np.random.default_rng(4).uniform([-100, 24], [-95, 29], (2000, 2))
    for i, start in enumerate(range(0, n, part)):
        rng, size = np.random.default_rng([4, i]), min(part, n - start)
        at = towns[rng.zipf(1.3, size) % 2000] + rng.normal(0, 0.03, (size, 2))
        pd.DataFrame({"lon": at[:, 0].clip(-99.99, -95.01), "lat": at[:, 1].clip(24.01, 28.99), "kg": rng.lognormal(0, 3, size)}).to_parquet(folder / f"points-{i:05d}.parquet", index=False)
    return parts.listed(folder)


def _here(paths: list[Path], ground: Ground) -> tuple:
    at = time.perf_counter()
    frame = in_parts.over(METHOD, map(parts.read, paths), ground)
    return frame, time.perf_counter() - at, _most_mb()


def _on(workers: int, paths: list[Path], ground: Ground) -> tuple:
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", scheduler_port=0) as cluster:
        with Client(cluster, set_as_default=False) as client:
            client.run(scattered.counted, (METHOD, ground, METHOD.prepared(ground)), paths[0])  # all is loaded
            at = time.perf_counter()
            frame = scattered.over(METHOD, paths, ground, cluster.scheduler_address)
            return frame, time.perf_counter() - at, max(client.run(_most_mb).values())


def _most_mb() -> float:
    """The most this process ever held. getrusage would tell the most of who started it, too."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
