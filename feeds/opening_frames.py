"""Inside the sandbox: frames. Many in one go: each becomes what it says of itself, a preview, and where its pose allows an overlay."""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
import warnings
from functools import lru_cache
from pathlib import Path

import antimeridian
import numpy as np
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from PIL import Image, ImageDraw, ImageFile, ImageOps
from pyproj import CRS, Geod, Transformer
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.warp import reproject

from analysis.footprint import EDGE, REACH, Camera, Footprint, NoFootprint, Terrain, footprint, ground_error_m
from feeds import opening_exif
from feeds.opening import Bad

MAGIC = b"\xff\xd8\xff"
PIXELS_MAX = 400_000_000
DECODED_PX, PREVIEW_PX, OVERLAY_PX = 960, 640, 512
FILM_DIAGONAL_MM = 43.2666
# What is assumed where a frame does not say: a plain GPS receiver, and a gimbal with a compass.
POSITION_M, HEIGHT_M, ANGLE_DEG = 5.0, 3.0, 1.5
WGS84 = Geod(ellps="WGS84")
# Programs that leave EXIF and XMP as they were when they turn or cut a picture.
EDITORS = re.compile(r"photo ?viewer|photos|photoshop|lightroom|gimp|picasa|irfan|xnview|paint|snapseed|magick|darktable|capture one|acdsee|preview", re.IGNORECASE)
SENSORS = tomllib.loads((Path(__file__).parents[1] / "data" / "sensors.toml").read_text(encoding="utf-8"))
# An overlay is so small that it is one block: overviews would double what it costs to make, and save nothing when it is read.
COG = {"driver": "COG", "compress": "JPEG", "quality": 85, "blocksize": OVERLAY_PX, "overviews": "NONE", "num_threads": 1}

Image.MAX_IMAGE_PIXELS = PIXELS_MAX
ImageFile.LOAD_TRUNCATED_IMAGES = False
warnings.simplefilter("ignore", NotGeoreferencedWarning)


def read(inputs: list[str], dem: str | None = None, turned: int | None = None) -> dict:
    """`turned` is by how many degrees clockwise the pictures were turned since they were taken, where a person says so.

    For each of `inputs` its answer, in order: {"done": …} or {"refused": …}. Beside input `3.jpg` stand `3.webp` and perhaps `3.tif`."""
    out = []
    for name in inputs:
        try:
            out.append({"done": _one(Path(name), dem, turned)})
        except Bad as bad:
            out.append({"refused": bad.as_dict()})
        except Image.DecompressionBombError:
            out.append({"refused": {"expected": f"at most {PIXELS_MAX:,} pixels"}})
        except opening_exif.BROKEN as error:
            out.append({"refused": {"expected": f"a JPEG that can be read ({type(error).__name__}: {str(error).replace(repr(name), 'it')[:100]})"}})
    return {"frames": out}


def _one(path: Path, dem: str | None, turned: int | None) -> dict:
    raw = path.read_bytes()
    if raw[:3] != MAGIC:
        raise Bad("a JPEG", "first bytes", raw[:12])
    with Image.open(path, formats=["JPEG"]) as image:
        width, height = image.size
        if width * height > PIXELS_MAX:
            raise Bad(f"at most {PIXELS_MAX:,} pixels", "size", f"{width} × {height}")
        told = opening_exif.read(image)
        bands = len(image.getbands())
        image.draft("RGB", (DECODED_PX, max(1, round(DECODED_PX * height / width))))
        upright = image.getexif().get(0x0112) if "EXIF can't be read" not in told["doubts"] else None
        pixels = image.convert("RGB")
    preview = pixels.copy()
    preview.thumbnail((PREVIEW_PX, PREVIEW_PX), Image.Resampling.BILINEAR)
    if upright in range(2, 9):
        preview.getexif()[0x0112] = upright
        preview = ImageOps.exif_transpose(preview)
    preview.save(path.with_suffix(".webp"), "WEBP", quality=78, method=0, exif=b"", xmp=b"", icc_profile=b"")
    out = {"sha256": hashlib.sha256(raw).hexdigest(), "width": width, "height": height, "bands": bands, "told": told, "why_point": None}
    if turned:
        pixels = pixels.rotate(turned, expand=True)  # counterclockwise: as the camera took it
        width, height = (height, width) if turned % 180 else (width, height)
    edited = bool(EDITORS.search(told["software"])) and turned is None
    if edited:
        told["doubts"].append(f"saved again by {told['software']}: the picture may have been turned or cut since it was taken (--turned says how)")
    try:
        camera = _camera(told, width, height)
        terrain = _terrain(told, dem) if dem else None
        if terrain is None and "height_m" not in told:
            raise NoFootprint("it does not say how high above the ground it was (or give --dem)")
        stands = told["altitude_m"] if dem else told["height_m"]
        found = footprint(camera, stands, terrain)
    except NoFootprint as why:
        out["why_point"] = str(why)
        return out
    return out | _laid(path, None if edited else pixels, told, camera, found, stands, terrain)


