"""Recordings: positions of a file or of a past window of the database, in the order they were observed, to be played as a feed.

One line a position, JSON: [observed_us, key, kind, lon, lat, name, identifiers, speed_mps, course_deg, heading_deg, altitude_m, accuracy_m];
name and identifiers stand at a track's first position alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import psycopg

from data.fixes import MEASURES, TrackTold
from data.people import agency_id
from data.records import KINDS, MARKINGS, ImportReport
from data.scope import LEVEL
from data.worlds import CODES
from errors import InputRefused, VigiaError
from feeds import tracks
from feeds.imports import ImportOptions, Job, begun, undo
from feeds.wire import Frame, Heard, Told
from feeds.wire.told import FrameDecoder, Unfit
from feeds.wire.values import parse

NUMBERS = ("speed_mps", "course_deg", "heading_deg", "altitude_m", "accuracy_m")


class _Kept:
    """Stands where a writer of fixes would, and keeps them."""

    def __init__(self) -> None:
        self.stored = self.already = 0
        self.sealed: dict[str, int] = {}
        self.told: list[TrackTold] = []
        self.columns: list[dict[str, np.ndarray]] = []
        self._ids: dict[str, int] = {}

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, *_) -> None:
        pass

    def idle(self) -> None:
        pass

    def tracks(self, told: list[TrackTold]) -> list[int]:
        """Their places in `told`."""
        for one in told:
            if one.key not in self._ids:
                self._ids[one.key] = len(self.told)
                self.told.append(one)
            elif one.name:
                self.told[self._ids[one.key]] = one
        return [self._ids[one.key] for one in told]

    def write(self, columns: dict[str, np.ndarray]) -> None:
        n = len(columns["track_id"])
        self.columns.append({
            "track_id": np.asarray(columns["track_id"], np.int64), "observed_us": np.asarray(columns["observed_us"], np.int64),
            "lon": np.asarray(columns["lon"], float), "lat": np.asarray(columns["lat"], float),
            **{m: np.array(np.broadcast_to(np.asarray(columns.get(m, np.nan), np.float32), n)) for m in MEASURES},
        })
        self.stored += n


class _Listening(Job):
    """A file that is read and not stored."""

    def fixes(self) -> _Kept:
        self.kept = _Kept()
        return self.kept


def of_file(connection: psycopg.Connection, path: Path, options: ImportOptions, out: Path, progress) -> int:
    """Record a file of movements in any format that `vigia import tracks` takes; how many positions. Raises as an import does."""
    report = ImportReport(file=str(path))
    job: _Listening | None = None
    try:
        job = begun(_Listening, "tracks", path, options, progress, connection, report)
        tracks.run(job)
        kept = getattr(job, "kept", None)
    finally:
        connection.rollback()
        undo(job)
    if kept is None or not kept.columns:
        raise InputRefused(f"{path.name}: expected positions to play")
    columns = {name: np.concatenate([piece[name] for piece in kept.columns]) for name in kept.columns[0]}
    order = np.argsort(columns["observed_us"], kind="stable")
    return _write(out, _rows({name: values[order] for name, values in columns.items()}, kept.told))


def of_window(connection: psycopg.Connection, world: int, start: datetime, end: datetime, out: Path, *, agency: str | None = None,
              marking: str = "TLP:AMBER") -> int:
    """Record what a past window of the database holds; how many positions. Of the live world only what is the feed's to tell: its own
    agency's, no more closed than its marking, and nothing that is sealed."""
    allowed = [m for m in MARKINGS if LEVEL[m] <= LEVEL[marking]]
    own = agency_id(connection, agency) if agency and world == CODES["live"] else None
    with connection.cursor(name="recording") as cursor:
        cursor.itersize = 20_000
        cursor.execute(
            f"""
            SELECT (extract(epoch FROM f.observed_at) * 1000000)::bigint, t.key, t.kind, ST_X(f.geom), ST_Y(f.geom), t.name, t.identifiers,
                   {', '.join(f'f.{m}' for m in NUMBERS)}
            FROM fix f JOIN track t ON t.id = f.track_id WHERE f.world = %s AND f.observed_at >= %s AND f.observed_at < %s
              AND (f.world <> 0 OR t.agency_id IS NOT DISTINCT FROM %s AND t.marking = ANY (%s) AND (t.sealed_at IS NULL OR t.sealed_at > now()))
            ORDER BY f.observed_at, t.key
            """, (world, start, end, own, allowed))
        number = _write(out, _once(cursor))
    if not number:
        out.unlink()
        raise InputRefused(f"nothing that may be played moved between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC")
    return number


def _once(rows: Iterable[tuple]) -> Iterator[list]:
    seen: set[str] = set()
    for row in rows:
        told = [*row[:7], *(None if v is None else round(v, 3) for v in row[7:])]
        if told[1] in seen:
            told[5], told[6] = None, {}
        seen.add(told[1])
        yield told


def _rows(columns: dict[str, np.ndarray], told: list[TrackTold]) -> Iterator[list]:
    seen: set[int] = set()
    numbers = [[None if np.isnan(v) else round(v, 3) for v in columns[name].tolist()] for name in NUMBERS]
    for at, track, lon, lat, *more in zip(columns["observed_us"].tolist(), columns["track_id"].tolist(), columns["lon"].tolist(), columns["lat"].tolist(), *numbers):
        one = told[track]
        yield [at, one.key, one.kind, lon, lat, *((None, {}) if track in seen else (one.name, one.identifiers)), *more]
        seen.add(track)


def _write(out: Path, rows: Iterable[list]) -> int:
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}")
    number = 0
    try:
        with open(part, "wb") as file:
            for number, row in enumerate(rows, 1):
                file.write(orjson.dumps(row) + b"\n")
        part.rename(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return number


class Recorded(FrameDecoder):
    """Lines of a recording, with times moved as its player moved them."""

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        row = parse(frame.data)
        try:
            at, key, kind, lon, lat, name, identifiers, *numbers = row
            if kind not in KINDS or not isinstance(key, str) or not isinstance(at, int) or len(numbers) != len(NUMBERS):
                raise TypeError
            yield Heard(key, kind, at, float(lon), float(lat), name, dict(identifiers), **{
                n: float("nan") if v is None else float(v) for n, v in zip(NUMBERS, numbers)}, frame=number)
        except (TypeError, ValueError):
            raise Unfit("not a line of a recording") from None


class RecordingMissing(VigiaError):
    """What a feed is to play is not there."""

