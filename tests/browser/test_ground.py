"""What the map is drawn on: a basemap with a part missing, none at all, and a user's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import geopandas
import pyogrio
import pytest
from shapely.geometry import box

from install.chromium import until
from tests.browser.world import World, becomes, drawn, look, settled
from tests.conftest import serving

VALLEY = box(-100, 24, -96, 28)
MARKS = ("mark", "seizure-one", "seizure-many")


def archive(path: Path, layer: str) -> Path:
    frame = geopandas.GeoDataFrame({"name": ["valley"]}, geometry=[VALLEY], crs=4326)
    pyogrio.write_dataframe(frame, path, driver="PMTiles", layer=layer, MINZOOM=0, MAXZOOM=4)
    return path


@contextmanager
def standing_on(world: World, folder: Path) -> Iterator[None]:
    """The server finds this basemap in place of its own."""
    place = world.home / "basemap"
    before = place.readlink()
    place.unlink()
    place.symlink_to(folder)
    try:
        yield
    finally:
        place.unlink()
        place.symlink_to(before)


def order(page) -> list[str]:
    return page.evaluate("__vigia.view.map.getStyle().layers.map((l) => l.id)")


def test_a_part_that_is_missing_leaves_a_plainer_map(page, world, tmp_path):
    archive(tmp_path / "land.pmtiles", "land")
    (tmp_path / "parts.json").write_text(json.dumps(
        {"layers": {"land": [{"file": "land.pmtiles", "from": 0, "to": 24}]}, "relief": None, "attribution": ["GSHHG"], "failed": ["relief", "names"]}))
    with standing_on(world, tmp_path):
        look(page, world)
    assert drawn(page, "land") and "relief" not in order(page)
    drawn(page, *MARKS)
    assert "GSHHG" in page.inner_text(".maplibregl-ctrl-attrib")
    assert page.told == []


def test_without_any_basemap_the_data_stand_on_plain_ground(page, world, tmp_path):
    with standing_on(world, tmp_path):
        look(page, world)
    assert order(page)[0] == "water" and drawn(page, *MARKS)
    assert page.inner_text("#status") == "" and page.told == []


def test_an_archive_that_lies_is_said_and_the_data_stay(page, world, tmp_path):
    (tmp_path / "land.pmtiles").write_bytes(b"PMTiles" + bytes(200))
    (tmp_path / "parts.json").write_text(json.dumps({"layers": {"land": [{"file": "land.pmtiles", "from": 0, "to": 24}]}, "relief": None, "attribution": []}))
    with standing_on(world, tmp_path):
        look(page, world)
    drawn(page, *MARKS)
    becomes(page, lambda: page.told != [], True)


def test_each_part_of_an_archive_has_an_address_of_its_own(page, world):
    asked = []
    page.context.on("request", lambda r: asked.append((r.url, r.headers.get("range"))) if ".pmtiles" in r.url else None)
    look(page, world)
    # A browser that may keep an address lets one reader of it in at a time, and the others fail after a while.
    assert len(asked) > 10 and [url for url, part in asked if not part or not url.endswith(f"?{part}")] == []


@pytest.fixture
def own(world, tmp_path):
    """`own(path) -> a World whose server was given that basemap`, over the same data."""
    with ExitStack() as running:
        def start(path: Path) -> World:
            server = serving(world.database, tmp_path / "server.log", VIGIA_HOME=str(world.home), VIGIA_BASEMAP_FILE=str(path))
            return World(running.enter_context(server), world.database, world.home)

        yield start


def test_a_style_of_the_users_own(page, own, tmp_path):
    shape = {"type": "Feature", "properties": {"name": "Valley"}, "geometry": json.loads(geopandas.GeoSeries([VALLEY]).to_json())["features"][0]["geometry"]}
    (tmp_path / "mine.json").write_text(json.dumps({
        "version": 8, "sources": {"mine": {"type": "geojson", "data": shape}},
        "layers": [{"id": "ground", "type": "background", "paint": {"background-color": "#203040"}}, {"id": "mine", "type": "fill", "source": "mine"},
                   {"id": "words", "type": "symbol", "source": "mine", "layout": {"text-field": ["get", "name"], "text-font": ["Condensed Regular"]}}]}))
    look(page, own(tmp_path / "mine.json"))
    assert drawn(page, "mine") and drawn(page, *MARKS)
    layers = order(page)
    assert layers.index("imagery") < layers.index("words") < layers.index("mark"), "ground hides words, or words hide marks"
    page.evaluate("__vigia.choices.set({ theme: 'sun' })")
    until(page, "document.documentElement.dataset.theme === 'sun'")
    settled(page)
    assert drawn(page, "mine") and order(page) == layers
    assert page.told == []


def test_an_archive_of_the_users_own(page, own, tmp_path):
    look(page, own(archive(tmp_path / "mine.pmtiles", "earth")))
    assert drawn(page, "own-earth-Polygon") and drawn(page, *MARKS)
    assert page.told == []
