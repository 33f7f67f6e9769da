"""What rules hold of a stream: no more than they need, in pieces that are freed as time goes on."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.events import engine
from analysis.events.engine import Buffer, Engine
from analysis.events.fixes import Fixes, Tracks
from analysis.events.motion import Loitering, SpeedRange, Stop
from analysis.events.rules import Carry, Context, Rule
from tests.analysis.events.made import Memory

START_US = 1_795_644_000_000_000
TRACKS = 20


def second(n: int, speed_mps: float = 6.0) -> Fixes:
    """One fix of each track, ten seconds after those before."""
    at = np.full(TRACKS, START_US + n * 10_000_000)
    return Fixes.of(np.arange(1, TRACKS + 1), at, np.full(TRACKS, -97 + n * 6e-4), np.full(TRACKS, 25.9), np.full(TRACKS, speed_mps), np.linspace(0, 300, TRACKS))


def test_what_is_the_same_in_all_fixes_is_held_once():
    together = second(0).plus(second(1), second(2))
    assert len(together) == 3 * TRACKS
    assert [c.strides == (0,) for c in (together.speed_mps, together.accuracy_m, together.flags, together.reader, together.course_deg)] == [True] * 4 + [False]
    mixed = together.plus(second(3, 7.0))
    assert sorted(set(mixed.speed_mps.tolist())) == [6.0, 7.0] and mixed.accuracy_m.strides == (0,)


@pytest.mark.parametrize("detector", [Loitering(), SpeedRange(highest_mps=25.0), Stop(noise_s=600.0)])
def test_of_a_track_that_goes_on_its_last_fix_alone_is_carried(detector):
    """Whether it had been slow before was not known for ten minutes, and all its fixes were carried for so long."""
    fixes = second(0).plus(*(second(n) for n in range(1, 30)))
    carry = detector.read(Rule(1, detector), fixes, Context(START_US, Tracks.of(np.arange(1, TRACKS + 1))), Carry.none()).carry
    assert len(carry.fixes) == TRACKS


def test_pieces_stay_small_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr(engine, "PIECE", 10 * TRACKS)
    buffer = Buffer()
    for n in range(95):
        buffer.add(second(n))
    assert sum(map(len, buffer.pieces)) == 95 * TRACKS and max(map(len, buffer.pieces)) <= 10 * TRACKS and len(buffer.pieces) < 30
    early = buffer.pour(START_US + 49 * 10_000_000)
    assert len(early) == 50 * TRACKS and sum(map(len, buffer.pieces)) == 45 * TRACKS
    assert len(buffer.of_tracks(np.array([3]))) == 45


def test_what_is_held_stops_growing():
    rules = [Rule(1, Loitering()), Rule(2, SpeedRange(highest_mps=25.0))]
    running, held = Engine(rules, Context(START_US, Tracks.of(np.arange(1, TRACKS + 1))), Memory()), []
    for n in range(240):  # forty minutes
        running.take(second(n), START_US + n * 10_000_000)
        held.append(sum(map(len, running.buffer.pieces)) + sum(len(s.thin.fixes) + len(s.base.fixes) for s in running.states))
    assert max(held[80:]) == max(held[80:160]) < 75 * TRACKS
