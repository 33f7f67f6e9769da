"""From a feed's spool into the database: frames are decoded, judged, stored, and the spool's mark moved on with them."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path

import numpy as np
import psycopg

from data import feeds, people
from data.feeds import FeedRow
from data.fixes import IDENTIFIERS_MAX, MEASURES, TrackTold
from data.flags import UNTRUSTED
from data.live import LiveWriter
from data.worlds import NAMES
from feeds import spool
from feeds.refusing import REFUSALS, all_but_refused, put_aside
from feeds.wire import Frame, Heard, Told

log = logging.getLogger("vigia.feeds")

MOST_FRAMES = 10_000  # of one step: the fewer steps a flood is stored in, the less each of its fixes costs, and the longer the first of a step waits
GATHERED = 1_000  # frames of a step that was worth it
RECORD_EVERY_S = 60.0
MOVING_MPS = 0.5
KNOWN_MAX = 200_000  # tracks remembered
READERS_S = 30.0
WARMING = 200  # frames


@dataclass
class Batch:
    """Frames that are decoded and not stored yet. Kept while the database is away: a decoder can't be asked twice."""

    heard: list[Heard] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    sources: list[Frame] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)
    finished: tuple[str, ...] = ()
    received_us: int = 0

    @property
    def frames(self) -> int:
        return len(self.sources)

    @property
    def number(self) -> int:
        """Of positions and names."""
        return len(self.heard) + len(self.told)

    def part(self, first: int, end: int) -> Batch:
        """Of what is told in it, positions first, from one to before another."""
        n = len(self.heard)
        return Batch(self.heard[first:end], self.told[max(0, first - n):max(0, end - n)])

    def sources_of(self, numbers: Iterable[int]) -> list[Frame]:
        """The frames that what is told under these numbers came from."""
        every = [*self.heard, *self.told]
        return [self.sources[frame] for frame in sorted({every[number].frame for number in numbers})]


@dataclass
class Outcome:
    """What came of a batch; counted when it is committed, for until then it may be tried again."""

    new: int = 0
    already: int = 0
    sealed: int = 0
    flagged: int = 0
    position_at: float = 0.0
    recorded: bool = False
    errors: Counter[str] = field(default_factory=Counter)

    def plus(self, other: Outcome) -> Outcome:
        """Of two parts of a batch."""
        return Outcome(self.new + other.new, self.already + other.already, self.sealed + other.sealed, self.flagged + other.flagged,
                       max(self.position_at, other.position_at), errors=self.errors + other.errors)


