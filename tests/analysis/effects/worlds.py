"""Made worlds in which an operation did what is known: points, zones, dates."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.ground import Ground
from benchmarks.effects import weeks

START, END = pd.Timestamp("2026-01-05T00:00:00Z"), pd.Timestamp("2026-07-06T00:00:00Z")
DATES = {"start": START.isoformat(), "end": END.isoformat()}
BOXES = {"operation": shapely.box(-97.6, 25.8, -97.4, 26.0), "buffer": shapely.box(-97.7, 25.7, -97.3, 26.1).difference(shapely.box(-97.6, 25.8, -97.4, 26.0)),
         "north": shapely.box(-97.6, 26.8, -97.4, 27.0), "west": shapely.box(-98.6, 25.8, -98.4, 26.0)}


def zones(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    told = BOXES | shapes
    return gpd.GeoDataFrame({"role": [n if n in ("operation", "buffer") else "control" for n in told], "name": list(told)}, geometry=list(told.values()), crs=4326)


GROUND = Ground(zones=zones())


def world(seed: int, *, effect: float = 0.0, displaced: float = 0.0, scatter: float = 0.0, linger: float = 0.0, base: dict[str, float] | None = None,
          before: int = 52, during: int = 26) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for zone, counts in weeks(rng, base or {"operation": 6, "buffer": 4, "north": 6, "west": 6}, before, during, effect, displaced, scatter, linger).items():
        n = int(counts.sum())
        at = START + pd.to_timedelta((np.repeat(np.arange(len(counts)), counts) - before) * 7 + rng.uniform(0, 7, n), unit="D")
        lon, lat = _within(rng, BOXES[zone], n)
        frames.append(pd.DataFrame({"lon": lon, "lat": lat, "t": at}))
    return pd.concat(frames, ignore_index=True)


def _within(rng: np.random.Generator, shape: shapely.Geometry, n: int) -> tuple[np.ndarray, np.ndarray]:
    west, south, east, north = shape.bounds
    lon, lat = rng.uniform(west, east, 8 * n + 50), rng.uniform(south, north, 8 * n + 50)
    keep = shapely.contains_xy(shape, lon, lat)
    return lon[keep][:n], lat[keep][:n]
