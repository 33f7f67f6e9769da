"""The map on paper: scale, grid and corners held against PROJ and GEOTRANS, and the sheets read back by pypdf."""

from __future__ import annotations

import io
import math
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import geopandas
import mgrs
import numpy as np
import pandas as pd
import pypdf
import pyproj
import pytest
import shapely

from exports import printing
from exports.about import About
from exports.printed import drawing, page
from exports.printed.asked import Asked
from exports.printed.paper import Sheet, degrees, fitted, grid_reference
from exports.printed.times import moment

EVIL = "<img src=http://127.0.0.1:9/x onerror=alert(1)>"
ARABIC = "مطار الملكة علياء"
AT = pd.Timestamp("2026-11-24T14:32:00Z")
ABOUT = About("exercise", "world=exercise", "TLP:AMBER+STRICT", datetime(2026, 11, 24, 15, tzinfo=timezone.utc), ("GSHHG",))
SHEETS = [Sheet(paper, orientation) for paper in ("a4", "a3") for orientation in ("portrait", "landscape")]
GEOD = pyproj.Geod(ellps="WGS84")
VALLEY, PACIFIC = (-99.05, 25.7, -96.75, 26.75), (176.0, -20.0, -175.0, -12.0)


@pytest.mark.parametrize("bounds", [VALLEY, PACIFIC, (-97.5, 25.9, -97.5, 25.9), (14.0, 69.0, 20.0, 71.5), (-180.0, -85.0, 180.0, 85.0)])
@pytest.mark.parametrize("sheet", SHEETS, ids=str)
def test_what_was_asked_for_is_on_the_sheet_at_a_scale_that_holds(sheet, bounds):
    ground = fitted(bounds, *sheet.map_mm)
    west, south, east, north = bounds
    corners = ground.placed(np.array([[west, south], [east, north]]))
    if bounds[0] != -180:
        assert (corners >= -1e-6).all() and (corners <= np.array(sheet.map_mm) + 1e-6).all()
    lon, lat = ground.middle
    metres, mm = ground.bar()
    # The bar laid on the middle of the map, and the ground under it along the parallel.
    left, right = ((p + 180) % 360 - 180 for p in (lon - math.degrees(mm / 2 * ground.per_mm / 6_378_137), lon + math.degrees(mm / 2 * ground.per_mm / 6_378_137)))
    steps = np.linspace(0, 1, 400)
    lons = left + ((right - left) % 360) * steps
    along = sum(GEOD.inv(lons[:-1], np.full(399, lat), lons[1:], np.full(399, lat))[2])
    assert along == pytest.approx(metres, rel=1e-4) and metres / 10 ** math.floor(math.log10(metres) + 1e-9) == pytest.approx(round(metres / 10 ** math.floor(math.log10(metres) + 1e-9)))
    assert 15 <= mm <= 52 and ground.scale == pytest.approx(metres / mm * 1000, rel=1e-3)


def test_places_lie_where_web_mercator_has_them_and_past_180():
    ground = fitted(PACIFIC, 176, 168)
    to_mercator = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    for lon, lat in ((179.5, -15.0), (-179.5, -15.0), (-176.0, -13.0)):
        x, y = to_mercator.transform(lon, lat)
        x += 2 * math.pi * 6_378_137 if lon < 0 else 0
        assert ground.placed([[lon, lat]])[0] == pytest.approx([(x - ground.west) / ground.per_mm, (ground.north - y) / ground.per_mm], abs=1e-6)
    assert ground.bounds[2] > 180 and ground.boxes()[1][0] == -180.0 and ground.boxes()[1][2] < -170


def test_corners_are_grid_references_of_the_corners():
    ground = fitted(VALLEY, 176, 168)
    west, south, east, north = ground.bounds
    for (lon, lat), told in zip(((west, north), (east, north), (west, south), (east, south)), ground.corners().values()):
        back_lat, back_lon = mgrs.MGRS().toLatLon(told.replace(" ", ""))
        assert GEOD.inv(lon, lat, back_lon, back_lat)[2] < 15, f"{told} is not {lon}, {lat}"
    assert grid_reference(-97.5, 25.9) == "14R PP 5025 6546" and grid_reference(182.5, 0.5) == grid_reference(-177.5, 0.5)
    assert grid_reference(10.0, 86.0).startswith("Z "), "near a pole there is no zone"


def test_the_grid_has_whole_steps_and_says_them():
    step, meridians, parallels = fitted(VALLEY, 176, 168).grid()
    assert len(meridians) >= 3 and len(parallels) >= 3 and all(abs(lon / step - round(lon / step)) < 1e-6 for lon in meridians)
    assert [degrees(v, 0.5, "EW") for v in (-97.5, 0.0, 180.5)] == ["97.5° W", "0.0°", "179.5° W"] and degrees(-12, 2, "NS") == "12° S" and degrees(180, 5, "EW") == "180°"


def test_a_time_says_its_zone():
    assert moment(AT, ZoneInfo("America/Matamoros")) == "24 Nov 2026 08:32 CST (UTC-06:00)"
    assert moment(AT, ZoneInfo("UTC")) == "24 Nov 2026 14:32 UTC" and moment(AT, ZoneInfo("Asia/Kathmandu")) == "24 Nov 2026 20:17 UTC+05:45"


