"""A rule that looks at tracks together, live."""

from __future__ import annotations

import numpy as np

from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.revisions import Revision, name_us, revise, stand
from analysis.events.rules import NEVER_US, OPEN_US, Carry, Context, Rule, kept, last_of


class Together:
    """Rows of each track and links between them, as far back as they can still change; a track's rows can be put in place of its old ones."""

    def __init__(self, rule: Rule):
        self.rule, self.detector = rule, rule.detector
        self.base, self.thin = Carry.none(), Carry.none()  # the last fix of each track
        none = Fixes.none()
        self.rows = rule.detector.rows(rule, none, None, np.zeros(0, np.int64))
        self.links = rule.detector.links(rule, self.rows, self.rows, None)
        self.kept_from_us = NEVER_US
        self.told: list[Event] = []
        self.names: set[str] = set()  # of settled events, that one to come could have
        self.slow: list[Fixes] = []  # fixes too old for the rows that are kept
        self.changed = False

    def advance(self, fixes: Fixes, context: Context) -> list[Revision]:
        """Fixes newer than all of their tracks. Told by `settle`, when all of them are in."""
        fixes = self.rule.covered(fixes, context)
        if len(fixes):
            self._put(self.thin, fixes, fixes, context)
        return []

    def again(self, fixes: Fixes, context: Context, new: Fixes) -> list[Revision]:
        """All buffered fixes of tracks of which one came late."""
        fixes = self.rule.covered(fixes, context)
        if len(fixes):
            self._put(self.base, fixes, self.rule.covered(new.of_tracks(fixes.tracks), context), context)
        return []

    def _put(self, carry: Carry, fixes: Fixes, new: Fixes, context: Context) -> None:
        mine, _ = carry.split(fixes.tracks)
        window = mine.fixes.plus(fixes)
        since = mine.since_us(window.tracks)
        rows = self.detector.rows(self.rule, window, context, since)
        self.thin = self.thin.split(window.tracks)[1].plus(_tails(window))
        self.changed = True
        gone = self._after(self.rows, "track_id", window.tracks, since)
        old = np.r_[rows["track_id"][rows["us"] < self.kept_from_us], self.rows["track_id"][gone & (self.rows["us"] < self.kept_from_us)]]
        if len(old):
            self.slow.append(new.of_tracks(np.unique(old)))
        if gone.any():
            self.rows = self.rows[~gone]
        if self.detector.pairwise and len(self.links):
            lost = self._after(self.links, "a", window.tracks, since) | self._after(self.links, "b", window.tracks, since)
            self.links = self.links[~lost] if lost.any() else self.links
        rows = rows[rows["us"] >= self.kept_from_us] if self.detector.pairwise else rows
        self.rows = np.concatenate([self.rows, rows])
        self._join(self.detector.links(self.rule, rows, self.rows, context))

    def _after(self, table: np.ndarray, column: str, ids: np.ndarray, since: np.ndarray) -> np.ndarray:
        """Rows of these tracks that lie after their time, so that new ones stand for them."""
        at = np.minimum(np.searchsorted(ids, table[column]), len(ids) - 1)
        later = table["us"] >= since[at] if self.detector.rows_from_tail else table["us"] > since[at]
        return (ids[at] == table[column]) & later

    def _join(self, links: np.ndarray) -> None:
        if self.detector.pairwise and len(links):
            links = np.concatenate([self.links, links])
            self.links = links[np.lexsort((links["us"], links["b"], links["a"]))]

    def settle(self, context: Context, past, anchor_us: int) -> list[Revision]:
        """Everything of one `take` is in: tell what changed."""
        out: list[Revision] = []
        if self.slow:
            new, self.slow = Fixes.none().plus(*self.slow), []
            out = self._anew(new, context, past, anchor_us)
        if self.changed:
            self.changed = False
            out += self.tick(context)
        return out

    def anew(self, ids: np.ndarray, new: Fixes, context: Context, past, anchor_us: int) -> list[Revision]:
        """Tracks of which a fix came that is older than the base."""
        new = self.rule.covered(new, context)
        if len(new):
            self.slow.append(new)
        return []

    def tick(self, context: Context) -> list[Revision]:
        """What the rows that are kept say now."""
        after = self.detector.found(self.rule, self.rows, context, last_of(self.thin.fixes), self.links)
        revisions = revise(self.told, after, self.names)
        self.told = stand(self.told, revisions)
        return revisions

    def _anew(self, new: Fixes, context: Context, past, anchor_us: int) -> list[Revision]:
        """By all fixes of these tracks and of those they can have met."""
        rule, detector = self.rule, self.detector

        def whole(ids: np.ndarray | None, from_us: int = NEVER_US, to_us: int = OPEN_US) -> Fixes:
            fixes = past.fixes(ids, from_us, to_us)
            return rule.covered(fixes.plus(new if ids is None else new.of_tracks(ids)), context)

        ids = new.tracks
        before = past.events(rule.id, ids if detector.pairwise else None)
        if detector.pairwise:
            wide = 2 * detector.patience_us
            lo, hi = int(new.observed_us.min()) - wide, int(new.observed_us.max()) + wide
            around = whole(None, lo, hi)
            rows = self._rows(around, context)
            near = detector.links(rule, rows[np.isin(rows["track_id"], ids)], rows, context)
            others = {t for e in before for t in e.track_ids} | set(np.r_[near["a"], near["b"]].tolist())
            fixes = whole(np.array(sorted(others | set(ids.tolist())), np.int64))
        else:
            fixes = whole(None)
        rows = self._rows(fixes, context)
        links = detector.links(rule, rows, rows, context)
        if detector.pairwise:
            links = links[np.isin(links["a"], ids) | np.isin(links["b"], ids)]
        after = detector.found(rule, rows, context, last_of(fixes), links)
        revisions = revise(before, after)
        told = stand(before, revisions)
        mine = fixes.of_tracks(ids)
        self.thin = self.thin.split(ids)[1].plus(_tails(mine))
        self.base = self.base.split(ids)[1].plus(_tails(mine.take(mine.observed_us <= anchor_us)))
        if detector.pairwise:
            stay = ~(np.isin(self.links["a"], ids) | np.isin(self.links["b"], ids))
            self.links = self.links[stay]
            self._join(links)
            self.rows = np.concatenate([self.rows[~np.isin(self.rows["track_id"], ids)], rows[np.isin(rows["track_id"], ids)]])
            self.told = [e for e in self.told if not set(e.track_ids) & set(ids.tolist())] + told
        else:
            self.rows, self.told = rows, told
        self._prune(context)
        return revisions

    def _rows(self, fixes: Fixes, context: Context) -> np.ndarray:
        return self.detector.rows(self.rule, fixes, context, np.full(len(fixes.tracks), NEVER_US))

    def move_on(self, settled: Fixes, anchor_us: int, context: Context) -> None:
        """Rows from the anchor on, and what they can touch."""
        settled = self.rule.covered(settled, context)
        if len(settled):
            mine, others = self.base.split(settled.tracks)
            self.base = others.plus(_tails(mine.fixes.plus(settled)))
        self.kept_from_us = anchor_us - 2 * self.detector.patience_us
        self._prune(context)

    def _prune(self, context: Context) -> None:
        if self.kept_from_us == NEVER_US:
            return
        frontier = last_of(self.thin.fixes)
        was = {e.key for e in self.detector.found(self.rule, self.rows, context, frontier, self.links)}
        self.rows, self.links = self.detector.pruned(self.rows, self.links, self.kept_from_us)
        now = {e.key for e in self.detector.found(self.rule, self.rows, context, frontier, self.links)}
        gone = was - now
        self.names = {n for n in self.names | {e.name for e in self.told if e.key in gone} if name_us(n) >= self.kept_from_us}
        self.told = [e for e in self.told if e.key not in gone and not (e.retracted and (e.ended_us or OPEN_US) < self.kept_from_us)]


def _tails(fixes: Fixes) -> Carry:
    last = fixes.observed_us[fixes.ends - 1] if len(fixes) else np.zeros(0, np.int64)
    return Carry(kept(fixes, last), fixes.tracks, last)
