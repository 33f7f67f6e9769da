"""Open COGs: what a tile shows is what rio-tiler would show, readers are few, and none outlives its file."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import morecantile
import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image as Picture
from pyproj import Transformer
from rasterio.errors import RasterioIOError
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles
from rio_tiler.io import Reader as Peer

from data import cogs, pixels
from data.cogs import Pool, Reader
from data.looks import Look

TILES = morecantile.tms.get("WebMercatorQuad")
UTM = Affine(0.5, 0, 650_000, 0, -0.5, 2_870_000)


def cog(path: Path, data: np.ndarray, *, crs: str = "EPSG:32614", transform: Affine = UTM, valid: np.ndarray | None = None) -> Path:
    raw = path.with_suffix(".raw.tif")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(raw, "w", driver="GTiff", height=data.shape[1], width=data.shape[2], count=len(data), dtype=data.dtype, crs=crs,
                                                                   transform=transform) as out:
        out.write(data)
        out.write_mask(np.ones(data.shape[1:], bool) if valid is None else valid)
    cog_translate(raw, path, {**cog_profiles.get("deflate"), "blockxsize": 128, "blockysize": 128}, add_mask=True, quiet=True, config={"GDAL_TIFF_INTERNAL_MASK": True},
                  overview_resampling="average")
    raw.unlink()
    return path


def slopes(h: int = 900, w: int = 1100) -> np.ndarray:
    """Smooth, so that a pixel's shift is a small change."""
    y, x = np.mgrid[0:h, 0:w]
    return np.stack([x * 200 / w + 20, y * 200 / h + 20, (x + y) * 200 / (h + w) + 20]).astype("uint8")


