"""A plan of who looks where: what covers most of what is expected, and what nobody has looked at lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from analysis.allocate.cover import Plan, most_covered
from analysis.allocate.sent import KINDS, units_of
from analysis.allocate.worth import Worth, worth
from analysis.events.geo import haversine_m
from analysis.grids import OnGrid
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.moments import moment
from analysis.points import checked
from errors import PointsRefused

MOST_PLACES = 400  # that may be gone to, of each kind of unit; the best of them


@dataclass(frozen=True)
class Allocate(OnGrid):
    """A place for each shift of each unit: together they cover most of what is expected, and a share of them goes to where nobody looked lately."""

    NAME: ClassVar = "allocate"
    FAMILY: ClassVar = "allocate"
    TITLE: ClassVar = "Where to look"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 1
    SOURCE: ClassVar = ("Church & ReVelle 1974 (maximal covering), solved by HiGHS; Thompson 1933 and Ensign et al. 2018 (why some go elsewhere). "
                        "Checked against every plan of small cases, and against following the counts in made worlds.")
    LEGEND: ClassVar = {
        "unit": "who goes", "kind": "patrol, drone or sensor", "shift": "its first, second … shift; a sensor stays for all", "place": "where: the cell or section",
        "travel_km": "how far that is from its base", "why": "expected, unseen, or both", "reason": "in words", "expected_share": "the share of all that is expected that it adds",
        "since_days": "days since anybody looked there; none: never",
    }

    at: str = knob("", "When the plan begins: date, time and zone; empty for the newest seizure or look")
    exploration_share: float = knob(0.2, "Share of visits that go to where nobody looked lately", least=0, most=1)
    lately_days: int = knob(28, "What was looked at within this time was looked at lately", unit="days", least=1, most=3660)
    half_life_days: float = knob(90.0, "Seizures and looks of so long ago count half", unit="days", least=1, most=3660)
    patrol_km: float = knob(3.0, "How far round its place a patrol covers", unit="km", least=0, most=500)
    drone_km: float = knob(10.0, "How far round its place a drone covers", unit="km", least=0, most=500)
    sensor_km: float = knob(2.0, "How far round its place a sensor covers", unit="km", least=0, most=500)
    seed: int = knob(1, "What chance begins with, for each day of a plan", least=0, most=2**31 - 1)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a unit and shift, where it goes. Raises PointsRefused where no unit is given or none reaches a place.

        >>> points = pd.DataFrame({"lon": [-97.5] * 5 + [-97.0], "lat": 25.9, "t": "2026-11-20T10:00:00Z"})
        >>> sent = gpd.GeoDataFrame({"name": ["A"], "kind": ["patrol"], "lon": [-97.4], "lat": [25.9], "reach_km": [60.0], "shifts": [1]})
        >>> plan = Allocate(exploration_share=0.0).apply(points, Ground(units=sent))
        >>> plan[["unit", "shift", "why"]].values.tolist(), [round(x, 1) for x in (plan.geometry[0].x, plan.geometry[0].y)]
        ([['A', 1, 'expected']], [-97.5, 25.9])
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        sent = units_of(ground.units, self.NAME)
        at = moment(self.at, "at", self.NAME) if self.at else self._newest(points, ground)
        points = points[points.t <= at].reset_index(drop=True)
        if not len(points):
            raise PointsRefused(f"{self.NAME}: no seizure is known by {at:%Y-%m-%d}: nothing can be expected")
        laid = self.laid()
        units = laid.units(points, ground)
        middles = shapely.point_on_surface(units.outlines)
        lon, lat = shapely.get_x(middles), shapely.get_y(middles)
        away = haversine_m(sent.lon.to_numpy()[:, None], sent.lat.to_numpy()[:, None], lon, lat) / 1000
        reach = away <= sent.reach_km.to_numpy()[:, None]
        if not reach.any():
            raise PointsRefused(f"{self.NAME}: no unit reaches any of {len(units):,} places: the nearest is {(away - sent.reach_km.to_numpy()[:, None]).min():.0f} km beyond reach")
        step(0.3)
        # Chance of the day: the same plan for the same day, another one on the next.
        rng = np.random.default_rng([self.seed, max(0, int(at.timestamp() // 86_400))])
        of = worth(points, laid.spread(points, units), units, middles, ground, at, self.half_life_days, rng)
        covers = {kind: self._covers(kind, lon, lat) for kind in KINDS if (sent.kind == kind).any()}
        visits = np.where(sent.kind == "sensor", 1, sent.shifts).astype(np.int64)
        explore = self._explored(of, reach, int(visits.sum()), rng)
        value = self._value(of)
        allowed, cut = self._best(value, reach, sent, covers, explore)
        step(0.5)
        plan = most_covered(value, allowed, visits, sent.kind.to_numpy(), covers, explore)
        step(0.9)
        out = self._rows(sent, plan, of, units, away, middles, covers, explore, at)
        out.attrs["told"] = self._told(points, sent, visits, reach, plan, of, out, explore, cut, at, len(units))
        step(1.0)
        return out

    def _newest(self, points: pd.DataFrame, ground: Ground) -> pd.Timestamp:
        newest = points.t.max()
        return newest if ground.effort is None or not len(ground.effort) else max(newest, pd.to_datetime(ground.effort.t, utc=True).max())

    def _covers(self, kind: str, lon: np.ndarray, lat: np.ndarray) -> sparse.csr_array:
        n, km = len(lon), {"patrol": self.patrol_km, "drone": self.drone_km, "sensor": self.sensor_km}[kind]
        parts = [sparse.csr_array(haversine_m(lon[i:i + 500, None], lat[i:i + 500, None], lon, lat) <= 1000 * km, dtype=float) for i in range(0, n, 500)]
        return sparse.csr_array((sparse.vstack(parts) + sparse.eye_array(n) > 0).astype(float))

    def _explored(self, of: Worth, reach: np.ndarray, visits: int, rng: np.random.Generator) -> np.ndarray:
        """Places that must be gone to: those longest not looked at, by the draw among equals; those the draw is best for where all were looked at lately."""
        wanted = self.exploration_share * visits
        n = int(wanted) + int(rng.random() < wanted % 1)  # a fifth of two visits is one on two days of five, not none for ever
        can = np.flatnonzero(reach.any(axis=0))
        stale = of.since_days[can] > self.lately_days
        order = np.lexsort((can, -of.drawn[can], -np.where(stale, np.minimum(of.since_days[can], 1e6), 0.0)))
        return can[order][:n]

    def _value(self, of: Worth) -> np.ndarray:
        """What covering each place is worth: its share of what is expected, and a little for what nobody has seen."""
        unseen = np.minimum(of.since_days / self.lately_days, 4.0)
        share = of.expected / max(of.expected.sum(), 1e-12)
        # A tenth of the share: whole visits are kept for exploring, so this only says which of two like places is taken.
        return share + 0.1 * self.exploration_share * unseen / max(unseen.sum(), 1e-12)

    def _best(self, value: np.ndarray, reach: np.ndarray, sent: pd.DataFrame, covers: dict[str, sparse.csr_array], explore: np.ndarray) -> tuple[np.ndarray, int]:
        """Where each may go, without places that cover too little to matter; and how many were left out."""
        allowed, cut = reach.copy(), 0
        for kind, matrix in covers.items():
            of_kind = (sent.kind == kind).to_numpy()
            can = np.flatnonzero(reach[of_kind].any(axis=0))
            worst = can[np.argsort(-(matrix @ value)[can], kind="stable")][MOST_PLACES:]
            worst = np.setdiff1d(worst, explore)
            allowed[np.ix_(of_kind, worst)] = False
            cut = max(cut, len(worst))
        return allowed, cut

    def _rows(self, sent: pd.DataFrame, plan: Plan, of: Worth, units, away: np.ndarray, middles: np.ndarray, covers, explore: np.ndarray, at: pd.Timestamp) -> gpd.GeoDataFrame:
        left = of.expected.copy()
        total = max(float(of.expected.sum()), 1e-12)
        rows, labels = [], units.labels
        for u, one in enumerate(sent.itertuples(index=False)):
            there = np.flatnonzero(plan.goes[u])
            for shift, place in enumerate(there[np.lexsort((there, -of.expected[there]))], start=1):
                seen = covers[one.kind][[place]].indices
                adds = float(left[seen].sum()) / total
                left[seen] = 0.0
                since, chosen = of.since_days[place], bool((explore == place).any())
                why = ("both" if adds >= 2 / max(len(left), 1) else "unseen") if chosen else "expected"
                rows.append({"unit": one.name, "kind": one.kind, "shift": shift, "place": labels[place], "travel_km": float(away[u, place]), "why": why,
                             "reason": _reason(why, adds, since, len(seen), self.lately_days), "expected_share": adds, "since_days": since if np.isfinite(since) else np.nan,
                             "geometry": middles[place]})
        return gpd.GeoDataFrame(rows, columns=[*self.LEGEND, "geometry"], geometry="geometry", crs=4326)

    def _told(self, points, sent, visits, reach, plan: Plan, of: Worth, out, explore, cut, at, places) -> dict:
        covered = float(of.expected @ plan.covered) / max(float(of.expected.sum()), 1e-12)
        possible = float(of.expected @ reach.any(axis=0)) / max(float(of.expected.sum()), 1e-12)
        idle = int(visits.sum()) - len(out)
        limits = ["A plan advises: who goes where is decided by people.", "Travel is as the crow flies; roads, rivers and borders between are not known to it."]
        far = [name for name, any_ in zip(sent["name"], reach.any(axis=1)) if not any_]
        if far:
            limits.append(f"{len(far)} of {len(sent)} units reach no place and stay: {', '.join(far[:5])}{' …' if len(far) > 5 else ''}.")
        if idle:
            limits.append(f"{idle} of {int(visits.sum())} shifts are not planned: there is nothing in reach, of what was weighed, that the others do not cover.")
        if cut:
            limits.append(f"{cut} places that cover least were not weighed as places to go to.")
        missed = [p for p in explore if plan.goes[:, p].sum() == 0]
        if missed:
            limits.append(f"{len(missed)} places not looked at lately had no shift left that reaches them.")
        went = int((out.why != "expected").sum())
        return {
            "n": len(points), "words": f"{len(out)} visits from {at:%Y-%m-%d} on cover {covered:.0%} of what is expected in {places:,} places; {went} of them go to where nobody looked lately or little is known.",
            "limits": limits, "effort": of.words, "significance": f"No plan covers more than {plan.gap:.1%} better." if plan.gap else "No plan covers more.",
            "score": {"covered": covered, "within_reach": possible, "gap": plan.gap, "visits": len(out), "explored": went, "idle": idle},
            "charts": [{"kind": "bars", "title": "Share of what is expected that each unit covers", "x": sent["name"].tolist(), "unit": "%",
                        "y": [round(100 * float(out.expected_share[out.unit == name].sum()), 2) for name in sent["name"]]}],
        }


def _reason(why: str, adds: float, since: float, seen: int, lately_days: int) -> str:
    ago = "nobody is known to have looked" if not np.isfinite(since) else f"the last look was {since:.0f} days ago"
    if why == "expected":
        return f"{adds:.1%} of what is expected lies in the {seen} places it covers there; {ago}"
    if since > lately_days:
        return f"not looked at lately: {ago}" + (f"; {adds:.1%} of what is expected is covered too" if why == "both" else "")
    return f"all was looked at lately, and little is known of it: {ago}"
