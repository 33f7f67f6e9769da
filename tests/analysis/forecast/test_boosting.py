"""Boosting learns what is there to learn, says what a number comes from, and where nothing helps leaves counts as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.forecast.baselines import YEAR, Window
from analysis.forecast.boosting import Boosting
from analysis.forecast.features import FAR, HERE, LAGS, NEAR, SEASON, features
from analysis.forecast.scores import poisson_log
from tests.analysis.forecast.worlds import FIRST, history, squares, steady

UNITS = squares(14)


def led(seed: int, days: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Finds that follow on movement seen in the unit ten days before: 6 times as many for a month."""
    rng = np.random.default_rng(seed)
    passes = np.repeat(rng.random((len(UNITS), days // 30)) < 0.15, 30, axis=1) * rng.poisson(2.0, (len(UNITS), days))
    rate = np.full((len(UNITS), days), 0.01)
    rate[:, 10:] += 0.05 * (passes[:, :-10] > 0)
    return rng.poisson(rate), passes


def test_what_movement_tells_is_learnt_and_said():
    found, passes = led(1)
    known, later = history(found[:, :780], UNITS, tracks=passes[:, :780]), history(found, UNITS, tracks=passes)
    fit = Boosting().fitted(known, 14)
    told, came = fit.expected(known, 14), later.counts.window(known.end, known.end + 14)
    counts = Window(YEAR).expected(known, 14)
    assert fit.rounds > 0 and poisson_log(came, told).sum() > poisson_log(came, counts).sum() + 3
    names, factors = fit.factors(known, 14, counts)
    seen = passes[:, 752:780].sum(axis=1) > 10
    assert names == [HERE, NEAR, SEASON, "tracks"] and factors[seen, 3].mean() > 1.5 > factors[~seen, 3].mean()
    words = fit.why(known, 14)
    assert any("tracks" in words[i] for i in np.flatnonzero(seen)) and all("by counts of the last year" in w for w in words)


def test_where_nothing_helps_counts_stand():
    known = history(steady(3, UNITS, 700, 0.02, uneven=0), UNITS)
    told, counts = Boosting().fitted(known, 14).expected(known, 14), Window(YEAR).expected(known, 14)
    assert np.abs(np.log(told / counts)).max() < 0.2


def test_same_data_and_seed_same_numbers():
    found, passes = led(2, 600)
    known = history(found, UNITS, tracks=passes)
    first = Boosting(seed=5).fitted(known, 14).expected(known, 14)
    assert (first == Boosting(seed=5).fitted(known, 14).expected(known, 14)).all()


def test_features_are_what_was_before_and_stand_by_group():
    found = steady(4, UNITS, 500, 0.05)
    known = replace(history(found, UNITS, hours=np.ones((len(UNITS), 500))), far_km={"crossing": np.linspace(0, 50, len(UNITS))})
    base = np.full(len(UNITS), 0.5)
    table, groups = features(known, 14, base)
    assert table.shape == (len(UNITS), len(groups)) and set(groups) == {HERE, NEAR, SEASON, FAR, "hours"}
    for i, lag in enumerate(LAGS):
        assert table[:, i] == pytest.approx(found[:, -lag:].sum(axis=1) / lag, rel=1e-5)
    since = [500 - np.flatnonzero(row)[-1] if row.any() else 730 for row in found]
    assert table[:, len(LAGS)].tolist() == since
    assert table[:, groups.index(FAR)] == pytest.approx(np.log1p(np.linspace(0, 50, len(UNITS))), rel=1e-5)
    # The same at an earlier day, whatever came after it.
    then = replace(history(found[:, :300], UNITS, hours=np.ones((len(UNITS), 300))), far_km=known.far_km)
    assert (features(known.before(FIRST + 300), 14, base)[0] == features(then, 14, base)[0]).all()


def test_rows_that_stand_for_others_weigh_as_many(monkeypatch):
    monkeypatch.setattr("analysis.forecast.boosting.ROWS", 2_000)
    came = (np.random.default_rng(1).random(20_000) < 0.01).astype(float)
    taken, weight = Boosting()._taken(came, 4, 18_300)
    assert taken.sum() < 800 and taken[came > 0].all() and weight.sum() == pytest.approx(20_000, rel=0.15) and (weight[came[taken] > 0] == 1).all()


def test_too_little_to_learn_from_is_counts_alone():
    known = history(steady(5, UNITS, 40, 0.05), UNITS)
    fit = Boosting().fitted(known, 14)
    assert fit.rounds == 0 and (fit.expected(known, 14) == Window(YEAR).expected(known, 14)).all()
    assert fit.why(known, 14)[0].endswith("by counts of the last year")
