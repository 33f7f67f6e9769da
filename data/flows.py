"""Flows: movement at low zooms, as passes from one small cell to the next, by day and by month.

A segment's line is followed through the grid of each band; every crossing is one pass, and a segment that stays in one
cell is one pass from the cell to itself. So nothing is dropped, and what a tile has to read no longer grows with fixes.

A row holds the edges that begin in one block (the tile of the band's own zoom) as arrays: a few thousand rows where one a
edge would be millions, and a tile reads some of them whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg

from data.quadkey import POINT_LEVEL, qk
from data.records import KINDS

# band -> the highest zoom it is drawn at. Its grid is 2 px there (a 512 px tile has 2^8 cells a side).
BANDS: tuple[int, ...] = (4, 6, 8)
CELLS_A_TILE = 8
MONTH_SPAN, DAY_SPAN = 30, 1
KEY = "world, band, span_d, day, block, kind, agency_id"
COLUMNS = f"{KEY}, qk, to_qk, passes"
PG_EPOCH_DAY = 10_957  # 2000-01-01, from which PostgreSQL counts, in days since 1970
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"
SENT_BYTES = 8 << 20
# Changes as they wait: the edge is its two cells, 32 bits each; the owner is who passed (kind and agency).
CHANGE = np.dtype([("edge", "<u8"), ("owner", "<i4"), ("passes", "<i4")])
# One row of binary COPY up to the kind, and an element of an array of each size.
HEAD = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("world", ">i2"), ("l2", ">i4"), ("band", ">i2"), ("l3", ">i4"), ("span_d", ">i2"),
                 ("l4", ">i4"), ("day", ">i4"), ("l5", ">i4"), ("block", ">i8")])
INT8, INT4 = np.dtype([("size", ">i4"), ("value", ">i8")]), np.dtype([("size", ">i4"), ("value", ">i4")])
INT8_OID, INT4_OID = 20, 23

MERGE = f"""
INSERT INTO flow AS f ({COLUMNS})
SELECT {COLUMNS} FROM flow_change ORDER BY {KEY}
ON CONFLICT ({KEY}) DO UPDATE SET (qk, to_qk, passes) = (
  SELECT coalesce(array_agg(qk), '{{}}'), coalesce(array_agg(to_qk), '{{}}'), coalesce(array_agg(passes), '{{}}')
  FROM (
    SELECT qk, to_qk, sum(passes)::int AS passes
    FROM (
      SELECT * FROM unnest(f.qk, f.to_qk, f.passes) UNION ALL SELECT * FROM unnest(excluded.qk, excluded.to_qk, excluded.passes)
    ) both_ (qk, to_qk, passes)
    GROUP BY qk, to_qk HAVING sum(passes) <> 0 ORDER BY qk, to_qk
  ) summed
)
"""


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


def edges(lines: Lines, band: int) -> tuple[np.ndarray, np.ndarray]:
    """Every pass of a band: its edge (first cell << 32 | next cell), and the vertex whose day, kind and agency it has."""
    key = qk(lines.lon, lines.lat)
    cell = (key >> np.int64(_shift(band))).astype(np.uint64)
    same = lines.segment[1:] == lines.segment[:-1]
    first = np.flatnonzero(np.r_[True, ~same])
    crossing = np.flatnonzero(same & (cell[1:] != cell[:-1]))
    moved = np.zeros(int(lines.segment.max()) + 1, bool)
    moved[lines.segment[crossing]] = True
    still = first[~moved[lines.segment[first]]]
    at = np.concatenate([crossing, still])
    following = np.concatenate([cell[crossing + 1], cell[still]])
    return cell[at] << np.uint64(32) | following, at


class Changes:
    """What an import changes in flows, held in a file of its own until all is known: memory stays flat."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="vigia-flows-")
        self._pieces: dict[int, dict[int, list[tuple[int, int]]]] = {band: {} for band in BANDS}
        self._owners: dict[tuple[int, int], int] = {}

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def add(self, lines: Lines, sign: int = 1) -> None:
        """The passes of new lines come, those of old ones (sign -1) go."""
        if not len(lines.segment):
            return
        owner = self._owner(lines)
        for band in BANDS:
            edge, at = edges(lines, band)
            change = np.empty(len(edge), CHANGE)
            change["edge"], change["owner"], change["passes"] = edge, owner[at], sign
            day = lines.day[at].astype(np.int64)
            order = np.argsort(day, kind="stable")
            change, day = change[order], day[order]
            edge_of_days = np.r_[np.flatnonzero(np.r_[True, day[1:] != day[:-1]]), len(day)]
            for a, b in zip(edge_of_days[:-1].tolist(), edge_of_days[1:].tolist()):
                self._pieces[band].setdefault(int(day[a]), []).append(self._keep(summed([change[a:b]])))

    def _owner(self, lines: Lines) -> np.ndarray:
        """The number of each vertex's kind and agency."""
        new = np.r_[True, lines.segment[1:] != lines.segment[:-1]]
        pairs = list(zip(lines.kind[new].tolist(), lines.agency[new].tolist()))
        known = np.array([self._owners.setdefault(pair, len(self._owners)) for pair in pairs], np.int32)
        return known[np.cumsum(new) - 1]

    def _keep(self, change: np.ndarray) -> tuple[int, int]:
        at = self._file.tell()
        self._file.write(change.tobytes())
        return at, len(change)

    def _read(self, pieces: list[tuple[int, int]]) -> list[np.ndarray]:
        out = []
        for at, number in pieces:
            self._file.seek(at)
            out.append(np.frombuffer(self._file.read(number * CHANGE.itemsize), CHANGE))
        return out

    def rows(self, world: int) -> Iterator[bytes]:
        """Rows of binary COPY in the order of the key, so that two imports never wait for each other crosswise."""
        owners = [b"\x00\x00\x00%c" % len(KINDS[k - 1]) + KINDS[k - 1].encode() + b"\x00\x00\x00\x04" + int(a).to_bytes(4, "big")
                  for k, a in self._owners]
        for band in BANDS:
            months: dict[int, list[np.ndarray]] = {}
            for day in sorted(self._pieces[band]):
                change = summed(self._read(self._pieces[band][day]))
                yield from _blocks(change, owners, world, band, DAY_SPAN, day)
                held = months.setdefault(_month(day), [])
                held.append(change)
                if sum(map(len, held[1:])) > len(held[0]) + 1_000_000:
                    held[:] = [summed(held)]
            for month in sorted(months):
                yield from _blocks(summed(months[month]), owners, world, band, MONTH_SPAN, month)


