"""Inside the sandbox: a small view of a whole raster, each block of it unpacked once.

GDAL's own decimated read of a picture without overviews goes line by line over all blocks of a row. Where a row of blocks is
larger than its cache each is unpacked for every line again: a picture of 4 GB took ten minutes to look at.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

LOOK_PX = 1024  # footprints and stretches are taken from a view of this size
PIECE_BYTES = 16 << 20  # pixels held at once


def look(src: rasterio.DatasetReader, bands: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The nearest pixels of a view at most LOOK_PX wide and high: (bands, h, w), and whether each is valid: (h, w)."""
    smaller = max(1, max(src.width, src.height) / LOOK_PX)
    shape = (max(1, round(src.height / smaller)), max(1, round(src.width / smaller)))
    if smaller <= 2 or src.overviews(1):
        return src.read(bands, out_shape=(len(bands), *shape), resampling=Resampling.nearest), src.dataset_mask(out_shape=shape) > 0
    rows, columns = (((np.arange(n) + 0.5) * side / n).astype(int) for n, side in zip(shape, (src.height, src.width)))
    data, valid = np.empty((len(bands), *shape), src.dtypes[0]), np.empty(shape, bool)
    for r, c, window in _pieces(src, rows, columns):
        at = np.ix_(rows[r] - window.row_off, columns[c] - window.col_off)
        data[:, r, c] = src.read(bands, window=window)[:, *at]
        valid[r, c] = src.dataset_mask(window=window)[at] > 0
    return data, valid


def _pieces(src: rasterio.DatasetReader, rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[slice, slice, Window]]:
    """Which of the view's rows and columns lie in each piece, a piece being some blocks side by side, and its pixels."""
    high, wide = src.block_shapes[0]
    each = np.dtype(src.dtypes[0]).itemsize * src.count * min(high, src.height)
    wide *= max(1, PIECE_BYTES // (each * wide))
    for r in _runs(rows // high):
        for c in _runs(columns // wide):
            top, left = rows[r.start], columns[c.start]
            yield r, c, Window(left, top, columns[c.stop - 1] - left + 1, rows[r.stop - 1] - top + 1)


def _runs(blocks: np.ndarray) -> list[slice]:
    """Where the same number stands, of numbers that only grow."""
    edges = [0, *(np.flatnonzero(np.diff(blocks)) + 1), len(blocks)]
    return [slice(int(a), int(b)) for a, b in zip(edges, edges[1:])]
