"""What forecasts need of points, added up from parts: the same as a plain loop counts, in any order and to the bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from analysis.forecast.counts_in_time import Counts, day_of
from analysis.forecast.gathered import Gathered
from analysis.forecast.late import known_on
from errors import PointsRefused


def drawn(seed: int, n: int = 400, units: int = 7) -> tuple[pd.DataFrame, sparse.csr_array]:
    rng = np.random.default_rng(seed)
    t = pd.Series(pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.uniform(0, 40, n), unit="D"))
    late = pd.to_timedelta(rng.choice([-1, 0, 0, 0, 3, 4, 30], n), unit="D")
    shares = np.zeros((n, units))
    shares[np.arange(n), rng.integers(0, units, n)] = 1.0
    vague = rng.random(n) < 0.3
    shares[vague] = rng.dirichlet(np.ones(units), int(vague.sum()))
    shares[rng.random(n) < 0.05] = 0.0
    return pd.DataFrame({"t": t, "recorded_at": t + late, "level": rng.integers(0, 3, n)}), sparse.csr_array(shares)


@pytest.mark.parametrize("seed", range(3))
def test_parts_add_up_to_the_whole_to_the_bit_in_any_order(seed):
    points, shares = drawn(seed)
    whole = Gathered.of(points, shares)
    cuts = [(0, 7), (7, 7), (7, 250), (250, 399), (399, 400)]
    parts = [Gathered.of(points[a:b].reset_index(drop=True), shares[a:b], later=1) for a, b in cuts]
    for order in (parts, parts[::-1]):
        added = order[0]
        for part in order[1:]:
            added = added.plus(part)
        for name in ("key", "n", "entries", "days", "points"):
            assert (getattr(added, name) == getattr(whole, name)).all(), name
        assert (added.rows, added.outside, added.first, added.last, added.level, added.later) == (
            whole.rows, whole.outside, whole.first, whole.last, whole.level, 5)


def test_counts_and_what_was_late_are_a_plain_loops():
    points, shares = drawn(7)
    found, day, known = Gathered.of(points, shares), day_of(points.t), day_of(points.recorded_at)
    counts = found.counts(7, found.last + 1)
    for at in (day.min() + 5, day.min() + 20, found.last + 1):
        was = (day < at) & (known < at)
        assert counts.before(int(at)).window(found.first, int(at)) == pytest.approx(shares[was].sum(axis=0), abs=1e-6)
    laid = shares.tocoo()
    late = (known - day)[laid.coords[0]]
    assert found.days_late() == np.median(late[late > 0])
    assert found.outside == (shares.sum(axis=1) <= 0).sum() and found.as_known()[1] == ""


def test_a_spread_point_is_counted_in_parts_and_none_is_nothing():
    t = pd.Series(pd.to_datetime(["2026-11-20T23:59:59Z", "2026-11-20T10:00:00Z", "2026-11-21T00:00:00Z"], utc=True))
    found = Gathered.of(pd.DataFrame({"t": t, "recorded_at": t, "level": 0}), sparse.csr_array(np.array([[0.25, 0.75], [1.0, 0.0], [0.0, 0.0]])))
    assert found.counts(2, found.first + 2).table.toarray().tolist() == [[1.25, 0], [0.75, 0]] and found.as_known()[1].startswith("Delay not known")
    none = Gathered.of(pd.DataFrame({"t": t[:0], "recorded_at": t[:0], "level": []}), sparse.csr_array((0, 2)))
    assert none.first is None and none.plus(found).n.tolist() == found.n.tolist() and found.plus(none).first == found.first


def test_days_that_no_calendar_has_are_refused():
    t = pd.Series(np.array(["12026-01-01"], "datetime64[us]")).dt.tz_localize("UTC")
    with pytest.raises(PointsRefused, match="years 1 to 9999"):
        Gathered.of(pd.DataFrame({"t": t, "recorded_at": t, "level": 0}), sparse.csr_array(np.ones((1, 1))))


def test_a_history_that_was_brought_in_is_what_it_is_to_points_themselves():
    rng, n = np.random.default_rng(4), 600
    t = pd.Series(pd.Timestamp("2024-01-01T12:00Z") + pd.to_timedelta(np.sort(rng.integers(0, 400, n)), unit="D"))
    points = pd.DataFrame({"t": t, "level": 0, "recorded_at": t.where(t > t[300], t[300]) + pd.to_timedelta(rng.integers(0, 4, n), unit="D").where(t > t[300], pd.Timedelta(0))})
    shares = sparse.csr_array(np.eye(3)[rng.integers(0, 3, n)])
    known, words = known_on(points, day_of(points.t), day_of(points.recorded_at))
    found, said = Gathered.of(points, shares).as_known()
    assert "seizures were brought in together" in words and said == words
    expected = Counts.of(shares.indices.astype(np.int64), day_of(points.t), None, known, units=3, first=found.first, days=400)
    counts = found.counts(3, found.first + 400)
    assert (counts.table.toarray() == expected.table.toarray()).all() and counts.asof == expected.asof and (counts.seen == expected.seen).all()
    assert counts.late.n.sum() == expected.late.n.sum() > 0
