"""Erasing what is past its time, a batch a transaction: rows, what was made of them, then their files. By the owner, for the live world alone.

What is held is taken out of all that is shown and kept; the rest leaves a tombstone. Each batch finds anew what is due, so it may be cut off
anywhere and begun again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from data import clock, retention, short_links, tombstones
from data.holds import IN_FORCE
from data.retention import TABLES
from data.sessions import owner_connection
from data.tombstones import Erased
from settings import store

AT_ONCE = 500
TRACKS_AT_ONCE = 50
FIXES_AT_ONCE = 50_000
HELD_AT_ONCE = 10  # one may be as large as a batch of fixes
ERASING = 0x65726173  # held, shared, by each import: a file that one is just taking up is not erased

NAMES_IT = "(t.key = ANY (h.devices) OR EXISTS (SELECT FROM jsonb_each_text(t.identifiers) i WHERE i.value = ANY (h.devices)))"


@dataclass
class Report:
    """What a run did, by kind."""

    erased: Counter = field(default_factory=Counter)
    held: Counter = field(default_factory=Counter)
    files: int = 0
    due: int = 0

    def __str__(self) -> str:
        told = [f"{n:,} {kind} {word}" for word, of in (("erased", self.erased), ("held back", self.held)) for kind, n in sorted(of.items())]
        told += [f"{self.files:,} files erased"] if self.files else []
        return f"{', '.join(told) or 'nothing was past its time'}; {self.due:,} to be reviewed"


def run(owner_url: str, moment: clock.Moment | None = None, *, who: str = "retention job", go_on: Callable[[], bool] = lambda: True) -> Report:
    """Erase all that is past its time now; after each batch `go_on` is asked. Raises ClockRefused, with nothing erased, when the clock is not believed."""
    report = Report()
    with owner_connection(owner_url) as connection:
        moment = moment or clock.Moment.of(connection)
        try:
            clock.look(connection, moment)
        finally:
            connection.commit()  # why it was not believed stays
        steps: list[Callable] = [_released, _bycatch, _positions, _quarantine, *(_of(kind) for kind in ("seizure", "image", "video", "sortie", "run", "saved_view"))]
        for step in steps:
            while go_on() and step(connection, moment.now, who, report):
                connection.commit()
            connection.commit()
        short_links.forget(connection, moment.now)
        connection.commit()
        _sources(connection, moment.now)
        _emptied(connection)
        if report.erased:
            # The planner keeps samples of values, names among them.
            connection.execute("ANALYZE track, seizure, image, video, video_look, sortie, run, source, held")
        report.due = retention.due(connection, moment.now, 0)[0]
        retention.count(connection, moment.now)
        connection.commit()
        report.files = erase_files(connection)
    return report


def anything(connection: psycopg.Connection, now: datetime) -> bool:
    """Whether a run would find something to do, told without doing it: a run that is rolled back batch by batch."""
    report = Report()
    for step in (_released, _bycatch, _positions, _quarantine, *(_of(kind) for kind in ("seizure", "image", "video", "sortie", "run", "saved_view"))):
        found = step(connection, now, "", report, look=True)
        connection.rollback()
        if found:
            return True
    forgotten = short_links.forget(connection, now)
    connection.rollback()
    return bool(forgotten) or connection.execute("SELECT EXISTS (SELECT FROM file_to_erase)").fetchone()[0]


def _settle(connection: psycopg.Connection, records: list[Erased], now: datetime, who: str, report: Report) -> None:
    """Tombstones and entries: last in each batch, for until the commit nobody else can write to the record."""
    free, held = [r for r in records if not r.held], [r for r in records if r.held]
    for record in records:
        (report.held if record.held else report.erased)[record.kind] += record.number
    connection.cursor().executemany("DELETE FROM review WHERE kind = %s AND record_id = %s", [(r.kind, r.record_id) for r in records if r.kind != "fix"])
    tombstones.hold_back(connection, held, now, who)
    tombstones.put(connection, free, now, who)


def touch(connection: psycopg.Connection, layer: str) -> None:
    """The layer's data changed: tiles and ETags of before are of another state. What was computed of it goes with it."""
    connection.execute("INSERT INTO data_state (world, layer, version) VALUES (0, %s, 1) "
                       "ON CONFLICT (world, layer) DO UPDATE SET version = data_state.version + 1, changed_at = now()", (layer,))
    connection.execute("DELETE FROM run WHERE world = 0")