@pytest.mark.parametrize(("crs", "transform"), [
    ("EPSG:32614", UTM), ("EPSG:32614", UTM * Affine.rotation(25)), ("EPSG:4326", Affine(5e-6, 0, -97.5, 0, -5e-6, 25.95)),
    ("EPSG:3857", Affine(0.55, 0, -10_850_000, 0, -0.55, 2_990_000)), ("EPSG:2227", Affine(1.6, 0, 6_000_000, 0, -1.6, 2_100_000)),
], ids=["utm", "turned", "degrees", "mercator", "feet"])
def test_a_tile_is_what_rio_tiler_gives(tmp_path, crs, transform):
    valid = np.ones((900, 1100), bool)
    valid[:200, :300] = False
    path = cog(tmp_path / "a.tif", slopes(), crs=crs, transform=transform, valid=valid)
    ours = Reader(path)
    with Peer(path) as peer:
        west, south, east, north = peer.get_geographic_bounds("epsg:4326")
        for z in (12, 15, 17, 18, 20):
            tiles = [t for t in TILES.tiles(west, south, east, north, [z]) if peer.tile_exists(t.x, t.y, t.z)]
            for tile in tiles[:: 1 + len(tiles) // 8]:
                theirs = peer.tile(*tile[:2], tile.z)
                full, colours = np.zeros((256, 256), bool), np.zeros((3, 256, 256), "int16")
                if found := ours.read(tuple(TILES.xy_bounds(tile)), 256, 256, [1, 2, 3]):
                    data, seen, (rows, columns) = found
                    full[rows, columns], colours[:, rows, columns] = seen, data
                both = full & (theirs.mask > 0)
                assert (full != (theirs.mask > 0)).sum() <= 256 * 3, tile  # a row or a column at an edge
                if both.sum() > 50:
                    assert np.abs(colours[:, both] - theirs.data[:, both].astype("int16")).mean() < 3, tile


@pytest.mark.parametrize(("crs", "middle"), [("EPSG:32760", None), ("EPSG:4326", 180.0), ("EPSG:4326", -180.0), ("EPSG:3832", None)], ids=["utm 60", "180", "-180", "pacific"])
def test_a_picture_over_180_degrees_is_drawn_on_both_sides(tmp_path, crs, middle):
    if middle is None:
        x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(180, -17)
        transform = Affine(10, 0, x - 5000, 0, -10, y + 5000)
    else:
        transform = Affine(1e-4, 0, middle - 0.05, 0, -1e-4, -16.95)
    path = cog(tmp_path / "a.tif", slopes(1000, 1000), crs=crs, transform=transform)
    reader = Reader(path)
    shown = []
    for lon in (179.98, -179.98):
        found = reader.read(tuple(TILES.xy_bounds(TILES.tile(lon, -17, 14))), 256, 256, [1])
        assert found and found[1].mean() > 0.9
        shown.append(float(found[0][0][found[1]].mean()))
    assert shown[0] < shown[1] - 10  # it gets lighter to the east, on and on
    assert reader.read(tuple(TILES.xy_bounds(TILES.tile(0, -17, 14))), 256, 256, [1]) is None


def test_readers_stay_open_and_are_few(tmp_path):
    pool = Pool(most=3)
    paths = [cog(tmp_path / f"{n}.tif", slopes(60, 60)) for n in range(5)]
    with pool.lend(paths[0]) as first:
        pass
    with pool.lend(paths[0]) as again, pool.lend(paths[0]) as beside:
        assert again is first and beside is not first  # one thread each
    for path in paths:
        with pool.lend(path):
            pass
    assert pool.open == 3
    with pool.lend(paths[0]) as other:
        assert other is not first


def _held_open(path: Path) -> int:
    told = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            told += os.readlink(f"/proc/self/fd/{name}").startswith(str(path))
        except FileNotFoundError:
            pass
    return told


def test_none_outlives_its_file(tmp_path):
    pool, path = Pool(), cog(tmp_path / "a.tif", np.full((3, 60, 60), 40, "uint8"))
    bounds = tuple(TILES.xy_bounds(TILES.tile(*Transformer.from_crs(32614, 4326, always_xy=True).transform(650_015, 2_869_985), 20)))

    def value() -> int:
        with pool.lend(path) as reader:
            data, seen, _ = reader.read(bounds, 64, 64, [1])
            return int(data[0][seen].max())

    assert value() == 40
    os.replace(cog(tmp_path / "b.tif", np.full((3, 60, 60), 90, "uint8")), path)
    assert value() == 90
    assert _held_open(path) == 1
    path.unlink()
    pool.sweep()
    assert (pool.open, _held_open(path)) == (0, 0)
    with pytest.raises(OSError):
        value()


def test_an_error_gives_no_broken_reader_back(tmp_path):
    pool, path = Pool(), cog(tmp_path / "a.tif", slopes(60, 60))
    with pytest.raises(RasterioIOError), pool.lend(path):
        raise RasterioIOError("a block that can't be read")
    assert pool.open == 0


def test_many_threads_draw_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(pixels, "store", lambda: type("S", (), {"imagery": tmp_path}))
    cog(tmp_path / "a.tif", slopes())
    image = {"cog": "a.tif", "rendering": {}}
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_200, 2_869_800)
    tiles = [TILES.tile(lon, lat, z) for z in range(14, 21)] * 4
    want = {t: pixels.tile([image], t.z, t.x, t.y, 256, "png") for t in tiles}
    got, wrong = {}, []

    def draw(some: list) -> None:
        for t in some:
            got[t] = pixels.tile([image], t.z, t.x, t.y, 256, "png")
            if got[t] != want[t]:
                wrong.append(t)

    threads = [threading.Thread(target=draw, args=(tiles[n:] + tiles[:n],)) for n in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong and len(got) == 7
    assert cogs.POOL.open <= cogs.OPEN_MAX


def test_radiometry_is_looked_at_as_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(pixels, "store", lambda: type("S", (), {"imagery": tmp_path}))
    kelvin = np.linspace(28_000, 31_000, 400 * 400).reshape(1, 400, 400).astype("uint16")
    cog(tmp_path / "a.tif", kelvin)
    image = {"cog": "a.tif", "rendering": {"bands": [1], "names": ["thermal"], "colormap": "inferno", "scale": [[28_000, 31_000]]}}
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_100, 2_869_900)
    tile = TILES.tile(lon, lat, 18)
    def shown(look: Look) -> np.ndarray:
        return np.asarray(Picture.open(io.BytesIO(pixels.tile([image], tile.z, tile.x, tile.y, 256, "png", look))).convert("RGBA"))

    stored, grey = shown(Look()), shown(Look(colormap="gray"))
    assert (stored[..., 0] != stored[..., 2]).any() and (grey[..., 0] == grey[..., 2]).all()
    hot = shown(Look(rescale=((30_990.0, 31_000.0),), colormap="gray"))
    assert np.median(hot[hot[..., 3] > 0][:, 0]) == 0
    assert pixels.tile([image], tile.z, tile.x, tile.y, 256, "png", Look(bands=("nir",))) is None
