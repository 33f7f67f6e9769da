"""A rule that looks at each track by itself, live."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.revisions import Revision, name_us, revise, stand, starts
from analysis.events.rules import NEVER_US, OPEN_US, Carry, Context, Reading, Rule


class Alone:
    """Two carries: `base` up to the anchor, `thin` up to the newest fix. New fixes are read on `thin`, late ones on `base` and the buffer."""

    def __init__(self, rule: Rule):
        self.rule = rule
        self.base, self.thin = Carry.none(), Carry.none()
        self.told: dict[int, list[Event]] = {}  # by track: what the base has not settled, as told
        self.settled: dict[int, set[str]] = {}  # by track: names of those that `thin` has
        self.names: dict[int, set[str]] = {}  # by track: of settled events, that one to come could have

    def advance(self, fixes: Fixes, context: Context) -> list[Revision]:
        """Fixes newer than all of their tracks."""
        fixes = self.rule.covered(fixes, context)
        if not len(fixes):
            return []
        mine, others = self.thin.split(fixes.tracks)
        reading = self.rule.detector.read(self.rule, mine.fixes.plus(fixes), context, mine)
        self.thin = others.plus(reading.carry)
        return self._tell(fixes.tracks, reading, False)

    def again(self, fixes: Fixes, context: Context, new: Fixes) -> list[Revision]:
        """All buffered fixes of tracks of which one came late."""
        fixes = self.rule.covered(fixes, context)
        if not len(fixes):
            return []
        mine, _ = self.base.split(fixes.tracks)
        reading = self.rule.detector.read(self.rule, mine.fixes.plus(fixes), context, mine)
        self.thin = self.thin.split(fixes.tracks)[1].plus(reading.carry)
        return self._tell(fixes.tracks, reading, True)

    def anew(self, ids: np.ndarray, new: Fixes, context: Context, past, anchor_us: int) -> list[Revision]:
        """Tracks of which a fix came that is older than the base."""
        fixes = self.rule.covered(past.fixes(ids, NEVER_US, OPEN_US).plus(new), context)
        ids = fixes.tracks
        if not len(ids):
            return []
        whole = self.rule.detector.read(self.rule, fixes, context, Carry.none())
        early = fixes.take(fixes.observed_us <= anchor_us)
        base = self.rule.detector.read(self.rule, early, context, Carry.none())
        self.base, self.thin = self.base.split(ids)[1].plus(base.carry), self.thin.split(ids)[1].plus(whole.carry)
        before = past.events(self.rule.id, ids)
        revisions = revise(before, whole.events)
        for track in ids.tolist():
            self.told.pop(track, None)
            self.settled.pop(track, None)
        self._keep(ids, stand(before, revisions), whole)
        self._forget(base)
        return revisions

    def settle(self, context: Context, past, anchor_us: int) -> list[Revision]:
        """Nothing is left to do."""
        return []

    def tick(self, context: Context) -> list[Revision]:
        """What only the clock tells: silences."""
        if self.rule.detector.name != "gap" or not len(self.thin.track_id):
            return []
        carry = self.thin
        reading = self.rule.detector.read(self.rule, carry.fixes, context, carry)
        return self._tell(carry.track_id, reading, False)

    def move_on(self, settled: Fixes, anchor_us: int, context: Context) -> None:
        """The base up to the anchor."""
        settled = self.rule.covered(settled, context)
        if not len(settled):
            return
        mine, others = self.base.split(settled.tracks)
        reading = self.rule.detector.read(self.rule, mine.fixes.plus(settled), context, mine)
        self.base = others.plus(reading.carry)
        self._forget(reading)

    def _tell(self, ids: np.ndarray, reading: Reading, whole: bool) -> list[Revision]:
        """Revisions of these tracks; `whole`: the reading is from the base on, so it tells all that is not settled there."""
        if whole:  # a name may have gone on to an event that is not settled
            for track in ids.tolist():
                self.settled.pop(track, None)
        after: dict[int, list[Event]] = defaultdict(list)
        for event in reading.events:
            after[event.track_ids[0]].append(event)
        out: list[Revision] = []
        for track in (set(after) | {t for t in ids.tolist() if t in self.told}) if self.told else after:
            told, done = self.told.get(track, []), self.settled.get(track, set())
            before = told if whole else [e for e in told if e.name not in done]
            revisions = revise(before, after.get(track, []), {e.name for e in told} | self.names.get(track, set()))
            out += revisions
            self.told[track] = stand(told, revisions)
        self._keep(ids, None, reading)
        return out

    def _keep(self, ids: np.ndarray, told: list[Event] | None, reading: Reading) -> None:
        for event in told or ():
            self.told.setdefault(event.track_ids[0], []).append(event)
        cut = dict(zip(reading.carry.track_id.tolist(), reading.carry.cut_us.tolist()))
        done = {e.key for e, by in zip(reading.events, reading.decided_us) if by <= cut[e.track_ids[0]]}
        if done:
            for track in {e.track_ids[0] for e in reading.events}:
                self.settled.setdefault(track, set()).update(e.name for e in self.told.get(track, ()) if e.key in done and not e.retracted)

    def _forget(self, base: Reading) -> None:
        """Leave out what the base has settled, and what was retracted and can't come again: no span that is held began then."""
        cut = dict(zip(base.carry.track_id.tolist(), base.carry.cut_us.tolist()))
        done = {e.key for e, by in zip(base.events, base.decided_us) if by <= cut[e.track_ids[0]]}
        held = base.carry.held
        began = set(zip(held["track_id"].tolist(), held["start_us"].tolist())) if held is not None and "start_us" in (held.dtype.names or ()) else set()
        for track in cut:
            told = self.told.get(track)
            if told is None:
                continue
            left = [e for e in told if e.key not in done and not (e.retracted and all(us <= cut[track] and (track, us) not in began for us in starts(e)))]
            names = {e.name for e in told if starts(e)[1] > cut[track]} | {n for n in self.names.pop(track, ()) if name_us(n) > cut[track]}
            if names := names - {e.name for e in left}:
                self.names[track] = names
            self.settled[track] = self.settled.get(track, set()) & {e.name for e in left}
            if left:
                self.told[track] = left
            else:
                del self.told[track]
                self.settled.pop(track, None)