# -- records of one row ----------------------------------------------------------------------------------------------------


def _of(kind: str) -> Callable:
    of, rule = TABLES[kind], retention.rules()[kind]
    find = f"""
        SELECT r.id, {of.agency}, {of.content}, coalesce(p.keep, %(keep)s::interval)::text || ' after it came (' || coalesce(p.source, %(source)s) || ')',
               {IN_FORCE.format(kinds='ARRAY[%(kind)s]', id='r.id', agency=of.agency)}, {of.sources}
        FROM {of.table} r LEFT JOIN retention_policy p ON p.agency_id = {of.agency} AND p.kind = %(kind)s
        WHERE r.world = 0 AND {of.since} <= %(now)s - coalesce(p.keep, %(keep)s::interval) AND {of.only}
          AND NOT EXISTS (SELECT FROM review v WHERE v.kind = %(kind)s AND v.record_id = r.id AND v.until > %(now)s)
        ORDER BY r.id LIMIT %(most)s FOR UPDATE OF r SKIP LOCKED
    """

    def step(connection: psycopg.Connection, now: datetime, who: str, report: Report, *, look: bool = False) -> int:
        rows = connection.execute(find, {"kind": kind, "keep": rule.keep, "source": rule.source, "now": now, "most": 1 if look else AT_ONCE}).fetchall()
        if look or not rows:
            return len(rows)
        records = [Erased(kind, number, agency, content, f"{kind}: {why}", held, 1, sources) for number, agency, content, why, held, sources in rows]
        connection.execute(f"DELETE FROM {of.table} WHERE id = ANY(%s)", ([r.record_id for r in records],))  # a name of ours
        if kind in ("image", "video"):
            _drop_files(connection, [r for r in records if not r.held])
        if of.layer:
            touch(connection, of.layer)
        _settle(connection, records, now, who, report)
        return len(rows)

    return step


def _drop_files(connection: psycopg.Connection, pictures: list[Erased]) -> None:
    """Of images and films: the file as it came, and what was made of it."""
    connection.execute("""
        INSERT INTO file_to_erase (place, name) SELECT place, name FROM unnest(%s::jsonb[]) AS i (told),
          LATERAL (VALUES ('original', told ->> 'original'), ('cog', told ->> 'cog'), ('served', told #>> '{rendering,preview}'), ('served', told #>> '{provenance,preview}'), ('served', told ->> 'served')) AS f (place, name)
        WHERE name IS NOT NULL ON CONFLICT DO NOTHING
    """, ([p.content for p in pictures],))


# -- positions -------------------------------------------------------------------------------------------------------------

HELD_TRACK = IN_FORCE.format(kinds="ARRAY['track']", id="t.id", agency="t.agency_id")
POSITIONS = f"""
    SELECT t.id, t.agency_id, cut, 'positions: ' || coalesce(p.keep, %(keep)s::interval)::text || ' after they came (' || coalesce(p.source, %(source)s) || ')',
           {HELD_TRACK}
    FROM track t LEFT JOIN retention_policy p ON p.agency_id = t.agency_id AND p.kind = 'track'
    CROSS JOIN LATERAL (SELECT %(now)s - coalesce(p.keep, %(keep)s::interval) AS cut) c
    WHERE t.world = 0 AND t.id IN (SELECT f.track_id FROM fix f WHERE f.world = 0 AND f.recorded_at <= %(newest)s)
      AND EXISTS (SELECT FROM fix f WHERE f.world = 0 AND f.track_id = t.id AND f.recorded_at <= cut)
      AND NOT EXISTS (SELECT FROM review v WHERE v.kind = 'track' AND v.record_id = t.id AND v.until > %(now)s)
    ORDER BY t.id LIMIT %(most)s FOR UPDATE OF t SKIP LOCKED
"""
# An hour goes when all of it is past its time: what is left of flows is then counted once.
WHOLE = """NOT EXISTS (
  SELECT FROM fix o WHERE o.world = 0 AND o.track_id = f.track_id AND o.observed_at >= date_trunc('hour', f.observed_at, 'UTC')
    AND o.observed_at < date_trunc('hour', f.observed_at, 'UTC') + interval '1 hour' AND o.recorded_at > {cut})"""
