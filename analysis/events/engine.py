"""The same events live: fixes in any order and in any pieces, revisions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from analysis.events.alone import Alone
from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.revisions import Revision
from analysis.events.rules import NEVER_US, OPEN_US, Context, Rule, last_of
from analysis.events.together import Together


class Past(Protocol):
    """What was stored: asked only when a fix comes that is older than what is kept in memory."""

    def fixes(self, track_ids: np.ndarray | None, from_us: int, to_us: int) -> Fixes:
        """Of these tracks (None: of all) within a time, both ends in; those just handed to `take` among them."""

    def events(self, rule_id: int, track_ids: np.ndarray | None) -> list[Event]:
        """As told, retracted ones too: of a rule, with at least one of these tracks (None: all)."""


PIECE = 131_072  # fixes: putting two larger ones together would need as much memory again for a moment, and gives it back in parts nobody can use


class Buffer:
    """Fixes in pieces that are put together as they grow to `PIECE`, so that adding costs n log n in all."""

    def __init__(self):
        self.pieces: list[Fixes] = []

    def add(self, fixes: Fixes) -> None:
        """Put some in."""
        if len(fixes):
            self.pieces.append(fixes)
        while len(self.pieces) > 1 and len(self.pieces[-2]) < min(2 * len(self.pieces[-1]), PIECE - len(self.pieces[-1])):
            self.pieces[-2:] = [self.pieces[-2].plus(self.pieces[-1])]

    def of_tracks(self, ids: np.ndarray) -> Fixes:
        """Those of these tracks."""
        return Fixes.none().plus(*(p.of_tracks(ids) for p in self.pieces))

    def drop(self, ids: np.ndarray, until_us: np.ndarray) -> None:
        """Leave out those of these tracks up to a time of each."""
        for n, piece in enumerate(self.pieces):
            at = np.minimum(np.searchsorted(ids, piece.track_id), len(ids) - 1)
            self.pieces[n] = piece.take((ids[at] != piece.track_id) | (piece.observed_us > until_us[at]))

    def pour(self, until_us: int) -> Fixes:
        """Take out those up to a time."""
        early = [p.take(p.observed_us <= until_us) for p in self.pieces]
        late, self.pieces = [p.take(p.observed_us > until_us) for p in self.pieces], []
        for piece in sorted(late, key=len, reverse=True):
            self.add(piece)
        return Fixes.none().plus(*early)


class Engine:
    """Rules over fixes as they come. `take` and `tick` give the revisions that lead from what was told to what is true now.

    After any sequence of calls the events that stand are those `Rule.apply` finds in all fixes at once. What is held does not grow with time: fixes
    of the last `reorder_s` and a tenth more (a fix that comes late within it is dealt with in memory), and for each rule what was open before
    (its carry). A fix older than that is dealt with too, by asking `past` for its tracks. Not safe for several threads at once.
    """

    def __init__(self, rules: Sequence[Rule], context: Context, past: Past, reorder_s: float = 600.0):
        self.context, self.past, self.reorder_us = context, past, int(reorder_s * 1e6)
        self.buffer = Buffer()
        self.anchor_us = NEVER_US
        self.states = [(Together if rule.detector.together else Alone)(rule) for rule in rules]
        self.known: dict[int, int] = {}  # last fix of each track
        self.based: dict[int, int] = {}  # last fix that the bases hold

    def take(self, fixes: Fixes, now_us: int) -> list[Revision]:
        """New fixes, late or not, seen before or not."""
        self.context = self.context.at(now_us)
        fixes = fixes.possible()
        out: list[Revision] = []
        if len(fixes):
            ids = fixes.tracks
            first, last = fixes.observed_us[fixes.starts], fixes.observed_us[fixes.ends - 1]
            known, based = (np.array([of.get(t, NEVER_US) for t in ids.tolist()]) for of in (self.known, self.based))
            self.known.update(zip(ids.tolist(), np.maximum(known, last).tolist()))
            ancient, late = first <= based, first <= known
            self.buffer.add(fixes.take(fixes.observed_us > np.repeat(based, fixes.ends - fixes.starts)))
            again = self.buffer.of_tracks(ids[late & ~ancient]) if (late & ~ancient).any() else Fixes.none()
            for state in self.states:
                out += state.advance(fixes.of_which(~late), self.context)
                out += state.again(again, self.context, fixes)
            if ancient.any():
                old = fixes.of_which(ancient)
                for state in self.states:
                    out += state.anew(old.tracks, old, self.context, self.past, self.anchor_us)
                self._based_anew(old)
            for state in self.states:
                out += state.settle(self.context, self.past, self.anchor_us)
        self._move_on(now_us)
        return out

    def _based_anew(self, old: Fixes) -> None:
        """The bases of these tracks now hold all that is stored up to the anchor; what is stored later than that belongs in the buffer."""
        stored = self.past.fixes(old.tracks, NEVER_US, OPEN_US).plus(old).possible()
        ids, last = last_of(stored.take(stored.observed_us <= self.anchor_us))
        self.based.update(zip(ids.tolist(), last.tolist()))
        if len(ids):
            self.buffer.drop(ids, last)  # a track that lags had some there
        self.buffer.add(stored.take(stored.observed_us > self.anchor_us))
        self.known.update(zip(stored.tracks.tolist(), last_of(stored)[1].tolist()))

    def tick(self, now_us: int) -> list[Revision]:
        """Time has passed: silences open, meetings and voids that only the clock tells."""
        self.context = self.context.at(now_us)
        out = [revision for state in self.states for revision in state.tick(self.context)]
        self._move_on(now_us)
        return out

    def _move_on(self, now_us: int) -> None:
        if self.anchor_us != NEVER_US and now_us - self.anchor_us < self.reorder_us + self.reorder_us // 10:  # often, so that no single time is long
            return
        self.anchor_us = max(self.anchor_us, now_us - self.reorder_us)
        settled = self.buffer.pour(self.anchor_us)
        self.based.update(zip(settled.tracks.tolist(), settled.observed_us[settled.ends - 1].tolist()))
        for state in self.states:
            state.move_on(settled, self.anchor_us, self.context)
