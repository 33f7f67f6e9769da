"""Seizures counted in units: what the methods on grids share, and what they say alike."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from analysis.effort import NO_EFFORT, Effort, by_effort, effort, found, told_of
from analysis.grids import OnGrid
from analysis.ground import Ground
from analysis.methods import knob
from analysis.points import checked
from analysis.units import Units
from analysis.weights import Weighed, Weighing
from errors import TooFew

K = 5  # a number under this tells of single events
AS_FOUND, BY_EFFORT, LEFT_OUT = "as found", "by effort", "left out"
PLURAL = {"h3": "hexagons", "square": "squares", "section": "border sections"}


@dataclass(frozen=True)
class Counted:
    """`n` (units,) is how many seizures, `x` (units,) what they weigh; a seizure whose place is not exact counts in parts. `of` (points,) is what each counts."""

    points: pd.DataFrame
    units: Units
    shares: sparse.csr_array
    of: np.ndarray
    n: np.ndarray
    x: np.ndarray
    weighed: Weighed
    looked: Effort | None
    limits: list[str]

    def told(self, words: str, *, limits: list[str] = (), **more: object) -> dict:
        """What holds for the whole, as analysis/methods.py says; `effort` is in it always."""
        looked = self.looked.words if self.looked is not None else NO_EFFORT
        return {"n": int(len(self.points)), "words": words, "limits": [*self.limits, *limits], "effort": f"{looked} {told_of(self.points)}", **more}

    def frame(self, kept: np.ndarray, **columns: np.ndarray) -> gpd.GeoDataFrame:
        """The units that say something, by the columns of all; `unit` is the id as text. Numbers of under K seizures are left open."""
        few = (self.n > 0) & (self.n < K)
        shown = {"unit": names(self.units), "n": np.where(few, np.nan, self.n.round(3)), "value": np.where(few, np.nan, self.x), **columns}
        return gpd.GeoDataFrame({name: value[kept] for name, value in shown.items()}, geometry=self.units.outlines[kept], crs=4326)


SHARED_LEGEND = {
    "unit": "The hexagon (H3), square or border section", "n": f"Seizures in it; open where there are 1 to {K - 1}",
    "value": f"What is added up in it (seizures, kg or points of severity); open where there are 1 to {K - 1} seizures",
}


@dataclass(frozen=True)
class Counting(OnGrid, Weighing):
    """The knobs of a method that counts in units, and the counting."""

    discovered: str = knob(AS_FOUND, "How seizures count that patrols discovered: as found, the less the more patrols were there, or not at all",
                           choices=(AS_FOUND, BY_EFFORT, LEFT_OUT))

    def counted(self, points: pd.DataFrame, ground: Ground, *, in_time: bool = False) -> Counted:
        """Raises TooFew and PointsRefused (analysis/points.py, grids, weights)."""
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=in_time)
        limits = []
        if self.discovered == LEFT_OUT:
            discovered = found(points)["discovered"]
            limits.append(f"{int(discovered.sum()):,} seizures that patrols discovered are left out.")
            points = checked(points[~discovered], method=self.NAME, needs=self.NEEDS, in_time=in_time)
        grid = self.laid()
        units = grid.units(points, ground)
        shares = grid.spread(points, units)
        weighed, looked = self.weighed(points), effort(units, ground)
        of = weighed.of
        if self.discovered == BY_EFFORT and looked is not None:
            of = of * by_effort(points, shares, units, looked)
            limits.append("Seizures that patrols discovered count the less, the more hours were spent there.")
        elif self.discovered == BY_EFFORT:
            limits.append("Seizures that patrols discovered count in full: no effort data.")
        placed = np.asarray(shares.sum(axis=1)).ravel() > 0
        if placed.sum() < self.NEEDS:
            raise TooFew(f"{self.NAME} needs {self.NEEDS} points on the ground asked about; {int(placed.sum())} of {len(points)} lie there")
        return Counted(points, units, shares, of, shares.T @ np.ones(len(points)), shares.T @ of, weighed, looked,
                       [*weighed.limits, *limits, *_of_places(points, placed, units)])


def _of_places(points: pd.DataFrame, placed: np.ndarray, units: Units) -> list[str]:
    limits = []
    if not placed.all():
        limits.append(f"{int((~placed).sum()):,} of {len(points):,} seizures lie in none of the {PLURAL[units.kind]} (in water, outside of the area, or far from a border) "
                      "and count nowhere.")
    width_m = 1000 * np.sqrt(np.median(units.area_km2))
    off = points.precision_m.to_numpy() > width_m / 2
    if off.any():
        limits.append(f"{int(off.sum()):,} of {len(points):,} places may be off by more than half of a unit's width, up to {points.precision_m.max() / 1000:,.0f} km: "
                      "each is shared out over where it may be.")
    if len(points) > 1 and len(points[["lon", "lat"]].drop_duplicates()) == 1:
        limits.append("All seizures are told at one place: this says where that is, and nothing of how they lie.")
    return limits


def names(units: Units) -> np.ndarray:
    """Ids as text: H3's as they are written, of others the number or text itself."""
    return np.array([f"{i:x}" for i in units.ids.tolist()] if units.kind == "h3" else [str(i) for i in units.ids.tolist()], object)
