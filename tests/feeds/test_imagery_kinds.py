"""What an orthophoto may be: its bands and how they are shown, masks, the antimeridian. The opening functions by themselves, in a folder of the test's own."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.enums import ColorInterp as C

from feeds import opening_imagery as opening
from feeds.images import around
from feeds.opening import Bad
from tests.feeds.rasters import UTM, geotiff


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def served(path, **asked) -> tuple[dict, np.ndarray, np.ndarray]:
    """What was told, and the COG's bands and mask."""
    told = opening.inspect(str(path), **asked)
    opening.to_cog(str(path), told)
    with rasterio.open("served.tif") as cog:
        return told, cog.read(), cog.dataset_mask() > 0


def field(bands: int, dtype: str = "uint16", h: int = 120, w: int = 160) -> np.ndarray:
    """Each band another slope, none of it zero."""
    return np.stack([np.tile(np.linspace(100 * (b + 1), 100 * (b + 1) + 1000, w), (h, 1)) for b in range(bands)]).astype(dtype)


@pytest.mark.parametrize(("told", "bands", "names"), [
    ({"descriptions": ["Blue", "Green", "Red", "NIR", "Red edge"]}, [3, 2, 1], ["blue", "green", "red", "nir", "rededge"]),
    ({"colours": [C.green, C.red, C.rededge, C.nir, C.blue]}, [2, 1, 5], ["green", "red", "rededge", "nir", "blue"]),
    ({}, [1, 2, 3], ["red", "green", "blue", "", ""]), ({"descriptions": ["green", "red", "rededge", "nir", "swir"]}, [1], ["green", "red", "rededge", "nir", "swir"]),
], ids=["described", "interpreted", "unnamed", "no blue"])
def test_every_band_is_kept_with_its_values_and_the_right_ones_are_shown(told, bands, names):
    data = field(5)
    about, kept, mask = served(geotiff("a.tif", data, **({"photometric": "MINISBLACK"} if told else {}), **told))
    assert about["shown"] == {"bands": bands, "colormap": None, "names": names} and about["indexes"] == [1, 2, 3, 4, 5]
    assert (kept == data).all() and mask.all() and len(about["scale"]) == 5
    assert about["scale"][3][0] > about["scale"][0][0]


def test_bands_and_colours_are_chosen_at_import():
    path = geotiff("a.tif", field(5), descriptions=["blue", "green", "red", "nir", "rededge"], photometric="MINISBLACK")
    assert opening.inspect(str(path), bands="nir,red,green")["shown"]["bands"] == [4, 3, 2]
    assert opening.inspect(str(path), bands="5", colormap="turbo")["shown"] == {"bands": [5], "colormap": "turbo", "names": ["blue", "green", "red", "nir", "rededge"]}
    for asked in ({"bands": "7"}, {"bands": "swir"}, {"bands": "1,2"}, {"bands": "1,2,3", "colormap": "turbo"}):
        with pytest.raises(Bad):
            opening.inspect(str(path), **asked)


@pytest.mark.parametrize(("dtype", "more", "hint", "colormap"), [
    ("uint16", {"descriptions": ["LWIR"]}, "", "inferno"), ("float32", {"colours": [C.tir]}, "", "inferno"), ("int16", {}, "DJI_20261124_0007_T", "inferno"),
    ("uint8", {}, "flight thermal mosaic", "inferno"), ("float32", {}, "dsm", None), ("uint8", {}, "pan", None),
])
def test_thermal_is_coloured_and_keeps_its_measured_values(dtype, more, hint, colormap):
    data = (field(1) / (1 if dtype != "uint8" else 8)).astype(dtype)
    about, kept, _ = served(geotiff("a.tif", data, **more), hint=hint)
    assert about["shown"]["colormap"] == colormap
    assert kept.dtype == dtype and (kept == data).all()
    assert (about["scale"] is None) == (dtype == "uint8" and colormap is None)


