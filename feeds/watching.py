"""Events of fixes as they are stored, live or from files: tracks that are due are handed to the rules, what these find is stored, and both in one transaction.

One watches at a time. What it holds in memory follows on what is stored: after anything that fails, and after each change of a rule or an area, it begins
anew from there (analysis/events/resuming.py).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import psycopg

from analysis.events import Context, Event, FixAt, Fixes, Revision, Rule, Tracks, WatchArea
from analysis.events.resuming import Resuming
from analysis.events.rules import NEVER_US, OPEN_US
from analysis.events.settable import SEQUENCE, RuleRefused, detector, schedule
from data import watching
from data.flags import SEGMENT
from data.news import CHANNEL
from data.records import ALERTING, KINDS
from data.sessions import owner_connection
from data.watching import Due, microseconds, moment
from data.worlds import CODES
from errors import DatabaseUnreachable
from feeds import shores
from feeds.backlog import Backlog

log = logging.getLogger("vigia.watching")

AT_ONCE = 300_000  # fixes of one step: an import is looked at in steps, so that live tracks come in between
TICK_S = 10.0
REORDER_S = 600.0
WAIT_S = 0.5
PACE_S = 1.0  # from one step to the next: one costs about the same for a hundred fixes as for thousands
AWAY_S = 2.0
BROKEN = (psycopg.Error, DatabaseUnreachable, OSError)


class World:
    """The rules of one world, and what they hold."""

    def __init__(self, connection: psycopg.Connection, world: int, standing: str):
        self.connection, self.world, self.standing = connection, world, standing
        self.tracks: dict[int, tuple] = {}
        self.sharing: dict[str, list[int]] = {}  # tracks by the identity they were heard under
        self.read: dict[tuple, Fixes] = {}  # in this step
        self.areas = {area["id"]: area for area in watching.areas(connection, world)}
        self.rules: dict[int, dict] = {}
        self.readers = False
        sequences: dict[int, tuple[int, ...]] = {}
        made = []
        for row in watching.rules(connection, world):
            try:
                made.append(self._rule(row))
            except RuleRefused as error:  # of an older version of ours; it is told, and the others go on
                log.error("the rule %s can't be run: %s", row["name"], error)
                continue
            self.rules[row["id"]] = row
            if row["type"] == "out_of_order":
                self.readers = True
                sequences |= dict.fromkeys(row["tracks"], self._sequence(row))
        self.voids = [rule for rule in made if rule.detector.name == "coverage_void"]
        self.engine = Resuming(made, Context(0, Tracks.of([]), shores.shore_m(), sequences), self, REORDER_S)
        self.ticked = 0.0
        self._know(watching.tracks(connection, world))

    # -- as the engine asks (analysis.events.engine.Past)

    def fixes(self, ids: np.ndarray | None, from_us: int, to_us: int) -> Fixes:
        """Of these tracks, or of all; of all and at any time only what a coverage rule looks at."""
        if ids is None and from_us == NEVER_US:
            from_us = min((int(r.detector.since_us - r.detector.hold_s * 1e6) for r in self.voids), default=0)
        # Of all: a track that came meanwhile is due, and met when it is looked at.
        asked = list(self.tracks) if ids is None else np.asarray(ids).tolist()
        key = (tuple(asked), from_us, to_us)
        if key not in self.read:  # each rule asks for the same
            self.read[key] = Fixes.of(**watching.fixes(self.connection, self.world, asked, from_us, to_us, self.readers))
        return self.read[key]

    def events(self, rule_id: int, ids: np.ndarray | None) -> list[Event]:
        """As told; what was told of areas that are no more stands."""
        rows = watching.told(self.connection, self.world, rule_id, None if ids is None else np.asarray(ids).tolist())
        return [self._event(row) for row in rows if row["area_id"] is None or row["area_id"] in self.areas]

    # -- what is looked at

    def look(self, due: Sequence[Due]) -> int:
        """Hand the fixes of these tracks to the rules, and store what they find; how many revisions."""
        ids = [d.track_id for d in due]
        bounds = {d.track_id: (d.from_us, d.to_us) for d in due}
        if unknown := [i for i in ids if i not in self.tracks]:
            alone = self._know(watching.tracks(self.connection, self.world, unknown))
            bounds |= dict.fromkeys(alone, (NEVER_US, OPEN_US))
        low, high = zip(*bounds.values())
        fixes = Fixes.of(**watching.fixes(self.connection, self.world, list(bounds), low, high, self.readers))
        try:
            return self._tell(self.engine.take(fixes, self._now()))
        finally:
            self.read.clear()

    def tick(self) -> int:
        """What the clock alone tells."""
        self.ticked = time.monotonic()
        return self._tell(self.engine.tick(self._now()))

    def _now(self) -> int:
        """The live world's time is ours; the exercise's that of its newest fix."""
        newest = watching.newest(self.connection, self.world) if self.world == CODES["exercise"] else None
        return microseconds(newest or datetime.now(timezone.utc))

    def _know(self, found: Sequence[tuple]) -> list[int]:
        """What rules ask of tracks, before they are handed any of their fixes; those that were alone under their identity until now, to be read anew."""
        if not found:
            return []
        for row in found:
            self.sharing.setdefault(row[6].split(SEGMENT)[0], []).append(row[0])
        new = {row[0] for row in found}
        groups = (self.sharing[row[6].split(SEGMENT)[0]] for row in found)
        alone = {group[0] for group in groups if len(group) > 1 and group[0] not in new and group[1] in new}
        self.tracks |= {row[0]: row for row in found}
        every = list(self.tracks.values())
        known = Tracks.of([r[0] for r in every], kind=[1 + KINDS.index(r[1]) for r in every], agency=[r[2] for r in every], gap_s=[r[3] for r in every],
                          sla_s=[r[4] for r in every],
                          identity=[self.sharing[r[6].split(SEGMENT)[0]][0] for r in every])
        self.engine.context = replace(self.engine.context, tracks=known)
        return sorted(alone)

    # -- rules and events as rows, and back

    def _rule(self, row: dict) -> Rule:
        areas = tuple(self._area(a) for a in self.areas.values() if not row["areas"] or a["id"] in row["areas"])
        return Rule(row["id"], detector(row["type"], row["knobs"]), areas, tuple(1 + KINDS.index(k) for k in row["kinds"]), tuple(row["agencies"]),
                    tuple(row["tracks"]), schedule(row["zone"], row["windows"]), row["severity"])

    def _area(self, row: dict) -> WatchArea:
        return WatchArea(row["id"], row["version"], row["geom"], row["name"], row["warning_m"], schedule(row["zone"], row["windows"]), row["agency"])

    def _sequence(self, row: dict) -> tuple[int, ...]:
        found = dict(self.connection.execute("SELECT key, id FROM reader WHERE world = %s AND key = ANY (%s)", (self.world, row["knobs"].get(SEQUENCE, []))).fetchall())
        return tuple(found[key] for key in row["knobs"].get(SEQUENCE, []) if key in found)

    def _severity(self, told: str, area: int | None, kind: str, facts: dict) -> str:
        """What a rule says, but critical for who crosses the critical line of a critical area inwards."""
        critical = kind == "enter" and area in self.areas and self.areas[area]["critical"] and facts.get("line") == "critical"
        return "critical" if critical and told not in ALERTING else told

    def _event(self, row: dict) -> Event:
        facts, rule = row["facts"], self.rules[row["rule_id"]]["severity"]
        severity = rule if self._severity(rule, row["area_id"], row["type"], facts) == row["severity"] else row["severity"]
        return Event(
            row["type"], row["rule_id"], tuple(t for t in (row["track_id"], row["other_id"]) if t is not None), microseconds(row["started_at"]),
            None if row["ended_at"] is None else microseconds(row["ended_at"]), row["lon"], row["lat"], _fix(row["first_fix"]), _fix(row["last_fix"]),
            None if row["area_id"] is None else (row["area_id"], row["area_version"]), facts, row["doubtful"], severity, row["lane"], row["name"], row["revision"],
            row["retracted"])

    def _tell(self, revisions: list[Revision]) -> int:
        return watching.tell(self.connection, [self._row(r) for r in revisions], datetime.now(timezone.utc) if self.world == CODES["live"] else moment(self._now()))

    def _row(self, revision: Revision) -> dict:
        e, rule = revision.event, self.rules[revision.event.rule_id]
        about = [self.tracks[t] for t in e.track_ids]
        # Who sees that nobody was there must be one who would have seen anybody there.
        scopes = {t[5] for t in about} | {rule["scope"]} | (self._all_scopes(rule) if e.type == "coverage_void" else set())
        if e.area is not None and e.area[0] in self.areas:
            scopes.add(self.areas[e.area[0]]["scope"])
        fixes = {"first_fix": _told(e.first_fix), "last_fix": _told(e.last_fix)}
        tracks = (*e.track_ids, None, None)[:2]
        return {
            "world": self.world, "name": e.name, "type": e.type, "rule_id": e.rule_id, "rule_version": rule["version"], "track_id": tracks[0], "other_id": tracks[1],
            "area_id": e.area[0] if e.area else None, "area_version": e.area[1] if e.area else None, "lane": e.lane, "kinds": sorted({t[1] for t in about}),
            "agencies": sorted({t[2] for t in about} - {0}), "started_at": moment(e.started_us), "ended_at": None if e.ended_us is None else moment(e.ended_us),
            **watching.place_and_span(e.lon, e.lat, fixes.values()), **fixes, "facts": e.facts, "doubtful": e.doubtful,
            "severity": self._severity(e.severity, e.area[0] if e.area else None, e.type, e.facts), "scopes": sorted(scopes),
            "retracted": e.retracted, "revision": e.revision, "change": revision.change,
        }

    def _all_scopes(self, rule: dict) -> set[int]:
        return {t[5] for t in self.tracks.values() if (not rule["kinds"] or t[1] in rule["kinds"]) and (not rule["agencies"] or t[2] in rule["agencies"])
                and (not rule["tracks"] or t[0] in rule["tracks"])}


class Watcher:
    """All worlds by one connection. `step` is called again and again, by one thread."""

    def __init__(self, connection: psycopg.Connection):
        self.connection = connection
        self.worlds: dict[int, World] = {}

    def step(self, worlds: Sequence[int] = tuple(CODES.values())) -> int:
        """Look at what is due next; how many tracks that were. Raises psycopg.Error: nothing of it is stored then, and all of it stays due."""
        number = 0
        try:
            for world in worlds:
                number += self._step(world)
        except BaseException:
            self.worlds.clear()  # what is in memory may be ahead of what is stored
            if not self.connection.closed:
                self.connection.rollback()
            raise
        return number

    def _step(self, number: int) -> int:
        with self.connection.transaction():
            world = self._world(number)
            due = watching.due(self.connection, number, AT_ONCE)
            if due:
                world.look(due)
                watching.done(self.connection, number, due)
        if time.monotonic() - world.ticked >= TICK_S:
            with self.connection.transaction():
                world.tick()
        return len(due)

    def _world(self, number: int) -> World:
        standing = f"{watching.standing(self.connection, number)};{shores.stamp()}"
        world = self.worlds.get(number)
        if world is None or world.standing != standing:
            world = self.worlds[number] = World(self.connection, number, standing)
            lapse(self.connection, number)
        return world


def lapse(connection: psycopg.Connection, world: int) -> int:
    """End what goes on by a rule or in an area that is no more; how many that were."""
    now = datetime.now(timezone.utc)
    rows = []
    for row in watching.lapsed(connection, world):
        ended = max(now, row["started_at"])
        rows.append({**row, "world": world, "ended_at": ended, "facts": row["facts"] | {"ended_by": "rule"}, "revision": row["revision"] + 1, "change": "closed",
                     **watching.place_and_span(row["lon"], row["lat"], (row["first_fix"], row["last_fix"]))})
    return watching.tell(connection, rows, now)


def watch(owner_url: str, ended: threading.Event) -> None:
    """Follow what is stored until `ended`; for a thread of its own."""
    while not ended.is_set():
        try:
            with owner_connection(owner_url) as connection:
                connection.autocommit = True
                if not connection.execute("SELECT pg_try_advisory_lock(%s, 0)", (watching.WATCHING,)).fetchone()[0]:
                    ended.wait(AWAY_S)  # another one watches
                    continue
                connection.execute(f"LISTEN {CHANNEL}")
                watcher, backlog = Watcher(connection), Backlog()
                while not ended.is_set():
                    backlog.told(connection)
                    begun = time.monotonic()
                    if watcher.step():
                        ended.wait(begun + PACE_S - time.monotonic())
                    else:
                        for _ in connection.notifies(timeout=WAIT_S, stop_after=1):
                            pass
        except BROKEN as error:
            log.warning("events wait for the database: %s", type(error).__name__)
            ended.wait(AWAY_S)
        except Exception:
            log.exception("events can't be made")
            ended.wait(AWAY_S)


def catch_up(owner_url: str, worlds: Sequence[int] = tuple(CODES.values()), told=lambda left: None) -> int:
    """Look at all that is due, here or by waiting for whoever watches; how many tracks that were."""
    with owner_connection(owner_url) as connection:
        connection.autocommit = True
        total = sum(watching.waiting(connection, world) for world in worlds)
        watcher = None
        while left := sum(watching.waiting(connection, world) for world in worlds):
            told(left)
            if watcher is None and connection.execute("SELECT pg_try_advisory_lock(%s, 0)", (watching.WATCHING,)).fetchone()[0]:
                watcher = Watcher(connection)
            if watcher is None:
                time.sleep(WAIT_S)
            else:
                watcher.step(worlds)
        if watcher is not None:
            watcher.step(worlds)  # silences, and what ends with its rule
        return total


def _told(fix: FixAt) -> dict:
    return {"track": fix.track_id, "us": fix.observed_us, "lon": fix.lon, "lat": fix.lat}


def _fix(told: dict) -> FixAt:
    return FixAt(told["track"], told["us"], told["lon"], told["lat"])
