"""Land and water of the basemap that was built, as shapes in EPSG:4326."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np


def land_and_water(basemap: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Land in pieces, and what of water lies beside or within it (shores, lakes, rivers); None while no basemap is built."""
    path = basemap / "ground.parquet"
    if not path.exists():
        return None
    frame = geopandas.read_parquet(path)
    on = (frame.kind == "land").to_numpy()
    shapes = frame.geometry.to_numpy()
    return shapes[on], shapes[~on]
