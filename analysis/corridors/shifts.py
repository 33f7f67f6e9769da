"""Shifts: when a corridor was used more or less, and where it went instead (the balloon that is pressed)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.corridors.changes import best_cut, chance, cut, scatter
from analysis.corridors.graph import Ways, line, ways
from analysis.events.geo import haversine_m
from analysis.false_discovery import benjamini_hochberg
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from errors import PointsRefused

LEAST_MONTHS = 6
Q = 0.05


@dataclass(frozen=True)
class Shifts:
    """Months from which a corridor had more or fewer legs than before, and pairs of neighbours of which one fell as the other rose."""

    NAME: ClassVar = "shifts"
    FAMILY: ClassVar = "routes"
    TITLE: ClassVar = "Shifts of corridors"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 20
    SOURCE: ClassVar = ("Change points of Poisson counts by optimal partitioning (Jackson et al. 2005), a scan test by simulation, Benjamini & Hochberg 1995 over corridors. "
                        "Checked against ruptures and planted shifts in made worlds.")
    LEGEND: ClassVar = {
        "start": "from", "end": "to", "month": "from which month on", "before": "legs a month before", "after": "legs a month since", "times": "since, in times of before; open where there was none",
        "q": "how likely so much is by chance, over all corridors", "word": "rose or fell", "balloon": "neighbours that went the other way about then", "n": "legs in all",
    }

    snap_km: float = knob(15.0, "How near to a crossing or port a seizure or track is at it", unit="km", least=0.1, most=200)
    gap_days: float = knob(30.0, "A track unseen for longer began a new way", unit="days", least=0.04, most=366)
    least: int = knob(12, "Corridors of fewer legs are not looked at", least=5, most=10_000)
    against: str = knob("time", "What a corridor is held against: time alone, or all that are no neighbours of it", choices=("time", "others"))
    near_km: float = knob(300.0, "Corridors are neighbours where they share a place, or begin and end this near to each other", unit="km", least=0, most=5000)
    within_months: int = knob(2, "A fall and a rise this near in time may be one shift", unit="months", least=0, most=24)
    seed: int = knob(1, "What simulation begins with", least=0, most=2**31 - 1)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a change, the surest first. Raises PointsRefused where no places are known or there are too few months.

        >>> t = pd.date_range("2025-01-03", "2026-06-28", freq="3D", tz="UTC")
        >>> end = np.where(t < "2025-10-01", "East", "West")
        >>> points = pd.DataFrame({"lon": 0.0, "lat": 5.0, "t": t, "origin": "South", "destination": end})
        >>> places = gpd.GeoDataFrame({"kind": "town", "name": ["South", "East", "West"]}, geometry=gpd.points_from_xy([0, 1, -1], [0, 9, 9]), crs=4326)
        >>> found = Shifts().apply(points, Ground(places=places))
        >>> found[["end", "month", "word", "balloon"]].values.tolist()
        [['East', '2025-10', 'fell', 'South → West rose'], ['West', '2025-10', 'rose', 'South → East fell']]
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        found = ways(points, ground.places, ground.passes, self.NAME, snap_km=self.snap_km, gap_days=self.gap_days)
        if not len(found.legs):
            raise PointsRefused(f"{self.NAME}: no way is known: {' '.join(found.limits)}")
        months, days, table, pairs = _by_month(found)
        if len(months) < LEAST_MONTHS:
            raise PointsRefused(f"{self.NAME} needs {LEAST_MONTHS} months, ways are told of {len(months)}")
        many = table.sum(axis=1) >= self.least
        step(0.3)
        near = self._neighbours(found, pairs)
        limits = list(found.limits)
        rows, rng = [], np.random.default_rng(self.seed)
        looked = np.flatnonzero(many)
        exposures = [self._exposure(table, near, i, days) for i in looked]
        p = np.array([chance(table[i], e, scatter(table[i], e), rng) for i, e in zip(looked, exposures)])
        step(0.8)
        for i, e, q in zip(looked, exposures, benjamini_hochberg(p)):
            if q <= Q:
                rows += _changes(i, table[i], e, days, months, float(q))
        self._balloons(rows, near, pairs, found, months)
        a, b = pairs[:, 0], pairs[:, 1]
        stops = found.stops
        frame = pd.DataFrame([{"start": stops.name[a[r["i"]]], "end": stops.name[b[r["i"]]], "n": int(table[r["i"]].sum())} | {k: v for k, v in r.items() if k not in ("i", "at")}
                              for r in rows], columns=list(self.LEGEND))
        out = gpd.GeoDataFrame(frame, geometry=[line(stops.lon[a[r["i"]]], stops.lat[a[r["i"]]], stops.lon[b[r["i"]]], stops.lat[b[r["i"]]]) for r in rows], crs=4326)
        out = out.sort_values(["q", "month", "start", "end"], kind="stable").reset_index(drop=True)
        if (~many).any():
            limits.append(f"{int((~many).sum())} corridors of fewer than {self.least} legs were not looked at.")
        if self.against == "time":
            limits.append("Held against time alone: where more is looked for or told everywhere, every corridor rises.")
        limits.append("That one rose as another fell does not say that one became the other.")
        fell, pressed = int((out.word == "fell").sum()), int((out.balloon != "").sum())
        out.attrs["told"] = {
            "n": int(table.sum()), "words": (f"{len(out)} changes in {len(looked)} corridors ({fell} fell, {len(out) - fell} rose), {pressed} of them with a neighbour that went the other way." if len(out)
                                             else f"No change is more than chance in {len(looked)} corridors over {len(months)} months."),
            "limits": limits, "significance": f"False-discovery rate {Q:.0%} over {len(looked)} corridors.", "effort": "no effort data: where more is looked for, more ways are known",
            "charts": [{"kind": "lines", "title": "Legs a month where they changed", "unit": "", "x": months,
                        "series": [{"name": f"{stops.name[a[i]]} → {stops.name[b[i]]}", "y": table[i].tolist()} for i in dict.fromkeys(r["i"] for r in rows)][:8]}],
        }
        step(1.0)
        return out

    def _neighbours(self, found: Ways, pairs: np.ndarray) -> np.ndarray:
        """(corridors, corridors): which begin or end at one place, or near each other at both ends; one's own way back is none."""
        stops, (a, b) = found.stops, pairs.T
        near = [haversine_m(stops.lon[of][:, None], stops.lat[of][:, None], stops.lon[of], stops.lat[of]) <= 1000 * self.near_km for of in (a, b)]
        out = (a[:, None] == a) | (b[:, None] == b) | (near[0] & near[1])
        back = (a[:, None] == b) & (b[:, None] == a)
        return out & ~back & ~np.eye(len(a), dtype=bool)

    def _exposure(self, table: np.ndarray, near: np.ndarray, i: int, days: np.ndarray) -> np.ndarray:
        if self.against == "time":
            return days
        # Neighbours are left out: what left this one for them would make it seem to fall twice.
        apart = ~near[i]
        apart[i] = False
        others = table[apart].sum(axis=0)
        return (others + 0.5) if others.sum() >= 5 * len(days) else days

    def _balloons(self, rows: list[dict], near: np.ndarray, pairs: np.ndarray, found: Ways, months: list[str]) -> None:
        for one in rows:
            other = [r for r in rows if near[one["i"], r["i"]] and r["word"] != one["word"] and abs(r["at"] - one["at"]) <= self.within_months]
            one["balloon"] = ", ".join(f"{found.stops.name[pairs[r['i'], 0]]} → {found.stops.name[pairs[r['i'], 1]]} {r['word']}" for r in other)


