"""Displacement: whether what an operation prevented in its area turned up beside it, at other times, as another drug or by other means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.effects.flat import in_degrees, in_metres
from analysis.effects.operation import Window, inexact, inside, weekly, window, zones_of
from analysis.effects.quotient import Effect, Six, drawn, drift, interval, overdispersion, read, two_sided
from analysis.effects.zones import like_places, zones_hash
from analysis.false_discovery import benjamini_hochberg
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from errors import KnobRefused

PART_Q = 0.01  # at which a part, a ring or the buffer is called risen or fallen: many are looked at, and none of it was asked
PLACES, LEAST_PLACES = 40, 5  # elsewhere, of the operation's shape: how far those drift tells how far the operation's area may have
LEAST = 10  # seizures before it, in the operation's area and in the controls
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS_EACH = 4


@dataclass(frozen=True)
class Displacement:
    """Seizures before and during an operation in its area, in a buffer and in control areas: quotient, net effects, and what rose while the area fell."""

    NAME: ClassVar = "displacement"
    FAMILY: ClassVar = "effect"
    TITLE: ClassVar = "Effect and displacement"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 30
    SOURCE: ClassVar = ("Bowers & Johnson 2003 (weighted displacement quotient), Guerette 2009 (net and total net effect); intervals: gamma bootstrap with overdispersion. "
                        "Checked against examples worked by hand and planted effects in made worlds (benchmarks/effects.py).")
    LEGEND: ClassVar = {
        "role": "operation, buffer, control, or a ring round the operation", "name": "which", "n_before": "seizures before the operation", "n_during": "seizures during it",
        "expected": "as many as the control areas let expect", "change_pct": "how much more or fewer than expected, percent", "low_pct": "the least it may be (95 %)",
        "high_pct": "the most it may be (95 %)", "q": "how likely so much is by chance, over all that was looked at", "word": "fell, rose, or as expected",
    }

    start: str = knob("", "When the operation began: date, time and zone")
    end: str = knob("", "When it ended: date, time and zone")
    before_days: int = knob(364, "How long before it is held against it", unit="days", least=28, most=3660)
    rings: int = knob(3, "Rings round the operation's area that are looked at", least=0, most=8)
    ring_km: float = knob(5.0, "How wide each ring is", unit="km", least=0.1, most=200)
    time_zone: str = knob("UTC", "Whose hours and weekdays are meant, as America/Matamoros")
    seed: int = knob(1, "What the drawing begins with", least=0, most=2**31 - 1)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a zone and a ring. Raises PointsRefused where a zone is missing or overlaps, or the operation lies outside of the data; KnobRefused for times.

        >>> t = pd.date_range("2026-01-01", "2026-08-31", freq="12h", tz="UTC")
        >>> places = [("operation", 0.5), ("buffer", 1.5), ("control", 4.5)]
        >>> points = pd.concat([pd.DataFrame({"lon": x, "lat": 0.5, "t": t if role != "operation" else t[(t.month < 7) | (t.hour > 6) & (t.day % 2 > 0)]}) for role, x in places])
        >>> zones = gpd.GeoDataFrame({"role": [r for r, _ in places], "name": "a"}, geometry=[shapely.box(x - .4, 0, x + .4, 1) for _, x in places], crs=4326)
        >>> found = Displacement(start="2026-07-01T00:00:00Z", end="2026-08-31T00:00:00Z").apply(points, Ground(zones=zones))
        >>> found.attrs["told"]["score"]["effect_claimed"], found.loc[0, "word"]
        ('fell', 'fell')
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        when = window(points, self.start, self.end, self.before_days, self.NAME)
        hours = self._local(points.t)
        zones = zones_of(ground, self.NAME)
        rng = np.random.default_rng(self.seed)
        period = when.period(points.t)
        areas = {role: shapely.union_all(zones.geometry[zones.role == role].to_numpy()) for role in ("operation", "buffer", "control")}
        within = {role: inside(points, area) if not area.is_empty else np.zeros(len(points), bool) for role, area in areas.items()}
        within["buffer"] &= ~within["operation"]
        step(0.2)
        six = Six(*(float((within[role] & (period == p)).sum()) for role in ("operation", "buffer", "control") for p in (0, 1)),
                  (when.end - when.start) / (when.start - when.begin))
        places = like_places(points[points.t < when.start], zones, areas["operation"], ground.land, PLACES)
        elsewhere = np.array([[int((here & (period == p)).sum()) for p in (0, 1)] for here in (inside(points, shape) for shape in places)]).reshape(-1, 2)
        phi = max(self._phi(points, zones, within, when), drift(elsewhere) if len(places) >= LEAST_PLACES else 1.0)
        main = Effect(six, phi, rng)
        carried = min(six.operation_before, six.control_before) >= LEAST
        step(0.5)
        rows = self._rows(points, zones, areas, within, period)
        parts = self._parts(points, hours, within, period)
        self._judged(rows, parts, main, phi, carried, rng)
        step(0.9)
        out = gpd.GeoDataFrame(rows, columns=[*self.LEGEND, "geometry"], geometry="geometry", crs=4326)
        out.attrs["told"] = self._told(points, zones, areas, when, six, phi, main, carried, out, parts, len(places))
        step(1.0)
        return out

    def _local(self, t: pd.Series) -> pd.Series:
        try:
            return t.dt.tz_convert(ZoneInfo(self.time_zone))
        except (ZoneInfoNotFoundError, ValueError, OSError) as e:
            raise KnobRefused(f"{self.NAME}: time_zone must be one of the tz database, as America/Matamoros, not {self.time_zone!r}") from e

    def _phi(self, points: pd.DataFrame, zones: gpd.GeoDataFrame, within: dict[str, np.ndarray], when: Window) -> float:
        before, during = when.steps(7)
        # Each control by itself: how far places where nothing was done drift apart tells how far the operation's would have.
        apart = [within["operation"], within["buffer"], *(inside(points, g) for g in zones.geometry[zones.role == "control"])]
        table = np.array([weekly(points, w, when) for w in apart])
        return overdispersion(table[:, :before], table[:, before:]) if during else overdispersion(table, table[:, :0])

    def _rows(self, points, zones, areas, within, period) -> list[dict]:
        shapes = [(role, name, shape, inside(points, shape) & (within["buffer"] if role == "buffer" else True))
                  for role, name, shape in zip(zones["role"], zones["name"], zones.geometry)]
        core, control = in_metres(areas["operation"], areas["operation"]), areas["control"]
        for i in range(self.rings):
            outer = core.buffer((i + 1) * self.ring_km * 1000)
            ring = shapely.difference(in_degrees(shapely.difference(outer, core.buffer(i * self.ring_km * 1000)), areas["operation"]), control)
            if not ring.is_empty:
                shapes.append(("ring", f"{i * self.ring_km:g} to {(i + 1) * self.ring_km:g} km", ring, inside(points, ring) & ~within["operation"]))
        return [{"role": role, "name": name, "geometry": shape, "n_before": int((here & (period == 0)).sum()), "n_during": int((here & (period == 1)).sum())}
                for role, name, shape, here in shapes]

    def _parts(self, points: pd.DataFrame, local: pd.Series, within: dict[str, np.ndarray], period: np.ndarray) -> list[dict]:
        """What the operation's area is made of, by hour, weekday, drug and conveyance, beside the same of the controls."""
        first = local.dt.hour // HOURS_EACH * HOURS_EACH
        kinds = {"hour": first.map(lambda h: f"{h:02d}–{h + HOURS_EACH:02d} h"), "weekday": local.dt.day_of_week.map(DAYS.__getitem__), "drug": points.drug,
                 "conveyance": points.conveyance}
        out = []
        for kind, values in kinds.items():
            for value in sorted(set(values[within["operation"] | within["control"]]) - {""}):
                n = [int(((values == value).to_numpy() & within[role] & (period == p)).sum()) for role in ("operation", "control") for p in (0, 1)]
                if n[0] + n[1] >= LEAST and n[2] + n[3] >= LEAST:
                    out.append({"by": kind, "what": value, "n_before": n[0], "n_during": n[1], "control_before": n[2], "control_during": n[3]})
        return out

    def _judged(self, rows: list[dict], parts: list[dict], main: Effect, phi: float, carried: bool, rng: np.random.Generator) -> None:
        six, tested = main.six, []
        for one in [*rows, *parts]:
            if one.get("role") == "control":
                one |= dict.fromkeys(("expected", "change_pct", "low_pct", "high_pct", "q"), np.nan) | {"word": "what is compared with"}
                continue
            control = (one.get("control_before", six.control_before), one.get("control_during", six.control_during))
            rates = drawn(np.array([one["n_before"], one["n_during"], *control]), phi, rng)
            logs = np.log(rates[:, 1] * rates[:, 2] / (rates[:, 0] * rates[:, 3])) if one.get("role") != "operation" or one["n_before"] != six.operation_before else main.logs
            more = 0.5 if min(control) == 0 else 0.0
            one["expected"] = one["n_before"] * (control[1] + more) / (control[0] + more)
            one["change_pct"] = 100 * (one["n_during"] / one["expected"] - 1) if one["expected"] else np.nan
            one["low_pct"], one["high_pct"] = (100 * float(np.expm1(v)) for v in interval(logs))
            one["p"] = two_sided(logs)
            tested.append(one)
        for one, q in zip(tested, benjamini_hochberg(np.array([o["p"] for o in tested]))):
            one["q"] = float(q)
            sure = carried and (q <= PART_Q or one.get("role") == "operation")  # the operation's own area is the one question; all others are looked for
            one["word"] = "as expected" if not sure else "fell" if one["high_pct"] < 0 else "rose" if one["low_pct"] > 0 else "as expected"

    def _told(self, points, zones, areas, when, six, phi, main, carried, out, parts, elsewhere) -> dict:
        score = main.score(carried)
        rose = [f"{p['what']} ({p['by']})" for p in parts if p["word"] == "rose"]
        rings = out[(out.role == "ring") & (out.word == "rose")].name.tolist()
        words = _words(score, six)
        if rose or rings:
            words += f" Rose meanwhile, in the area or beside it: {', '.join([*rose, *rings])}."
        limits = [*when.limits, "What else changed in the operation's area alone at the same time counts as its effect.",
                  "Seizures are what was found: an operation that looks more finds more, and may hide a fall."]
        if not carried:
            limits.append(f"Too few to claim anything: {LEAST} before it are needed in the operation's area and in the controls, there are {six.operation_before:g} and {six.control_before:g}.")
        if elsewhere < LEAST_PLACES:
            limits.append(f"{elsewhere} other places like the operation's area: too few to see how far places drift apart where nothing is done, so a drift may be taken for an effect.")
        if six.more:
            limits.append("The controls have none before or during: half a seizure was added to each count, so the numbers are rough.")
        if areas["buffer"].is_empty:
            limits.append("No buffer is given: nothing is said of what moved beside it.")
        if (far := inexact(points, areas["operation"])) is not None:
            limits.append(far)
        return {
            "n": int(sum((six.operation_before, six.operation_during, six.buffer_before, six.buffer_during, six.control_before, six.control_during))),
            "words": words, "limits": limits, "significance": f"95 % intervals of {len(main.logs):,} draws; counts scatter {phi:.1f} times as chance would.",
            "effort": "no effort data: numbers are finds, not what was there", "score": score, "zones_sha256": zones_hash(zones, self.start, self.end),
            "periods": [f"{t.isoformat()}" for t in (when.begin, when.start, when.end)],
            "moved": [{k: v for k, v in p.items() if k != "p"} for p in parts],
            "charts": [_bars("Changed against what the controls let expect", out[out.role != "control"]), *_moved(parts)],
        }


