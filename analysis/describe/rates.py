"""Rates: seizures or kilograms per km² or per km of border, per hour or per look, raw and smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.describe.counting import PLURAL, SHARED_LEGEND, Counted, Judging, K
from analysis.describe.gi_star import with_itself
from analysis.describe.smoothing import smoothed
from analysis.effort import rate
from analysis.methods import knob
from errors import PointsRefused

MUCH = 2.0  # times the mean: what is called more, where the interval says so too


@dataclass(frozen=True)
class Rates(Judging):
    """What each unit holds by what it is: its ground, or how long it was looked at.

    >>> points = pd.DataFrame({"lon": [-97.5] * 30 + [-97.3] * 3, "lat": [25.9] * 33})
    >>> told = Rates(grid="square", cell_m=10_000.0).apply(points)
    >>> told.loc[told.n == 30, "rate"].round(2).tolist(), told.attrs["told"]["effort"][:15]
    ([0.3], 'No effort data:')
    """

    NAME = "rates"
    FAMILY = "hotspots"
    TITLE = "Rates"
    VERSION = "2"
    NEEDS = 10
    SOURCE = "Marshall 1991 (empirical Bayes), Garwood 1936 (interval); held against esda's Empirical_Bayes and Spatial_Empirical_Bayes"
    LEGEND = {
        **SHARED_LEGEND, "rate": "What is added up by km² (by km for border sections), by hour or by look", "low": "The rate is above this, 19 times of 20", "high": "and under this",
        "smooth": "The rate drawn towards others where little is known of it (empirical Bayes)",
        "smooth_low": "The smoothed rate is above this, 19 times of 20", "smooth_high": "and under this",
        "ratio": "The smoothed rate by the mean of all: 2 is twice as many", "discovered": "Seizures that patrols discovered", "reported": "Seizures that others reported",
        "level": "2 at least twice the mean and surely above it, 1 surely above the mean, 0 as the mean, -1 surely under it",
    }

    per: str = knob("ground", "By what: ground (km², of border sections km), hours of looking, or looks", choices=("ground", "hours", "looks"))
    towards: str = knob("all", "What small rates are drawn towards: the mean of all units, or of a unit's neighbours", choices=("all", "neighbours"))

    def _judged(self, counted: Counted) -> gpd.GeoDataFrame:
        exposure, unit, limits = self._exposure(counted)
        seen = exposure > 0
        if not seen.any():
            raise PointsRefused(f"{self.NAME}: no unit here was looked at: choose per ground")
        value, low, high = rate(counted.x, exposure)
        smooth = [np.full(len(exposure), np.nan) for _ in range(3)]
        if self.weight == "count":
            around = None if self.towards == "all" else with_itself(counted.units)[seen][:, seen]
            for part, of in zip(smooth, smoothed(counted.x[seen], exposure[seen], around)):
                part[seen] = of
        else:
            # kilograms come in loads: their number, not their sum, is Poisson's
            low, high = np.full(len(low), np.nan), np.full(len(high), np.nan)
            limits.append(f"Intervals and smoothing are of counts alone: one load may be grams or tons, and {counted.unit} have none.")
        mean = counted.x[seen].sum() / exposure[seen].sum()
        level = np.zeros(len(exposure), int)
        level[smooth[1] > mean] = 1
        level[(smooth[1] > mean) & (smooth[0] >= MUCH * mean)] = 2
        level[smooth[2] < mean] = -1
        told = seen & ((counted.n >= K - 1e-9) | (counted.n == 0))
        by = {name: np.where((n > 0) & (n < K), np.nan, n) for name, n in counted.tally.by.items()}
        frame = counted.frame(told, rate=value, low=low, high=high, smooth=smooth[0], smooth_low=smooth[1], smooth_high=smooth[2],
                              ratio=smooth[0] / mean if mean > 0 else smooth[0], **by, level=level)
        kind, weighed = PLURAL[counted.units.kind], counted.unit
        hidden, unseen = int((seen & ~told).sum()), int((~seen).sum())
        limits.append(f"{hidden:,} {kind} with 1 to {K - 1} seizures are left out.")
        if unseen:
            limits.append(f"{unseen:,} {kind} have no rate: nobody looked there. {counted.n[~seen].sum():,.0f} seizures lie in them.")
        frame.attrs["told"] = counted.told(
            f"{mean:,.3g} {weighed} per {unit} over {int(seen.sum()):,} {kind}; {int((level[told] == 2).sum()):,} have at least twice as many, surely above the mean.",
            limits=limits, significance="Surely: 19 times of 20 for each unit by itself; of many units some are so by chance.", unit=f"{weighed} per {unit}")
        return frame

    def _exposure(self, counted: Counted) -> tuple[np.ndarray, str, list[str]]:
        if self.per == "ground":
            section = counted.units.kind == "section"
            return (counted.units.length_km, "km of border", []) if section else (counted.units.area_km2, "km²", [])
        if counted.looked is None:
            raise PointsRefused(f"{self.NAME}: no effort data, so there is no rate by {self.per}: give who looked where, or choose per ground")
        limits = ["Hours and looks are those given; what was reported by others needs no look, and raises the rate where people report."]
        return (counted.looked.hours, "hour of looking", limits) if self.per == "hours" else (counted.looked.looks, "look at the whole unit", limits)
