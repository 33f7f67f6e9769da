"""Fixes into the database, in bulk: staged by binary COPY, stored once each, then segments, flows and latest places.

    with FixWriter(connection, world, source_id) as writer:
        ids = writer.tracks([TrackTold(key="mmsi:345999014", kind="vessel", name="Marisma Azul")])
        writer.write({"track_id": …, "observed_us": …, "lon": …, "lat": …})
    writer.stored, writer.already
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from data import segments
from data.partitions import ensure_months
from data.quadkey import qk
from data.records import GAP_S, SLA_S

# Rows staged before they are stored: memory stays flat in the file's size.
BATCH = 400_000
PG_EPOCH_US = 946_684_800_000_000  # 2000-01-01, from which PostgreSQL counts
EWKB_POINT = b"\x01" + (0x20000001).to_bytes(4, "little") + (4326).to_bytes(4, "little")

MEASURES = ("speed_mps", "course_deg", "heading_deg", "altitude_m", "accuracy_m")

# One row of binary COPY, every field of fixed size: unknown numbers travel as NaN and become null when stored.
ROW = np.dtype([
    ("fields", ">i2"),
    ("l1", ">i4"), ("track_id", ">i8"), ("l2", ">i4"), ("observed", ">i8"), ("l3", ">i4"), ("qk", ">i8"),
    ("l4", ">i4"), ("head", "S9"), ("lon", "<f8"), ("lat", "<f8"),
    *((p, t) for m in MEASURES for p, t in ((f"l_{m}", ">i4"), (m, ">f4"))),
    ("l5", ">i4"), ("line", ">i4"), ("l6", ">i4"), ("flags", ">i4"),
])
TOUCHED_ROW = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("track_id", ">i8"), ("l2", ">i4"), ("hour", ">i8")])
HOUR_US = 3_600_000_000
COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)


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
    """Stores one source's fixes in the caller's transaction."""

    def __init__(self, connection: psycopg.Connection, world: int, source_id: int):
        self.connection, self.world, self.source_id = connection, world, source_id
        self.stored = self.already = 0
        self._staged: list[np.ndarray] = []
        self._staged_rows = 0

    def __enter__(self) -> FixWriter:
        self.connection.execute("""
            CREATE TEMP TABLE IF NOT EXISTS incoming (
              track_id bigint, observed_at timestamptz, qk bigint, geom geometry, speed_mps real, course_deg real,
              heading_deg real, altitude_m real, accuracy_m real, line int, flags int) ON COMMIT DELETE ROWS;
            CREATE TEMP TABLE IF NOT EXISTS touched (track_id bigint, hour timestamptz) ON COMMIT DELETE ROWS;
            TRUNCATE incoming, touched;
        """)
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._flush()
            segments.rebuild(self.connection, self.world)
            latest(self.connection, self.world)

    def tracks(self, told: list[TrackTold]) -> list[int]:
        """The ids of these tracks, made where they are new. A name told later replaces an older one."""
        with self.connection.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO track (world, key, kind, name, identifiers, agency_id, marking, sla_s, gap_s, source_id)
                VALUES (%s, %s, %s, %s, %s, %s, coalesce(%s, 'TLP:AMBER'), %s, %s, %s)
                ON CONFLICT (world, key) DO UPDATE SET
                  name = coalesce(excluded.name, track.name), identifiers = track.identifiers || excluded.identifiers,
                  agency_id = coalesce(track.agency_id, excluded.agency_id)
                RETURNING id
                """,
                [(self.world, t.key, t.kind, t.name, Jsonb(t.identifiers), t.agency_id, t.marking,
                  t.sla_s or SLA_S[t.kind], t.gap_s or GAP_S[t.kind], self.source_id) for t in told],
                returning=True,
            )
            ids = []
            for _ in told:
                ids.append(cursor.fetchone()[0])
                cursor.nextset()
        return ids

    def write(self, columns: dict[str, np.ndarray]) -> None:
        """Fixes as columns of shape (n,): track_id, observed_us (epoch microseconds UTC), lon, lat (degrees), and where
        known speed_mps, course_deg, heading_deg, altitude_m, accuracy_m (NaN: unknown), line, flags."""
        n = len(columns["track_id"])
        rows = np.zeros(n, ROW)
        rows["fields"] = 11
        for name, size in (("l1", 8), ("l2", 8), ("l3", 8), ("l4", 25), ("l5", 4), ("l6", 4)):
            rows[name] = size
        rows["track_id"] = columns["track_id"]
        rows["observed"] = columns["observed_us"] - PG_EPOCH_US
        rows["qk"] = qk(columns["lon"], columns["lat"])
        rows["head"] = EWKB_POINT
        rows["lon"], rows["lat"] = columns["lon"], columns["lat"]
        for name in MEASURES:
            rows[f"l_{name}"] = 4
            rows[name] = columns.get(name, np.nan)
        rows["line"] = columns.get("line", 0)
        rows["flags"] = columns.get("flags", 0)
        for start in range(0, n, BATCH):
            piece = rows[start:start + BATCH]
            self._staged.append(piece)
            self._staged_rows += len(piece)
            if self._staged_rows >= BATCH:
                self._flush()

    def _flush(self) -> None:
        if not self._staged_rows:
            return
        # Written one by one: concatenating would turn the big-endian fields of the wire into native ones.
        pieces, number = self._staged, self._staged_rows
        self._staged, self._staged_rows = [], 0
        for rows in pieces:
            ensure_months(self.connection, self.world, rows["observed"].astype(np.int64) + PG_EPOCH_US)
        # Sorted as the key is, so that its index grows at few places.
        pieces = [rows[np.lexsort((rows["observed"].astype(np.int64), rows["track_id"].astype(np.int64)))] for rows in pieces]
        with self.connection.cursor() as cursor:
            with cursor.copy("COPY incoming FROM STDIN (FORMAT binary)") as copy:
                copy.write(COPY_HEAD)
                for rows in pieces:
                    copy.write(rows.tobytes())
                copy.write(b"\xff\xff")
            cursor.execute("""
                INSERT INTO fix (world, track_id, observed_at, qk, geom, speed_mps, course_deg, heading_deg, altitude_m,
                                 accuracy_m, source_id, line, flags)
                SELECT %(world)s, track_id, observed_at, qk, geom, nullif(speed_mps, 'NaN'), nullif(course_deg, 'NaN'),
                       nullif(heading_deg, 'NaN'), nullif(altitude_m, 'NaN'), nullif(accuracy_m, 'NaN'), %(source)s,
                       nullif(line, 0), flags
                FROM incoming ON CONFLICT DO NOTHING
            """, {"world": self.world, "source": self.source_id})
            stored = cursor.rowcount
            cursor.execute("TRUNCATE incoming")
            if stored:
                self._touch(cursor, pieces)
        self.stored += stored
        self.already += number - stored


    def _touch(self, cursor: psycopg.Cursor, pieces: list[np.ndarray]) -> None:
        """The hours these fixes lie in are to be drawn again, those of fixes that were there already too: that changes nothing."""
        hours = np.unique(np.concatenate([
            np.stack([r["track_id"].astype(np.int64), (r["observed"].astype(np.int64) + PG_EPOCH_US) // HOUR_US * HOUR_US - PG_EPOCH_US], 1)
            for r in pieces]), axis=0)
        rows = np.zeros(len(hours), TOUCHED_ROW)
        rows["fields"], rows["l1"], rows["l2"] = 2, 8, 8
        rows["track_id"], rows["hour"] = hours[:, 0], hours[:, 1]
        with cursor.copy("COPY touched FROM STDIN (FORMAT binary)") as copy:
            copy.write(COPY_HEAD + rows.tobytes() + b"\xff\xff")


def latest(connection: psycopg.Connection, world: int) -> None:
    """Bring the newest place of every touched track up to date; an older fix that comes late changes nothing."""
    connection.execute("""
        INSERT INTO latest_fix (track_id, world, kind, agency_id, observed_at, recorded_at, qk, geom, speed_mps, course_deg,
                                heading_deg, altitude_m, accuracy_m, source_id, line, flags)
        SELECT t.id, t.world, t.kind, t.agency_id, f.observed_at, f.recorded_at, f.qk, f.geom, f.speed_mps, f.course_deg,
               f.heading_deg, f.altitude_m, f.accuracy_m, f.source_id, f.line, f.flags
        FROM (SELECT DISTINCT track_id FROM touched) changed
        JOIN track t ON t.id = changed.track_id
        CROSS JOIN LATERAL (
          SELECT * FROM fix WHERE fix.world = %(world)s AND fix.track_id = t.id ORDER BY observed_at DESC, qk LIMIT 1
        ) f
        ON CONFLICT (track_id) DO UPDATE SET
          observed_at = excluded.observed_at, recorded_at = excluded.recorded_at, qk = excluded.qk, geom = excluded.geom,
          speed_mps = excluded.speed_mps, course_deg = excluded.course_deg, heading_deg = excluded.heading_deg,
          altitude_m = excluded.altitude_m, accuracy_m = excluded.accuracy_m, source_id = excluded.source_id,
          line = excluded.line, flags = excluded.flags
        WHERE excluded.observed_at >= latest_fix.observed_at
    """, {"world": world})