BYCATCH = f"""
    SELECT t.id, t.agency_id, cut, 'by-catch: named by no authority, ' || b.after::text || ' after it came', {HELD_TRACK}
    FROM track t JOIN bycatch b ON b.agency_id = t.agency_id AND t.kind = ANY (b.kinds) CROSS JOIN LATERAL (SELECT %(now)s - b.after AS cut) c
    WHERE t.world = 0 AND NOT EXISTS (SELECT FROM authority h WHERE h.agency_id = t.agency_id AND {NAMES_IT})
      AND EXISTS (SELECT FROM fix f WHERE f.world = 0 AND f.track_id = t.id AND f.recorded_at <= cut AND {WHOLE.format(cut='cut')})
    ORDER BY t.id LIMIT %(most)s FOR UPDATE OF t SKIP LOCKED
"""


def _positions(connection: psycopg.Connection, now: datetime, who: str, report: Report, *, look: bool = False) -> int:
    rule = retention.rules()["track"]
    (newest,) = connection.execute("SELECT greatest(%(now)s - %(keep)s::interval, (SELECT max(%(now)s - keep) FROM retention_policy WHERE kind = 'track'))",
                                   {"now": now, "keep": rule.keep}).fetchone()
    return _tracks(connection, POSITIONS, {"now": now, "keep": rule.keep, "source": rule.source, "newest": newest}, "true", False, who, report, look)


def _bycatch(connection: psycopg.Connection, now: datetime, who: str, report: Report, *, look: bool = False) -> int:
    return _tracks(connection, BYCATCH, {"now": now}, WHOLE.format(cut="c.cut"), True, who, report, look)


def _tracks(connection: psycopg.Connection, find: str, asked: dict, only: str, keep_flows: bool, who: str, report: Report, look: bool) -> int:
    """One batch: some tracks, and of these as many whole hours as hold FIXES_AT_ONCE. How many hours that were."""
    tracks = {row[0]: row for row in connection.execute(find, {**asked, "most": 1 if look else TRACKS_AT_ONCE})}
    if look or not tracks:
        return len(tracks)
    from data import unmaking  # loads what lines are made with, and a worker mostly waits

    unmaking.begin(connection)
    ids = list(tracks)
    number = connection.execute(f"""
        INSERT INTO leaving SELECT track_id, hour, cut FROM (
          SELECT f.track_id, date_trunc('hour', f.observed_at, 'UTC') AS hour, c.cut, sum(count(*)) OVER (ORDER BY f.track_id, date_trunc('hour', f.observed_at, 'UTC'))
            - count(*) AS before
          FROM unnest(%(ids)s::bigint[], %(cuts)s::timestamptz[]) AS c (id, cut) JOIN fix f ON f.world = 0 AND f.track_id = c.id AND f.recorded_at <= c.cut
          WHERE {only} GROUP BY 1, 2, 3
        ) h WHERE before < %(most)s
    """, {"ids": ids, "cuts": [tracks[i][2] for i in ids], "most": FIXES_AT_ONCE}).rowcount
    records = [Erased("fix", track, tracks[track][1], content, tracks[track][3], tracks[track][4], rows, sources)
               for track, (rows, content, sources) in unmaking.contents(connection, 0).items()]
    unmaking.take_out(connection, 0, keep_flows=keep_flows)
    records += _empty(connection, {track: (row[3], row[4]) for track, row in tracks.items()})
    touch(connection, "tracks")
    _settle(connection, records, asked["now"], who, report)
    return number


def _empty(connection: psycopg.Connection, tracks: dict[int, tuple[str, bool]]) -> list[Erased]:
    """Those of these tracks that nothing is left of, deleted."""
    rows = connection.execute("""
        DELETE FROM track r WHERE id IN (
          SELECT id FROM track t WHERE id = ANY(%s) AND NOT EXISTS (SELECT FROM fix f WHERE f.world = 0 AND f.track_id = t.id)
            AND NOT EXISTS (SELECT FROM quarantine q WHERE q.track_id = t.id) FOR UPDATE
        ) RETURNING r.id, r.agency_id, to_jsonb(r)::text, r.source_id
    """, (list(tracks),)).fetchall() if _let_go(connection, list(tracks)) else []
    return [Erased("track", number, agency, content, *tracks[number], 1, [source]) for number, agency, content, source in rows]


