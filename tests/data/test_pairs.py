"""Two images on one grid: a pixel of the grid is what the image shows of that ground, however the image lies."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from data import pairs
from settings import store
from tests.conftest import forget_settings

CRS = "EPSG:32614"
GSD_M = 0.5


@pytest.mark.parametrize("turned_deg", [0, 25, -140])
def test_an_image_turned_against_north_is_read_where_it_lies(tmp_path, monkeypatch, turned_deg):
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    forget_settings()
    store().imagery.mkdir(parents=True)
    rng = np.random.default_rng(3)
    shown = np.kron(rng.integers(20, 235, (3, 20, 20)), np.ones((16, 16))).astype("uint8")  # blocks of 8 m
    transform = Affine.translation(650_000, 2_870_000) * Affine.rotation(turned_deg) * Affine.scale(GSD_M, -GSD_M)
    with rasterio.open(store().imagery / "a.tif", "w", driver="GTiff", width=320, height=320, count=3, dtype="uint8", crs=CRS, transform=transform) as out:
        out.write(shown)
    x, y = transform * (160, 160)
    on = pairs.Grid(CRS, (x - 40, y - 40, x + 40, y + 40), GSD_M)
    found, seen = pairs.read({"cog": "a.tif", "rendering": {}, "offset": None}, on)
    assert found.shape == (3, 160, 160) and seen.all()
    for block in np.ndindex(20, 20):
        row, column = (16 * np.array(block) + 8)
        east, north = transform * (column, row)
        there = int((on.bounds[3] - north) / GSD_M), int((east - on.bounds[0]) / GSD_M)
        if all(4 <= i < 156 for i in there):
            assert np.allclose(found[:, *there], shown[:, row, column], atol=2), block
