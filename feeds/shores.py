"""How far the shore is, from the basemap that was built: read when the first rule asks, kept for all of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from analysis.events.rules import Shore
from analysis.events.shore import shore_distance
from data import ground
from settings import store


def stamp() -> str:
    """Another text whenever the map of the shore is another; empty while there is none."""
    path = store().basemap / ground.FILE
    return f"{path}:{path.stat().st_mtime_ns}" if path.exists() else ""


def shore_m() -> Shore | None:
    """Metres from the shore; None while no basemap is built."""
    known = stamp()
    if not known:
        return None

    def far(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        test = _read(store().basemap, known)
        return np.full(len(lon), np.nan) if test is None else test(lon, lat)

    return far


@lru_cache(maxsize=1)
def _read(basemap: Path, known: str) -> Shore | None:
    found = ground.land_and_water(basemap)
    return None if found is None else shore_distance(*found[:2])
