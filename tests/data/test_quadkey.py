"""Quadkeys agree with themselves, with the database's, and with the tiles they stand for."""

from __future__ import annotations

import morecantile
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.quadkey import cell_ancestors, cell_range, point_range, qk
from data.runs import enclosing

TILES = morecantile.tms.get("WebMercatorQuad")


@given(st.floats(-179.99, 179.99), st.floats(-85, 85), st.integers(0, 20))
def test_a_point_is_in_the_range_of_its_tile_and_of_no_other(lon: float, lat: float, z: int):
    tile = TILES.tile(lon, lat, z)
    key = int(qk(np.array([lon]), np.array([lat]))[0])
    lo, hi = point_range(z, tile.x, tile.y)
    assert lo <= key <= hi
    if z:
        lo, hi = point_range(z, tile.x ^ 1, tile.y)
        assert not lo <= key <= hi


def test_a_shape_is_found_by_every_tile_it_touches():
    rng = np.random.default_rng(4)
    for _ in range(200):
        lon, lat = rng.uniform(-170, 170), rng.uniform(-70, 70)
        box = shapely.box(lon, lat, lon + rng.uniform(1e-5, 8), lat + rng.uniform(1e-5, 8))
        key = int(enclosing([box])[0])
        for z in (0, 3, 7, 11):
            tile = TILES.tile(box.centroid.x, box.centroid.y, z)
            lo, hi = cell_range(z, tile.x, tile.y)
            assert lo <= key <= hi or key in cell_ancestors(z, tile.x, tile.y)


def test_the_database_has_the_same_keys(module_database):
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(-180, 180, 200), rng.uniform(-90, 90, 200)
    with module_database.connect() as connection:
        for x, y, key in zip(lon, lat, qk(lon, lat)):
            assert connection.execute("SELECT vigia.qk(%s, %s)", (float(x), float(y))).fetchone()[0] == key
        for x, y in zip(lon[:50], lat[:50] * 0.8):
            box = shapely.box(max(-179, x - 1), y, min(179, x + 1), y + 0.5)
            told = connection.execute("SELECT vigia.cell(ST_GeomFromText(%s, 4326))", (box.wkt,)).fetchone()[0]
            assert told == enclosing([box])[0]


def test_a_key_is_a_point_again(module_database):
    with module_database.connect() as connection:
        key = int(qk(np.array([-97.5]), np.array([25.9]))[0])
        x, y = connection.execute(
            "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(vigia.qk_point(%s), 4326) AS p) t", (key,)).fetchone()
    assert abs(x + 97.5) < 1e-6 and abs(y - 25.9) < 1e-6
