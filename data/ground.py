"""Land and water of the basemap that was built, as shapes in EPSG:4326."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np

FILE = "ground.parquet"


def land_and_water(basemap: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Land in pieces, shores of sea and lakes, and rivers; None while no basemap is built."""
    path = basemap / FILE
    if not path.exists():
        return None
    frame = geopandas.read_parquet(path)
    of = {kind: frame.geometry[frame.kind == kind].to_numpy() for kind in ("land", "shore", "lake", "river")}
    return of["land"], np.concatenate([of["shore"], of["lake"]]), of["river"]
