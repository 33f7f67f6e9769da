"""The nearest land border of what is placed: set-based, by the stored lines, geodesic."""

from __future__ import annotations

import psycopg

REACH_M = 50_000  # farther away it belongs to no section


def assign(connection: psycopg.Connection, source_id: int | None = None) -> None:
    """Give every placed seizure (of a source) without one its nearest border section within REACH_M."""
    connection.execute("""
        WITH wanted AS (
          SELECT id, geom FROM seizure
          WHERE geom IS NOT NULL AND border_section_id IS NULL AND NOT aggregate
            AND (%(source)s::int IS NULL OR source_id = %(source)s)
        ), spots AS (
          -- many share a town's point: each spot is measured once
          SELECT DISTINCT geom FROM wanted
        ), near AS (
          SELECT s.geom, b.id AS section, b.distance_m
          FROM spots s CROSS JOIN LATERAL (
            -- the eight nearest in degrees hold the nearest in metres
            SELECT id, ST_Distance(line::geography, s.geom::geography) AS distance_m
            FROM (SELECT id, line FROM border_section ORDER BY line <-> s.geom LIMIT 8) c
            ORDER BY distance_m LIMIT 1
          ) b
          WHERE b.distance_m <= %(reach)s
        )
        UPDATE seizure z SET border_section_id = n.section, border_m = n.distance_m
        FROM wanted w JOIN near n ON n.geom = w.geom WHERE z.id = w.id
    """, {"source": source_id, "reach": REACH_M})
