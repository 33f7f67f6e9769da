"""Relief: Natural Earth's shaded relief less its own blur, as shadow and light over the land. Texture, never terrain data."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from scipy.ndimage import gaussian_filter

from basemap import shores

Image.MAX_IMAGE_PIXELS = None  # our own package's picture
SIDE = 512
BLUR_PX = 14
SHADOW, LIGHT = (6, 10, 13), (214, 224, 228)
SHADOW_MOST, LIGHT_MOST = 0.59, 0.13
MAX_ZOOM = 4  # of 512 px tiles: 10,800 px round the world is a little over that
GAIN = 5.0


def _empty() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (SIDE, SIDE)).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


EMPTY = _empty()


def build(out: Path, progress) -> None:
    """Write a PMTiles archive of WebP tiles."""
    picture = Image.open(shores.folder() / "shadedrelief.jpg").convert("L")
    grey = np.asarray(picture, np.float32) / 255
    high = grey - _blurred(picture)
    high[_sea(grey.shape)] = 0
    total = sum(4**z for z in range(MAX_ZOOM + 1))
    done = 0
    with open(out, "wb") as handle:
        writer = Writer(handle)
        for z in range(MAX_ZOOM + 1):
            for y in range(2**z):
                for x in range(2**z):
                    tile = _tile(high, z, x, y)
                    # An empty tile is written too: a map asks for every one, and takes none for a fault.
                    writer.write_tile(zxy_to_tileid(z, x, y), tile or EMPTY)
                    done += 1
                progress("Relief", done, total)
        writer.finalize(
            {"tile_type": TileType.WEBP, "tile_compression": Compression.NONE, "min_zoom": 0, "max_zoom": MAX_ZOOM,
             "min_lon_e7": -1_800_000_000, "min_lat_e7": -850_000_000, "max_lon_e7": 1_800_000_000, "max_lat_e7": 850_000_000,
             "center_zoom": 2, "center_lon_e7": 0, "center_lat_e7": 0},
            {"attribution": "Natural Earth"},
        )


def _blurred(picture: Image.Image) -> np.ndarray:
    """The picture less all that is finer than BLUR_PX; at a quarter of its size, where nothing of that is lost."""
    small = np.asarray(picture.reduce(4), np.float32) / 255
    soft = gaussian_filter(small, BLUR_PX / 4, mode=("nearest", "wrap"))
    return np.asarray(Image.fromarray(soft).resize(picture.size, Image.Resampling.BILINEAR))


def _sea(shape: tuple[int, int]) -> np.ndarray:
    """True over the sea, by the package's land–sea mask of ten minutes, made as large as the relief."""
    raw = np.frombuffer(_inflated(shores.folder() / "lsmask_5min_i.bin"), np.uint8)
    rows = int(np.sqrt(raw.size / 2))
    mask = raw.reshape(rows, 2 * rows)[::-1]  # from the south in the file
    step_y, step_x = shape[0] / rows, shape[1] / (2 * rows)
    r = np.minimum((np.arange(shape[0]) / step_y).astype(int), rows - 1)
    c = np.minimum((np.arange(shape[1]) / step_x).astype(int), 2 * rows - 1)
    return mask[np.ix_(r, c)] == 0


def _inflated(path: Path) -> bytes:
    raw = path.read_bytes()
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return zlib.decompress(raw, wbits=47)


def _tile(high: np.ndarray, z: int, x: int, y: int) -> bytes | None:
    """One Mercator tile, or None where it is empty."""
    height, width = high.shape
    px = (np.arange(SIDE) + 0.5) / SIDE
    lon = ((x + px) / 2**z) * width - 0.5
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + px) / 2**z))))
    row = (90 - lat) / 180 * height - 0.5
    value = _sampled(high, row, lon)
    alpha = np.where(value < 0, np.minimum(SHADOW_MOST, -value * GAIN), np.minimum(LIGHT_MOST, value * GAIN * 0.6))
    if alpha.max() < 0.01:
        return None
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[..., :3] = np.where((value < 0)[..., None], SHADOW, LIGHT)
    rgba[..., 3] = np.round(alpha * 255)
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "WEBP", quality=55, method=0, alpha_quality=80)
    return buffer.getvalue()


def _sampled(grid: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Bilinear values at rows (clamped) by columns (wrapped)."""
    height, width = grid.shape
    row = np.clip(row, 0, height - 1.001)
    r0, c0 = np.floor(row).astype(int), np.floor(column).astype(int)
    fr, fc = (row - r0)[:, None], (column - c0)[None, :]
    r1, c1 = np.minimum(r0 + 1, height - 1), (c0 + 1) % width
    c0 = c0 % width
    top = grid[np.ix_(r0, c0)] * (1 - fc) + grid[np.ix_(r0, c1)] * fc
    bottom = grid[np.ix_(r1, c0)] * (1 - fc) + grid[np.ix_(r1, c1)] * fc
    return top * (1 - fr) + bottom * fr
