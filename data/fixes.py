"""Fixes into the database, in bulk: staged by binary COPY, stored once each, then segments, flows and latest places.

    with FixWriter(connection, world, source_id) as writer:
        ids = writer.tracks([TrackTold(key="mmsi:345999014", kind="vessel", name="Marisma Azul")])
        writer.write({"track_id": …, "observed_us": …, "lon": …, "lat": …})
    writer.stored, writer.already
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from data import authority, segments
from data.flags import SEGMENT, UNTRUSTED
from data.handover import Handing
from data.news import next_batch, tell
from data.partitions import ensure_months
from data.quadkey import qk
from data.records import GAP_S, SLA_S

# Rows staged before they are stored: memory stays flat in the file's size.
BATCH = 400_000
PG_EPOCH_US = 946_684_800_000_000  # 2000-01-01, from which PostgreSQL counts
EWKB_POINT = b"\x01" + (0x20000001).to_bytes(4, "little") + (4326).to_bytes(4, "little")

IDENTIFIERS_MAX = 100  # of a track: whoever tells of it may tell new ones for ever

MEASURES = ("speed_mps", "course_deg", "heading_deg", "altitude_m", "accuracy_m")
COLUMNS = f"world, track_id, observed_at, qk, geom, {', '.join(MEASURES)}, source_id, line, flags"
# A row of binary COPY up to the point's end; then the numbers that may be unknown, each with or without a value.
HEAD = [
    ("fields", ">i2"), ("l_world", ">i4"), ("world", ">i2"), ("l_track_id", ">i4"), ("track_id", ">i8"), ("l_observed", ">i4"), ("observed", ">i8"),
    ("l_qk", ">i4"), ("qk", ">i8"), ("l_geom", ">i4"), ("geom", "S9"), ("lon", "<f8"), ("lat", "<f8"),
]
MAYBE = (*((m, ">f4") for m in MEASURES), ("source_id", ">i4"), ("line", ">i4"), ("flags", ">i4"))
TOUCHED_ROW = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("track_id", ">i8"), ("l2", ">i4"), ("hour", ">i8")])
HOUR_US = 3_600_000_000
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


Judging = Callable[..., tuple[np.ndarray, np.ndarray]]
"""Key and kind by track; track_id, observed_us, lon, lat, speed_mps and flags of shape (n,) in order of track and time -> their flags, and which of the objects
that use the track's identity each is of (from 1)."""


@dataclass(frozen=True)
class TrackTold:
    """What a source tells of one followed object."""

    key: str
    kind: str
    name: str | None = None
    identifiers: dict = field(default_factory=dict)
    agency_id: int | None = None
    marking: str | None = None
    sla_s: float | None = None
    gap_s: float | None = None


