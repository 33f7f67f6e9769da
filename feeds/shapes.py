"""Shapes from outside (GeoJSON, GeoPackage, KML, zipped shapefiles), as tables with a geometry column.

Such a file is opened by the one-shot worker only; what comes back is its clean Parquet copy in EPSG:4326, with as many
rows as the file has features, and a list of those that are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import shapely

from errors import FileRefused, Refusal
from feeds.mapping import Mapping, load, recognise

SUFFIXES = (".geojson", ".json", ".gpkg", ".kml", ".kmz", ".zip", ".shp")
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
    refused: list[Refusal]

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """(number of the first feature, batch) where the features of a batch follow each other."""
        for batch in self.clean.to_batches(max_chunksize=100_000):
            numbers = batch.column(batch.schema.get_field_index(ROW)).to_numpy()
            batch = batch.drop_columns([ROW])
            breaks = [0, *(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), batch.num_rows]
            for start, end in zip(breaks, breaks[1:]):
                if end > start:
                    yield int(numbers[start]), batch.slice(start, end - start)


def open_shapes(path: Path, layers: tuple[str, ...], mapping: Path | None) -> Shapes:
    """A file of shapes with the mapping told, or known by its properties. Raises FileRefused."""
    from feeds import worker  # loads the sandbox, which CSV imports do not need

    clean, refused = worker.read_vector(path)
    header = [n for n in clean.schema.names if n != ROW]
    found = load(mapping, placed=True) if mapping else recognise(layers, header)
    if found is None and refused:
        raise FileRefused(refused[0])  # no feature is whole, so none tells a layout
    if found is None or found.layer not in layers:
        raise FileRefused(Refusal(path.name, None, "properties", ",".join(n for n in header if n != GEOMETRY),
                                  "a known layout (docs/formats.md), or --mapping"))
    if mapping:
        check_columns(path, header, found)
    return Shapes(path, header, found, path.suffix.lstrip(".").lower(), clean, refused)


def check_columns(path: Path, header: list[str], mapping: Mapping) -> None:
    """A mapping somebody wrote for a file must fit it. Raises FileRefused."""
    if missing := [c.name for c in mapping.columns if c.name not in header]:
        raise FileRefused(Refusal(path.name, None, "properties", ",".join(header),
                                  f"the properties {', '.join(missing)} of the mapping {mapping.name}"))


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
