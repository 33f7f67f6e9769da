"""Seizures into the database, in bulk, each record once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

import psycopg
import shapely
from psycopg.types.json import Jsonb


@dataclass
class SeizureRow:
    """One row to store; see data.models.Seizure."""

    content: bytes
    started_at: datetime
    ended_at: datetime
    time_span: str
    lon: float | None
    lat: float | None
    qk: int | None
    precision_m: float | None
    place: str | None
    drug: str
    drug_told: str
    quantity: float | None
    unit: str | None
    kg: float | None
    kg_rule: str | None
    event_count: int
    aggregate: bool
    conveyance: str | None
    concealment: str | None
    origin: str | None
    transit: str | None
    destination: str | None
    found_by: str | None
    agency_id: int | None
    marking: str | None
    line: int | None
    extra: dict


COLUMNS = [f.name for f in fields(SeizureRow) if f.name not in ("lon", "lat")]


class SeizureWriter:
    """Stores one source's seizures in the caller's transaction; counts those without a place."""

    def __init__(self, connection: psycopg.Connection, world: int, source_id: int):
        self.connection, self.world, self.source_id = connection, world, source_id
        self.unplaced = 0
        connection.execute("""
            CREATE TEMP TABLE IF NOT EXISTS incoming_seizure ON COMMIT DELETE ROWS AS
              SELECT content, started_at, ended_at, time_span, qk, precision_m, place, drug, drug_told, quantity, unit, kg,
                     kg_rule, event_count, aggregate, conveyance, concealment, origin, transit, destination, found_by,
                     agency_id, marking, line, extra, geom
              FROM seizure WITH NO DATA;
            TRUNCATE incoming_seizure;
        """)

    def put(self, rows: list[SeizureRow]) -> int:
        """Store what is new; how many that were."""
        with self.connection.cursor() as cursor:
            with cursor.copy(f"COPY incoming_seizure ({', '.join(COLUMNS)}, geom) FROM STDIN") as copy:
                for row in rows:
                    values = [getattr(row, name) for name in COLUMNS[:-1]]
                    copy.write_row((*values, Jsonb(row.extra), _point(row)))
            listed = ", ".join(c for c in COLUMNS if c != "marking")
            cursor.execute(f"""
                WITH put AS (
                  INSERT INTO seizure (world, source_id, marking, {listed}, geom)
                  SELECT %(world)s, %(source)s, coalesce(marking, 'TLP:AMBER'), {listed}, geom FROM incoming_seizure
                  ON CONFLICT (world, content, agency_id) DO NOTHING RETURNING geom, aggregate
                )
                SELECT count(*), count(*) FILTER (WHERE geom IS NULL AND NOT aggregate) FROM put
            """, {"world": self.world, "source": self.source_id})  # the columns are our own list
            stored, unplaced = cursor.fetchone()
            cursor.execute("TRUNCATE incoming_seizure")
        self.unplaced += unplaced
        return stored


def _point(row: SeizureRow) -> str | None:
    if row.lon is None:
        return None
    return shapely.to_wkb(shapely.set_srid(shapely.Point(row.lon, row.lat), 4326), hex=True, include_srid=True)
