"""The exercise in the database: a built folder goes in by the ordinary imports, into its own world, and out without a trace."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from sqlalchemy import Table

from data import coverage, people
from data.models import SCHEMA, Base
from data.sessions import owner_connection
from data.state import touch
from data.worlds import CODES
from errors import VigiaError
from exercise.build import FileEntry, Manifest, build
from feeds import listening
from feeds.imports import ImportOptions, Progress, import_files
from settings import store

WORLD = CODES["exercise"]
# Written to data_state when a load is whole. It stays after a drop: an exercise that was dropped does not come back by itself.
LOADED = "exercise"
# Whose units look at the ground they pass, by the key of their track, and how far to either side, metres.
LOOKERS = {"gpx:Patrol EX%": 400.0, "gpx:Guardia EX%": 400.0, "gpx:Falcata EX%": 1_500.0, "gpx:Colibri EX%": 150.0, "tag:A-%": 2_500.0}


class ExerciseIncomplete(VigiaError):
    """A file of the exercise could not be imported."""


def folder() -> Path:
    """Where `vigia up` builds the exercise."""
    return store().home / "exercise"


def ensure(owner_url: str, progress: Progress) -> None:
    """On the first start: build the exercise and load it. Later, even after a drop: nothing."""
    if was_loaded(owner_url):
        return
    built = (folder() / "manifest.json").exists()
    if not built:
        build(folder(), progress=lambda step, done, total: progress(step, done / total / 2, 1))
    # Building and loading take about as long: one bar tells both.
    begun = 0.0 if built else 0.5
    load(folder(), lambda step, done, total: progress(step, begun + (1 - begun) * done / total, 1), owner_url=owner_url)


def was_loaded(owner_url: str) -> bool:
    """Whether this database ever held a whole exercise."""
    with owner_connection(owner_url) as connection:
        return (
            connection.execute("SELECT 1 FROM data_state WHERE world = %s AND layer = %s", (WORLD, LOADED)).fetchone()
            is not None
        )


def load(built: Path, progress: Progress, *, owner_url: str) -> None:
    """Import a built folder in the order of its manifest. What is there already is not stored twice, so a broken load goes on."""
    manifest = Manifest.read(built)
    _agencies(built, owner_url)
    files = [f for f in manifest.files if f.layer is not None]
    done = 0
    for (layer, kind, agency), same in groupby(files, key=lambda f: (f.layer, f.kind, f.agency)):
        group = list(same)

        def told(files_done: float, before: int = done) -> None:
            progress("Exercise: loading", before + files_done, len(files))

        told(0)
        _import(built, layer, group, ImportOptions(world="exercise", kind=kind, agency=agency), owner_url, told)
        done += len(group)
    with owner_connection(owner_url) as connection:
        for pattern, swath_m in LOOKERS.items():
            keys = [key for (key,) in connection.execute("SELECT key FROM track WHERE world = %s AND key LIKE %s", (WORLD, pattern))]
            if keys:
                coverage.look(connection, "exercise", swath_m, keys=keys)
        touch(connection, WORLD, LOADED)
        connection.commit()
        # The first page is asked for at once; the planner should not wait for the autovacuum to know what came.
        connection.execute("ANALYZE")
        connection.commit()
    progress("Exercise: loading", len(files), len(files))


def _import(
    built: Path, layer: str, group: list[FileEntry], options: ImportOptions, owner_url: str, told: Callable[[float], None]
) -> None:
    shares: dict[str, float] = {}  # of each file, by the step it is told under

    def within(step: str, done: float, total: float | None) -> None:
        if total:
            shares[step] = done / total
            told(min(sum(shares.values()), len(group)))

    for report in import_files(layer, [built / f.path for f in group], options, within, owner_url=owner_url):
        if report.error or report.refused:
            raise ExerciseIncomplete(
                f"the exercise did not load: {report.error or f'{report.refused} rows refused in {report.file}'}; "
                f"build it again with `vigia exercise build --out {built}`"
            )


def _agencies(built: Path, owner_url: str) -> None:
    """The agencies with their countries, before a file names one."""
    with open(built / "agencies.csv", encoding="utf-8", newline="") as handle, owner_connection(owner_url) as connection:
        for row in csv.DictReader(handle):
            connection.execute(
                "INSERT INTO agency (world, name, country) VALUES (%s, %s, %s) "
                "ON CONFLICT (world, name) DO UPDATE SET country = excluded.country",
                (WORLD, row["agency"], row["country"]),
            )
        connection.commit()


def drop(*, owner_url: str) -> None:
    """Remove every trace of the exercise: its rows and partitions, its files, the folder it was built in.

    The counters of data_state stay, moved on by one: a browser must not take a tile of an old exercise for one
    of the next. So do the rules, which every new world has too: the next exercise is watched by them.
    """
    with owner_connection(owner_url) as connection:
        files = _files(connection)
        listened = connection.execute("SELECT id, settings ->> 'recording' FROM feed WHERE world = %s", (WORLD,)).fetchall()
        for table in reversed(Base.metadata.sorted_tables):
            if table.schema != SCHEMA or "world" not in table.c or table.name in ("data_state", "rule"):
                continue
            if table.dialect_options["postgresql"].get("partition_by"):
                _empty_partition(connection, table)
            else:
                connection.execute(f"DELETE FROM {SCHEMA}.{table.name} WHERE world = %s", (WORLD,))
        connection.execute("UPDATE data_state SET version = version + 1, changed_at = now() WHERE world = %s", (WORLD,))
        people.tell(connection, "erasure", of="world:exercise")
        connection.commit()
    # Rows first: a file that outlives its row is waste, a row that outlives its file is a broken map.
    for path in files:
        path.unlink(missing_ok=True)
    for feed, recording in listened:
        listening.forget(feed, recording)
    shutil.rmtree(folder(), ignore_errors=True)


def _empty_partition(connection, table: Table) -> None:
    """Drop the months of the exercise's partition; empty it where it has none."""
    name = f"{SCHEMA}.{table.name}_exercise"
    months = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (name,)
    ).fetchall()
    for (month,) in months:
        connection.execute(f"DROP TABLE {month}")
    if not months:
        connection.execute(f"TRUNCATE {name}")


def _files(connection) -> list[Path]:
    """Files kept for the exercise alone: originals, COGs, rejects. One that a live record shares stays."""
    stored = connection.execute(
        """
        SELECT source.sha256 FROM source WHERE world = %(w)s
          AND NOT EXISTS (SELECT 1 FROM source AS other WHERE other.sha256 = source.sha256 AND other.world <> %(w)s)
        """,
        {"w": WORLD},
    ).fetchall()
    pictures = connection.execute(
        """
        SELECT original, cog, rendering ->> 'preview' FROM image WHERE world = %(w)s
          AND NOT EXISTS (SELECT 1 FROM image AS other WHERE other.world <> %(w)s
                          AND (other.cog = image.cog OR other.original = image.original))
        """,
        {"w": WORLD},
    ).fetchall()
    films = connection.execute("""
        SELECT original, served FROM video v WHERE world = %(w)s AND NOT EXISTS (SELECT FROM video o WHERE o.world <> %(w)s AND o.sha256 = v.sha256)
    """, {"w": WORLD}).fetchall()
    places = store()
    out = [path for original, served in films for path in (places.originals / original, places.imagery / served)]
    out += [places.originals / row[0] for row in pictures] + [places.imagery / name for row in pictures for name in row[1:] if name]
    for (sha256,) in stored:
        out += places.originals.glob(f"{sha256}*")
        out += places.rejects.glob(f"*-{sha256[:12]}-rejects.csv")
    return out
