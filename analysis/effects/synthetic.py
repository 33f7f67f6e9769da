"""A synthetic control: what the area would have been, as the mix of other areas that was most like it before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.optimize import nnls

from analysis.effects.operation import inexact, inside, weekly, window, zones_of
from analysis.effects.zones import like_places, zones_hash
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from errors import PointsRefused

LEAST_STEPS = (6, 2)
SURE = 0.04  # at 0.05 made worlds with no effect were claimed to have one in 4 to 7 of 100: the operation's own mix has one area more to choose from
ENOUGH = 29  # other areas: with fewer, one that breaks off furthest of all is too common (5 to 6 of 100 made worlds at 24)
LEAST_BEFORE = 20


def mixed(own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Weights of other areas (rows of `others`, steps in columns), none under 0, 1 together, whose mix is nearest to `own` by least squares.

    Non-negative least squares with the sum as one more, very heavy, equation. Source: Abadie, Diamond & Hainmueller 2010; held against SLSQP in a test.

    >>> mixed(np.array([2.0, 4.0]), np.array([[1.0, 3.0], [3.0, 5.0], [9.0, 0.0]])).round(6).tolist()
    [0.5, 0.5, 0.0]
    """
    heavy = 1e4 * max(1.0, float(np.abs(others).max()))
    weights, _ = nnls(np.vstack([others.T, np.full(len(others), heavy)]), np.append(own, heavy), maxiter=max(100, 30 * len(others)))
    return weights / weights.sum()


def placebo(table: np.ndarray, before: int) -> tuple[np.ndarray, np.ndarray]:
    """For each area (row; the first is the operation's): the synthetic course from the others but the first, and how far it broke off.

    How far: root mean square gap since, over that before. The first is never in another's mix: what was done there would be taken for nothing done.
    """
    courses, ratios = np.empty_like(table, float), np.empty(len(table))
    scale = max(1e-9, 0.05 * float(table[:, :before].mean()))  # a fit that is exact by chance is not endlessly good
    for i in range(len(table)):
        others = np.delete(table, sorted({0, i}), axis=0)
        courses[i] = mixed(table[i, :before], others[:, :before]) @ others
        gap = table[i] - courses[i]
        ratios[i] = np.sqrt((gap[before:] ** 2).mean()) / (np.sqrt((gap[:before] ** 2).mean()) + scale)
    return courses, ratios


