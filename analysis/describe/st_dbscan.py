"""ST-DBSCAN: clusters of seizures near one another in space and in time."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from analysis.describe import hulls as clusters
from analysis.describe.counting import K
from analysis.describe.near_repeat import MOST_PAIRS
from analysis.effort import NO_EFFORT, told_of
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from analysis.weights import Weighing
from errors import PointsRefused

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class StDbscan(Weighing):
    """DBSCAN whose neighbours are near in both; time does not count where `days` is 0.

    >>> day = pd.Timestamp("2026-01-01", tz="UTC")
    >>> points = pd.DataFrame({"lon": [-97.5] * 20, "lat": 26.0, "t": [day + pd.Timedelta(days=i + 100 * (i // 10)) for i in range(20)]})
    >>> StDbscan().apply(points)[["cluster", "n"]].values.tolist()
    [[1, 10], [2, 10]]
    """

    NAME = "st-dbscan"
    FAMILY = "hotspots"
    TITLE = "Clusters in space and time (ST-DBSCAN)"
    VERSION = "1"
    NEEDS = 10
    SOURCE = "Birant & Kut 2007, without their third limit on other values; the clustering itself is scikit-learn's DBSCAN"
    LEGEND = clusters.LEGEND

    distance_m: float = knob(2000.0, "How near in space is near", unit="m", least=1, most=200_000)
    days: float = knob(14.0, "How near in time is near; 0 leaves time out", unit="days", least=0, most=3660)
    least: int = knob(5, "Seizures near one, itself among them, for it to be in the middle of a cluster", least=2, most=1000)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a cluster of at least 5 seizures."""
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=self.days > 0)
        weighed = self.weighed(points)
        fit, xy = clusters.plane(points)
        t = points.t.astype("int64").to_numpy() / DAY_US if self.days > 0 else None
        of = st_dbscan(xy, t, self.distance_m, self.days, self.least)
        step(0.8)
        frame = clusters.hulls(points, xy, fit, of, weighed)
        step(1.0)
        frame.attrs["told"] = told(points, ground, frame, of, weighed.limits, self.distance_m,
                                   f"within {self.distance_m:,.0f} m{f' and {self.days:g} days' if self.days > 0 else ''} of one another")
        return frame


def st_dbscan(xy: np.ndarray, t: np.ndarray | None, distance_m: float, days: float, least: int) -> np.ndarray:
    """The cluster (n,) of each, -1 for none. Raises PointsRefused over 20 million pairs."""
    from sklearn.cluster import DBSCAN  # loads for a second

    tree = cKDTree(xy)
    count = (tree.count_neighbors(tree, distance_m) - len(xy)) // 2
    if count > MOST_PAIRS:
        raise PointsRefused(f"st-dbscan: {count:,} pairs lie within {distance_m:,.0f} m, and at most {MOST_PAIRS:,} are looked at: take a shorter distance, or a smaller area")
    pairs = tree.query_pairs(distance_m, output_type="ndarray")
    if t is not None:
        pairs = pairs[np.abs(t[pairs[:, 0]] - t[pairs[:, 1]]) <= days]
    one, other = np.concatenate([pairs, pairs[:, ::-1], np.repeat(np.arange(len(xy))[:, None], 2, axis=1)]).T
    near = sparse.csr_array((np.full(one.size, 0.5), (one, other)), shape=(len(xy), len(xy)))
    near.sort_indices()
    return DBSCAN(eps=1.0, min_samples=least, metric="precomputed").fit_predict(sparse.csr_matrix(near))


def told(points: pd.DataFrame, ground: Ground, frame: gpd.GeoDataFrame, of: np.ndarray, limits: list[str], reach_m: float, near: str) -> dict:
    """What holds for the whole, of clusters."""
    alone = int((of < 0).sum())
    return {
        "n": len(points), "effort": f"{NO_EFFORT if ground.effort is None else 'Looks are not reckoned with here.'} {told_of(points)}",
        "words": f"{len(frame):,} clusters of seizures {near}; {alone:,} of {len(points):,} seizures are in none.",
        "significance": "None: clusters are found, not tested. Knox tests whether seizures near in space are near in time.",
        "limits": [*limits, *clusters.said(points, reach_m), f"Clusters of fewer than {K} seizures are not drawn.", "Another distance gives other clusters."],
    }
