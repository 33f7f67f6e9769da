"""Shapes from outside (GeoJSON, GeoPackage, KML, GPX), as tables with a geometry column.

Such a file is opened by the one-shot worker only; what comes back is its clean Parquet copy in EPSG:4326, with as many
rows as the file has features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import shapely

from errors import FileRefused, Refusal
from feeds.mapping import Mapping, load, recognise

SUFFIXES = (".geojson", ".json", ".gpkg", ".kml", ".kmz")
GEOMETRY = "geometry"
ROW = "row"


@dataclass
class Shapes:
    """A file of shapes with its mapping; `batches` as of feeds.tables.Table."""

    path: Path
    header: list[str]
    mapping: Mapping
    format: str
    clean: pa.Table

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        line = 1  # features are counted from 1
        for batch in self.clean.to_batches(max_chunksize=100_000):
            yield line, batch
            line += batch.num_rows


def open_shapes(path: Path, layers: tuple[str, ...], mapping: Path | None) -> Shapes:
    """A file of shapes with the mapping told, or known by its properties. Raises FileRefused."""
    from feeds import worker  # loads the sandbox, which CSV imports do not need

    clean = worker.read_vector(path)
    header = [n for n in clean.schema.names if n != ROW]
    found = load(mapping) if mapping else recognise(layers, header)
    if found is None or found.layer not in layers:
        raise FileRefused(Refusal(path.name, None, "properties", ",".join(header), "a known layout (docs/formats.md), or --mapping"))
    return Shapes(path, header, found, path.suffix.lstrip(".").lower(), clean.drop_columns([ROW]) if ROW in clean.schema.names else clean)


def points(batch: pa.RecordBatch) -> list[tuple[float, float] | None]:
    """The points of a batch: longitude, latitude; another shape gives its inner point, none gives none."""
    shapes = shapely.from_wkb(batch.column(batch.schema.get_field_index(GEOMETRY)).to_pylist())
    out: list[tuple[float, float] | None] = []
    for shape in shapes:
        if shape is None or shape.is_empty:
            out.append(None)
            continue
        point = shape if shape.geom_type == "Point" else shape.representative_point()
        out.append((point.x, point.y))
    return out
