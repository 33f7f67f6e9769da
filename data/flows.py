"""Flows: movement at low zooms, as passes from one small cell to the next, by day and by month.

A segment's line is followed through the grid of each band; every crossing is one pass, and a segment that stays in one
cell is one pass from the cell to itself. So nothing is dropped, and what a tile has to read no longer grows with fixes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from data.quadkey import POINT_LEVEL, qk
from data.records import KINDS

# band -> the highest zoom it is drawn at. Its grid is 2 px there (a 512 px tile has 2^8 cells a side).
BANDS: tuple[int, ...] = (4, 6, 8)
CELLS_A_TILE = 8
MONTH_SPAN, DAY_SPAN = 30, 1
# One row of binary COPY, every field of fixed size.
ROW = np.dtype([
    ("fields", ">i2"), ("l1", ">i4"), ("band", ">i2"), ("l2", ">i4"), ("day", ">i4"), ("l3", ">i4"), ("qk", ">i8"), ("l4", ">i4"), ("to_qk", ">i8"),
    ("l5", ">i4"), ("kind", ">i2"), ("l6", ">i4"), ("agency_id", ">i4"), ("l7", ">i4"), ("passes", ">i4"),
])
UPSERT = "ON CONFLICT (world, band, span_d, day, qk, to_qk, kind, agency_id) DO UPDATE SET passes = flow.passes + excluded.passes"
PG_EPOCH_DAY = 10_957  # 2000-01-01, from which PostgreSQL counts, in days since 1970
EMPTY = pa.schema([
    ("band", pa.int16()), ("day", pa.int32()), ("qk", pa.int64()), ("to_qk", pa.int64()), ("kind", pa.int16()), ("agency_id", pa.int32()),
    ("passes", pa.int32()),
]).empty_table()
COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COLUMNS = ["band", "day", "qk", "to_qk", "kind", "agency_id"]


def band_at(zoom: int) -> int | None:
    """The band drawn at a zoom, or None where segments are."""
    return next((b for b in BANDS if zoom <= b), None)


@dataclass
class Lines:
    """Vertices of segments as columns of shape (n,), each segment's standing together."""

    segment: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    day: np.ndarray  # days since 1970 (UTC) of the segment's hour
    kind: np.ndarray  # its place in KINDS, from 1 as SQL counts
    agency: np.ndarray

    @classmethod
    def none(cls) -> Lines:
        return cls(*(np.array([]) for _ in range(6)))


def passes(lines: Lines, sign: int = 1) -> pa.Table:
    """Columns band, day (days since 1970), qk, to_qk, kind, agency_id, passes; each row with its own edge, not yet summed."""
    if not len(lines.segment):
        return EMPTY
    key = qk(lines.lon, lines.lat)
    same = lines.segment[1:] == lines.segment[:-1]
    first = np.flatnonzero(np.r_[True, ~same])
    out = []
    for band in BANDS:
        shift = np.int64(2 * (POINT_LEVEL - band - CELLS_A_TILE))
        cell = key >> shift << shift
        crossing = np.flatnonzero(same & (cell[1:] != cell[:-1]))
        moved = np.zeros(int(lines.segment.max()) + 1, bool)
        moved[lines.segment[crossing]] = True
        still = first[~moved[lines.segment[first]]]
        at = np.concatenate([crossing, still])
        out.append(pa.table({
            "band": np.full(len(at), band, np.int16), "day": lines.day[at].astype(np.int32), "qk": cell[at],
            "to_qk": np.concatenate([cell[crossing + 1], cell[still]]), "kind": lines.kind[at].astype(np.int16),
            "agency_id": lines.agency[at].astype(np.int32), "passes": np.full(len(at), sign, np.int32),
        }, schema=EMPTY.schema))
    return _summed(pa.concat_tables(out))


