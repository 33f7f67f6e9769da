"""Flows: movement at low zooms, as passes between one small cell and the next, by day and by month.

A segment's line is followed through the grid of each band; every crossing is one pass, and a segment that stays in one
cell is one pass from the cell to itself. So nothing is dropped, and what a tile has to read no longer grows with fixes.

A row holds the edges that touch one block (a tile of the zoom `band`), packed: a tile reads a few of them whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg

from data.quadkey import POINT_LEVEL, qk, spread_array, squeeze_array
from data.records import KINDS

# A band for each zoom flows are drawn at: a tile is one block. Below the first the first is gathered up.
BANDS: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
CELLS_A_BLOCK = 8  # the binary logarithm of a block's side: 256 cells, 2 px each
MONTH_SPAN, DAY_SPAN = 30, 1
KEY = "world, band, span_d, day, block, kind, scope"
COLUMNS = f"{KEY}, edges"
PG_EPOCH_DAY = 10_957  # 2000-01-01, from which PostgreSQL counts, in days since 1970
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"
SENT_BYTES = 8 << 20
# Edges as they are kept: both cells as Morton codes of the band's grid (32 bits each), the lower one first, and how many passed.
EDGE = np.dtype([("cells", "<u8"), ("passes", "<i4")])
# Changes as they wait; the owner is who passed (kind and scope).
CHANGE = np.dtype([("cells", "<u8"), ("owner", "<i4"), ("passes", "<i4")])
# One row of binary COPY up to the kind.
HEAD = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("world", ">i2"), ("l2", ">i4"), ("band", ">i2"), ("l3", ">i4"), ("span_d", ">i2"),
                 ("l4", ">i4"), ("day", ">i4"), ("l5", ">i4"), ("block", ">i8")])
LOW = np.uint64(0xFFFFFFFF)


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
    scope: np.ndarray  # the track's (data/scope.py)

    @classmethod
    def none(cls) -> Lines:
        return cls(*(np.array([]) for _ in range(6)))


def passes(lines: Lines) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each band, finest first: the band, every pass as its two cells, and the vertex whose day, kind and scope it has."""
    key = qk(lines.lon, lines.lat).astype(np.uint64)
    new = np.r_[True, lines.segment[1:] != lines.segment[:-1]]
    first, owner = np.flatnonzero(new), np.cumsum(new) - 1
    crossing = np.flatnonzero(~new[1:])  # what does not cross in one grid crosses in no coarser one
    for band in reversed(BANDS):
        cell = key >> np.uint64(2 * (POINT_LEVEL - band - CELLS_A_BLOCK))
        crossing = crossing[cell[crossing] != cell[crossing + 1]]
        still = np.ones(len(first), bool)
        still[owner[crossing]] = False
        at = np.concatenate([crossing, first[still]])
        here, there = cell[at], np.concatenate([cell[crossing + 1], cell[first[still]]])
        yield band, np.minimum(here, there) << np.uint64(32) | np.maximum(here, there), at


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
        for band, cells, at in passes(lines):
            change = np.empty(len(cells), CHANGE)
            change["cells"], change["owner"], change["passes"] = cells, owner[at], sign
            day = lines.day[at].astype(np.int64)
            order = np.argsort(day, kind="stable")
            change, day = change[order], day[order]
            bounds = np.r_[np.flatnonzero(np.r_[True, day[1:] != day[:-1]]), len(day)]
            for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist()):
                self._pieces[band].setdefault(int(day[a]), []).append(self._keep(summed([change[a:b]])))

    def _owner(self, lines: Lines) -> np.ndarray:
        """The number of each vertex's kind and scope."""
        new = np.r_[True, lines.segment[1:] != lines.segment[:-1]]
        pairs = list(zip(lines.kind[new].tolist(), lines.scope[new].tolist()))
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
                months.setdefault(_month(day), []).append(change)
                yield from _blocks(change, owners, world, band, DAY_SPAN, day)
            for month in sorted(months):
                yield from _blocks(summed(months[month]), owners, world, band, MONTH_SPAN, month)


def summed(changes: list[np.ndarray]) -> np.ndarray:
    """Changes of one owner and edge as one, in order of owner and edge; those that cancel out are left out."""
    every = np.concatenate(changes)
    if not len(every):
        return every
    order = np.argsort(every["cells"])
    if (every["owner"] != every["owner"][0]).any():
        order = order[np.argsort(every["owner"][order], kind="stable")]
    every = every[order]
    new = np.flatnonzero(np.r_[True, (every["cells"][1:] != every["cells"][:-1]) | (every["owner"][1:] != every["owner"][:-1])])
    out = every[new]
    out["passes"] = np.add.reduceat(every["passes"], new)
    return out[out["passes"] != 0]


def gathered(edges: np.ndarray, up: int = 0) -> np.ndarray:
    """Equal edges as one, in order; `up` times in a grid of half the side, where what became a cell's own is one pass of it."""
    cells, number = edges["cells"], edges["passes"]
    for _ in range(up):
        low, high = cells >> np.uint64(34), (cells & LOW) >> np.uint64(2)
        cells = np.minimum(low, high) << np.uint64(32) | np.maximum(low, high)
    order = np.argsort(cells)
    cells, number = cells[order], number[order]
    new = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]]) if len(cells) else np.zeros(0, int)
    out = np.empty(len(new), EDGE)
    out["cells"] = cells[new]
    out["passes"] = np.add.reduceat(number, new) if len(new) else 0
    return out


