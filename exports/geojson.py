"""One GeoJSON FeatureCollection of every layer; `layer` tells them apart."""

from __future__ import annotations

import geopandas
import orjson
import pandas as pd
import shapely

from exports.about import About


def write(frames: dict[str, geopandas.GeoDataFrame], about: About) -> bytes:
    """Features in EPSG:4326; those without a place have a null geometry."""
    features = []
    for layer, frame in frames.items():
        columns = [c for c in frame.columns if c != "geometry"]
        shapes = frame.geometry.values
        for row, shape in zip(frame[columns].to_dict("records"), shapes):
            features.append({
                "type": "Feature", "geometry": None if shape is None else orjson.Fragment(shapely.to_geojson(shape)),
                "properties": {"layer": layer, **{k: _plain(v) for k, v in row.items()}},
            })
    told = {"type": "FeatureCollection", "name": "vigia", "about": about.lines(), "features": features}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NaT:
        return None
    return value