def _summed(table: pa.Table) -> pa.Table:
    sums = table.group_by(COLUMNS, use_threads=False).aggregate([("passes", "sum")]).rename_columns({"passes_sum": "passes"})
    return sums.filter(pc.not_equal(sums["passes"], 0)).cast(EMPTY.schema)


def begin(connection: psycopg.Connection) -> None:
    """Make room for changes to be staged, in the caller's transaction."""
    for statement in (
        """CREATE TEMP TABLE IF NOT EXISTS flow_change (
             band smallint, day date, qk bigint, to_qk bigint, kind smallint, agency_id int, passes int) ON COMMIT DELETE ROWS""",
        "CREATE TEMP TABLE IF NOT EXISTS flow_day (span_d smallint, day date, fresh bool) ON COMMIT DELETE ROWS",
        "TRUNCATE flow_change, flow_day",
    ):
        connection.execute(statement)


def stage(connection: psycopg.Connection, *, gone: Lines, come: Lines) -> None:
    """The passes of old lines are to be taken out and those of new ones put in."""
    days = passes(come)
    if len(gone.segment):
        days = _summed(pa.concat_tables([days, passes(gone, -1)]))
    if days.num_rows:
        with connection.cursor() as cursor, cursor.copy("COPY flow_change FROM STDIN (FORMAT binary)") as copy:
            copy.write(COPY_HEAD)
            copy.write(_rows(days).tobytes())
            copy.write(b"\xff\xff")


def settle(connection: psycopg.Connection, world: int) -> None:
    """Put all that was staged into days and months."""
    told = {"world": world, "kinds": list(KINDS)}
    connection.execute("SET LOCAL work_mem = '192MB'")
    # Where there is no row of a day yet nothing can be there twice, and that need not be looked for row by row.
    connection.execute("""
        INSERT INTO flow_day
        SELECT span_d, day, NOT EXISTS (SELECT FROM flow f WHERE f.world = %(world)s AND f.band = %(band)s AND (f.span_d, f.day) = (d.span_d, d.day))
        FROM (SELECT 1 AS span_d, day FROM flow_change UNION SELECT 30, date_trunc('month', day)::date FROM flow_change) d
    """, {"world": world, "band": BANDS[0]})
    for span_d, day in ((DAY_SPAN, "c.day"), (MONTH_SPAN, "date_trunc('month', c.day)::date")):
        for fresh, conflict in ((True, ""), (False, UPSERT)):
            # In the order of the key, so that its index grows at its end.
            connection.execute(f"""
                INSERT INTO flow (world, band, span_d, day, qk, to_qk, kind, agency_id, passes)
                SELECT %(world)s, c.band, d.span_d, d.day, c.qk, c.to_qk, (%(kinds)s::text[])[c.kind] AS kind, c.agency_id, sum(c.passes)
                FROM flow_change c JOIN flow_day d ON d.span_d = {span_d} AND d.day = {day} AND d.fresh IS {fresh}
                GROUP BY c.band, d.span_d, d.day, c.qk, c.to_qk, c.kind, c.agency_id HAVING sum(c.passes) <> 0
                ORDER BY c.band, d.day, c.qk, c.to_qk {conflict}
            """, told)
    connection.execute("DELETE FROM flow WHERE world = %s AND passes = 0 AND EXISTS (SELECT FROM flow_change WHERE passes < 0)", (world,))


def _rows(table: pa.Table) -> np.ndarray:
    """Flows as rows of binary COPY."""
    rows = np.zeros(table.num_rows, ROW)
    rows["fields"] = 7
    for name, size in (("l1", 2), ("l2", 4), ("l3", 8), ("l4", 8), ("l5", 2), ("l6", 4), ("l7", 4)):
        rows[name] = size
    for name in ("band", "qk", "to_qk", "kind", "agency_id", "passes"):
        rows[name] = table[name].to_numpy()
    rows["day"] = table["day"].to_numpy() - PG_EPOCH_DAY
    return rows
