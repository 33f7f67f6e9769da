"""The ground under a briefing: land, coast, lakes, borders and names of the offline basemap, as shapes that go into the file."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas
import pyogrio
import shapely
from shapely.geometry import box, mapping

MARGIN = 0.6  # of the shown ground: as far as a reader may pan
ZOOM_MAX = 9
NAMES_MAX = 60
NAME_WIDE, NAME_HIGH = 0.05, 0.025  # of the ground: two names nearer than this would run into each other
LAYERS = ("land", "lakes", "coast", "borders", "places")


def read(basemap: Path, bounds: tuple[float, float, float, float]) -> dict[str, dict]:
    """GeoJSON by layer (degrees, EPSG:4326) round `bounds` (west, south, east, north). A layer the basemap has not is not in it."""
    listed = basemap / "parts.json"
    if not listed.is_file():
        return {}
    parts = json.loads(listed.read_text())["layers"]
    frame = _around(bounds)
    zoom = max(0, min(ZOOM_MAX, math.floor(math.log2(360 / max(frame.bounds[2] - frame.bounds[0], 1e-3))) + 2))
    # 360 degrees are 2^zoom tiles of 4096 steps: finer than a step says nothing
    step_deg = 360 / 2**zoom / 1024
    out = {}
    for layer in LAYERS:
        archive = next((a["file"] for a in parts.get(layer, []) if a["from"] <= zoom < a["to"]), None)
        if archive is not None:
            out[layer] = _collection(_read(basemap / archive, zoom, frame), layer, frame, step_deg)
    return out


def _around(bounds: tuple[float, float, float, float]) -> shapely.Polygon:
    west, south, east, north = bounds
    high = max(north - south, 0.2) * MARGIN
    # A screen is wider than high: tall ground is shown with much beside it.
    wide = max((east - west) * MARGIN, (north - south) * 1.5 - (east - west) / 2, 0.2)
    return box(max(-180, west - wide), max(-85, south - high), min(180, east + wide), min(85, north + high))


def _read(path: Path, zoom: int, frame: shapely.Polygon) -> geopandas.GeoDataFrame:
    # 4326 -> 3857: archives are cut in Web Mercator
    west, south, east, north = geopandas.GeoSeries([frame], crs=4326).to_crs(3857).total_bounds
    held = pyogrio.read_info(path)["dataset_metadata"]
    level = min(max(zoom, int(held["minzoom"])), int(held["maxzoom"]))
    return pyogrio.read_dataframe(path, bbox=(west, south, east, north), ZOOM_LEVEL=level).to_crs(4326)


def _collection(rows: geopandas.GeoDataFrame, layer: str, frame: shapely.Polygon, step_deg: float) -> dict:
    if layer == "places":
        return _features(_named(rows, frame))
    # Each tile holds its own piece with a little of its neighbours: together they are one shape again.
    whole = shapely.union_all(shapely.make_valid(rows.geometry.values)) if len(rows) else None
    if whole is None:
        return _features([])
    drawn = shapely.simplify(shapely.intersection(whole, frame), step_deg)
    return _features([(part, {}) for part in shapely.get_parts(drawn) if not part.is_empty])


def _named(rows: geopandas.GeoDataFrame, frame: shapely.Polygon) -> list[tuple]:
    """The largest places whose names do not run into each other."""
    west, south, east, north = frame.bounds
    wide, high = NAME_WIDE * (east - west), NAME_HIGH * (north - south)
    taken: list[tuple] = []
    ordered = rows.sort_values("population", ascending=False)
    for point, name in zip(shapely.centroid(ordered.geometry.values), ordered.name):
        if all(abs(point.x - p.x) > wide or abs(point.y - p.y) > high for p, _ in taken):
            taken.append((point, {"name": name}))
        if len(taken) == NAMES_MAX:
            break
    return taken


def _features(shapes: list[tuple]) -> dict:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": told, "geometry": mapping(shapely.set_precision(shape, 1e-5))} for shape, told in shapes]}
