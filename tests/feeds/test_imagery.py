"""Drone imagery: small rasters made here, opened in the real worker, served as real tiles."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import morecantile
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image as Picture
from pyproj import Geod, Transformer
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from data import pixels
from feeds.imports import ImportOptions, import_files
from settings import store

UTM = Affine(0.5, 0, 650_000, 0, -0.5, 2_870_000)


def raster(path: Path, data: np.ndarray, *, crs="EPSG:32614", transform=UTM, alpha: bool = False, **more) -> Path:
    with rasterio.open(path, "w", driver="GTiff", height=data.shape[1], width=data.shape[2], count=data.shape[0], dtype=data.dtype, crs=crs,
                       transform=transform, **more) as out:
        out.write(data)
        if alpha:
            out.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    return path


def colours(h: int = 120, w: int = 160, bands: int = 3) -> np.ndarray:
    return np.tile(np.linspace(40, 220, w, dtype="uint8"), (bands, h, 1))


def load(database, path: Path, **options):
    told = {"captured_at": "2026-11-20T10:00:00Z", **options}
    (report,) = import_files("imagery", [path], ImportOptions(world="exercise", **told), lambda *_: None, owner_url=database.owner_url)
    return report


def image(database) -> dict:
    with database.connect() as connection:
        cursor = connection.execute("SELECT id, cog, original, rendering, gsd_m, max_zoom, captured_at, ST_AsText(footprint) AS shape FROM image")
        names = [c.name for c in cursor.description]
        return dict(zip(names, cursor.fetchone()))


@pytest.mark.parametrize(("make", "bands"), [
    (lambda p: raster(p, colours()), 3),
    (lambda p: raster(p, colours(bands=1)), 1),
    (lambda p: raster(p, (colours().astype("uint16") * 40)), 3),
    (lambda p: raster(p, np.where(colours(bands=1) > 200, -9999, colours(bands=1)).astype("float32"), nodata=-9999), 1),
    (lambda p: raster(p, colours(bands=1).astype("uint16") * 200), 1), (lambda p: raster(p, colours(bands=1).astype("float32") / 300), 1),
    (lambda p: raster(p, colours(bands=5).astype("uint8")), 5),
    (lambda p: raster(p, colours(), transform=UTM * Affine.rotation(25)), 3),
    (lambda p: raster(p, colours(), crs="EPSG:4326", transform=Affine(5e-6, 0, -97.5, 0, -5e-6, 26.0)), 3),
], ids=["rgb", "grey", "uint16", "float nodata", "one band of uint16", "one band of float", "five bands", "turned", "degrees"])
def test_every_kind_becomes_a_tile(environment, tmp_path, make, bands):
    report = load(environment, make(tmp_path / "a.tif"))
    assert (report.read, report.stored, report.error) == (1, 1, None)
    found = image(environment)
    shape = shapely.from_wkt(found["shape"])
    assert shape.is_valid
    tile = _tile_of(shape, found["max_zoom"])
    body = pixels.tile([found], *tile, 256, "webp")
    picture = np.asarray(Picture.open(io.BytesIO(body)))
    assert picture.shape == (256, 256, 4) and picture[..., 3].max() == 255 and picture[..., :3][picture[..., 3] > 0].std() > 1
    assert store().originals.joinpath(found["original"]).stat().st_mode & 0o222 == 0


def _tile_of(shape, z: int) -> tuple[int, int, int]:
    tile = morecantile.tms.get("WebMercatorQuad").tile(shape.centroid.x, shape.centroid.y, z)
    return tile.z, tile.x, tile.y


def test_the_ground_sample_is_in_metres(environment, tmp_path):
    load(environment, raster(tmp_path / "a.tif", colours(), crs="EPSG:4326", transform=Affine(1e-5, 0, -97.5, 0, -1e-5, 60.0)))
    geod = Geod(ellps="WGS84")
    across = geod.inv(-97.5, 60, -97.49999, 60)[2]
    down = geod.inv(-97.5, 60, -97.5, 59.99999)[2]
    assert image(environment)["gsd_m"] == pytest.approx(float(np.sqrt(across * down)), rel=1e-3)


def test_no_border_shows_round_an_alpha_image(environment, tmp_path):
    data = colours(bands=4)
    data[3] = 0
    data[3, 30:90, 40:120] = 255
    data[:3, :30] = 0
    load(environment, raster(tmp_path / "a.tif", data, alpha=True))
    found = image(environment)
    shape = shapely.from_wkt(found["shape"])
    geod = Geod(ellps="WGS84")
    assert abs(geod.geometry_area_perimeter(shape)[0]) == pytest.approx(30 * 40, rel=0.05)
    body = pixels.tile([found], *_tile_of(shape, found["max_zoom"]), 256, "png")
    picture = np.asarray(Picture.open(io.BytesIO(body)))
    assert 0 < (picture[..., 3] > 0).mean() < 0.6
    with rasterio.open(store().imagery / found["cog"]) as cog:
        assert (cog.dataset_mask() > 0).mean() == pytest.approx(60 * 80 / (120 * 160), abs=0.02)


def test_newest_is_on_top(environment, tmp_path):
    old = {"cog": "", "rendering": {}}
    load(environment, raster(tmp_path / "a.tif", np.full((3, 120, 160), 200, "uint8")))
    with environment.connect() as connection:
        old["cog"] = connection.execute("SELECT cog FROM image").fetchone()[0]
    load(environment, raster(tmp_path / "b.tif", np.full((3, 120, 160), 40, "uint8")), captured_at="2026-11-21T10:00:00Z")
    with environment.connect() as connection:
        new = {"cog": connection.execute("SELECT cog FROM image ORDER BY captured_at DESC").fetchone()[0], "rendering": {}}
        shape = shapely.from_wkt(connection.execute("SELECT ST_AsText(footprint) FROM image LIMIT 1").fetchone()[0])
    middle = _tile_of(shape, 19)
    for order, value in (([new, old], 40), ([old, new], 200)):
        picture = np.asarray(Picture.open(io.BytesIO(pixels.tile(order, *middle, 256, "png"))))
        assert abs(int(np.median(picture[..., 0][picture[..., 3] > 0])) - value) < 6


def test_nothing_is_drawn_elsewhere(environment, tmp_path):
    load(environment, raster(tmp_path / "a.tif", colours()))
    assert pixels.tile([image(environment)], 10, 0, 0, 256, "webp") is None


@pytest.mark.parametrize(("name", "options", "expected"), [
    ("SORTIE5_20261124T122600Z_ortho.tif", {}, "2026-11-24 12:26:00+00"), ("flight 2026-11-24_12-26-00Z.tif", {}, "2026-11-24 12:26:00+00"),
    ("a_20261124_062600.tif", {"zone": "America/Chicago"}, "2026-11-24 12:26:00+00"), ("a_20261124_062600.tif", {}, None), ("a.tif", {}, None),
])
def test_when_it_was_taken(environment, tmp_path, name, options, expected):
    report = load(environment, raster(tmp_path / name, colours()), captured_at=None, **options)
    if expected is None:
        assert "when it was taken" in report.error
    else:
        with environment.connect() as connection:
            assert connection.execute("SELECT captured_at::text FROM image").fetchone() == (expected,)


def test_the_same_file_again_is_there_already(environment, tmp_path):
    path = raster(tmp_path / "a.tif", colours())
    load(environment, path)
    again = load(environment, path)
    assert (again.read, again.stored, again.already) == (1, 0, 1)


def pinned(path: Path, data: np.ndarray, *, crs: str | None = "EPSG:32614", points: int = 9, tear: float = 0, **more) -> Path:
    """A raster whose place only ground control points tell."""
    rows, columns = np.meshgrid(np.linspace(0, data.shape[1], 3), np.linspace(0, data.shape[2], 3))
    turned = UTM * Affine.rotation(10)
    gcps = [GroundControlPoint(r, c, *(turned * (c, r))) for r, c in list(zip(rows.ravel().tolist(), columns.ravel().tolist()))[:points]]
    gcps[0].x += tear
    with rasterio.open(path, "w", driver="GTiff", height=data.shape[1], width=data.shape[2], count=data.shape[0], dtype=data.dtype, **more) as out:
        out.write(data)
        out.gcps = (gcps, None if crs is None else CRS.from_string(crs))
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("data", [colours(), colours(bands=1).astype("uint16") * 100, colours(bands=1).astype("float32")], ids=["rgb", "uint16", "float"])
def test_ground_control_points_alone_lay_a_picture_on_the_ground(environment, tmp_path, data):
    report = load(environment, pinned(tmp_path / "a.tif", data))
    assert (report.stored, report.error) == (1, None)
    found = image(environment)
    shape = shapely.from_wkt(found["shape"])
    to_utm = Transformer.from_crs(4326, 32614, always_xy=True).transform
    truth = shapely.Polygon([UTM * Affine.rotation(10) * corner for corner in ((0, 0), (160, 0), (160, 120), (0, 120))])
    told = shapely.transform(shape, lambda xy: np.column_stack(to_utm(*xy.T)))
    assert told.intersection(truth).area / told.union(truth).area > 0.97
    picture = np.asarray(Picture.open(io.BytesIO(pixels.tile([found], *_tile_of(shape, found["max_zoom"]), 256, "png"))))
    assert picture[..., 3].max() == 255 and picture[..., 0][picture[..., 3] > 0].std() > 1


def vrt(path: Path) -> Path:
    path.write_text('<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>/etc/passwd'
                    "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>")
    return path


def wms(path: Path) -> Path:
    path.write_text('<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}</ServerUrl></Service></GDAL_WMS>')
    return path


def truncated(path: Path) -> Path:
    raster(path, np.random.default_rng(0).integers(0, 255, (3, 400, 400), dtype="uint8"), compress="deflate")
    path.write_bytes(path.read_bytes()[:20_000])
    return path


def bomb(path: Path, side: int = 60_000) -> Path:
    """Every tile of a large picture is one small block of zeros."""
    block = zlib.compress(bytes(1024 * 1024), 9)
    across = -(-side // 1024)
    tiles = across * across
    entries = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1), (322, 4, 1, 1024), (323, 4, 1, 1024)]
    start = 8
    lists = start + len(block)
    entries += [(324, 4, tiles, lists), (325, 4, tiles, lists + 4 * tiles)]
    body = struct.pack("<2sHI", b"II", 42, lists + 8 * tiles) + block + struct.pack(f"<{tiles}I", *[start] * tiles) + struct.pack(f"<{tiles}I", *[len(block)] * tiles)
    body += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + struct.pack("<I", 0)
    path.write_bytes(body)
    return path


@pytest.mark.parametrize(("make", "words"), [
    (lambda p: raster(p, colours(), crs=None), "a CRS"), (vrt, "a GeoTIFF"), (truncated, "read"), (bomb, "times its size"),
    (lambda p: raster(p, np.zeros((1, 50, 50), "uint8"), nodata=0), "valid pixel"),
    (lambda p: raster(p, colours(), crs="EPSG:4326", transform=Affine(5e-6, 0, -97.5, 0, -5e-6, 126.0)), "latitude"),
    (lambda p: raster(p, colours(), crs='GEOGCS["Moon",DATUM["D",SPHEROID["S",1737400,0]],PRIMEM["P",0],UNIT["degree",0.0174532925199433]]'), "Earth"),
    (lambda p: p.write_bytes(b"II*\x00" + b"\xff" * 50) and p, "read"), (lambda p: pinned(p, colours(), points=3), "at least 4 ground control points"),
    (lambda p: pinned(p, colours(), tear=900), "agree within"), (wms, "a GeoTIFF"), (lambda p: p.write_bytes(b"") or p, "not empty"),
    (lambda p: raster(p, colours().astype("complex64")), "not complex"), (lambda p: raster(p, np.full((1, 50, 50), np.nan, "float32")), "valid pixel"),
], ids=["no crs", "vrt", "truncated", "bomb", "nodata only", "beyond", "moon", "garbage", "three points", "torn", "wms", "no byte", "complex", "nan only"])
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_is_refused_leaves_nothing(environment, tmp_path, make, words):
    report = load(environment, make(tmp_path / "a.tif"))
    assert report.error and words in report.error, report.error
    with environment.connect() as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM image) + (SELECT count(*) FROM source)").fetchone() == (0,)
    left = [p for folder in (store().imagery, store().originals) if folder.exists() for p in folder.iterdir()]
    assert left == []
