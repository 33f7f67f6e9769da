"""Flows: movement at low zooms, as passes from one small cell to the next, by day and by month.

A segment's line is followed through the grid of each band; every crossing is one pass, and a segment that stays in one
cell is one pass from the cell to itself. So nothing is dropped, and what a tile has to read no longer grows with fixes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import psycopg

from data.quadkey import POINT_LEVEL, qk

# band -> the highest zoom it is drawn at. Its grid is 2 px there (a 512 px tile has 2^8 cells a side).
BANDS: tuple[int, ...] = (4, 6, 8)
CELLS_A_TILE = 8
MONTH_SPAN, DAY_SPAN = 30, 1
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
    kind: np.ndarray
    agency: np.ndarray

    @classmethod
    def none(cls) -> Lines:
        return cls(*(np.array([]) for _ in range(6)))


def passes(lines: Lines) -> pd.DataFrame:
    """Columns band, day (datetime64[D]), qk, to_qk, kind, agency_id, passes."""
    if not len(lines.segment):
        return pd.DataFrame(columns=[*COLUMNS, "passes"])
    key = qk(lines.lon, lines.lat)
    out = []
    for band in BANDS:
        shift = np.int64(2 * (POINT_LEVEL - band - CELLS_A_TILE))
        cell = key >> shift << shift
        same = lines.segment[1:] == lines.segment[:-1]
        crossing = np.flatnonzero(same & (cell[1:] != cell[:-1]))
        moved = np.unique(lines.segment[crossing])
        first = np.flatnonzero(np.r_[True, ~same])
        still = first[~np.isin(lines.segment[first], moved)]
        at = np.concatenate([crossing, still])
        frame = pd.DataFrame({
            "band": band, "day": lines.day[at].astype("datetime64[D]"), "qk": cell[at],
            "to_qk": np.concatenate([cell[crossing + 1], cell[still]]), "kind": lines.kind[at],
            "agency_id": lines.agency[at],
        })
        out.append(frame.groupby(COLUMNS, sort=False).size().rename("passes").reset_index())
    return pd.concat(out, ignore_index=True)


def change(connection: psycopg.Connection, world: int, *, gone: Lines, come: Lines) -> None:
    """Take the passes of old lines out and put those of new ones in, in days and in months alike."""
    old, new = passes(gone), passes(come)
    old["passes"] = -old["passes"]
    both = pd.concat([f for f in (old, new) if len(f)]) if len(old) or len(new) else new
    if both.empty:
        return
    both = both.groupby(COLUMNS, sort=True).passes.sum().reset_index()
    both = both[both.passes != 0]
    if both.empty:
        return
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TEMP TABLE IF NOT EXISTS flow_change (
              band smallint, day date, qk bigint, to_qk bigint, kind text, agency_id int, passes int) ON COMMIT DELETE ROWS;
            TRUNCATE flow_change;
        """)
        days = both.day.astype(str)
        with cursor.copy("COPY flow_change FROM STDIN") as copy:
            for row in zip(both.band, days, both.qk, both.to_qk, both.kind, both.agency_id, both.passes):
                copy.write_row(row)
        cursor.execute("""
            INSERT INTO flow (world, band, span_d, day, qk, to_qk, kind, agency_id, passes)
            SELECT %(world)s, band, 1, day, qk, to_qk, kind, agency_id, passes FROM flow_change
            UNION ALL
            SELECT %(world)s, band, 30, date_trunc('month', day)::date, qk, to_qk, kind, agency_id, sum(passes)
            FROM flow_change GROUP BY 2, 4, 5, 6, 7, 8
            ON CONFLICT (world, band, span_d, day, qk, to_qk, kind, agency_id)
            DO UPDATE SET passes = flow.passes + excluded.passes
        """, {"world": world})
        if (both.passes < 0).any():
            cursor.execute("DELETE FROM flow WHERE world = %s AND passes = 0", (world,))
