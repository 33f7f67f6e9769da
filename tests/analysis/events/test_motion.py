"""Stops and all-clears, loitering, speeds."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.events.made import apply, context, fixes, told

from analysis.events.geo import KNOT_MPS
from analysis.events.motion import Loitering, SpeedRange, Stop


def going(knots) -> dict:
    return {"speed_mps": np.array(knots) * KNOT_MPS}


def test_a_stop_and_its_all_clear():
    speed = [5, 5, 0.1, 0.1, 0.3, 0.4, 0.1, 0.1, 5, 5]
    events = apply(Stop(), fixes(1, np.arange(10) * 5, 0.0, **going(speed)))
    assert told(events) == [("stop", 10.0, 40.0), ("all_clear", 40.0, 40.0)]
    assert events[0].facts["lasted_s"] == 1_800 and events[1].facts["stood_s"] == 1_800 and events[0].facts["fixes"] == 6
    assert (events[1].first_fix.observed_us, events[1].last_fix.observed_us) == tuple(events[1].started_us - m * 300_000_000 for m in (1, 0))


def test_a_stop_that_goes_on_is_open_and_does_not_change_with_each_fix():
    long = fixes(1, np.arange(20) * 5, 0.0, **going([0.1] * 20))
    [whole] = apply(Stop(), long)
    [part] = apply(Stop(), long.take(np.arange(8)))
    assert whole.ended_us is None and whole == part


def test_a_silence_ends_a_stop_without_an_all_clear():
    events = apply(Stop(), fixes(1, [0, 5, 10, 15, 20, 400, 405], 0.0, **going([0.1] * 5 + [9, 9])))
    assert told(events) == [("stop", 0.0, 20.0)] and events[0].facts["ended_by"] == "silence"


def test_one_fast_fix_does_not_end_a_stop():
    assert told(apply(Stop(), fixes(1, np.arange(10) * 5, 0.0, **going([0.1] * 4 + [9] + [0.1] * 5)))) == [("stop", 0.0, None)]


def test_where_no_speed_is_told_the_way_between_fixes_says_it_less_what_they_may_be_off():
    still = fixes(1, np.arange(20) * 5, np.tile([0, 60], 10), accuracy_m=40.0)
    assert [e.type for e in apply(Stop(), still)] == ["stop"]
    assert apply(Stop(), fixes(1, np.arange(20) * 5, np.tile([0, 60], 10))) == []


def test_loitering_needs_two_slow_hours():
    slow = fixes(1, np.arange(40) * 5, np.arange(40) * 200.0)
    [event] = apply(Loitering(), slow)
    assert told([event]) == [("loitering", 5.0, None)]
    assert apply(Loitering(), slow.take(np.arange(24))) == []
    assert apply(Loitering(), fixes(1, np.arange(40) * 5, np.arange(40) * 400.0)) == []


def test_loitering_is_for_the_open_sea():
    slow = fixes(1, np.arange(40) * 5, np.arange(40) * 200.0)
    for metres, number in ((10_000.0, 0), (50_000.0, 1)):
        found = apply(Loitering(), slow, known=context(shore_m=lambda lon, lat, m=metres: np.full(len(lon), m)))
        assert [e.facts["shore_m"] for e in found] == [50_000] * number


def test_loitering_over_midnight_is_one():
    speed = [8, 8, *[1] * 36, 8, 8, 8, 8]
    [event] = apply(Loitering(), fixes(1, np.arange(42) * 5, 0.0, **going(speed)))
    assert told([event]) == [("loitering", 10.0, 190.0)]


def test_speeds_out_of_range_with_a_margin():
    speed = np.array([5, 5, 11, 12, 13, 9.8, 12, 5, 5, 5])
    [event] = apply(SpeedRange(highest_mps=10), fixes(1, range(10), 0.0, speed_mps=speed))
    assert told([event]) == [("speed_range", 2.0, 7.0)] and event.facts["highest_mps"] == 13.0 and event.facts["highest_allowed_mps"] == 10
    assert told(apply(SpeedRange(lowest_mps=6, fixes=2), fixes(1, range(10), 0.0, speed_mps=speed))) == [("speed_range", 0.0, 2.0), ("speed_range", 7.0, None)]
    with pytest.raises(ValueError, match="lowest_mps"):
        SpeedRange()