@dataclass(frozen=True)
class SyntheticControl:
    """What an operation's area would have had, from a mix of other areas; and how often as large a break is found where nothing was done."""

    NAME: ClassVar = "synthetic-control"
    FAMILY: ClassVar = "effect"
    TITLE: ClassVar = "Synthetic control"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 100
    SOURCE: ClassVar = ("Abadie, Diamond & Hainmueller 2010; p by the rank of the break among placebos. Checked: weights against scipy's SLSQP, "
                        "planted effects and none in made worlds (benchmarks/effects.py).")
    LEGEND: ClassVar = {
        "role": "operation, or an area of the mix", "name": "which", "weight": "its share of the mix", "n_before": "seizures before the operation", "n_during": "seizures during it",
        "expected": "as many as the mix lets expect", "change_pct": "how much more or fewer, percent", "break_ratio": "how far it left its mix since, in how far it had before",
        "word": "fell, rose, or as expected",
    }

    start: str = knob("", "When the operation began: date, time and zone")
    end: str = knob("", "When it ended: date, time and zone")
    before_days: int = knob(364, "How long before it is held against it", unit="days", least=84, most=3660)
    step_days: int = knob(28, "How long a step is", unit="days", least=7, most=91)
    donors: int = knob(40, "Other areas that may be in the mix", least=5, most=400)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """The operation's area and those of its mix. Control areas of the ground are taken; where there are fewer than 29, areas of its shape elsewhere as well.

        Raises PointsRefused where areas or steps are wanting, or the operation lies outside of the data; KnobRefused for times.

        >>> rng = np.random.default_rng(1)
        >>> t = pd.Timestamp("2025-01-01T00:00:00Z") + pd.to_timedelta(rng.uniform(0, 540, 9000), unit="D")
        >>> points = pd.DataFrame({"lon": rng.uniform(0, 6, 9000), "lat": rng.uniform(0, 3, 9000), "t": t})
        >>> zones = gpd.GeoDataFrame({"role": ["operation"], "name": ["a"]}, geometry=[shapely.box(2, 1, 2.5, 1.5)], crs=4326)
        >>> gone = shapely.contains_xy(zones.geometry[0], points.lon, points.lat) & (points.t >= "2026-01-01T00:00:00Z")
        >>> found = SyntheticControl(start="2026-01-01T00:00:00Z", end="2026-06-24T00:00:00Z").apply(points[~gone | (points.index % 10 == 0)], Ground(zones=zones))
        >>> found.loc[0, "word"], found.attrs["told"]["score"]["p"] <= SURE
        ('fell', True)
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        when = window(points, self.start, self.end, self.before_days, self.NAME)
        zones = zones_of(ground, self.NAME, controls=0)
        steps = when.steps(self.step_days)
        if any(n < least for n, least in zip(steps, LEAST_STEPS)):
            raise PointsRefused(f"{self.NAME} needs {LEAST_STEPS[0]} steps of {self.step_days} days before the operation and {LEAST_STEPS[1]} of it; there are "
                                f"{steps[0]} and {steps[1]}: take shorter steps or a longer time")
        own = shapely.union_all(zones.geometry[zones.role == "operation"].to_numpy())
        others = self._others(points[points.t < when.start], zones, own, ground)
        names = ["operation", *(name for name, _ in others)]
        shapes = [own, *(shape for _, shape in others)]
        step(0.3)
        table = np.array([weekly(points, inside(points, shape), when, self.step_days) for shape in shapes], float)
        if table[0, :steps[0]].sum() < LEAST_BEFORE:
            raise PointsRefused(f"{self.NAME} needs {LEAST_BEFORE} seizures in the operation's area before it, there are {table[0, :steps[0]].sum():.0f}")
        # Each area at its own level before: what is mixed is courses, and an area of another size may be like it.
        level = table[:, :steps[0]].mean(axis=1, keepdims=True)
        keep = level.ravel() > 0
        table, level, names, shapes = table[keep], level[keep], [n for n, k in zip(names, keep) if k], [s for s, k in zip(shapes, keep) if k]
        if len(table) < 6:
            raise PointsRefused(f"{self.NAME} needs 5 other areas with seizures before the operation, there are {len(table) - 1}: give more of the ground round it")
        courses, ratios = placebo(table / level, steps[0])
        step(0.9)
        p = float((ratios >= ratios[0]).mean())
        return self._told(points, zones, when, names, shapes, table, level, courses, ratios, p, steps, own)

    def _others(self, before: pd.DataFrame, zones: gpd.GeoDataFrame, own: shapely.Geometry, ground: Ground) -> list[tuple[str, shapely.Geometry]]:
        """Control areas as told, then the operation's shape elsewhere: places with about as many before, clear of operation, buffer and each other."""
        told = [(name, shape) for role, name, shape in zip(zones["role"], zones["name"], zones.geometry) if role == "control"]
        if len(told) >= ENOUGH or len(told) >= self.donors:
            return told
        return [*told, *((f"place {i + 1}", shape) for i, shape in enumerate(like_places(before, zones, own, ground.land, self.donors - len(told))))]

    def _told(self, points, zones, when, names, shapes, table, level, courses, ratios, p, steps, own) -> gpd.GeoDataFrame:
        before = steps[0]
        expected = courses * level
        during, hoped = table[:, before:].sum(axis=1), expected[:, before:].sum(axis=1)
        others = len(table) - 1
        claimed = p <= SURE and others >= ENOUGH
        change = 100 * (during / np.maximum(hoped, 1e-9) - 1)
        word = ("fell" if change[0] < 0 else "rose") if claimed else "as expected"
        weights = np.append(np.nan, mixed((table / level)[0, :before], (table / level)[1:, :before]))
        out = gpd.GeoDataFrame({"role": ["operation", *["mix"] * others], "name": names, "weight": weights, "n_before": table[:, :before].sum(axis=1).astype(int), "n_during": during.astype(int),
                                "expected": hoped, "change_pct": change, "break_ratio": ratios, "word": [word, *["nothing was done"] * others]}, geometry=shapes, crs=4326)
        rank = int((ratios >= ratios[0]).sum())
        words = (f"{abs(change[0]):.0f} % {'fewer' if change[0] < 0 else 'more'} than a mix of {int((weights[1:] > 0.005).sum())} other areas lets expect: {during[0]:.0f} instead of {hoped[0]:.0f}. "
                 f"Its break is the {rank}. largest among {others + 1} areas (p {p:.2f}).")
        if not claimed:
            words = f"No effect is claimed: the break in the operation's area is the {rank}. largest among {others + 1} areas (p {p:.2f}), {during[0]:.0f} instead of {hoped[0]:.0f}."
        limits = [*when.limits, "What else changed in the operation's area alone at the same time counts as its effect."]
        if others < ENOUGH:
            limits.append(f"{others} other areas: {ENOUGH} are needed before a break can be called more than chance.")
        if (far := inexact(points, own)) is not None:
            limits.append(far)
        fit = float(np.sqrt(((table[0, :before] - expected[0, :before]) ** 2).mean()))
        if fit > 0.5 * level[0, 0]:
            limits.append(f"The mix is not like the area before: it is off by {fit:.1f} a step where there are {level[0, 0]:.1f}.")
        out.attrs["told"] = {
            "n": int(table[0].sum()), "words": words, "limits": limits, "significance": f"p {p:.3f}: the share of {others + 1} areas that broke off as far.",
            "effort": "no effort data: numbers are finds, not what was there",
            "score": {"effect_claimed": word if claimed else "none", "p": p, "change_pct": float(change[0]), "areas": others, "off_before": fit},
            "zones_sha256": zones_hash(zones, self.start, self.end), "periods": [t.isoformat() for t in (when.begin, when.start, when.end)],
            "charts": [{"kind": "lines", "title": f"Seizures in the operation's area, each {self.step_days} days", "break": when.start.isoformat(), "unit": "",
                        "x": [(when.start + pd.Timedelta(days=self.step_days * (i - before))).isoformat() for i in range(table.shape[1])],
                        "series": [{"name": "found", "y": table[0].tolist()}, {"name": "the mix", "y": np.round(expected[0], 3).tolist()}]}],
        }
        return out[(out.role == "operation") | (out.weight > 0.005)].sort_values(["role", "weight"], ascending=[False, False], kind="stable").reset_index(drop=True)