def _let_go(connection: psycopg.Connection, tracks: list[int]) -> bool:
    """A flight goes on without the line it flew."""
    connection.execute("UPDATE sortie SET track_id = NULL WHERE track_id = ANY(%s) AND NOT EXISTS (SELECT FROM fix f WHERE f.world = 0 AND f.track_id = sortie.track_id) "
                       "AND NOT EXISTS (SELECT FROM quarantine q WHERE q.track_id = sortie.track_id)", (tracks,))
    return bool(tracks)


def _quarantine(connection: psycopg.Connection, now: datetime, who: str, report: Report, *, look: bool = False) -> int:
    rule = retention.rules()["quarantine"]
    tracks = {row[0]: row for row in connection.execute(f"""
        SELECT t.id, t.agency_id, %(now)s - coalesce(p.keep, %(keep)s::interval),
               'quarantine: ' || coalesce(p.keep, %(keep)s::interval)::text || ' after it came (' || coalesce(p.source, %(source)s) || ')',
               {IN_FORCE.format(kinds="ARRAY['track', 'quarantine']", id="t.id", agency="t.agency_id")}
        FROM track t LEFT JOIN retention_policy p ON p.agency_id = t.agency_id AND p.kind = 'quarantine'
        WHERE t.world = 0 AND EXISTS (SELECT FROM quarantine q WHERE q.world = 0 AND q.track_id = t.id
          AND q.recorded_at <= %(now)s - coalesce(p.keep, %(keep)s::interval))
        ORDER BY t.id LIMIT %(most)s FOR UPDATE OF t SKIP LOCKED
    """, {"now": now, "keep": rule.keep, "source": rule.source, "most": 1 if look else TRACKS_AT_ONCE})}
    if look or not tracks:
        return len(tracks)
    rows = connection.execute("""
        WITH gone AS (
          DELETE FROM quarantine q USING unnest(%(ids)s::bigint[], %(cuts)s::timestamptz[]) AS c (id, cut)
          WHERE q.world = 0 AND q.track_id = c.id AND q.recorded_at <= c.cut
            AND (q.track_id, q.observed_at, q.qk) IN (
              SELECT o.track_id, o.observed_at, o.qk FROM quarantine o JOIN unnest(%(ids)s::bigint[], %(cuts)s::timestamptz[]) AS d (id, cut)
                ON o.world = 0 AND o.track_id = d.id AND o.recorded_at <= d.cut ORDER BY 1, 2, 3 LIMIT %(most)s)
          RETURNING q.*
        )
        SELECT r.track_id, count(*), string_agg((to_jsonb(r) || jsonb_build_object('geom', r.geom::text))::text, E'\\n' ORDER BY r.observed_at, r.qk),
               array_agg(DISTINCT r.source_id) FROM gone r GROUP BY 1
    """, {"ids": list(tracks), "cuts": [row[2] for row in tracks.values()], "most": FIXES_AT_ONCE}).fetchall()
    records = [Erased("quarantine", track, tracks[track][1], content, tracks[track][3], tracks[track][4], number, sources)
               for track, number, content, sources in rows]
    records += _empty(connection, {track: (row[3], row[4]) for track, row in tracks.items()})
    _settle(connection, records, now, who, report)
    return len(rows)


# -- what a hold kept --------------------------------------------------------------------------------------------------------


def _released(connection: psycopg.Connection, now: datetime, who: str, report: Report, *, look: bool = False) -> int:
    """What no hold keeps any more."""
    kinds = "CASE r.kind WHEN 'fix' THEN ARRAY['track'] WHEN 'quarantine' THEN ARRAY['track', 'quarantine'] ELSE ARRAY[r.kind] END"
    rows = connection.execute(f"""
        SELECT r.id, r.kind, r.record_id, r.agency_id, r.content, r.rule || '; its hold ended', r.number, r.sources FROM held r
        WHERE NOT {IN_FORCE.format(kinds=kinds, id='r.record_id', agency='r.agency_id')} ORDER BY r.id LIMIT %(most)s FOR UPDATE OF r SKIP LOCKED
    """, {"now": now, "most": 1 if look else HELD_AT_ONCE}).fetchall()
    if look or not rows:
        return len(rows)
    records = [Erased(kind, number, agency, content, rule, False, rows_, sources) for _, kind, number, agency, content, rule, rows_, sources in rows]
    connection.execute("DELETE FROM held WHERE id = ANY(%s)", ([row[0] for row in rows],))
    _drop_files(connection, [r for r in records if r.kind in ("image", "video")])
    _settle(connection, records, now, who, report)
    return len(rows)


