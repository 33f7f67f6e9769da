"""Getis-Ord Gi* on any grid: where more lies together than chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.stats import norm

from analysis.describe.chance import two_sided
from analysis.describe.counting import PLURAL, SHARED_LEGEND, Counted, Judging, K
from analysis.false_discovery import benjamini_hochberg
from analysis.ground import Ground
from analysis.hotspots import LEVELS, gi_star
from analysis.units import Units
from analysis.weights import UNITS

FALSE_FINDS = "Of units called hot or cold at most 5 % are so by chance (Benjamini & Hochberg 1995); far more: 0.1 %, many more: 1 %."


@dataclass(frozen=True)
class GiStar(Judging):
    """Gi* with binary weights over a unit and its neighbours, under false-discovery-rate control.

    >>> one_place = pd.DataFrame({"lon": [-97.5] * 30, "lat": [25.9] * 30})
    >>> found = GiStar(resolution=6).apply(one_place, Ground(area=shapely.box(-98, 25.5, -97, 26.5)))
    >>> int(found.level.max()), found.attrs["told"]["words"]
    (3, '7 of 305 hexagons hold more seizures with their neighbours than chance would give.')
    """

    NAME = "gi-star"
    FAMILY = "hotspots"
    TITLE = "Hotspots (Gi*)"
    VERSION = "3"
    NEEDS = 30
    SOURCE = "Ord & Getis 1995, formula 5; chances of counts never under Poisson's; held against esda's G_Local and Getis & Ord's own example of 256 cells (1996)"
    LEGEND = {
        **SHARED_LEGEND, "n_around": "Seizures in it and its neighbours; units with fewer than 5 are left out", "z": "How many standard deviations above or below chance",
        "p": "Chance of as much or as little there where nothing lies together: of z, and of counts no less than Poisson's", "q": "The same, over all units tested at once",
        "level": "3 far more, 2 many more, 1 more than chance would give, 0 as chance would, -1 fewer",
    }

    def _judged(self, counted: Counted) -> gpd.GeoDataFrame:
        star = with_itself(counted.units)
        z = gi_star(counted.x, star)
        around = star @ counted.n
        told = around >= K - 1e-9
        p = chance(z, counted, star)
        # over all units: those with enough to tell are the upper tail, and by themselves would all be called
        q = benjamini_hochberg(p)
        level = levels(q, z)
        frame = counted.frame(told, n_around=around.round(3), z=z, p=p, q=q, level=level)
        kind, hot = PLURAL[counted.units.kind], int((level[told] > 0).sum())
        what = "seizures" if self.weight == "count" else counted.unit
        frame.attrs["told"] = counted.told(
            f"{hot:,} of {len(z):,} {kind} hold more {what} with their neighbours than chance would give.", significance=FALSE_FINDS, limits=[
                f"{int((~told).sum()):,} {kind} with fewer than {K} seizures in them and their neighbours are left out.", *edges(counted.units)])
        return frame


def with_itself(units: Units) -> sparse.csr_array:
    """Neighbours, and each unit itself: that is the star."""
    return (units.neighbours + sparse.eye_array(len(units), format="csr")).tocsr()


def chance(z: np.ndarray, counted: Counted, around: sparse.csr_array) -> np.ndarray:
    """The two-sided chance (n,) of what lies around each unit; of kilograms and severity the normal distribution's alone."""
    if counted.unit != UNITS["count"]:
        return 2 * norm.sf(np.abs(z))
    return two_sided(z, around @ counted.x, counted.x.mean() * np.asarray(around.sum(axis=1)).ravel())


def levels(q: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The words of the legend as numbers."""
    level = np.zeros(q.shape, int)
    for value, limit in reversed(LEVELS):
        level[(q <= limit) & (z > 0)] = value
    level[(q <= 0.05) & (z < 0)] = -1
    return level


def edges(units: Units) -> list[str]:
    """What is said where units differ in size."""
    if units.kind == "section":
        return ["Sections differ in length and ground: a long one holds more. The method rates tells of seizures per km."]
    small = int((units.area_km2 < units.area_km2.max() / 2).sum())
    return [f"{small:,} {PLURAL[units.kind]} are cut to under half by coast, border or the edge of the area, and hold less for it."] if small else []
