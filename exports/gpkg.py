"""A GeoPackage with a layer each, and one table that says what it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas
import pandas as pd
import pyogrio

from exports.about import About


def write(frames: dict[str, geopandas.GeoDataFrame], about: About) -> bytes:
    """EPSG:4326. Rows without a place keep their attributes."""
    with tempfile.TemporaryDirectory(prefix="vigia-") as folder:
        path = Path(folder) / "out.gpkg"
        for layer, frame in frames.items():
            plain = frame.copy()
            for name in plain.columns:
                if name != "geometry" and plain[name].dtype == object:
                    plain[name] = plain[name].map(lambda v: None if v is None or v is pd.NaT else v if isinstance(v, (int, float)) else str(v))
            kind = {"seizures": "Point", "tracks": "Unknown", "images": "MultiPolygon"}[layer]
            pyogrio.write_dataframe(plain, path, layer=layer, driver="GPKG", geometry_type=kind, append=path.exists())
        lines = pd.DataFrame({"line": about.lines()})
        pyogrio.write_dataframe(lines, path, layer="EXERCISE" if about.exercise else "about", driver="GPKG", append=True)
        return path.read_bytes()
