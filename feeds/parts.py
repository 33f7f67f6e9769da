"""A folder of points in parts `points-*.parquet`: written by programs past one machine, each opened as any file is, or by this installation, and proven to be.

`vigia analyse dump` writes a manifest with the hash of each part and signs it. A part whose bytes are those of a manifest we signed is no input from outside: it is
read here, of the very bytes that were hashed. Any other is opened by the one-shot process, and so is every part of a folder whose manifest is missing or not ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from data import manifests
from errors import FileRefused, PointsRefused, Refusal
from feeds import points

PATTERN = "points-*.parquet"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
ROWS_MOST = 1_000_000  # of a part: what is held at once
BYTES_MOST = 1 << 30
MANIFEST_MOST = 64 << 20
WKB_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])


@dataclass(frozen=True)
class Part:
    """A part, and its sha256 where a manifest of ours tells it."""

    path: Path
    sha256: str | None = None


@dataclass(frozen=True)
class Folder:
    """The parts by name, and what their manifest tells where it is ours."""

    parts: list[Part]
    told: Mapping = field(default_factory=lambda: MappingProxyType({}))


def opened(folder: Path, key_file: Path | None = None) -> Folder:
    """What lies in a folder; `key_file` is the installation's. Raises FileRefused where there is no part, or parts are not those of a manifest of ours."""
    found = sorted(p.resolve() for p in folder.glob(PATTERN) if p.is_file())
    if not found:
        raise FileRefused(Refusal(folder.name, None, None, None, f"at least one part {PATTERN} in the folder"))
    told = _manifest(folder, key_file) if key_file is not None else None
    if told is None:
        return Folder([Part(path) for path in found])
    hashes = {row["name"]: row["sha256"] for row in told["parts"]}
    if wrong := sorted(set(hashes) ^ {path.name for path in found}):
        raise FileRefused(Refusal(folder.name, None, "parts", wrong[0], f"the {len(hashes):,} parts of its manifest and no other ({len(wrong):,} are too many or missing)"))
    return Folder([Part(path, hashes[path.name]) for path in found], told)


def _manifest(folder: Path, key_file: Path) -> dict | None:
    """The manifest where this installation signed it. Before that it is bytes that nobody looks into."""
    try:
        if (folder / MANIFEST).stat().st_size > MANIFEST_MOST or (folder / SIGNATURE).stat().st_size > 1_000:
            return None
        words, signature = (folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes()
    except FileNotFoundError:
        return None
    return json.loads(words) if manifests.ours(words, signature, key_file) else None


def read(part: Part) -> pd.DataFrame:
    """The points of a part. Raises FileRefused and PointsRefused with its name."""
    frame = points.read(part.path) if part.sha256 is None else _proven(part)
    if len(frame) > ROWS_MOST:
        raise PointsRefused(f"{part.path.name} has {len(frame):,} rows, and a part has at most {ROWS_MOST:,}, which are held at once: write smaller parts")
    return frame


def _proven(part: Part) -> pd.DataFrame:
    """Of the bytes that were hashed: nobody can change them in between."""
    size = part.path.stat().st_size
    body = part.path.read_bytes() if size <= BYTES_MOST else b""
    if hashlib.sha256(body).hexdigest() != part.sha256:
        raise FileRefused(Refusal(part.path.name, None, "sha256", None, "the part that its manifest tells: it was changed after it was written"))
    table = pa.parquet.read_table(pa.BufferReader(body))
    at = np.frombuffer(table.column("geometry").combine_chunks().buffers()[2], WKB_POINT, table.num_rows)
    frame = points.columns(table.drop_columns(["geometry"]).replace_schema_metadata(None).to_pandas())
    return frame.assign(lon=at["x"], lat=at["y"])
