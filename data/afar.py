"""Images seen from afar: of each a small picture on the Web Mercator grid, in memory, so that a tile of hundreds need not open hundreds of files.

At a low zoom a mosaic's tile is drawn from all its images, each a few pixels of it. More than stay open (data.cogs.OPEN_MAX) would be opened
again for every tile; from these pictures one is put on a tile in some ten microseconds.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.cogs import Reader, file_now, file_state, placed

VIEW_PX = 256  # the longer side of the picture
SHOWN_PX = 128  # an image that is larger than this on the tile is read from its file
KEPT_BYTES = 64 << 20


@dataclass(frozen=True)
class View:
    """`box` (west, south, east, north in EPSG:3857), its colours (h, w, 3) of 8 bits, and which of them are of the image (h, w)."""

    box: tuple[float, float, float, float]
    colours: np.ndarray
    seen: np.ndarray

    def on(self, bounds: tuple[float, float, float, float], size: int) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]] | None:
        """What of it lies on a tile of `size` pixels over `bounds`: colours, seen, and where; None: nothing."""
        at = placed(self.box, bounds, size, size)
        if at is None:
            return None
        turn, columns, rows = at
        west, _, east, north = bounds
        pixel = (east - west) / size
        x = west + (np.arange(columns.start, columns.stop) + 0.5) * pixel - turn - self.box[0]
        y = self.box[3] - north + (np.arange(rows.start, rows.stop) + 0.5) * pixel
        high, wide = self.seen.shape
        c, r = (np.floor(v * (n / side)).astype(int) for v, n, side in ((x, wide, self.box[2] - self.box[0]), (y, high, self.box[3] - self.box[1])))
        inside = ((r >= 0) & (r < high))[:, None] & ((c >= 0) & (c < wide))
        grid = np.ix_(np.clip(r, 0, high - 1), np.clip(c, 0, wide - 1))
        return self.colours[grid], self.seen[grid] & inside, (rows, columns)


def is_afar(box: tuple[float, float, float, float], bounds: tuple[float, float, float, float], size: int) -> bool:
    """Whether an image is so small on a tile that its picture shows it as well as its file."""
    return max(box[2] - box[0], box[3] - box[1]) * size <= SHOWN_PX * (bounds[2] - bounds[0])


def drawn(reader: Reader, colours) -> View:
    """The picture of an image; `colours` makes 8 bits of (bands, h, w), or is None where the image has not the bands that are asked for."""
    west, south, east, north = reader.box
    scale = VIEW_PX / max(east - west, north - south)
    high, wide = (max(1, round(side * scale)) for side in (north - south, east - west))
    out, seen = np.zeros((high, wide, 3), "uint8"), np.zeros((high, wide), bool)
    found = colours and reader.read(reader.box, high, wide, colours.bands)
    if found:
        data, valid, (rows, columns) = found
        out[rows, columns], seen[rows, columns] = colours(data).transpose(1, 2, 0), valid
    return View(reader.box, out, seen)


class Views:
    """Pictures by what they are of, at most `most` bytes of them, the longest unused going first; none of a file that is gone or another by now."""

    def __init__(self, most: int = KEPT_BYTES):
        self._most, self._bytes = most, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Path, tuple, View]] = OrderedDict()

    def get(self, path: Path, key: Hashable) -> View | None:
        """Raises OSError when the file is gone."""
        state = file_state(path)
        with self._lock:
            found = self._kept.get((path, key))
            if found is None or found[1] != state:
                return None
            self._kept.move_to_end((path, key))
            return found[2]

    def put(self, path: Path, key: Hashable, view: View) -> None:
        state = file_state(path)
        with self._lock:
            self._out((path, key))
            self._kept[path, key] = (path, state, view)
            self._bytes += _size(view)
            while self._bytes > self._most and self._kept:
                self._out(next(iter(self._kept)))

    def sweep(self) -> None:
        """Forget what is of files that are gone or others by now."""
        with self._lock:
            listed = [(key, path, state) for key, (path, state, _) in self._kept.items()]
        for key, path, state in listed:
            if file_now(path) != state:
                with self._lock:
                    self._out(key)

    @property
    def bytes(self) -> int:
        return self._bytes

    def _out(self, key: Hashable) -> None:
        if (found := self._kept.pop(key, None)) is not None:
            self._bytes -= _size(found[2])


def _size(view: View) -> int:
    return view.colours.nbytes + view.seen.nbytes


VIEWS = Views()
