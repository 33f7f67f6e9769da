"""Archives of raster tiles: one picture of their highest zoom, where they say it is; what is none is refused in plain words."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pmtiles.tile import TileType

from feeds import opening_imagery as opening
from feeds.opening import Bad
from tests.feeds.rasters import mbtiles, picture, pmtiles

Z, X, Y = 18, 60_061, 111_700
TILES = {(Z, X + dx, Y + dy): picture(40 + 80 * dx + 40 * dy) for dx in (0, 1) for dy in (0, 1)} | {(Z - 1, X // 2, Y // 2): picture(9)}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("make", [lambda tiles: mbtiles(Path("a.mbtiles"), tiles), lambda tiles: pmtiles(Path("a.pmtiles"), tiles)], ids=["mbtiles", "pmtiles"])
def test_tiles_become_one_picture(make):
    path = make({at: body for at, body in TILES.items() if at != (Z, X + 1, Y + 1)})
    laid = opening.lay(path.name)
    assert (laid["zoom"], laid["tiles"], laid["tile_px"]) == (Z, 3, 256)
    told = opening.inspect(path.name, pixels=laid["pixels"])
    opening.to_cog(path.name, told)
    with rasterio.open("served.tif") as cog:
        data, mask = cog.read(), cog.dataset_mask() > 0
        assert cog.crs == "EPSG:3857" and cog.shape == (512, 512)
        side = 2 * 20037508.342789244 / 2**Z
        assert cog.bounds.left == pytest.approx(X * side - 20037508.342789244) and cog.bounds.top == pytest.approx(20037508.342789244 - Y * side)
    for (row, column), value in {(100, 100): 40, (100, 400): 120, (400, 100): 80}.items():
        assert abs(int(data[0, row, column]) - value) < 4 and mask[row, column]
    assert not mask[300:, 300:].any()
    assert told["gsd_m"] == pytest.approx(side / 256 * np.cos(np.radians(25.9)), rel=0.02)


def test_jpeg_webp_and_clear_tiles_of_512():
    clear = picture(0, 512, "PNG", "RGBA")
    path = mbtiles(Path("a.mbtiles"), {(Z, X, Y): picture(90, 512, "JPEG"), (Z, X + 1, Y): picture(90, 512, "WEBP"), (Z, X + 2, Y): clear})
    laid = opening.lay(path.name)
    with rasterio.open(laid["pixels"]) as out:
        alpha = out.read(4)
    assert laid["tile_px"] == 512 and alpha[:, :1024].min() == 255 and alpha[:, 1024:].max() == 0


def _without_tiles():
    with sqlite3.connect("a.mbtiles") as archive:
        archive.execute("CREATE TABLE other (a int)")
    archive.close()
    return Path("a.mbtiles")


def _broken(path: Path, at: int) -> Path:
    body = bytearray(path.read_bytes())
    body[at:at + 40] = b"\xff" * 40
    path.write_bytes(body)
    return path


def _endless():
    """A PMTiles directory that says one entry runs on for 2^40 tiles."""
    path = pmtiles(Path("a.pmtiles"), TILES)
    body = bytearray(path.read_bytes())

    def varint(n: int) -> bytes:
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    root = gzip.compress(varint(1) + varint(5) + varint(1 << 40) + varint(10) + varint(1))
    offset = len(body)
    body += root
    body[8:16], body[16:24] = offset.to_bytes(8, "little"), len(root).to_bytes(8, "little")
    path.write_bytes(body)
    return path


@pytest.mark.parametrize(("make", "words"), [
    (lambda: mbtiles(Path("a.mbtiles"), TILES, {"format": "pbf"}), "vector tiles"),
    (lambda: mbtiles(Path("a.mbtiles"), {(Z, X, Y): gzip.compress(b"\x1a\x05layer")}, {}), "vector tiles"),
    (lambda: pmtiles(Path("a.pmtiles"), TILES, TileType.MVT), "vector tiles"),
    (lambda: mbtiles(Path("a.mbtiles"), {(Z, 0, 0): picture(1), (Z, 2**Z - 1, 2**Z - 1): picture(1)}), "near each other"),
    (lambda: mbtiles(Path("a.mbtiles"), {(Z, X, Y): picture(1), (Z, X + 1, Y): picture(1, 512)}), "tiles of 256 pixels"),
    (lambda: mbtiles(Path("a.mbtiles"), {(Z, X, Y): picture(1, 300)}), "square tiles"), (lambda: mbtiles(Path("a.mbtiles"), {(Z, X, Y): b"<svg/>"}), "PNG, JPEG or WebP"),
    (lambda: mbtiles(Path("a.mbtiles"), {(Z, X, Y): picture(1)[:60]}), "PNG, JPEG or WebP"), (lambda: mbtiles(Path("a.mbtiles"), {(40, 1, 1): picture(1)}), "zoom 0 to 24"),
    (lambda: mbtiles(Path("a.mbtiles"), {(3, 9, 1): picture(1)}), "columns and rows"), (lambda: mbtiles(Path("a.mbtiles"), {}), "at least one tile"), (_without_tiles, "table of tiles"),
    (lambda: Path("a.mbtiles").write_bytes(b"PK\x03\x04" * 9) and Path("a.mbtiles"), "MBTiles archive"), (lambda: Path("a.pmtiles").write_bytes(b"PMTiles\x02" + bytes(200)) and Path("a.pmtiles"), "version 3"),
    (lambda: _broken(mbtiles(Path("a.mbtiles"), TILES), 100), "can be read"), (lambda: _broken(pmtiles(Path("a.pmtiles"), TILES), 127), "can be read"), (_endless, "at most"),
], ids=lambda v: None if callable(v) else v)
def test_what_is_no_picture_is_refused_in_plain_words(make, words):
    with pytest.raises(Bad, match=words):
        opening.lay(make().name)
