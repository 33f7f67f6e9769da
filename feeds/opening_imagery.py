"""Inside the sandbox: rasters. Looked at by their header first; pixels are read when that is sane."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import CRS, Geod, Transformer
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.features import shapes as outlines
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

from feeds.opening import Bad
from feeds.opening_gcps import warped

MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
PIXELS_MAX = 4_000_000_000
BLOCK_BYTES_MAX = 64 << 20
RATIO_MAX = 1_000
LOOK_PX = 1024  # footprints and stretches are taken from a view of this size
TAGS = ("TIFFTAG_DATETIME", "EXIF_DateTimeOriginal", "ACQUISITION_DATETIME", "ACQUISITIONDATETIME", "DATE_TIME")
WGS84 = Geod(ellps="WGS84")


def inspect(input: str) -> dict:
    """What the header says, the outline of what is valid, and how to show it."""
    path = Path(input)
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] not in MAGIC:
        raise Bad("a GeoTIFF", "first bytes", head[:12])
    try:
        with rasterio.open(path, driver="GTiff") as src:
            _sane(src, path.stat().st_size)
            if src.crs is not None or not src.gcps[0]:
                _placed(src)
                return _told(src)
            pixels = warped(src)
        with rasterio.open(pixels, driver="GTiff") as src:
            _placed(src)
            return {**_told(src), "pixels": pixels}
    except (RasterioError, RasterioIOError) as error:
        raise Bad(f"a GeoTIFF that can be read ({str(error)[:120]})") from None


def to_cog(input: str, told: dict) -> dict:
    """Write `served.tif`, the copy that is served: tiled, with overviews, with a mask so that no border shows."""
    colours = told["indexes"]
    rgb = told["dtype"] == "uint8" and len(colours) == 3
    profile = {**cog_profiles.get("jpeg" if rgb else "deflate"), "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER"}
    if rgb:
        profile["QUALITY"] = 88
    try:
        with rasterio.open(told.get("pixels", input), driver="GTiff") as src:
            cog_translate(
                src, "served.tif", profile, indexes=colours, add_mask=True, in_memory=False, quiet=True,
                overview_resampling="average", config={"GDAL_TIFF_INTERNAL_MASK": True, "GDAL_CACHEMAX": 256},
            )
        with rasterio.open("served.tif", driver="GTiff") as made:
            return {"overviews": made.overviews(1), "bytes": Path("served.tif").stat().st_size}
    except (RasterioError, RasterioIOError) as error:
        raise Bad(f"pixels that can be read ({str(error)[:120]})") from None


def _sane(src: rasterio.DatasetReader, size: int) -> None:
    pixels = src.width * src.height
    if pixels > PIXELS_MAX:
        raise Bad(f"at most {PIXELS_MAX:,} pixels", "size", f"{src.width} × {src.height}")
    each = np.dtype(src.dtypes[0]).itemsize
    block = math.prod(src.block_shapes[0]) * each
    if block > BLOCK_BYTES_MAX:
        raise Bad(f"blocks of at most {BLOCK_BYTES_MAX >> 20} MB", "block", f"{src.block_shapes[0]}, {block >> 20} MB")
    raw = pixels * each * src.count
    if raw > RATIO_MAX * size and raw > 256 << 20:
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


def _told(src: rasterio.DatasetReader) -> dict:
    crs = CRS.from_user_input(src.crs)
    look = max(1, max(src.width, src.height) / LOOK_PX)
    shape = (max(1, round(src.height / look)), max(1, round(src.width / look)))
    mask = src.dataset_mask(out_shape=shape)
    colours = _colours(src)
    data = src.read(colours, out_shape=(len(colours), *shape), resampling=Resampling.nearest).astype("float64")
    valid = (mask > 0) & np.isfinite(data).all(0)
    if not valid.any():
        raise Bad("at least one valid pixel", "mask", "all empty")
    transform = src.transform * src.transform.scale(src.width / shape[1], src.height / shape[0])
    footprint, corners = _footprint(valid, transform, crs)
    return {
        "width": src.width, "height": src.height, "bands": src.count, "dtype": src.dtypes[0], "crs": crs.to_string(),
        "indexes": colours, "scale": None if src.dtypes[0] == "uint8" else _stretch(data, valid), "gsd_m": _gsd(src, crs),
        "footprint": shapely.to_wkb(footprint, hex=True), "corners": corners, "tags": _tags(src),
    }


def _colours(src: rasterio.DatasetReader) -> list[int]:
    """The bands that are shown: red, green, blue where there are three, else the first."""
    alpha = {i for i, c in enumerate(src.colorinterp, 1) if c == ColorInterp.alpha}
    others = [i for i in src.indexes if i not in alpha]
    return others[:3] if len(others) >= 3 else others[:1]


def _stretch(data: np.ndarray, valid: np.ndarray) -> list[list[float]]:
    """The 2nd and 98th percentile of each band: how it is scaled for the eye, the same on every tile."""
    out = []
    for band in data:
        low, high = np.percentile(band[valid], (2, 98))
        out.append([float(low), float(high if high > low else low + 1)])
    return out


def _footprint(valid: np.ndarray, transform, crs: CRS) -> tuple[shapely.MultiPolygon, list[list[float]]]:
    found = [shapely.geometry.shape(g) for g, v in outlines(valid.astype("uint8"), mask=valid, transform=transform, connectivity=8) if v]
    pixel = math.sqrt(abs(transform.determinant))
    whole = shapely.union_all(found).buffer(0)
    least = max(p.area for p in shapely.get_parts(whole)) / 200
    parts = [shapely.Polygon(p.exterior, [h for h in p.interiors if shapely.Polygon(h).area > least])
             for p in shapely.get_parts(whole) if p.area >= least]
    outline = shapely.MultiPolygon([p for g in parts for p in shapely.get_parts(shapely.simplify(g, 1.5 * pixel).buffer(0)) if not p.is_empty])
    move = Transformer.from_crs(crs, 4326, always_xy=True)

    def degrees(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(move.transform(xy[:, 0], xy[:, 1]))

    # Long edges bend when they change CRS, so they get vertices first.
    extent = max(outline.bounds[2] - outline.bounds[0], outline.bounds[3] - outline.bounds[1])
    placed = shapely.make_valid(shapely.transform(shapely.segmentize(outline, extent / 20), degrees))
    placed = shapely.simplify(placed, 1e-7)
    if not np.isfinite(shapely.get_coordinates(placed)).all():
        raise Bad("a place on the Earth", "bounds", outline.bounds)
    west, south, east, north = placed.bounds
    if not (-180 <= west and east <= 180 and -90 <= south and north <= 90):
        raise Bad("longitude within ±180, latitude within ±90", "bounds", placed.bounds)
    polygons = [p for p in shapely.get_parts(placed) if p.geom_type == "Polygon"]
    frame = shapely.minimum_rotated_rectangle(shapely.MultiPoint(shapely.get_coordinates(outline)))
    corners = degrees(shapely.get_coordinates(frame)[:4]).round(7).tolist()
    return shapely.MultiPolygon(polygons), corners


def _gsd(src: rasterio.DatasetReader, crs: CRS) -> float:
    """Metres a pixel on the ground at the middle, by geodesic lengths."""
    move = Transformer.from_crs(crs, 4326, always_xy=True)
    c, r = src.width / 2, src.height / 2
    (x0, y0), (x1, y1), (x2, y2) = (move.transform(*(src.transform * p)) for p in ((c, r), (c + 1, r), (c, r + 1)))
    across, down = WGS84.inv(x0, y0, x1, y1)[2], WGS84.inv(x0, y0, x2, y2)[2]
    return math.sqrt(across * down)


def _tags(src: rasterio.DatasetReader) -> dict[str, str]:
    told = {**src.tags(), **src.tags(ns="EXIF"), **src.tags(ns="IMAGERY")}
    return {k: str(v)[:200] for k, v in told.items() if k in TAGS or k in ("ACQUISITIONDATETIME", "TIFFTAG_SOFTWARE", "TIFFTAG_ARTIST")}
