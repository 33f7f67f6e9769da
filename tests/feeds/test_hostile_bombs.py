"""Files that are small and become large: zips that unpack to far more, rings, headers and columns without an end."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.feeds.hostile import HEAD, ROW, refused, workbook, kml


def packed_bomb(path: Path, name: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open(name, "w") as entry:
        for _ in range(40):
            entry.write(bytes(1 << 20))
    return path


@pytest.mark.parametrize(("layer", "name", "entry"), [
    ("seizures", "a.xlsx", "xl/worksheets/sheet1.xml"), ("seizures", "a.kmz", "doc.kml"), ("tracks", "a.kmz", "doc.kml"), ("tracks", "a.zip", "a.shp"),
    ("tracks", "a.xlsx", "xl/sharedStrings.xml"),
])
def test_a_zip_that_unpacks_to_far_more(environment, tmp_path, layer, name, entry):
    refused(layer, environment, packed_bomb(tmp_path / name, entry), "100 times its size")


def test_a_zip_of_a_thousand_entries(environment, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as out:
        for n in range(1_001):
            out.writestr(f"{n}.txt", "")
    refused("tracks", environment, tmp_path / "a.kmz", "1,000 entries")


def test_a_zip_that_lies_about_its_sizes(environment, tmp_path):
    path = packed_bomb(tmp_path / "a.kmz", "doc.kml")
    raw = path.read_bytes()
    path.write_bytes(raw.replace((40 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    refused("tracks", environment, path)


@pytest.mark.parametrize("layer", ["seizures", "tracks"])
def test_a_ring_of_a_million_vertices(environment, tmp_path, layer):
    ring = " ".join(f"{i / 1e7},0" for i in range(1_000_001))
    body = f"<Placemark><name>a</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    refused(layer, environment, kml(tmp_path / "a.kml", body), "1,000,000 vertices", "1,000,001")


def wide(path: Path, columns: int) -> Path:
    names = [*HEAD.split(","), *(f"c{i}" for i in range(columns))]
    cells = [*ROW.split(","), *["1"] * columns]
    if path.suffix == ".geojson":
        told = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-97.5, 26.0]}, "properties": dict(zip(names, cells))}
        path.write_text(json.dumps(told))
    elif path.suffix == ".parquet":
        pa.parquet.write_table(pa.table({n: [c] for n, c in zip(names, cells)}), path)
    elif path.suffix == ".xlsx":
        workbook(path, [names, cells])
    else:
        path.write_text(f"{','.join(names)}\n{','.join(cells)}\n")
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx", "a.geojson"])
def test_five_thousand_columns(environment, tmp_path, name):
    refused("seizures", environment, wide(tmp_path / name, 5_000), "at most 1,000")


def test_a_header_without_an_end(environment, tmp_path):
    refused("seizures", environment, wide(tmp_path / "a.csv", 20_000), "at most 64 kB")
