"""What all forecasts share: their knobs, how they are tried, what is shown of them, and when nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.stats import nbinom, poisson

from analysis.describe.counting import K
from analysis.forecast.backtest import Backtest, tried
from analysis.forecast.counts_in_time import day_of
from analysis.forecast.gathered import Gathered
from analysis.forecast.history import Fitted, History, Model
from analysis.forecast.scores import blocks, calibration, summary
from analysis.forecast.surroundings import history
from analysis.forecast.withholding import LEAST_ORIGINS, Verdict, judged
from analysis.grids import OnGrid
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from analysis.units import Units
from errors import KnobRefused, PointsRefused, TooFew

RECENT_DAYS = 90
INTERVAL = 0.9
SPANS = 3  # horizons that points must lie over, for anything to be learnt and tried

LEGEND = {
    "unit": "The hexagon (H3), square or border section", "n_90": f"Seizures in it in the last {RECENT_DAYS} days; open where there are 1 to {K - 1}",
    "expected": "How many seizures are expected in it within the horizon; open where the forecast is withheld",
    "low": "Fewer than this come in one of 20 such units", "high": "More than this come in one of 20 such units",
    "rank": "1 is the unit with most expected for its size", "why": "What the number comes from",
}
ADVICE = "It says where seizures may be found, and advises people: nothing acts on it, and no person or vehicle is scored."
LOOKING = ("Seizures are found where somebody looks. A place forecast high may be one that is looked at much, and who is sent there finds more there: keep "
           "looking where nothing is forecast.")
NUMBERS = "Each seizure counts as one, whatever it weighs."


@dataclass(frozen=True)
class Forecasting(OnGrid):
    """A forecast of seizures by unit for the next days, tried on the past before it is shown."""

    horizon_days: int = knob(30, "How many days ahead: 7, 14, 30 and 90 are usual", unit="days", least=1, most=90)
    top_share: float = knob(5.0, "The share of all area that PAI looks at: the places forecast highest", unit="%", least=0.1, most=50)
    begins: str = knob("", "First day of the forecast (UTC), as 2026-11-20; empty for the day after the last point")
    tries: int = knob(160, "How many times of the past it is tried on at most, the newest, a horizon apart", least=LEAST_ORIGINS, most=1_000)
    seed: int = knob(0, "What everything random begins with", least=0, most=2**31 - 1)

    FAMILY: ClassVar[str] = "forecast"
    NEEDS: ClassVar[int] = 50
    LEGEND: ClassVar[dict[str, str]] = LEGEND

    def model(self) -> Model:
        raise NotImplementedError

    def baselines(self) -> tuple[Model, ...]:
        raise NotImplementedError

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """A row a unit; without numbers where the forecast is withheld. Raises TooFew, PointsRefused and KnobRefused."""
        points, later = self._before(checked(points, method=self.NAME, needs=self.NEEDS, in_time=True))
        self._refuse_few(len(points), later)
        grid = self.laid()
        units = grid.units(points, ground)
        return self._forecast(Gathered.of(points, grid.spread(points, units), later), units, ground, step)

    def prepared(self, ground: Ground) -> Units:
        """See analysis/in_parts.py. Units that stand round points would be known only when all were read."""
        if ground.area is None and self.grid != "section":
            raise PointsRefused(f"{self.NAME}: in parts, the ground must be told: give an area")
        return self.laid().units(checked(pd.DataFrame({"lon": [], "lat": []}), method=self.NAME, needs=0), ground)

    def counted_part(self, points: pd.DataFrame, ground: Ground, on: Units) -> Gathered:
        """What a part adds up to. Raises PointsRefused for points that are wrong."""
        points, later = self._before(checked(points, method=self.NAME, needs=0, in_time=True))
        return Gathered.of(points, self.laid().spread(points, on), later)

    def finish(self, partial: Gathered, ground: Ground, on: Units) -> gpd.GeoDataFrame:
        """The same as of all points at once. Raises as `apply` does."""
        if partial.rows + partial.later < self.NEEDS:
            raise TooFew(f"{self.NAME} needs {self.NEEDS} points, {partial.rows + partial.later} are given: take a longer time, a larger area or fewer conditions")
        self._refuse_few(partial.rows, partial.later)
        return self._forecast(partial, on, ground, unwatched)

    def _forecast(self, found: Gathered, units: Units, ground: Ground, step: Step) -> gpd.GeoDataFrame:
        known, limits = self._known(found, units, ground)
        model, share = self.model(), self.top_share / 100
        back = tried(known, (*self.baselines(), model), self.horizon_days, share, keep=model.name, most=self.tries, step=lambda done: step(0.9 * done))
        verdict = self._judged(back, model, share)
        fit = None if verdict.withheld else model.fitted(known, self.horizon_days)
        uneven = dispersion(back, slice(0, verdict.scored.start))
        frame = self._frame(known, fit, uneven)
        step(1.0)
        frame.attrs["told"] = plain(self._told(found, known, back, verdict, float(frame.expected.sum()), uneven, share) | {
            "limits": [ADVICE, LOOKING, NUMBERS, *limits, *(self.limits(fit) if fit is not None else [])], "details": self.details(fit) if fit is not None else {}})
        return frame

    def limits(self, fit: Fitted) -> list[str]:
        """What this fit does not say."""
        return []

    def details(self, fit: Fitted) -> dict[str, Any]:
        """What was learnt, as numbers."""
        return {}

    def _before(self, points: pd.DataFrame) -> tuple[pd.DataFrame, int]:
        """Points of before the first day that is forecast, and how many are of later."""
        if not self.begins:
            return points, 0
        kept = day_of(points.t) < self._begins()
        return points[kept].reset_index(drop=True), int((~kept).sum())

    def _refuse_few(self, rows: int, later: int) -> None:
        if later and rows < self.NEEDS:
            raise TooFew(f"{self.NAME} needs {self.NEEDS} points before {_text(self._begins())}, {rows} are given: begin later, or take a longer time")

    def _known(self, found: Gathered, units: Units, ground: Ground) -> tuple[History, list[str]]:
        end, limits = self._begins() if self.begins else found.last + 1, []
        if found.later:
            limits.append(f"{found.later:,} of {found.rows + found.later:,} points are of {_text(end)} or later, and are left out.")
        days, needed = end - found.first, SPANS * self.horizon_days
        if days < needed:
            raise TooFew(f"{self.NAME} needs points over {needed} days for a horizon of {self.horizon_days}; these lie over {days}: take a longer time or a shorter horizon")
        known, more = history(found, units, ground, self.laid(), end)
        placed = known.counts.table.sum()
        if placed < self.NEEDS:
            raise TooFew(f"{self.NAME} needs {self.NEEDS} points on the ground asked about; {placed:.0f} of {found.rows} lie there")
        return known, [*limits, *more]

    def _begins(self) -> int:
        try:
            return (date.fromisoformat(self.begins) - date(1970, 1, 1)).days
        except ValueError as e:
            raise KnobRefused(f"{self.NAME}: begins must be a day as 2026-11-20, not {self.begins[:40]!r}") from e

    def _judged(self, back: Backtest, model: Model, share: float) -> Verdict:
        if not back.origins:
            name = self.baselines()[0].name
            return Verdict(True, f"no forecast: it could be tried on no earlier time, {LEAST_ORIGINS} are needed. Take a longer time or a shorter horizon",
                           {"log": name, "pai": name}, {}, slice(0, 0))
        return judged(back.tried[model.name], {m.name: back.tried[m.name] for m in self.baselines()}, share, self.seed)

    def _frame(self, known: History, fit: Fitted | None, uneven: float) -> gpd.GeoDataFrame:
        recent, n = known.counts.window(known.end - RECENT_DAYS, known.end), len(known.units)
        columns = {"unit": known.units.labels, "n_90": np.where((recent > 0) & (recent < K), np.nan, recent.round(3))}
        if fit is None:
            none = np.full(n, np.nan)
            columns |= {"expected": none, "low": none, "high": none, "rank": none, "why": np.full(n, "", object)}
        else:
            expected = fit.expected(known, self.horizon_days)
            low, high = between(expected, uneven)
            rank = np.empty(n)
            rank[np.argsort(-expected / known.size, kind="stable")] = np.arange(1, n + 1)
            columns |= {"expected": expected, "low": low, "high": high, "rank": rank, "why": np.array(fit.why(known, self.horizon_days), object)}
        return gpd.GeoDataFrame(columns, geometry=known.units.outlines, crs=4326)

    def _told(self, found: Gathered, known: History, back: Backtest, verdict: Verdict, expected: float, uneven: float, share: float) -> dict:
        scored, own = verdict.scored, self.model().name
        left = len(back.origins) - scored.start
        taken = blocks(left, seed=self.seed) if left else None
        rows = [{"model": name, "own": name == own, "best_by": [m for m, n in verdict.best.items() if n == name], **summary(t.only(scored), share, taken)}
                for name, t in back.tried.items()] if left else []
        head = f"{verdict.words[0].upper()}{verdict.words[1:]}."
        if verdict.withheld:
            words = head if head.startswith("No forecast") else f"No forecast is shown: it is {verdict.words}."
        else:
            words = f"{expected:,.1f} seizures are expected in the {self.horizon_days} days from {_text(known.end)} on. {head}"
        score: dict[str, Any] = {"origins": len(back.origins), "scored": max(left, 0), "level": "95 %", "top_share": share, "rows": rows, "gain": verdict.gain, "best": verdict.best}
        if left:
            mu, y = back.expected[scored].astype(float), back.found[scored].astype(float)
            score |= {"from": _text(back.origins[scored.start]), "to": _text(back.origins[-1] + self.horizon_days), "calibration": calibration(mu.ravel(), y.ravel()),
                      "covered": covered(mu, y, uneven)}
        return {"n": found.rows, "words": words, "withheld": verdict.withheld, "verdict": verdict.words, "method": self.NAME, "model": own, "version": self.VERSION,
                "window": [_text(known.counts.first), _text(known.end)], "horizon": [_text(known.end), _text(known.end + self.horizon_days)], "seed": self.seed,
                "marking_level": found.level, "score": score}


def dispersion(back: Backtest, which: slice) -> float:
    """How much more numbers vary than Poisson's, told by the origins that only choose: variance = mean + this × mean²."""
    mu, y = back.expected[which].astype(float), back.found[which].astype(float)
    over = float((mu**2).sum())
    return max(float(((y - mu) ** 2 - mu).sum()) / over, 0.0) if over > 0 else 0.0


def between(expected: np.ndarray, uneven: float) -> tuple[np.ndarray, np.ndarray]:
    """What INTERVAL of such numbers lie between."""
    tails = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
    if uneven < 1e-6:
        return tuple(poisson.ppf(tail, expected) for tail in tails)
    return tuple(nbinom.ppf(tail, 1 / uneven, 1 / (1 + uneven * expected)) for tail in tails)


def covered(expected: np.ndarray, found: np.ndarray, uneven: float) -> dict[str, float | int]:
    """Of units with one or more expected: how many there were, and which share of them the interval held."""
    some = expected >= 1
    low, high = between(expected[some], uneven)
    inside = (found[some] >= low) & (found[some] <= high)
    return {"interval": INTERVAL, "units": int(some.sum()), "share": float(inside.mean()) if some.any() else float("nan")}


def plain(value: Any) -> Any:
    """As JSON can carry it: what is no number is none."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _text(day: int) -> str:
    return str(np.datetime64(day, "D"))
