"""Inside the sandbox: where a raster's valid pixels lie on the ground, and the black collar round some."""

from __future__ import annotations

import math

import numpy as np
import rasterio
import shapely
from pyproj import CRS, Geod, Transformer
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.features import shapes as outlines
from rasterio.windows import Window
from scipy import ndimage

from feeds.opening import Bad

WGS84 = Geod(ellps="WGS84")
COLLAR_MIN = 0.002  # of the picture: less black at an edge is taken for shadow
MASKED = "masked.tif"
TEMPORARY = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "zstd", "zstd_level": 1, "BIGTIFF": "IF_SAFER"}


def footprint(valid: np.ndarray, transform, crs: CRS) -> tuple[shapely.MultiPolygon, list[list[float]]]:
    """The outline in degrees, cut at 180° where it lies over it, and the corners of the picture's frame. Raises Bad."""
    found = [shapely.geometry.shape(g) for g, v in outlines(valid.astype("uint8"), mask=valid, transform=transform, connectivity=8) if v]
    pixel = math.sqrt(abs(transform.determinant))
    whole = shapely.union_all(found).buffer(0)
    least = max(p.area for p in shapely.get_parts(whole)) / 200
    parts = [shapely.Polygon(p.exterior, [h for h in p.interiors if shapely.Polygon(h).area > least])
             for p in shapely.get_parts(whole) if p.area >= least]
    outline = shapely.MultiPolygon([p for g in parts for p in shapely.get_parts(shapely.simplify(g, 1.5 * pixel).buffer(0)) if not p.is_empty])
    move = Transformer.from_crs(crs, 4326, always_xy=True)
    middle = move.transform(*np.mean(shapely.get_coordinates(outline), axis=0))[0]
    if not -360 <= middle <= 360:
        raise Bad("longitude within ±180", "bounds", outline.bounds)

    def degrees(xy: np.ndarray) -> np.ndarray:
        lon, lat = move.transform(xy[:, 0], xy[:, 1])
        near = (middle + 180) % 360 - 180  # a picture over 180° goes on beyond it
        return np.column_stack([near + (np.asarray(lon) - near + 180) % 360 - 180, lat])

    # Long edges bend when they change CRS, so they get vertices first.
    extent = max(outline.bounds[2] - outline.bounds[0], outline.bounds[3] - outline.bounds[1])
    placed = shapely.make_valid(shapely.transform(shapely.segmentize(outline, extent / 20), degrees))
    placed = shapely.simplify(placed, 1e-7)
    if not np.isfinite(shapely.get_coordinates(placed)).all():
        raise Bad("a place on the Earth", "bounds", outline.bounds)
    west, south, east, north = placed.bounds
    if not (-90 <= south and north <= 90 and east - west < 180):
        raise Bad("latitude within ±90, less than half the world wide", "bounds", placed.bounds)
    frame = shapely.minimum_rotated_rectangle(shapely.MultiPoint(shapely.get_coordinates(outline)))
    corners = degrees(shapely.get_coordinates(frame)[:4]).round(7).tolist()
    polygons = [p for p in shapely.get_parts(cut(placed)) if p.geom_type == "Polygon"]
    return shapely.MultiPolygon(polygons), corners


def cut(shape: shapely.Geometry) -> shapely.Geometry:
    """A shape that goes on beyond ±180° as parts on both sides of it."""
    parts = []
    for turn in (-360, 0, 360):
        inside = shapely.intersection(shape, shapely.box(turn - 180, -90, turn + 180, 90))
        parts += [shapely.transform(p, lambda xy, by=turn: xy - (by, 0)) for p in shapely.get_parts(inside) if p.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def gsd_m(src: rasterio.DatasetReader, crs: CRS) -> float:
    """Metres a pixel on the ground at the middle, by geodesic lengths."""
    move = Transformer.from_crs(crs, 4326, always_xy=True)
    c, r = src.width / 2, src.height / 2
    (x0, y0), (x1, y1), (x2, y2) = (move.transform(*(src.transform * p)) for p in ((c, r), (c + 1, r), (c, r + 1)))
    across, down = WGS84.inv(x0, y0, x1, y1)[2], WGS84.inv(x0, y0, x2, y2)[2]
    return math.sqrt(across * down)


def collar(src: rasterio.DatasetReader, look: np.ndarray) -> np.ndarray | None:
    """Where a picture that names no mask is plain black from its edge on, in a look at it (bands, h, w); None: nowhere.

    Only in colours of whole numbers, where 0, 0, 0 is no measured value; only what is joined to the edge: a black roof inside stays.
    """
    masked = any(flag != MaskFlags.all_valid for band in src.mask_flag_enums for flag in band) or ColorInterp.alpha in src.colorinterp
    if masked or len(look) < 3 or look.dtype.kind not in "ui":
        return None
    parts, _ = ndimage.label((look == 0).all(0))
    at_edge = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    found = np.isin(parts, at_edge[at_edge > 0])
    return found if COLLAR_MIN <= found.mean() < 1 else None


def without_collar(src: rasterio.DatasetReader, bands: list[int], near: np.ndarray) -> str:
    """Write the raster with a mask where it is black within two pixels of the look's collar; its name."""
    near = ndimage.binary_dilation(near, iterations=2)
    profile = {"driver": "GTiff", "width": src.width, "height": src.height, "count": len(bands), "dtype": src.dtypes[0], "crs": src.crs,
               "transform": src.transform, **TEMPORARY}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(MASKED, "w", **profile) as out:
        for _, at in out.block_windows(1):
            pixels = src.read(bands, window=at)
            rows = np.minimum((np.arange(at.height) + at.row_off) * near.shape[0] // src.height, near.shape[0] - 1)
            columns = np.minimum((np.arange(at.width) + at.col_off) * near.shape[1] // src.width, near.shape[1] - 1)
            out.write(pixels, window=at)
            out.write_mask(~(near[np.ix_(rows, columns)] & (pixels == 0).all(0)), window=Window(at.col_off, at.row_off, at.width, at.height))
        out.colorinterp = [src.colorinterp[b - 1] for b in bands]
        out.update_tags(**src.tags())
    return MASKED