# -- files -----------------------------------------------------------------------------------------------------------------

KIND_OF_LAYER = {"tracks": "track", "seizures": "seizure", "imagery": "image"}


def _sources(connection: psycopg.Connection, now: datetime) -> None:
    """Files that gave no row, when their time is over."""
    for layer, kind in KIND_OF_LAYER.items():
        _drop_sources(connection, """
            s.stored = 0 AND s.layer = %(layer)s AND s.received_at <= %(now)s - coalesce(
              (SELECT p.keep FROM retention_policy p WHERE p.agency_id = s.agency_id AND p.kind = %(kind)s), %(keep)s::interval)
        """, {"layer": layer, "kind": kind, "keep": retention.rules()[kind].keep, "now": now})


def _emptied(connection: psycopg.Connection) -> None:
    """Files that gave rows of which none is left. Looked for once after each time something was erased: all fixes are read for it."""
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM tombstone").fetchone()
    if connection.execute("UPDATE retention_clock SET swept = %(newest)s WHERE swept < %(newest)s", {"newest": newest}).rowcount:
        _drop_sources(connection, "s.stored > 0 AND s.layer = ANY (%(layers)s)", {"layers": list(KIND_OF_LAYER)})


def _drop_sources(connection: psycopg.Connection, which: str, asked: dict) -> None:
    """Delete these sources where no row names them, and have the file as it came erased."""
    from data.models import Base  # a quarter of what the worker would take of memory

    tables = [t.name for t in Base.metadata.sorted_tables if "source_id" in t.c]  # what another layer brings is among them
    unused = " AND ".join(f"NOT EXISTS (SELECT FROM {name} u WHERE u.source_id = s.id)" for name in sorted(tables, key=lambda n: n == "fix"))
    gone = connection.execute(f"""
        DELETE FROM source s WHERE s.world = 0 AND s.kind = 'file' AND {which} AND NOT EXISTS (SELECT FROM held h WHERE s.id = ANY (h.sources)) AND {unused}
        RETURNING s.sha256
    """, asked).fetchall()
    connection.cursor().executemany("INSERT INTO file_to_erase (place, name) VALUES ('source', %s) ON CONFLICT DO NOTHING", gone)


def erase_files(connection: psycopg.Connection) -> int:
    """Files whose rows are gone. While an import is on its way they wait: it may be taking up one of them again."""
    if not connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (ERASING,)).fetchone()[0]:
        connection.rollback()
        return 0
    number = 0
    for place, name, used in connection.execute("""
        SELECT f.place, f.name, CASE f.place
            WHEN 'cog' THEN EXISTS (SELECT FROM image i WHERE i.cog = f.name)
              OR EXISTS (SELECT FROM held h WHERE h.kind = 'image' AND h.content::jsonb ->> 'cog' = f.name)
            WHEN 'served' THEN EXISTS (SELECT FROM image i WHERE i.sha256 = left(f.name, 64)) OR EXISTS (SELECT FROM video v WHERE v.sha256 = left(f.name, 64))
              OR EXISTS (SELECT FROM held h WHERE h.kind IN ('image', 'video') AND h.content::jsonb ->> 'sha256' = left(f.name, 64))
            ELSE EXISTS (SELECT FROM image i WHERE i.sha256 = left(f.name, 64)) OR EXISTS (SELECT FROM video v WHERE v.sha256 = left(f.name, 64)) OR EXISTS (SELECT FROM source s WHERE s.sha256 = left(f.name, 64)) END
        FROM file_to_erase f
    """).fetchall():
        if not used:
            for path in _paths(place, name):
                path.unlink(missing_ok=True)
                number += 1
        connection.execute("DELETE FROM file_to_erase WHERE place = %s AND name = %s", (place, name))
    connection.commit()
    return number


def _paths(place: str, name: str) -> list:
    if re.fullmatch(r"[0-9a-f]{64}(\.\w{1,20})?", name) is None:  # names of ours alone: what else stands there is no file of ours
        return []
    at = store()
    if place in ("cog", "served"):
        return [path for path in (at.imagery / name,) if path.exists()]
    if place == "original":
        return [path for path in (at.originals / name,) if path.exists()]
    return [*at.originals.glob(f"{name[:64]}*"), *at.rejects.glob(f"*-{name[:12]}-rejects.csv")]