def frames(n: int = 3) -> dict[str, geopandas.GeoDataFrame]:
    seizures = geopandas.GeoDataFrame(
        {"id": range(1, n + 1), "started_at": [AT - pd.Timedelta(hours=i) for i in range(n)], "ended_at": AT, "time_span": "event", "drug": (["cocaine", "heroin", "other"] * n)[:n],
         "kg": ([2.5, None, 1200.0] * n)[:n], "place": ([ARABIC, "Ñandú", EVIL] * n)[:n], "agency": ([EVIL, None, "A"] * n)[:n], "marking": "TLP:AMBER", "precision_m": 50.0, "aggregate": False},
        geometry=[None if i == 1 else shapely.Point(-97.5 - i % 50 / 100, 25.9 + i / 5000) for i in range(n)], crs=4326)
    tracks = geopandas.GeoDataFrame({"id": [7, 8], "kind": ["vessel", "drone"], "agency": "A", "source": [EVIL, "AIS"]}, crs=4326,
                                    geometry=[shapely.MultiLineString([[(-97, 26), (-97.1, 26.1)], [(-97.2, 26), (-97.3, 26)]]), shapely.LineString([(-97, 25.8), (-97.2, 25.7)])])
    images = geopandas.GeoDataFrame({"id": [9]}, geometry=[shapely.MultiPolygon([shapely.box(-97.5, 25.9, -97.4, 26)])], crs=4326)
    hotspots = geopandas.GeoDataFrame({"h3": [1], "n": [9], "level": [3]}, geometry=[shapely.box(-97.6, 25.9, -97.5, 26)], crs=4326)
    sections = geopandas.GeoDataFrame({"name": ["S"], "n": [9], "rate": [50.0]}, geometry=[shapely.LineString([(-97.6, 25.9), (-97.4, 25.95)])], crs=4326)
    return {"seizures": seizures, "tracks": tracks, "images": images, "hotspots": hotspots, "sections": sections}


def written(shown: dict, tmp_path, about: About = ABOUT, **asked) -> bytes:
    return page.write(shown, about, Asked(words=(("World", "Exercise"), ("Agencies", EVIL)), window="all times", **asked), page.Who("Ana " + EVIL, tmp_path))


def text_of(pdf: bytes) -> list[str]:
    return [" ".join(sheet.extract_text().split()) for sheet in pypdf.PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.parametrize("sheet", [SHEETS[0], SHEETS[3]], ids=str)
def test_each_sheet_has_its_size_marking_number_and_maker(sheet, tmp_path):
    body = printing.pdf(written(frames(120), tmp_path, sheet=sheet, not_drawn=("events",), zone=ZoneInfo("America/Matamoros")))
    reader = pypdf.PdfReader(io.BytesIO(body))
    for number, (told, of) in enumerate(zip(text_of(body), reader.pages), 1):
        assert (round(float(of.mediabox.width) / 72 * 25.4), round(float(of.mediabox.height) / 72 * 25.4)) == sheet.size_mm
        assert told.count("TLP:AMBER+STRICT") == 2 and "EXERCISE: all data invented" in told, "top and bottom"
        assert f"Page {number} of {len(reader.pages)}" in told and "Made 24 Nov 2026 09:00 CST (UTC-06:00), 15:00 UTC, by Ana" in told
    first, rest = text_of(body)[0], " ".join(text_of(body)[1:])
    for words in ("Map of seizures, movements, hotspots, border sections and imagery", "1 : ", "true at", "km", "14R", "Not on paper: events and alerts.", "Grid of degrees", "97.4° W", "26.0° N", "Vessels", "Far more"):
        assert words in first, words
    assert "All 120 seizures. 119 of 120 lie on the map." in rest and "14R PP 5025 6546 ± 50 m" in rest and EVIL in rest and "no basemap is installed" in rest
    assert ARABIC in rest, "letters in the order of reading, whatever they are joined to"
    fonts = {str(font.get_object()["/BaseFont"]) for sheet_ in reader.pages for font in sheet_["/Resources"]["/Font"].values()}
    assert any("Plex" in name for name in fonts) and any("Arabic" in name for name in fonts), fonts


def test_what_is_left_out_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "ROWS", 5)
    monkeypatch.setattr(drawing, "MARKS", 7)
    monkeypatch.setattr(drawing, "MANY", {"a4": ((7, 1.0),)})
    told = written(frames(20), tmp_path).decode()
    assert "The newest 5 of 20 seizures; the CSV and GeoPackage exports of the same filter have all." in told and "Drawn are the 7 heaviest of 19 seizures on this ground." in told
    assert told.split("</svg>")[1].count("<circle") == 7


def test_nothing_of_a_name_is_run_and_nothing_is_asked_for(tmp_path):
    told = written(frames(), tmp_path).decode()
    assert EVIL not in told and "&lt;img src=http" in told and "<script" not in told and "url(" not in told.replace("url(#edge)", "")


def test_an_empty_filter_is_a_sheet_too(tmp_path):
    empty = {name: frame.iloc[:0] for name, frame in frames().items()}
    told = " ".join(text_of(printing.pdf(written(empty, tmp_path))))
    assert "None." in told and "All 0 seizures." in told
    assert "Map of ground alone" in written({}, tmp_path, drawn=frozenset()).decode()
