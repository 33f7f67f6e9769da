"""HDBSCAN: clusters of seizures as dense as each place's own, without a distance told."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.describe import hulls as clusters
from analysis.describe.st_dbscan import told
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from analysis.weights import Weighing
from errors import PointsRefused

MOST = 100_000


@dataclass(frozen=True)
class Hdbscan(Weighing):
    """Clusters that last longest as the distance grows; when seizures were plays no part.

    >>> rng = np.random.default_rng(1)
    >>> points = pd.DataFrame({"lon": np.r_[rng.normal(-98, 0.01, 50), rng.normal(-97, 0.05, 50)], "lat": rng.normal(26, 0.01, 100)})
    >>> len(Hdbscan(least=20).apply(points))
    2
    """

    NAME = "hdbscan"
    FAMILY = "hotspots"
    TITLE = "Clusters (HDBSCAN)"
    VERSION = "1"
    NEEDS = 10
    SOURCE = "Campello, Moulavi & Sander 2013; the clustering itself is scikit-learn's HDBSCAN"
    LEGEND = {**clusters.LEGEND, "sure": "How surely its seizures belong to it, 0 to 1, on average"}

    least: int = knob(10, "The fewest seizures that make a cluster", least=5, most=10_000)
    looseness_m: float = knob(0.0, "Clusters nearer than this are one", unit="m", least=0, most=200_000)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a cluster. Raises PointsRefused over 100,000 points."""
        from sklearn.cluster import HDBSCAN  # loads for a second

        points = checked(points, method=self.NAME, needs=max(self.NEEDS, self.least))
        if len(points) > MOST:
            raise PointsRefused(f"{self.NAME} takes at most {MOST:,} points, {len(points):,} are given: take a shorter time or a smaller area, or st-dbscan")
        weighed = self.weighed(points)
        fit, xy = clusters.plane(points)
        found = HDBSCAN(min_cluster_size=self.least, cluster_selection_epsilon=self.looseness_m, allow_single_cluster=True, copy=True).fit(xy)
        of = found.labels_
        step(0.8)
        frame = clusters.hulls(points, xy, fit, of, weighed)
        size = np.bincount(of[of >= 0], minlength=1)
        order = np.lexsort((np.arange(size.size), -size))
        frame["sure"] = [float(found.probabilities_[of == which].mean()) for which in order[:len(frame)]]
        step(1.0)
        reach = float(np.sqrt(frame.km2.median() * 1e6)) if len(frame) else 1000.0
        frame.attrs["told"] = told(points, ground, frame, of, weighed.limits, reach, f"of at least {self.least}")
        return frame
