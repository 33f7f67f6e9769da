"""Gaps and reappearances, and the gap that late data withdraw."""

from __future__ import annotations

import numpy as np
from analysis.events.engine import Engine
from analysis.events.gaps import Gap
from analysis.events.rules import Rule
from tests.analysis.events.made import HOUR_US, MIN_US, T0, Memory, apply, context, fixes, told


def test_six_hours_are_a_gap_and_it_ends_with_a_reappearance():
    seen = fixes(1, [0, 359, 719, 720], [0, 0, 10_000, 10_000])
    assert told(apply(Gap(), seen, 721)) == [("gap", 359.0, 719.0), ("reappearance", 719.0, 719.0)]
    gap = apply(Gap(), seen, 721)[0]
    assert gap.facts["silence_s"] == 21_600 and abs(gap.facts["distance_m"] - 10_011) < 2 and gap.facts["implied_mps"] == 0.463
    assert (gap.first_fix.observed_us, gap.last_fix.observed_us) == (T0 + 359 * MIN_US, T0 + 719 * MIN_US)
    assert apply(Gap(), fixes(1, [0, 359.9], 0.0), 360) == []


def test_a_gap_is_open_until_something_is_heard():
    assert told(apply(Gap(), fixes(1, [0], 0.0), 360)) == [("gap", 0.0, None)]
    assert apply(Gap(), fixes(1, [0], 0.0), 359) == []


def test_likely_disabling_needs_time_often_heard_before_and_far_from_shore():
    often, seldom = np.r_[np.arange(14) * 50, 14 * 50 + 720], np.r_[np.arange(14) * 60, 14 * 60 + 720]
    near, far = (lambda lon, lat: np.full(len(lon), 90_000.0)), (lambda lon, lat: np.full(len(lon), 95_000.0))

    def likely(minutes, shore=None) -> bool:
        return apply(Gap(), fixes(1, minutes, 0.0), known=context(1e5, shore_m=shore))[0].facts["likely_disabling"]

    assert likely(often) and likely(often, far)
    assert not likely(often, near) and not likely(seldom, far) and not likely(np.r_[often[:-1], often[-2] + 700], far)


def test_a_track_has_its_own_limit():
    known = context(0, gap_s=[600, 7_200, 1, 1])
    seen = fixes(1, [0, 30], 0.0).plus(fixes(2, [0, 30], 0.0))
    assert {e.track_ids for e in apply(Gap(gap_s=None), seen, known=known) if e.type == "gap"} == {(1,)}


def test_a_dark_event_opens_closes_and_is_withdrawn_as_late_data_come():
    """Skylight's: heard at 10:00, dark by 16:20, heard again at 20:30; then what a satellite had heard at 11:14 and 16:20 comes in."""
    ten = T0 // (24 * HOUR_US) * 24 * HOUR_US + 10 * HOUR_US
    memory = Memory()
    engine = Engine([Rule(5, Gap(gap_s=6 * 3_600))], context(), memory)

    def take(*hours: float, now: float) -> list[tuple]:
        new = fixes(1, [(ten - T0 + h * HOUR_US) / MIN_US for h in hours], 0.0)
        memory.stored = memory.stored.plus(new)
        revisions = engine.take(new, ten + int(now * HOUR_US)) + engine.tick(ten + int(now * HOUR_US))
        memory.tell(revisions)
        return [(r.change, r.event.type, r.event.revision) for r in revisions]

    assert take(0, now=0) == []
    assert take(now=6.4) == [("new", "gap", 1)]
    assert take(10.5, now=10.5) == [("closed", "gap", 2), ("new", "reappearance", 1)]
    first = take(1 + 14 / 60, now=11)  # from 11:14 on it was still dark: the same gap, told better
    assert ("changed", "gap", 3) in first
    assert take(6 + 20 / 60, now=11.2) == [("retracted", "gap", 4), ("retracted", "reappearance", 3)]
    assert memory.standing(5) == [] and len(memory.events(5, None)) == 2
