"""Clusters of points as rows: their hull, how many, when, how much."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.describe.counting import K
from analysis.grids import crs
from analysis.grids.outlines import area_km2, wrapped
from analysis.weights import Weighed

LEAST_M = 100.0  # round the outermost points, or how far their places may be off
COLUMNS = ("cluster", "n", "value", "first", "last", "km2")
LEGEND = {
    "cluster": "Clusters by size, the largest is 1", "n": "Seizures in it", "value": "What is added up in it: seizures, kg or points of severity", "first": "Its first seizure",
    "last": "Its last seizure", "km2": "The ground within its outermost seizures, and as far round them as their places may be off (at least 100 m)",
}


def plane(points: pd.DataFrame) -> tuple[str, np.ndarray]:
    """A CRS in metres that fits the points, and where they are in it, (n, 2)."""
    fit = crs.fitted(points.lon.to_numpy(), points.lat.to_numpy())
    return fit, np.column_stack(crs.forward(fit, points.lon.to_numpy(), points.lat.to_numpy()))


def hulls(points: pd.DataFrame, xy: np.ndarray, fit: str, of: np.ndarray, weighed: Weighed) -> gpd.GeoDataFrame:
    """A row a cluster, of `of` (points,): its number, -1 for none. Clusters under 5 seizures are left out."""
    number, size = np.unique(of[of >= 0], return_counts=True)
    order = np.lexsort((number, -size))
    rows, shapes = [], []
    for i, which in enumerate(number[order][size[order] >= K], start=1):
        mine = np.flatnonzero(of == which)
        around = max(LEAST_M, float(points.precision_m.to_numpy()[mine].max()))
        shapes.append(crs.to_degrees(shapely.buffer(shapely.convex_hull(shapely.multipoints(xy[mine])), around), fit))
        when = points.t.iloc[mine] if "t" in points else None
        rows.append((i, len(mine), float(weighed.of[mine].sum()), None if when is None else when.min(), None if when is None else when.max()))
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(COLUMNS[:5])).astype({"first": "datetime64[us, UTC]", "last": "datetime64[us, UTC]"}),
                             geometry=wrapped(np.array(shapes, object)) if shapes else [], crs=4326)
    frame.insert(5, "km2", area_km2(frame.geometry.to_numpy()) if shapes else np.zeros(0))
    return frame


def said(points: pd.DataFrame, reach_m: float) -> list[str]:
    """What has to be said of places and dates."""
    limits = ["A hull is drawn round the outermost seizures of a cluster; ground within it may hold none."]
    off = int((points.precision_m > reach_m / 2).sum())
    if off:
        limits.append(f"{off:,} of {len(points):,} places may be off by more than half of {reach_m:,.0f} m: those told at one town make a cluster that may be none.")
    if len(points[["lon", "lat"]].drop_duplicates()) == 1:
        limits.append("All seizures are told at one place: this says where that is, and nothing of how they lie.")
    if "t" in points and (points.t.iloc[-1] - points.t.iloc[0]).total_seconds() < 86_400:
        limits.append("All seizures are of one day: nothing is said of time.")
    return limits
