"""One broadcast identity in two places at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.events.event import Event, FixAt
from analysis.events.fixes import Fixes
from analysis.events.geo import haversine_m
from analysis.events.rows import legs
from analysis.events.rules import NEVER_US, OPEN_US, Carry, Context, Reading, Rule

# Speed (m/s) that nothing of a kind goes, by its code: vessel, vehicle, container, tag, aircraft, drone, person. What travels in
# something else may go as fast as an aircraft does. Ours: generous, so that only the impossible is told.
FASTEST_MPS: Mapping[int, float] = {1: 40.0, 2: 80.0, 3: 350.0, 4: 350.0, 5: 700.0, 6: 100.0, 7: 350.0}


@dataclass(frozen=True, slots=True)
class Part:
    """One run of plausible motion under the identity. `start` None: it did not begin with a jump, or what it began is over."""

    start: FixAt | None
    origin: FixAt | None  # the fix before the jump
    last: FixAt
    done: int = 0  # fixes of visits that are over
    now: int = 0  # fixes of this visit
    returns: int = 0  # jumps between it and a part there was before
    switched_us: int = NEVER_US
    doubt: bool = False


@dataclass(frozen=True)
class IdentityConflict:
    """`identity_conflict`: fixes of one track jump to and fro faster than anything moves, so two objects use one identity; `teleport`: one jump.

    A jump is over `jump_m` at more than `fastest_mps` of the track's kind, accuracies taken off. The fixes fall into parts of plausible motion;
    a part that was come back from at least `returns` times (A B A B A) with at least `fixes` fixes is a conflict, anything less a
    teleport, which is always doubtful: a receiver's glitch, or somebody's. Both end when there was no jump for `memory_s`.
    """

    jump_m: float = 2_000.0
    fastest_mps: Mapping[int, float] = field(default_factory=lambda: FASTEST_MPS)
    fixes: int = 3
    returns: int = 2
    memory_s: float = 21_600.0
    name = "identity_conflict"
    together = False

    def read(self, rule: Rule, fixes: Fixes, context: Context, carry: Carry) -> Reading:
        """Events of fixes after the carry's cut."""
        tracks = fixes.tracks
        if not len(fixes):
            return Reading([], [], Carry.none())
        most = np.array([self.fastest_mps.get(int(k), max(self.fastest_mps.values())) for k in context.tracks.kind[context.tracks.at(tracks)]])
        way, seconds, least = legs(fixes)
        with np.errstate(invalid="ignore"):
            jump = (way > self.jump_m) & ((least > np.repeat(most, fixes.ends - fixes.starts)) | (seconds == 0))
        old = fixes.observed_us <= np.repeat(carry.since_us(tracks), fixes.ends - fixes.starts)
        jump &= ~old
        wild = np.logical_or.reduceat(jump, fixes.starts)
        if carry.memory:
            wild |= np.isin(tracks, np.fromiter(carry.memory, np.int64))
        events, decided, memory = [], [], {}
        with np.errstate(invalid="ignore"):
            doubt = fixes.accuracy_m > context.doubt_m
        for n in np.flatnonzero(wild).tolist():  # tracks that jump are few
            start, end = int(fixes.starts[n]), int(fixes.ends[n])
            walk = _Walk(self, rule, float(most[n]), carry.memory.get(int(tracks[n])))
            first = start + int(old[start:end].sum())
            if walk.parts is None:
                walk.parts = [Part(None, None, _at(fixes, start))]
            cuts = first + np.flatnonzero(jump[first:end])
            for a, b in zip(np.r_[first, cuts].tolist(), np.r_[cuts, end].tolist()):
                if b > a:
                    walk.stretch(_at(fixes, a), _at(fixes, b - 1), b - a, bool(jump[a]), bool(doubt[a]))
            walk.over(int(fixes.observed_us[end - 1]))
            for event, by in walk.events():
                if rule.schedule.on(np.array([event.started_us]))[0]:
                    events.append(event)
                    decided.append(by)
            if len(walk.parts) > 1 or walk.parts[0].start:
                memory[int(tracks[n])] = (tuple(walk.parts), walk.current)
        last = fixes.ends - 1
        return Reading(events, decided, Carry(fixes.take(last), tracks, fixes.observed_us[last], None, memory))


