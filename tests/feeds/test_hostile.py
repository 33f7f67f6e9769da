"""Hostile and broken files, through the true imports: refused with a reason that names what is wrong, nothing half-stored.

What the other tests of this folder refuse (AIS, GPX, imagery, GeoJSON's structure, single values) is not repeated here.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import pytest
import shapely

from errors import SettingsInvalid
from feeds.imports import ImportOptions, check, import_files, summary
from settings import ROOT, store

HEAD = "when,lat,lon,drug,quantity,unit"
ROW = "2026-11-20T10:00:00Z,26.0,-97.5,cocaine,2,kg"
MOVED = "tag_id,kind,time_utc,lat,lon\nV-1,vehicle,2026-11-20T10:00:00Z,26.0,-97.5\n"
TABLES = ("source", "agency", "track", "fix", "segment", "cover", "flow", "latest_fix", "reader", "sortie", "image", "seizure", "data_state")
KML = ('<?xml version="1.0"?>{doctype}<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>'
       "{body}</Document></kml>")
POINT = "<Placemark><name>a</name><TimeStamp><when>2026-11-20T10:00:00Z</when></TimeStamp><Point><coordinates>-97.5,26</coordinates></Point></Placemark>"
MOON = 'GEOGCS["Moon",DATUM["D",SPHEROID["S",1737400,0]],PRIMEM["P",0],UNIT["degree",0.0174532925199433]]'


def load(layer: str, database, path: Path, **options):
    (report,) = import_files(layer, [path], ImportOptions(**{"kind": "vehicle", **options}), lambda *_: None, owner_url=database.owner_url)
    return report


def everything(database) -> dict[str, int]:
    """Rows of every table that an import writes, and files of the installation."""
    with database.connect() as connection:
        rows = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES}
    return rows | {"files": sum(p.is_file() for p in store().home.rglob("*")) if store().home.exists() else 0}


def refused(layer: str, database, path: Path, *words: str) -> None:
    """Assert that a file is refused for this reason and leaves everything as it was."""
    before = everything(database)
    report = load(layer, database, path)
    assert report.error and all(w in report.error for w in (path.name, *words)), report.error
    assert (report.stored, report.already) == (0, 0)
    assert everything(database) == before


# -- files that end too soon -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer", "name"), [
    ("seizures", "a.csv"), ("seizures", "a.xlsx"), ("seizures", "a.parquet"), ("seizures", "a.geojson"), ("seizures", "a.gpkg"), ("seizures", "a.kml"),
    ("seizures", "a.kmz"), ("seizures", "a.zip"), ("tracks", "a.nmea"), ("tracks", "a.gpx"), ("tracks", "a.json"), ("imagery", "a.tiff"),
])
def test_a_file_without_a_byte(environment, tmp_path, layer, name):
    (tmp_path / name).touch()
    refused(layer, environment, tmp_path / name, "not empty")


def workbook(path: Path, rows: list[list[str]]) -> Path:
    """The smallest workbook there is: one sheet of text."""
    types, main, links = ("http://schemas.openxmlformats.org/package/2006/content-types", "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                          "http://schemas.openxmlformats.org/package/2006/relationships")
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    cells = "".join("<row>" + "".join(f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row) + "</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels":
            f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in parts.items():
            out.writestr(name, text)
    return path


def xlsx(path: Path, rows: int = 50) -> Path:
    return workbook(path, [HEAD.split(","), *[ROW.split(",")] * rows])


def test_a_whole_workbook_is_read(environment, tmp_path):
    assert load("seizures", environment, xlsx(tmp_path / "a.xlsx")).stored == 50


def parquet(path: Path) -> Path:
    pa.parquet.write_table(pa.table({name: [cell] * 5000 for name, cell in zip(HEAD.split(","), ROW.split(","))}), path)
    return path


def geopackage(path: Path, crs: str | None = "EPSG:4326", rows: int = 1000) -> Path:
    shapes = shapely.to_wkb(shapely.points(np.linspace(-97, -96, rows), np.full(rows, 26.0)))
    fields = [np.array([cell] * rows, object) for cell in ROW.split(",")]
    pyogrio.raw.write(path, shapes, fields, HEAD.split(","), driver="GPKG", crs=crs, geometry_type="Point")
    return path


def geojson(path: Path, rows: int = 50) -> Path:
    told = dict(zip(HEAD.split(","), ROW.split(",")))
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-97.5, 26.0]}, "properties": told}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature] * rows}))
    return path


def kml(path: Path, body: str = POINT * 50, doctype: str = "", encoding: str = "utf-8") -> Path:
    path.write_bytes(KML.format(body=body, doctype=doctype).encode(encoding))
    return path


def kmz(path: Path, text: bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("doc.kml", text or KML.format(body=POINT * 50, doctype=""))
    return path


def csv(path: Path) -> Path:
    path.write_text(HEAD + "\n" + (ROW + "\n") * 50)
    return path


@pytest.mark.parametrize(("make", "name", "words"), [
    (csv, "a.csv", "columns"), (xlsx, "a.xlsx", "unpacked"), (parquet, "a.parquet", "Parquet"), (geojson, "a.geojson", "JSON"),
    (geopackage, "a.gpkg", "can be read"), (kml, "a.kml", "well-formed"), (kmz, "a.kmz", "unpacked"),
], ids=lambda v: v if isinstance(v, str) and "." in v else "")
def test_a_file_that_was_cut_off(environment, tmp_path, make, name, words):
    path = make(tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2 + 7])
    refused("seizures", environment, path, words)


# -- files that are something else ---------------------------------------------------------------------------------------


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


# -- CRS -----------------------------------------------------------------------------------------------------------------


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


# -- bombs ---------------------------------------------------------------------------------------------------------------


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


# -- values --------------------------------------------------------------------------------------------------------------


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


# -- the command ---------------------------------------------------------------------------------------------------------


def test_the_command_tells_each_file_and_ends_with_1(environment, tmp_path):
    good, bad = csv(tmp_path / "good.csv"), tmp_path / "bad.csv"
    bad.write_text(f"{HEAD}\n{ROW}\n{ROW.replace(',2,', ',-2,')}\n")

    def vigia(*words: str) -> tuple[int, list[dict]]:
        done = subprocess.run([sys.executable, ROOT / "cli.py", "import", "seizures", "--json", *words], cwd=tmp_path, env=dict(os.environ),
                              capture_output=True, text=True, timeout=300)
        return done.returncode, json.loads(done.stdout)

    code, told = vigia(str(bad), str(good))
    assert code == 1 and [t["stored"] for t in told] == [0, 50]
    assert "bad.csv, line 3: quantity is '-2'" in told[0]["error"] and told[1]["error"] is None
    code, told = vigia(str(bad), "--keep-good")
    assert code == 0 and (told[0]["read"], told[0]["stored"] + told[0]["already"], told[0]["refused"]) == (2, 1, 1)
    assert Path(told[0]["rejects"]).read_text().splitlines() == ["file,line,field,value,expected", 'bad.csv,3,quantity,\'-2,"a number, 0 or more"']


# -- names, and what steers a terminal -----------------------------------------------------------------------------------


def test_what_a_file_tells_never_steers_a_terminal(environment, tmp_path):
    path = tmp_path / "a\x1b[31m\nb.csv"
    path.write_text(f"{HEAD}\n2026-11-20T10:00:00Z,\x1b]0;owned\x07,1,cocaine,2,kg\n")
    report = load("seizures", environment, path)
    assert r"a\x1b[31m\nb.csv, line 2: lat is " in report.error and "\\x1b]0;owned" in report.error and report.error.isprintable()
    path.write_text(f"{HEAD}\n{ROW}\n")
    assert summary([load("seizures", environment, path)]).isprintable()


@pytest.mark.parametrize(("name", "says"), [
    ("x" * 300 + ".csv", "File name too long"), (os.fsdecode(b"bad\xff.csv"), "a name in UTF-8"), ("folder.csv", "a file, not a folder"),
    ("pipe.csv", "expected a file;"), ("nowhere.csv", "a file that exists"),
])
def test_what_is_no_file_is_said(environment, tmp_path, name, says):
    path = tmp_path / name
    if name == "folder.csv":
        path.mkdir()
    elif name == "pipe.csv":
        os.mkfifo(path)
    elif len(name) < 100 and name != "nowhere.csv":
        path.write_text(f"{HEAD}\n{ROW}\n")
    told = summary([load("seizures", environment, path)])
    assert says in told and told.isprintable()


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


@pytest.mark.parametrize(("name", "value"), [("date", "yesterday"), ("captured_at", "noon"), ("zone", "Mars/X"), ("kind", "ship")])
def test_an_option_that_cannot_be_is_refused_before_any_file(name, value):
    with pytest.raises(SettingsInvalid, match=value):
        check(ImportOptions(**{name: value}))


def test_a_full_disk_leaves_no_half_of_a_file(environment, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(MOVED + "V-1,vehicle,2026-11-20T10:00:00Z,26.0,-97.5\n" * 3000)
    before = everything(environment)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as on a full disk the write fails
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        with pytest.raises(OSError, match="too large"):
            load("tracks", environment, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert everything(environment) == before
    assert load("tracks", environment, path).read == 3001
