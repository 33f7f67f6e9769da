"""Revisions lead from what was told to what is true, and telling twice tells nothing."""

from __future__ import annotations

from hypothesis import given, strategies as st

from analysis.events.event import Event, FixAt
from analysis.events.revisions import revise, stand


def event(start: int, end: int | None, kind: str = "gap", track: int = 1) -> Event:
    at = FixAt(track, start, 0.0, 0.0)
    return Event(kind, 1, (track,), start, end, 0.0, 0.0, at, at)


def changes(before, after) -> list[tuple]:
    return [(r.change, r.event.started_us, r.event.ended_us, r.event.revision) for r in revise(before, after)]


def test_new_changed_closed_retracted():
    told = stand([], revise([], [event(5, None), event(50, 60)]))
    assert changes(told, [event(5, 20), event(50, 61)]) == [("closed", 5, 20, 2), ("changed", 50, 61, 2)]
    assert changes(told, [event(50, 60)]) == [("retracted", 5, None, 2)]


def test_a_moved_start_keeps_the_name():
    told = stand([], revise([], [event(5, 20)]))
    [moved] = revise(told, [event(8, 20)])
    assert moved.change == "changed" and moved.event.name == told[0].name == "1/gap/1///5" and moved.event.key == "1/gap/1///8"
    # What only touches it, or another's, is another.
    assert [r.change for r in revise(told, [event(20, 30)])] == ["retracted", "new"]
    assert [r.change for r in revise(told, [event(8, 20, track=2)])] == ["retracted", "new"]


def test_one_that_comes_again_goes_on_with_its_number():
    told = stand([], revise([], [event(5, 20)]))
    told = stand(told, revise(told, []))
    assert told[0].retracted and changes(told, []) == [] and changes(told, [event(5, 20)]) == [("new", 5, 20, 3)]


events = st.lists(st.builds(lambda start, size, kind, track: event(start, None if size is None else start + size, kind, track), st.integers(0, 20),
                            st.one_of(st.none(), st.integers(0, 10)), st.sampled_from(["gap", "stop"]), st.integers(1, 2)), max_size=6)


@given(st.lists(events, min_size=1, max_size=5))
def test_after_any_findings_what_stands_is_the_last_one(findings):
    told, numbers = [], {}
    for found in findings:
        revisions = revise(told, found)
        for r in revisions:
            assert r.event.revision == numbers.get(r.event.name, 0) + 1
            numbers[r.event.name] = r.event.revision
        told = stand(told, revisions)
        assert {e.key: e for e in told if not e.retracted} == {e.key: e for e in found}
        assert revise(told, found) == []
