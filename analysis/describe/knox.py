"""Near repeats: whether a seizure is followed by others near it, more than chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.describe import hulls as clusters
from analysis.describe.counting import K
from analysis.describe.near_repeat import knox
from analysis.effort import NO_EFFORT, told_of
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from analysis.weights import Weighing
from errors import PointsRefused

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class NearRepeats(Weighing):
    """Knox's test in bands of distance and time, with times dealt out anew; on the map chains of seizures near one another.

    >>> day = pd.Timestamp("2026-01-01", tz="UTC")
    >>> points = pd.DataFrame({"lon": np.repeat(np.linspace(-98, -97, 10), 6), "lat": 26.0, "t": [day + pd.Timedelta(days=30 * (i // 6) + i % 6) for i in range(60)]})
    >>> found = NearRepeats().apply(points).attrs["told"]
    >>> found["tables"]["bands"][0]["p"], found["words"][:53]
    (0.001, 'Within 1,000 m and 7 days lie 150 pairs, where chance')
    """

    NAME = "knox"
    FAMILY = "hotspots"
    TITLE = "Near repeats (Knox)"
    VERSION = "1"
    NEEDS = 20
    SOURCE = "Knox 1964, Mantel 1967; held against Burkitt's lymphoma in the West Nile district (Williams et al. 1978) and a count of all pairs"
    LEGEND = {**clusters.LEGEND, "cluster": "Chains of seizures, each near another in space and time, the longest is 1"}

    distance_m: float = knob(1000.0, "How near in space is near; the bands are one to `bands` times so far", unit="m", least=1, most=200_000)
    days: float = knob(7.0, "How near in time is near; the bands are one to `bands` times so long", unit="days", least=0.04, most=366)
    bands: int = knob(3, "Bands of distance and of time", least=1, most=10)
    permutations: int = knob(999, "How often times are dealt out anew", least=99, most=9999)
    seed: int = knob(1, "Where the dealing begins: the same gives the same", least=0, most=2**31 - 1)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a chain of at least 5 seizures; the table of bands stands in told's tables. Raises PointsRefused where all are of one moment or at one place."""
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        weighed = self.weighed(points)
        fit, xy = clusters.plane(points)
        t = points.t.astype("int64").to_numpy() / DAY_US
        for what, many in (("of one moment", np.ptp(t) > 0), ("told at one place", np.ptp(xy, axis=0).max() > 0)):
            if not many:
                raise PointsRefused(f"{self.NAME}: all {len(points)} seizures are {what}: near in space and time cannot be told apart")
        distances, times = self.distance_m * np.arange(1, self.bands + 1), self.days * np.arange(1, self.bands + 1)
        found = knox(xy, t - t[0], distances, times, self.permutations, self.seed, lambda done: step(0.9 * done))
        close = found.near[np.hypot(*(xy[found.near[:, 0]] - xy[found.near[:, 1]]).T) <= self.distance_m]
        close = close[np.abs(t[close[:, 0]] - t[close[:, 1]]) <= self.days]
        chain = connected_components(sparse.csr_array((np.ones(len(close)), tuple(close.T)), shape=(len(points),) * 2), directed=False)[1]
        chain[np.bincount(chain)[chain] < 2] = -1
        frame = clusters.hulls(points, xy, fit, chain, weighed)
        step(1.0)
        pairs, expected, p = int(found.pairs[0, 0]), float(found.expected[0, 0]), float(found.p[0, 0])
        ratio = f", {pairs / expected:.1f} times as many" if expected > 0 else ""
        frame.attrs["told"] = {
            "n": len(points), "effort": f"{NO_EFFORT if ground.effort is None else 'Looks are not reckoned with here.'} {told_of(points)}",
            "words": f"Within {self.distance_m:,.0f} m and {self.days:g} days lie {pairs:,} pairs, where chance would give {expected:,.1f}{ratio} (p = {p:.3g}).",
            "significance": f"p is the share of {self.permutations:,} dealings of times with as many pairs or more; {self.bands**2} bands are tested, none corrected for the others.",
            "tables": {"bands": [{"to_m": float(d), "to_days": float(w), "pairs": int(found.pairs[i, j]), "expected": float(found.expected[i, j]), "p": float(found.p[i, j])}
                                 for i, d in enumerate(distances) for j, w in enumerate(times)]},
            "charts": [{"kind": "lines", "title": f"Pairs against chance, by days apart (1: as chance would give)", "unit": "times", "x": [f"{w:g} days" for w in times], "series": [
                {"name": f"to {d:,.0f} m", "y": [float(a / e) if e > 0 else None for a, e in zip(found.pairs[i], found.expected[i])]} for i, d in enumerate(distances)]}],
            "limits": [*weighed.limits, *clusters.said(points, self.distance_m), f"Chains of fewer than {K} seizures are not drawn.",
                       "One operation that seizes several times in a week is a near repeat too; so is a rhythm all places share that differs by place."],
        }
        return frame