class _Walk:
    """The parts of one track, as its fixes come."""

    def __init__(self, knobs: IdentityConflict, rule: Rule, most_mps: float, memory: tuple | None):
        self.knobs, self.rule, self.most = knobs, rule, most_mps
        self.parts, self.current = (list(memory[0]), memory[1]) if memory else (None, 0)
        self.done: list[tuple[Event, int]] = []

    def stretch(self, first: FixAt, last: FixAt, n: int, jumped: bool, doubt: bool) -> None:
        """Fixes that follow plausibly on each other, and on the part there is unless `jumped`."""
        if jumped:
            self.over(first.observed_us)
            left = self.parts[self.current]
            left = replace(left, done=left.done + left.now, now=0, switched_us=first.observed_us)
            self.parts[self.current] = left
            back = self._reached(first)
            if back is None:
                self.parts.append(Part(first, left.last, last, switched_us=first.observed_us, doubt=doubt))
                self.current = len(self.parts) - 1
            else:
                for i in {back, self.current}:
                    self.parts[i] = replace(self.parts[i], returns=self.parts[i].returns + 1, switched_us=first.observed_us)
                self.current = back
        part = self.parts[self.current]
        self.parts[self.current] = replace(part, last=last, now=part.now + n)

    def _reached(self, fix: FixAt) -> int | None:
        """The part, seen last, that this fix can plausibly go on."""
        best = None
        for i, part in enumerate(self.parts):
            seconds = (fix.observed_us - part.last.observed_us) / 1e6
            way = float(haversine_m(part.last.lon, part.last.lat, fix.lon, fix.lat))
            if i != self.current and way <= max(self.knobs.jump_m, self.most * seconds) and (best is None or part.last > self.parts[best].last):
                best = i
        return best

    def over(self, now_us: int) -> None:
        """Parts that nothing jumped to or from for long are done with: the one it is in goes on as if it had always been alone."""
        limit = now_us - self.knobs.memory_s * 1e6
        keep = []
        for i, part in enumerate(self.parts):
            stale = part.switched_us < limit
            if stale and part.start:
                self.done.append((self._event(part, part.switched_us), part.switched_us + int(self.knobs.memory_s * 1e6) + 1))
            if i == self.current:
                keep.append((i, replace(part, start=None, origin=None, done=0, now=0, returns=0, doubt=False) if stale else part))
            elif not stale:
                keep.append((i, part))
        self.current = [i for i, _ in keep].index(self.current)
        self.parts = [part for _, part in keep]

    def events(self) -> list[tuple[Event, int]]:
        """Those that are over and those that go on, each with when it is settled."""
        return self.done + [(self._event(p, None), OPEN_US) for p in self.parts if p.start]

    def _event(self, part: Part, ended_us: int | None) -> Event:
        here, there = part.start, part.origin
        conflict = part.done >= self.knobs.fixes and part.returns >= self.knobs.returns
        way = float(haversine_m(there.lon, there.lat, here.lon, here.lat))
        seconds = (here.observed_us - there.observed_us) / 1e6
        facts = {"distance_m": round(way, 1), "implied_mps": round(way / seconds, 1) if seconds else None, "fastest_mps": self.most}
        if not conflict:
            return Event("teleport", self.rule.id, (here.track_id,), here.observed_us, here.observed_us, here.lon, here.lat, there, here, None,
                         facts, True, self.rule.severity)
        if ended_us is not None:
            facts |= {"fixes": part.done, "jumps_back": part.returns}
        return Event("identity_conflict", self.rule.id, (here.track_id,), here.observed_us, ended_us, here.lon, here.lat, there, here, None, facts,
                     part.doubt, self.rule.severity)


def _at(fixes: Fixes, i: int) -> FixAt:
    return FixAt(int(fixes.track_id[i]), int(fixes.observed_us[i]), float(fixes.lon[i]), float(fixes.lat[i]))
