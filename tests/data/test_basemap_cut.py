"""A part of an archive is an archive of its own, with the same tiles in it and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from pmtiles.reader import MemorySource, MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

from data.basemap_cut import cut
from errors import NotFound

BOX = (-99.05, 25.7, -96.75, 26.75)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Every tile of zooms 0 to 7, each with its own name in it; those of the sea are one and the same."""
    path = tmp_path_factory.mktemp("archive") / "all.pmtiles"
    with write(path) as writer:
        for tile, told in sorted((zxy_to_tileid(z, x, y), b"sea" if x > 0.6 * 2**z else f"{z}/{x}/{y}".encode())
                                 for z in range(8) for x in range(2**z) for y in range(2**z)):
            writer.write_tile(tile, told)
        writer.finalize({"tile_type": TileType.MVT, "tile_compression": Compression.NONE, "min_zoom": 0, "max_zoom": 7, "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0,
                         "min_lon_e7": -1800000000, "max_lon_e7": 1800000000, "min_lat_e7": -850000000, "max_lat_e7": 850000000}, {"vector_layers": [{"id": "land"}]})
    return path


def test_its_tiles_are_those_of_the_whole(whole):
    part = cut(whole, BOX)
    there = dict(all_tiles(MemorySource(part.body)))
    with open(whole, "rb") as handle:
        reader = Reader(MmapSource(handle))
        for (z, x, y), told in there.items():
            assert told == reader.get(z, x, y) == f"{z}/{x}/{y}".encode()
    assert {z for z, _, _ in there} == set(range(8)) and len(there) == part.tiles < 30
    # Every place of the area has ground at the last zoom.
    assert {(7, x, y) for x in (28, 29) for y in (54,)} <= set(there)
    read = Reader(MemorySource(part.body))
    assert read.metadata() == {"vector_layers": [{"id": "land"}]} and (read.header()["min_zoom"], read.header()["max_zoom"]) == (0, 7)


def test_it_begins_where_the_area_may_be_looked_at_from(whole):
    assert {z for z, _, _ in dict(all_tiles(MemorySource(cut(whole, BOX, 6).body)))} == {6, 7}
    assert {z for z, _, _ in dict(all_tiles(MemorySource(cut(whole, BOX, 12).body)))} == {7}, "an archive that ends before is drawn larger"


def test_a_zoom_that_is_too_much_is_left_out_and_told(whole):
    part = cut(whole, (-180, -85, 0, 85), tiles_max=250)
    assert (part.zoom, part.zoom_there) == (4, 7) and part.tiles <= 250


def test_where_there_is_nothing_there_are_no_bytes(tmp_path):
    path = tmp_path / "one.pmtiles"
    with write(path) as writer:
        writer.write_tile(zxy_to_tileid(3, 7, 1), b"far away")
        writer.finalize({"tile_type": TileType.MVT, "tile_compression": Compression.NONE, "min_zoom": 3, "max_zoom": 3, "center_zoom": 3, "center_lon_e7": 0, "center_lat_e7": 0,
                         "min_lon_e7": 0, "max_lon_e7": 0, "min_lat_e7": 0, "max_lat_e7": 0}, {})
    assert cut(path, BOX).body == b""


def test_directories_packed_otherwise_are_refused_in_words(whole, tmp_path):
    other = tmp_path / "other.pmtiles"
    told = bytearray(whole.read_bytes())
    told[97] = 4  # zstd
    other.write_bytes(told)
    with pytest.raises(NotFound, match="packed as zstd, expected gzip"):
        cut(other, BOX)
