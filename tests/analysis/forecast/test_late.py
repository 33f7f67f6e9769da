"""Reports that come late: the planted delay is found again though it is cut off, and levels it would make too low are right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest import origins
from analysis.forecast.baselines import Everywhere, Season, Window
from analysis.forecast.boosting import Boosting
from analysis.forecast.counts_in_time import Counts
from analysis.forecast.decayed_kde import DecayedKde
from analysis.forecast.history import History
from analysis.forecast.late import known_on
from analysis.forecast.self_exciting import SelfExciting
from tests.analysis.forecast.worlds import exciting, squares, steady

FIRST, DAYS, HORIZON, MEAN = 18_000, 420, 14, 20.0
UNITS = squares(8)


def late(table: np.ndarray, seed: int, mean: float = MEAN, soon: float = 0.3) -> tuple[np.ndarray, ...]:
    """Units, days and days known of finds, each known after days that are geometric with that mean, a share of them on the day itself."""
    unit, day = np.nonzero(table)
    n = table[unit, day]
    unit, day = np.repeat(unit, n), np.repeat(day, n) + FIRST
    rng = np.random.default_rng(seed)
    return unit, day, day + np.where(rng.random(day.size) < soon, 0, rng.geometric(1 / mean, day.size))


def told(table: np.ndarray, seed: int, mean: float = MEAN, soon: float = 0.3) -> History:
    """All of it, whenever known."""
    unit, day, known = late(table, seed, mean, soon)
    return History(UNITS, Counts.of(unit, day, None, known, units=len(UNITS), first=FIRST, days=table.shape[1]))


def uncorrected(known: History) -> History:
    return History(UNITS, Counts(known.counts.first, known.counts.table))


def by_age(age: np.ndarray, mean: float = MEAN, soon: float = 0.3) -> np.ndarray:
    return soon + (1 - soon) * (1 - (1 - 1 / mean) ** age)


def test_the_share_known_by_age_is_found_again():
    known = told(steady(1, UNITS, DAYS, 0.3), 1).before(FIRST + DAYS)
    age = np.arange(DAYS)[::-1]
    assert np.abs(known.counts.seen - by_age(age)).max() < 0.04 and known.counts.seen[:200] == pytest.approx(1, abs=1e-3)


def test_what_is_known_later_changes_nothing_of_what_is_told_before():
    unit, day, known = late(steady(1, UNITS, DAYS, 0.3), 1)
    cut, more = FIRST + 250, np.arange(2000)
    put_off = np.where(known >= cut, known + 100, known)
    then = [Counts.of(*args, units=len(UNITS), first=FIRST, days=DAYS).before(cut).seen for args in (
        (unit, day, None, known), (unit, day, None, put_off), (np.r_[unit, more % 64], np.r_[day, cut + more % 100], None, np.r_[known, cut + more % 100 + 1]))]
    assert (then[0] == then[1]).all() and (then[0] == then[2]).all() and then[0].min() < 0.4


@pytest.mark.parametrize("model", [Window(28), Window(90), Everywhere(), Season(), DecayedKde(), SelfExciting(), Boosting()], ids=lambda m: m.name)
def test_levels_are_right_that_would_be_too_low(model):
    rate, raw, ours = 0.2, [], []
    for seed in range(4):
        known = told(steady(seed, UNITS, DAYS, rate, uneven=0.0), seed).before(FIRST + DAYS)
        for history, out in ((uncorrected(known), raw), (known, ours)):
            out.append(model.fitted(history, HORIZON).expected(history, HORIZON).sum() / (rate * len(UNITS) * HORIZON))
    assert np.mean(ours) == pytest.approx(1, abs=0.06), (model.name, ours)
    if model.name in ("counts over the last 28 days", "counts over the last 90 days", "decayed KDE"):
        assert np.mean(raw) < 0.92, "and without it they are too low"
    if model.name == "counts over the last 28 days":
        assert np.mean(raw) < 0.7


def test_what_follows_finds_is_right_too():
    """In a world that excites itself, with half of the newest days unknown, what is expected is what comes in the mean of many worlds."""
    raw, ours, truth = 0.0, 0.0, 0.0
    for seed in range(8):
        table = exciting(seed, UNITS, DAYS + HORIZON, 0.05, 0.4, 0.1, 5.0)
        known = told(table[:, :DAYS], seed, mean=8.0).before(FIRST + DAYS)
        truth += table[:, DAYS:].sum()
        for history in (uncorrected(known), known):
            expected = SelfExciting().fitted(history, HORIZON).expected(history, HORIZON).sum()
            raw, ours = (raw + expected, ours) if history is not known else (raw, ours + expected)
    assert ours / truth == pytest.approx(1, abs=0.1) and raw < ours


def test_where_none_is_late_nothing_changes():
    table = steady(3, UNITS, 200, 0.1)
    known = told(table, 3, soon=1.0)
    assert (known.counts.seen == 1).all() and known.counts.days_seen(FIRST + 10, FIRST + 40) == 30 and known.counts.filled() is known.counts


def test_what_is_not_whole_yet_is_not_tried_on():
    history = told(steady(1, UNITS, DAYS, 0.3), 1)
    at_end = History(UNITS, history.before(FIRST + DAYS).counts)
    assert origins(history, HORIZON)[-1] <= FIRST + DAYS - HORIZON and origins(at_end, HORIZON)[-1] < FIRST + DAYS - HORIZON - 20


def test_a_history_that_is_brought_in_says_no_delay():
    when = np.arange(400) + FIRST
    points = pd.DataFrame({"lon": np.zeros(400)})
    known, words = known_on(points, when, np.full(400, FIRST + 500))
    assert (known == when).all() and words.startswith("Delay not known") and "400 were brought in together" in words
    known, words = known_on(points, when, when)
    assert (known == when).all() and words.startswith("Delay not known") and "brought" not in words
    late = np.where(when < FIRST + 300, FIRST + 300, when + 3)  # a history, and then reports three days late
    known, words = known_on(points, when, late)
    assert (known[:300] == when[:300]).all() and (known[300:] == when[300:] + 3).all() and words.startswith("300 of 400 seizures were brought in together")
    months = FIRST + ((when - FIRST) // 30 + 1) * 30  # each month told when it is over: that is how late they are
    assert known_on(points, when, months)[1] == "" and (known_on(points, when, months)[0] == months).all()
