"""Offsets of made pairs, whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from analysis.offsets import NoOffset, PhaseOffset
from tests.analysis.scenes import PIXEL_M, pair


def test_the_stated_error_holds_the_truth():
    held, worst = 0, 0.0
    for seed in range(10):
        by = np.random.default_rng(1_000 + seed).uniform(-6, 6, 2)
        told = PhaseOffset().apply(pair(seed, moved_px=tuple(by), changes=4)[0])
        wrong = np.hypot(told.east_m + by[1] * PIXEL_M, told.north_m - by[0] * PIXEL_M)
        held, worst = held + (wrong <= told.error_m), max(worst, wrong)
        assert told.score > 0.7 and told.parts >= 4
    assert held >= 9 and worst < 0.5 * PIXEL_M


def test_moved_by_what_was_told_they_lie_on_each_other():
    both, _ = pair(3, moved_px=(4.0, -3.0))
    told = PhaseOffset().apply(both)
    again = PhaseOffset().apply(both.moved(-told.north_m / PIXEL_M, told.east_m / PIXEL_M))
    assert np.hypot(again.east_m, again.north_m) < 0.1 * PIXEL_M


def test_two_grounds_tell_nothing_of_each_other():
    first, _ = pair(1)
    second, _ = pair(2)
    with pytest.raises(NoOffset, match="alike by|apart"):
        PhaseOffset().apply(replace(first, after=second.after))


def test_a_large_offset_is_no_small_one():
    both, _ = pair(5, moved_px=(40.0, 0.0))
    with pytest.raises(NoOffset, match=r"lie [78]\.\d m apart; up to 5 m"):
        PhaseOffset(most_m=5.0).apply(both)


def test_little_overlap_is_said():
    both, _ = pair(6)
    few = np.zeros_like(both.valid_after)
    few[:50, :50] = True
    with pytest.raises(NoOffset, match="share 1,500 pixels; 4,096 are needed"):
        PhaseOffset().apply(replace(both, valid_after=both.valid_after & few))


def test_a_common_edge_does_not_hold_them_together():
    """Both are black outside of the same square: that edge says that nothing moved."""
    both, _ = pair(7, moved_px=(3.0, 2.0))
    inside = np.zeros(both.valid_before.shape, bool)
    inside[40:260, 40:260] = True
    told = PhaseOffset().apply(replace(both, before=np.where(inside, both.before, 0), after=np.where(inside, both.after, 0), valid_before=inside, valid_after=inside))
    assert abs(told.east_m + 2 * PIXEL_M) < 0.3 * PIXEL_M and abs(told.north_m - 3 * PIXEL_M) < 0.3 * PIXEL_M


def test_nothing_in_a_picture_is_refused():
    both, _ = pair(8)
    with pytest.raises(NoOffset):
        PhaseOffset().apply(replace(both, before=np.full_like(both.before, 90), after=ndimage.uniform_filter(np.full_like(both.after, 90))))
