"""Made ground for the benchmarks of imagery: fields, roads and grain that compress as aerial pictures do. Seeded; nothing of it is sparse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin
from rasterio.windows import Window

from benchmarks.world import SEED

GSD_M, BLOCK_PX = 0.08, 512
WEST_M, NORTH_M, CRS = 652_000, 2_882_000, "EPSG:32614"  # the lower Rio Grande


def painted(path: Path, side: int, *, bands: int = 3, west_m: float = WEST_M, north_m: float = NORTH_M, gsd_m: float = GSD_M, seed: int = SEED, **more) -> Path:
    """A GeoTIFF of three bands, or with near infrared of four. `more` are creation options, over deflate."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(110, 32, (bands, side // 64 + 2, side // 64 + 2))
    # Grain as long as a gigabyte would take minutes to draw: each block takes a piece of one sheet, from another place.
    sheet = rng.integers(-14, 14, (bands, 2048, 2048), dtype="int8")
    profile = {"driver": "GTiff", "width": side, "height": side, "count": bands, "dtype": "uint8", "crs": CRS, "tiled": True, "blockxsize": BLOCK_PX,
               "BIGTIFF": "IF_SAFER", "blockysize": BLOCK_PX, "compress": "deflate", "zlevel": 1, "transform": from_origin(west_m, north_m, gsd_m, gsd_m), "photometric": "RGB", **more}
    with rasterio.open(path, "w", **profile) as out:
        out.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.nir][:bands]
        for row in range(0, side, BLOCK_PX):
            for column in range(0, side, BLOCK_PX):
                h, w = min(BLOCK_PX, side - row), min(BLOCK_PX, side - column)
                field = coarse[:, row // 64:row // 64 + h // 64 + 1, column // 64:column // 64 + w // 64 + 1].repeat(64, 1).repeat(64, 2)[:, :h, :w]
                y, x = rng.integers(0, 2048 - BLOCK_PX, 2)
                out.write(np.clip(field + sheet[:, y:y + h, x:x + w], 1, 254).astype("uint8"), window=Window(column, row, w, h))
    return path
