"""An engine that begins in the middle: of a track it meets for the first time it asks what was stored and what was told, and goes on from there."""

from __future__ import annotations

from analysis.events.engine import Engine
from analysis.events.fixes import Fixes
from analysis.events.revisions import Revision
from analysis.events.rules import NEVER_US, OPEN_US


class Resuming(Engine):
    """After a restart, and after a change of rules: what it tells follows on what was told before, by whichever engine, of whichever versions.

    A track that is met for the first time is read from `past` as one with a fix of long ago would be. One that nothing is stored of but what is handed
    over is no different from it, until the engine has listened for so long that whatever it could have met was heard by itself.
    """

    _first_us: int | None = None

    def take(self, fixes: Fixes, now_us: int) -> list[Revision]:
        """New fixes; they must be in `past` already."""
        if self._first_us is None:
            self._first_us = now_us
        if self.anchor_us == NEVER_US:
            self._move_on(now_us)
        met = self._meet(fixes.possible(), now_us)
        out = super().take(fixes, now_us)
        for track in met.tracks.tolist():
            if self.based.get(track) == OPEN_US:  # it has nothing up to the anchor
                del self.based[track]
        return out

    def _meet(self, fixes: Fixes, now_us: int) -> Fixes:
        """What is stored of the tracks that are new here: to the engine a fix of it is one of long ago."""
        ids = fixes.tracks
        unmet = ids[[track not in self.known for track in ids.tolist()]] if len(ids) else ids
        if not len(unmet):
            return Fixes.none()
        stored = self.past.fixes(unmet, NEVER_US, OPEN_US).possible()
        if now_us - self._first_us > self._alone_us:
            first = fixes.of_tracks(stored.tracks)
            stored = stored.of_which(stored.observed_us[stored.starts] < first.observed_us[first.starts]) if len(stored) else stored
        for track, last_us in zip(stored.tracks.tolist(), stored.observed_us[stored.ends - 1].tolist() if len(stored) else ()):
            self.based[track], self.known[track] = OPEN_US, last_us
        return stored

    @property
    def _alone_us(self) -> int:
        """How long it must have listened to know all that a new track can have met."""
        return 2 * self.reorder_us + 3 * max((s.rule.detector.patience_us for s in self.states if s.rule.detector.together), default=0)
