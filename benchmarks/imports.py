"""Imports of movements: CSV, Parquet and AIS, each into an empty database by the product's own import, segments and all.

Beside them in the same run what anybody could do by hand: for a CSV file `COPY` into a table and one INSERT of points with the
same key (no checks, no segments, no flows, no latest places); for AIS pyais decoding each message and nothing else.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psycopg
import pyarrow.csv
import pyarrow.parquet

from benchmarks import world
from benchmarks.arguments import parser
from benchmarks.tables import show
from data import cluster as clusters, migrations
from data.sessions import owner_connection
from exercise import nmea
from exercise.movers import Fixes
from settings import ROOT

STATIC_EVERY = 20  # of position reports: one two-part message 5
BY_HAND = """
CREATE TABLE public.by_hand (tag_id text, at timestamptz, geom geometry(Point, 4326), speed_kmh real, course_deg real, PRIMARY KEY (tag_id, at));
CREATE TEMP TABLE told (tag_id text, kind text, time_utc timestamptz, lat float8, lon float8, speed_kmh real, course_deg real);
"""
CHILD = """
import json, re, sys, time
from pathlib import Path
from feeds.imports import ImportOptions, import_files
owner_url, path = sys.argv[1:]
begin = time.perf_counter()
[report] = import_files("tracks", [Path(path)], ImportOptions(zone="UTC"), lambda *_: None, owner_url=owner_url)
seconds = time.perf_counter() - begin
# Not getrusage: what that tells begins with the memory of the process this one was started from.
held_kb = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({"s": seconds, "rss_mb": held_kb / 1024, **report.as_dict()}))
"""


def main(args: list[str]) -> int:
    asked = parser("import", __doc__.split("\n")[0])
    asked.set_defaults(fixes=2_000_000)
    asked = asked.parse_args(args)
    asked.home.mkdir(parents=True, exist_ok=True)
    home = asked.home / "imports"
    home.mkdir(exist_ok=True)
    rows = []
    with clusters.running(home) as cluster:
        for fixes in (asked.fixes // 4, asked.fixes // 2, asked.fixes):
            parquet = world.tracks(home / f"tracks-{fixes}.parquet", fixes, fixes // 500)
            csv = parquet.with_suffix(".csv")
            pyarrow.csv.write_csv(pyarrow.parquet.read_table(parquet), csv)
            log = _log(home / f"ais-{fixes // 4}.nmea", fixes // 4)
            for path in (parquet, csv, log):
                rows.append(_measured(cluster, path, asked.runs))
            if not asked.no_peer:
                rows.append(_by_hand(cluster, csv, fixes, asked.runs))
                rows.append(_decoded(log, asked.runs))
            for path in (parquet, csv, log):
                path.unlink()
    show(["what", "rows", "file MB", "s", "rows/s", "largest MB in memory"], rows, title=f"Imports into an empty database, median of {asked.runs} runs")
    return 0


def _log(path: Path, messages: int) -> Path:
    """An AIS log with tag blocks: position reports of classes A and B, and now and then a static message in two parts."""
    rng = np.random.default_rng(world.SEED)
    ships = max(1, messages // 500)
    each = messages // ships
    told: list[tuple[int, str]] = []
    for i in range(ships):
        t = world.START + int(rng.integers(0, 86_400 * 20)) + np.arange(each) * 30
        lon, lat = -96 + np.cumsum(rng.normal(0, 0.001, each)), 26 + np.cumsum(rng.normal(0, 0.001, each))
        fixes = Fixes(t, lon, lat, np.abs(rng.normal(20, 4, each)), rng.uniform(0, 359, each))
        mmsi = 799_000_000 + i
        told += nmea.positions(mmsi, "AB"[i % 2], "R1", fixes)
        ship = SimpleNamespace(name=f"SHIP {i}", length_m=100, ais_class="AB"[i % 2], mmsi=mmsi, callsign=f"B{i:05}", ship_type=70,
                               destination="NOWHERE", station="R1")
        told += nmea.statics(ship, t[::STATIC_EVERY])
    told.sort(key=lambda line: line[0])
    path.write_text("".join(f"{line}\n" for _, line in told), encoding="ascii")
    return path


def _empty(cluster: clusters.Cluster) -> None:
    with owner_connection(cluster.owner_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS vigia, access, audit, jobs CASCADE")
        connection.execute("DROP TABLE IF EXISTS public.alembic_version, public.by_hand")
        connection.commit()
    migrations.upgrade(cluster.owner_url)
    with psycopg.connect(cluster.setup_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _measured(cluster: clusters.Cluster, path: Path, runs: int) -> tuple:
    seconds, memory = [], []
    for _ in range(runs):
        _empty(cluster)
        done = subprocess.run([sys.executable, "-c", CHILD, cluster.owner_url, str(path)], cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        told = json.loads(done.stdout.splitlines()[-1])
        if told["error"] or told["stored"] + told["already"] != told["read"]:
            raise SystemExit(f"{path.name}: {told}")
        seconds.append(told["s"])
        memory.append(told["rss_mb"])
    s = statistics.median(seconds)
    return path.suffix[1:], told["read"], path.stat().st_size / 1e6, s, told["read"] / s, statistics.median(memory)


def _by_hand(cluster: clusters.Cluster, path: Path, rows: int, runs: int) -> tuple:
    seconds = []
    for _ in range(runs):
        _empty(cluster)
        begin = time.perf_counter()
        with owner_connection(cluster.owner_url) as connection:
            connection.execute(BY_HAND)
            with open(path, "rb") as file, connection.cursor() as cursor, cursor.copy("COPY told FROM STDIN (FORMAT csv, HEADER)") as copy:
                while block := file.read(1 << 20):
                    copy.write(block)
            connection.execute("INSERT INTO public.by_hand SELECT tag_id, time_utc, ST_SetSRID(ST_MakePoint(lon, lat), 4326), speed_kmh, course_deg "
                               "FROM told ON CONFLICT DO NOTHING")
            connection.commit()
        seconds.append(time.perf_counter() - begin)
    s = statistics.median(seconds)
    return "peer: COPY of the CSV, points alone", rows, path.stat().st_size / 1e6, s, rows / s, None


def _decoded(path: Path, runs: int) -> tuple:
    from pyais import FileReaderStream

    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        messages = sum(1 for message in FileReaderStream(str(path)) if message.decode())
        seconds.append(time.perf_counter() - begin)
    s = statistics.median(seconds)
    return "peer: pyais, decoding alone", messages, path.stat().st_size / 1e6, s, messages / s, None


