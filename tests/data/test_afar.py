"""Small pictures of images: a tile drawn from them is the tile drawn from their files, and none outlives its file."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from PIL import Image as Picture
from pyproj import Transformer
from scipy.ndimage import binary_dilation

from data import afar, cogs, pixels
from data.afar import View, Views, is_afar
from data.cogs import HALF_M, Reader
from data.looks import Look
from tests.data.test_cogs import TILES, UTM, cog, slopes


@pytest.fixture
def views(tmp_path, monkeypatch) -> Views:
    monkeypatch.setattr(pixels, "store", lambda: SimpleNamespace(imagery=tmp_path))
    held = Views()
    monkeypatch.setattr(pixels, "VIEWS", held)
    return held


def picture(body: bytes) -> np.ndarray:
    return np.asarray(Picture.open(io.BytesIO(body)).convert("RGBA")).astype(int)


@pytest.mark.parametrize(("crs", "transform"), [
    ("EPSG:32614", UTM), ("EPSG:32614", UTM * Affine.rotation(25)), ("EPSG:4326", Affine(5e-6, 0, -97.5, 0, -5e-6, 25.95)), ("EPSG:4326", Affine(5e-6, 0, 179.9975, 0, -5e-6, 25.95)),
], ids=["utm", "turned", "degrees", "over 180°"])
def test_a_tile_is_what_its_file_gives(tmp_path, views, crs, transform):
    valid = np.ones((900, 1100), bool)
    valid[:200, :300] = False
    path = cog(tmp_path / "a.tif", slopes(), crs=crs, transform=transform, valid=valid)
    reader, image = Reader(path), {"cog": "a.tif", "rendering": {}}
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(*(transform * (550, 450)))
    compared = 0
    for z in (9, 12, 13, 14, 15):
        tile = TILES.tile((lon + 180) % 360 - 180, lat, z)
        bounds = tuple(TILES.xy_bounds(tile))
        if not is_afar(reader.box, bounds, 256):
            continue
        got = picture(pixels.tile([image], z, tile.x, tile.y, 256, "png"))
        data, seen, (rows, columns) = reader.read(bounds, 256, 256, [1, 2, 3])
        want = np.zeros((256, 256, 4), int)
        want[rows, columns, :3], want[rows, columns, 3] = data.transpose(1, 2, 0), seen * 255
        both = (got[..., 3] > 0) & (want[..., 3] > 0)
        for a, b in ((got, want), (want, got)):
            assert not ((a[..., 3] > 0) & ~binary_dilation(b[..., 3] > 0, np.ones((3, 3)))).any(), f"zoom {z}: an edge off by more than a pixel"
        # A pixel here is so wide on the image, and a slope of 200 over it: to within half a pixel.
        assert np.abs(got[both] - want[both])[:, :3].mean() <= 200 / max(4, min(s.stop - s.start for s in (rows, columns)))
        compared += int(both.sum())
    assert compared > 500


def test_what_was_drawn_once_opens_no_file_again(tmp_path, views, monkeypatch):
    images = []
    for n in range(12):
        cog(tmp_path / f"{n}.tif", np.full((3, 300, 300), 20 * n + 10, "uint8"), transform=Affine(0.5, 0, 650_000 + 150 * n, 0, -0.5, 2_870_000))
        images.append({"id": n, "cog": f"{n}.tif", "rendering": {}})
    monkeypatch.setattr(pixels, "POOL", cogs.Pool(most=4))
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_900, 2_869_925)
    tile = TILES.tile(lon, lat, 13)
    first = pixels.tile(images, tile.z, tile.x, tile.y, 256, "png")
    assert len(np.unique(picture(first)[..., 0])) >= 9, "many images are on it"
    monkeypatch.setattr(cogs, "Reader", None)  # which nothing can open a file with
    assert pixels.tile(images, tile.z, tile.x, tile.y, 256, "png") == first
    # Another look is another picture; another offset is not.
    with pytest.raises(TypeError):
        pixels.tile(images, tile.z, tile.x, tile.y, 256, "png", Look(bands=("1",)))
    moved = picture(pixels.tile([{**images[6], "offset": (500.0, 0.0)}], tile.z, tile.x, tile.y, 256, "png"))
    still = picture(pixels.tile([images[6]], tile.z, tile.x, tile.y, 256, "png"))
    shift = np.flatnonzero(moved[..., 3].any(0)).mean() - np.flatnonzero(still[..., 3].any(0)).mean()
    metres_a_pixel = 2 * HALF_M / 2**13 / 256 * np.cos(np.radians(lat))
    assert abs(shift * metres_a_pixel - 500) < metres_a_pixel


def test_none_outlives_its_file(tmp_path, views):
    path = cog(tmp_path / "a.tif", slopes(300, 300))
    image = {"id": 1, "cog": "a.tif", "rendering": {}}
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_075, 2_869_925)
    tile = TILES.tile(lon, lat, 13)
    first = pixels.tile([image], tile.z, tile.x, tile.y, 256, "png")
    cog(tmp_path / "b.tif", np.full((3, 300, 300), 7, "uint8"))
    os.replace(tmp_path / "b.tif", path)
    assert pixels.tile([image], tile.z, tile.x, tile.y, 256, "png") != first, "another file is another picture"
    path.unlink()
    with pytest.raises(pixels.PictureLost):
        pixels.tile([image], tile.z, tile.x, tile.y, 256, "png")
    assert views.bytes > 0
    views.sweep()
    assert views.bytes == 0


def test_memory_has_an_end(tmp_path):
    held = Views(most=10_000)
    for n in range(20):
        (tmp_path / str(n)).write_bytes(b"x")
        held.put(tmp_path / str(n), "k", View((0, 0, 1, 1), np.zeros((25, 30, 3), "uint8"), np.zeros((25, 30), bool)))
        held.get(tmp_path / "0", "k")
    assert held.bytes == 3 * 3_000
    assert held.get(tmp_path / "0", "k") and held.get(tmp_path / "19", "k") and not held.get(tmp_path / "5", "k"), "the longest unused went first"
    held.put(tmp_path / "0", "k", View((0, 0, 1, 1), np.zeros((1, 1, 3), "uint8"), np.zeros((1, 1), bool)))
    assert held.bytes == 2 * 3_000 + 4


def test_a_large_image_is_read_from_its_file(tmp_path, views):
    path = cog(tmp_path / "a.tif", slopes())
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_275, 2_869_775)
    tile = TILES.tile(lon, lat, 18)
    assert not is_afar(Reader(path).box, tuple(TILES.xy_bounds(tile)), 256)
    assert pixels.tile([{"cog": "a.tif", "rendering": {}}], 18, tile.x, tile.y, 256, "png") and views.bytes == 0 and afar.SHOWN_PX <= afar.VIEW_PX / 2