def _words(score: dict, six: Six) -> str:
    low, high = score["change_pct_95"]
    if score["effect_claimed"] == "none":
        return (f"No effect is claimed: against the controls the operation's area changed by {low:+.0f} to {high:+.0f} %, which may be nothing. "
                "A quotient of displacement would say nothing and is withheld.")
    if score["effect_claimed"] == "rose":
        return f"More was found in the operation's area than the controls let expect: {low:+.0f} to {high:+.0f} %."
    words = f"Fewer in the operation's area than the controls let expect: {high:+.0f} to {low:+.0f} %, some {score['prevented']:.0f} fewer."
    if score["wdq"] is None:
        return words
    left, right = score["wdq_95"]
    words += f" Quotient {score['wdq']:.2f} ({left:.2f} to {right:.2f}): {read(score['wdq'])}"
    sure = {"displacement": ", and that is more than chance.", "diffusion": ", and that is more than chance.", "none": f", which may be chance; more than {max(0.0, -left):.0%} moved there is unlikely."}
    return words + sure[score["displacement_claimed"]] + f" In both together {score['total']:.0f} fewer ({score['total_95'][0]:.0f} to {score['total_95'][1]:.0f})."


def _bars(title: str, rows: pd.DataFrame) -> dict:
    told = rows.assign(label=rows.role.where(rows.role != "ring", "ring") + " " + rows.name)
    return {"kind": "intervals", "title": title, "x": told.label.tolist(), "y": _plain(told.change_pct), "low": _plain(told.low_pct), "high": _plain(told.high_pct), "unit": "%"}


def _moved(parts: list[dict]) -> list[dict]:
    charts = []
    for kind, word in (("hour", "hour of day"), ("weekday", "weekday"), ("drug", "drug"), ("conveyance", "conveyance")):
        rows = pd.DataFrame([p for p in parts if p["by"] == kind])
        if len(rows):
            charts.append({"kind": "intervals", "title": f"In the operation's area by {word}", "x": rows.what.tolist(), "y": _plain(rows.change_pct),
                           "low": _plain(rows.low_pct), "high": _plain(rows.high_pct), "unit": "%"})
    return charts


def _plain(values: pd.Series) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), 3) for v in values]
