"""Which border section a seizure belongs to: the nearest in metres, whatever the statistics of the tables say."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod
from shapely import LineString
from tests.data.made import seizures

from data.border import REACH_M, assign


def sections(connection, lat: float, rng: np.random.Generator) -> None:
    """A winding border along a parallel, in 24 pieces."""
    lon = np.linspace(-101, -94, 24 * 40 + 1)
    line = np.column_stack([lon, lat + np.cumsum(rng.normal(0, 0.01, len(lon)))])
    for i in range(24):
        piece = LineString(line[40 * i: 40 * i + 41])
        connection.execute(
            "INSERT INTO border_section (id, name, country_a, country_b, ordinal, length_m, cell, line) "
            "VALUES (%s, %s, 'AA', 'BB', %s, %s, 0, ST_GeomFromText(%s, 4326))",
            (i + 1, f"AA–BB {i + 1}", i, Geod(ellps="WGS84").geometry_length(piece), piece.wkt))


@pytest.mark.parametrize("lat", [26.0, 64.0])
def test_each_is_given_the_section_nearest_in_metres(database, lat):
    rng = np.random.default_rng(int(lat))
    with database.connect() as connection:
        sections(connection, lat, rng)
        seizures(connection, rng, 300, unplaced=3, aggregates=4)
        connection.execute("UPDATE seizure SET geom = ST_SetSRID(ST_MakePoint(ST_X(geom), ST_Y(geom) + %s), 4326) WHERE geom IS NOT NULL", (lat - 26,))
        assign(connection)
        rows = connection.execute("""
            SELECT z.border_section_id, z.border_m, n.id, n.m FROM seizure z CROSS JOIN LATERAL (
              SELECT id, ST_Distance(line::geography, z.geom::geography) AS m FROM border_section ORDER BY m LIMIT 1) n
            WHERE z.geom IS NOT NULL AND NOT z.aggregate""").fetchall()
        others = connection.execute("SELECT count(*) FILTER (WHERE border_section_id IS NULL), count(*) FROM seizure WHERE geom IS NULL OR aggregate").fetchone()
    near = [r for r in rows if r[3] <= REACH_M]
    assert len(rows) == 300 and 50 < len(near) < 300
    assert all(r[1] == pytest.approx(r[3], rel=1e-6) for r in near)
    assert [r[0] for r in near if r[0] is None] == [] and all(r[0] is None for r in rows if r[3] > REACH_M)
    assert others == (7, 7)


def test_many_in_one_town_get_one_answer_each(database):
    rng = np.random.default_rng(3)
    with database.connect() as connection:
        sections(connection, 26.0, rng)
        seizures(connection, rng, 200)
        connection.execute("UPDATE seizure SET geom = ST_SetSRID(ST_MakePoint(-97.5, 26.0), 4326)")
        assign(connection)
        found = connection.execute("SELECT border_section_id, border_m, count(*) FROM seizure GROUP BY 1, 2").fetchall()
    assert len(found) == 1 and found[0][0] is not None and found[0][2] == 200
