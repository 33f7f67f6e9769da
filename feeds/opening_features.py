"""Inside the sandbox: what every format of shapes is read into, and how that is checked.

A feature that is not what it must be is refused alone, with its number; the others can still be taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson
import pyarrow as pa
import pyarrow.parquet
import shapely

from feeds.opening import Bad

VERTICES_MAX = 1_000_000
PROPERTIES_MAX = 1_000
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


@dataclass
class Trail:
    """Positions of one object in their order, each with its time as told (None: not told)."""

    positions: list[list[float]]  # longitude, latitude and, where told, metres of altitude
    times: list[str | None]


@dataclass
class Feature:
    """One feature: its shape, or what was measured along it; and what of it is refused."""

    number: int  # from 1
    properties: dict[str, object] = field(default_factory=dict)
    geometry: dict | None = None  # as GeoJSON has it
    shape: object = None  # of shapely, where a library gave one
    trails: list[Trail] = field(default_factory=list)
    refused: list[Bad] = field(default_factory=list)


def whole(features: Iterable[Feature]) -> Iterator[Feature]:
    """The same features with `shape` made; a geometry that is wrong is refused."""
    for feature in features:
        if not feature.refused and feature.trails:
            feature.refused = [Bad("a point, a line or an area; this is a track", "geometry", "gx:Track", feature.number)]
        elif not feature.refused and feature.shape is None:
            try:
                feature.shape = shaped(feature.geometry, feature.number)
            except Bad as bad:
                feature.refused = [bad]
        yield feature


def shaped(geometry: object, number: int):
    """A GeoJSON geometry as a shape; null is None. Raises Bad."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise Bad("a geometry object", "geometry", geometry, number)
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = geometry.get("geometries")
        if not isinstance(parts, list) or any(p is None for p in parts):
            raise Bad("a list of geometries", "geometries", parts, number)
        return shapely.GeometryCollection([shaped(p, number) for p in parts])
    if kind not in DEPTH:
        raise Bad(f"one of {', '.join(DEPTH)}, GeometryCollection", "geometry.type", kind, number)
    coordinates = geometry.get("coordinates")
    count = counted(coordinates, DEPTH[kind], number, on_earth=True)
    if count > VERTICES_MAX:
        raise Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "coordinates", f"{count:,} vertices", number)
    if kind in ("Polygon", "MultiPolygon"):
        for ring in (coordinates if kind == "Polygon" else [r for p in coordinates for r in p]):
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise Bad("rings of four positions or more whose last is the first", "coordinates", f"{len(ring)} positions", number)
    for line in ([coordinates] if kind == "LineString" else coordinates if kind == "MultiLineString" else ()):
        if len(line) < 2:
            raise Bad("a line of two positions or more", "coordinates", line, number)
    return shapely.geometry.shape({"type": kind, "coordinates": coordinates})


def counted(coordinates: object, depth: int, number: int, *, on_earth: bool) -> int:
    """How many positions, each at the right depth, of finite numbers and, where asked, on Earth. Raises Bad."""
    if not isinstance(coordinates, list):
        raise Bad("coordinates: lists of numbers", "coordinates", coordinates, number)
    if depth:
        return sum(counted(part, depth - 1, number, on_earth=on_earth) for part in coordinates)
    if len(coordinates) < 2 or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in coordinates):
        raise Bad("a position of two or three numbers", "coordinates", coordinates, number)
    if not all(math.isfinite(v) for v in coordinates):
        raise Bad("finite numbers", "coordinates", coordinates, number)
    lon, lat = coordinates[:2]
    if on_earth and not (abs(lon) <= 180 and abs(lat) <= 90):
        raise Bad("longitude within ±180, latitude within ±90", "coordinates", coordinates[:2], number)
    return 1


def properties_columns(features: list[Feature]) -> dict[str, pa.Array]:
    """Their properties as columns of text, a row a feature."""
    # Names of our own columns begin with @ or are these; a property can't take their place.
    names = list(dict.fromkeys(n for f in features for n in f.properties if n not in ("geometry", "row") and not n.startswith("@")))
    if len(names) > PROPERTIES_MAX:
        raise Bad(f"at most {PROPERTIES_MAX:,} names of properties", "properties", f"{len(names):,} names")
    return {n: pa.array([_plain(f.properties.get(n)) for f in features], pa.string()) for n in names}


def _plain(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else str(value)


def write_refused(refused: list[Bad]) -> int:
    """Write `refused.parquet`: line (the feature's number), field, value, expected."""
    told = [bad.as_dict() for bad in refused]
    pa.parquet.write_table(pa.table({
        "line": pa.array([t["line"] for t in told], pa.int32()),
        **{name: pa.array([t[name] for t in told], pa.string()) for name in ("field", "value", "expected")},
    }), "refused.parquet")
    return len(told)
