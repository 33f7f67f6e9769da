"""Readers of RFID tags and seals, and where they stand: from a file of their own, or told beside their reads with --places."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from data.quadkey import qk
from errors import FileRefused, Refusal
from feeds.imports import Job
from feeds.tables import Table, open_table, text_column

PUT = """
    INSERT INTO reader (world, key, name, geom, qk, agency_id, source_id)
    VALUES (%s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s, %s, %s)
    ON CONFLICT (world, key, agency_id) DO UPDATE SET name = coalesce(excluded.name, reader.name), geom = excluded.geom, qk = excluded.qk
      WHERE (reader.name, reader.qk) IS DISTINCT FROM (coalesce(excluded.name, reader.name), excluded.qk)
"""


class NotPlaced(ValueError):
    """A reader without a place: field, value, what was expected."""

    def __init__(self, name: str, value: object, expected: str):
        super().__init__(expected)
        self.name, self.value, self.expected = name, value, expected


def run(job: Job, table: Table) -> None:
    """Readers and their places; one told again moves."""
    job.describe_source(table.format, table.mapping.name)
    for line, told in _rows(table):
        job.report.read += 1
        if isinstance(told, NotPlaced):
            job.refuse(line, told.name, told.value, told.expected)
            continue
        done = _put(job, *told)
        job.report.stored += done
        job.report.already += 1 - done


def stations(job: Job) -> dict[str, tuple[float, float]]:
    """Longitude and latitude of every reader of the world, those of --places among them. Raises FileRefused."""
    if job.options.places:
        path = job.options.places
        for line, told in _rows(open_table(path, ("readers", "places"), None)):
            if isinstance(told, NotPlaced):
                raise FileRefused(Refusal(path.name, line, told.name, None if told.value is None else str(told.value), told.expected))
            _put(job, *told)
    rows = job.connection.execute("SELECT key, ST_X(geom), ST_Y(geom) FROM reader WHERE world = %s", (job.world,))
    return {key: (lon, lat) for key, lon, lat in rows}


def _rows(table: Table) -> Iterator[tuple[int, tuple[str, str | None, float, float] | NotPlaced]]:
    """(line, (key, name, longitude, latitude)), or what is wrong with the line."""
    # A layout of places names a reader by its code, or by its name alone.
    names = {("key" if c.field == "code" else c.field): c.name for c in table.mapping.columns if c.name in table.header}
    names.setdefault("key", names.get("name", "reader"))
    for first, batch in table.batches():
        cells = {field: text_column(batch, name).to_pylist() for field, name in names.items() if name in table.header}
        for i in range(batch.num_rows):
            row = {field: column[i] for field, column in cells.items()}
            try:
                yield first + i, _told(row, names)
            except NotPlaced as bad:
                yield first + i, bad


def _told(row: dict[str, str | None], names: dict[str, str]) -> tuple[str, str | None, float, float]:
    if not row.get("key"):
        raise NotPlaced(names["key"], None, "the reader's name")
    degrees = []
    for field, most in (("lon", 180), ("lat", 90)):
        try:
            degrees.append(float(row[field]))
        except (TypeError, ValueError):
            raise NotPlaced(names[field], row[field], "degrees") from None
        if not abs(degrees[-1]) <= most:
            raise NotPlaced(names[field], row[field], f"{'longitude' if field == 'lon' else 'latitude'} within ±{most}")
    return row["key"], row.get("name"), *degrees


def _put(job: Job, key: str, name: str | None, lon: float, lat: float) -> int:
    at = int(qk(np.array([lon]), np.array([lat]))[0])
    return job.connection.execute(PUT, (job.world, key, name, lon, lat, at, job.agency_id, job.source_id)).rowcount