def test_a_table_of_colours_becomes_colours():
    data = np.tile(np.arange(160, dtype="uint8") // 40, (120, 1))[None]
    with rasterio.open(geotiff("a.tif", data), "r+") as out:
        out.write_colormap(1, {0: (255, 0, 0, 255), 1: (0, 255, 0, 255), 2: (0, 0, 255, 255), 3: (9, 9, 9, 255)})
    about, kept, mask = served("a.tif")
    assert about["shown"]["bands"] == [1, 2, 3] and len(kept) == 3
    assert kept[0, 60, 10] > 200 > 60 > kept[1, 60, 10] and kept[2, 60, 100] > 200
    assert mask.all()


def turned(h: int = 400, w: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """A picture turned within a black frame, with a black roof inside: pixels, and what is picture."""
    y, x = np.mgrid[0:h, 0:w]
    inside = np.abs((x - w / 2) + (y - h / 2)) + np.abs((x - w / 2) - (y - h / 2)) < 350
    data = np.where(inside, np.random.default_rng(0).integers(30, 220, (3, h, w)), 0).astype("uint8")
    data[:, 190:210, 240:260] = 0
    return data, inside


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_black_collar_does_not_show_and_a_black_roof_does(dtype):
    data, inside = turned()
    about, kept, mask = served(geotiff("a.tif", data.astype(dtype)))
    assert about["collar"] is True
    assert (mask == inside).mean() > 0.999 and mask[195:205, 245:255].all()
    shape = shapely.from_wkb(about["footprint"])
    assert len(shape.geoms) == 1 and not shape.geoms[0].interiors
    to_utm = Transformer.from_crs(4326, 32614, always_xy=True).transform
    assert shapely.transform(shape, lambda xy: np.column_stack(to_utm(*xy.T))).area == pytest.approx(inside.sum() * 0.25, rel=0.03)
    assert kept.dtype == dtype


@pytest.mark.parametrize(("change", "more"), [
    (lambda d: d[:1], {}), (lambda d: d.astype("float32"), {}), (lambda d: np.where(d == 0, 1, d).astype("uint8"), {}), (lambda d: d, {"nodata": 255}),
], ids=["one band", "measured", "nearly black", "says what is no data"])
def test_what_may_be_a_value_is_no_collar(change, more):
    about, _, mask = served(geotiff("a.tif", change(turned()[0]), **more))
    assert about["collar"] is False and mask.mean() > 0.99


@pytest.mark.parametrize("how", ["nodata", "alpha", "mask"])
def test_what_a_file_says_of_its_mask_is_believed(how):
    data, inside = turned()
    if how == "nodata":
        path = geotiff("a.tif", np.where(inside, np.maximum(data, 1), 0).astype("uint8"), nodata=0)
    elif how == "alpha":
        path = geotiff("a.tif", np.concatenate([data, inside[None].astype("uint8") * 255]), colours=[C.red, C.green, C.blue, C.alpha])
    else:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(geotiff("a.tif", data), "r+") as out:
            out.write_mask(inside)
        path = "a.tif"
    about, kept, mask = served(path)
    assert (mask == inside).mean() > 0.998 and len(kept) == 3 and about["collar"] is False


@pytest.mark.parametrize(("crs", "transform"), [
    ("EPSG:32601", None), ("EPSG:32660", None), ("EPSG:3832", None), ("EPSG:4326", Affine(1e-4, 0, 179.992, 0, -1e-4, 52.0)),
    ("EPSG:4326", Affine(1e-4, 0, -180.008, 0, -1e-4, 52.0)),
], ids=["utm 1", "utm 60", "pacific", "beyond 180", "before -180"])
def test_a_footprint_over_180_degrees_is_cut_there(crs, transform):
    if transform is None:
        x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(180, 52)
        transform = Affine(5, 0, x - 400, 0, -5, y + 300)
    about, _, _ = served(geotiff("a.tif", field(3, "uint8") // 8 + 20, crs=crs, transform=transform))
    shape = shapely.from_wkb(about["footprint"])
    west, south, east, north = shape.bounds
    assert shape.is_valid and len(shape.geoms) == 2 and west == pytest.approx(-180) and east == pytest.approx(180)
    assert sum(p.bounds[2] - p.bounds[0] for p in shape.geoms) < 0.05
    assert all(p.bounds[0] > 179 or p.bounds[2] < -179 for p in shape.geoms)
    box = around(shape)
    assert box[2] > 180 > box[0] and box[2] - box[0] < 0.05
    lons = [lon for lon, _ in about["corners"]]
    assert max(lons) - min(lons) < 0.05  # one frame, not two


def test_a_raster_of_0_to_360_degrees_lies_where_it_is_meant():
    about, _, _ = served(geotiff("a.tif", field(1), crs="EPSG:4326", transform=Affine(1e-4, 0, 262.5, 0, -1e-4, 25.9)))
    assert shapely.from_wkb(about["footprint"]).centroid.x == pytest.approx(262.5 + 0.008 - 360, abs=1e-3)


def test_too_many_bands_are_refused():
    with pytest.raises(Bad, match="at most 32 bands"):
        opening.inspect(str(geotiff("a.tif", field(40, h=8, w=8), transform=UTM)))
