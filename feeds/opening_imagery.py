"""Inside the sandbox: rasters. Looked at by their header first; pixels are read when that is sane."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio._err import CPLE_BaseError  # raised bare where rasterio copies a dataset
from rasterio.errors import RasterioError
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles
from shapely.errors import ShapelyError

from feeds import opening_bands as bands_
from feeds import opening_outline as outline
from feeds.opening import Bad
from feeds.opening_gcps import warped
from feeds.opening_look import look

MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
PIXELS_MAX = 4_000_000_000
BLOCK_BYTES_MAX = 64 << 20
RATIO_MAX = 1_000
CACHE_BYTES = 256 << 20  # rasterio hands it on as bytes; with less, overviews are read again and again
TAGS = ("TIFFTAG_DATETIME", "EXIF_DateTimeOriginal", "ACQUISITION_DATETIME", "ACQUISITIONDATETIME", "DATE_TIME")
EXPANDED = "expanded.tif"
# What a file that is no good may raise: of GDAL, of a place that is no shape, of text that is none.
UNREADABLE = (RasterioError, CPLE_BaseError, ShapelyError, UnicodeDecodeError)


def lay(input: str) -> dict:
    """A raster archive of tiles as one picture in EPSG:3857, of its highest zoom."""
    from feeds.opening_tiles import laid

    return laid(Path(input))


def inspect(input: str, pixels: str | None = None, hint: str = "", bands: str | None = None, colormap: str | None = None) -> dict:
    """What the header says, the outline of what is valid, and how to show it. `pixels` is what `lay` made of it."""
    asked = (hint, bands, colormap)
    path = Path(pixels or input)
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] not in MAGIC:
        raise Bad("a GeoTIFF", "first bytes", head[:12])
    try:
        with rasterio.open(path, driver="GTiff") as src:
            _sane(src, path.stat().st_size, made=pixels is not None)
            if src.crs is not None or not src.gcps[0]:
                _placed(src)
                return {**_told(src, *asked), **({"pixels": pixels} if pixels else {})}
            pixels = warped(src)
        with rasterio.open(pixels, driver="GTiff") as src:
            _placed(src)
            return {**_told(src, *asked), "pixels": pixels}
    except UNREADABLE as error:
        raise Bad(f"a GeoTIFF that can be read ({_why(error)})") from None


def to_cog(input: str, told: dict) -> dict:
    """Write `served.tif`, the copy that is served: tiled, with overviews, with a mask so that no border shows. Every band keeps its values."""
    kept, steps = [1, 2, 3] if told["palette"] else told["indexes"], []
    path = told.get("pixels", input)
    rgb = told["dtype"] == "uint8" and len(kept) == 3 and told["shown"]["bands"] == [1, 2, 3]
    profile = {**cog_profiles.get("jpeg" if rgb else "deflate"), "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER"}
    if not rgb:
        profile["compress"] = "ZSTD"  # read several times as fast as deflate
    if rgb:
        profile["JPEG_QUALITY"] = 85
    elif np.dtype(told["dtype"]).itemsize <= 4 or np.dtype(told["dtype"]).kind == "f":
        profile["PREDICTOR"] = 3 if np.dtype(told["dtype"]).kind == "f" else 2
    try:
        if told["palette"] or told["collar"]:
            with rasterio.open(path, driver="GTiff") as src:
                path = _expanded(src) if told["palette"] else outline.without_collar(src, kept, _black(src, kept))
            steps, kept = [path.removesuffix(".tif")], list(range(1, len(kept) + 1))
        with rasterio.open(path, driver="GTiff") as src:
            cog_translate(
                src, "served.tif", profile, indexes=kept, add_mask=True, in_memory=False, quiet=True,
                overview_resampling="average", config={"GDAL_TIFF_INTERNAL_MASK": True, "GDAL_CACHEMAX": CACHE_BYTES, "GDAL_NUM_THREADS": "ALL_CPUS"},
            )
        with rasterio.open("served.tif", driver="GTiff") as made:
            return {"overviews": made.overviews(1), "bytes": Path("served.tif").stat().st_size, "parameters": {
                "bands": told["indexes"], "steps": steps, "overview_resampling": "average", "mask": True,
                **{k: v for k, v in profile.items() if k in ("driver", "compress", "JPEG_QUALITY", "PREDICTOR", "photometric", "blockxsize", "interleave")}}}
    except UNREADABLE as error:
        raise Bad(f"pixels that can be read ({_why(error)})") from None


def _why(error: Exception) -> str:
    """What GDAL said, which rasterio keeps as the cause."""
    return str(error.__cause__ or error)[:120]


def _expanded(src: rasterio.DatasetReader) -> str:
    """Write a picture that names its colours in a table as three bands of them; its name."""
    table = np.zeros((256, 4), "uint8")
    for number, colour in src.colormap(1).items():
        table[number & 255] = colour
    profile = {"driver": "GTiff", "width": src.width, "height": src.height, "count": 3, "dtype": "uint8", "crs": src.crs, "transform": src.transform,
               "photometric": "RGB", **outline.TEMPORARY}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(EXPANDED, "w", **profile) as out:
        for _, at in out.block_windows(1):
            colours = table[src.read(1, window=at)]
            out.write(colours[..., :3].transpose(2, 0, 1), window=at)
            out.write_mask((src.read_masks(1, window=at) > 0) & (colours[..., 3] > 0), window=at)
        out.update_tags(**src.tags())
    return EXPANDED


def _black(src: rasterio.DatasetReader, bands: list[int]) -> np.ndarray:
    return outline.collar(src, look(src, bands)[0])


def _sane(src: rasterio.DatasetReader, size: int, *, made: bool = False) -> None:
    pixels = src.width * src.height
    if pixels > PIXELS_MAX:
        raise Bad(f"at most {PIXELS_MAX:,} pixels", "size", f"{src.width} × {src.height}")
    each = np.dtype(src.dtypes[0]).itemsize
    block = math.prod(src.block_shapes[0]) * each
    if block > BLOCK_BYTES_MAX:
        raise Bad(f"blocks of at most {BLOCK_BYTES_MAX >> 20} MB", "block", f"{src.block_shapes[0]}, {block >> 20} MB")
    raw = pixels * each * src.count
    if not made and raw > RATIO_MAX * size and raw > 256 << 20:
        raise Bad(f"at most {RATIO_MAX} times its size when unpacked", "pixels", f"{raw >> 20} MB from {size >> 10} kB")
    if len(set(src.dtypes)) > 1:
        raise Bad("bands of one type", "dtype", ", ".join(src.dtypes))
    if np.dtype(src.dtypes[0]).kind == "c":
        raise Bad("numbers, not complex ones", "dtype", src.dtypes[0])


def _placed(src: rasterio.DatasetReader) -> None:
    if src.crs is None:
        raise Bad("a CRS; georeference the file first", "crs")
    crs = CRS.from_user_input(src.crs)
    datum = crs.geodetic_crs
    if datum is None or not 6.3e6 < datum.ellipsoid.semi_major_metre < 6.4e6:
        raise Bad("a CRS of the Earth", "crs", crs.name)
    if src.transform.is_identity:
        raise Bad("a place: a transform or a world file", "transform", "none")


def _told(src: rasterio.DatasetReader, hint: str, told_bands: str | None, colormap: str | None) -> dict:
    crs = CRS.from_user_input(src.crs)
    kept = bands_.kept(src)
    data, valid = look(src, kept)
    palette = src.dtypes[0] == "uint8" and src.count == 1 and src.colorinterp[0] == ColorInterp.palette
    black = outline.collar(src, data)
    valid &= np.isfinite(data).any(0)
    if black is not None:
        valid &= ~black
    if not valid.any():
        raise Bad("at least one valid pixel", "mask", "all empty")
    called = ["red", "green", "blue"] if palette else bands_.names(src, kept, f"{hint} {' '.join(map(str, src.tags().values()))[:2000]}")
    transform = src.transform * src.transform.scale(src.width / data.shape[2], src.height / data.shape[1])
    footprint, corners = outline.footprint(valid, transform, crs)
    return {
        "width": src.width, "height": src.height, "bands": src.count, "dtype": src.dtypes[0], "crs": crs.to_string(), "indexes": kept, "palette": palette,
        "collar": black is not None, "shown": {**bands_.shown(called, told_bands, colormap), **_units(src, kept)}, "gsd_m": outline.gsd_m(src, crs),
        "scale": None if src.dtypes[0] == "uint8" and called[0] != "thermal" else bands_.stretches(data.astype("float64"), valid),
        "footprint": shapely.to_wkb(footprint, hex=True), "corners": corners, "tags": _tags(src),
    }


def _units(src: rasterio.DatasetReader, kept: list[int]) -> dict[str, list[str | None]]:
    """What each band is counted in, where the file says it."""
    units = [(str(src.units[i - 1] or "").strip()[:20] or None) for i in kept]
    return {"units": units} if any(units) else {}


def _tags(src: rasterio.DatasetReader) -> dict[str, str]:
    told = {**src.tags(), **src.tags(ns="EXIF"), **src.tags(ns="IMAGERY")}
    return {k: str(v)[:200] for k, v in told.items() if k in TAGS or k in ("ACQUISITIONDATETIME", "TIFFTAG_SOFTWARE", "TIFFTAG_ARTIST")}
