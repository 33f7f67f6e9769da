"""What made the data is found again, and said when it was not."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.forecast.self_exciting import HELD, SelfExciting, beside, excitement
from tests.analysis.forecast.worlds import exciting, history, squares, steady

UNITS = squares(12)


@pytest.mark.parametrize("here, near, mean_days", [(0.5, 0.0, 7.0), (0.3, 0.3, 5.0), (0.2, 0.0, 20.0)])
def test_the_branching_ratio_is_found_again(here, near, mean_days):
    """Within 0.1 of what was planted, the mean of four worlds; how much lies beside within 0.1 too."""
    background = np.random.default_rng(1).gamma(1.0, 0.02, len(UNITS))
    fits = [SelfExciting().fitted(history(exciting(seed, UNITS, 1_000, background, here, near, mean_days), UNITS), 7) for seed in range(4)]
    assert all(f.converged for f in fits)
    assert np.mean([f.branching for f in fits]) == pytest.approx(here + near, abs=0.1)
    assert np.mean([f.weights[1].sum() for f in fits]) == pytest.approx(near, abs=0.1)


def test_where_nothing_excites_little_is_found():
    fits = [SelfExciting().fitted(history(steady(seed, UNITS, 700, 0.02), UNITS), 7) for seed in range(4)]
    assert np.mean([f.branching for f in fits]) < 0.12


def test_each_round_climbs_and_the_end_is_told(monkeypatch):
    known = history(exciting(3, UNITS, 500, 0.01, 0.4, 0.1, 7.0), UNITS)
    done = SelfExciting().fitted(known, 7)
    climbs = np.diff(done.trace[HELD:])
    assert done.converged and len(climbs) > 20 and (climbs > 0).all()
    monkeypatch.setattr("analysis.forecast.self_exciting.MOST_ROUNDS", 12)
    short = SelfExciting().fitted(known, 7)
    assert not short.converged and len(short.trace) == 12 and short.trace == done.trace[:12]


def test_excitement_is_what_a_plain_sum_over_pairs_gives():
    known = history(exciting(5, squares(4), 60, 0.05, 0.3, 0.2, 5.0), squares(4))
    place = beside(known.units.neighbours)
    told, (unit, day, n) = excitement(known.counts, place), known.counts.events()
    for k, decay in enumerate((2.0, 7.0, 30.0)):
        kept = np.exp(-1 / decay)
        lag = day[:, None] - day[None, :]
        of_time = np.where(lag > 0, (1 - kept) * kept ** np.maximum(lag - 1, 0), 0.0) * n
        assert told[0, k] == pytest.approx((of_time * (unit[:, None] == unit[None, :])).sum(axis=1))
        assert told[1, k] == pytest.approx((of_time * place.toarray()[np.ix_(unit, unit)]).sum(axis=1))


def test_what_is_expected_is_what_comes_in_many_futures():
    """The truth's own parameters, carried on 5,000 times from one past."""
    units = squares(3)
    past = exciting(2, units, 200, 0.05, 0.4, 0.2, 7.0)
    fit = SelfExciting().fitted(history(past, units), 14)
    told = fit.expected(history(past, units), 14)
    rng, kept = np.random.default_rng(3), np.exp(-1 / np.array([2.0, 7.0, 30.0]))
    begin = np.stack([(past * (1 - k) * k ** np.arange(199, -1, -1)).sum(axis=1) for k in kept], axis=1)
    state, came = np.repeat(begin[None], 5_000, axis=0), np.zeros((5_000, len(units)))
    for _ in range(14):
        new = rng.poisson(fit.background + state @ fit.weights[0] + (fit.place @ (state @ fit.weights[1]).T).T)
        came += new
        state = state * kept + new[:, :, None] * (1 - kept)
    assert came.mean(axis=0) == pytest.approx(told, rel=0.08) and came.mean(axis=0).sum() == pytest.approx(told.sum(), rel=0.03)


def test_nothing_found_yet_is_no_error_and_the_background_is_small():
    fit = SelfExciting().fitted(history(np.zeros((len(UNITS), 50)), UNITS), 7)
    told = fit.expected(history(np.zeros((len(UNITS), 50)), UNITS), 7)
    assert (told > 0).all() and told.sum() < 1 and fit.branching == 0


def test_shares_are_told_in_words():
    known = history(exciting(3, UNITS, 300, 0.01, 0.4, 0.1, 7.0), UNITS)
    words = SelfExciting().fitted(known, 7).why(known, 7)
    assert len(words) == len(UNITS) and all("background of this place" in w for w in words)
