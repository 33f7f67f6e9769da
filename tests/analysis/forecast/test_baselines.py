"""What forecasts are held against is sound itself: sums stay, nothing is impossible, and the window that holds is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.forecast.baselines import BASELINES, WINDOWS, BestOf, Everywhere, Season, Window, alike, shrunk
from analysis.forecast.decayed_kde import DecayedKde, diffusion
from tests.analysis.forecast.worlds import FIRST, history, squares, steady

UNITS = squares(10)


@pytest.mark.parametrize("model", [*BASELINES, BestOf(WINDOWS), DecayedKde()], ids=lambda m: m.name)
@pytest.mark.parametrize("rate", [0.0, 0.001, 0.2])
def test_nothing_is_impossible_and_the_level_is_that_of_its_days(model, rate):
    known = history(steady(1, UNITS, 800, rate), UNITS)
    told = model.fitted(known, 14).expected(known, 14)
    assert told.shape == (len(UNITS),) and (told > 0).all() and np.isfinite(told).all()
    if rate == 0.2:
        assert told.sum() == pytest.approx(known.counts.window(FIRST + 435, FIRST + 800).sum() / 365 * 14, rel=0.1)
    assert len(model.why(known, 14)) == len(UNITS)


def test_shrunk_keeps_the_sum_and_draws_as_far_as_chance_goes():
    rng = np.random.default_rng(0)
    size = rng.uniform(0.5, 1.5, 400)
    even, uneven = rng.poisson(2.0 * size), rng.poisson(rng.gamma(0.3, 6.0, 400))
    for found in (even, uneven):
        assert shrunk(found, size).sum() == pytest.approx(found.sum())
    assert np.std(shrunk(even, size) / size) < 0.5 * np.std(even / size)
    assert np.corrcoef(shrunk(uneven, size), uneven)[0, 1] > 0.99 and alike(uneven, size) < 1 < alike(even, size)


def test_windows_count_their_days_alone():
    table = np.zeros((len(UNITS), 800))
    table[3, 800 - 91], table[4, 800 - 90], table[5, 799] = 50, 50, 50
    told = Window(90).expected(history(table, UNITS), 30)
    assert told[4] == told[5] > 10 * told[3] and told.sum() == pytest.approx(100 / 90 * 30)
    assert Everywhere().expected(history(table, UNITS), 30) == pytest.approx(150 / 365 * 30 / len(UNITS))


def test_the_season_of_years_before_is_counted():
    table = np.zeros((len(UNITS), 800))
    table[7, 800 - 365 + 5] = table[7, 800 - 730 + 5] = 9
    table[2, 600] = 50
    told = Season().expected(history(table, UNITS), 14)
    assert told.argmax() == 7 and told[2] < 0.5 * told[7]
    young = history(table[:, 500:], UNITS)
    assert (Season().expected(young, 14) == Window(365).expected(young, 14)).all()


def test_where_places_change_the_short_window_is_chosen_and_where_not_the_long():
    rng = np.random.default_rng(5)
    moving = np.concatenate([rng.poisson(rng.gamma(0.2, 1.0, (len(UNITS), 1)), (len(UNITS), 60)) for _ in range(13)], axis=1)
    assert BestOf(WINDOWS).chosen(history(moving[:, :750], UNITS), 14).days == 28
    assert BestOf(WINDOWS).chosen(history(steady(2, UNITS, 800, 0.05), UNITS), 14) in (Window(365), Season())


def test_diffusion_keeps_all_there_is_and_is_the_gaussian():
    """Sixteen steps over squares, from one of them: within a fortieth of the normal's peak of it anywhere, and of its width in a hundredth."""
    units, at = squares(41), 20 * 41 + 20
    walk, told = diffusion(units.neighbours), np.zeros(41 * 41)
    told[at] = 1.0
    for _ in range(16):
        told = walk @ told
    x, y = np.meshgrid(np.arange(41) - 20, np.arange(41) - 20)
    variance = 16 * 2 / 3  # of one of nine squares, each as likely, along an axis
    normal = np.exp(-(x**2 + y**2) / 2 / variance).ravel() / (2 * np.pi * variance)
    assert told.sum() == pytest.approx(1) and np.abs(told - normal).max() < normal.max() / 40
    assert (told * x.ravel() ** 2).sum() == pytest.approx(variance, rel=0.01)
    corner = np.zeros(41 * 41)
    corner[0] = 1.0
    assert (walk @ corner).sum() == pytest.approx(1) and (walk @ np.ones(41 * 41)) == pytest.approx(1)


def test_a_kernel_narrow_or_wide_as_the_world_is():
    rng = np.random.default_rng(8)
    x, y = np.meshgrid(np.arange(10), np.arange(10))
    wide = rng.poisson(0.005 * np.exp(-((x - 5) ** 2 + (y - 5) ** 2) / 18).ravel()[:, None], (100, 800))
    spiky = rng.poisson((rng.random(100) < 0.1)[:, None] * 0.2, (100, 800))
    assert DecayedKde().chosen(history(wide, UNITS), 30)[0] > DecayedKde().chosen(history(spiky, UNITS), 30)[0]
