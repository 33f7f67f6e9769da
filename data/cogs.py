"""Open COGs, and what they have on a piece of the Web Mercator grid.

A dataset is used by one thread at a time, as GDAL demands: a reader is lent to one and then given back. Those given back stay open, the
longest unused being closed, and one whose file is another by now, or gone, is closed before it could be lent again.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from pyproj import CRS, Transformer
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

HALF_M = 20_037_508.342789244
RADIUS_M = 6_378_137.0
OPEN_MAX = 96  # readers that stay open
GRID = 17  # where pixels lie is computed exactly on this many lines each way, and between them by straight ones: off by less than 0.1 pixel


class Reader:
    """One open COG. `box` is where it lies in EPSG:3857 (west, south, east, north); over 180° its east is beyond the map's edge."""

    def __init__(self, path: Path):
        self._src = rasterio.open(path, driver="GTiff")
        self.bands: int = self._src.count
        self.dtype: str = self._src.dtypes[0]
        self._to_pixel = ~self._src.transform
        crs = CRS.from_user_input(self._src.crs)
        self._move = Transformer.from_crs(3857, crs, always_xy=True)
        self._factors = [1, *self._src.overviews(1)]
        side = np.linspace(0, 1, 21)
        c = np.concatenate([side, side, side * 0, side * 0 + 1]) * self._src.width
        r = np.concatenate([side * 0, side * 0 + 1, side, side]) * self._src.height
        back = Transformer.from_crs(crs, 4326, always_xy=True)
        lon, lat = back.transform(*(self._src.transform * (c, r)))
        middle = back.transform(*(self._src.transform * (self._src.width / 2, self._src.height / 2)))[0]
        self._turn_deg = middle if crs.is_geographic else None
        middle = (middle + 180) % 360 - 180
        lon = middle + (np.asarray(lon) - middle + 180) % 360 - 180
        lat = np.radians(np.clip(lat, -85.05112877980659, 85.05112877980659))
        x, y = np.radians(lon) * RADIUS_M, np.log(np.tan(np.pi / 4 + lat / 2)) * RADIUS_M
        self.box = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))

    def close(self) -> None:
        self._src.close()

    def read(self, bounds: tuple[float, float, float, float], height: int, width: int,
             bands: list[int]) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]] | None:
        """Its pixels (bands, h, w), which of them are valid (h, w), and where they lie on a tile of height × width over `bounds` (EPSG:3857); None: none there."""
        at = placed(self.box, bounds, height, width)
        if at is None:
            return None
        _, columns, rows = at
        west, south, east, north = bounds
        per_x, per_y = width / (east - west), height / (north - south)
        found = self._sampled(west + columns.start / per_x, north - rows.start / per_y, 1 / per_x, 1 / per_y, rows.stop - rows.start,
                              columns.stop - columns.start, bands)
        return None if found is None else (*found, (rows, columns))

    def warped(self, crs: str, bounds: tuple[float, float, float, float], rows: int, columns: int, bands: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Its pixels on a grid of another CRS (bands, rows, columns), each between its neighbours, and which of them are valid: for measuring, not for tiles."""
        with WarpedVRT(self._src, crs=crs, transform=from_bounds(*bounds, columns, rows), width=columns, height=rows, resampling=Resampling.bilinear,
                       add_alpha=self._src.nodata is None and self._src.colorinterp[-1] != ColorInterp.alpha) as grid:
            data, seen = grid.read(bands), grid.dataset_mask() > 0
        if data.dtype.kind == "f":
            seen &= np.isfinite(data).all(0)
        return data, seen

    def whole(self, size: int, bands: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """All of it, the longer side `size` pixels at most, as it is stored: bands and which pixels are valid."""
        scale = max(1, self._src.width / size, self._src.height / size)
        shape = (max(1, round(self._src.height / scale)), max(1, round(self._src.width / scale)))
        return self._src.read(bands, out_shape=(len(bands), *shape)), self._src.read_masks(1, out_shape=shape) > 0

    def _sampled(self, x0: float, y0: float, dx: float, dy: float, h: int, w: int, bands: list[int]) -> tuple[np.ndarray, np.ndarray] | None:
        if h < 1 or w < 1:
            return None
        c, r = self._places(x0, y0, dx, dy, h, w)
        scale = max(1e-9, min(np.hypot(c[0, -1] - c[0, 0], r[0, -1] - r[0, 0]) / max(w - 1, 1), np.hypot(c[-1, 0] - c[0, 0], r[-1, 0] - r[0, 0]) / max(h - 1, 1))) \
            if h > 1 and w > 1 else float(self._factors[-1])
        factor = max(f for f in self._factors if f == 1 or f <= scale * 1.001)
        src = self._src
        c0, r0 = max(0, int(c.min())) // factor * factor, max(0, int(r.min())) // factor * factor
        # In whole steps of the overview, which is then copied from; anything else makes GDAL sample it pixel by pixel.
        c1, r1 = (min(-(-(int(v.max()) + 1) // factor), max(side // factor, 1)) * factor for v, side in ((c, src.width), (r, src.height)))
        c1, r1 = min(c1, src.width), min(r1, src.height)
        if c0 >= c1 or r0 >= r1:
            return None
        window = Window(c0, r0, c1 - c0, r1 - r0)
        shape = (-(-(r1 - r0) // factor), -(-(c1 - c0) // factor))
        valid = src.read_masks(1, window=window, out_shape=shape)
        inside = (c >= c0) & (c < c1) & (r >= r0) & (r < r1)
        at = np.clip((r - r0) / factor, 0, shape[0] - 1).astype(np.int32) * shape[1] + np.clip((c - c0) / factor, 0, shape[1] - 1).astype(np.int32)
        seen = (valid.ravel()[at] > 0) & inside
        if not seen.any():
            return None
        data = src.read(bands, window=window, out_shape=(len(bands), *shape)).reshape(len(bands), -1).take(at, axis=1)
        if data.dtype.kind == "f":
            seen &= np.isfinite(data).all(0)
        return data, seen

    def _places(self, x0: float, y0: float, dx: float, dy: float, h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
        """The column and row of the image under the middle of each pixel."""
        across, down = np.linspace(0, w - 1, min(GRID, w)), np.linspace(0, h - 1, min(GRID, h))
        gx, gy = np.meshgrid(x0 + (across + 0.5) * dx, y0 - (down + 0.5) * dy)
        x, y = self._move.transform((gx + HALF_M) % (2 * HALF_M) - HALF_M, gy)
        if self._turn_deg is not None:
            x = self._turn_deg + (x - self._turn_deg + 180) % 360 - 180
        c, r = self._to_pixel * (x, y)
        return _between(_between(c, h).T, w).T, _between(_between(r, h).T, w).T


def _between(lines: np.ndarray, pixels: int) -> np.ndarray:
    """Values on some lines, at each of as many pixels from the first to the last. No matrix product: BLAS would start threads for it."""
    if len(lines) == 1:
        return lines.repeat(pixels, 0)
    place = np.linspace(0, len(lines) - 1, pixels)
    low = np.minimum(place.astype(int), len(lines) - 2)
    return lines[low] + (place - low)[:, None] * (lines[low + 1] - lines[low])


def placed(box: tuple[float, float, float, float], bounds: tuple[float, float, float, float], height: int, width: int) -> tuple[float, slice, slice] | None:
    """Where a box lies on a tile over `bounds` (both west, south, east, north in EPSG:3857): by how much it is moved to get there, columns, rows; None: nowhere."""
    west, south, east, north = bounds
    for turn in (0, -2 * HALF_M, 2 * HALF_M):  # what reaches beyond one edge of the map is on its other side
        lo_x, hi_x = max(west, box[0] + turn), min(east, box[2] + turn)
        lo_y, hi_y = max(south, box[1]), min(north, box[3])
        if lo_x < hi_x and lo_y < hi_y:
            break
    else:
        return None
    per_x, per_y = width / (east - west), height / (north - south)
    columns = slice(max(0, int((lo_x - west) * per_x)), min(width, int(np.ceil((hi_x - west) * per_x))))
    rows = slice(max(0, int((north - hi_y) * per_y)), min(height, int(np.ceil((north - lo_y) * per_y))))
    return turn, columns, rows


class Pool:
    """At most `most` readers that stay open while nobody uses them."""

    def __init__(self, most: int = OPEN_MAX):
        self._most = most
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Path, tuple, Reader]] = OrderedDict()
        self._by_path: dict[Path, list[int]] = {}

    @contextmanager
    def lend(self, path: Path) -> Iterator[Reader]:
        """A reader of the file for one thread. Raises OSError and rasterio's errors when it can't be opened."""
        state = file_state(path)
        reader = self._taken(path, state) or Reader(path)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        self._given_back(path, state, reader)

    def sweep(self) -> None:
        """Close what is open of files that are gone or others by now: until then the disk keeps an erased file's bytes."""
        with self._lock:
            old = [key for key, (path, state, _) in self._idle.items() if file_now(path) != state]
            readers = [self._out(key) for key in old]
        for reader in readers:
            reader.close()

    @property
    def open(self) -> int:
        return len(self._idle)

    def _taken(self, path: Path, state: tuple) -> Reader | None:
        stale = []
        with self._lock:
            found = None
            for key in self._by_path.get(path, [])[::-1]:
                fits = self._idle[key][1] == state
                if fits and found is None:
                    found = self._out(key)
                elif not fits:
                    stale.append(self._out(key))
        for reader in stale:
            reader.close()
        return found

    def _given_back(self, path: Path, state: tuple, reader: Reader) -> None:
        spare = []
        with self._lock:
            self._idle[id(reader)] = (path, state, reader)
            self._by_path.setdefault(path, []).append(id(reader))
            while len(self._idle) > self._most:
                spare.append(self._out(next(iter(self._idle))))
        for one in spare:
            one.close()

    def _out(self, key: int) -> Reader:
        path, _, reader = self._idle.pop(key)
        self._by_path[path].remove(key)
        if not self._by_path[path]:
            del self._by_path[path]
        return reader


def file_state(path: Path) -> tuple:
    """What a file is told apart by."""
    told = os.stat(path)
    return told.st_ino, told.st_mtime_ns, told.st_size


def file_now(path: Path) -> tuple | None:
    """The same; None where there is no file."""
    try:
        return file_state(path)
    except FileNotFoundError:
        return None


POOL = Pool()