def summed(changes: list[np.ndarray]) -> np.ndarray:
    """Changes of one owner and edge as one, in order of owner and edge; those that cancel out are left out."""
    every = np.concatenate(changes)
    order = np.argsort(every["edge"])
    if len(every) and (every["owner"] != every["owner"][0]).any():
        order = order[np.argsort(every["owner"][order], kind="stable")]
    every = every[order]
    new = np.flatnonzero(np.r_[True, (every["edge"][1:] != every["edge"][:-1]) | (every["owner"][1:] != every["owner"][:-1])])
    if not len(every):
        return every
    out = every[new]
    out["passes"] = np.add.reduceat(every["passes"], new)
    return out[out["passes"] != 0]


def _month(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype("datetime64[D]").astype(int))


def _shift(band: int) -> int:
    """How many bits of a point's key lie below a band's cell."""
    return 2 * (POINT_LEVEL - band - CELLS_A_TILE)


def _blocks(change: np.ndarray, owners: list[bytes], world: int, band: int, span_d: int, day: int) -> Iterator[bytes]:
    if not len(change):
        return
    cell, following = change["edge"] >> np.uint64(32), change["edge"] & np.uint64(0xFFFFFFFF)
    block = cell >> np.uint64(2 * CELLS_A_TILE)
    starts = np.flatnonzero(np.r_[True, (block[1:] != block[:-1]) | (change["owner"][1:] != change["owner"][:-1])])
    head = np.zeros(len(starts), HEAD)
    head["fields"] = 10
    for name, size in (("l1", 2), ("l2", 2), ("l3", 2), ("l4", 4), ("l5", 8)):
        head[name] = size
    head["world"], head["band"], head["span_d"], head["day"] = world, band, span_d, day - PG_EPOCH_DAY
    head["block"] = block[starts] << np.uint64(_shift(band) + 2 * CELLS_A_TILE)
    arrays = [(_elements(cell << np.uint64(_shift(band)), INT8), INT8, INT8_OID), (_elements(following << np.uint64(_shift(band)), INT8), INT8, INT8_OID),
              (_elements(change["passes"], INT4), INT4, INT4_OID)]
    ends = np.r_[starts[1:], len(change)]
    owner = change["owner"][starts].tolist()
    # By block first, as the key is.
    for i in np.lexsort((owner, block[starts])).tolist():
        a, b = int(starts[i]), int(ends[i])
        row = [head[i].tobytes(), owners[owner[i]]]
        for raw, element, oid in arrays:
            row += [_array_head(b - a, element.itemsize, oid), raw[a * element.itemsize:b * element.itemsize]]
        yield b"".join(row)


def _elements(values: np.ndarray, element: np.dtype) -> memoryview:
    out = np.empty(len(values), element)
    out["size"], out["value"] = element["value"].itemsize, values
    return memoryview(out.tobytes())


def _array_head(number: int, itemsize: int, oid: int) -> bytes:
    """The field's length, then one dimension, no nulls, the element's type, how many, from 1."""
    return np.array([20 + number * itemsize, 1, 0, oid, number, 1], ">i4").tobytes()


def settle(connection: psycopg.Connection, world: int, changes: Changes) -> None:
    """Put all changes into days and months, in the caller's transaction."""
    held: list[bytes] = []
    size = 0
    for row in changes.rows(world):
        held.append(row)
        size += len(row)
        if size > SENT_BYTES:
            _send(connection, held)
            held, size = [], 0
    if held:
        _send(connection, held)


def _send(connection: psycopg.Connection, rows: list[bytes]) -> None:
    """New rows are put in as they are; where one is there already they are all merged."""
    body = COPY_HEAD + b"".join(rows) + COPY_END
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(f"COPY flow ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
            copy.write(body)
        return
    except psycopg.errors.UniqueViolation:
        pass
    connection.execute("""
        CREATE TEMP TABLE IF NOT EXISTS flow_change (
          world smallint, band smallint, span_d smallint, day date, block bigint, kind text, agency_id int, qk bigint[], to_qk bigint[], passes int[]
        ) ON COMMIT DELETE ROWS;
        TRUNCATE flow_change
    """)
    with connection.cursor() as cursor, cursor.copy(f"COPY flow_change ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(body)
    connection.execute(MERGE)
    connection.execute(f"DELETE FROM flow f USING flow_change c WHERE ({', '.join('f.' + k for k in KEY.split(', '))}) = "
                       f"({', '.join('c.' + k for k in KEY.split(', '))}) AND f.passes = '{{}}'")
