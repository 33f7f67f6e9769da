"""One part of many rows as GeoParquet 1.1, and what is told of all parts: for analyses past one machine, and any program that reads GeoParquet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from exports.about import About

MANIFEST = "manifest.json"
POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])  # WKB, 21 bytes


def name(number: int) -> str:
    """As feeds/parts.py looks for them."""
    return f"points-{number:05d}.parquet"


def write(table: pa.Table, path: Path, about: About) -> str:
    """Write a table with columns lon and lat (degrees, EPSG:4326), which become points; the file's sha256."""
    lon, lat = (table.column(c).to_numpy() for c in ("lon", "lat"))
    points = np.empty(len(lon), POINT)
    points["order"], points["kind"], points["x"], points["y"] = 1, 1, lon, lat
    ends = pa.py_buffer(np.arange(len(lon) + 1, dtype=np.int32) * POINT.itemsize)
    shapes = pa.Array.from_buffers(pa.binary(), len(lon), [None, ends, pa.py_buffer(points)])
    kept = table.drop_columns(["lon", "lat"]).append_column("geometry", shapes)
    bbox = [float(x) for x in (lon.min(), lat.min(), lon.max(), lat.max())]
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"], "bbox": bbox}}}
    kept = kept.replace_schema_metadata({"geo": json.dumps(geo), "vigia": json.dumps({"about": about.lines()}, ensure_ascii=False)})
    texts = [field.name for field in kept.schema if pa.types.is_string(field.type)]
    pa.parquet.write_table(kept, path, compression="zstd", compression_level=1, use_dictionary=texts, row_group_size=len(lon), write_statistics=False)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest(about: About, **told: object) -> dict:
    """What is told of all parts: world, filter, marking, when made, and what the caller adds (of what, how many, each part's name, rows and hash)."""
    return {"world": about.world, "filter": about.filter, "marking": about.marking, "made_at": f"{about.made_at:%Y-%m-%dT%H:%M:%SZ}", "about": about.lines(), **told}


def words(told: Mapping) -> bytes:
    """A manifest as a file, and as what a signature is over: JSON with its keys in order."""
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).encode()
