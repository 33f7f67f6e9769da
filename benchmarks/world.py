"""The made world of the benchmarks: movements on corridors over a border and at sea, seizures near crossings.

Seeded: the same numbers give the same world. It comes in by the product's own imports, into the live world of a cluster
of its own, with the basemap and the border sections of every installation, and is kept between runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

import settings
from data import cluster as clusters, migrations, reference
from data.sessions import owner_connection

SEED = 11
DAYS = 60
START = np.datetime64("2026-09-01T00:00:00", "s").astype(np.int64)
CORRIDORS = 160
STEP_S = 60
# longitude, latitude of places the corridors begin at: crossings of one long land border
CROSSINGS = np.array([(-117.0, 32.5), (-115.5, 32.7), (-111.0, 31.3), (-106.5, 31.7), (-100.5, 28.7), (-99.5, 27.5), (-98.2, 26.1), (-97.5, 25.9)])
SHARES = {"vehicle": 0.7, "vessel": 0.2, "aircraft": 0.1}


def tracks(path: Path, fixes: int, number: int, seed: int = SEED, days: int = DAYS) -> Path:
    """Write `fixes` fixes of `number` tracks as Parquet, in the order they would arrive. The columns of our own tag layout."""
    rng = np.random.default_rng(seed)
    each = fixes // number
    paths = _corridors(rng)
    kinds = rng.choice(list(SHARES), number, p=list(SHARES.values()))
    begin = START + rng.integers(0, days * 86_400 - each * STEP_S, number)
    schema = pa.schema([("tag_id", pa.string()), ("kind", pa.string()), ("time_utc", pa.string()), ("lat", pa.float64()), ("lon", pa.float64()),
                        ("speed_kmh", pa.float64()), ("course_deg", pa.float64())])
    order = np.argsort(begin)
    with pa.parquet.ParquetWriter(path, schema) as writer:
        for some in np.array_split(order, max(1, fixes // 500_000)):
            writer.write_table(_movements(rng, paths, kinds, begin, some, each).cast(schema))
    return path


def _corridors(rng: np.random.Generator) -> np.ndarray:
    """Roads and lanes as points about 500 m apart, shape (CORRIDORS, 1600, 2)."""
    from_ = CROSSINGS[rng.integers(0, len(CROSSINGS), CORRIDORS)]
    heading = rng.uniform(0, 2 * np.pi, (CORRIDORS, 1)) + np.cumsum(rng.normal(0, 0.035, (CORRIDORS, 1600)), 1)
    steps = np.stack([np.cos(heading), np.sin(heading)], 2) * 0.005
    return from_[:, None, :] + np.cumsum(steps, 1)


def _movements(rng, paths, kinds, begin, some, each: int) -> pa.Table:
    speed_kmh = rng.uniform(30, 95, len(some))[:, None] + rng.normal(0, 4, (len(some), each))
    along = np.abs(np.cumsum(np.abs(speed_kmh) * STEP_S / 3600 / 0.5, 1) + rng.uniform(0, 800, (len(some), 1)))
    # There and back again along the corridor.
    index = along % (2 * paths.shape[1] - 2)
    index = np.where(index >= paths.shape[1] - 1, 2 * paths.shape[1] - 2 - index, index)
    low = np.clip(index.astype(int), 0, paths.shape[1] - 2)
    road = rng.integers(0, len(paths), len(some))[:, None]
    part = (index - low)[..., None]
    place = paths[road, low] * (1 - part) + paths[road, low + 1] * part + rng.normal(0, 0.0003, (len(some), each, 2))
    t = begin[some][:, None] + np.arange(each) * STEP_S
    # A silence now and then.
    t = t + np.cumsum(rng.random((len(some), each)) < 0.002, 1) * 3 * 3600
    when = np.argsort(t, axis=None, kind="stable")
    owner = np.repeat(some, each)[when]
    return pa.table({
        "tag_id": pa.array([f"B{i:06}" for i in range(len(kinds))]).take(pa.array(owner)), "kind": pa.array(kinds.tolist()).take(pa.array(owner)),
        "time_utc": np.datetime_as_string(t.ravel()[when].astype("datetime64[s]"), timezone="UTC"),
        "lat": np.clip(place[..., 1].ravel()[when], -84, 84).round(6), "lon": place[..., 0].ravel()[when].round(6),
        "speed_kmh": np.abs(speed_kmh.ravel()[when]).round(1), "course_deg": rng.uniform(0, 359, len(when)).round(1),
    })


def seizures(path: Path, number: int, seed: int = SEED, days: int = DAYS) -> Path:
    """Write `number` seizures as CSV in our own layout."""
    rng = np.random.default_rng(seed + 1)
    at = CROSSINGS[rng.integers(0, len(CROSSINGS), number)] + rng.normal(0, 0.35, (number, 2)) * rng.lognormal(0, 0.6, (number, 1))
    t = START + rng.integers(0, days * 86_400, number)
    pa.csv.write_csv(pa.table({
        "id": [f"S{i}" for i in range(number)], "when": np.datetime_as_string(t.astype("datetime64[s]"), timezone="UTC"),
        "lat": at[:, 1].round(6), "lon": at[:, 0].round(6), "drug": rng.choice(["cocaine", "heroin", "cannabis", "fentanyl", "methamphetamine"], number),
        "quantity": rng.lognormal(1, 2, number).round(3), "unit": ["kg"] * number,
    }), path)
    return path


@contextmanager
def made(home: Path, fixes: int, tracks_: int, seizures_: int, days: int = DAYS) -> Iterator[clusters.Cluster]:
    """The world in a running cluster: made and imported when it is not there yet."""
    from feeds.imports import ImportOptions, import_files
    from install import prepare

    home.mkdir(parents=True, exist_ok=True)
    os.environ["VIGIA_HOME"] = str(home)
    settings.store.cache_clear()
    told, wanted = home / "world.json", {"fixes": fixes, "tracks": tracks_, "seizures": seizures_, "seed": SEED, **({"days": days} if days != DAYS else {})}
    with clusters.running(home) as cluster:
        if not told.exists() or json.loads(told.read_text()) != wanted:
            print(f"making {fixes:,} fixes of {tracks_:,} tracks and {seizures_:,} seizures, once …", flush=True)
            with owner_connection(cluster.owner_url) as connection:
                connection.execute("DROP SCHEMA IF EXISTS vigia, access, audit, jobs CASCADE")
                connection.execute("DROP TABLE IF EXISTS public.alembic_version, public.lines")
                connection.commit()
            migrations.upgrade(cluster.owner_url)
            prepare.basemap(progress=_quiet)
            reference.load(cluster.owner_url, settings.store().basemap, _quiet)
            files = {"tracks": tracks(home / "tracks.parquet", fixes, tracks_, days=days), "seizures": seizures(home / "seizures.csv", seizures_, days=days)}
            for layer, path in files.items():
                [report] = import_files(layer, [path], ImportOptions(zone="UTC"), _quiet, owner_url=cluster.owner_url)
                if report.error:
                    raise SystemExit(f"the made world was refused: {report.error}")
                path.unlink()
            with psycopg.connect(cluster.setup_url.replace("+psycopg", ""), dbname=clusters.DATABASE, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
            told.write_text(json.dumps(wanted))
        migrations.upgrade(cluster.owner_url)  # one of before
        yield cluster


def _quiet(step: str, done: float, total: float | None) -> None:
    """Nobody looks."""