class Storing:
    """One feed on its way from disk into the database. `attach` gives it a connection, and another one when that broke."""

    def __init__(self, feed: FeedRow, folder: Path, decoder, judge=None):
        self.feed, self.folder, self.decoder, self.judge = feed, folder, decoder, judge
        self.connection: psycopg.Connection | None = None
        self.state: feeds.Told | None = None
        self.marks: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._known: dict[str, TrackTold] = {}
        self._places: dict[str, tuple[float, float]] = {}
        self._readers: dict[str, tuple[float, float]] = {}
        self._readers_at = -math.inf
        self._pending: Batch | None = None
        self._unrecorded, self._recorded_at = 0, -math.inf
        self._before: Counter[str] = Counter()

    def attach(self, connection: psycopg.Connection) -> None:
        """Store by this connection from now on."""
        self.connection = connection
        self.writer = LiveWriter(connection, self.feed.world, self.feed.source_id)
        marks = feeds.marks(connection, self.feed.id)
        if self.state is None:
            self.state = feeds.state_of(connection, self.feed.id)
            self._before = Counter(self.state.errors)
            # The parts of a message that the one before us had read: what completes it comes to us.
            self.decoder.decode(spool.before(self.folder, marks, WARMING))
        elif marks != self.marks:
            self._pending = None  # the database is not where it was when we left it: what it lost is read again
        self.marks = marks
        connection.commit()

    def step(self) -> int:
        """Store what the spool has next; how many frames that were. Raises psycopg.Error: nothing is stored then, and nothing forgotten."""
        batch = self._pending or self._next()
        if batch is None:
            self.tell()
            return 0
        self._pending = batch
        try:
            try:
                outcome = self._store(batch, self._put(batch))
            except REFUSALS:
                self._undo()
                outcome = self._store(batch, self._put_sound(batch))
            self.connection.commit()
        except BaseException:
            self._undo()
            raise
        self._pending = None
        self._account(outcome)
        self.state.errors = dict(self._before + self.decoder.errors)
        self.marks.update(batch.reached)
        if batch.finished:
            spool.remove(self.folder, batch.finished)
            for name in batch.finished:
                self.marks.pop(name, None)
        return batch.frames

    def _undo(self) -> None:
        self._forget()
        if not self.connection.closed:
            self.connection.rollback()

    def _forget(self) -> None:
        """What was made in this transaction, or part of it, is not there."""
        self._ids.clear()
        self._known.clear()

    # -- from the spool

    def _next(self) -> Batch | None:
        found = spool.read(self.folder, self.marks, MOST_FRAMES)
        if not found.frames and not found.finished and not found.damaged:
            return None
        frames = [one.frame for one in found.frames]
        batch = Batch(sources=frames, reached=found.reached, finished=found.finished,
                      received_us=max((f.received_us for f in frames), default=0))
        told = [one for one in self.decoder.decode(frames) if self._may_tell(one)]
        for one in self.judge.judged(told, frames) if self.judge is not None else told:
            (batch.heard if isinstance(one, Heard) else batch.told).append(one)
        if found.damaged:
            self._before["damaged in the spool"] += found.damaged
        self.state.messages += len(frames)
        if batch.received_us:
            self.state.message_at = min(batch.received_us / 1e6, time.time())  # by the clock that its age is told by, wherever that stands
        return batch

    def _may_tell(self, one: Heard | Told) -> bool:
        """Whether a feed that was made for some kinds tells of one of them: by another kind it could tell of what needs an authority as of what needs none."""
        if (kinds := self.feed.settings.get("kinds")) and one.kind not in kinds:
            self._before["kind this feed may not tell"] += 1
            return False
        return True

    # -- into the database

    def _store(self, batch: Batch, out: Outcome) -> Outcome:
        """What is told with a batch that was put."""
        feeds.mark(self.connection, self.feed.id, batch.reached, batch.finished)
        out.recorded = self._record(out.new + out.sealed)
        return out

    def _put(self, batch: Batch) -> Outcome:
        out = Outcome()
        self._name(batch, out.errors)
        heard = self._placed(batch.heard, out.errors)
        if heard:
            columns = self._columns(heard)
            stored = self.writer.store(columns)
            out.new, out.already, out.sealed = int(stored.new.sum()), stored.already, sum(stored.sealed.values())
            out.flagged = int(np.count_nonzero(columns["flags"]))
            trusted = columns["flags"] & UNTRUSTED == 0
            if trusted.any():
                out.position_at = columns["observed_us"][trusted].max() / 1e6
        return out

    def _put_sound(self, batch: Batch) -> Outcome:
        """Of a batch that the database refused, what it takes. The frames of the rest are put aside, or a feed would wait for ever behind one of them."""
        parts: list[Outcome] = []

        def put(first: int, end: int) -> None:
            try:
                parts.append(self._put(batch.part(first, end)))
            except BaseException:
                self._forget()
                raise

        refused = all_but_refused(self.connection, batch.number, put)
        out = reduce(Outcome.plus, parts, Outcome())
        if refused:
            (name, end), frames = max(batch.reached.items()), batch.sources_of(refused)
            kept = put_aside(self.folder, f"{name}-{end}", frames)
            out.errors["refused by the database"] += len(refused)
            out.errors["refused by the database, and no room to keep it"] += len(frames) - kept
            log.warning("feed %s: the database refuses %d of %d (%s); their messages are kept in %s", self.feed.name, len(refused), batch.number,
                        ", ".join(sorted(set(refused.values()))), self.folder)
        return out

    def _account(self, out: Outcome) -> None:
        self.state.stored += out.new
        self.state.already += out.already
        self.state.sealed += out.sealed
        self.state.flagged += out.flagged
        if out.position_at:
            self.state.position_at = max(self.state.position_at or 0.0, out.position_at)
        self._before += out.errors
        self._told(out.recorded, out.new + out.sealed)

    def _record(self, number: int, *, at_once: bool = False) -> bool:
        """Collection is told to the record with its first fixes, then once a minute, with how many; whether it was now."""
        rows = self._unrecorded + number
        if not rows or not at_once and time.monotonic() - self._recorded_at < RECORD_EVERY_S:
            return False
        # Last before the commit: until then nobody else can write to the record.
        people.tell(self.connection, "collection", who=f"feed:{self.feed.id}", of=f"source:{self.feed.source_id}", layer="tracks",
                    world=NAMES[self.feed.world], rows=rows)
        return True

    def _told(self, recorded: bool, number: int) -> None:
        if recorded:
            self._unrecorded, self._recorded_at = 0, time.monotonic()
        else:
            self._unrecorded += number

    def tell(self, *, at_once: bool = False) -> None:
        """Tell the record of what was stored since the last time: when nothing follows it, and at the end. Raises psycopg.Error."""
        if recorded := self._record(0, at_once=at_once):
            self.connection.commit()
            self._told(recorded, 0)

    def _name(self, batch: Batch, errors: Counter[str]) -> None:
        """Tracks that are new, or told of otherwise than before."""
        changed: dict[str, TrackTold] = {}
        for one in (*batch.heard, *batch.told):
            before = changed.get(one.key) or self._known.get(one.key)
            known = before.identifiers if before else {}
            if len(identifiers := {**known, **one.identifiers}) > IDENTIFIERS_MAX:
                identifiers = known
                errors["identifiers beyond a hundred"] += 1
            told = TrackTold(
                key=one.key, kind=before.kind if before else one.kind, name=one.name or (before.name if before else None), identifiers=identifiers,
                agency_id=self.feed.agency_id, marking=self.feed.marking)
            # A name alone makes no track: it waits for the first place.
            if told != before:
                if isinstance(one, Told) and one.key not in self._ids and one.key not in changed:
                    self._known[one.key] = told
                else:
                    changed[one.key] = told
            elif one.key not in self._ids and isinstance(one, Heard):
                changed[one.key] = told
        if not changed:
            return
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
            self._ids.clear()
        for key, number in zip(changed, self.writer.tracks(list(changed.values()))):
            self._ids[key] = number
        self._known.update(changed)

    def _placed(self, heard: list[Heard], errors: Counter[str]) -> list[Heard]:
        """What has a place; a read has its reader's."""
        if not any(one.reader is not None for one in heard):
            return heard
        if time.monotonic() - self._readers_at > READERS_S:
            rows = self.connection.execute("SELECT key, ST_X(geom), ST_Y(geom) FROM reader WHERE world = %s AND agency_id IS NOT DISTINCT FROM %s",
                                           (self.feed.world, self.feed.agency_id)).fetchall()
            self._readers, self._readers_at = {key: (lon, lat) for key, lon, lat in rows}, time.monotonic()
        out = []
        for one in heard:
            if one.reader is None or not math.isnan(one.lon):
                out.append(one)
            elif (place := self._readers.get(one.reader)) is not None:
                out.append(replace(one, lon=place[0], lat=place[1]))
            else:
                errors["reader without a place"] += 1
        return out

    def _columns(self, heard: list[Heard]) -> dict[str, np.ndarray]:
        keys = [one.key for one in heard]
        columns = {
            "track_id": np.array([self._ids[key] for key in keys], np.int64), "observed_us": np.array([one.observed_us for one in heard], np.int64),
            "lon": np.array([one.lon for one in heard]), "lat": np.array([one.lat for one in heard]),
            **{m: np.array([getattr(one, m) for one in heard], np.float32) for m in MEASURES}, "flags": np.array([one.flags for one in heard], np.int32),
        }
        self._moves(keys, heard, columns["speed_mps"])
        return columns

    def _moves(self, keys: list[str], heard: list[Heard], speed: np.ndarray) -> None:
        """Whether anything that says it moves is at another place than before: else the feed tells old places as new."""
        says = moved = False
        for key, one, mps in zip(keys, heard, speed.tolist()):
            place = (one.lon, one.lat)
            if mps > MOVING_MPS:
                says = True
                moved |= self._places.get(key) != place
            self._places[key] = place
        if moved or not says:
            self.state.moved_at = self.state.message_at
        if len(self._places) > KNOWN_MAX:
            self._places.clear()

