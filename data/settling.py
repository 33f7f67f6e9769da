"""Lines and flows of what came live: hours that have new fixes are made anew, the longest waiting first, in what time is left for it.

Until then a track's newest hour is drawn from its fixes (data/movement.py).
"""

from __future__ import annotations

import time

import psycopg

from data import segments
from data.state import touch
from data.worlds import NAMES

TRACKS_AT_ONCE = 200
SETTLING = 0x73657474  # the advisory lock: one settles at a time


def settle(connection: psycopg.Connection, world: int, *, for_s: float = 1.0) -> int:
    """Make the lines of waiting hours for about so long, each part in a transaction of its own; how many hours were made."""
    begun, hours = time.monotonic(), 0
    while made := _part(connection, world):
        hours += made
        if time.monotonic() - begun >= for_s:
            break
    if hours:
        touch(connection, world, "tracks")
        connection.commit()
    return hours


def _part(connection: psycopg.Connection, world: int) -> int:
    """The hours of the tracks that wait longest. A fix that comes meanwhile leaves its hour waiting."""
    with connection.transaction():
        if not connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (SETTLING, world)).fetchone()[0]:
            return 0
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS touched (track_id bigint, hour timestamptz) ON COMMIT DELETE ROWS; TRUNCATE touched")
        waiting = connection.execute("""
            WITH longest AS (SELECT track_id FROM unsettled WHERE world = %(world)s GROUP BY 1 ORDER BY min(since), 1 LIMIT %(most)s)
            SELECT u.track_id, u.hour, u.fixes FROM unsettled u JOIN longest USING (track_id) WHERE u.world = %(world)s
        """, {"world": world, "most": TRACKS_AT_ONCE}).fetchall()
        if not waiting:
            return 0
        ids, hours, fixes = (list(column) for column in zip(*waiting))
        connection.execute("INSERT INTO touched SELECT * FROM unnest(%s::bigint[], %s::timestamptz[])", (ids, hours))
        segments.rebuild(connection, world)
        connection.execute("""
            DELETE FROM unsettled u USING unnest(%s::bigint[], %s::timestamptz[], %s::int[]) AS d (track_id, hour, fixes)
            WHERE u.world = %s AND u.track_id = d.track_id AND u.hour = d.hour AND u.fixes = d.fixes
        """, (ids, hours, fixes, world))
        connection.execute("""
            UPDATE unsettled u SET since = clock_timestamp() FROM unnest(%s::bigint[], %s::timestamptz[]) AS d (track_id, hour)
            WHERE u.world = %s AND u.track_id = d.track_id AND u.hour = d.hour
        """, (ids, hours, world))
        return len(ids)


def waiting(connection: psycopg.Connection) -> dict[str, int]:
    """How many track-hours wait, by world."""
    return {NAMES[world]: number for world, number in connection.execute("SELECT world, count(*) FROM unsettled GROUP BY 1").fetchall()}
