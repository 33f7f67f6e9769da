"""The basemap's archives as set-up built them: every tile small enough, each layer decoded where it must have something."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager

import geopandas
import mapbox_vector_tile
import morecantile
import numpy as np
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression
from shapely.geometry import LineString, Point, box, shape

from basemap import archives
from settings import store

MOST_BYTES = 500_000
EL_PASO, EXTENT = (-106.4850, 31.7587), 4096
GRID = morecantile.tms.get("WebMercatorQuad")
LAYERS = {"land", "lakes", "coast", "borders", "rivers", "states", "names", "places", "graticule"}


@pytest.fixture(scope="module")
def parts() -> dict:
    path = store().basemap / "parts.json"
    assert path.exists(), "the basemap is not built; ./vigia test builds it, or ./vigia basemap build"
    return json.loads(path.read_text())


@contextmanager
def reading(name: str) -> Iterator[Reader]:
    with open(store().basemap / name, "rb") as handle:
        yield Reader(MmapSource(handle))


def decoded(name: str, z: int, lon: float, lat: float) -> dict[str, list[dict]]:
    """A tile's features by layer, in degrees."""
    tile = GRID.tile(lon, lat, z)
    west, south, east, north = GRID.xy_bounds(tile)
    with reading(name) as reader:
        data = reader.get(z, tile.x, tile.y)
        if data is None:
            return {}
        if reader.header()["tile_compression"] == Compression.GZIP:
            data = gzip.decompress(data)

    def degrees(xy: np.ndarray) -> np.ndarray:
        x, y = west + xy[:, 0] / EXTENT * (east - west), south + xy[:, 1] / EXTENT * (north - south)
        return np.column_stack([np.degrees(x / 6378137), np.degrees(np.arctan(np.sinh(y / 6378137)))])

    out = {}
    for layer, told in mapbox_vector_tile.decode(data).items():
        assert told["extent"] == EXTENT
        out[layer] = [{**f["properties"], "shape": shapely.transform(shape(f["geometry"]), degrees)} for f in told["features"]]
    return out


def zooms(name: str) -> range:
    with reading(name) as reader:
        return range(reader.header()["min_zoom"], reader.header()["max_zoom"] + 1)


def test_every_part_is_there_and_says_whose_it_is(parts):
    assert parts["failed"] == [] and set(parts["layers"]) == LAYERS and parts["relief"] == "relief.pmtiles"
    assert {"© OpenStreetMap contributors", "GeoNames", "GSHHG", "Natural Earth"} <= set(parts["attribution"])
    for layer, files in parts["layers"].items():
        # One after the other with no zoom between them that nothing is drawn at.
        assert all(a["to"] == b["from"] for a, b in zip(files, files[1:])) and files[-1]["to"] == 24, layer


def test_no_tile_is_too_large(parts):
    large, seen = [], 0
    for name in [f["file"] for files in parts["layers"].values() for f in files] + [parts["relief"]]:
        with reading(name) as reader:
            for zxy, data in all_tiles(reader.get_bytes):
                seen += 1
                if len(data) > MOST_BYTES:
                    large.append((name, zxy, len(data)))
    assert large == [] and seen > 5_000


@pytest.mark.parametrize("layer, lon, lat", [
    ("land", *EL_PASO), ("coast", -97.2, 25.95), ("lakes", -104.6, 21.5), ("states", -106.6, 33.0), ("rivers", -99.2, 19.9),
    ("borders", *EL_PASO), ("places", *EL_PASO),
])
def test_a_layer_has_something_at_each_of_its_zooms(layer, lon, lat, parts):
    for told in parts["layers"][layer]:
        for z in zooms(told["file"]):
            found = decoded(told["file"], z, lon, lat)
            assert list(found) == [layer] and found[layer], f"nothing of {layer} at zoom {z}"


def test_land_is_where_land_is_and_sea_is_not(parts):
    file = parts["layers"]["land"][-1]["file"]
    z = zooms(file)[-1]
    assert any(f["shape"].buffer(0).contains(Point(EL_PASO)) for f in decoded(file, z, *EL_PASO)["land"])
    gulf = Point(-93.0, 25.0)
    assert not any(f["shape"].buffer(0).contains(gulf) for f in decoded(file, z, gulf.x, gulf.y).get("land", []))


def test_the_border_is_drawn_within_metres_of_the_stored_line_near_el_paso(parts):
    file = parts["layers"]["borders"][-1]["file"]
    z = zooms(file)[-1]
    drawn = shapely.union_all([f["shape"] for f in decoded(file, z, *EL_PASO)["borders"]])
    around = box(*GRID.bounds(GRID.tile(*EL_PASO, z)))
    frame = geopandas.read_parquet(store().basemap / "border_lines.parquet")
    stored = shapely.union_all(frame[(frame.country_a == "MEX") & (frame.country_b == "USA")].geometry.values)
    inside = shapely.intersection(stored, around)
    # A pixel of the drawn tile is 19 m there at 512 px; its own grid is 2.4 m.
    off_deg = max(Point(xy).distance(drawn) for xy in shapely.get_coordinates(inside))
    assert inside.length > 0.05 and off_deg * 111_320 < 20


def test_names_are_of_countries_and_seas_and_towns(parts):
    file = parts["layers"]["names"][0]["file"]
    found = [f for z in zooms(file) for f in decoded(file, z, -102, 24).get("names", [])]
    assert {"Mexico"} <= {f["name"] for f in found if f["class"] == "country"}
    towns = parts["layers"]["places"][-1]["file"]
    names = {f["name"]: f for f in decoded(towns, zooms(towns)[-1], *EL_PASO)["places"]}
    assert {"El Paso", "Ciudad Juárez"} <= set(names)
    assert names["El Paso"]["population"] > 500_000
    assert Point(EL_PASO).distance(names["El Paso"]["shape"]) < 0.1


def test_relief_is_a_picture_for_every_tile(parts):
    with reading(parts["relief"]) as reader:
        header = reader.header()
        for z in range(header["min_zoom"], header["max_zoom"] + 1):
            assert all(reader.get(z, x, y)[8:12] == b"WEBP" for x in range(2**z) for y in range(2**z))


def test_lines_of_one_tile_become_one_shape_and_stay_the_same_lines():
    lines = [LineString([(x, y), (x + 0.1, y + 0.1)]) for x, y in ((0, 0), (40, 10), (0.2, 0.2), (-40, -10))]
    joined = archives.together(np.array(lines, object), 5)
    assert sorted(len(g.geoms) for g in joined) == [1, 1, 2]
    assert shapely.union_all(joined).equals(shapely.union_all(lines))
    points = np.array([Point(0, 0), Point(1, 1)], object)
    assert archives.together(points, 3) is points and len(archives.together(np.array([], object), 3)) == 0


def test_an_archive_holds_what_was_written(tmp_path):
    out = tmp_path / "mine-0-2.pmtiles"
    archives.write(out, "mine", [box(0, 0, 10, 10)], (0, 2))
    with open(out, "rb") as handle:
        reader = Reader(MmapSource(handle))
        assert (reader.header()["min_zoom"], reader.header()["max_zoom"]) == (0, 2)
        assert [layer["id"] for layer in reader.metadata()["vector_layers"]] == ["mine"]
    assert [p.name for p in tmp_path.iterdir()] == [out.name]