def block_of(cell: np.ndarray) -> np.ndarray:
    """The block a cell (Morton code of the band's grid) lies in, as a Morton code of the band's tiles."""
    return cell >> np.uint64(2 * CELLS_A_BLOCK)


def _month(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype("datetime64[D]").astype(int))


def _touching(change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each edge in each block its straight line touches: the edge's index, and the block."""
    ends = [block_of(c) for c in (change["cells"] >> np.uint64(32), change["cells"] & LOW)]
    index, block = np.arange(len(change)), ends[0]
    over = np.flatnonzero(ends[0] != ends[1])
    if not len(over):
        return index, block
    # Stepped through by half a block: a line may cross blocks where it has no end.
    (x0, y0), (x1, y1) = (squeeze_array(e[over]) for e in ends)
    steps = 2 * np.maximum(np.abs(x1 - x0), np.abs(y1 - y0)) + 1
    edge = np.repeat(np.arange(len(over)), steps)
    part = (np.arange(len(edge)) - np.repeat(np.cumsum(steps) - steps, steps) + 1) / np.repeat(steps, steps)
    a, b = (change["cells"][over] >> np.uint64(32))[edge], (change["cells"][over] & LOW)[edge]
    (ax, ay), (bx, by) = squeeze_array(a), squeeze_array(b)
    x = np.rint(ax + (bx - ax) * part).astype(np.int64) >> CELLS_A_BLOCK
    y = np.rint(ay + (by - ay) * part).astype(np.int64) >> CELLS_A_BLOCK
    also = np.unique(np.stack([over[edge].astype(np.uint64), spread_array(x) | spread_array(y) << np.uint64(1)], 1), axis=0)
    also = also[also[:, 1] != ends[0][also[:, 0].astype(int)]]
    return np.concatenate([index, also[:, 0].astype(int)]), np.concatenate([block, also[:, 1]])


def _blocks(change: np.ndarray, owners: list[bytes], world: int, band: int, span_d: int, day: int) -> Iterator[bytes]:
    if not len(change):
        return
    index, block = _touching(change)
    owner = change["owner"][index]
    # By block first, as the key is; edges stay in their order.
    order = np.lexsort((index, owner, block))
    index, block, owner = index[order], block[order], owner[order]
    starts = np.flatnonzero(np.r_[True, (block[1:] != block[:-1]) | (owner[1:] != owner[:-1])])
    edges = np.empty(len(index), EDGE)
    edges["cells"], edges["passes"] = change["cells"][index], change["passes"][index]
    raw = memoryview(edges.tobytes())
    head = np.zeros(len(starts), HEAD)
    head["fields"] = 8
    for name, size in (("l1", 2), ("l2", 2), ("l3", 2), ("l4", 4), ("l5", 8)):
        head[name] = size
    head["world"], head["band"], head["span_d"], head["day"], head["block"] = world, band, span_d, day - PG_EPOCH_DAY, block[starts]
    for i, (a, b) in enumerate(zip(starts.tolist(), np.r_[starts[1:], len(index)].tolist())):
        size = (b - a) * EDGE.itemsize
        yield b"".join((head[i].tobytes(), owners[owner[a]], size.to_bytes(4, "big"), raw[a * EDGE.itemsize:b * EDGE.itemsize]))


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
          world smallint, band smallint, span_d smallint, day date, block bigint, kind text, scope int, edges bytea
        ) ON COMMIT DELETE ROWS;
        TRUNCATE flow_change
    """)
    with connection.cursor() as cursor, cursor.copy(f"COPY flow_change ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(body)
    # What is new goes in; what another import put in meanwhile is there now and is merged with the rest.
    connection.execute(f"""
        WITH new AS (
          INSERT INTO flow ({COLUMNS}) SELECT {COLUMNS} FROM flow_change ORDER BY {KEY} ON CONFLICT ({KEY}) DO NOTHING RETURNING {KEY}
        ) DELETE FROM flow_change WHERE ({KEY}) IN (SELECT {KEY} FROM new)
    """)
    with connection.cursor(binary=True) as cursor:
        found = cursor.execute(f"""
            SELECT {', '.join('f.' + k for k in KEY.split(', '))}, f.edges, c.edges FROM flow f JOIN flow_change c USING ({KEY})
            ORDER BY {KEY} FOR UPDATE OF f
        """).fetchall()
        for *key, held, change in found:
            edges = gathered(np.concatenate([np.frombuffer(held, EDGE), np.frombuffer(change, EDGE)]))
            edges = edges[edges["passes"] != 0]
            of_row = f"({KEY}) = (%s, %s, %s, %s, %s, %s, %s)"
            if len(edges):
                cursor.execute(f"UPDATE flow SET edges = %s WHERE {of_row}", (edges.tobytes(), *key))
            else:
                cursor.execute(f"DELETE FROM flow WHERE {of_row}", key)
