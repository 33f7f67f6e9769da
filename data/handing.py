"""What a feed that we send tells: newest places of one agency's own tracks, up to a marking. By the owner, in the caller's transaction."""

from __future__ import annotations

import psycopg

from data.feeds import FeedRow
from data.people import tell
from data.records import MARKINGS
from data.scope import LEVEL
from data.worlds import NAMES

OPEN_KINDS = ("vessel", "aircraft", "drone")  # what is followed under an authority is named one by one
AT_ONCE = 2_000
COLUMNS = ("key", "kind", "name", "marking", "observed_us", "lon", "lat", "speed_mps", "course_deg", "altitude_m", "accuracy_m", "batch", "id")


def places(connection: psycopg.Connection, feed: FeedRow, after: tuple[int, int]) -> list[dict]:
    """The newest places that changed after a batch and a track of it, in that order; what is sealed by now is not among them."""
    allowed = [m for m in MARKINGS if LEVEL[m] <= min(LEVEL[feed.settings["ceiling"]], LEVEL["TLP:AMBER"])]
    rows = connection.execute("""
        SELECT t.key, t.kind, t.name, t.marking, (extract(epoch FROM l.observed_at) * 1000000)::bigint, ST_X(l.geom), ST_Y(l.geom), l.speed_mps, l.course_deg,
               l.altitude_m, l.accuracy_m, l.batch, t.id
        FROM latest_fix l JOIN track t ON t.id = l.track_id
        WHERE l.world = %s AND (l.batch, t.id) > (%s, %s) AND t.agency_id IS NOT DISTINCT FROM %s AND t.kind = ANY (%s) AND t.marking = ANY (%s)
          AND (t.sealed_at IS NULL OR t.sealed_at > clock_timestamp())
          AND l.observed_at > now() - interval '1 day'
        ORDER BY l.batch, t.id LIMIT %s
    """, (feed.world, *after, feed.agency_id, feed.settings.get("kinds") or list(OPEN_KINDS), allowed, AT_ONCE)).fetchall()
    return [dict(zip(COLUMNS, row)) for row in rows]


def record(connection: psycopg.Connection, feed: FeedRow, number: int) -> None:
    """That places are given out, and to where; before they are."""
    tell(connection, "disclosure", who=f"feed:{feed.id}", of=f"cot to {feed.settings['host']}:{feed.settings['port']}", layer="tracks",
         world=NAMES[feed.world], rows=number)
