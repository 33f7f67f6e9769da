"""A planted break is found, none is claimed where none was planted, and what can't carry a regression is refused with what it needs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from tests.analysis.effects.worlds import DATES, GROUND, world, zones

from analysis.effects.series import InterruptedSeries, broken
from analysis.ground import Ground
from benchmarks.effects import BASE, MANY, series, weeks
from errors import KnobRefused, PointsRefused

@pytest.mark.parametrize("knobs", [{}, {"scatter": 0.3}, {"linger": 0.5}, {"base": MANY, "linger": 0.5}], ids=["chance", "scatter", "linger", "many"])
def test_no_break_is_claimed_where_none_was(knobs):
    assert np.mean([b.low > 0 or b.high < 0 for b in (series(seed, knobs, 0.0) for seed in range(120))]) <= 0.05


@pytest.mark.parametrize("knobs", [{}, {"scatter": 0.3}, {"base": MANY, "linger": 0.5}], ids=["chance", "scatter", "many"])
def test_a_planted_break_lies_in_its_interval(knobs):
    found = [series(seed, knobs, 0.6) for seed in range(60)]
    assert np.mean([b.low <= np.log(0.4) <= b.high for b in found]) >= 0.9
    assert np.mean([b.high < 0 for b in found]) >= 0.4 and abs(np.median([b.mean for b in found]) - np.log(0.4)) < 0.15


def test_the_coefficients_are_those_of_a_plain_regression():
    n = weeks(np.random.default_rng(1), BASE, 52, 26, 0.5, 0.0, 0.0, 0.0)["operation"]
    since = np.arange(78) - 52.0
    x = np.column_stack([np.ones(78), since, since >= 0, since * (since >= 0)])
    plain = sm.GLM(n + 0.5 / 78, x, family=sm.families.Poisson()).fit()
    ours = broken(n, None, 52)
    assert [ours.level, ours.slope] == pytest.approx(plain.params[2:].tolist(), abs=1e-8) and ours.fitted == pytest.approx(plain.fittedvalues)


def test_none_at_all_during_it_has_an_end():
    n = weeks(np.random.default_rng(1), BASE, 52, 26, 1.0, 0.0, 0.0, 0.0)
    found = broken(n["operation"], n["north"] + n["west"], 52)
    assert np.isfinite([found.low, found.high]).all() and found.mean < -2


def test_the_whole_of_it_on_points():
    found = InterruptedSeries(**DATES).apply(world(3, effect=0.7), GROUND)
    told = found.attrs["told"]
    assert found.loc[0, "word"] == told["score"]["effect_claimed"] == "fell" and "binomial with controls" in told["significance"]
    chart = told["charts"][0]
    assert len(chart["x"]) == len(chart["series"][0]["y"]) == len(chart["series"][2]["y"]) == 78 and chart["x"][52] == chart["break"]
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    again = InterruptedSeries(**DATES).apply(world(3, effect=0.7), GROUND)
    assert again.equals(found) and again.attrs["told"] == told


def test_without_controls_it_says_what_that_costs():
    told = InterruptedSeries(**DATES).apply(world(3, effect=0.7), Ground(zones=zones().query("role == 'operation'"))).attrs["told"]
    assert any("a season or a change everywhere is taken for an effect" in line for line in told["limits"])


@pytest.mark.parametrize("points, knobs, error, words", [
    (world(1), {"start": "2031-01-01T00:00:00Z", "end": "2031-02-01T00:00:00Z"}, PointsRefused, "outside of the data: the data run from 2025"),
    (world(1), {"step_days": 31, "end": "2026-04-01T00:00:00Z"}, PointsRefused, "needs 12 steps of 31 days before the operation and 4 of it; there are 11 and 2"),
    (world(1, base={"operation": 0.2, "buffer": 4, "north": 6, "west": 6}), {}, PointsRefused, r"needs 20 seizures in the operation's area before it, there are \d+"),
    (world(1, base={"operation": 6, "buffer": 4, "north": 0, "west": 0}), {}, PointsRefused, "needs 10 seizures in the control areas before the operation and during it; there are 0 and 0"),
    (world(1).assign(t=pd.Timestamp("2026-01-06T12:00:00Z")), {}, PointsRefused, "days before it|outside"),
    (world(1), {"end": "later"}, KnobRefused, "end must be a date and time with zone"),
])
def test_what_carries_no_regression_is_refused(points, knobs, error, words):
    with pytest.raises(error, match=words):
        InterruptedSeries(**(DATES | knobs)).apply(points, GROUND)
