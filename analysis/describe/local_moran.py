"""Local Moran's I: clusters of much and of little, and units that stand out from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.describe.counting import PLURAL, SHARED_LEGEND, Counted, Judging, K
from analysis.describe.gi_star import chance, edges, with_itself
from analysis.false_discovery import benjamini_hochberg
from analysis.ground import Ground

CLASSES = ("", "much among much", "little beside much", "little among little", "much beside little")


@dataclass(frozen=True)
class LocalMoran(Judging):
    """Local Moran's I with row-standardised weights, under false-discovery-rate control.

    >>> one_place = pd.DataFrame({"lon": [-97.5] * 30, "lat": [25.9] * 30})
    >>> found = LocalMoran(resolution=6).apply(one_place, Ground(area=shapely.box(-98, 25.5, -97, 26.5)))
    >>> found.attrs["told"]["n"], sorted(set(found["class"]))
    (30, ['', 'little beside much'])
    """

    NAME = "local-moran"
    FAMILY = "hotspots"
    TITLE = "Clusters and outliers (local Moran)"
    VERSION = "2"
    NEEDS = 30
    SOURCE = "Anselin 1995; moments given the unit's own value (Sokal, Oden & Thomson 1998); held against esda's Moran_Local"
    LEGEND = {
        **SHARED_LEGEND, "n_around": "Seizures in it and its neighbours; units with fewer than 5 are left out", "moran": "Local Moran's I: above 0 alike its neighbours, under 0 unlike",
        "z": "How many standard deviations from chance", "p": "Chance of a z as far from 0 where values lie anyhow", "q": "The same, over all units tested at once",
        "class": "Much among much: a cluster. Much beside little, little beside much: stands out. Empty: as chance would give",
    }

    def _judged(self, counted: Counted) -> gpd.GeoDataFrame:
        moran, z = local_moran(counted.x, counted.units.neighbours)
        around = with_itself(counted.units) @ counted.n
        told = around >= K - 1e-9
        # as of Gi*: neighbours with much where z and the unit's own are of one sign
        p = chance(z * np.sign(counted.x - counted.x.mean()), counted, counted.units.neighbours)
        q = benjamini_hochberg(p)  # over all units: those with enough to tell are the upper tail
        high = counted.x > counted.x.mean()
        near = means(counted.units.neighbours) @ counted.x > counted.x.mean()
        quadrant = np.where(high, np.where(near, 1, 4), np.where(near, 2, 3))
        named = np.array(CLASSES, object)[np.where(q <= 0.05, quadrant, 0)]
        frame = counted.frame(told, n_around=around.round(3), moran=moran, z=z, p=p, q=q, **{"class": named})
        kind, shown = PLURAL[counted.units.kind], frame["class"]
        frame.attrs["told"] = counted.told(
            f"{int((shown == CLASSES[1]).sum()):,} of {len(z):,} {kind} hold much among much, and {int(shown.isin(CLASSES[2::2]).sum()):,} stand out from their neighbours.",
            significance="Of units named at most 5 % are so by chance (Benjamini & Hochberg 1995).",
            limits=[f"{int((~told).sum()):,} {kind} with fewer than {K} seizures in them and their neighbours are left out.",
                    *edges(counted.units)])
        return frame


def means(neighbours: sparse.csr_array) -> sparse.csr_array:
    """Weights that give the mean of a unit's neighbours; 0 for one without."""
    degree = np.asarray(neighbours.sum(axis=1)).ravel()
    return (sparse.diags_array(np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)) @ neighbours).tocsr()


def local_moran(x: np.ndarray, neighbours: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Local Moran's I (n,) and its z-score, given the unit's own value. All alike, or no neighbours: zeros.

    >>> line = sparse.csr_array(np.diag([1.0, 1, 1], 1) + np.diag([1.0, 1, 1], -1))
    >>> local_moran(np.array([9.0, 8, 1, 0]), line)[0].round(2).tolist()
    [0.73, 0.08, 0.08, 0.73]
    """
    n = x.size
    from_mean = x - x.mean()
    squares = (from_mean**2).sum()
    if n < 3 or squares < 1e-12 * max(1.0, (x**2).sum()):
        return np.zeros(n), np.zeros(n)
    weights = means(neighbours)
    moran = (n - 1) * from_mean * (weights @ from_mean) / squares
    total = np.asarray(weights.sum(axis=1)).ravel()
    total2 = np.asarray(weights.multiply(weights).sum(axis=1)).ravel()
    # the others, in any order: their mean and spread are known, a neighbour's mean is a sample of them without putting back
    other = -from_mean / (n - 1)
    spread = (squares - from_mean**2) / (n - 1) - other**2
    room = spread * ((n - 1) * total2 - total**2) / (n - 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.sign(from_mean) * (weights @ from_mean - total * other) / np.sqrt(room)
    return moran, np.where(room > 1e-300, z, 0.0)

