"""Cuts are those of ruptures, and chance is called a change no more often than it says."""

from __future__ import annotations

import numpy as np
import pytest
import ruptures
from scipy.special import xlogy

from analysis.corridors.changes import best_cut, chance, cut, scan, scatter


class PoissonCost(ruptures.base.BaseCost):
    model, min_size = "poisson", 1

    def fit(self, signal):
        self.signal = signal
        return self

    def error(self, start, end):
        events, time = self.signal[start:end, 0].sum(), self.signal[start:end, 1].sum()
        return -xlogy(events, events / time)


@pytest.mark.parametrize("seed", range(20))
def test_cuts_are_those_of_ruptures(seed):
    rng = np.random.default_rng(seed)
    rate = np.repeat(rng.gamma(2, 3, 4), rng.integers(4, 12, 4))
    exposure = rng.uniform(0.8, 1.2, len(rate))
    n = rng.poisson(rate * exposure)
    penalty = 1.5 * np.log(len(n))
    other = ruptures.Pelt(custom_cost=PoissonCost(), min_size=1, jump=1).fit(np.column_stack([n, exposure])).predict(pen=penalty)
    assert cut(n, exposure, penalty) == other[:-1]


def test_chance_is_uniform_where_nothing_changed():
    rng = np.random.default_rng(1)
    exposure = rng.uniform(28, 31, 30)
    p = [chance(rng.poisson(exposure / 10), exposure, 1.0, np.random.default_rng(1)) for _ in range(200)]
    assert 0.4 < np.mean(p) < 0.6 and np.mean(np.array(p) <= 0.05) <= 0.085


def test_a_halved_rate_is_no_chance_and_the_cut_is_where_it_was():
    n = np.array([20] * 12 + [8] * 12)
    assert chance(n, np.ones(24), 1.0, np.random.default_rng(1)) < 0.001 and best_cut(n, np.ones(24)) == 12 and cut(n, np.ones(24), 5.0) == [12]


def test_none_at_all_is_no_change():
    assert cut(np.zeros(9, int), np.ones(9), 3.0) == [] and scan(np.zeros((1, 9), int), np.ones(9)).tolist() == [0.0]
    assert chance(np.zeros(9, int), np.ones(9), 1.0, np.random.default_rng(1)) == 1.0


def test_scatter_is_of_what_goes_up_and_down_not_of_a_change():
    rng = np.random.default_rng(5)
    steady = np.mean([scatter(np.concatenate([rng.poisson(20, 18), rng.poisson(5, 18)]), np.ones(36)) for _ in range(50)])
    wild = np.mean([scatter(rng.negative_binomial(2, 2 / 22, 36), np.ones(36)) for _ in range(50)])
    assert steady < 1.8 < 4 < wild
