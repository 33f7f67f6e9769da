"""Inside the sandbox: shapes. Rows in are rows out, or the file is refused: GDAL alone silently reads fewer."""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import shapely

from feeds.opening import Bad
from feeds.opening_table import check_zip

DRIVERS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".gpkg": "GPKG", ".kml": "KML"}
VERTICES_MAX = 1_000_000
DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
SHAPES = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def read(input: str) -> dict:
    """Write `clean.parquet` (properties as text or numbers, geometry as WKB in EPSG:4326, row number from 1)."""
    path = Path(input)
    suffix = path.suffix
    if suffix == ".kmz":
        path, suffix = _unpacked(path), ".kml"
    if suffix in (".geojson", ".json"):
        table = _geojson(path)
    else:
        if suffix == ".kml":
            _no_doctype(path)
        if suffix == ".gpkg" and path.open("rb").read(16) != b"SQLite format 3\x00":
            raise Bad("a GeoPackage (a SQLite database)")
        table = _gdal(path, DRIVERS[suffix])
    pa.parquet.write_table(table, "clean.parquet")
    return {"rows": table.num_rows}


# -- GeoJSON, by our own reading ----------------------------------------------------------------------------------------


def _geojson(path: Path) -> pa.Table:
    raw = path.read_bytes()
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Bad(f"JSON ({error.msg})", line=error.lineno) from None
    except RecursionError:
        raise Bad("JSON that is not nested so deep") from None
    if not isinstance(told, dict):
        raise Bad("a GeoJSON object", value=type(told).__name__)
    _crs84(told)
    if told.get("type") == "Feature":
        features = [told]
    elif told.get("type") == "FeatureCollection":
        features = told.get("features")
    else:
        raise Bad("a FeatureCollection or a Feature", "type", told.get("type"))
    if not isinstance(features, list):
        raise Bad("a list of features", "features", features)
    rows, shapes = [], []
    for n, feature in enumerate(features, 1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise Bad("a Feature", f"features[{n}]", feature if not isinstance(feature, dict) else feature.get("type"), n)
        properties = feature.get("properties")
        if "properties" not in feature or not (properties is None or isinstance(properties, dict)):
            raise Bad("properties: an object or null", "properties", properties, n)
        if "geometry" not in feature:
            raise Bad("a geometry, or null", "geometry", None, n)
        shapes.append(_shape(feature["geometry"], n))
        rows.append({**(properties or {}), **({"id": feature["id"]} if "id" in feature and "id" not in (properties or {}) else {})})
    names = list(dict.fromkeys(name for row in rows for name in row if name not in ("geometry", "row")))
    columns = {name: pa.array([_plain(row.get(name)) for row in rows], pa.string()) for name in names}
    return pa.table({**columns, "geometry": pa.array([s if s is None else shapely.to_wkb(s) for s in shapes], pa.binary()),
                     "row": pa.array(range(1, len(rows) + 1), pa.int32())})


def _crs84(told: dict) -> None:
    """GeoJSON is in degrees; an old `crs` member may say so, nothing else."""
    crs = told.get("crs")
    if crs is None:
        return
    name = str((crs.get("properties") or {}).get("name", "")) if isinstance(crs, dict) else str(crs)
    if not any(n in name for n in ("CRS84", "EPSG::4326", "EPSG:4326")):
        raise Bad("coordinates in degrees (CRS84); GeoJSON has no other CRS", "crs", name)


def _shape(geometry: object, n: int):
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise Bad("a geometry object", "geometry", geometry, n)
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = geometry.get("geometries")
        if not isinstance(parts, list) or any(p is None for p in parts):
            raise Bad("a list of geometries", "geometries", parts, n)
        return shapely.GeometryCollection([_shape(p, n) for p in parts])
    if kind not in SHAPES:
        raise Bad(f"one of {', '.join(SHAPES)}, GeometryCollection", "geometry.type", kind, n)
    coordinates = geometry.get("coordinates")
    count = _check(coordinates, SHAPES[kind], n)
    if count > VERTICES_MAX:
        raise Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "coordinates", f"{count:,} vertices", n)
    if kind in ("Polygon", "MultiPolygon"):
        for ring in (coordinates if kind == "Polygon" else [r for p in coordinates for r in p]):
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise Bad("rings of four positions or more whose last is the first", "coordinates", f"{len(ring)} positions", n)
    if kind == "LineString" and len(coordinates) < 2:
        raise Bad("a line of two positions or more", "coordinates", coordinates, n)
    return shapely.geometry.shape({"type": kind, "coordinates": coordinates})


