"""Pixels out of COGs: a tile of one image or of several laid over each other; nothing outside an image's own ground."""

from __future__ import annotations

import asyncio
import io
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import orjson
import shapely
from PIL import Image as Picture
from rasterio.errors import RasterioIOError
from rasterio.features import rasterize
from rasterio.transform import Affine

from data.afar import VIEWS, View, drawn, is_afar
from data.cogs import HALF_M, POOL, RADIUS_M, Reader
from data.looks import Look, Range, eight_bits
from errors import PictureLost
from settings import store

# How many tiles are decoded at once: on two cores more would only take memory.
_decoding = threading.BoundedSemaphore(3)
SWEEP_S = 20
VALUES_PX, VALUES_KEPT = 1024, 512  # a view values are taken from, and of how many images they are kept
FORMATS = {"webp": ("WEBP", "image/webp"), "png": ("PNG", "image/png")}
# The fastest but one of WebP's methods: half the time of the usual one for 5 to 12 % more bytes.
WRITTEN = {"webp": {"quality": 78, "method": 1}, "png": {"compress_level": 4}}


@contextmanager
def lost(image: dict) -> Iterator[Path]:
    """The file of an image's COG. Raises PictureLost where it can't be read."""
    try:
        yield store().imagery / image["cog"]
    except (OSError, RasterioIOError) as error:
        raise PictureLost(f"the picture of image {image.get('id')} can't be read ({type(error).__name__}); "
                          "`./vigia imagery verify` says what is missing or changed") from None


@contextmanager
def lent(image: dict) -> Iterator[Reader]:
    """A reader of an image's COG. Raises PictureLost."""
    with lost(image) as path, POOL.lend(path) as reader:
        yield reader


@dataclass(frozen=True)
class Colours:
    """How the values of some bands are shown."""

    bands: list[int]
    scale: list[list[float]] | None
    colormap: str | None

    def __call__(self, data: np.ndarray) -> np.ndarray:
        return eight_bits(data, self.scale, self.colormap)


class Canvas:
    """A tile that images are laid on, the topmost first, until nothing more would show."""

    def __init__(self, z: int, x: int, y: int, size: int, look: Look = Look()):
        side = 2 * HALF_M / (1 << z)
        west, north = x * side - HALF_M, HALF_M - y * side
        self._bounds, self._size, self._look = (west, north - side, west + side, north), size, look
        self._colours = np.zeros((size, size, 3), "uint8")
        self._full = np.zeros((size, size), bool)
        self.opened = 0

    @property
    def full(self) -> bool:
        return bool(self._full.all())

    @property
    def empty(self) -> bool:
        return not self._full.any()

    def lay(self, images: list[dict]) -> None:
        """Put more images (data.imagery.under) below what is there; one that could not show is not opened."""
        with _decoding:
            for image in images:
                if self.opened and self.full:
                    return
                if (view := self._view(image)) is None and self.opened and not self._needs(image):
                    continue
                self.opened += 1
                self._put(view.on(self._moved(image.get("offset")), self._size) if view else self._read(image))

    def _view(self, image: dict) -> View | None:
        """The image's small picture, where that is enough and was made before."""
        with lost(image) as path:
            view = VIEWS.get(path, self._key(image))
        return view if view and is_afar(view.box, self._bounds, self._size) else None

    def _key(self, image: dict) -> tuple:
        return self._look, orjson.dumps(image["rendering"])

    def _read(self, image: dict) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]] | None:
        """From its file: colours (h, w, 3), which are the image's, and where on the tile. What is small there leaves its picture behind."""
        bounds = self._moved(image.get("offset"))
        with lent(image) as reader:
            colours = self._colours_of(image, reader)
            if is_afar(reader.box, self._bounds, self._size):
                view = drawn(reader, colours)
                with lost(image) as path:
                    VIEWS.put(path, self._key(image), view)
                return view.on(bounds, self._size)
            found = colours and reader.read(bounds, self._size, self._size, colours.bands)
        if not found:
            return None
        data, seen, at = found
        return colours(data).transpose(1, 2, 0), seen, at

    def _colours_of(self, image: dict, reader: Reader) -> Colours | None:
        shown = self._look.of(image["rendering"], reader.bands)
        if shown and self._look.stretch:
            ranges = _ranges(image["cog"], reader)
            shown = shown[0], [ranges[b - 1].scale(self._look.stretch, reader.dtype) for b in shown[0]], shown[2]
        return shown and Colours(*shown)

    def _put(self, found: tuple[np.ndarray, np.ndarray, tuple[slice, slice]] | None) -> None:
        if found is None:
            return
        colours, seen, (rows, columns) = found
        new = seen & ~self._full[rows, columns]
        if new.all():
            self._colours[rows, columns] = colours
        else:
            self._colours[rows, columns][new] = colours[new]
        self._full[rows, columns] |= new

    def _moved(self, offset: tuple[float, float] | None) -> tuple[float, float, float, float]:
        """Where on the ground of an image that is moved by metres lies what this tile shows of it: beside the tile, the other way."""
        if offset is None:
            return self._bounds
        west, south, east, north = self._bounds
        stretch = math.cosh((south + north) / 2 / RADIUS_M)  # a metre of the ground in Web Mercator
        x, y = offset[0] * stretch, offset[1] * stretch
        return west - x, south - y, east - x, north - y

    def _needs(self, image: dict) -> bool:
        """Whether the image's outline reaches a pixel that is still empty. It was drawn from a look at the image: a rim that it misses is left out then."""
        if (shape := image.get("shape")) is None:
            return True
        west, _, _, north = self._bounds
        pixel = (self._bounds[2] - west) / self._size

        def on_tile(lonlat: np.ndarray) -> np.ndarray:
            lat = np.radians(np.clip(lonlat[:, 1], -85.0511, 85.0511))
            x, y = np.radians(lonlat[:, 0]) * RADIUS_M, np.log(np.tan(np.pi / 4 + lat / 2)) * RADIUS_M
            return np.column_stack([(x - west) / pixel, (north - y) / pixel])

        placed = shapely.transform(shapely.from_wkb(shape), on_tile)
        lo_x, lo_y, hi_x, hi_y = (int(np.clip(v, 0, self._size)) for v in (*np.floor(placed.bounds[:2]), *np.ceil(placed.bounds[2:])))
        free = ~self._full[lo_y:hi_y, lo_x:hi_x]
        if not free.any():
            return False
        inside = rasterize([placed], free.shape, transform=Affine.translation(lo_x, lo_y), dtype="uint8")
        return bool((free & (inside > 0)).any())

    def laid(self, images: list[dict], format: str, last: bool) -> bytes | None:
        """`lay`, and the picture when the tile is full or these were the last; one of nothing where no image has a pixel.

        Nothing there is an empty picture: map libraries take a 204 for a picture that is broken.
        """
        self.lay(images)
        if not (last or self.full):
            return None
        return empty(format) if self.empty else self.encoded(format)

    def encoded(self, format: str) -> bytes:
        """The tile as a picture; transparent where no image has a pixel."""
        return _encoded(self._colours if self.full else np.dstack([self._colours, self._full.astype("uint8") * 255]), format)


