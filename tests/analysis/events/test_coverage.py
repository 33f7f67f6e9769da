"""A coverage void: nobody in the area who should be."""

from __future__ import annotations

import shapely
from tests.analysis.events.made import T0, apply, context, fixes, told

from analysis.events.areas import WatchArea
from analysis.events.coverage import CoverageVoid
from analysis.events.schedule import Schedule

AREA = WatchArea(7, 3, shapely.box(9.9, -0.1, 10.1, 0.1))


def test_a_void_begins_when_the_last_unit_is_gone_and_ends_when_one_comes():
    here = fixes(1, [0, 20, 40], 0.0).plus(fixes(1, [50], 50_000.0), fixes(2, [30, 45, 60], 0.0), fixes(2, [200, 210], 1_000.0))
    events = apply(CoverageVoid(T0), here, 215, areas=(AREA,))
    assert told(events) == [("coverage_void", 90.0, 200.0)]  # the fix at 60 holds for half an hour
    assert events[0].track_ids == () and events[0].area == (7, 3) and (events[0].first_fix.track_id, events[0].last_fix.track_id) == (2, 2)
    assert told(apply(CoverageVoid(T0), here, 400, areas=(AREA,))) == [("coverage_void", 90.0, 200.0), ("coverage_void", 240.0, None)]


def test_a_silent_unit_covers_nothing_and_others_units_do_not_count():
    still = fixes(1, [0], 0.0)
    assert told(apply(CoverageVoid(T0), still, 89, areas=(AREA,))) == []
    assert told(apply(CoverageVoid(T0), still, 90, areas=(AREA,))) == [("coverage_void", 30.0, None)]
    known = context(90, agency=[1, 2, 2, 2])
    assert told(apply(CoverageVoid(T0), fixes(2, range(0, 90, 10), 0.0), areas=(AREA,), known=known, agencies=(1,))) == [("coverage_void", 0.0, None)]


def test_nobody_at_all_is_a_void_from_the_rules_begin():
    [event] = apply(CoverageVoid(T0), fixes(1, [0], 90_000.0), 60, areas=(AREA,))
    assert told([event]) == [("coverage_void", 0.0, None)] and not event.facts["units_seen"]


def test_it_counts_when_the_schedule_is_on():
    off = Schedule("UTC", ("mon 00:00-tue 00:00",))
    assert apply(CoverageVoid(T0), fixes(1, [0], 0.0), 500, areas=(AREA,), schedule=off) == []
