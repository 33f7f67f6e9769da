"""Hostile and broken files, through the true imports: cut off, something else than their name says, with values nobody can mean.

What the other tests of this folder refuse (AIS, GPX, imagery, GeoJSON's structure, single values) is not repeated here.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.feeds.hostile import HEAD, ROW, MOVED, KML, POINT, MOON, load, everything, refused, xlsx, parquet, geopackage, geojson, kml, kmz, csv


@pytest.mark.parametrize(("layer", "name"), [
    ("seizures", "a.csv"), ("seizures", "a.xlsx"), ("seizures", "a.parquet"), ("seizures", "a.geojson"), ("seizures", "a.gpkg"), ("seizures", "a.kml"),
    ("seizures", "a.kmz"), ("seizures", "a.zip"), ("tracks", "a.nmea"), ("tracks", "a.gpx"), ("tracks", "a.json"), ("imagery", "a.tiff"),
])
def test_a_file_without_a_byte(environment, tmp_path, layer, name):
    (tmp_path / name).touch()
    refused(layer, environment, tmp_path / name, "not empty")


def test_a_whole_workbook_is_read(environment, tmp_path):
    assert load("seizures", environment, xlsx(tmp_path / "a.xlsx")).stored == 50


@pytest.mark.parametrize(("make", "name", "words"), [
    (csv, "a.csv", "columns"), (xlsx, "a.xlsx", "unpacked"), (parquet, "a.parquet", "Parquet"), (geojson, "a.geojson", "JSON"),
    (geopackage, "a.gpkg", "can be read"), (kml, "a.kml", "well-formed"), (kmz, "a.kmz", "unpacked"),
], ids=lambda v: v if isinstance(v, str) and "." in v else "")
def test_a_file_that_was_cut_off(environment, tmp_path, make, name, words):
    path = make(tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2 + 7])
    refused("seizures", environment, path, words)


@pytest.mark.parametrize(("layer", "name", "content", "words"), [
    ("seizures", "a.xlsx", b"when,drug\n", "unpacked"), ("seizures", "a.parquet", b"PAR1 not", "Parquet"), ("seizures", "a.gpkg", b"SQLite format 3\x00" + b"\x01" * 4000, "read"),
    ("seizures", "a.kml", b"<html><body/></html>", "root element"), ("seizures", "a.kml", b"not xml", "well-formed"), ("seizures", "a.zip", b"PK no", "unpacked"),
    ("tracks", "a.geojson", b'{"type":"Topology","objects":{}}', "FeatureCollection"), ("tracks", "a.geojson", b'[{"type":"Feature"}]', "GeoJSON object"),
    ("tracks", "a.geojson", b'{"type":"FeatureCollection","features":[]}\n{"type":"FeatureCollection","features":[]}', "JSON"),
    ("tracks", "a.geojson", b'{"type":"FeatureCollection","features":[],"features":[]}', "one list of features"),
    ("tracks", "a.geojson", b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[NaN,1]},"properties":{}}]}', "JSON"),
    ("tracks", "a.kml", KML.format(body="<NetworkLink><Link><href>http://127.0.0.1:9/a.kml</href></Link></NetworkLink>", doctype="").encode(), "at least one point"),
    ("tracks", "a.kml", KML.format(body="<Folder>" * 5000 + "</Folder>" * 5000, doctype="").encode(), "nested"),
    ("tracks", "a.csv", b"\x7fELF\x02\x01\x01" + bytes(64), "NUL"), ("imagery", "a.png", b"\x89PNG\r\n\x1a\n", "expected one of .tif"),
    ("imagery", "a.tif", b'<VRTDataset rasterXSize="1" rasterYSize="1"/>', "GeoTIFF"),
    ("tracks", "a.vrt", b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>", "layout"),
])
def test_a_file_that_is_not_what_its_name_says(environment, tmp_path, layer, name, content, words):
    (tmp_path / name).write_bytes(content)
    refused(layer, environment, tmp_path / name, words)


@pytest.mark.parametrize("layer", ["seizures", "tracks"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_kml_with_a_doctype(environment, tmp_path, layer, encoding):
    bomb = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    refused(layer, environment, kml(tmp_path / "a.kml", POINT.replace(">a<", ">&b;<"), bomb, encoding), "DOCTYPE")


def test_kml_that_crashes_the_driver_we_never_use(environment, tmp_path):
    """A model beside a point ends a process that reads it by LIBKML with signal 11; here it is one refused placemark."""
    body = POINT + "<Placemark><name>b</name><MultiGeometry><Point><coordinates>1,2</coordinates></Point><Model/></MultiGeometry></Placemark>"
    report = load("tracks", environment, kml(tmp_path / "a.kml", body), keep_good=True)
    assert (report.read, report.stored, report.refused, report.error) == (2, 1, 1, None)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(("layer", "crs", "words"), [("seizures", None, "a CRS"), ("seizures", MOON, "CRS of the Earth"), ("tracks", MOON, "CRS of the Earth")])
def test_shapes_that_lie_nowhere_on_earth(environment, tmp_path, layer, crs, words):
    refused(layer, environment, geopackage(tmp_path / "a.gpkg", crs, rows=3), words)


@pytest.mark.parametrize(("crs", "words"), [("EPSG:999999", "m.toml: crs is 'EPSG:999999'"), ("EPSG:32614", "a.csv, line 2: n is '1e9', expected a latitude")])
def test_a_table_in_a_crs_that_does_not_fit(environment, tmp_path, crs, words):
    (tmp_path / "m.toml").write_text(f'layer = "tracks"\ncrs = "{crs}"\n[columns]\nid = "key"\nt = "time"\ne = "x"\nn = "y"\n')
    (tmp_path / "a.csv").write_text("id,t,e,n\na,2026-11-20T10:00:00Z,1e9,1e9\n")
    before = everything(environment)
    assert words in load("tracks", environment, tmp_path / "a.csv", mapping=tmp_path / "m.toml").error
    assert everything(environment) == before


@pytest.mark.parametrize(("layer", "text", "line"), [("seizures", f"{HEAD}\n{ROW}\n" + ROW.replace("cocaine", "coca\xefna"), 3), ("tracks", MOVED.replace("V-1", "\xd1-1"), 2)])
def test_a_table_that_is_not_utf_8(environment, tmp_path, layer, text, line):
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    refused(layer, environment, tmp_path / "a.csv", f"line {line}", "UTF-8", "encoding")


@pytest.mark.parametrize(("name", "make"), [("a.geojson", geojson), ("a.kml", kml)])
def test_shapes_that_are_not_utf_8(environment, tmp_path, name, make):
    path = make(tmp_path / name)
    path.write_bytes(path.read_bytes().replace(b"cocaine" if name == "a.geojson" else b">a<", b">\xf1<"))
    refused("seizures", environment, path)


def features(path: Path, *changes: dict) -> Path:
    """Good features, each changed in one thing."""
    geojson(path, rows=len(changes))
    told = json.loads(path.read_text())
    for n, (feature, change) in enumerate(zip(told["features"], changes)):
        feature["properties"] |= {"id": str(n), **change.get("properties", {})}
        feature.update({k: v for k, v in change.items() if k != "properties"})
    told["features"] = [None if c.get("null") else f for f, c in zip(told["features"], changes)]
    path.write_text(json.dumps(told))
    return path


BAD = {
    "a feature is null": ({"null": True}, "a Feature"), "no zone": ({"properties": {"when": "2026-11-20 10:00"}}, "zone"),
    "a date alone": ({"properties": {"when": "2026-11-20"}}, "zone"), "negative": ({"properties": {"quantity": -2}}, "0 or more"),
    "nan": ({"properties": {"quantity": "NaN"}}, "0 or more"), "one id twice": ({"properties": {"id": "0", "drug": "heroin"}}, "each id once"),
    "beyond": ({"geometry": {"type": "Point", "coordinates": [26, -97.5]}}, "latitude within ±90"),
    "text": ({"geometry": {"type": "Point", "coordinates": ["x", 2]}}, "numbers"), "a circle": ({"geometry": {"type": "Circle"}}, "one of Point"),
    "an open ring": ({"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}}, "last is the first"),
    "an empty position": ({"geometry": {"type": "Point", "coordinates": []}}, "position"), "type": ({"type": "feature"}, "a Feature"),
}


def test_every_feature_is_a_row_or_refused(environment, tmp_path):
    """GDAL reads fewer of these, or other ones, and says nothing."""
    path = features(tmp_path / "a.geojson", {}, *(change for change, _ in BAD.values()), {})
    refused("seizures", environment, path, "line 2")
    report = load("seizures", environment, path, keep_good=True)
    assert (report.read, report.stored, report.refused) == (len(BAD) + 2, 2, len(BAD))
    told = {int(r.split(",")[1]): r for r in Path(report.rejects).read_text().splitlines()[1:]}
    assert sorted(told) == list(range(2, len(BAD) + 2))
    for line, (name, (_, words)) in enumerate(BAD.items(), 2):
        assert words in told[line], (name, told[line])


def test_names_are_text_and_a_spreadsheet_runs_none(environment, tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEAD},found\n{ROW},\"=cmd|'/c calc'!A0\"\n")
    report = load("seizures", environment, tmp_path / "a.csv", keep_good=True)
    assert report.refused == 1 and "'=cmd" in Path(report.rejects).read_text()


def test_a_nul_far_into_a_table_names_its_line(environment, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(MOVED + "V-1,vehicle,2026-11-20T10:00:00Z,26.0,-97.5\n" * 3000 + "V\0-2,vehicle,2026-11-20T10:00:00Z,26.0,-97.5\n")
    refused("tracks", environment, path, "line 3003", "NUL")


def test_a_line_without_an_end_is_said(environment, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(MOVED + "x" * (20 << 20))
    refused("tracks", environment, path, "lines of at most 8 MB")


@pytest.mark.parametrize("events", ["0", "1.5", "2000000000", "99999999999999"])
def test_a_count_of_events_is_a_count(environment, tmp_path, events):
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD},events\n{ROW},{events}\n")
    refused("seizures", environment, path, "line 2", f"events is '{events}'", "1 to 1,000,000,000")


def test_text_in_another_encoding_is_told_to_be_named(environment, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEAD}\n{ROW}\n".encode("utf-16"))
    refused("seizures", environment, path, "[csv] encoding of a mapping")
