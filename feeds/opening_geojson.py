"""Inside the sandbox: GeoJSON, by our own reading, for GDAL takes much that is none and says nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import orjson

from feeds.opening import Bad
from feeds.opening_features import DEPTH, VERTICES_MAX, Feature, Trail, counted

# Where the times of a line's vertices stand: togeojson's two ways, and what other converters write.
TIMES = ("coordTimes", "times", "timestamps", "datetimes")
FEATURES = re.compile(rb'"features"\s*:')
MILLISECONDS_FROM = 1e11  # a number this large counts milliseconds since 1970, a smaller one seconds


def features(path: Path) -> Iterator[Feature]:
    """Every feature of the file. Raises Bad when it is no GeoJSON."""
    for number, told in enumerate(_members(path), 1):
        if not isinstance(told, dict) or told.get("type") != "Feature":
            value = told if not isinstance(told, dict) else told.get("type")
            yield Feature(number, refused=[Bad("a Feature", f"features[{number}]", value, number)])
            continue
        properties = told.get("properties")
        if "properties" not in told or not (properties is None or isinstance(properties, dict)):
            yield Feature(number, refused=[Bad("properties: an object or null", "properties", properties, number)])
            continue
        if "geometry" not in told:
            yield Feature(number, refused=[Bad("a geometry, or null", "geometry", None, number)])
            continue
        properties = dict(properties or {})
        if "id" in told:
            properties.setdefault("id", told["id"])
        yield Feature(number, properties, told["geometry"])


def _members(path: Path) -> list:
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
        return [told]
    if told.get("type") != "FeatureCollection":
        raise Bad("a FeatureCollection or a Feature", "type", told.get("type"))
    if not isinstance(told.get("features"), list):
        raise Bad("a list of features", "features", told.get("features"))
    if len(FEATURES.findall(raw)) > 1:
        json.loads(raw, object_pairs_hook=_each_once)
    return told["features"]


def _each_once(members: list[tuple[str, object]]) -> dict:
    """A second list of features would be taken for the first, and the first be lost."""
    if [name for name, _ in members].count("features") > 1:
        raise Bad("one list of features", "features", "more than one")
    return dict(members)


def _crs84(told: dict) -> None:
    """GeoJSON is in degrees; an old `crs` member may say so, nothing else."""
    crs = told.get("crs")
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name", "") if isinstance(properties, dict) else crs)
    if not any(n in name for n in ("CRS84", "EPSG::4326", "EPSG:4326")):
        raise Bad("coordinates in degrees (CRS84); GeoJSON has no other CRS", "crs", name)


def with_times(feature: Feature) -> Feature:
    """The same feature, its line as trails with the times its properties tell."""
    if feature.refused or not isinstance(feature.geometry, dict):
        return feature
    kind = feature.geometry.get("type")
    if kind not in ("LineString", "MultiLineString", "MultiPoint"):
        return feature
    name, times = _times(feature.properties)
    if times is None:
        return feature
    coordinates = feature.geometry.get("coordinates")
    try:
        count = counted(coordinates, DEPTH[kind], feature.number, on_earth=False)
        if count > VERTICES_MAX:
            raise Bad(f"at most {VERTICES_MAX:,} vertices in a shape", "coordinates", f"{count:,} vertices", feature.number)
        lines, told = (coordinates, times) if kind == "MultiLineString" else ([coordinates], [times])
        if len(lines) != len(told) or not all(isinstance(t, list) for t in told):
            raise Bad("a list of times for each part of the line", name, f"{len(told)} for {len(lines)} parts", feature.number)
        for line, moments in zip(lines, told):
            if len(line) != len(moments):
                raise Bad("as many times as vertices", name, f"{len(moments):,} times, {len(line):,} vertices", feature.number)
            feature.trails.append(Trail(line, [_moment(m) for m in moments]))
    except Bad as bad:
        feature.trails, feature.refused = [], [bad]
    return feature


def _times(properties: dict) -> tuple[str, list | None]:
    inner = properties.get("coordinateProperties")
    for where in (properties, inner if isinstance(inner, dict) else {}):
        for name in TIMES:
            if isinstance(where.get(name), list):
                return name, where[name]
    return "", None


def _moment(told: object) -> str | None:
    if isinstance(told, str) or told is None:
        return told
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return str(told)[:80]
    try:
        return datetime.fromtimestamp(told / 1000 if abs(told) >= MILLISECONDS_FROM else told, timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(told)