def _by_month(found: Ways) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Months, how many days of each the legs span, counts (corridors, months), and which stops each corridor joins."""
    legs = found.legs
    first, last = legs.t.min(), legs.t.max()
    begins = pd.date_range(first.normalize().replace(day=1), last, freq="MS")
    ends = begins + pd.offsets.MonthBegin(1)
    days = np.array([(min(e, last) - max(b, first)) / pd.Timedelta(days=1) for b, e in zip(begins, ends)])
    month = np.searchsorted(begins, legs.t, side="right") - 1
    # A sliver of a month at either end has no rate of its own.
    kept = days >= 3.0
    pairs, which = np.unique(legs[["start", "end"]].to_numpy(np.int64), axis=0, return_inverse=True)
    table = np.zeros((len(pairs), len(begins)), np.int64)
    np.add.at(table, (which.ravel(), month), 1)
    return [f"{b:%Y-%m}" for b in begins[kept]], days[kept], table[:, kept], pairs


def _changes(i: int, n: np.ndarray, exposure: np.ndarray, days: np.ndarray, months: list[str], q: float) -> list[dict]:
    # Two numbers more a cut (when, how many), each half a log, and room for the search among all months.
    cuts = cut(n, exposure, 1.5 * np.log(len(n)) * scatter(n, exposure))
    if not cuts:  # more than chance, and less than two numbers are worth: the one cut that was tested
        cuts = [best_cut(n, exposure)]
    edges, rows = [0, *cuts, len(n)], []
    for left, at, right in zip(edges, edges[1:], edges[2:]):
        before, after = (float(n[x:y].sum() / days[x:y].sum() * 30.4375) for x, y in ((left, at), (at, right)))
        rate = [float(n[x:y].sum() / exposure[x:y].sum()) for x, y in ((left, at), (at, right))]
        rows.append({"i": i, "at": at, "month": months[at], "before": before, "after": after, "times": rate[1] / rate[0] if rate[0] else float("nan"), "q": q,
                     "word": "rose" if rate[1] > rate[0] else "fell", "balloon": ""})
    return rows
