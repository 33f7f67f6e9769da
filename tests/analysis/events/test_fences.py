"""Entering, leaving, being inside: no flapping, appearing counts, both fixes and the version are told."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from tests.analysis.events.made import T0, apply, context, fixes, told

from analysis.events.areas import WatchArea
from analysis.events.fences import Fence, Presence
from analysis.events.fixes import DOUBTFUL, IMPOSSIBLE, Fixes
from analysis.events.schedule import Schedule

KM = 1 / 111.195
AREA = WatchArea(7, 3, shapely.box(10 + 4.9 * KM, -KM, 10 + 8 * KM, KM), warning_m=2_500)


def test_a_track_crosses_the_warning_line_and_the_critical_line():
    events = apply(Fence(), fixes(1, range(12), np.arange(12) * 1_000), areas=(AREA,))
    assert [(e.type, e.facts["line"], (e.started_us - T0) // 60_000_000) for e in events] == [
        ("enter", "warning", 3), ("enter", "critical", 5), ("exit", "critical", 9)]
    enter = events[1]
    assert enter.area == (7, 3) and (enter.first_fix.observed_us, enter.last_fix.observed_us) == (T0 + 240_000_000, T0 + 300_000_000)
    assert not enter.facts["appeared"] and events[2].facts["inside_s"] == 240


def test_noise_at_the_edge_does_not_flap():
    rng = np.random.default_rng(1)
    east = 4_900 + rng.normal(0, 30, 400)
    near = fixes(1, np.arange(400), np.r_[np.arange(10) * 500, east[10:390], np.arange(10) * -500 + 4_500])
    plain = apply(Fence(exit_m=0, enter_fixes=1, exit_fixes=1, lines=("critical",)), near, areas=(AREA,))
    calm = apply(Fence(exit_m=200, lines=("critical",)), near, areas=(AREA,))
    assert len(plain) > 100 and [e.type for e in calm] == ["enter", "exit"]


def test_first_seen_inside_it_has_appeared():
    [enter] = apply(Fence(lines=("critical",)), fixes(1, range(5), 6_000.0), areas=(AREA,))
    assert enter.type == "enter" and enter.facts["appeared"] and enter.first_fix == enter.last_fix
    assert apply(Fence(), fixes(1, range(5), 60_000.0), areas=(AREA,)) == []


def test_dwell_and_fixes_in_a_row_are_needed():
    short = fixes(1, range(10), [0, 0, 0, 6_000, 6_000, 6_000, 0, 0, 0, 0])
    assert [e.type for e in apply(Fence(lines=("critical",)), short, areas=(AREA,))] == ["enter", "exit"]
    assert apply(Fence(lines=("critical",), enter_fixes=4), short, areas=(AREA,)) == []
    assert apply(Fence(lines=("critical",), enter_dwell_s=180), short, areas=(AREA,)) == []
    assert [e.type for e in apply(Fence(lines=("critical",), enter_dwell_s=120), short, areas=(AREA,))] == ["enter", "exit"]


def test_no_event_from_a_fix_that_is_impossible_and_a_doubtful_one_from_a_poor_one():
    for bit in (1, 2, 4, 8, 16):
        assert bit & IMPOSSIBLE
        assert apply(Fence(), fixes(1, range(4), [0, 0, 6_000, 6_000], flags=[0, 0, bit, bit]), areas=(AREA,)) == []
    rough = apply(Fence(lines=("critical",)), fixes(1, range(4), [0, 0, 6_000, 6_000], accuracy_m=[5, 5, 4_000, 5]), areas=(AREA,))
    assert [e.doubtful for e in rough] == [True]
    jumped = apply(Fence(lines=("critical",)), fixes(1, range(4), [0, 0, 6_000, 6_000], flags=[0, 0, 64, 0]), areas=(AREA,))
    assert [e.doubtful for e in jumped] == [True]
    places = Fixes.of([1, 1, 1], [1, 2, 3], [np.nan, 190.0, 10.0], [0.0, 0.0, 91.0])
    assert len(places.possible()) == 0


def test_the_flags_are_those_that_are_stored():
    from data import flags

    assert IMPOSSIBLE == flags.FUTURE | flags.ANCIENT | flags.NULL_ISLAND | flags.WEEK_ROLLOVER | flags.SENTINEL
    assert DOUBTFUL == flags.IMPOSSIBLE_SPEED | flags.TELEPORT | flags.ON_LAND | flags.DUPLICATE_IDENTITY
    assert (IMPOSSIBLE | DOUBTFUL) == sum(flags.WORDS)  # a new bit must be one or the other


def test_a_rule_is_for_some_kinds_agencies_and_times():
    inside = fixes(1, range(4), 6_000.0).plus(fixes(2, range(4), 6_000.0))
    known = context(kind=[1, 2, 1, 1], agency=[10, 10, 20, 20])
    assert {e.track_ids for e in apply(Fence(), inside, areas=(AREA,), known=known, kinds=(2,))} == {(2,)}
    assert apply(Fence(), inside, areas=(AREA,), known=known, agencies=(20,)) == []
    assert apply(Fence(), inside, areas=(AREA,), schedule=Schedule("UTC", ("mon 00:00-tue 00:00",))) == []
    with pytest.raises(KeyError, match="track 9"):
        apply(Fence(), fixes(9, range(4), 6_000.0), areas=(AREA,), known=known, kinds=(1,))


def test_a_silence_can_make_it_unknown():
    quiet = fixes(1, [0, 1, 2, 3, 200, 201], [0, 0, 6_000, 6_000, 6_000, 6_000])
    assert [(e.type, e.facts.get("appeared")) for e in apply(Fence(lines=("critical",), silence_s=3_600), quiet, areas=(AREA,))] == [
        ("enter", False), ("enter", True)]
    assert len(apply(Fence(lines=("critical",)), quiet, areas=(AREA,))) == 1


def test_inside_and_outside_by_the_clock():
    """On from 23:00 to midnight UTC: minutes 60 to 120."""
    hour = Schedule("UTC", ("wed 23:00-thu 00:00",))
    stays = fixes(1, range(0, 200, 10), 6_000.0)
    [event] = apply(Presence("inside"), stays, areas=(AREA,), schedule=hour)
    assert told([event]) == [("inside", 60.0, 120.0)] and event.area == (7, 3)
    assert apply(Presence("outside"), stays, areas=(AREA,), schedule=hour) == []
    [event] = apply(Presence("outside"), fixes(1, range(0, 200, 10), 60_000.0), areas=(AREA,), schedule=hour)
    assert told([event]) == [("outside", 60.0, 120.0)]
    [event] = apply(Presence("outside"), fixes(1, range(0, 90, 10), 60_000.0), areas=(AREA,), schedule=hour)
    assert told([event]) == [("outside", 60.0, None)] and event.last_fix == event.first_fix


def test_knobs_that_contradict_are_refused():
    with pytest.raises(ValueError, match="in and out at once"):
        Fence(enter_m=100, exit_m=50)
