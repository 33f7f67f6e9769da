"""Encounters, proximity and fences that move: by distance on the ellipsoid, whoever is first, midnight or not."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from tests.analysis.events.made import T0, apply, context, fixes, told

from analysis.events.areas import WatchArea
from analysis.events.fixes import Fixes
from analysis.events.geo import WGS84
from analysis.events.meetings import Encounter, MovingFence, Proximity
from analysis.events.rules import NEVER_US, Context, Rule


def beside(minutes, metres: float = 300.0, **where) -> Fixes:
    return fixes(1, minutes, 0.0, **where).plus(fixes(2, np.asarray(minutes) + 1, metres, **where))


def test_an_encounter_over_utc_midnight_is_one():
    """GFW's hole: from 22:00 to 02:00 UTC."""
    minutes = np.arange(0, 241, 10)
    [event] = apply(Encounter(), beside(minutes), 10_000)
    assert told([event]) == [("encounter", 10.0, 240.0)] and event.track_ids == (1, 2)
    assert event.facts["closest_m"] == pytest.approx(300, abs=2) and event.facts["median_mps"] == 0 and event.facts["lasted_s"] == 13_800
    # The same at noon.
    [noon] = apply(Encounter(), Fixes.of(*(c if n != 1 else c + 14 * 3_600_000_000 for n, c in enumerate(beside(minutes).columns()))), 10_000)
    assert noon.ended_us - noon.started_us == event.ended_us - event.started_us


def test_what_is_short_far_fast_or_at_anchor_is_none():
    minutes = np.arange(0, 241, 10)
    assert apply(Encounter(), beside(minutes[:13]), 10_000) == []
    assert apply(Encounter(), beside(minutes, 510.0), 10_000) == []
    fast = fixes(1, minutes, minutes * 100.0).plus(fixes(2, minutes, minutes * 100.0 + 200))
    assert apply(Encounter(), fast, 10_000) == [] and len(apply(Encounter(slow_mps=5), fast, 10_000)) == 1
    port = WatchArea(1, 1, shapely.box(10.05, -0.01, 10.06, 0.01))
    assert apply(Encounter(), beside(minutes), known=context(10_000, anchorages=(port,))) == []
    assert len(apply(Encounter(anchorage_m=1_000), beside(minutes), known=context(10_000, anchorages=(port,)))) == 1


def test_it_is_open_while_both_are_there():
    [event] = apply(Encounter(), beside(np.arange(0, 241, 10)), 245)
    assert event.ended_us is None
    left = beside(np.arange(0, 241, 10)).plus(fixes(1, [250, 280], [5_000, 50_000])).plus(fixes(2, [280], 0.0))
    assert told(apply(Encounter(), left, 285)) == [("encounter", 10.0, 240.0)]


@given(st.floats(-180, 180), st.floats(-89.9, 89.9), st.floats(0, 360), st.floats(5, 2_000))
def test_near_is_near_everywhere_and_for_both(lon, lat, course, metres):
    there = WGS84.fwd(lon, lat, course, metres)
    t = T0 + np.arange(6) * 60_000_000
    rule = Rule(1, Proximity(near_m=1_000, reach_m=1_000))

    def found(a: tuple, b: tuple) -> list:
        both = Fixes.of(np.repeat([1, 2], 6), np.r_[t, t], np.repeat([a[0], b[0]], 6), np.repeat([a[1], b[1]], 6))
        return rule.apply(both, context(10_000))

    one, other = found((lon, lat), there), found(there, (lon, lat))
    assert len(one) == len(other) == (metres <= 1_000 or abs(metres - 1_000) < 0.01 and len(one))
    if one:
        assert one[0].facts["closest_m"] == other[0].facts["closest_m"] == pytest.approx(metres, abs=0.1)


def test_proximity_has_two_distances_and_can_ask_for_movement():
    minutes = np.arange(21)
    gap = np.r_[2_000, 1_000, 250, 150, 150, 150, 250, 250, 150, 150, 250, 250, 350, np.full(8, 2_000)]
    passing = fixes(1, minutes, 0.0, minutes * 300.0).plus(fixes(2, minutes, gap, minutes * 300.0))
    assert told(apply(Proximity(), passing, 10_000)) == [("proximity", 3.0, 11.0)]
    assert len(apply(Proximity(moving_mps=3), passing, 10_000)) == 1
    assert apply(Proximity(moving_mps=3), beside(np.arange(30), 50.0), 10_000) == []
    with pytest.raises(ValueError, match="near and apart"):
        Proximity(near_m=500, reach_m=300)


def test_a_fence_moves_with_its_carrier_alone():
    minutes = np.arange(30)
    convoy = fixes(1, minutes, minutes * 600.0).plus(fixes(2, minutes, minutes * 600.0 + 100), fixes(3, minutes, minutes * 600.0 + 900), fixes(4, minutes, 9_000.0))
    events = apply(MovingFence(carriers=(1, 2)), convoy, 10_000)
    assert {e.track_ids for e in events} == {(1, 3), (2, 3), (1, 4), (2, 4)} and {e.type for e in events} == {"moving_fence"}


def test_pairs_are_those_of_every_pair_tried():
    rng = np.random.default_rng(3)
    n, times = 60, 12
    lon, lat = rng.uniform(-0.02, 0.02, (n, times)) + 180, rng.uniform(-0.02, 0.02, (n, times))
    t = np.tile(T0 + np.arange(times) * 600_000_000, (n, 1))
    made = Fixes.of(np.repeat(np.arange(n), times), t.ravel(), np.where(lon > 180, lon - 360, lon).ravel(), lat.ravel())
    rule = Rule(1, Encounter())
    rows = rule.detector.rows(rule, made, context(), np.full(n, NEVER_US))
    links = rule.detector.links(rule, rows, rows, context())
    wanted = {(a, b, int(t[0, k])) for k in range(times) for a in range(n) for b in range(a + 1, n)
              if WGS84.inv(lon[a, k], lat[a, k], lon[b, k], lat[b, k])[2] <= 500}
    assert {(int(r["a"]), int(r["b"]), int(r["us"])) for r in links} == wanted and len(links) == len(wanted) > 100


def test_nobody_meets_over_a_silence():
    assert apply(Encounter(), beside([0, 10, 400, 410]), 10_000) == []
    assert isinstance(context(), Context)
