"""Inside the sandbox: GeoPackage and zipped shapefiles, by GDAL with a fixed driver."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from feeds.opening import Bad
from feeds.opening_features import Feature
from feeds.opening_table import check_zip

SHAPEFILE = (".shp", ".dbf", ".shx", ".prj", ".cpg")


def features(path: Path) -> Iterator[Feature]:
    """Every feature of the one layer. Raises Bad."""
    if path.suffix == ".zip":
        return _layer(_unpacked(path), "ESRI Shapefile")
    if path.suffix == ".shp":
        raise Bad("the .shp with its .dbf, .shx and .prj in one .zip", "suffix", path.suffix)
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\x00":
            raise Bad("a GeoPackage (a SQLite database)")
    return _layer(path, "GPKG")


def _unpacked(path: Path) -> Path:
    """The one shapefile of a zip, under names of ours: theirs may point anywhere."""
    check_zip(path)
    with zipfile.ZipFile(path) as packed:
        names = [e.filename for e in packed.infolist() if not e.filename.startswith("__MACOSX/")]
        found = [n for n in names if n.lower().endswith(".shp")]
        if len(found) != 1:
            raise Bad("one shapefile (.shp) inside the .zip", "entries", ", ".join(found) or None)
        stem = found[0][:-4]
        for name in names:
            if name[:-4] == stem and name[-4:].lower() in SHAPEFILE:
                Path(f"shape{name[-4:].lower()}").write_bytes(packed.read(name))
    for needed in SHAPEFILE[:3]:
        if not Path(f"shape{needed}").exists():
            raise Bad(f"the {needed} that belongs to the .shp", "entries", ", ".join(names))
    return Path("shape.shp")


def _layer(path: Path, driver: str) -> Iterator[Feature]:
    try:
        layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
        if len(layers) != 1:
            raise Bad("one layer of shapes; save the one you mean in a file of its own", "layers", ", ".join(layers) or None)
        told = pyogrio.read_info(path, layer=layers[0], force_feature_count=True)
        if told["driver"] != driver:
            raise Bad(f"a file of {driver}", "driver", told["driver"])
        meta, fids, geometry, fields = pyogrio.raw.read(path, layer=layers[0], return_fids=True, datetime_as_string=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, pyogrio.errors.FieldError) as error:
        raise Bad(f"a {driver} file that can be read ({str(error)[:120]})") from None
    if told["features"] not in (-1, len(fids)):
        raise Bad("as many features as the file says it holds", "features", f"{len(fids)} of {told['features']}")
    if meta["crs"] is None:
        raise Bad("a CRS", "crs")
    shapes = _to_degrees(shapely.from_wkb(geometry), meta["crs"])
    for n, shape in enumerate(shapes):
        properties = {name: None if _none(values[n]) else values[n] for name, values in zip(meta["fields"], fields)}
        yield Feature(n + 1, properties, shape=shape)


def _none(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _to_degrees(shapes: np.ndarray, crs: str) -> np.ndarray:
    try:
        told = CRS.from_user_input(crs)
    except CRSError:
        raise Bad("a CRS that is known", "crs", crs) from None
    earth = told.geodetic_crs
    if earth is None or not 6.3e6 < earth.ellipsoid.semi_major_metre < 6.4e6:
        raise Bad("a CRS of the Earth", "crs", told.name)
    if told.to_epsg() == 4326:
        return shapes
    move = Transformer.from_crs(told, 4326, always_xy=True)
    return shapely.transform(shapes, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
