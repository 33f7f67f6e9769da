"""An interrupted time series: whether the course of an area broke when an operation began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple
from warnings import catch_warnings, simplefilter

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.stats import norm
from scipy.stats import t as student

from analysis.effects.operation import inexact, inside, weekly, window, zones_of
from analysis.effects.zones import zones_hash
from analysis.ground import NOTHING_KNOWN, Ground, Step, unwatched
from analysis.methods import knob
from analysis.points import checked
from errors import PointsRefused

LEAST_STEPS = (12, 4)  # before, during
LEAST_BEFORE = 20  # seizures in the operation's area
LEVEL = 0.98  # of intervals: at 95 % made worlds without an effect were claimed to have one in 5 to 7 of 100
MANY = 20.0  # a step, on average: from here on logs of counts are a series of their own


class Break(NamedTuple):
    """What a regression says of a break, in logs: `level` at once, `slope` a step, `mean` over the operation with its interval and p; fitted courses."""

    model: str
    level: float
    slope: float
    mean: float
    low: float
    high: float
    p: float
    fitted: np.ndarray  # as a ratio of what it is held against (or counts a step)
    without: np.ndarray  # the same had the course gone on


def broken(own: np.ndarray, beside: np.ndarray | None, before: int) -> Break:
    """Counts a step of an area (and of its controls) by segmented regression: trend, and level and slope that change at step `before`.

    With controls it is the area's share of both that may break, so that what is common to all falls out. Many a step: least squares on logs with errors of
    first order (GLSAR). Fewer: Poisson, or binomial with controls, and Newey-West errors at fixed bandwidth, whose critical values make up for estimating them.
    Source: Wagner et al. 2002 (segmented regression), Newey & West 1987, Kiefer & Vogelsang 2005 and Lazarus et al. 2018 (fixed bandwidth).
    """
    # It takes two seconds to load, and only this asks for it.
    from statsmodels.genmod.families import Binomial, Poisson
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.regression.linear_model import GLSAR, OLS
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    n = len(own)
    since = np.arange(n) - before
    during = (since >= 0).astype(float)
    x = np.column_stack([np.ones(n), since / n, during, during * since / n])
    over = np.array([0.0, 0.0, 1.0, since[before:].mean() / n])
    if min(own.mean(), np.inf if beside is None else beside.mean()) >= MANY:
        y = np.log(own + 0.5) - (0.0 if beside is None else np.log(beside + 0.5))
        fit, plain = GLSAR(y, x, rho=1).iterative_fit(maxiter=50), OLS(y, x).fit()
        left, covariance, robust = plain.resid, plain.cov_params(), _spread(fit.cov_params(), over) * float(norm.ppf((1 + LEVEL) / 2))
        least, words = 1.0, "least squares on logs, errors of first order"
    else:
        lags = int(np.ceil(1.3 * np.sqrt(n)))
        # A half of one in all keeps a period with none from an effect without end.
        y, family = (own + 0.5 / n, Poisson()) if beside is None else (np.column_stack([own + 0.5 / n, beside + 0.5 / n]), Binomial())
        with catch_warnings():
            simplefilter("ignore", PerfectSeparationWarning)  # counts that follow a course exactly are no less counts
            fit = GLM(y, x, family=family).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
        share = fit.fittedvalues
        expected, room = (share, share) if beside is None else ((own + beside) * share, (own + beside) * share * (1 - share))
        left = (own - expected) / np.sqrt(np.maximum(room, 1e-9))
        scatter = float(left @ left) / (n - x.shape[1])
        least = 1 / max(scatter, 1e-9)  # never less than chance
        covariance, robust = np.linalg.inv(x.T @ (x * room[:, None])) * scatter, _spread(fit.cov_params(), over) * _fixed_b((lags + 1) / n)
        words = f"{'Poisson' if beside is None else 'binomial with controls'}, the wider of Newey-West errors over {lags} steps and of scatter {scatter:.1f} times chance"
    lingers = _lingering(left, x.shape[1])
    beta = fit.params
    free = max(3.0, n / (lingers if lingers >= least else 1.0) - x.shape[1])
    half = max(robust, _spread(covariance, over) * float(np.sqrt(max(lingers, least)) * student.ppf((1 + LEVEL) / 2, free)))
    mean = float(over @ beta)
    p = 2 * float(norm.sf(abs(mean) / max(half, 1e-12) * float(norm.ppf((1 + LEVEL) / 2))))
    return Break(words, float(beta[2]), float(beta[3] / n), mean, mean - half, mean + half, p, np.exp(x @ beta), np.exp(x[:, :2] @ beta[:2]))


def _spread(covariance: np.ndarray, of: np.ndarray) -> float:
    return float(np.sqrt(of @ covariance @ of))


def _lingering(left: np.ndarray, knobs: int, blocks: tuple[int, ...] = (4, 8)) -> float:
    """How much more sums vary as what is left lingers: by its correlation from step to step, or by how sums over blocks scatter, whichever is more.

    Both are raised by what fitting `knobs` coefficients takes from them.
    """
    n, square = len(left), max(float(left @ left), 1e-12)
    rho = float(left[1:] @ left[:-1]) / square
    rho = min(0.95, max(0.0, rho + (knobs + 3 * max(rho, 0.0)) / n))
    factors = [(1 + rho) / (1 - rho)]
    for block in blocks:
        sums = np.convolve(left, np.ones(block), "valid")
        factors.append(float(sums @ sums) / len(sums) / (block * square / n) * (1 + knobs * block / n))
    return max(1.0, *factors)


def _fixed_b(b: float) -> float:
    # ref: Kiefer & Vogelsang 2005, table 1: Bartlett's kernel, 97.5 %
    return (1.9600 + 2.9694 * b + 0.4160 * b**2 - 0.5324 * b**3) * float(norm.ppf((1 + LEVEL) / 2) / norm.ppf(0.975))


@dataclass(frozen=True)
class InterruptedSeries:
    """Whether seizures in an operation's area, a step at a time, left the course they had before it; beside control areas where there are any."""

    NAME: ClassVar = "interrupted-series"
    FAMILY: ClassVar = "effect"
    TITLE: ClassVar = "Interrupted time series"
    VERSION: ClassVar = "1"
    NEEDS: ClassVar = 30
    SOURCE: ClassVar = ("Wagner et al. 2002; errors by Newey & West 1987 at fixed bandwidth (Kiefer & Vogelsang 2005) or GLSAR of statsmodels. "
                        "Checked against planted breaks and none in made worlds (benchmarks/effects.py).")
    LEGEND: ClassVar = {
        "role": "operation", "name": "which", "n_before": "seizures before the operation", "n_during": "seizures during it", "level_pct": "change at once, percent",
        "slope_pct": "change a step after that, percent", "change_pct": "change on average over the operation, percent", "low_pct": "the least it may be (98 %)",
        "high_pct": "the most it may be (98 %)", "p": "how likely so much is by chance", "word": "fell, rose, or as expected",
    }

    start: str = knob("", "When the operation began: date, time and zone")
    end: str = knob("", "When it ended: date, time and zone")
    before_days: int = knob(364, "How long before it is held against it", unit="days", least=84, most=3660)
    step_days: int = knob(7, "How long a step is", unit="days", least=1, most=31)

    def apply(self, points: pd.DataFrame, ground: Ground = NOTHING_KNOWN, step: Step = unwatched) -> gpd.GeoDataFrame:
        """One row, the operation's area. Raises PointsRefused where zones or steps are wanting, or the operation lies outside of the data; KnobRefused for times.

        >>> t = pd.date_range("2026-01-01", "2026-08-31", freq="8h", tz="UTC")
        >>> points = pd.DataFrame({"lon": 0.5, "lat": 0.5, "t": t[(t.month < 7) | (t.hour == 0)]})
        >>> zones = gpd.GeoDataFrame({"role": ["operation"], "name": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
        >>> found = InterruptedSeries(start="2026-07-01T00:00:00Z", end="2026-08-31T00:00:00Z").apply(points, Ground(zones=zones))
        >>> round(found.loc[0, "change_pct"] / 10), found.loc[0, "word"]
        (-7, 'fell')
        """
        points = checked(points, method=self.NAME, needs=self.NEEDS, in_time=True)
        when = window(points, self.start, self.end, self.before_days, self.NAME)
        zones = zones_of(ground, self.NAME, controls=0)
        area = shapely.union_all(zones.geometry[zones.role == "operation"].to_numpy())
        controls = zones.geometry[zones.role == "control"].to_numpy()
        steps = when.steps(self.step_days)
        if any(n < least for n, least in zip(steps, LEAST_STEPS)):
            raise PointsRefused(f"{self.NAME} needs {LEAST_STEPS[0]} steps of {self.step_days} days before the operation and {LEAST_STEPS[1]} of it; there are "
                                f"{steps[0]} and {steps[1]}: take shorter steps or a longer time")
        own = weekly(points, inside(points, area), when, self.step_days)
        before = int(own[:steps[0]].sum())
        if before < LEAST_BEFORE:
            raise PointsRefused(f"{self.NAME} needs {LEAST_BEFORE} seizures in the operation's area before it, there are {before}")
        beside = weekly(points, inside(points, shapely.union_all(controls)), when, self.step_days) if len(controls) else None
        step(0.3)
        if beside is not None and min(beside[:steps[0]].sum(), beside[steps[0]:].sum()) < LEAST_BEFORE / 2:
            raise PointsRefused(f"{self.NAME} needs {LEAST_BEFORE // 2} seizures in the control areas before the operation and during it; there are "
                                f"{beside[:steps[0]].sum()} and {beside[steps[0]:].sum()}: choose others, or leave them out")
        found = broken(own, beside, steps[0])
        word = "fell" if found.high < 0 else "rose" if found.low > 0 else "as expected"
        low, high, mean = (100 * float(np.expm1(v)) for v in (found.low, found.high, found.mean))
        name = ", ".join(zones.loc[zones.role == "operation", "name"])
        out = gpd.GeoDataFrame([{"role": "operation", "name": name, "n_before": before, "n_during": int(own[steps[0]:].sum()), "level_pct": 100 * float(np.expm1(found.level)),
                                 "slope_pct": 100 * float(np.expm1(found.slope)), "change_pct": mean, "low_pct": low, "high_pct": high, "p": found.p, "word": word}],
                               geometry=[area], crs=4326)
        against = "the controls" if beside is not None else "its own course before"
        words = (f"Against {against} the operation's area {'fell' if word == 'fell' else 'rose'} by {abs(mean):.0f} % on average ({low:+.0f} to {high:+.0f} %)." if word != "as expected" else
                 f"No break is claimed: against {against} the operation's area changed by {low:+.0f} to {high:+.0f} %, which may be nothing.")
        limits = [*when.limits, "What else changed in the operation's area alone at the same time counts as its effect."]
        if beside is None:
            limits.append("No controls: a season or a change everywhere is taken for an effect.")
        if (far := inexact(points, area)) is not None:
            limits.append(far)
        scale = 1.0 if beside is None else beside
        out.attrs["told"] = {
            "n": int(own.sum()), "words": words, "limits": limits, "significance": f"{LEVEL:.0%} interval; {found.model}.", "effort": "no effort data: numbers are finds, not what was there",
            "score": {"effect_claimed": "none" if word == "as expected" else word, "change_pct_98": [low, high], "p": found.p}, "zones_sha256": zones_hash(zones, self.start, self.end),
            "periods": [t.isoformat() for t in (when.begin, when.start, when.end)],
            "charts": [{"kind": "lines", "title": f"Seizures in the operation's area, each {self.step_days} days", "break": when.start.isoformat(), "unit": "",
                        "x": [(when.start + pd.Timedelta(days=self.step_days * (i - steps[0]))).isoformat() for i in range(len(own))],
                        "series": [{"name": "found", "y": own.tolist()}, {"name": "fitted", "y": np.round(found.fitted * scale, 3).tolist()},
                                   {"name": "had it gone on", "y": np.round(found.without * scale, 3).tolist()}]}],
        }
        step(1.0)
        return out
