"""What can be sent, checked at the door: units with where they start, how far they reach and how many shifts they have."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from errors import PointsRefused

KINDS = ("patrol", "drone", "sensor")
MOST_SHIFTS = 1000


def units_of(told: gpd.GeoDataFrame | None, method: str) -> pd.DataFrame:
    """name, kind, lon, lat, reach_km, shifts, in the order they are told. Raises PointsRefused with what is wrong in which row."""
    if told is None or not len(told):
        raise PointsRefused(f"{method} asks for units that can be sent: name, kind ({', '.join(KINDS)}), lon, lat, reach_km, shifts; none is given")
    missing = [c for c in ("name", "kind", "lon", "lat", "reach_km", "shifts") if c not in told]
    if missing:
        raise PointsRefused(f"{method}: units have no column {', '.join(missing)}")
    out = pd.DataFrame({"name": told["name"].astype(str).to_numpy(), "kind": told["kind"].astype(str).to_numpy()})
    for column in ("lon", "lat", "reach_km", "shifts"):
        out[column] = pd.to_numeric(told[column], errors="coerce").to_numpy(float)
    for wrong, words in (
        (~out.kind.isin(KINDS), f"kind must be one of {', '.join(KINDS)}"), (~(out.lon.abs() <= 180) | ~(out.lat.abs() <= 90), "lon and lat must be degrees"),
        (~(out.reach_km > 0) | np.isinf(out.reach_km), "reach_km must be a number over 0"),
        (~out.shifts.between(1, MOST_SHIFTS) | (out.shifts % 1 != 0), f"shifts must be a whole number from 1 to {MOST_SHIFTS}"), (out["name"].duplicated(), "each needs a name of its own"),
    ):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise PointsRefused(f"{method}: units: {words}; {int(wrong.sum())} of {len(out)} are not, the first is row {first + 1} ({out.loc[first, 'name']!r})")
    return out.astype({"shifts": int})
