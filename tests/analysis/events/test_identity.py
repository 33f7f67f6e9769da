"""One identity in two places is a conflict; one glitch is a teleport."""

from __future__ import annotations

import numpy as np
from tests.analysis.events.made import T0, apply, context, fixes

from analysis.events.fixes import Fixes
from analysis.events.identity import IdentityConflict


def two(minutes: int = 20, apart_m: float = 300_000.0) -> Fixes:
    here = np.arange(minutes) % 4 < 2
    return fixes(1, np.arange(minutes), np.where(here, 0.0, apart_m) + np.arange(minutes) * 200)


def test_two_vessels_under_one_number_are_a_conflict_with_both_places():
    [event] = apply(IdentityConflict(), two())
    assert event.type == "identity_conflict" and event.ended_us is None and event.started_us == T0 + 120_000_000
    assert event.facts["distance_m"] > 299_000 and event.facts["implied_mps"] > 4_000 and not event.doubtful
    assert (round(event.first_fix.lon, 1), round(event.last_fix.lon, 1)) == (10.0, 12.7)


def test_it_is_over_when_only_one_is_left_for_long():
    quiet = fixes(1, np.arange(21, 800, 10), 4_000.0)
    [event] = apply(IdentityConflict(), two().plus(quiet))
    assert event.ended_us == T0 + 21 * 60_000_000 and event.facts["fixes"] == 10


def test_one_glitch_is_a_teleport_and_doubtful():
    east = np.arange(20) * 200.0
    east[7] += 200_000
    [event] = apply(IdentityConflict(), fixes(1, np.arange(20), east))
    assert event.type == "teleport" and event.doubtful and event.started_us == T0 + 7 * 60_000_000
    # Three glitches at three places are no second object.
    east[[11, 15]] -= [90_000, 400_000]
    assert {e.type for e in apply(IdentityConflict(), fixes(1, np.arange(20), east))} == {"teleport"}


def test_what_is_possible_is_neither():
    fast = fixes(1, np.arange(20), np.arange(20) * 2_000.0)  # 33 m/s
    assert apply(IdentityConflict(), fast) == []
    plane = fixes(1, np.arange(20), np.arange(20) * 30_000.0)
    assert len(apply(IdentityConflict(), plane)) > 0 and apply(IdentityConflict(), plane, known=context(kind=5)) == []
    assert apply(IdentityConflict(), fixes(1, [0, 1], [0, 5_000], accuracy_m=[4_000, 10])) == []