def _camera(told: dict, width: int, height: int) -> Camera:
    """The pinhole it was taken by; how its focal length is known goes to `told`. Raises NoFootprint."""
    if "lat" not in told:
        raise NoFootprint("it does not say where it was taken")
    if "angles_from" not in told:
        raise NoFootprint(told.get("not_held", "it does not say how its camera was held"))
    sensor = SENSORS.get(told["camera"])
    focal_mm = told.get("focal_mm") or (sensor or {}).get("focal_mm")
    if 0.2 * width < told.get("focal_xmp_px", 0) < 20 * width:
        focal, said = told["focal_xmp_px"], "XMP CalibratedFocalLength"
    elif sensor and focal_mm:
        focal, said = focal_mm / sensor["sensor_width_mm"] * width, f"{focal_mm:g} mm before a sensor {sensor['sensor_width_mm']:g} mm wide ({told['camera']})"
    elif told.get("focal_35mm"):
        focal, said = told["focal_35mm"] / FILM_DIAGONAL_MM * math.hypot(width, height), f"{told['focal_35mm']:g} mm as of 35 mm film"
    else:
        raise NoFootprint(f"the camera {told['camera'] or 'of no name'} is not in data/sensors.toml, and it tells no focal length as of 35 mm film")
    told |= {"focal_px": round(focal, 1), "focal_from": said}
    return Camera(width, height, focal, told["yaw_deg"], told["pitch_deg"], told.get("roll_deg", 0.0))


def _degrees(told: dict, xy: np.ndarray) -> np.ndarray:
    """Longitude and latitude of places in metres from below the camera: as far, and in that direction."""
    n = np.ones(len(xy))
    return np.column_stack(WGS84.fwd(told["lon"] * n, told["lat"] * n, np.degrees(np.arctan2(xy[:, 0], xy[:, 1])), np.hypot(xy[:, 0], xy[:, 1]))[:2])


@lru_cache
def _to_utm(epsg: int) -> Transformer:
    return Transformer.from_crs(4326, epsg, always_xy=True)


def _local(told: dict) -> CRS:
    return CRS.from_proj4(f"+proj=aeqd +lat_0={told['lat']} +lon_0={told['lon']} +datum=WGS84 +units=m")


def _terrain(told: dict, dem: str) -> Terrain:
    """The heights round a camera, out of the terrain that was given. Raises NoFootprint, Bad."""
    from feeds import opening_imagery  # loads slowly; where it is needed it was loaded before the sandbox closed

    if "altitude_m" not in told:
        raise NoFootprint("it does not say how high it was above sea level, which a terrain needs")
    with open(dem, "rb") as file:
        if file.read(4) not in opening_imagery.MAGIC:
            raise Bad("a GeoTIFF of heights", "--dem")
    try:
        with rasterio.open(dem, driver="GTiff") as src:
            opening_imagery._sane(src, Path(dem).stat().st_size)
            opening_imagery._placed(src)
            x, y = Transformer.from_crs(4326, src.crs, always_xy=True).transform(told["lon"], told["lat"])
            below = next(src.sample([(x, y)], 1, masked=True))[0]
            if below is np.ma.masked or not math.isfinite(below):
                raise NoFootprint("the terrain does not reach to where it was taken")
            half = REACH * max(1.0, told["altitude_m"] - float(below))
            step = max(2 * half / 512, abs(src.transform.e) * (111_000 if src.crs.is_geographic else 1))
            side = max(2, math.ceil(2 * half / step) + 1)
            heights = np.full((side, side), np.nan, "float64")
            reproject(rasterio.band(src, 1), heights, dst_transform=Affine(step, 0, -half - step / 2, 0, -step, half + step / 2), dst_crs=_local(told).to_wkt(),
                      dst_nodata=np.nan, resampling=Resampling.bilinear)
    except RasterioError as error:
        raise Bad(f"a GeoTIFF of heights that can be read ({str(error)[:100]})", "--dem") from None
    return Terrain(heights, -half, half, step)


