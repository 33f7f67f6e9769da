"""Inside the sandbox: positions out of shapes. A row is a point, or a vertex of a line that has times; the rest is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import shapely

from feeds.opening import Bad
from feeds.opening_features import DEPTH, Feature, Trail, counted, properties_columns, write_refused
from feeds.opening_geojson import with_times
from feeds.opening_vector import features

NO_TIMES = "a time for each vertex (coordTimes or times in GeoJSON, gx:Track in KML); a line alone tells no movement"
AN_AREA = "a point with a time, or a line with times; an area tells no movement"


def read(input: str) -> dict:
    """Write `clean.parquet`, a row a position, and `refused.parquet`.

    Our columns: @row (the feature's number), @vertex (from 1 along a line, 0 for a point), @lon, @lat (degrees, not looked at
    yet), @altitude (m), @time (as told), @begins (what names a track that has no name). Then the properties, as text.
    """
    told = [_positioned(with_times(f)) for f in features(Path(input))]
    moving = [f for f in told if f.trails]
    index, vertex, lon, lat, altitude, time, begins = [], [], [], [], [], [], []
    for number, feature in enumerate(moving):
        # A line cut in parts is one object, so its vertices are counted on.
        along = 0 if _is_point(feature) else 1
        first = next((f"{t}:{p[0]:.5f}:{p[1]:.5f}" for trail in feature.trails for p, t in zip(trail.positions, trail.times)), "")
        for trail in feature.trails:
            for position, moment in zip(trail.positions, trail.times):
                index.append(number)
                vertex.append(along)
                lon.append(float(position[0]))
                lat.append(float(position[1]))
                altitude.append(float(position[2]) if len(position) > 2 else math.nan)
                time.append(moment)
                begins.append(first)
                along += along > 0
    at = pa.array(index, pa.int64())
    ours = {
        "@row": pa.array([moving[i].number for i in index], pa.int32()), "@vertex": pa.array(vertex, pa.int32()),
        "@lon": pa.array(lon, pa.float64()), "@lat": pa.array(lat, pa.float64()), "@altitude": pa.array(altitude, pa.float64()),
        "@time": pa.array(time, pa.string()), "@begins": pa.array(begins, pa.string()),
    }
    table = pa.table({**ours, **{name: column.take(at) for name, column in properties_columns(moving).items()}})
    pa.parquet.write_table(table, "clean.parquet")
    return {"rows": table.num_rows, "refused": write_refused(list(_refused(told)))}


def _positioned(feature: Feature) -> Feature:
    """A point becomes a trail of one position, whose time is among its properties; what has no times is refused."""
    if feature.refused or feature.trails:
        return feature
    try:
        feature.trails = [Trail([_point(feature)], [None])]
    except Bad as bad:
        feature.refused = [bad]
    return feature


def _point(feature: Feature) -> list[float]:
    geometry = feature.geometry
    if feature.shape is not None:
        if feature.shape.is_empty or feature.shape.geom_type != "Point":
            raise Bad("a point" if feature.shape.is_empty else _why_not(feature.shape.geom_type), "geometry", feature.shape.geom_type, feature.number)
        return [v for v in shapely.get_coordinates(feature.shape, include_z=True)[0].tolist()]
    if not isinstance(geometry, dict):
        raise Bad("a point, or a line with times", "geometry", geometry, feature.number)
    kind = geometry.get("type")
    if kind != "Point":
        raise Bad(_why_not(kind), "geometry.type", kind, feature.number)
    counted(geometry.get("coordinates"), 0, feature.number, on_earth=False)
    return geometry["coordinates"]


def _why_not(kind: object) -> str:
    """What was expected instead of this kind of geometry."""
    if kind in ("LineString", "MultiLineString", "MultiPoint"):
        return NO_TIMES
    return AN_AREA if kind in ("Polygon", "MultiPolygon", "GeometryCollection") else f"one of {', '.join(DEPTH)}"


def _is_point(feature: Feature) -> bool:
    return feature.shape is not None or (feature.geometry or {}).get("type") == "Point"


def _refused(told: list[Feature]) -> Iterator[Bad]:
    for feature in told:
        yield from feature.refused
        if not feature.refused and not any(t.positions for t in feature.trails):
            yield Bad("at least one position", "geometry", "a track without any", feature.number)
