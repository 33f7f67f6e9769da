"""Pixels out of COGs: a tile of one image or of several, newest on top; nothing outside an image's own ground."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
from rio_tiler.errors import EmptyMosaicError, TileOutsideBounds
from rio_tiler.io import Reader
from rio_tiler.models import ImageData
from rio_tiler.mosaic import mosaic_reader
from rio_tiler.mosaic.methods import FirstMethod

from settings import store

# How many tiles are decoded at once: on two cores more would only take memory.
_decoding = threading.BoundedSemaphore(3)
FORMATS = {"webp": ("WEBP", "image/webp"), "png": ("PNG", "image/png")}


def tile(images: list[dict], z: int, x: int, y: int, size: int, format: str) -> bytes | None:
    """The encoded tile of these images (see data.imagery.under), or None when none of them has a pixel there."""
    with _decoding:
        try:
            found, _ = mosaic_reader(images, _read, x, y, z, tilesize=size, threads=0, pixel_selection=FirstMethod())
        except (EmptyMosaicError, TileOutsideBounds):
            return None
        if not found.mask.any():
            return None
        return found.render(img_format=FORMATS[format][0], add_mask=True, **({"quality": 84} if format == "webp" else {}))


@cache
def empty(format: str) -> bytes:
    """One pixel of nothing: what a tile without imagery is answered with."""
    nothing = ImageData(np.ma.masked_all((3, 1, 1), dtype="uint8"))
    return nothing.render(img_format=FORMATS[format][0], add_mask=True)


def thumbnail(image: dict, size: int) -> bytes:
    """The whole image in a square of `size`: of a frame its preview, as the camera took it."""
    if preview := image["rendering"].get("preview"):
        return (store().imagery / preview).read_bytes()
    with _decoding, Reader(store().imagery / image["cog"]) as src:
        return _shown(src.preview(max_size=size), image).render(img_format="WEBP", add_mask=True, quality=80)


def _read(image: dict, x: int, y: int, z: int, **options) -> ImageData:
    with Reader(store().imagery / image["cog"]) as src:
        return _shown(src.tile(x, y, z, **options), image)


def _shown(data: ImageData, image: dict) -> ImageData:
    """Eight bits for the eye, by the scale stored with the image; one band as grey."""
    if scale := image["rendering"].get("scale"):
        data.rescale(in_range=tuple(tuple(s) for s in scale))
    if data.count == 1:
        data = ImageData(data.array[[0, 0, 0]], assets=data.assets, crs=data.crs, bounds=data.bounds)
    return data
