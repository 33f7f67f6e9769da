"""The nearest land border of what is placed: set-based, by the stored lines, geodesic."""

from __future__ import annotations

import psycopg

REACH_M = 50_000  # farther away it belongs to no section


def assign(connection: psycopg.Connection, source_id: int | None = None) -> None:
    """Give every placed seizure (of a source) without one its nearest border section within REACH_M."""
    connection.execute("""
        WITH spots AS MATERIALIZED (
          -- many share a town's point: each spot is measured once
          SELECT geom, array_agg(id) AS ids, cos(radians(ST_Y(geom))) AS shrink FROM seizure
          WHERE geom IS NOT NULL AND border_section_id IS NULL AND NOT aggregate
            AND (%(source)s::int IS NULL OR source_id = %(source)s)
          GROUP BY geom
        ), near AS MATERIALIZED (
          SELECT s.ids, b.id AS section, b.distance_m
          FROM spots s CROSS JOIN LATERAL (
            SELECT id, ST_Distance(line::geography, s.geom::geography) AS distance_m
            FROM (
              -- The eight nearest in degrees hold the nearest in metres, and so do the two nearest with a degree of longitude
              -- drawn as long as it is here; geodesic distances to all eight would take three times as long.
              SELECT id, line FROM (SELECT id, line FROM border_section ORDER BY line <-> s.geom LIMIT 8) c
              ORDER BY ST_Distance(ST_Scale(line, s.shrink, 1), ST_Scale(s.geom, s.shrink, 1)) LIMIT 2
            ) d ORDER BY distance_m LIMIT 1
          ) b
        )
        -- By the ids: the table's statistics may be older than what was just put in, and a join on places would be guessed wrong.
        UPDATE seizure z SET border_section_id = n.section, border_m = n.distance_m
        FROM (SELECT unnest(ids) AS id, section, distance_m FROM near WHERE distance_m <= %(reach)s) n WHERE z.id = n.id
    """, {"source": source_id, "reach": REACH_M})
