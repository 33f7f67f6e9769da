"""A user's own basemap is looked at before it is served: whole archives, and styles that ask nobody else."""

from __future__ import annotations

import json

import geopandas
import pyogrio
import pytest
from shapely.geometry import box

from data import own_basemap
from errors import SettingsInvalid


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "valley.pmtiles"
    pyogrio.write_dataframe(
        geopandas.GeoDataFrame({"name": ["valley"]}, geometry=[box(-100, 24, -96, 28)], crs=4326), path, driver="PMTiles",
        layer="earth", MINZOOM=0, MAXZOOM=3)
    return path


def style(tmp_path, **more):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"version": 8, "sources": {}, "layers": [], **more}))
    return path


def test_a_whole_archive_is_taken(archive):
    own_basemap.check(archive)
    assert own_basemap.archives(archive) == [archive]


@pytest.mark.parametrize("cut, says", [(0, "no PMTiles archive"), (50, "no PMTiles archive"), (300, "is cut short: 300 bytes")])
def test_what_is_no_archive_is_one_line(cut, says, archive):
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(SettingsInvalid, match=says):
        own_basemap.check(archive)


def test_a_style_takes_the_archives_beside_it_and_no_others(archive, tmp_path):
    path = style(tmp_path, sources={"a": {"type": "vector", "url": "pmtiles://valley.pmtiles"}})
    own_basemap.check(path)
    assert own_basemap.style(path)["sources"]["a"]["url"] == "pmtiles:///api/basemap/valley.pmtiles"
    assert own_basemap.archives(path) == [archive]
    above = style(tmp_path, sources={"a": {"type": "vector", "url": "pmtiles://../valley.pmtiles"}})
    assert own_basemap.archives(above) == []
    missing = style(tmp_path, sources={"a": {"type": "vector", "url": "pmtiles://other.pmtiles"}})
    with pytest.raises(SettingsInvalid, match="other.pmtiles can't be read"):
        own_basemap.check(missing)


@pytest.mark.parametrize("address, host", [
    ("https://tiles.example.org/{z}/{x}/{y}.pbf", "tiles.example.org"),
    ("HTTPS://Tiles.example.org/x", "tiles.example.org"),
    ("//tiles.example.org/x", "tiles.example.org"),
    ("\\\\tiles.example.org/x", "tiles.example.org"),
    (" ht\ttps://tiles.example.org/x", "tiles.example.org"),
    ("https:/tiles.example.org/x", "tiles.example.org"),
    ("https:tiles.example.org/x", "tiles.example.org"),
    ("pmtiles://https://tiles.example.org/x.pmtiles", "tiles.example.org"),
    ("http://localhost@tiles.example.org/x", "tiles.example.org"),
    ("http://127.0.0.1.example.org/x", "127.0.0.1.example.org"),
    ("mapbox://styles/x", "styles"),
])
@pytest.mark.parametrize("where", ["url", "tiles", "sprite", "glyphs", "font"])
def test_a_style_that_asks_another_machine_is_refused_by_its_name(where, address, host, tmp_path):
    told = {
        "url": {"sources": {"a": {"type": "vector", "url": address}}},
        "tiles": {"sources": {"a": {"type": "raster", "tiles": ["/here/{z}/{x}/{y}.png", address]}}},
        "sprite": {"sprite": [{"id": "a", "url": address}]},
        "glyphs": {"glyphs": address},
        "font": {"font-faces": {"A": [{"url": address}]}},
    }[where]
    with pytest.raises(SettingsInvalid, match="may not leave this machine") as refused:
        own_basemap.check(style(tmp_path, **told))
    assert f"asks {host}" in str(refused.value)


def test_links_that_are_only_shown_and_this_machine_are_no_fault(tmp_path):
    own_basemap.check(style(
        tmp_path, metadata={"of": "https://example.org"}, glyphs="http://localhost:9000/{fontstack}/{range}.pbf",
        sources={"a": {"type": "raster", "tiles": ["http://127.0.0.1:9000/{z}/{x}/{y}.png", "data:image/png;base64,AA=="],
                       "attribution": "<a href='https://example.org'>Example: all rights</a>"}}))


@pytest.mark.parametrize("text, says", [
    ("{", "is no style"), ("[]", "\"version\": 8"), ('{"version": 7}', "\"version\": 8"),
    ('{"version": 8, "sources": []}', "\"sources\" and \"layers\""), ("[" * 100_000, "is no style"),
])
def test_what_is_no_style_is_one_line(text, says, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(SettingsInvalid, match=says) as refused:
        own_basemap.check(path)
    assert "\n" not in str(refused.value)
