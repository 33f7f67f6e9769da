"""Scores against cases worked by hand and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import poisson

from analysis.forecast.scores import Tried, blocks, brier, calibration, few, gain, hits, interval, pai, poisson_log, ratio, summary

# Worked by hand: ten units of 1 km², 20 finds. The two forecast highest hold 8 and 4: PAI = (12/20)/(2/10) = 3. The best two hold 8 and 6: PEI = 12/14.
FOUND = np.array([8, 4, 6, 2, 0, 0, 0, 0, 0, 0])
FORECAST = np.array([5.0, 4, 3, 2, 1, 0.5, 0.4, 0.3, 0.2, 0.1])
ONES = np.ones(10)


def test_pai_and_pei_of_ten_units():
    hit, best = hits(FORECAST, FOUND, ONES, 0.2), hits(FOUND, FOUND, ONES, 0.2)
    assert (hit, best) == (12, 14) and pai(hit, 20, 0.2) == pytest.approx(3.0) and hit / best == pytest.approx(0.857142857)
    assert hits(FORECAST, FOUND, ONES, 0.25) == 15  # half of the third
    assert hits(FORECAST, FOUND, ONES, 1.0) == 20 and math.isnan(pai(0, 0, 0.2))


def test_units_of_other_sizes_take_their_area():
    """Half the area is the first unit of 3 km² alone; a quarter is half of it."""
    area, by, found = np.array([3.0, 1, 1, 1]), np.array([9.0, 1, 2, 3]), np.array([6, 1, 1, 1])
    assert hits(by, found, area, 0.5) == 6 and hits(by, found, area, 0.25) == 3


def test_alike_everywhere_hits_its_share_wherever_finds_lie():
    rng = np.random.default_rng(0)
    found, area = rng.poisson(1.0, 500), rng.uniform(0.5, 2, 500)
    assert hits(np.ones(500), found, area, 0.1) == pytest.approx(0.1 * found.sum())  # the mean of any order
    some = [hits(rng.random(500), found, np.ones(500), 0.1) for _ in range(400)]
    assert np.mean(some) == pytest.approx(0.1 * found.sum(), rel=0.05)


def test_log_score_is_scipys_and_highest_for_the_truth():
    y, mu = np.arange(6), np.array([0.1, 0.5, 1, 2, 4, 8.0])
    assert poisson_log(y, mu) == pytest.approx(poisson.logpmf(y, mu))
    assert poisson_log(np.array([0, 1]), np.zeros(2)).tolist() == [0.0, -np.inf]
    # Its expectation under Poisson(2) is highest at 2: a proper score.
    n = np.arange(60)
    told = {m: (poisson.pmf(n, 2.0) * poisson_log(n, np.full(60, m))).sum() for m in (1.0, 1.9, 2.0, 2.1, 4.0)}
    assert max(told, key=told.get) == 2.0


def test_brier_by_hand():
    """Chances of any: 1/2 and 3/4; found: one and none. (1/4 + 9/16) / 2."""
    assert brier(np.log([2.0, 4.0]), np.array([3, 0])) == pytest.approx((0.25 + 0.5625) / 2)


def test_calibration_bins_hold_all_of_it():
    table = calibration(np.array([1.0, 1, 2, 4]), np.array([0, 1, 3, 4]), bins=2)
    assert table == [{"units": 3, "expected": 4.0, "found": 4.0}, {"units": 1, "expected": 4.0, "found": 4.0}]
    rng = np.random.default_rng(1)
    mu = rng.gamma(0.5, 1.0, 20_000)
    told = calibration(mu, rng.poisson(mu))
    assert sum(r["units"] for r in told) == 20_000 and all(abs(r["found"] / r["expected"] - 1) < 0.12 for r in told)


def test_blocks_are_runs_in_a_circle_and_each_origin_is_as_likely():
    taken = blocks(27, resamples=4_000, seed=1)
    assert taken.shape == (4_000, 27) and (blocks(27, resamples=4_000, seed=1) == taken).all()
    assert set(np.diff(taken[:, :3], axis=1).ravel()) == {1, -26}
    assert np.bincount(taken.ravel()) == pytest.approx(4_000, rel=0.06)
    assert blocks(1).shape[1] == 1 and (blocks(1) == 0).all()


def test_the_interval_of_a_mean_is_the_closed_forms():
    """Of 400 independent origins: mean ± 1.96 s/√n; runs of blocks do not narrow it."""
    x = np.random.default_rng(2).normal(1.0, 3.0, 400)
    value, low, high = ratio(x, np.ones(400), blocks(400, seed=3))
    assert value == pytest.approx(x.mean()) and (high - low) / 2 == pytest.approx(1.96 * x.std() / 20, rel=0.12)


def test_the_interval_is_wider_where_origins_follow_each_other():
    rng = np.random.default_rng(4)
    x = np.zeros(300)
    for i in range(1, 300):
        x[i] = 0.8 * x[i - 1] + rng.normal()
    one_by_one = np.random.default_rng(5).integers(0, 300, (2_000, 300))
    wide, narrow = (np.subtract(*ratio(x, np.ones(300), taken)[:0:-1]) for taken in (blocks(300, seed=5), one_by_one))
    assert wide > 1.5 * narrow


def test_the_paired_interval_covers_as_it_says():
    """Gains of mean zero, at few origins and at more: the lower end is above zero in about 2.5 % of 600 worlds, and by blocks alone in many more at ten."""
    for origins in (10, 17, 40):
        worlds = [ratio(np.random.default_rng(seed).normal(0, 1, origins), np.ones(origins), blocks(origins, resamples=300, seed=seed)) for seed in range(600)]
        assert sum(low > 0 for _, low, _ in worlds) <= 27
        if origins == 10:
            assert sum(value - (value - low) / few(10) > 0 for value, low, _ in worlds) > 27


def test_summary_and_gain_pair_the_same_origins():
    rng = np.random.default_rng(6)
    truth = rng.gamma(0.3, 1.0, 50)
    found = [rng.poisson(truth) for _ in range(30)]
    good = Tried.all([Tried.at(truth, y, np.ones(50), 0.1) for y in found])
    flat = Tried.all([Tried.at(np.full(50, truth.mean()), y, np.ones(50), 0.1) for y in found])
    taken = blocks(30)
    told, more = summary(good, 0.1, taken), gain(good, flat, 0.1, taken)
    assert told["pai"][1] <= told["pai"][0] <= told["pai"][2] and told["pei"][0] <= 1 and told["level"][0] == pytest.approx(1, abs=0.2)
    assert summary(flat, 0.1, taken)["pai"][0] == pytest.approx(1.0)
    assert more["log"][1] > 0 and more["pai"][1] > 0 and gain(good, good, 0.1, taken)["log"] == (0, 0, 0)
    assert more["pai"][0] == pytest.approx(told["pai"][0] - 1.0) and len(good.only(slice(0, 7))) == 7


def test_a_resample_with_nothing_found_is_left_out_and_nothing_at_all_is_no_number():
    assert interval(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert all(math.isnan(v) for v in interval(np.array([np.nan])))
    assert interval(np.array([-np.inf, 0.0, 1.0])) == (-np.inf, 1.0)
