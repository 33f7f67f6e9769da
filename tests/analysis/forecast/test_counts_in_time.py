"""Counts are what is in the points, and of any day what was known before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from analysis.forecast.counts_in_time import Counts, day_of


def drawn(seed: int, n: int = 300, units: int = 7, days: int = 40) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    day = rng.integers(100, 100 + days, n)
    return rng.integers(0, units, n), day, rng.uniform(0.1, 2, n), day + rng.choice([-1, 0, 0, 0, 3, 30], n)


@pytest.mark.parametrize("seed", range(5))
def test_any_day_and_window_is_what_a_plain_loop_counts(seed):
    unit, day, n, known = drawn(seed)
    counts = Counts.of(unit, day, n, known, units=7, first=100, days=40)
    for at in (99, 100, 101, 117, 139, 140, 500):
        told = counts.before(at)
        for begin, end in ((90, 110), (105, 106), (110, 400), (120, 110)):
            was = (day < at) & (known < at) & (day >= begin) & (day < end)
            assert told.window(begin, end) == pytest.approx(np.bincount(unit[was], n[was], 7), abs=1e-9)
        for earlier in (104, 115):  # what was known earlier still is known, of what is known later
            if earlier <= at:
                assert told.before(earlier).table.toarray() == pytest.approx(counts.before(earlier).table.toarray(), abs=1e-9)


def test_weights_of_days_and_events():
    unit, day, n, _ = drawn(9)
    counts = Counts.of(unit, day, n, units=7, first=100, days=40)
    weight = np.linspace(0, 1, 40)
    assert counts.weighted(weight) == pytest.approx(np.bincount(unit, n * weight[day - 100], 7))
    u, d, m = counts.events()
    assert (np.diff(d) >= 0).all() and sparse.coo_array((m, (u, d)), shape=(7, 40)).toarray() == pytest.approx(counts.table.toarray())


def test_days_are_utc():
    t = pd.Series(pd.to_datetime(["2026-11-20T23:59:59Z", "2026-11-21T00:30:00+01:00", "2026-11-21T00:00:00Z"], utc=True))
    assert np.diff(day_of(t)).tolist() == [0, 1]
