"""Seizures counted in units: what the methods on grids share, and what they say alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from analysis.describe.tally import Tally
from analysis.effort import NO_EFFORT, Effort, by_effort, effort, found, words_of
from analysis.exact import MOST
from analysis.grids import OnGrid
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from analysis.units import Units
from analysis.weights import UNITS, Facts, Weighing
from errors import PointsRefused, TooFew

K = 5  # a number under this tells of single events
AS_FOUND, BY_EFFORT, LEFT_OUT = "as found", "by effort", "left out"
NOTHING_SAID = Facts(0, 0, 0.0, 0.0, frozenset())
PLURAL = {"h3": "hexagons", "square": "squares", "section": "border sections"}


@dataclass(frozen=True)
class On:
    """What points are counted on: it depends on none of them where the ground is told."""

    units: Units
    looked: Effort | None


@dataclass(frozen=True)
class Counted:
    """`n` (units,) is how many seizures, `x` (units,) what they weigh; a seizure whose place is not exact counts in parts."""

    units: Units
    looked: Effort | None
    tally: Tally
    unit: str  # what `x` is told in
    limits: list[str]

    @property
    def n(self) -> np.ndarray:
        return self.tally.n

    @property
    def x(self) -> np.ndarray:
        return self.tally.x

    def told(self, words: str, *, limits: list[str] = (), **more: object) -> dict:
        """What holds for the whole, as analysis/methods.py says; `effort` is in it always."""
        looked = self.looked.words if self.looked is not None else NO_EFFORT
        return {"n": self.tally.rows, "words": words, "limits": [*self.limits, *limits], "effort": f"{looked} {words_of(self.tally.found)}", **more}

    def frame(self, kept: np.ndarray, **columns: np.ndarray) -> gpd.GeoDataFrame:
        """The units that say something, by the columns of all; `unit` is what it is called. Numbers of under K seizures are left open."""
        few = (self.n > 0) & (self.n < K)
        shown = {"unit": self.units.labels, "n": np.where(few, np.nan, self.n.round(3)), "value": np.where(few, np.nan, self.x), **columns}
        return gpd.GeoDataFrame({name: value[kept] for name, value in shown.items()}, geometry=self.units.outlines[kept], crs=4326)


@dataclass(frozen=True)
class CountedPoints(Counted):
    """With the points themselves: `shares` (points, units), and `of` (points,) is what each counts."""

    points: pd.DataFrame
    shares: sparse.csr_array
    of: np.ndarray

    @cached_property
    def placed(self) -> np.ndarray:
        """Which points lie in any unit."""
        return np.flatnonzero(np.asarray(self.shares.sum(axis=1)).ravel() > 0)


SHARED_LEGEND = {
    "unit": "The hexagon (H3), square or border section", "n": f"Seizures in it; open where there are 1 to {K - 1}",
    "value": f"What is added up in it (seizures, kg or points of severity); open where there are 1 to {K - 1} seizures",
}


@dataclass(frozen=True)
class Counting(OnGrid, Weighing):
    """The knobs of a method that counts in units, and the counting."""

    discovered: str = knob(AS_FOUND, "How seizures count that patrols discovered: as found, the less the more patrols were there, or not at all",
                           choices=(AS_FOUND, BY_EFFORT, LEFT_OUT))

    def counted(self, points: pd.DataFrame, ground: Ground, *, in_time: bool = False) -> CountedPoints:
        """Raises TooFew and PointsRefused (analysis/points.py, grids, weights)."""
        points, left_out = self._kept(checked(points, method=self.NAME, needs=self.NEEDS, in_time=in_time))
        if left_out:
            points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=in_time)
        units = self.laid().units(points, ground)
        on = On(units, effort(units, ground))
        weighed, (shares, factor) = self.weighed(points), self._spread(points, on)
        of = weighed.of * factor
        # what is said of weights stands in `weighed`, which may know more than parts do
        tally = Tally.of(points, units, shares, of, NOTHING_SAID, left_out)
        return CountedPoints(units, on.looked, tally, weighed.unit, self._limits(tally, on, weighed.limits), points, shares, of)

    def prepared(self, ground: Ground) -> On:
        """See analysis/in_parts.py. Units that stand round points would be known only when all were read."""
        if ground.area is None and self.grid != "section":
            raise PointsRefused(f"{self.NAME}: in parts, the ground must be told: give an area")
        none = checked(pd.DataFrame({"lon": [], "lat": []}), method=self.NAME, needs=0)
        self.weighed_part(none)
        units = self.laid().units(none, ground)
        return On(units, effort(units, ground))

    def counted_part(self, points: pd.DataFrame, ground: Ground, on: On) -> Tally:
        """What a part adds up to; `ground` is in `on`. Raises PointsRefused for points that are wrong."""
        return self.laid_part(points, on).tally

    def laid_part(self, points: pd.DataFrame, on: On) -> CountedPoints:
        """A part with its points: what is said of it is said of all."""
        points, left_out = self._kept(checked(points, method=self.NAME, needs=0))
        (of, facts), (shares, factor) = self.weighed_part(points), self._spread(points, on)
        of = of * factor
        return CountedPoints(on.units, on.looked, Tally.of(points, on.units, shares, of, facts, left_out), UNITS[self.weight], [], points, shares, of)

    def of_parts(self, tally: Tally, on: On) -> Counted:
        """What `counted` gives of all points, to the bit. Raises TooFew and PointsRefused as it does."""
        if tally.rows < self.NEEDS:
            raise TooFew(f"{self.NAME} needs {self.NEEDS} points, {tally.rows} are given: take a longer time, a larger area or fewer conditions")
        if max(tally.x.max(), tally.n.max()) >= MOST:
            raise PointsRefused(f"{self.NAME}: {max(tally.x.max(), tally.n.max()):,.0f} lie in one unit, and sums of parts are exact under {MOST:,.0f}: take smaller units")
        return Counted(on.units, on.looked, tally, UNITS[self.weight], self._limits(tally, on, self.said(tally.weights)))

    def _kept(self, points: pd.DataFrame) -> tuple[pd.DataFrame, int]:
        if self.discovered != LEFT_OUT:
            return points, 0
        discovered = found(points)["discovered"]
        return points[~discovered].reset_index(drop=True), int(discovered.sum())

    def _spread(self, points: pd.DataFrame, on: On) -> tuple[sparse.csr_array, np.ndarray | float]:
        shares = self.laid().spread(points, on.units)
        return shares, by_effort(points, shares, on.units, on.looked) if self.discovered == BY_EFFORT and on.looked is not None else 1.0

    def _limits(self, tally: Tally, on: On, of_weights: list[str]) -> list[str]:
        if tally.placed < self.NEEDS:
            raise TooFew(f"{self.NAME} needs {self.NEEDS} points on the ground asked about; {tally.placed} of {tally.rows} lie there")
        counts = {LEFT_OUT: f"{tally.left_out:,} seizures that patrols discovered are left out.", BY_EFFORT: "Seizures that patrols discovered count "
                  + ("the less, the more hours were spent there." if on.looked is not None else "in full: no effort data.")}
        return [*of_weights, *([counts[self.discovered]] if self.discovered in counts else []), *_of_places(tally, on.units)]


@dataclass(frozen=True)
class Judging(Counting):
    """One that judges units by their counts alone, so that counting may be done in parts (analysis/in_parts.py)."""

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a unit that says something. Raises TooFew and PointsRefused, also where effort is asked by and none is known."""
        counted = self.counted(points, ground)
        step(0.6)
        frame = self._judged(counted)
        step(1.0)
        return frame

    def finish(self, partial: Tally, ground: Ground, on: On) -> gpd.GeoDataFrame:
        """See analysis/in_parts.py."""
        return self._judged(self.of_parts(partial, on))

    def _judged(self, counted: Counted) -> gpd.GeoDataFrame:
        raise NotImplementedError


def _of_places(tally: Tally, units: Units) -> list[str]:
    limits = []
    if tally.placed < tally.rows:
        limits.append(f"{tally.rows - tally.placed:,} of {tally.rows:,} seizures lie in none of the {PLURAL[units.kind]} (in water, outside of the area, or far from a border) "
                      "and count nowhere.")
    if tally.off:
        limits.append(f"{tally.off:,} of {tally.rows:,} places may be off by more than half of a unit's width, up to {tally.off_most_m / 1000:,.0f} km: "
                      "each is shared out over where it may be.")
    if tally.rows > 1 and len(tally.places) == 1:
        limits.append("All seizures are told at one place: this says where that is, and nothing of how they lie.")
    return limits