class FixWriter:
    """Stores one source's fixes in the caller's transaction.

    A batch is on its way to the database while the caller reads the next: whoever wants the connection in between asks
    `idle` first. `tracks` and `write` do so themselves.
    """

    def __init__(self, connection: psycopg.Connection, world: int, source_id: int, judge: Judging | None = None):
        self.connection, self.world, self.source_id, self.judge = connection, world, source_id, judge
        self._told: dict[int, tuple[str, str]] = {}  # key and kind of each track, for the judge
        self._one: dict[int, TrackTold] = {}
        self._others: dict[tuple[int, int], int] = {}  # of a track and an object beside it under its identity, that one's own track
        self.stored = self.already = 0
        self._held: list[dict[str, np.ndarray]] = []
        self._held_rows = 0
        self._limits: dict[int, list[authority.Limit]] = {}  # of the tracks that need a legal basis
        self.sealed: dict[str, int] = {}  # fixes that lay outside of it, by reason: part of `stored`
        self.handing: Handing | None = None  # what is offered to others of it, and what is others' now: these are in `handed`, not in `stored`
        self.handed = 0
        self._theirs: list[dict[str, np.ndarray]] = []
        self._straight = True  # until a fix was there already
        self._sender = ThreadPoolExecutor(1, "fixes")
        self._sending: Future | None = None

    def __enter__(self) -> FixWriter:
        self.connection.execute("""
            CREATE TEMP TABLE IF NOT EXISTS incoming (
              world smallint, track_id bigint, observed_at timestamptz, qk bigint, geom geometry, speed_mps real, course_deg real,
              heading_deg real, altitude_m real, accuracy_m real, source_id int, line int, flags int) ON COMMIT DELETE ROWS;
            CREATE TEMP TABLE IF NOT EXISTS touched (track_id bigint, hour timestamptz) ON COMMIT DELETE ROWS;
            TRUNCATE incoming, touched;
        """)
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                self._flush()
                self.idle()
                segments.rebuild(self.connection, self.world)
                latest(self.connection, self.world)
                self._due()
                if self._theirs:
                    self._hand()
        finally:
            # After an error the connection must be free before it is rolled back.
            self._sender.shutdown(wait=True)

    def idle(self) -> None:
        """Wait until the connection is free. Raises what went wrong on the way to the database."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.result()

    def tracks(self, told: list[TrackTold]) -> list[int]:
        """The ids of these tracks, made where they are new. A name told later replaces an older one."""
        self.idle()
        ids = put_tracks(self.connection, self.world, self.source_id, told)
        if self.judge:
            self._told |= {id: (one.key, one.kind) for id, one in zip(ids, told)}
            self._one |= zip(ids, told)
        if self.world == 0:
            found = authority.limits(self.connection, self.world, ids)
            self._limits |= found
            if found:
                self.handing = self.handing or Handing(self.connection)
                self.handing.know(list(found))
        return ids

    def write(self, columns: dict[str, np.ndarray]) -> None:
        """Fixes as columns of shape (n,): track_id, observed_us (epoch microseconds UTC), lon, lat (degrees), and where
        known speed_mps, course_deg, heading_deg, altitude_m, accuracy_m (NaN: unknown), line (0: unknown), flags."""
        n = len(columns["track_id"])
        every = {
            "track_id": np.asarray(columns["track_id"], np.int64), "observed_us": np.asarray(columns["observed_us"], np.int64),
            "lon": np.asarray(columns["lon"], float), "lat": np.asarray(columns["lat"], float),
            **{m: np.broadcast_to(np.asarray(columns.get(m, np.nan), np.float32), n) for m in MEASURES},
            **{name: np.broadcast_to(np.asarray(columns.get(name, 0), np.int32), n) for name in ("line", "flags")},
        }
        for start in range(0, n, BATCH):
            piece = {name: values[start:start + BATCH] for name, values in every.items()}
            self._held.append(piece)
            self._held_rows += len(piece["track_id"])
            if self._held_rows >= BATCH:
                self._flush()

    def _within(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What may be kept of these fixes; the rest is sealed."""
        why = authority.outside(self._limits, columns["track_id"], columns["observed_us"], columns["lon"], columns["lat"])
        at = np.flatnonzero(why)
        if len(at):
            self.idle()
            gone = {name: values[at] for name, values in columns.items()}
            sealed = authority.seal(self.connection, self.world, self.source_id, gone, why[at])
            self._theirs += self.handing.beyond(gone, why[at], sealed)
            for reason, (number, _) in sealed.items():
                self.sealed[reason] = self.sealed.get(reason, 0) + number
            self.stored += (new := sum(number for number, _ in sealed.values()))
            self.already += len(at) - new
        return {name: values[why == 0] for name, values in columns.items()}

    def _due(self) -> None:
        """Rules have to look at the tracks whose hours were touched. How many fixes that is, is told by the hours: it only says who waits for whom."""
        self.connection.execute("""
            INSERT INTO event_due (world, track_id, from_at, to_at, fixes)
            SELECT %s, track_id, min(hour), max(hour) + interval '1 hour', 100 * count(DISTINCT hour) FROM touched GROUP BY 2 ORDER BY 2
            ON CONFLICT (world, track_id) DO UPDATE SET from_at = least(event_due.from_at, excluded.from_at), to_at = greatest(event_due.to_at, excluded.to_at),
              fixes = event_due.fixes + excluded.fixes, stamp = event_due.stamp + 1
        """, (self.world,))

    def _hand(self) -> None:
        """Store what is others' now for their tracks: a writer of its own, so that this one's numbers stay those of its file."""
        theirs, self._theirs = self._theirs, []
        with FixWriter(self.connection, self.world, self.source_id) as writer:
            for columns in theirs:
                writer.write(columns)
        self.handed = writer.stored

    def _flush(self) -> None:
        if not self._held_rows:
            return
        held, self._held, self._held_rows = self._held, [], 0
        columns = {name: np.concatenate([piece[name] for piece in held]) for name in held[0]}
        columns["qk"] = qk(columns["lon"], columns["lat"])
        # Sorted as the key is, so that its index grows at few places.
        order = np.lexsort((columns["qk"], columns["observed_us"], columns["track_id"]))
        columns = {name: values[order] for name, values in columns.items()}
        same = np.r_[False, np.logical_and.reduce([columns[k][1:] == columns[k][:-1] for k in ("track_id", "observed_us", "qk")])]
        if same.any():
            columns = {name: values[~same] for name, values in columns.items()}
        if self.judge:
            columns = self._apart(columns)
        if self._limits:
            columns = self._within(columns)
        rows = wire(columns, self.world, self.source_id)
        self.idle()
        self.already += int(same.sum())
        if not len(columns["track_id"]):
            return
        self._sending = self._sender.submit(self._send, columns["track_id"], columns["observed_us"], rows)

    def _apart(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Judged; fixes of a second object under one identity are of a track of its own, as those of a feed are."""
        columns["flags"], segments = self.judge(self._told, *(columns[name] for name in ("track_id", "observed_us", "lon", "lat", "speed_mps", "flags")))
        at = np.flatnonzero(segments > 1)
        if not len(at):
            return columns
        pairs = list(zip(columns["track_id"][at].tolist(), segments[at].tolist()))
        if new := sorted(set(pairs) - self._others.keys()):
            ids = self.tracks([replace(self._one[track], key=f"{self._one[track].key}{SEGMENT}{segment}", name=None) for track, segment in new])
            self._others |= zip(new, ids)
        columns["track_id"] = columns["track_id"].copy()
        columns["track_id"][at] = [self._others[pair] for pair in pairs]
        order = np.lexsort((columns["qk"], columns["observed_us"], columns["track_id"]))
        return {name: values[order] for name, values in columns.items()}

    def _send(self, track_id: np.ndarray, observed_us: np.ndarray, rows: list[bytes]) -> None:
        """Store a batch, its fixes in order of track and time."""
        ensure_months(self.connection, self.world, observed_us)
        stored = self._copied(rows, len(track_id)) if self._straight else None
        if stored is None:
            self._straight = False
            stored = self._merged(rows)
        if stored:
            self._touch(track_id, observed_us)
        self.stored += stored
        self.already += len(track_id) - stored

    def _copied(self, rows: list[bytes], number: int) -> int | None:
        """All of it put straight into the table; None when some of it was there already."""
        try:
            with self.connection.transaction():
                self._copy("fix", rows)
        except psycopg.errors.UniqueViolation:
            return None
        return number

    def _merged(self, rows: list[bytes]) -> int:
        """What is new of it put into the table; how many that were."""
        self._copy("incoming", rows)
        with self.connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO fix ({COLUMNS}) SELECT {COLUMNS} FROM incoming ON CONFLICT DO NOTHING")
            stored = cursor.rowcount
            cursor.execute("TRUNCATE incoming")
        return stored

    def _copy(self, table: str, rows: list[bytes]) -> None:
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
            for part in (COPY_HEAD, *rows, COPY_END):
                copy.write(part)

    def _touch(self, track_id: np.ndarray, observed_us: np.ndarray) -> None:
        """The hours these fixes lie in are to be drawn again, those of fixes that were there already too: that changes nothing."""
        hour = observed_us // HOUR_US * HOUR_US - PG_EPOCH_US
        new = np.r_[True, (track_id[1:] != track_id[:-1]) | (hour[1:] != hour[:-1])]
        rows = np.zeros(int(new.sum()), TOUCHED_ROW)
        rows["fields"], rows["l1"], rows["l2"] = 2, 8, 8
        rows["track_id"], rows["hour"] = track_id[new], hour[new]
        with self.connection.cursor() as cursor, cursor.copy("COPY touched FROM STDIN (FORMAT binary)") as copy:
            copy.write(COPY_HEAD + rows.tobytes() + COPY_END)


def put_tracks(connection: psycopg.Connection, world: int, source_id: int, told: list[TrackTold]) -> list[int]:
    """The ids of these tracks, made where they are new. A name told later replaces an older one; none told leaves it. Identifiers beyond
    IDENTIFIERS_MAX are left out."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO track (world, key, kind, name, identifiers, agency_id, marking, sla_s, gap_s, source_id)
            VALUES (%s, %s, %s, %s, %s, %s, coalesce(%s, 'TLP:AMBER'), %s, %s, %s)
            ON CONFLICT (world, key, agency_id) DO UPDATE SET
              name = coalesce(excluded.name, track.name),
              identifiers = CASE WHEN (SELECT count(*) FROM jsonb_object_keys(track.identifiers || excluded.identifiers)) <= %s
                            THEN track.identifiers || excluded.identifiers ELSE track.identifiers END
            RETURNING id
            """,
            [(world, t.key, t.kind, t.name, Jsonb(t.identifiers), t.agency_id, t.marking,
              t.sla_s or SLA_S[t.kind], t.gap_s or GAP_S[t.kind], source_id, IDENTIFIERS_MAX) for t in told],
            returning=True,
        )
        ids = []
        for _ in told:
            ids.append(cursor.fetchone()[0])
            cursor.nextset()
    if world == 0:
        for agency in {t.agency_id for t in told} - {None}:
            connection.execute("SELECT vigia.seal(%s, %s)", (agency, ids))
    return ids


def wire(columns: dict[str, np.ndarray], world: int, source_id: int) -> list[bytes]:
    """Rows of binary COPY, those that know the same numbers together: so all of them have one size."""
    unknown = np.stack([*(np.isnan(columns[m]) for m in MEASURES), columns["line"] == 0], 1)
    pattern = unknown @ (1 << np.arange(unknown.shape[1]))
    out = []
    for number in np.unique(pattern).tolist():
        at = np.flatnonzero(pattern == number)
        without = {name for bit, name in enumerate((*MEASURES, "line")) if number >> bit & 1}
        row = np.dtype(HEAD + [part for name, kind in MAYBE for part in ([(f"l_{name}", ">i4")] + ([] if name in without else [(name, kind)]))])
        rows = np.zeros(len(at), row)
        rows["fields"] = 13
        rows["world"], rows["source_id"], rows["geom"] = world, source_id, EWKB_POINT
        rows["observed"] = columns["observed_us"][at] - PG_EPOCH_US
        for name in ("track_id", "qk", "lon", "lat", "flags", *({*MEASURES, "line"} - without)):
            rows[name] = columns[name][at]
        for name in row.names:
            if name.startswith("l_"):
                rows[name] = 25 if name == "l_geom" else -1 if name[2:] in without else row[name[2:]].itemsize
        out.append(rows.tobytes())
    return out


def latest(connection: psycopg.Connection, world: int) -> int:
    """Bring the newest place of every touched track up to date, and say so; an older fix that comes late changes nothing, and one that is not trusted is no place. The batch."""
    batch = next_batch(connection)
    connection.execute("""
        INSERT INTO latest_fix (track_id, world, kind, agency_id, scope, observed_at, recorded_at, qk, geom, speed_mps, course_deg,
                                heading_deg, altitude_m, accuracy_m, source_id, line, flags, batch)
        SELECT t.id, t.world, t.kind, t.agency_id, t.scope, f.observed_at, f.recorded_at, f.qk, f.geom, f.speed_mps, f.course_deg,
               f.heading_deg, f.altitude_m, f.accuracy_m, f.source_id, f.line, f.flags, %(batch)s
        FROM (SELECT DISTINCT track_id FROM touched) changed
        JOIN track t ON t.id = changed.track_id
        CROSS JOIN LATERAL (
          SELECT * FROM fix WHERE fix.world = %(world)s AND fix.track_id = t.id AND fix.flags & %(untrusted)s = 0 ORDER BY observed_at DESC, qk LIMIT 1
        ) f
        ON CONFLICT (track_id) DO UPDATE SET
          observed_at = excluded.observed_at, recorded_at = excluded.recorded_at, qk = excluded.qk, geom = excluded.geom,
          speed_mps = excluded.speed_mps, course_deg = excluded.course_deg, heading_deg = excluded.heading_deg,
          altitude_m = excluded.altitude_m, accuracy_m = excluded.accuracy_m, source_id = excluded.source_id,
          line = excluded.line, flags = excluded.flags, batch = excluded.batch
        WHERE excluded.observed_at >= latest_fix.observed_at
    """, {"world": world, "batch": batch, "untrusted": UNTRUSTED})
    tell(connection, batch)
    return batch
