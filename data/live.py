"""Fixes as they come, a few hundred at a time: stored once each, the newest place moved on, everybody who listens told.

Lines and flows are left to data/settling.py: an hour made anew for each of its fixes would cost more than the fixes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import psycopg

from data import authority
from data.fixes import COPY_END, COPY_HEAD, COLUMNS, MEASURES, TrackTold, put_tracks, wire
from data.flags import UNTRUSTED
from data.handover import Handing
from data.news import next_batch, tell
from data.partitions import ensure_months
from data.quadkey import qk


@dataclass
class Stored:
    """What came of a batch. Rows in are rows accounted for: new + already + sealed."""

    new: np.ndarray  # which of the rows handed in are new, shape (n,)
    already: int = 0
    sealed: dict[str, int] = field(default_factory=dict)  # by reason
    batch: int | None = None  # the number it is told under; None: nothing of it is news


class LiveWriter:
    """Stores what one feed hears, each batch in the caller's transaction. One for each connection."""

    def __init__(self, connection: psycopg.Connection, world: int, source_id: int):
        self.connection, self.world, self.source_id = connection, world, source_id
        connection.execute("""
            CREATE TEMP TABLE IF NOT EXISTS incoming (
              world smallint, track_id bigint, observed_at timestamptz, qk bigint, geom geometry, speed_mps real, course_deg real,
              heading_deg real, altitude_m real, accuracy_m real, source_id int, line int, flags int) ON COMMIT DELETE ROWS
        """)
        connection.commit()

    def tracks(self, told: list[TrackTold]) -> list[int]:
        """The ids of these tracks, made where they are new; names are brought up to date."""
        return put_tracks(self.connection, self.world, self.source_id, told)

    def store(self, columns: dict[str, np.ndarray]) -> Stored:
        """Columns of shape (n,) as `FixWriter.write` takes them."""
        n = len(columns["track_id"])
        every = {
            "track_id": np.asarray(columns["track_id"], np.int64), "observed_us": np.asarray(columns["observed_us"], np.int64),
            "lon": np.asarray(columns["lon"], float), "lat": np.asarray(columns["lat"], float),
            **{m: np.broadcast_to(np.asarray(columns.get(m, np.nan), np.float32), n) for m in MEASURES},
            **{name: np.broadcast_to(np.asarray(columns.get(name, 0), np.int32), n) for name in ("line", "flags")},
        }
        every["qk"] = qk(every["lon"], every["lat"])
        out, theirs = Stored(np.zeros(n, bool)), []
        if not n:
            return out
        # Asked anew for each batch: an authority may have been revoked since the last.
        limits = authority.limits(self.connection, self.world, np.unique(every["track_id"]).tolist())
        why = authority.outside(limits, every["track_id"], every["observed_us"], every["lon"], every["lat"])
        if why.any():
            at = np.flatnonzero(why)
            gone = {name: values[at] for name, values in every.items()}
            sealed = authority.seal(self.connection, self.world, self.source_id, gone, why[at])
            out.sealed = {reason: number for reason, (number, _) in sealed.items()}
            out.already += len(at) - sum(out.sealed.values())
            theirs = self._handed(gone, why[at], sealed)
        kept = np.flatnonzero(why == 0)
        if len(kept):
            new = self._put({name: values[kept] for name, values in every.items()})
            out.new[kept[new]] = True
            out.already += len(kept) - len(new)
            if len(new):
                out.batch = self._newest()
        for columns in theirs:
            self.store(columns)
        return out

    def _handed(self, gone: dict[str, np.ndarray], why: np.ndarray, sealed: dict[str, tuple[int, list[int]]]) -> list[dict[str, np.ndarray]]:
        """Of fixes that left the area of their authority, those that are others' now."""
        if "area" not in sealed:
            return []
        handing = Handing(self.connection)
        handing.know(sealed["area"][1])
        return handing.beyond(gone, why, sealed)

    def _put(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """Which rows (positions in `columns`) were not there yet; those are in `fix` and in `fresh` now."""
        ensure_months(self.connection, self.world, columns["observed_us"])
        with self.connection.cursor() as cursor:
            cursor.execute("DELETE FROM incoming")  # of a batch before, in the same transaction
            with cursor.copy(f"COPY incoming ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
                for part in (COPY_HEAD, *wire(columns, self.world, self.source_id), COPY_END):
                    copy.write(part)
            rows = cursor.execute(f"""
                INSERT INTO fix ({COLUMNS}) SELECT {COLUMNS} FROM incoming ON CONFLICT DO NOTHING
                RETURNING track_id, (extract(epoch FROM observed_at) * 1000000)::bigint, qk
            """, binary=True).fetchall()
            if len(rows) < len(columns["qk"]):
                # What was there already says nothing new: it must not count as heard again below.
                cursor.execute("CREATE TEMP TABLE IF NOT EXISTS told_now (track_id bigint, observed_us bigint, qk bigint) ON COMMIT DELETE ROWS; TRUNCATE told_now")
                with cursor.copy("COPY told_now FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                cursor.execute("""
                    DELETE FROM incoming i WHERE NOT EXISTS (
                      SELECT FROM told_now t WHERE t.track_id = i.track_id AND t.qk = i.qk AND t.observed_us = (extract(epoch FROM i.observed_at) * 1000000)::bigint)
                """)
        if len(rows) == len(columns["qk"]):
            return np.arange(len(rows))
        fresh = {(t, at, key): True for t, at, key in rows}
        keys = zip(columns["track_id"].tolist(), columns["observed_us"].tolist(), columns["qk"].tolist())
        return np.array([i for i, key in enumerate(keys) if fresh.pop(key, False)], int)

    def _newest(self) -> int:
        """Move the newest places on, note which hours are to be drawn anew and which tracks rules have to look at, and say so. The batch's number."""
        batch = next_batch(self.connection)
        self.connection.execute("""
            INSERT INTO latest_fix (track_id, world, kind, agency_id, scope, observed_at, recorded_at, qk, geom, speed_mps, course_deg,
                                    heading_deg, altitude_m, accuracy_m, source_id, line, flags, batch)
            SELECT t.id, t.world, t.kind, t.agency_id, t.scope, i.observed_at, now(), i.qk, i.geom, i.speed_mps, i.course_deg,
                   i.heading_deg, i.altitude_m, i.accuracy_m, i.source_id, i.line, i.flags, %(batch)s
            FROM (SELECT DISTINCT ON (track_id) * FROM incoming WHERE flags & %(untrusted)s = 0 ORDER BY track_id, observed_at DESC, qk) i
            JOIN track t ON t.id = i.track_id
            ORDER BY t.id  -- two feeds that tell of the same tracks take their rows in the same order
            ON CONFLICT (track_id) DO UPDATE SET
              observed_at = excluded.observed_at, recorded_at = excluded.recorded_at, qk = excluded.qk, geom = excluded.geom,
              speed_mps = excluded.speed_mps, course_deg = excluded.course_deg, heading_deg = excluded.heading_deg, altitude_m = excluded.altitude_m,
              accuracy_m = excluded.accuracy_m, source_id = excluded.source_id, line = excluded.line, flags = excluded.flags, batch = excluded.batch
            WHERE excluded.observed_at >= latest_fix.observed_at
        """, {"batch": batch, "untrusted": UNTRUSTED})
        self.connection.execute("""
            INSERT INTO unsettled (world, track_id, hour, fixes)
            SELECT world, track_id, date_trunc('hour', observed_at, 'UTC'), count(*) FROM incoming GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (world, track_id, hour) DO UPDATE SET fixes = unsettled.fixes + excluded.fixes
        """)
        self.connection.execute("""
            INSERT INTO event_due (world, track_id, from_at, to_at, fixes)
            SELECT world, track_id, min(observed_at), max(observed_at), count(*) FROM incoming GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (world, track_id) DO UPDATE SET from_at = least(event_due.from_at, excluded.from_at), to_at = greatest(event_due.to_at, excluded.to_at),
              fixes = event_due.fixes + excluded.fixes, stamp = event_due.stamp + 1
        """)
        tell(self.connection, batch)
        return batch

