"""Files that are broken or mean harm, and what is asserted of each: refused for a reason that names what is wrong, nothing half-stored."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import shapely

from feeds.imports import ImportOptions, import_files
from settings import store

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
