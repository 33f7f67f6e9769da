"""Two at once under one identity: both tracks, both places, as long as both are heard; one ship is none."""

from __future__ import annotations

import numpy as np

from analysis.events.sharing import SharedIdentity
from tests.analysis.events.made import apply, context, fixes, minute, told

FAR_M = 300_000.0


def pair(first, second, east_m: float = FAR_M):
    return fixes(1, first, np.asarray(first) * 200.0).plus(fixes(2, second, east_m + np.asarray(second) * 200.0))


def known(now_min: float = 0.0, **how):
    return context(now_min, identity=[1, 1, 0, 0], **how)


def test_both_tracks_places_and_times_are_told_and_it_goes_on_while_both_are_heard():
    [event] = apply(SharedIdentity(), pair(np.arange(0, 60, 5), np.arange(10, 60, 5)), known=known(60))
    assert event.type == "identity_conflict" and event.track_ids == (1, 2) and told([event]) == [("identity_conflict", 10.0, None)]
    assert (event.first_fix.track_id, event.last_fix.track_id) == (1, 2) and minute(event.last_fix.observed_us) == 10
    assert (round(event.first_fix.lon, 2), round(event.last_fix.lon, 2)) == (10.02, 12.72) and abs(event.facts["distance_m"] - FAR_M) < 2_000


def test_it_is_over_when_one_is_silent_for_long_and_another_time_is_another_event():
    first, second = np.arange(0, 900, 5), np.r_[np.arange(10, 60, 5), np.arange(600, 700, 5)]
    one, two = apply(SharedIdentity(), pair(first, second), known=known(2_000))
    assert told([one, two]) == [("identity_conflict", 10.0, 55.0), ("identity_conflict", 600.0, 695.0)] and one.facts["lasted_s"] == 2_700


def test_one_ship_of_two_agencies_one_after_the_other_and_two_numbers_are_none():
    both = np.arange(0, 60, 5)
    assert apply(SharedIdentity(), pair(both, both, 3_000.0), known=known(60)) == []
    assert apply(SharedIdentity(), pair(both, both + 200), known=known(300)) == []
    assert apply(SharedIdentity(), pair(both, both), known=context(60)) == []
    assert apply(SharedIdentity(), pair(both, [30]), known=known(60)) == [], "one fix elsewhere is a glitch"


def test_more_than_two_are_told_pair_by_pair():
    minutes = np.arange(0, 60, 5)
    three = pair(minutes, minutes).plus(fixes(3, minutes, 2 * FAR_M))
    events = apply(SharedIdentity(), three, known=context(60, identity=[1, 1, 1, 0]))
    assert [e.track_ids for e in events] == [(1, 2), (1, 3), (2, 3)]