def _laid(path: Path, pixels: Image.Image | None, told: dict, camera: Camera, found: Footprint, stands: float, terrain: Terrain | None) -> dict:
    """Its footprint in degrees, and its overlay written; without pixels there is none."""
    ring = _degrees(told, found.outline)
    straight = terrain is None and not found.cut  # then lines of the picture are lines on the ground
    outline = shapely.Polygon(found.outline[::EDGE]) if straight else shapely.simplify(shapely.Polygon(found.outline), min(1.0, found.gsd_m))
    if not outline.is_valid or outline.is_empty or outline.area < found.gsd_m**2:
        return {"why_point": "its edge on the ground crosses itself"}
    placed = shapely.transform(outline, lambda xy: _degrees(told, xy))
    if placed.bounds[2] - placed.bounds[0] > 180:
        placed = antimeridian.fix_polygon(placed)
    zone = min(60, max(1, int((told["lon"] + 180) // 6) + 1))
    epsg = (32600 if told["lat"] >= 0 else 32700) + zone
    overlay = _overlay(path.with_suffix(".tif"), pixels, told, camera, found, stands, terrain, epsg) if pixels and abs(told["lat"]) < 84 else None
    above = stands - (0.0 if terrain is None else float(terrain.at(np.zeros(1), np.zeros(1))[0]))
    error = told.get("position_error_m", POSITION_M)
    return {
        "footprint": shapely.to_wkb(shapely.MultiPolygon([p for p in shapely.get_parts(placed)]), hex=True), "corners": ring[::EDGE].round(7).tolist(),
        "gsd_m": found.gsd_m, "cut": found.cut, "reach_m": round(found.reach_m, 1), "above_ground_m": round(above, 2), "slant_m": round(found.slant_m, 1),
        "overlay": overlay, "ground_error_m": round(ground_error_m(error, HEIGHT_M, ANGLE_DEG, above, told["pitch_deg"]), 1),
        "ground": "flat at the height of take-off" if terrain is None else "terrain",
    }


def _overlay(out: Path, pixels: Image.Image, told: dict, camera: Camera, found: Footprint, stands: float, terrain: Terrain | None, epsg: int) -> dict:
    """The frame laid on the ground in a UTM zone, with a mask, as a small COG."""
    (x0, xe, xn), (y0, ye, yn) = _to_utm(epsg).transform(*_degrees(told, np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])).T)
    # The zone's grid is turned and scaled against the local one, over a frame by the same everywhere.
    local = np.array([[(xe - x0) / 100, (xn - x0) / 100, x0], [(ye - y0) / 100, (yn - y0) / 100, y0], [0, 0, 1]])
    ring = np.column_stack([found.outline, np.ones(len(found.outline))]) @ local.T
    (west, south), (east, north) = ring[:, :2].min(0), ring[:, :2].max(0)
    step = float(max((east - west) / OVERLAY_PX, (north - south) / OVERLAY_PX, found.gsd_m))
    columns, rows = max(1, math.ceil((east - west) / step)), max(1, math.ceil((north - south) / step))
    grid = np.array([[step, 0, west], [0, -step, north], [0, 0, 1]])
    to_local = np.linalg.inv(local) @ grid  # a cell of the overlay -> metres from below the camera
    mask = Image.new("L", (columns, rows), 0)
    cells = np.column_stack([(ring[:, 0] - west) / step, (north - ring[:, 1]) / step])
    ImageDraw.Draw(mask).polygon([tuple(p) for p in cells.tolist()], fill=255)
    shrunk = pixels.width / camera.width_px
    if terrain is None:
        ground = to_local.copy()
        ground[2] = (0, 0, -stands)
        m = np.diag([shrunk, shrunk, 1]) @ camera.to_pixels(ground)
        m = m / m[2, 2]
        data = np.asarray(pixels.transform((columns, rows), Image.Transform.PERSPECTIVE, m.ravel()[:8].tolist(), Image.Resampling.BILINEAR))
        valid = np.asarray(mask)
    else:
        data, inside = _over_terrain(pixels, camera, terrain, to_local, stands, shrunk, columns, rows)
        valid = np.where(inside, np.asarray(mask), 0).astype("uint8")
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 3, "dtype": "uint8", "crs": f"EPSG:{epsg}", "transform": Affine(step, 0, west, 0, -step, north)}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), MemoryFile() as memory:
        with memory.open(**profile) as made:
            made.write(data.transpose(2, 0, 1))
            made.write_mask(valid)
            made.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
        with memory.open() as made:
            rasterio.shutil.copy(made, str(out), **COG)
    return {"gsd_m": step, "width": columns, "height": rows, "crs": f"EPSG:{epsg}"}


def _over_terrain(pixels: Image.Image, camera: Camera, terrain: Terrain, to_local: np.ndarray, stands: float, shrunk: float, columns: int, rows: int):
    """Each cell's own height decides which pixel shows it; what a hill hides is not looked for."""
    c, r = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    x, y, _ = to_local @ np.stack([c.ravel(), r.ravel(), np.ones(c.size)])
    place = np.stack([x, y, terrain.at(x, y) - stands])
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = camera.to_pixels(np.eye(3)) @ place
        u, v = seen[0] / seen[2] * shrunk, seen[1] / seen[2] * shrunk
        inside = np.isfinite(u) & (seen[2] > 0) & (u >= 0) & (v >= 0) & (u < pixels.width) & (v < pixels.height)
    data = np.zeros((columns * rows, 3), "uint8")
    data[inside] = np.asarray(pixels)[v[inside].astype(int), u[inside].astype(int)]
    return data.reshape(rows, columns, 3), inside.reshape(rows, columns)