def _check(coordinates: object, depth: int, n: int) -> int:
    """Positions at the right depth, finite and on Earth; how many."""
    if not isinstance(coordinates, list):
        raise Bad("coordinates: lists of numbers", "coordinates", coordinates, n)
    if depth:
        return sum(_check(part, depth - 1, n) for part in coordinates)
    if len(coordinates) < 2 or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in coordinates):
        raise Bad("a position of two or three numbers", "coordinates", coordinates, n)
    if not all(math.isfinite(v) for v in coordinates):
        raise Bad("finite numbers", "coordinates", coordinates, n)
    lon, lat = coordinates[:2]
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise Bad("longitude within ±180, latitude within ±90", "coordinates", coordinates[:2], n)
    return 1


def _plain(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else orjson.dumps(value).decode() if isinstance(value, (dict, list)) else str(value)


# -- the others, by GDAL with a fixed driver ------------------------------------------------------------------------------


def _no_doctype(path: Path) -> None:
    raw = path.read_bytes()
    for view in (raw, raw.replace(b"\x00", b"")):
        if found := DOCTYPE.search(view):
            raise Bad("XML without a DOCTYPE or entities", value=found.group(0).decode())


def _unpacked(path: Path) -> Path:
    """The main document of a KMZ."""
    check_zip(path)
    with zipfile.ZipFile(path) as packed:
        names = [e.filename for e in packed.infolist() if e.filename.lower().endswith(".kml")]
        if not names:
            raise Bad("a .kml inside the .kmz")
        main = "doc.kml" if "doc.kml" in names else names[0]
        out = Path("unpacked.kml")
        out.write_bytes(packed.read(main))
    return out


def _gdal(path: Path, driver: str) -> pa.Table:
    try:
        layers = pyogrio.list_layers(path)
        told = pyogrio.read_info(path, layer=layers[0][0], force_feature_count=True)
        if told["driver"] != driver:
            raise Bad(f"a file of {driver}", "driver", told["driver"])
        meta, fids, geometry, fields = pyogrio.raw.read(path, layer=layers[0][0], return_fids=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IndexError) as error:
        raise Bad(f"a {driver} file that can be read ({str(error)[:120]})") from None
    if told["features"] not in (-1, len(fids)):
        raise Bad("as many features as the file says it holds", "features", f"{len(fids)} of {told['features']}")
    if meta["crs"] is None:
        raise Bad("a CRS", "crs")
    shapes = shapely.from_wkb(geometry)
    shapes = _to_degrees(shapes, meta["crs"])
    count = shapely.get_num_coordinates(shapes)
    if len(count) and count.max() > VERTICES_MAX:
        raise Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "geometry", f"{count.max():,} vertices", int(count.argmax()) + 1)
    columns = {name: pa.array([None if _none(v) else str(v) for v in values], pa.string())
               for name, values in zip(meta["fields"], fields) if name not in ("geometry", "row")}
    wkb = [None if s is None or s.is_empty else shapely.to_wkb(s) for s in shapes]
    return pa.table({**columns, "geometry": pa.array(wkb, pa.binary()), "row": pa.array(range(1, len(wkb) + 1), pa.int32())})


def _none(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or (isinstance(value, np.datetime64) and np.isnat(value))


def _to_degrees(shapes: np.ndarray, crs: str) -> np.ndarray:
    from pyproj import CRS, Transformer

    told = CRS.from_user_input(crs)
    if told.to_epsg() != 4326:
        move = Transformer.from_crs(told, 4326, always_xy=True)
        shapes = shapely.transform(shapes, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
    bounds = shapely.bounds(shapes)
    far = np.flatnonzero((np.abs(bounds[:, [0, 2]]) > 180.0001).any(1) | (np.abs(bounds[:, [1, 3]]) > 90.0001).any(1) | np.isinf(bounds).any(1))
    if len(far):
        raise Bad("longitude within ±180, latitude within ±90", "geometry", bounds[far[0]].tolist(), int(far[0]) + 1)
    return shapes
