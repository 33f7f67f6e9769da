"""Quadkeys agree with themselves, with the database's, and with the tiles they stand for."""

from __future__ import annotations

import morecantile
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.quadkey import cell_ancestors, cell_range, loose_cell, loose_ranges, point_range, qk
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


def _finds(tile: morecantile.Tile, key: int) -> bool:
    ranges, larger = loose_ranges(tile.z, tile.x, tile.y)
    return key in larger or any(lo <= key <= hi for lo, hi in ranges)


def test_a_loose_cell_is_found_by_every_tile_its_box_meets():
    rng = np.random.default_rng(6)
    for _ in range(400):
        wide, high = 10 ** rng.uniform(-6, 1.2, 2)
        west, south = rng.uniform(-180, 180), rng.uniform(-80, 80 - high)
        key = loose_cell(west, south, west + wide, south + high)
        for z in (0, 1, 5, 9, 14, 20, 24):
            for lon, lat in ((west, south), (west + wide, south + high), (west + wide / 2, south + high / 2), (west, south + high), (west + wide, south)):
                assert _finds(TILES.tile((lon + 180) % 360 - 180, lat, z), key), (z, lon, lat, west, south, wide, high)


def test_a_loose_cell_is_looked_at_by_tiles_near_it_alone():
    key = loose_cell(-0.001, -0.001, 0.001, 0.001)  # over the corner of the four largest cells
    for z in (9, 12, 16):
        at = TILES.tile(0.0005, 0.0005, z)
        assert not _finds(morecantile.Tile(at.x + 300, at.y, z), key) and not _finds(morecantile.Tile(at.x - 3, at.y - 3, z), key)


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


def test_images_of_before_get_the_loose_cell_they_would_get_now(database):
    """Down to what was and up again: the migration's own SQL against `loose_cell`."""
    from data import migrations

    rng = np.random.default_rng(7)
    want = {}
    with database.connect() as connection:
        connection.execute("INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format) VALUES (1, 'imagery', 'file', 'a', 'a', 1, 'x')")
        for n in range(60):
            west, south, wide, high = rng.uniform(-179, 170), rng.uniform(-70, 70), *10 ** rng.uniform(-5, 0.9, 2)
            want[f"i{n}"] = loose_cell(west, south, west + wide, south + high)
            connection.execute("INSERT INTO image (world, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256, original, cog, source_id) "
                               "SELECT 1, %s, now(), ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4326)), 0, 1, 1, 1, 1, 'uint8', 'x', 0, 1, %s, 'x', 'x', max(id) FROM source",
                               (f"i{n}", west, south, west + wide, south + high, f"i{n}"))
        connection.commit()
    migrations.downgrade(database.owner_url, "0022")
    with database.connect() as connection:
        cell, shape = connection.execute("SELECT cell, vigia.cell(footprint) FROM image WHERE name = 'i0'").fetchone()
        assert cell == shape
    migrations.upgrade(database.owner_url)
    with database.connect() as connection:
        assert dict(connection.execute("SELECT name, cell FROM image").fetchall()) == want
