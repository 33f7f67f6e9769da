"""A small view of a whole raster is GDAL's own, and every block of it is asked for once."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from feeds import opening_look
from feeds.opening_look import look
from tests.feeds.test_imagery import UTM, raster


def grain(h: int, w: int, bands: int = 3, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(4).integers(0, 250, (bands, h, w)).astype(dtype)


@pytest.mark.parametrize("made", [
    {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}, {"blockysize": 1}, {"blockysize": 7, "compress": "lzw"},
    {"tiled": True, "blockxsize": 128, "blockysize": 512, "interleave": "band"}, {"tiled": True, "blockxsize": 256, "blockysize": 256, "nodata": 7},
], ids=["tiles", "a row a strip", "seven rows a strip", "a band a block", "nodata"])
@pytest.mark.parametrize("size", [(2300, 3100), (5000, 1100), (300, 4097)], ids=str)
def test_it_is_what_gdal_takes(tmp_path, monkeypatch, made, size):
    monkeypatch.setattr(opening_look, "PIECE_BYTES", 600_000)
    pixels = grain(*size)
    pixels[:, :90, :200] = 7
    path = raster(tmp_path / "a.tif", pixels, **made)
    with rasterio.open(path) as src:
        data, valid = look(src, [3, 1])
        wanted = src.read([3, 1], out_shape=data.shape, resampling=Resampling.nearest)
        assert max(data.shape[1:]) == 1024 and np.array_equal(data, wanted)
        rows, columns = (((np.arange(n) + 0.5) * side / n).astype(int) for n, side in zip(valid.shape, size))
        assert np.array_equal(valid, src.dataset_mask()[np.ix_(rows, columns)] > 0)
        assert valid.all() == ("nodata" not in made)


def test_a_mask_and_overviews_are_heeded(tmp_path):
    path = tmp_path / "a.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(
            path, "w", driver="GTiff", height=2400, width=2400, count=1, dtype="uint8", crs="EPSG:32614", transform=UTM, tiled=True) as out:
        out.write(grain(2400, 2400, 1))
        out.write_mask(np.arange(2400)[:, None] + np.zeros(2400) < 1200)
    with rasterio.open(path) as src:
        _, valid = look(src, [1])
        assert valid[:512].all() and not valid[512:].any()
    with rasterio.open(path, "r+") as out:
        out.build_overviews([2, 4], Resampling.average)
    with rasterio.open(path) as src:
        data, _ = look(src, [1])
        assert data[0, :500].std() < 45, "of the overview, whose pixels are means: 72 a pixel without"


def test_no_block_is_unpacked_twice(tmp_path, monkeypatch):
    """Nor is more than a piece held at once."""
    monkeypatch.setattr(opening_look, "PIECE_BYTES", 600_000)
    path = raster(tmp_path / "a.tif", grain(2300, 3100), tiled=True, blockxsize=256, blockysize=256)
    with rasterio.open(path) as src:
        rows, columns = (((np.arange(n) + 0.5) * side / n).astype(int) for n, side in ((760, 2300), (1024, 3100)))
        touched = []
        for r, c, window in opening_look._pieces(src, rows, columns):
            assert window.width * window.height * 3 <= 600_000
            touched += [(y, x) for y in range(window.row_off // 256, (window.row_off + window.height - 1) // 256 + 1)
                        for x in range(window.col_off // 256, (window.col_off + window.width - 1) // 256 + 1)]
        assert len(touched) == len(set(touched)) == 9 * 13
