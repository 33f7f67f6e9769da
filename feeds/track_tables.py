"""Movements from tables: CSV, Parquet, XLSX by a mapping; positions told as degrees, in a CRS, or as reads of a reader."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyproj import Transformer

from data.fixes import FixWriter, TrackTold
from data.records import KINDS
from feeds import readers
from feeds.flags import plausible
from feeds.imports import Job
from feeds.mapping import LENGTH, SPEED, Column, Mapping
from feeds.tables import Table, text_column
from feeds.times import moments_us

MEASURES = (("speed", "speed_mps"), ("course", "course_deg"), ("heading", "heading_deg"), ("altitude", "altitude_m"),
            ("accuracy", "accuracy_m"))


def run(job: Job, table: Table) -> None:
    """Fixes of a table."""
    job.describe_source(table.format, table.mapping.name)
    with job.fixes(moving=not table.mapping.has("reader")) as writer:
        reader = TableReader(job, table.mapping, table.header, writer)
        size = job.path.stat().st_size
        done = 0
        for line, batch in table.batches():
            reader.put(line + np.arange(batch.num_rows), batch)
            done += batch.nbytes
            job.progress(f"Movements, {job.path.name}", min(done, size), size)
    job.account(writer)
    job.progress(f"Movements, {job.path.name}", size, size)


@dataclass
class TableReader:
    """Batches of rows to fixes, by a mapping."""

    job: Job
    mapping: Mapping
    header: list[str]
    writer: FixWriter

    def __post_init__(self) -> None:
        self.zone = self.mapping.zone or self.job.options.zone
        self.to_degrees = Transformer.from_crs(self.mapping.crs, 4326, always_xy=True) if self.mapping.crs else None
        self.ids: dict[tuple, int] = {}
        self.agencies: dict[str, int] = {}
        self.stations = readers.stations(self.job) if self.mapping.has("reader") else {}

    def put(self, lines: np.ndarray, batch: pa.RecordBatch, vertices: np.ndarray | None = None) -> None:
        """Store a batch; `lines` of shape (n,) tells where each row stood, `vertices` (n,) where along a line (0: a point)."""
        n = batch.num_rows
        self.job.report.read += n
        bad = np.zeros(n, bool)

        def refuse(where: np.ndarray, column: Column | None, name: str, expected: str) -> None:
            """Refuse these rows; the first is told in full, and without --keep-good it ends the import."""
            fresh = np.flatnonzero(where & ~bad)
            bad[fresh] = True
            cells = text_column(batch, column.name) if column else None
            for i in fresh:
                where_along = f" of vertex {vertices[i]}" if vertices is not None and vertices[i] else ""
                self.job.refuse(int(lines[i]), (column.name if column else name) + where_along, cells[int(i)].as_py() if cells else None, expected)

        observed = self._times(batch, refuse)
        lon, lat = self._places(batch, refuse)
        columns = {"observed_us": observed, "lon": lon, "lat": lat}
        for field, name in MEASURES:
            for column in self.mapping.of(field):
                if column.name in self.header:
                    columns[name] = self._measure(batch, column, refuse)
        tracks = self._tracks(batch, refuse)
        keep = ~bad
        columns = {k: v[keep] for k, v in columns.items()}
        columns["track_id"] = tracks[keep]
        columns["line"] = lines[keep]
        columns["flags"] = plausible(columns["observed_us"], columns["lon"], columns["lat"], self.job.now_us(columns["observed_us"]))
        self.writer.write(columns)

    def _times(self, batch, refuse) -> np.ndarray:
        column = self.mapping.of("time")[0]
        cells = batch.column(batch.schema.get_field_index(column.name))
        if pa.types.is_string(cells.type):
            cells = text_column(batch, column.name)
        us, wrong, expected = moments_us(cells, column.format, self.zone)
        refuse(wrong, column, "time", expected)
        # PostgreSQL and Python agree on these years; a time outside them is a broken clock, not a doubtful one.
        refuse((us < -62_000_000_000_000_000) | (us > 253_000_000_000_000_000), column, "time", "a time between the years 6 and 9986")
        return us

    def _places(self, batch, refuse) -> tuple[np.ndarray, np.ndarray]:
        if self.mapping.has("reader"):
            return self._at_readers(batch, refuse)
        names = ("x", "y") if self.mapping.has("x") else ("lon", "lat")
        a, b = (self.mapping.of(n)[0] for n in names)
        first, second = self._numbers(batch, a, refuse), self._numbers(batch, b, refuse)
        refuse(~np.isfinite(first), a, names[0], "a finite number")
        refuse(~np.isfinite(second), b, names[1], "a finite number")
        if names[0] == "x":
            first, second = self.to_degrees.transform(np.nan_to_num(first), np.nan_to_num(second))
        lon, lat = np.nan_to_num(np.asarray(first), nan=0.0, posinf=999.0), np.nan_to_num(np.asarray(second), nan=0.0, posinf=999.0)
        refuse(np.abs(lat) > 90, b, names[1], "a latitude within ±90 (are latitude and longitude swapped?)")
        refuse(np.abs(lon) > 180, a, names[0], "a longitude within ±180")
        return lon, lat

    def _at_readers(self, batch, refuse) -> tuple[np.ndarray, np.ndarray]:
        column = self.mapping.of("reader")[0]
        told = text_column(batch, column.name).to_pylist()
        places = [self.stations.get(t) for t in told]
        unknown = np.array([p is None for p in places])
        refuse(unknown, column, "reader", "a reader whose place is known: by --places FILE (reader,name,lat,lon), or a file of readers imported first")
        return (np.array([p[0] if p else 0.0 for p in places]), np.array([p[1] if p else 0.0 for p in places]))

    def _numbers(self, batch, column: Column, refuse) -> np.ndarray:
        cells = batch.column(batch.schema.get_field_index(column.name))
        if not pa.types.is_string(cells.type):
            return pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
        text = text_column(batch, column.name)
        for none in column.none:
            text = pc.if_else(pc.equal(text, none), None, text)
        if column.thousands:
            text = pc.replace_substring(text, column.thousands, "")
        if column.decimal != ".":
            text = pc.replace_substring(text, column.decimal, ".")
        try:
            return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            values, wrong = np.full(len(text), np.nan), np.zeros(len(text), bool)
            for i, cell in enumerate(text.to_pylist()):
                try:
                    values[i] = float(cell) if cell is not None else np.nan
                except ValueError:
                    wrong[i] = True
            refuse(wrong, column, column.field, "a number")
            return values

    def _measure(self, batch, column: Column, refuse) -> np.ndarray:
        values = self._numbers(batch, column, refuse)
        for none in column.none:  # 511 may be told as 511.0
            try:
                values = np.where(values == float(none), np.nan, values)
            except ValueError:
                continue
        refuse(np.isinf(values), column, column.field, "a finite number")
        if column.field == "speed":
            refuse(values < 0, column, column.field, "a speed of 0 or more")
            return values * SPEED[column.unit]
        if column.field in ("altitude", "accuracy"):
            return values * LENGTH[column.unit]
        return np.where((values >= 0) & (values < 360), values, np.nan)  # 360 and above say "unknown"

    def _tracks(self, batch, refuse) -> np.ndarray:
        """The track id of each row; tracks are made as their keys appear."""
        n = batch.num_rows
        keys = [text_column(batch, c.name) for c in self.mapping.of("key")]
        for column, cells in zip(self.mapping.of("key"), keys):
            refuse(cells.is_null().to_numpy(zero_copy_only=False), column, "key", "what tells this track from others")
        key = keys[0] if len(keys) == 1 else pc.binary_join_element_wise(*keys, "/", null_handling="replace")
        parts = {"key": key, **{f: self._texts(batch, f) for f in ("kind", "name", "agency", "identifier")}}
        frame = pa.table({k: (v if v is not None else pa.nulls(n, pa.string())) for k, v in parts.items()})
        coded = pc.dictionary_encode(frame["key"].combine_chunks())
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        known = np.zeros(len(coded.dictionary) + 1, np.int64)  # the last stands for rows without a key, refused above
        wanted, at = [], []
        # The first row of each key tells its kind and name.
        for code, first in zip(*np.unique(codes, return_index=True)):
            if code < 0:
                continue
            row = {name: frame[name][int(first)].as_py() for name in parts}
            if row["key"] in self.ids:
                known[code] = self.ids[row["key"]]
                continue
            kind = self._kind(row["kind"])
            if kind is None:
                refuse(codes == code, next(iter(self.mapping.of("kind")), None), "kind",
                       f"one of {', '.join(KINDS)}: in the mapping, or --kind")
                continue
            wanted.append(TrackTold(
                key=self._key(row["key"]), kind=kind, name=row["name"], agency_id=self._agency(row["agency"]),
                identifiers={"told": row["identifier"]} if row["identifier"] else {}, marking=self.job.options.marking,
            ))
            at.append((row["key"], code))
        for (told, code), track_id in zip(at, self.writer.tracks(wanted) if wanted else []):
            self.ids[told] = track_id
            known[code] = track_id
        return known[codes]

    def _key(self, told: str) -> str:
        # Some readers print the bytes of a tag as Python does: b'3034…'
        if told.startswith("b'") and told.endswith("'"):
            told = told[2:-1]
        return f"{self.mapping.key_prefix}{told}" if self.mapping.key_prefix else told

    def _texts(self, batch, field: str):
        if field in self.mapping.constants:
            return pa.array([self.mapping.constants[field]] * batch.num_rows)
        columns = [c for c in self.mapping.of(field) if c.name in self.header]
        return text_column(batch, columns[0].name) if columns else None

    def _kind(self, told: str | None) -> str | None:
        word = self.mapping.values.get("kind", {}).get((told or "").casefold(), told) or self.job.options.kind
        return word.casefold() if word and word.casefold() in KINDS else None

    def _agency(self, name: str | None) -> int | None:
        if name is None:
            return self.job.agency_id
        if name not in self.agencies:
            self.writer.idle()
            self.agencies[name] = self.job.agency(name)
        return self.agencies[name]
