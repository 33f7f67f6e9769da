"""Orthomosaics as GeoTIFF: a scene painted in the strip's own frame, turned by its georeference, with the mosaic's ragged rim."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.random import Generator
from pyproj import Transformer
from rasterio.enums import ColorInterp

from exercise import ground, scenes
from exercise.paint import enlarge
from exercise.sorties import Sortie, Strip
from exercise.streams import stream
from exercise.terrain import Canvas


def utm(lon: float) -> str:
    """The UTM zone north of the equator that holds `lon`."""
    return f"EPSG:{32600 + int((lon + 180) // 6) + 1}"


def frame(strip: Strip) -> tuple[Affine, int, int]:
    """Pixel → UTM metres, width and height: columns run along the strip, rows across it to the right."""
    width, height = round(strip.length_m / strip.gsd_m), round(strip.width_m / strip.gsd_m)
    to_utm = Transformer.from_crs("EPSG:4326", utm(strip.lon), always_xy=True)
    x, y = to_utm.transform(strip.lon, strip.lat)
    turn = Affine.rotation(90 - strip.bearing_deg) * Affine.scale(strip.gsd_m, -strip.gsd_m)
    # To the millimetre, so that a library's last bit never shows in the file.
    a, b, c, d, e, f = (Affine.translation(x, y) * turn * Affine.translation(-width / 2, -height / 2))[:6]
    return Affine(round(a, 9), round(b, 9), round(c, 3), round(d, 9), round(e, 9), round(f, 3)), width, height


def canvas(strip: Strip) -> Canvas:
    """The strip's frame with the true lines in it."""
    transform, width, height = frame(strip)
    to_utm = Transformer.from_crs("EPSG:4326", utm(strip.lon), always_xy=True)
    inverse = ~transform

    def pixels(lonlat: np.ndarray) -> np.ndarray:
        col, row = inverse * np.array(to_utm.transform(lonlat[:, 0], lonlat[:, 1]))
        return np.column_stack([col, row])

    line = ground.border()
    close = np.nonzero(ground.distance_m(line[:, 0], line[:, 1], strip.lon, strip.lat) < strip.length_m)[0]
    # Long straight pieces have no vertex near: the two ends about the nearest one are kept in any case.
    nearest = int(np.argmin(ground.distance_m(line[:, 0], line[:, 1], strip.lon, strip.lat)))
    lo, hi = min([nearest, *close.tolist()]), max([nearest, *close.tolist()])
    border = pixels(ground.smooth(line[max(0, lo - 1) : hi + 2], 2 if strip.scene == "river" else 0))
    land = (
        [(hole, pixels(ground.smooth(np.vstack([ring, ring[:1]]), 1))) for hole, ring in ground.shore()]
        if strip.scene == "shore"
        else []
    )
    spots = pixels(np.array([(p.lon, p.lat) for p in ground.of_kind("town")]))
    towns = [(float(c), float(r)) for c, r in spots if 0 < c < width and 0 < r < height]
    return Canvas(height, width, strip.gsd_m, border, land, strip.bearing_deg - 90, towns)


def base(strip: Strip, seed: int, used: bool = True) -> np.ndarray:
    """The whole strip painted once, float32 (h, w, 3); every flight over it is cut from this."""
    rng = stream(seed, "ground", strip.name)
    board = canvas(strip)
    if strip.scene == "landing":
        return scenes.landing(board, rng, used)
    return scenes.SCENES[strip.scene](board, rng)


def rim(height: int, width: int, rng: Generator) -> np.ndarray:
    """Valid pixels of a mosaic: frames along flight lines, so the rim goes in small steps and the corners are cut."""
    step = max(8, round(min(height, width) / 14))
    deep = max(2, round(min(height, width) / 90))
    valid = np.ones((height, width), bool)
    for side in range(4):
        view = np.rot90(valid, side)
        edges = np.cumsum(rng.integers(step // 2, step * 2, view.shape[1]))
        depth = np.repeat(rng.integers(0, deep + 1, len(edges)), np.diff(edges, prepend=0))[: view.shape[1]]
        view[np.arange(view.shape[0])[:, None] < depth[None, :]] = False
    return valid


def develop(picture: np.ndarray, sortie: Sortie, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """One flight's (3, h, w) uint8 and its valid mask, cut from the strip's ground; and the first column of the cut."""
    rng = stream(seed, "flight", sortie.id)
    lo, hi = (round(p * picture.shape[1]) for p in sortie.plan.part)
    cut = picture[:, lo:hi]
    height, width = cut.shape[:2]
    # Each flight line has its own exposure; blending leaves a trace of it.
    lines = enlarge(np.repeat(1 + rng.normal(0, 0.016, (5, 1)), 3, axis=1), (height, width))
    lines = lines * np.float32(1 + rng.normal(0, 0.03))
    tint = (1 + rng.normal(0, 0.012, 3)).astype("f4")
    bands = [np.round(np.clip(cut[..., c] * lines * tint[c], 0, 255)).astype("u1") for c in range(3)]
    return np.stack(bands), rim(height, width, rng), lo


def write(path: Path, picture: np.ndarray, sortie: Sortie, seed: int) -> None:
    """Write the GeoTIFF: small ones lossless with an alpha band, large ones as JPEG with a mask."""
    pixels, valid, first = develop(picture, sortie, seed)
    transform = frame(sortie.strip)[0] * Affine.translation(first, 0)
    height, width = valid.shape
    pixels[:, ~valid] = 0
    small = sortie.strip.length_m < 1_000
    options = {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "dtype": "uint8",
        "crs": utm(sortie.strip.lon),
        "transform": transform,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
    }
    options |= (
        {"count": 4, "compress": "deflate", "predictor": 2, "photometric": "RGB", "alpha": "YES"}
        if small
        else {"count": 3, "compress": "jpeg", "jpeg_quality": 85, "photometric": "YCbCr"}
    )
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True, GDAL_NUM_THREADS=1), rasterio.open(path, "w", **options) as out:
        out.write(pixels, indexes=[1, 2, 3])
        if small:
            out.write(valid.astype("u1") * 255, 4)
            out.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        else:
            out.write_mask(valid)
        # The tag has no zone by its standard; the file name and this item carry it.
        out.update_tags(
            TIFFTAG_DATETIME=datetime.fromtimestamp(sortie.captured_s, UTC).strftime("%Y:%m:%d %H:%M:%S"),
            TIFFTAG_SOFTWARE="exercise",
            CAPTURED_AT=datetime.fromtimestamp(sortie.captured_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            SORTIE=sortie.id,
            PLATFORM=sortie.plan.platform,
            AGENCY=sortie.plan.agency,
        )
