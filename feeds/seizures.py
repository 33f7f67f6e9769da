"""Seizures from tables and shapes: CSV, XLSX, Parquet, GeoJSON, GeoPackage, by a mapping."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from datetime import datetime
from functools import partial

import pyarrow as pa
from pyproj import Transformer

from data import border
from data.quadkey import qk
from data.records import CONVEYANCES, MARKINGS
from data.seizure_rows import SeizureRow, SeizureWriter
from feeds import shapes, tables
from feeds.drugs import classed
from feeds.imports import Job, keep_original
from feeds.mapping import LENGTH, Column, Mapping
from feeds.places import Places
from feeds.quantities import kilograms, number
from feeds.times import TimeRefused, fiscal_month, span

PLAIN = ("conveyance", "concealment", "origin", "transit", "destination", "found")
FOUND = ("patrol", "report")
EVENTS_MAX = 1_000_000_000
DIGITS = 9  # of a number in the row's identity: two exports of one table differ in the last ones


class RowBad(ValueError):
    """One value of a row: field, value, what was expected."""

    def __init__(self, name: str, value: object, expected: str):
        super().__init__(expected)
        self.name, self.value, self.expected = name, value, expected


def run(job: Job) -> None:
    """Import one file of seizures."""
    if job.path.suffix.lower() in shapes.SUFFIXES:
        table = shapes.open_shapes(job.path, ("seizures",), job.options.mapping)
    else:
        table = tables.open_table(job.path, ("seizures",), job.options.mapping)
    mapping = table.mapping
    job.describe_source(table.format, mapping.name)
    keep_original(job)
    for bad in getattr(table, "refused", ()):
        job.report.read += 1
        job.refuse(bad.line, bad.field, bad.value, bad.expected)
    reader = _Reader(job, mapping, table.header)
    writer = SeizureWriter(job.connection, job.world, job.source_id)
    job.progress(f"Seizures, {job.path.name}", 0, None)
    for line, batch in table.batches():
        rows = reader.rows(line, batch)
        stored = writer.put(rows)
        job.report.stored += stored
        job.report.already += len(rows) - stored
        job.progress(f"Seizures, {job.path.name}", job.report.read, None)
    job.report.unplaced = writer.unplaced
    if job.report.stored:
        border.assign(job.connection, job.source_id)
    job.progress(f"Seizures, {job.path.name}", job.report.read, job.report.read)
    notes = []
    if reader.footers:
        notes.append(f"{reader.footers} footer row{'s' if reader.footers > 1 else ''} passed over")
    if reader.aggregates:
        notes.append(f"{reader.aggregates:,} totals of several events: in charts and rates, never points on the map")
    job.report.note = "; ".join(notes) or None


class _Reader:
    """Rows of one file to SeizureRows."""

    def __init__(self, job: Job, mapping: Mapping, header: list[str]):
        self.job, self.mapping, self.header = job, mapping, header
        self.zone = mapping.zone or job.options.zone
        self.places = Places(job.connection, job.options.places, mapping.precision_m)
        self.seen: Counter[bytes] = Counter()
        self.ids: dict[str, bytes] = {}
        self.footers = self.aggregates = 0
        self.agencies: dict[str, int] = {}
        self.to_degrees = Transformer.from_crs(mapping.crs, 4326, always_xy=True) if mapping.crs else None
        self.unmapped = [h for h in header if h not in {c.name for c in mapping.columns} and h != shapes.GEOMETRY]

    def rows(self, first_line: int, batch: pa.RecordBatch) -> list[SeizureRow]:
        cells = {name: tables.text_column(batch, name).to_pylist() for name in self.header if name != shapes.GEOMETRY}
        points = shapes.points(batch) if shapes.GEOMETRY in batch.schema.names else None
        out = []
        for i in range(batch.num_rows):
            row = {name: column[i] for name, column in cells.items()}
            if all(v is None for v in row.values()) and points is None:
                continue  # an empty line is no row
            if any(row.get(c) in values for c, values in self.mapping.footer):
                self.footers += 1
                continue
            self.job.report.read += 1
            try:
                out.append(self._row(first_line + i, row, points[i] if points else None))
            except RowBad as bad:
                self.job.refuse(first_line + i, bad.name, bad.value, bad.expected)
        return out

    def _row(self, line: int, row: dict[str, str | None], point: tuple[float, float] | None) -> SeizureRow:
        get = partial(self._told, row)
        started, ended, time_span = self._when(row)
        told = get("drug")
        if not told:
            raise RowBad(self._name("drug"), told, "the name of a drug")
        drug = classed(told)
        quantity = self._number(row, "quantity")
        unit = get("unit")
        kg, rule = kilograms(quantity, unit, drug)
        events = self._number(row, "events")
        if events is not None and (events != int(events) or not 1 <= events <= EVENTS_MAX):
            raise RowBad(self._name("events"), get("events"), f"a whole number, 1 to {EVENTS_MAX:,}")
        aggregate = self.mapping.aggregate or (events or 1) > 1
        self.aggregates += aggregate
        place = get("place")
        lon, lat, precision_m = self._where(row, point, get("place_code"), place)
        content = self._identity(row, point)
        key = get("id")
        if key and self.ids.setdefault(key, content) != content:
            raise RowBad(self._name("id"), key, "each id once, or the same row again")
        self.seen[content] += 1
        return SeizureRow(
            content=hashlib.sha256(content + self.seen[content].to_bytes(4, "big")).digest(),
            started_at=started, ended_at=ended, time_span=time_span, lon=lon, lat=lat,
            qk=None if lon is None else int(qk(lon, lat)), precision_m=precision_m, place=place, drug=drug, drug_told=told,
            quantity=quantity, unit=unit, kg=kg, kg_rule=rule, event_count=int(events or 1), aggregate=aggregate,
            conveyance=self._one_of(row, "conveyance", CONVEYANCES), concealment=get("concealment"), origin=get("origin"),
            transit=get("transit"), destination=get("destination"), found_by=self._one_of(row, "found", FOUND),
            agency_id=self._agency(get("agency")), marking=self._one_of(row, "marking", MARKINGS) or self.job.options.marking,
            line=line, extra={**{n: row[n] for n in self.unmapped if row.get(n)}, **({"id": key} if key else {})},
        )

    # -- values ------------------------------------------------------------------------------------------------------

    def _name(self, field: str) -> str:
        columns = self.mapping.of(field)
        return columns[0].name if columns else field

    def _told(self, row: dict, field: str) -> str | None:
        for column in self.mapping.of(field):
            value = row.get(column.name)
            if value is None or value in column.none:
                continue
            if column.strip:
                value = value.strip(column.strip)
            return self.mapping.values.get(field, {}).get(value.casefold(), value)
        return self.mapping.constants.get(field)

    def _one_of(self, row: dict, field: str, allowed: tuple[str, ...]) -> str | None:
        value = self._told(row, field)
        if value is None:
            return None
        folded = value.casefold() if field != "marking" else value.upper()
        if folded in allowed:
            return folded
        if field == "conveyance":
            return "other"  # as told it stays in the source; the class is for choosing by
        raise RowBad(self._name(field), value, f"one of {', '.join(allowed)}")

    def _number(self, row: dict, field: str) -> float | None:
        told = self._told(row, field)
        column: Column | None = next(iter(self.mapping.of(field)), None)
        try:
            return number(told, column.thousands if column else None, column.decimal if column else ".")
        except ValueError:
            raise RowBad(self._name(field), told, "a number, 0 or more") from None

    def _when(self, row: dict) -> tuple[datetime, datetime, str]:
        try:
            if self.mapping.has("fiscal_year"):
                return fiscal_month(self._told(row, "fiscal_year"), self._told(row, "month"), self.zone)
            column = self.mapping.of("when")[0]
            started, ended, kind = span(self._told(row, "when"), column.format, self.zone)
            if until := self._told(row, "until"):
                ended = span(until, self.mapping.of("until")[0].format, self.zone)[1]
                kind = "range"
        except TimeRefused as bad:
            name = "month" if self.mapping.has("fiscal_year") else "when"
            raise RowBad(self._name(name), self._told(row, name), str(bad)) from None
        except OverflowError:
            raise RowBad(self._name("when"), self._told(row, "when"), "a time between the years 1 and 9999") from None
        if ended <= started:
            raise RowBad(self._name("until"), self._told(row, "until"), "a time after the start")
        return started, ended, kind

    def _where(self, row: dict, point, code: str | None, place: str | None):
        if point is not None:
            lon, lat = point
        else:
            lon, lat = self._degrees(row)
        if lon is None:
            spot = self.places.find(code, place)
            return (spot.lon, spot.lat, spot.precision_m) if spot else (None, None, None)
        if not -90 <= lat <= 90:
            swapped = "; latitude and longitude look swapped" if -90 <= lon <= 90 and -180 <= lat <= 180 else ""
            raise RowBad(self._name("lat"), lat, f"a latitude within ±90{swapped}")
        if not -180 <= lon <= 180:
            raise RowBad(self._name("lon"), lon, "a longitude within ±180")
        precision = self._number(row, "precision")
        if precision is not None:
            precision *= LENGTH[self.mapping.of("precision")[0].unit]
        return lon, lat, precision if precision is not None else self.mapping.precision_m

    def _degrees(self, row: dict) -> tuple[float | None, float | None]:
        names = ("x", "y") if self.mapping.has("x") else ("lon", "lat")
        if not self.mapping.has(names[0]):
            return None, None
        values = []
        for name in names:
            told = self._told(row, name)
            try:
                values.append(None if told is None else float(told))
            except ValueError:
                raise RowBad(self._name(name), told, "a number") from None
        a, b = values
        if (a is None) != (b is None):
            raise RowBad(self._name(names[a is not None]), None, "both coordinates, or none")
        if a is None:
            return None, None
        for name, value in zip(names, values):
            if not math.isfinite(value):
                raise RowBad(self._name(name), value, "a finite number")
        return self.to_degrees.transform(a, b) if names[0] == "x" else (a, b)

    def _agency(self, name: str | None) -> int | None:
        if name is None:
            return self.job.agency_id
        if name not in self.agencies:
            self.agencies[name] = self.job.agency(name)
        return self.agencies[name]

    def _identity(self, row: dict, point) -> bytes:
        """What makes two rows the same record: their mapped cells, numbers to DIGITS digits."""
        parts = [self.mapping.name]
        for column in self.mapping.columns:
            told = row.get(column.name) or ""
            if column.field in ("quantity", "lat", "lon", "x", "y", "precision", "events"):
                try:
                    told = f"{number(told.lstrip('-'), column.thousands, column.decimal) or 0:.{DIGITS}g}" + ("-" if told[:1] == "-" else "")
                except ValueError:
                    pass
            parts.append(told)
        if point is not None:
            parts.append(f"{point[0]:.7f},{point[1]:.7f}")
        return hashlib.sha256("\x1f".join(parts).encode()).digest()
