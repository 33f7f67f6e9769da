"""Reads in another order than the consignment's way."""

from __future__ import annotations

from tests.analysis.events.made import apply, context, fixes

from analysis.events.reads import OutOfOrder


def found(readers: list[int], detector: OutOfOrder | None = None) -> list[tuple]:
    events = apply(detector or OutOfOrder(), fixes(1, range(len(readers)), 0.0, reader=readers), known=context(sequences={1: (10, 20, 30, 40)}))
    return [(e.facts["why"], e.facts["reader"], e.facts["skipped"]) for e in events]


def test_the_way_as_it_should_be_says_nothing():
    assert found([10, 10, -1, 20, 20, 30, 40]) == [] and found([]) == []


def test_skipped_backwards_and_unexpected():
    assert found([10, 40]) == [("skipped", 40, [20, 30])]
    assert found([10, 20, 10, 20, 30]) == [("backwards", 10, [])]
    assert found([20]) == [("skipped", 20, [10])]
    assert found([10, 99, 20]) == [("unexpected", 99, [])] and found([10, 99, 20], OutOfOrder(unexpected=False)) == []


def test_both_reads_are_told():
    [event] = apply(OutOfOrder(), fixes(1, [0, 5], [0, 700], reader=[10, 30]), known=context(sequences={1: (10, 20, 30)}))
    assert event.last_fix.observed_us - event.first_fix.observed_us == 300_000_000 and event.facts["after"] == 10 and event.facts["expected"] == [20]


def test_a_track_without_a_sequence_is_not_asked():
    assert apply(OutOfOrder(), fixes(2, [0, 5], 0.0, reader=[30, 10]), known=context(sequences={1: (10, 20, 30)})) == []
