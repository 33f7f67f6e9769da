"""Movements from GeoJSON, KML, KMZ, GeoPackage and zipped shapefiles: points with a time, or lines with a time for each vertex.

Where and when come from the shape; who and what from its properties, by a mapping, a known layout, or the names below.
A row is a point or a vertex; its line is the feature's number in the file.
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from data.fixes import FixWriter
from errors import FileRefused, Refusal
from feeds import worker
from feeds.imports import Job
from feeds.mapping import Column, Mapping, load, recognise
from feeds.shapes import check_columns
from feeds.track_tables import TableReader

ROWS = 100_000
# Properties that are known without a mapping, by field; the first that a file has is taken. Case does not matter.
KNOWN: dict[str, tuple[str, ...]] = {
    "key": ("track", "track_id", "trackid", "tag_id", "mmsi", "vehicle_id", "device_id", "device", "tracker", "asset_id", "trajectory_id",
            "name"),
    "time": ("time", "time_utc", "timestamp", "datetime", "date_time", "observed_at", "when"),
    "kind": ("kind",), "name": ("name",), "agency": ("agency",), "speed": ("speed_mps", "speed_kmh", "speed_kn"),
    "course": ("course_deg", "course", "cog", "bearing"), "heading": ("heading_deg", "heading"), "accuracy": ("accuracy_m",),
}
UNITS = {"speed_mps": "mps", "speed_kmh": "kmh", "speed_kn": "kn", "accuracy_m": "m"}
PREFIXES = {"mmsi": "mmsi:", "tag_id": "tag:", "name": "name:"}
# Of these the shape tells, whatever a mapping says.
OF_THE_SHAPE = ("lat", "lon", "x", "y", "reader", "altitude")
PLACED = (Column("longitude", "lon"), Column("latitude", "lat"), Column("altitude", "altitude", unit="m"))


def run(job: Job) -> None:
    """Fixes of a file of shapes."""
    table, refused = worker.read_vector(job.path, "movements.read")
    properties = [n for n in table.column_names if not n.startswith("@")]
    mapping = _mapping(job, properties)
    job.describe_source(job.path.suffix.lstrip(".").lower(), mapping.name)
    for bad in refused:
        job.report.read += 1
        job.refuse(bad.line, bad.field, bad.value, bad.expected)
    if not table.num_rows and not refused:
        job.refuse_file("at least one point with a time, or line with a time for each vertex")
    along = pc.greater(table["@vertex"], 0)
    with job.fixes() as writer:
        _put(job, writer, table.filter(pc.invert(along)), mapping)
        _put(job, writer, table.filter(along), _of_lines(mapping))
    job.account(writer)
    job.progress(f"Movements, {job.path.name}", job.report.read, job.report.read)


def _mapping(job: Job, properties: list[str]) -> Mapping:
    """What the properties mean: told, a known layout, or by their names. Raises FileRefused."""
    if job.options.mapping:
        told = load(job.options.mapping, placed=True)
        if told.layer != "tracks":
            raise FileRefused(Refusal(job.options.mapping.name, None, "layer", told.layer, "tracks"))
        found = replace(told, columns=tuple(c for c in told.columns if c.field not in OF_THE_SHAPE))
        check_columns(job.path, properties, found)
    else:
        layout = recognise(("tracks",), [*properties, "lat", "lon"])
        found = _by_name(properties) if layout is None else replace(layout, columns=tuple(
            c for c in layout.columns if c.field not in OF_THE_SHAPE and c.name in properties))
    return replace(found, columns=(*found.columns, *PLACED), crs=None)


def _by_name(properties: list[str]) -> Mapping:
    there = {p.casefold(): p for p in reversed(properties)}
    columns, prefix = [], "track:"
    for field, names in KNOWN.items():
        name = next((n for n in names if n in there), None)
        if name is None:
            continue
        columns.append(Column(there[name], field, unit=UNITS.get(name)))
        if field == "key":
            prefix = PREFIXES.get(name, prefix)
    return Mapping(name="properties", layer="tracks", columns=tuple(columns), key_prefix=prefix)


def _of_lines(mapping: Mapping) -> Mapping:
    """The vertices of lines bring their own times, each with its zone or none."""
    columns = tuple(c for c in mapping.columns if c.field != "time")
    return replace(mapping, columns=(*columns, Column("times", "time")))


def _put(job: Job, writer: FixWriter, table: pa.Table, mapping: Mapping) -> None:
    if not table.num_rows:
        return
    lines = mapping.columns[-1].name == "times"
    if not mapping.of("time"):
        job.refuse_file(f"a time: one of the properties {', '.join(KNOWN['time'])}, or --mapping", "properties", _shown(table))
    if not mapping.has("key") and not lines:
        job.refuse_file(f"what tells tracks apart: one of the properties {', '.join(KNOWN['key'])}, or --mapping", "properties", _shown(table))
    # Our own columns in words that a refusal may show; a property of the same name that nobody mapped gives way.
    columns = {c.name: table[c.name] for c in mapping.columns if c.name in table.column_names}
    columns |= {"longitude": table["@lon"], "latitude": table["@lat"], "altitude": table["@altitude"]}
    if lines:
        columns["times"] = table["@time"]
        if not mapping.has("key"):
            mapping = replace(mapping, columns=(Column("track", "key"), *mapping.columns))
        if len(key := mapping.of("key")) == 1:
            # A line without a name is known by when and where it begins, so one ride in two files is one track.
            told = columns.get(key[0].name)
            columns[key[0].name] = table["@begins"] if told is None else pc.coalesce(told, table["@begins"])
    reader = TableReader(job, mapping, list(columns), writer)
    for start in range(0, table.num_rows, ROWS):
        piece = pa.table(columns).slice(start, ROWS).combine_chunks()
        reader.put(table["@row"].slice(start, ROWS).to_numpy(), piece.to_batches()[0], table["@vertex"].slice(start, ROWS).to_numpy())
        job.progress(f"Movements, {job.path.name}", start, table.num_rows)


def _shown(table: pa.Table) -> str:
    return ",".join(n for n in table.column_names if not n.startswith("@"))
