"""Inside the sandbox: a raster that only has ground control points is laid on the ground by them."""

from __future__ import annotations

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine, GCPTransformer, from_gcps
from rasterio.warp import reproject

from feeds.opening import Bad

PIXELS_MAX = 200_000_000
POINTS_MIN = 4
OFF_MAX = 0.05  # of the diagonal: how far the points may lie from one smooth surface
WARPED = "warped.tif"


def warped(src: rasterio.DatasetReader) -> str:
    """Write the raster in the CRS of its points, masked where nothing fell; its name. Raises Bad."""
    points, crs = src.gcps
    if crs is None:
        raise Bad("a CRS for the ground control points", "crs", f"{len(points)} points, no CRS")
    if len(points) < POINTS_MIN:
        raise Bad(f"a CRS and a transform, or at least {POINTS_MIN} ground control points", "ground control points", len(points))
    if src.width * src.height > PIXELS_MAX:
        raise Bad(f"at most {PIXELS_MAX:,} pixels where only ground control points tell the place; warp the file first (gdalwarp)",
                  "size", f"{src.width} × {src.height}")
    transform, width, height = _grid(src, points)
    if width * height > 4 * PIXELS_MAX:
        raise Bad("ground control points that keep the picture in one piece", "warped size", f"{width} × {height}")
    told = {"src_crs": crs, "gcps": points, "dst_crs": crs, "dst_transform": transform}
    bands = [i for i, c in enumerate(src.colorinterp, 1) if c != ColorInterp.alpha]
    profile = {"driver": "GTiff", "width": width, "height": height, "count": len(bands), "dtype": src.dtypes[0], "crs": crs,
               "transform": transform, "nodata": src.nodata, "tiled": True, "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER"}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(WARPED, "w", **profile) as out:
        mask = np.zeros((height, width), "uint8")
        reproject(src.dataset_mask(), mask, **told, resampling=Resampling.nearest)
        for n, band in enumerate(bands, 1):
            pixels = np.full((height, width), src.nodata or 0, src.dtypes[0])
            reproject(src.read(band), pixels, **told, src_nodata=src.nodata, dst_nodata=src.nodata, resampling=Resampling.bilinear)
            out.write(pixels, n)
        out.write_mask(mask > 0)
        out.colorinterp = [src.colorinterp[b - 1] for b in bands]
        out.update_tags(**src.tags())
    return WARPED


def _grid(src: rasterio.DatasetReader, points: list) -> tuple[Affine, int, int]:
    """North-up pixels as large as the picture's own, over all its edges. GDAL's own answer needs VRT, which is left out here."""
    down, across = np.linspace(0, src.height, 33), np.linspace(0, src.width, 33)
    rows = np.concatenate([down, down, np.zeros(33), np.full(33, src.height)])
    columns = np.concatenate([np.zeros(33), np.full(33, src.width), across, across])
    given = np.array([(p.x, p.y) for p in points])
    with GCPTransformer(points) as move:
        x, y = (np.asarray(v) for v in move.xy(rows, columns, offset="ul"))
        met = np.column_stack(move.xy([p.row for p in points], [p.col for p in points], offset="ul"))
    # Points that contradict each other would tear the picture.
    off = np.hypot(*(met - given).T).max() / max(np.hypot(*np.ptp(given, axis=0)), 1e-12)
    if not off <= OFF_MAX:
        raise Bad(f"ground control points that agree within {OFF_MAX:.0%} of the picture", "ground control points", f"{off:.0%} off")
    side = float(np.sqrt(abs(from_gcps(points).determinant)))
    if not (np.isfinite(x).all() and np.isfinite(y).all() and side > 0):
        raise Bad("ground control points that span an area", "ground control points", f"pixels of {side}")
    width, height = int(np.ceil(np.ptp(x) / side)), int(np.ceil(np.ptp(y) / side))
    return Affine(side, 0, float(x.min()), 0, -side, float(y.max())), max(width, 1), max(height, 1)
