"""A rule: which detector, over what, when; and what a detector is handed and gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from analysis.events.areas import WatchArea
from analysis.events.event import Event, FixAt
from analysis.events.fixes import Fixes, Tracks
from analysis.events.schedule import ALWAYS, Schedule

NEVER_US = -(2**62)
OPEN_US = 2**62
Shore = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Longitudes and latitudes of shape (n,) -> metres from the shore; NaN where nobody can tell."""


@dataclass(frozen=True, eq=False)
class Context:
    """What is known beside the fixes.

    `now_us`: by when what is open is judged. `shore_m`: how far places are from the shore; None: nobody can tell.
    `sequences`: the reader codes a consignment's track should pass, in order. `anchorages`: where vessels meet for ordinary reasons.
    `doubt_m`: an event made by a fix less accurate than this is doubtful.
    """

    now_us: int
    tracks: Tracks
    shore_m: Shore | None = None
    sequences: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    anchorages: tuple[WatchArea, ...] = ()
    doubt_m: float = 500.0

    def shore_of(self, lon: float, lat: float) -> float | None:
        """Metres from the shore of one place; None: not known."""
        far = float(self.shore_m(np.array([lon]), np.array([lat]))[0]) if self.shore_m else np.nan
        return None if np.isnan(far) else far

    def at(self, now_us: int) -> Context:
        """The same, later."""
        return replace(self, now_us=now_us)


@dataclass(frozen=True, eq=False)
class Carry:
    """What a detector must be handed with the next fixes of its tracks, instead of all the fixes before.

    `fixes`: those still needed; `cut_us`: by track (ids in `track_id`), up to when everything is settled as long as no fix comes late;
    `held`: the detector's own rows, with a column track_id; `memory`: its own objects by track.
    """

    fixes: Fixes
    track_id: np.ndarray
    cut_us: np.ndarray
    held: np.ndarray | None = None
    memory: dict = field(default_factory=dict)

    @classmethod
    def none(cls) -> Carry:
        """Nothing came before."""
        return cls(Fixes.none(), np.zeros(0, np.int64), np.zeros(0, np.int64))

    def since_us(self, ids: np.ndarray) -> np.ndarray:
        """The cut of these tracks; NEVER_US for one that is new."""
        out = np.full(len(ids), NEVER_US)
        if len(self.track_id):
            at = np.minimum(np.searchsorted(self.track_id, ids), len(self.track_id) - 1)
            out = np.where(self.track_id[at] == ids, self.cut_us[at], out)
        return out

    def split(self, ids: np.ndarray) -> tuple[Carry, Carry]:
        """Of these tracks, and of the others."""
        mine = np.isin(self.track_id, ids)
        return self._only(mine), self._only(~mine)

    def _only(self, which: np.ndarray) -> Carry:
        own = self.track_id[which]
        held = None if self.held is None else self.held[np.isin(self.held["track_id"], own)]
        memory = {t: self.memory[t] for t in own.tolist() if t in self.memory} if self.memory else {}
        return Carry(self.fixes.of_tracks(own), own, self.cut_us[which], held, memory)

    def plus(self, other: Carry) -> Carry:
        """Both, of different tracks."""
        if not len(self.track_id):
            return other
        ids = np.r_[self.track_id, other.track_id]
        order = np.argsort(ids, kind="stable")
        held = [h for h in (self.held, other.held) if h is not None]
        rows = np.concatenate(held) if held else None
        return Carry(self.fixes.plus(other.fixes), ids[order], np.r_[self.cut_us, other.cut_us][order],
                     None if rows is None else rows[np.argsort(rows["track_id"], kind="stable")], self.memory | other.memory)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a detector read: its events, by when each is settled (OPEN_US: not yet), and what to carry on."""

    events: list[Event]
    decided_us: list[int]
    carry: Carry


class Detector(Protocol):
    """One kind of event: a frozen dataclass of knobs (units in their names), its `name`, and whether it looks at each track by itself.

    Of each track by itself: `read(rule, fixes, context, carry)`. Of tracks together: `rows(rule, fixes, context, since_us)` makes rows (track_id, us, …)
    of each track by itself, `links(rule, new, every, context)` what they have with others, `found(rule, rows, context, frontier, links)` the events,
    and `pruned(rows, links, before_us)` leaves out what can't change any more.
    """

    name: str
    together: bool


@dataclass(frozen=True, eq=False)
class Rule:
    """A detector with its knobs, and what it is for: areas, kinds, agencies, single tracks (none of them named: all), and when.

    `schedule` is when its events count, by the time the event began (a presence rule: by the time of each fix).
    """

    id: int
    detector: Detector
    areas: tuple[WatchArea, ...] = ()
    kinds: tuple[int, ...] = ()
    agencies: tuple[int, ...] = ()
    tracks: tuple[int, ...] = ()
    schedule: Schedule = ALWAYS
    severity: str = "notice"

    def covers(self, ids: np.ndarray, tracks: Tracks) -> np.ndarray:
        """A mask over tracks: which of them it looks at."""
        wanted = np.isin(ids, self.tracks) if self.tracks else np.ones(len(ids), bool)
        if (self.kinds or self.agencies) and len(ids):
            at = tracks.at(ids)
            wanted &= np.isin(tracks.kind[at], self.kinds) if self.kinds else True
            wanted &= np.isin(tracks.agency[at], self.agencies) if self.agencies else True
        return wanted

    def covered(self, fixes: Fixes, context: Context) -> Fixes:
        """The fixes it may make events from."""
        fixes = fixes.possible()
        return fixes.of_which(self.covers(fixes.tracks, context.tracks))

    def apply(self, fixes: Fixes, context: Context) -> list[Event]:
        """All its events of all these fixes, by start."""
        fixes = self.covered(fixes, context)
        if self.detector.together:
            rows = self.detector.rows(self, fixes, context, np.full(len(fixes.tracks), NEVER_US))
            events = self.detector.found(self, rows, context, last_of(fixes))
        else:
            events = self.detector.read(self, fixes, context, Carry.none()).events
        return in_order(events)


def last_of(fixes: Fixes) -> tuple[np.ndarray, np.ndarray]:
    """The tracks, and the time of the last fix of each."""
    return fixes.tracks, fixes.observed_us[fixes.ends - 1] if len(fixes) else np.zeros(0, np.int64)


def in_order(events: list[Event]) -> list[Event]:
    """By start, then by key."""
    return sorted(events, key=lambda e: (e.started_us, e.key))


def kept(fixes: Fixes, cut_us: np.ndarray, tail: int = 1) -> Fixes:
    """Fixes after the cut of their track (aligned with `fixes.tracks`) and the last `tail` up to it."""
    if not len(fixes):
        return fixes
    first = fixes.ends.copy()  # of those after it
    behind = np.flatnonzero(cut_us < fixes.observed_us[fixes.ends - 1])
    for n in behind.tolist():  # few: tracks with something pending
        first[n] = fixes.starts[n] + np.searchsorted(fixes.observed_us[fixes.starts[n]:fixes.ends[n]], cut_us[n], side="right")
    begin = np.maximum(first - tail, fixes.starts)
    size = fixes.ends - begin
    return fixes.take(np.repeat(begin - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(size.sum()))


def fix_at(track_id: int, observed_us: int, lon: float, lat: float) -> FixAt:
    """As plain numbers of Python."""
    return FixAt(int(track_id), int(observed_us), float(lon), float(lat))
