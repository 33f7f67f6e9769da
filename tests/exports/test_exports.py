"""Exports: each format read back by somebody else's reader, with nothing lost, run or fetched."""

from __future__ import annotations

import csv as rows
import io
import json
import re
from datetime import datetime, timezone

import geopandas
import pandas as pd
import pyogrio
import pytest
import shapely

from exports import FORMATS, About

EVIL = "<img src=x onerror=alert(1)>"
AT = pd.Timestamp("2026-11-24T14:32:00Z")


def frames() -> dict[str, geopandas.GeoDataFrame]:
    seizures = geopandas.GeoDataFrame(
        {"id": [1, 2, 3], "started_at": [AT] * 3, "drug": ["cocaine", "heroin", "other"], "kg": [2.5, None, 1200.0],
         "place": ["=HYPERLINK(1)", "Ñandú", EVIL], "agency": [EVIL, None, "A"], "marking": ["TLP:AMBER"] * 3},
        geometry=[shapely.Point(-97.5, 25.9), None, shapely.Point(-97.6, 26.0)], crs=4326)
    tracks = geopandas.GeoDataFrame(
        {"id": [7], "key": ["mmsi:799000014"], "kind": ["vessel"], "name": [EVIL], "first_at": [AT], "last_at": [AT], "fixes": [3], "length_m": [12.5]},
        geometry=[shapely.MultiLineString([[(-97, 26), (-97.1, 26.1)], [(-97.2, 26), (-97.3, 26)]])], crs=4326)
    images = geopandas.GeoDataFrame({"id": [9], "name": ["S </script>"], "captured_at": [AT], "gsd_m": [0.08]},
                                    geometry=[shapely.MultiPolygon([shapely.box(-97.5, 25.9, -97.4, 26)])], crs=4326)
    return {"seizures": seizures, "tracks": tracks, "images": images}


def about(world: str = "exercise") -> About:
    return About(world, "world=exercise&drug=cocaine", "TLP:AMBER", datetime(2026, 11, 24, 15, tzinfo=timezone.utc), ("GSHHG",))


def written(format: str, world: str = "exercise") -> bytes:
    return FORMATS[format][0](frames(), about(world))


def test_geojson_is_read_by_gdal(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_bytes(written("geojson"))
    told = json.loads(path.read_text())
    assert told["about"][0].startswith("EXERCISE")
    assert [f["properties"]["layer"] for f in told["features"]] == ["seizures"] * 3 + ["tracks", "images"]
    assert told["features"][1]["geometry"] is None
    assert len(pyogrio.read_dataframe(path)) == 5


def test_csv_keeps_rows_and_runs_no_formula():
    text = written("csv").decode("utf-8-sig")
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    found = list(rows.DictReader(io.StringIO("\n".join(lines))))
    assert len(found) == 5
    assert found[0]["place"] == "'=HYPERLINK(1)" and float(found[0]["lon"]) == -97.5 and found[3]["wkt"].startswith("MULTILINESTRING")
    assert not any(cell[:1] in "=+@" for row in found for cell in row.values() if cell)
    assert text.startswith("# EXERCISE")


def test_geopackage_is_read_by_gdal(tmp_path):
    path = tmp_path / "a.gpkg"
    path.write_bytes(written("gpkg"))
    layers = {name: len(pyogrio.read_dataframe(path, layer=name)) for name, _ in pyogrio.list_layers(path)}
    assert layers == {"seizures": 3, "tracks": 1, "images": 1, "EXERCISE": 4}
    seizures = pyogrio.read_dataframe(path, layer="seizures")
    assert seizures.geometry.isna().sum() == 1 and seizures.crs.to_epsg() == 4326


def test_the_briefing_fetches_nothing_and_runs_no_name():
    page = written("briefing").decode()
    assert "EXERCISE" in page and "TLP:AMBER" in page
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page) == []
    assert "url(http" not in page and "@import" not in page
    assert EVIL not in page


def test_live_exports_do_not_say_exercise():
    for format in FORMATS:
        assert b"EXERCISE" not in written(format, "live"), format


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_to_show_is_still_a_file(format):
    empty = {name: geopandas.GeoDataFrame({"id": pd.Series([], dtype="int64")}, geometry=[], crs=4326) for name in ("seizures", "tracks", "images")}
    assert FORMATS[format][0](empty, about())


def test_kml_is_read_by_gdal(tmp_path):
    path = tmp_path / "a.kml"
    path.write_bytes(written("kml"))
    layers = {name: pyogrio.read_dataframe(path, layer=name) for name, _ in pyogrio.list_layers(path)}
    # GDAL reads no placemark without a place; the file has it.
    assert {name: len(f) for name, f in layers.items()} == {"Seizures": 2, "Movements": 1, "Images": 1} and path.read_text().count("<Placemark>") == 5
    seizures = layers["Seizures"]
    assert seizures.geometry.iloc[0].equals(shapely.Point(-97.5, 25.9)) and list(seizures.Name) == ["cocaine, =HYPERLINK(1)", f"other, {EVIL}"]
    assert layers["Movements"].geometry.iloc[0].equals(frames()["tracks"].geometry.iloc[0]) and layers["Images"].geometry.iloc[0].equals(frames()["images"].geometry.iloc[0].geoms[0])
    text = path.read_text()
    assert "EXERCISE" in text and "Marking: TLP:AMBER" in text and EVIL not in text
    assert "<when>2026-11-24T14:32:00Z</when>" in text and '<Data name="kg"><value>1200.0</value></Data>' in text
    assert re.findall(r"<[^>]*\s(?:href|src)=|<href>", text) == [], "nothing is fetched from anywhere"


def test_gpx_is_read_by_gdal(tmp_path):
    path = tmp_path / "a.gpx"
    path.write_bytes(written("gpx"))
    points, tracks = (pyogrio.read_dataframe(path, layer=layer) for layer in ("waypoints", "tracks"))
    assert list(points.name) == ["cocaine, =HYPERLINK(1)", f"other, {EVIL}"] and [*points.geometry.x] == [-97.5, -97.6]
    assert pd.Timestamp(points.time.iloc[0]).tz_convert("UTC") == AT and "kg: 2.5" in points.desc.iloc[0]
    assert tracks.geometry.iloc[0].equals(frames()["tracks"].geometry.iloc[0]) and tracks.name.iloc[0] == EVIL
    text = path.read_text()
    assert "Left out: 1 images, 1 rows without a place" in text and "EXERCISE" in text and EVIL not in text


@pytest.mark.parametrize("format", ["kml", "gpx"])
def test_what_xml_cannot_write_is_left_out(format, tmp_path):
    hostile = frames()
    hostile["tracks"].loc[0, "name"] = "a\x00b\x0bc\ufffe]]> &amp; نخل"
    body = FORMATS[format][0](hostile, about())
    assert "a b c ]]&gt; &amp;amp; نخل" in body.decode()
    (tmp_path / f"a.{format}").write_bytes(body)
    assert pyogrio.list_layers(tmp_path / f"a.{format}").size
