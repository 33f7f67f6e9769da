"""Points into units: an exact one into its own, one whose place is not exact into all it may lie in, by their share of the disc."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.grids.outlines import polygons
from analysis.units import Units
from errors import PointsRefused

FINE = 0.05  # of a unit's width: how little a place may be off to count as exact
ROUND = 48  # corners of a disc
METRES_DEG = 111_320.0
MOST = 60_000_000  # parts of points: about a gigabyte


def spread(points: pd.DataFrame, units: Units, at: np.ndarray) -> sparse.csr_array:
    """Shape (points, units). `at` (points,) is the unit each exact place lies in, -1 for none.

    A disc is shared out over units alone: what of it lies in water or outside of the area is where the point cannot be.
    """
    off = points.precision_m.to_numpy() > FINE * 1000 * np.sqrt(np.median(units.area_km2))
    row = np.flatnonzero(~off & (at >= 0))
    rows, columns, shares = [row], [at[row]], [np.ones(row.size)]
    if off.any():
        # many are told by the same town: each town's disc is cut once
        towns, town = np.unique(points.loc[off, ["lon", "lat", "precision_m"]].to_numpy(), axis=0, return_inverse=True)
        which, unit, share = _shares(towns, units)
        shared = sparse.csr_array((share, (which, unit)), shape=(len(towns), len(units)))
        parts = int(np.diff(shared.indptr)[town.ravel()].sum())
        if parts > MOST:
            raise PointsRefused(f"{int(off.sum()):,} places off by up to {points.precision_m.max() / 1000:,.0f} km would be shared out in {parts:,} parts, and at most {MOST:,} "
                                "are: take larger units")
        told = shared[town.ravel()]
        rows.append(np.repeat(np.flatnonzero(off), np.diff(told.indptr)))
        columns.append(told.indices)
        shares.append(told.data)
    return sparse.csr_array((np.concatenate(shares), (np.concatenate(rows), np.concatenate(columns))), shape=(len(points), len(units)))


def _shares(towns: np.ndarray, units: Units) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lon, lat, off_m = towns.T
    angle = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    # a polygon as large as the disc
    radius = off_m * np.sqrt(2 * np.pi / (ROUND * np.sin(2 * np.pi / ROUND))) / METRES_DEG
    round_lon = lon[:, None] + radius[:, None] * np.cos(angle) / np.cos(np.radians(lat))[:, None]
    discs = polygons(round_lon.ravel(), np.clip(lat[:, None] + radius[:, None] * np.sin(angle), -89.9, 89.9).ravel(), np.full(len(towns), ROUND))
    which, unit = shapely.STRtree(units.outlines).query(discs, predicate="intersects")
    shapely.prepare(discs)
    part, cut = shapely.area(units.outlines)[unit], ~shapely.contains_properly(discs[which], units.outlines[unit])
    part[cut] = shapely.area(shapely.intersection(discs[which[cut]], units.outlines[unit[cut]]))
    total = np.bincount(which, part, minlength=len(towns))[which]
    told = part > 0
    return which[told], unit[told], part[told] / total[told]
