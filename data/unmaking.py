"""Fixes out of the database, and what was made of them put right: segments, covers, flows, newest places. In the caller's transaction.

Which go stands in the temporary table `leaving`: hours of tracks, of each the fixes recorded until `cut`.
"""

from __future__ import annotations

import numpy as np
import psycopg
import shapely

from data import fixes, flows, news, segments

LEAVING = """
CREATE TEMP TABLE IF NOT EXISTS leaving (track_id bigint, hour timestamptz, cut timestamptz) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS touched (track_id bigint, hour timestamptz) ON COMMIT DELETE ROWS;
TRUNCATE leaving, touched;
"""
OF_LEAVING = """f.world = %(world)s AND f.track_id = l.track_id AND f.observed_at >= l.hour AND f.observed_at < l.hour + interval '1 hour'
  AND f.recorded_at <= l.cut"""

OF_A_FIX = """EXISTS (SELECT FROM unnest(ARRAY[({of}.first_fix ->> 'us')::bigint, ({of}.last_fix ->> 'us')::bigint]) AS f (us)
  WHERE to_timestamp(f.us / 1e6) >= l.hour AND to_timestamp(f.us / 1e6) < l.hour + interval '1 hour')"""
TOLD_OF = (
    f"DELETE FROM event e USING leaving l WHERE e.world = %(world)s AND (e.track_id = l.track_id OR e.other_id = l.track_id) AND {OF_A_FIX.format(of='e')}",
    f"""DELETE FROM event_revision r USING event e, leaving l WHERE e.world = %(world)s AND (e.track_id = l.track_id OR e.other_id = l.track_id) AND r.event_id = e.id
        AND {OF_A_FIX.format(of='r')}""",
)


def begin(connection: psycopg.Connection) -> None:
    connection.execute(LEAVING)


def contents(connection: psycopg.Connection, world: int) -> dict[int, tuple[int, str, list[int]]]:
    """Track -> how many of its fixes leave, all they are as JSON lines, the sources they came from."""
    rows = connection.execute(f"""
        SELECT f.track_id, count(*), string_agg((to_jsonb(f) || jsonb_build_object('geom', f.geom::text))::text, E'\\n' ORDER BY f.observed_at, f.qk),
               array_agg(DISTINCT f.source_id)
        FROM leaving l JOIN fix f ON {OF_LEAVING} GROUP BY 1
    """, {"world": world})
    return {track: (number, content, sources) for track, number, content, sources in rows}


def take_out(connection: psycopg.Connection, world: int, *, keep_flows: bool) -> None:
    """Delete what leaves. With `keep_flows` the sums over many stay, and nothing of whose they were."""
    connection.execute(f"DELETE FROM fix f USING leaving l WHERE {OF_LEAVING}", {"world": world})
    for told in TOLD_OF:  # an event tells of two fixes: it goes with the first of them that does, and so does each earlier telling of it
        connection.execute(told, {"world": world})
    # Lines begin at the last fix before their hour, and gaps lead on to the next: the hours beside are made again too, from what is left.
    connection.execute("""
        INSERT INTO touched
        SELECT DISTINCT l.track_id, date_trunc('hour', f.observed_at, 'UTC') FROM leaving l CROSS JOIN LATERAL (
          SELECT observed_at FROM fix f WHERE f.world = %(world)s AND f.track_id = l.track_id
            AND f.observed_at >= l.hour AND f.observed_at < l.hour + interval '1 hour'
          UNION ALL (SELECT observed_at FROM fix f WHERE f.world = %(world)s AND f.track_id = l.track_id
            AND f.observed_at < l.hour ORDER BY observed_at DESC LIMIT 1)
          UNION ALL (SELECT observed_at FROM fix f WHERE f.world = %(world)s AND f.track_id = l.track_id
            AND f.observed_at >= l.hour + interval '1 hour' ORDER BY observed_at LIMIT 1)
        ) f
    """, {"world": world})
    gone = connection.execute("""
        WITH gone AS (
          DELETE FROM segment s USING leaving l WHERE s.world = %(world)s AND s.track_id = l.track_id AND s.hour = l.hour
          RETURNING s.track_id, s.hour, s.part, s.gap, s.kind, s.scope, s.line, s.cells
        ), uncovered AS (
          DELETE FROM cover c USING (SELECT track_id, hour, part, unnest(cells) AS cell FROM gone) g
          WHERE (c.world, c.cell, c.track_id, c.hour, c.part) = (%(world)s, g.cell, g.track_id, g.hour, g.part)
        )
        SELECT extract(epoch FROM hour)::bigint / 86400, kind, scope, ST_AsBinary(ST_Force2D(line)) FROM gone WHERE NOT gap
    """, {"world": world}, binary=True).fetchall()
    if gone and not keep_flows:
        with flows.Changes() as changes:
            changes.add(lines(gone), -1)
            flows.settle(connection, world, changes)
    connection.execute("DELETE FROM latest_fix WHERE world = %s AND track_id IN (SELECT track_id FROM leaving)", (world,))
    segments.rebuild(connection, world)
    news.tell_gone(connection, fixes.latest(connection, world))


def lines(rows: list[tuple]) -> flows.Lines:
    """Rows of day (since 1970), kind, scope and WKB as lines for the flows."""
    coordinates, owner = shapely.get_coordinates(shapely.from_wkb([bytes(r[3]) for r in rows]), return_index=True)
    return flows.Lines(
        segment=owner, lon=coordinates[:, 0], lat=coordinates[:, 1], day=np.array([int(r[0]) for r in rows])[owner],
        kind=np.array([segments.KIND_CODE[r[1]] for r in rows])[owner], scope=np.array([r[2] for r in rows])[owner],
    )
