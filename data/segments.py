"""Segments: a track's line hour by hour, made from its fixes and made again where fixes came.

Order does not matter: the hours between the first and the last touched one of a track are rebuilt from all their fixes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import psycopg
import shapely
from pyproj import Geod

from data import flows
from data.covering import cover
from data.flags import UNTRUSTED
from data.quadkey import mercator
from data.records import KINDS

WGS84 = Geod(ellps="WGS84")
HOUR_US = 3_600_000_000
PG_EPOCH_US = 946_684_800_000_000
KIND_CODE = {kind: i for i, kind in enumerate(KINDS, 1)}
HOURS_AT_ONCE = 12_000  # of tracks: what is held in memory while segments are made
GAP_PART = 10_000  # gap rows are numbered from here, lines from 0
COARSE_M = 40.0  # a pixel at zoom 11: what `coarse` may differ from the line
LINESTRING_M = b"\x01" + (0x60000002).to_bytes(4, "little") + (4326).to_bytes(4, "little")

# The trusted fixes of a track between its first and last touched hour, on to the end of the next hour that has any (its line
# begins at the last fix before it), and one more at each end: a gap may lead there. Without any the arrays are null.
FIXES = """
COPY (
  WITH span AS (
    SELECT track_id, min(hour) AS first, max(hour) + interval '1 hour' AS last FROM touched
    WHERE track_id = ANY({ids}) GROUP BY track_id
  ), reach AS (
    SELECT track_id, first, last,
      (SELECT max(observed_at) FROM fix f WHERE f.world = {world} AND f.track_id = s.track_id AND f.observed_at < s.first AND f.flags & {untrusted} = 0)
        AS before,
      (SELECT date_trunc('hour', min(observed_at), 'UTC') + interval '1 hour' FROM fix f
        WHERE f.world = {world} AND f.track_id = s.track_id AND f.observed_at >= s.last AND f.flags & {untrusted} = 0) AS next
    FROM span s
  ), wide AS (
    SELECT track_id, first, before, coalesce(next, last) AS until,
      (SELECT min(observed_at) FROM fix f WHERE f.world = {world} AND f.track_id = r.track_id
        AND f.observed_at >= coalesce(next, last) AND f.flags & {untrusted} = 0) AS after
    FROM reach r
  )
  SELECT w.track_id, w.first, w.until, fixes.*
  FROM wide w CROSS JOIN LATERAL (
    SELECT array_agg(observed_at), array_agg(lon), array_agg(lat), array_agg(recorded_at) FROM (
      SELECT f.observed_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.recorded_at FROM fix f
      WHERE f.world = {world} AND f.track_id = w.track_id
        AND f.observed_at >= coalesce(w.before, w.first) AND f.observed_at <= coalesce(w.after, w.until) AND f.flags & {untrusted} = 0
      ORDER BY f.observed_at, f.qk
    ) ordered
  ) fixes
  ORDER BY w.track_id
) TO STDOUT (FORMAT binary)
"""
# A row of it: track, first, until, then four arrays. Row by row of fixes the wire itself would be most of the work.
ROW_HEAD = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("track", ">i8"), ("l2", ">i4"), ("first", ">i8"), ("l3", ">i4"), ("until", ">i8")])
# What a segment is written by: the fields of fixed size before its kind and agency, and those after.
COLUMNS = "world, track_id, hour, part, gap, kind, agency_id, scope, started_at, ended_at, first_recorded_at, last_recorded_at, fix_count, length_m, line, coarse, cells"
HEAD = np.dtype([("fields", ">i2"), ("l_world", ">i4"), ("world", ">i2"), ("l_track", ">i4"), ("track", ">i8"), ("l_hour", ">i4"), ("hour", ">i8"),
                 ("l_part", ">i4"), ("part", ">i2"), ("l_gap", ">i4"), ("gap", "?")])
TAIL = np.dtype([(p, t) for name, t in (("started", ">i8"), ("ended", ">i8"), ("recorded", ">i8"), ("last_recorded", ">i8"), ("count", ">i4"), ("length_m", ">f4"))
                 for p, t in ((f"l_{name}", ">i4"), (name, t))])
FIELD = struct.Struct(">i")
NULL = FIELD.pack(-1)
CELL = np.dtype([("size", ">i4"), ("value", ">i8")])
INT8_OID = 20
COVER_ROW = np.dtype([("fields", ">i2"), ("l_world", ">i4"), ("world", ">i2"), ("l_cell", ">i4"), ("cell", ">i8"), ("l_track", ">i4"), ("track", ">i8"),
                      ("l_hour", ">i4"), ("hour", ">i8"), ("l_part", ">i4"), ("part", ">i2"), ("l_scope", ">i4"), ("scope", ">i4")])
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"
ARRAY_HEAD = struct.Struct(">iiiIii")  # size, dimensions, nulls, element type, length, first index


@dataclass
class Fixes:
    """Fixes in order of track and time, as columns of shape (n,); times in epoch microseconds."""

    track: np.ndarray
    t: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    recorded: np.ndarray
    first: np.ndarray  # the first hour to rebuild of the fix's track
    until: np.ndarray  # and the end of the last
    spans: dict[int, tuple[int, int]]  # both of every track, of those without a fix too


def rebuild(connection: psycopg.Connection, world: int) -> None:
    """Make the segments and flows of every touched hour again, in the caller's transaction.

    While one part is made from its fixes, the database stores the part before and gives the fixes of the next.
    """
    parts = list(_parts(connection))
    connection.execute("ANALYZE touched")
    with flows.Changes() as changes, ThreadPoolExecutor(1, "segments") as database:
        reading = [database.submit(_read, connection, world, ids) for ids in parts[:1]]
        storing: Future | None = None
        for number, ids in enumerate(parts, 1):
            fixes, tracks = reading.pop().result()
            reading = [database.submit(_read, connection, world, following) for following in parts[number:number + 1]]
            if not len(fixes.t):  # none that is trusted: what was drawn of them goes
                changes.add(database.submit(_take, connection, world, fixes.spans).result(), -1)
                continue
            made = Made.of(fixes, np.array([tracks[i][2] for i in ids]), np.array(ids))
            bodies = _wire(made, world, tracks)
            if storing is not None:
                changes.add(storing.result(), -1)
            storing = database.submit(_store, connection, world, made, *bodies)
            changes.add(made.vertices(tracks))
        if storing is not None:
            changes.add(storing.result(), -1)
        flows.settle(connection, world, changes)


def _parts(connection: psycopg.Connection) -> Iterator[list[int]]:
    """The touched tracks, some at a time."""
    ids: list[int] = []
    held = 0
    for track_id, number in connection.execute("SELECT track_id, count(DISTINCT hour) FROM touched GROUP BY 1 ORDER BY 1").fetchall():
        if ids and held + number > HOURS_AT_ONCE:
            yield ids
            ids, held = [], 0
        ids.append(track_id)
        held += number
    if ids:
        yield ids


def _store(connection: psycopg.Connection, world: int, made: Made, segments: bytes, covers: bytes) -> flows.Lines:
    """New segments in place of the old ones; the lines of these."""
    old = _take(connection, world, made.fixes.spans)
    for table, body in ((f"segment ({COLUMNS})", segments), ("cover (world, cell, track_id, hour, part, scope)", covers)):
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
            copy.write(body)
    return old


def _read(connection: psycopg.Connection, world: int, ids: list[int]) -> tuple[Fixes, dict[int, tuple]]:
    """The fixes that these tracks' touched hours are made of, and each track's kind, agency, gap_s and scope."""
    rows = connection.execute("SELECT id, kind, agency_id, gap_s, scope FROM track WHERE id = ANY(%s)", (ids,))
    return _fixes(connection, world, ids), {r[0]: r[1:] for r in rows}


def _fixes(connection: psycopg.Connection, world: int, ids: list[int]) -> Fixes:
    listed = "'{" + ",".join(str(int(i)) for i in ids) + "}'::bigint[]"  # whole numbers of ours: COPY takes no parameters
    heads, columns, sizes = [], ([], [], [], []), []
    with connection.cursor() as cursor, cursor.copy(FIXES.format(ids=listed, world=int(world), untrusted=UNTRUSTED)) as copy:
        for block in copy:
            row = bytes(block)
            at = 19 if row.startswith(b"PGCOPY") else 0
            if len(row) - at < ROW_HEAD.itemsize:  # the end
                continue
            heads.append(np.frombuffer(row, ROW_HEAD, 1, at))
            at += ROW_HEAD.itemsize
            for column, number in zip(columns, (">i8", ">f8", ">f8", ">i8")):
                at, values = _array(row, at, number)
                column.append(values)
            sizes.append(len(columns[0][-1]))
    if not heads:
        return Fixes(*(np.zeros(0, t) for t in (np.int64, np.int64, float, float, np.int64, np.int64, np.int64)), {})
    head, (t, lon, lat, recorded) = np.concatenate(heads), (np.concatenate(c) for c in columns)

    def of_tracks(name: str) -> np.ndarray:
        return np.repeat(head[name].astype(np.int64), sizes)

    first, until = (head[name].astype(np.int64) + PG_EPOCH_US for name in ("first", "until"))
    return Fixes(of_tracks("track"), t.astype(np.int64) + PG_EPOCH_US, lon.astype(float), lat.astype(float), recorded.astype(np.int64) + PG_EPOCH_US,
                 np.repeat(first, sizes), np.repeat(until, sizes), dict(zip(head["track"].tolist(), zip(first.tolist(), until.tolist()))))


def _array(row: bytes, at: int, number: str) -> tuple[int, np.ndarray]:
    """An array without nulls of the binary wire: where it ends, and its values of shape (n,)."""
    size, dimensions, *_, length, _ = ARRAY_HEAD.unpack_from(row, at) if int.from_bytes(row[at:at + 4], "big", signed=True) > 0 else (0, 0, 0, 0, 0, 0)
    if not dimensions:
        return at + 4 + max(size, 0), np.zeros(0, number)
    elements = np.frombuffer(row, np.dtype([("size", ">i4"), ("value", number)]), length, at + ARRAY_HEAD.size)
    return at + 4 + size, elements["value"]


@dataclass
class Made:
    """Segments as columns: one entry a segment, and the vertices they share one array of."""

    track: np.ndarray
    hour_us: np.ndarray
    part: np.ndarray
    gap: np.ndarray
    start: np.ndarray  # first vertex
    end: np.ndarray  # one past the last vertex
    count: np.ndarray  # fixes of the hour itself
    fixes: Fixes

    @classmethod
    def of(cls, fixes: Fixes, gap_s: np.ndarray, ids: np.ndarray) -> Made:
        n = len(fixes.t)
        limit_us = gap_s[np.searchsorted(ids, fixes.track)] * 1e6
        same = np.r_[False, fixes.track[1:] == fixes.track[:-1]]
        step_us = np.r_[0, np.diff(fixes.t)]
        # Over the antimeridian a straight line would cross the whole map, so the line is broken there.
        around = np.r_[False, np.abs(np.diff(fixes.lon)) > 180]
        silent = same & (step_us > limit_us)
        joined = same & ~silent & ~around
        hour = fixes.t // HOUR_US * HOUR_US
        new_hour = np.r_[True, hour[1:] != hour[:-1]]
        opens = ~joined | new_hour
        # The fixes outside are there only to begin a line or to end a gap.
        wanted = (hour >= fixes.first) & (fixes.t < fixes.until)

        start_at = np.flatnonzero(opens)
        end_at = np.r_[start_at[1:], n]
        begins = start_at - (joined[start_at]).astype(int)  # a line goes on from the last fix of the hour before
        keep = wanted[start_at]
        start_at, end_at, begins = start_at[keep], end_at[keep], begins[keep]
        lines = cls(
            track=fixes.track[start_at], hour_us=hour[start_at], part=_numbered(fixes.track[start_at], hour[start_at]),
            gap=np.zeros(len(start_at), bool), start=begins, end=end_at, count=end_at - start_at, fixes=fixes,
        )
        # A gap is the straight line over a silence; it belongs to the hour in which it begins.
        after = np.flatnonzero(silent & ~around)
        after = after[wanted[after - 1] | wanted[after]]
        gap_hour = hour[after - 1]
        gaps = cls(
            track=fixes.track[after], hour_us=gap_hour, part=GAP_PART + _numbered(fixes.track[after], gap_hour),
            gap=np.ones(len(after), bool), start=after - 1, end=after + 1, count=np.zeros(len(after), int), fixes=fixes,
        )
        return lines.plus(gaps)

    def plus(self, other: Made) -> Made:
        names = ("track", "hour_us", "part", "gap", "start", "end", "count")
        return Made(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names), self.fixes)

    def vertices(self, tracks: dict[int, tuple]) -> flows.Lines:
        """The lines (not the gaps) for the flows."""
        line = ~self.gap
        index = _ranges(self.start[line], self.end[line])
        owner = np.repeat(np.flatnonzero(line), (self.end - self.start)[line])
        return flows.Lines(
            segment=owner, lon=self.fixes.lon[index], lat=self.fixes.lat[index], day=self.hour_us[owner] // (24 * HOUR_US),
            kind=np.array([KIND_CODE[tracks[t][0]] for t in self.track])[owner] if len(owner) else np.array([], int),
            scope=np.array([tracks[t][3] for t in self.track])[owner] if len(owner) else np.array([], int),
        )


def _numbered(track: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """0, 1, 2 … within each (track, hour), which stand together."""
    if not len(track):
        return np.zeros(0, int)
    new = np.r_[True, (track[1:] != track[:-1]) | (hour[1:] != hour[:-1])]
    at = np.arange(len(track))
    return at - np.maximum.accumulate(np.where(new, at, 0))


def _ranges(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """All of start[0]…end[0]-1, start[1]…end[1]-1, … one after the other."""
    size = end - start
    if not size.sum():
        return np.zeros(0, int)
    first = np.repeat(start - np.r_[0, np.cumsum(size)[:-1]], size)
    return first + np.arange(size.sum())


def _take(connection: psycopg.Connection, world: int, spans: dict[int, tuple[int, int]]) -> flows.Lines:
    """Take out the old segments of the hours that are made again, by track; their lines, for the flows."""
    rows = connection.execute("""
        WITH range AS (
          SELECT * FROM unnest(%(ids)s::bigint[], %(first)s::bigint[], %(until)s::bigint[]) AS r (track_id, first, until)
        ), gone AS (
          DELETE FROM segment s USING range r
          WHERE s.world = %(world)s AND s.track_id = r.track_id
            AND s.hour < to_timestamp(r.until / 1e6)
            -- a gap that begins before and reaches in may not be one any more
            AND (s.hour >= to_timestamp(r.first / 1e6) OR (s.gap AND s.ended_at >= to_timestamp(r.first / 1e6)))
          RETURNING s.track_id, s.part, s.gap, s.hour, s.kind, s.scope, s.line, s.cells
        ), uncovered AS (
          DELETE FROM cover c USING (SELECT track_id, hour, part, unnest(cells) AS cell FROM gone) g
          WHERE (c.world, c.cell, c.track_id, c.hour, c.part) = (%(world)s, g.cell, g.track_id, g.hour, g.part)
        )
        SELECT extract(epoch FROM hour)::bigint / 86400, kind, scope, ST_AsBinary(ST_Force2D(line)) FROM gone WHERE NOT gap
    """, {"ids": list(spans), "first": [first for first, _ in spans.values()], "until": [until for _, until in spans.values()], "world": world}, binary=True).fetchall()
    if not rows:
        return flows.Lines.none()
    coordinates, owner = shapely.get_coordinates(shapely.from_wkb([bytes(r[3]) for r in rows]), return_index=True)
    return flows.Lines(
        segment=owner, lon=coordinates[:, 0], lat=coordinates[:, 1], day=np.array([int(r[0]) for r in rows])[owner],
        kind=np.array([KIND_CODE[r[1]] for r in rows])[owner], scope=np.array([r[2] for r in rows])[owner],
    )


def _wire(made: Made, world: int, tracks: dict[int, tuple]) -> tuple[bytes, bytes]:
    """Segments, and which cells have them, as rows of binary COPY; what lies together stands together."""
    f = made.fixes
    # A single fix is a line of two equal ends.
    end = np.maximum(made.end, made.start + 1)
    index = _ranges(made.start, end)
    single = np.flatnonzero(end - made.start == 1)
    size = end - made.start
    offset = np.r_[0, np.cumsum(size)]
    raw = np.column_stack([f.lon[index], f.lat[index], f.t[index] / 1e6]).astype("<f8").tobytes()
    first, second = np.zeros(len(size), HEAD), np.zeros(len(size), TAIL)
    for rows in (first, second):
        for name in rows.dtype.names:
            if name.startswith("l_"):
                rows[name] = rows.dtype[name[2:]].itemsize
    first["fields"] = len(COLUMNS.split(", "))
    first["world"], first["track"], first["hour"] = world, made.track, made.hour_us - PG_EPOCH_US
    first["part"], first["gap"] = made.part, made.gap
    second["started"], second["ended"] = f.t[made.start] - PG_EPOCH_US, f.t[end - 1] - PG_EPOCH_US
    second["recorded"], second["last_recorded"] = (least.reduceat(f.recorded[index], offset[:-1]) - PG_EPOCH_US for least in (np.minimum, np.maximum))
    second["count"], second["length_m"] = made.count, _lengths(f, index, offset, made.gap)
    coarse = _coarse(f, index, size, single)
    heads, tails, lone = first.tobytes(), second.tobytes(), set(single.tolist())
    kinds = {i: told[0].encode() for i, told in tracks.items()}
    owner, cell = cover(f.lon[index], f.lat[index], offset[:-1])
    cells_from = np.searchsorted(owner, np.arange(len(size) + 1)).tolist()
    elements = np.empty(len(cell), CELL)
    elements["size"], elements["value"] = 8, cell
    elements = elements.tobytes()
    track_of, starts, ends = made.track.tolist(), offset[:-1].tolist(), offset[1:].tolist()
    body = [COPY_HEAD]
    for i in np.argsort(cell[cells_from[:-1]], kind="stable").tolist():
        track, a, b, c, d = track_of[i], starts[i], ends[i], cells_from[i], cells_from[i + 1]
        kind, agency, scope = kinds[track], tracks[track][1], tracks[track][3]
        line = raw[24 * a:24 * b] * (2 if i in lone else 1)
        body += (
            heads[i * HEAD.itemsize:(i + 1) * HEAD.itemsize], FIELD.pack(len(kind)), kind,
            NULL if agency is None else FIELD.pack(4) + FIELD.pack(agency), FIELD.pack(4), FIELD.pack(scope), tails[i * TAIL.itemsize:(i + 1) * TAIL.itemsize],
            FIELD.pack(len(LINESTRING_M) + 4 + len(line)), LINESTRING_M, (len(line) // 24).to_bytes(4, "little"), line,
            FIELD.pack(len(coarse[i])), coarse[i],
            ARRAY_HEAD.pack(20 + (d - c) * CELL.itemsize, 1, 0, INT8_OID, d - c, 1), elements[CELL.itemsize * c:CELL.itemsize * d],
        )
    body.append(COPY_END)
    return b"".join(body), _covers(made, world, owner, cell, np.array([tracks[t][3] for t in track_of]))


def _covers(made: Made, world: int, owner: np.ndarray, cell: np.ndarray, scope: np.ndarray) -> bytes:
    """Rows of `cover`, in the order of its key."""
    owner, cell = (v[np.argsort(cell, kind="stable")] for v in (owner, cell))
    rows = np.zeros(len(cell), COVER_ROW)
    for name in rows.dtype.names:
        if name.startswith("l_"):
            rows[name] = rows.dtype[name[2:]].itemsize
    rows["fields"], rows["world"], rows["cell"], rows["track"] = 6, world, cell, made.track[owner]
    rows["hour"], rows["part"] = made.hour_us[owner] - PG_EPOCH_US, made.part[owner]
    rows["scope"] = scope[owner]
    return COPY_HEAD + rows.tobytes() + COPY_END


def _lengths(f: Fixes, index: np.ndarray, offset: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Geodesic metres of each line; a gap is no distance travelled."""
    edge = np.zeros(len(index))
    if len(index) > 1:
        a, b = index[:-1], index[1:]
        edge[1:] = WGS84.inv(f.lon[a], f.lat[a], f.lon[b], f.lat[b])[2]
    edge[offset[:-1]] = 0.0
    return np.where(gap, 0.0, np.add.reduceat(edge, offset[:-1]))


def _coarse(f: Fixes, index: np.ndarray, size: np.ndarray, single: np.ndarray) -> list[bytes]:
    """Generalised lines in EPSG:3857, as EWKB."""
    x, y = mercator(f.lon[index], f.lat[index])
    owner = np.repeat(np.arange(len(size)), size)
    if len(single):
        at = np.searchsorted(owner, single)
        x, y, owner = (np.insert(v, at, v[at]) for v in (x, y, owner))
    lines = shapely.linestrings(np.column_stack([x, y]), indices=owner)
    simple = shapely.simplify(lines, COARSE_M, preserve_topology=False)
    simple = np.where(shapely.is_empty(simple), lines, simple)
    return shapely.to_wkb(shapely.set_srid(simple, 3857), include_srid=True).tolist()