def tile(images: list[dict], z: int, x: int, y: int, size: int, format: str, look: Look = Look()) -> bytes | None:
    """The encoded tile of these images, or None when none of them has a pixel there."""
    canvas = Canvas(z, x, y, size, look)
    canvas.lay(images)
    return None if canvas.empty else canvas.encoded(format)


def has(image: dict, look: Look) -> bool:
    """Whether an image has the bands that are asked for."""
    with lent(image) as reader:
        return look.of(image["rendering"], reader.bands) is not None


class _Kept:
    """What the values of COGs reach from and to, by name: what is served is never changed under its name."""

    def __init__(self) -> None:
        self._lock, self._found = threading.Lock(), OrderedDict()

    def __call__(self, cog: str, reader: Reader) -> tuple[Range, ...]:
        with self._lock:
            if (found := self._found.get(cog)) is not None:
                self._found.move_to_end(cog)
                return found
        out = []
        for band in range(1, reader.bands + 1):
            data, seen = reader.whole(VALUES_PX, [band])
            out.append(Range.of(data[0][seen]))
        with self._lock:
            self._found[cog] = tuple(out)
            while len(self._found) > VALUES_KEPT:
                self._found.popitem(last=False)
        return tuple(out)


_ranges = _Kept()


def values(image: dict) -> tuple[str, tuple[Range, ...]]:
    """The type of an image's values, and each band's range, from a view of 1,024 pixels."""
    with _decoding, lent(image) as reader:
        return reader.dtype, _ranges(image["cog"], reader)


@cache
def empty(format: str) -> bytes:
    """One pixel of nothing: what a tile without imagery is answered with."""
    return _encoded(np.zeros((1, 1, 4), "uint8"), format)


def thumbnail(image: dict, size: int) -> bytes:
    """The whole image in a square of at most `size`: of a frame its preview, as the camera took it."""
    if preview := image["rendering"].get("preview"):
        return (store().imagery / preview).read_bytes()
    with _decoding, lent(image) as reader:
        bands, scale, colormap = Look().of(image["rendering"], reader.bands)
        data, seen = reader.whole(size, bands)
    return _encoded(np.dstack([*eight_bits(data, scale, colormap), seen.astype("uint8") * 255]), "webp")


def part(image: dict, bounds: tuple[float, float, float, float], crs: str, columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """What lies within `bounds` (west, south, east, north in `crs`) as it is shown: (3, rows, columns) of 8 bits, and where it was seen, (rows, columns)."""
    with _decoding, lent(image) as reader:
        bands, scale, colormap = Look().of(image["rendering"], reader.bands)
        data, seen = reader.warped(crs, bounds, rows, columns, bands)
    return eight_bits(data, scale, colormap), seen


def _encoded(pixels: np.ndarray, format: str) -> bytes:
    out = io.BytesIO()
    Picture.fromarray(np.ascontiguousarray(pixels)).save(out, FORMATS[format][0], **WRITTEN[format])
    return out.getvalue()


async def swept() -> None:
    """Close files and forget pictures of what is gone, for ever. What is erased is off the disk for good, and out of memory, at most SWEEP_S later."""
    while True:
        await asyncio.sleep(SWEEP_S)
        for held in (POOL, VIEWS):
            await asyncio.to_thread(held.sweep)
