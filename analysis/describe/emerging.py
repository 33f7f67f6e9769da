"""Emerging hotspots: Gi* in space and time, and how each unit's came about."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm

from analysis.describe.chance import two_sided
from analysis.describe.counting import PLURAL, SHARED_LEGEND, Counting, K
from analysis.describe.gi_star import edges, with_itself
from analysis.describe.trend import mann_kendall
from analysis.false_discovery import benjamini_hochberg
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from errors import PointsRefused

FALSE_FINDS = 0.05
MOSTLY = 0.9  # of all steps; and how much of the first one has to be told
LEAST_STEPS = 10
MOST_BINS = 10_000_000
CLASSES = {
    "new": "hot in the last step and never before", "consecutive": "hot in the last steps without a break, never before them, and in less than 90 % of all",
    "intensifying": "hot in at least 90 % of steps, the last too, and getting hotter", "persistent": "hot in at least 90 % of steps, the last too, getting neither hotter nor cooler",
    "diminishing": "hot in at least 90 % of steps, the last too, and getting cooler", "sporadic": "hot in the last step, on and off before, never cold",
    "oscillating": "hot in the last step, and cold in some before", "historical": "not hot in the last step, but in at least 90 % of all", "": "none of these",
}


@dataclass(frozen=True)
class Emerging(Counting):
    """Gi* over each unit, its neighbours and the step before, under false-discovery-rate control over all units and steps; Mann-Kendall over each unit's z.

    >>> day = pd.Timestamp("2025-01-01", tz="UTC")
    >>> points = pd.DataFrame({"lon": [-97.5] * 60, "lat": 25.9, "t": [day + pd.Timedelta(days=6 * i) for i in range(60)]})
    >>> found = Emerging(resolution=6, step_days=30.0).apply(points)
    >>> sorted(set(found["class"])), len(found.attrs["told"]["tables"]["steps"])
    (['persistent'], 11)
    """

    NAME = "emerging"
    FAMILY = "hotspots"
    TITLE = "Emerging hotspots"
    VERSION = "1"
    NEEDS = 60
    SOURCE = ("Ord & Getis 1995 over a unit, its neighbours and the step before; Mann 1945, Kendall 1975; classes as ArcGIS Pro's Emerging Hot Spot Analysis defines them, "
              "of hot ones alone; Gi* held against esda's over the whole cube")
    LEGEND = {
        **SHARED_LEGEND, "class": "; ".join(f"{name or 'empty'}: {words}" for name, words in CLASSES.items()), "steps_hot": "Steps in which it was hot",
        "z": "Gi* of the last step: standard deviations above or below chance",
        "trend": "Mann-Kendall of its z over the steps: above 0 rising", "trend_p": "Chance of such a trend where there is none",
        "n_around": "Seizures in it and its neighbours over all steps; units with fewer than 5 are left out",
    }

    step_days: float = knob(30.0, "How long one step of time is", unit="days", least=1, most=366)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a unit that says something. Raises PointsRefused under 10 steps."""
        counted = self.counted(points, ground, in_time=True)
        bin_, starts, limits = self._steps(counted.points.t, len(counted.units))
        step(0.3)
        seen = np.flatnonzero(bin_ >= 0)
        cube = counted.shares[seen].T @ sparse.csr_array((counted.of[seen], (np.arange(seen.size), bin_[seen])), shape=(seen.size, len(starts)))
        star = with_itself(counted.units)
        cube = cube.toarray()
        z = space_time_gi_star(cube, star)
        step(0.6)
        around = star @ counted.n
        told = around >= K - 1e-9
        # over all units: those with enough to tell are the upper tail
        sums, degree = _sums(cube, star)
        p = two_sided(z, sums, cube.mean() * degree) if self.weight == "count" else 2 * norm.sf(np.abs(z))
        q = benjamini_hochberg(p.ravel()).reshape(z.shape)[told]
        hot, cold = (q <= FALSE_FINDS) & (z[told] > 0), (q <= FALSE_FINDS) & (z[told] < 0)
        trend, trend_p = mann_kendall(z[told])
        classes, steps_hot, rises, luck = np.full(len(z), "", object), np.zeros(len(z), int), np.zeros(len(z)), np.ones(len(z))
        classes[told], steps_hot[told] = classified(hot, cold, trend, trend_p), hot.sum(axis=1)
        rises[told], luck[told] = trend, trend_p
        frame = counted.frame(told, **{"class": classes}, steps_hot=steps_hot, z=z[:, -1], trend=rises, trend_p=luck, n_around=around.round(3))
        step(1.0)
        tally = {name: int((classes == name).sum()) for name in CLASSES if name and (classes == name).any()}
        total = cube.sum(axis=0)
        frame.attrs["told"] = counted.told(
            f"Over {len(starts)} steps of {self.step_days:g} days: {', '.join(f'{n:,} {name}' for name, n in tally.items()) or 'no'} hotspots of {len(z):,} {PLURAL[counted.units.kind]}.",
            significance="A step of a unit is hot or cold where at most 5 % of those called so are by chance, over all units and steps; a trend where its chance is under 5 %.",
            tables={"steps": [{"from": at.isoformat(), "value": round(float(of), 3)} for at, of in zip(starts, total)]},
            charts=[{"kind": "bars", "title": f"Each {self.step_days:g} days, from", "unit": "", "x": [f"{at:%Y-%m-%d}" for at in starts], "y": [round(float(of), 3) for of in total]}],
            limits=[*limits, f"{int((~told).sum()):,} {PLURAL[counted.units.kind]} with fewer than {K} seizures in them and their neighbours are left out.",
                    "Neighbouring steps share a step of seizures, which makes trends look surer than they are.", *edges(counted.units)])
        return frame

    def _steps(self, t: pd.Series, units: int) -> tuple[np.ndarray, list[pd.Timestamp], list[str]]:
        # the last step ends with the last seizure: what is new must not be judged by a step that has hardly begun
        length, first, last = pd.Timedelta(days=self.step_days), t.iloc[0], t.iloc[-1]
        back = ((last - t) // length).to_numpy(int)
        steps = int(back.max()) + 1
        if (last - first) / length - (steps - 1) < MOSTLY:
            steps -= 1
        if steps < LEAST_STEPS:
            raise PointsRefused(f"{self.NAME} needs {LEAST_STEPS} steps of {self.step_days:g} days; the seizures span {(last - first) / pd.Timedelta(days=1):.1f} days, "
                                f"which is {steps}: take a longer time or shorter steps")
        if steps * units > MOST_BINS:
            raise PointsRefused(f"{self.NAME}: {units:,} units by {steps:,} steps is more than {MOST_BINS:,}: take longer steps, larger units or a smaller area")
        before = int((back >= steps).sum())
        return steps - 1 - back, [last - length * (steps - i) for i in range(steps)], [f"{before:,} seizures before the first whole step are left out."] if before else []


def space_time_gi_star(cube: np.ndarray, star: sparse.csr_array) -> np.ndarray:
    """Gi* (units, steps) of values (units, steps): each with its neighbours (itself among them), in its step and the one before.

    The same as gi_star over units times steps with those weights, without building them.
    """
    n, spread, mean = cube.size, cube.std(), cube.mean()
    if spread < 1e-12 * max(1.0, abs(mean)):
        return np.zeros(cube.shape)
    sums, degree = _sums(cube, star)
    room = (n * degree - degree**2) / (n - 1)
    return (sums - mean * degree) / (spread * np.sqrt(room))


def _sums(cube: np.ndarray, star: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    near = star @ cube
    sums = near.copy()
    sums[:, 1:] += near[:, :-1]
    return sums, np.asarray(star.sum(axis=1))[:, None] * np.where(np.arange(cube.shape[1]) > 0, 2.0, 1.0)[None, :]


def classified(hot: np.ndarray, cold: np.ndarray, trend: np.ndarray, trend_p: np.ndarray) -> np.ndarray:
    """The class (n,) of each row of (n, steps): see CLASSES.

    >>> hot = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]], bool)
    >>> classified(hot, ~hot & False, np.array([0, 0, 0, 0, 3.0, -3.0, 0]), np.array([1, 1, 1, 1, 0.01, 0.01, 1])).tolist()
    ['new', 'consecutive', 'sporadic', 'persistent', 'intensifying', 'diminishing', '']
    """
    steps = hot.shape[1]
    share, last, runs = hot.mean(axis=1), hot[:, -1], (np.diff(hot.astype(int), axis=1) == 1).sum(axis=1) + hot[:, 0]
    mostly = share >= MOSTLY
    out = np.full(len(hot), "", object)
    out[last & ~mostly] = "sporadic"
    out[last & ~mostly & cold.any(axis=1)] = "oscillating"
    out[last & ~mostly & (runs == 1) & (hot.sum(axis=1) > 1)] = "consecutive"
    out[last & (hot.sum(axis=1) == 1) & (steps > 1)] = "new"
    out[last & mostly] = "persistent"
    out[last & mostly & (trend > 0) & (trend_p < 0.05)] = "intensifying"
    out[last & mostly & (trend < 0) & (trend_p < 0.05)] = "diminishing"
    out[~last & mostly] = "historical"
    return out
