"""What rules have still to look at, what they look into, and what they found: by the owner, in the caller's transaction.

A track with new fixes is due: its row is written in the transaction that stores them and deleted in the one that stores what was made of them, so
whatever is killed between, nothing is left out and nothing told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
import psycopg
import shapely
from psycopg.types.json import Jsonb

from data.news import CHANNEL
from data.records import ALERTING

WATCHING = 0x77617463  # the advisory lock: one watches at a time
ALERT_WITHIN = timedelta(hours=24)  # what began longer ago was not to be prevented: an import of last year's tracks raises no alarm
CALMING = ("reappearance", "all_clear", "teleport")  # good news, or a receiver's glitch: told, and nobody is woken for it
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LEAST_US, MOST_US = -(2**62), 2**62
# A fix as its row is packed in the database: asked for row by row, the client would take longer than everything else together.
PACKED = {"observed_us": ("int8send((extract(epoch FROM f.observed_at) * 1000000)::int8)", ">i8"), "lon": ("float8send(ST_X(f.geom))", ">f8"),
          "lat": ("float8send(ST_Y(f.geom))", ">f8"), **{name: (f"float4send(coalesce(f.{name}, 'NaN'))", ">f4") for name in ("speed_mps", "course_deg", "accuracy_m")},
          "flags": ("int4send(f.flags)", ">i4"), "reader": ("int4send(-1)", ">i4")}
READER = "int4send(coalesce((SELECT r.id FROM reader r WHERE r.world = f.world AND r.qk = f.qk ORDER BY r.id LIMIT 1), -1))"
FIX = np.dtype([(name, kind) for name, (_, kind) in PACKED.items()])


def moment(us: int) -> datetime:
    """Epoch microseconds as a time, exactly."""
    return EPOCH + timedelta(microseconds=us)


def microseconds(at: datetime) -> int:
    """The other way.

    >>> microseconds(moment(1_795_644_000_000_001))
    1795644000000001
    """
    return (at - EPOCH) // timedelta(microseconds=1)


# -- what is due -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """A track to look at: its fixes from and to these times."""

    track_id: int
    from_us: int
    to_us: int
    stamp: int


def due(connection: psycopg.Connection, world: int, most_fixes: int, most_tracks: int = 5_000) -> list[Due]:
    """What to look at next, live ones first: about so many fixes, one track at least."""
    rows = connection.execute("""
        SELECT track_id, CASE WHEN isfinite(from_at) THEN (extract(epoch FROM from_at) * 1000000)::bigint ELSE %s END,
               CASE WHEN isfinite(to_at) THEN (extract(epoch FROM to_at) * 1000000)::bigint ELSE %s END, stamp FROM (
          SELECT *, sum(fixes) OVER (ORDER BY fixes, since, track_id) - fixes AS before FROM event_due WHERE world = %s ORDER BY fixes, since, track_id LIMIT %s) d
        WHERE before < %s ORDER BY track_id
    """, (LEAST_US, MOST_US, world, most_tracks, most_fixes)).fetchall()
    return [Due(*row) for row in rows]


def done(connection: psycopg.Connection, world: int, looked_at: Sequence[Due]) -> None:
    """These were looked at. One that new fixes came of meanwhile stays due."""
    connection.execute("""
        DELETE FROM event_due d USING unnest(%s::bigint[], %s::int[]) AS l (track_id, stamp) WHERE d.world = %s AND d.track_id = l.track_id AND d.stamp = l.stamp
    """, ([d.track_id for d in looked_at], [d.stamp for d in looked_at], world))


def anew(connection: psycopg.Connection, world: int, start: datetime | None = None, end: datetime | None = None) -> int:
    """Every track of a world (with fixes in a time) is due; how many that are."""
    if start is None and end is None:
        connection.execute("SELECT vigia.events_anew(%s)", (world,))
    else:
        connection.execute("""
            INSERT INTO event_due (world, track_id, from_at, to_at, fixes)
            SELECT t.world, t.id, coalesce(%(start)s, '-infinity'::timestamptz), coalesce(%(end)s, 'infinity'::timestamptz), 1000 FROM track t
            WHERE t.world = %(world)s AND EXISTS (SELECT FROM fix f WHERE f.world = t.world AND f.track_id = t.id
              AND f.observed_at >= coalesce(%(start)s, '-infinity'::timestamptz) AND f.observed_at < coalesce(%(end)s, 'infinity'::timestamptz)) ORDER BY t.id
            ON CONFLICT (world, track_id) DO UPDATE SET from_at = least(event_due.from_at, excluded.from_at), to_at = greatest(event_due.to_at, excluded.to_at),
              stamp = event_due.stamp + 1
        """, {"world": world, "start": start, "end": end})
    return connection.execute("SELECT count(*) FROM event_due WHERE world = %s", (world,)).fetchone()[0]


def waiting(connection: psycopg.Connection, world: int) -> int:
    """How many tracks are due."""
    return connection.execute("SELECT count(*) FROM event_due WHERE world = %s", (world,)).fetchone()[0]


# -- what rules look into --------------------------------------------------------------------------------------------------


def fixes(connection: psycopg.Connection, world: int, ids: Sequence[int], from_us: Sequence[int] | int, to_us: Sequence[int] | int,
          readers: bool = False) -> dict[str, np.ndarray]:
    """Fixes of these tracks, each within its own times or all within the same, as columns of shape (n,)."""
    low, high = ([bound] * len(ids) if isinstance(bound, int) else list(bound) for bound in (from_us, to_us))
    asked = {"world": world, "ids": list(ids), "low": low, "high": high, "least": LEAST_US, "most": MOST_US}
    packed = " || ".join(READER if readers and name == "reader" else sql for name, (sql, _) in PACKED.items())
    found = connection.execute(f"""
      WITH d AS (
        SELECT id, CASE WHEN low <= %(least)s THEN '-infinity' ELSE 'epoch'::timestamptz + low * interval '1 microsecond' END AS low,
               CASE WHEN high >= %(most)s THEN 'infinity' ELSE 'epoch'::timestamptz + high * interval '1 microsecond' END AS high
        FROM unnest(%(ids)s::bigint[], %(low)s::bigint[], %(high)s::bigint[]) AS asked (id, low, high)
      )
      SELECT d.id, p.packed FROM d
      CROSS JOIN LATERAL (
        SELECT string_agg({packed}, '') AS packed FROM fix f WHERE f.world = %(world)s AND f.track_id = d.id AND f.observed_at BETWEEN d.low AND d.high
      ) p
      WHERE p.packed IS NOT NULL
    """, asked, binary=True).fetchall()
    rows = np.frombuffer(b"".join(packed for _, packed in found), FIX)
    out = {name: rows[name].astype(kind.newbyteorder("=")) for name, (kind, _) in FIX.fields.items()}
    out["track_id"] = np.repeat(np.array([track for track, _ in found], np.int64), [len(packed) // FIX.itemsize for _, packed in found])
    return out


def tracks(connection: psycopg.Connection, world: int, ids: Sequence[int] | None = None) -> list[tuple]:
    """(id, kind, agency, gap_s, sla_s, scope, key) of these tracks, or of all."""
    return connection.execute("""
        SELECT id, kind, coalesce(agency_id, 0), gap_s, sla_s, scope, key FROM track WHERE world = %s AND (%s::bigint[] IS NULL OR id = ANY (%s)) ORDER BY id
    """, (world, ids, ids)).fetchall()


def rules(connection: psycopg.Connection, world: int) -> list[dict]:
    """The rules that are on."""
    return _rows(connection, "SELECT id, version, name, type, knobs, areas, kinds, agencies, tracks, zone, windows, severity, scope FROM rule "
                             "WHERE world = %s AND ended_at IS NULL AND active ORDER BY id", world)


def areas(connection: psycopg.Connection, world: int) -> list[dict]:
    """Watch areas as they are now; `geom` as a shape."""
    found = _rows(connection, "SELECT id, version, name, ST_AsBinary(geom) AS geom, warning_m, critical, zone, windows, coalesce(agency_id, 0) AS agency, scope "
                              "FROM watch_area WHERE world = %s AND ended_at IS NULL ORDER BY id", world)
    return [{**area, "geom": shapely.from_wkb(bytes(area["geom"]))} for area in found]


def _rows(connection: psycopg.Connection, query: str, *values) -> list[dict]:
    cursor = connection.execute(query, values)
    return [dict(zip((c.name for c in cursor.description), row)) for row in cursor.fetchall()]


def standing(connection: psycopg.Connection, world: int) -> str:
    """Another text whenever a rule or an area is another."""
    return connection.execute("""
        SELECT concat_ws(';', (SELECT string_agg(id || '.' || version, ',' ORDER BY id) FROM rule WHERE world = %(w)s AND ended_at IS NULL AND active),
                         (SELECT string_agg(id || '.' || version, ',' ORDER BY id) FROM watch_area WHERE world = %(w)s AND ended_at IS NULL))
    """, {"w": world}).fetchone()[0]


def newest(connection: psycopg.Connection, world: int) -> datetime | None:
    """The newest time anything of a world tells of."""
    return connection.execute("SELECT max(observed_at) FROM latest_fix WHERE world = %s", (world,)).fetchone()[0]


def told(connection: psycopg.Connection, world: int, rule: int, ids: Sequence[int] | None) -> list[dict]:
    """Events of a rule as told, retracted ones too: with one of these tracks (None: all)."""
    return _rows(connection, f"""
        SELECT {', '.join(NOW)}, ST_X(place) AS lon, ST_Y(place) AS lat FROM event
        WHERE world = %s AND rule_id = %s AND (%s::bigint[] IS NULL OR track_id = ANY (%s) OR other_id = ANY (%s)) ORDER BY id
    """, world, rule, *[ids] * 3)


NOW = ("id", "name", "type", "rule_id", "rule_version", "track_id", "other_id", "area_id", "area_version", "lane", "started_at", "ended_at", "first_fix", "last_fix",
       "facts", "doubtful", "severity", "revision", "retracted")


def lapsed(connection: psycopg.Connection, world: int) -> list[dict]:
    """Events that go on by a rule or in an area that is no more."""
    return _rows(connection, f"""
        SELECT {', '.join(NOW)}, ST_X(place) AS lon, ST_Y(place) AS lat, scopes, kinds, agencies FROM event e
        WHERE world = %s AND ended_at IS NULL AND NOT retracted AND (
          NOT EXISTS (SELECT FROM rule r WHERE r.id = e.rule_id AND r.ended_at IS NULL AND r.active)
          OR (area_id IS NOT NULL AND NOT EXISTS (SELECT FROM watch_area a WHERE a.id = e.area_id AND a.ended_at IS NULL)))
    """, world)


# -- what they found -------------------------------------------------------------------------------------------------------

IDENTITY = ("world", "name", "type", "rule_id", "track_id", "other_id", "area_id", "lane", "kinds", "agencies")
STATE = ("rule_version", "area_version", "started_at", "ended_at", "place", "span", "first_fix", "last_fix", "facts", "doubtful", "severity", "scopes", "retracted")
SHAPED = {"place": "ST_GeomFromWKB(%(place)s, 4326)", "span": "ST_GeomFromWKB(%(span)s, 4326)"}


def _put() -> tuple[str, str]:
    value = {name: SHAPED.get(name, f"%({name})s") for name in (*IDENTITY, *STATE)}
    state = ", ".join(STATE)
    event = f"""
        INSERT INTO event ({', '.join(IDENTITY)}, {state}, revision, recorded_at, first_recorded_at, batch)
        VALUES ({', '.join(value[n] for n in (*IDENTITY, *STATE))}, %(revision)s, now(), now(), %(batch)s)
        ON CONFLICT (world, name) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in (*STATE, 'kinds', 'agencies', 'revision', 'recorded_at', 'batch'))}
        RETURNING id
    """
    revision = f"""
        INSERT INTO event_revision (event_id, revision, change, {state}, recorded_at)
        VALUES (%(id)s, %(revision)s, %(change)s, {', '.join(value[n] for n in STATE)}, now())
    """
    return event, revision


PUT_EVENT, PUT_REVISION = _put()


def tell(connection: psycopg.Connection, rows: Iterable[dict], now: datetime) -> int:
    """Store revisions (columns of IDENTITY and STATE, with `revision` and `change`), raise the alerts they ask for, tell who listens; how many that were."""
    rows = list(rows)
    if not rows:
        return 0
    batch = connection.execute("SELECT nextval('vigia.event_told')").fetchone()[0]
    rows = [{**row, "batch": batch, **{name: Jsonb(row[name]) for name in ("first_fix", "last_fix", "facts")}} for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(PUT_EVENT, rows, returning=True)
        for row in rows:
            row["id"] = cursor.fetchone()[0]
            cursor.nextset()
        cursor.executemany(PUT_REVISION, rows)
        alerting = [(row["world"], row["id"]) for row in rows if row["severity"] in ALERTING and row["type"] not in CALMING
                    and row["change"] != "retracted" and row["started_at"] >= now - ALERT_WITHIN]
        cursor.executemany("INSERT INTO alert (world, event_id) VALUES (%s, %s) ON CONFLICT (event_id) DO NOTHING", alerting)
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"e:{batch}"))
    return len(rows)


def place_and_span(lon: float, lat: float, fixes: Iterable[dict]) -> dict[str, bytes]:
    """Where an event is, and all places it tells of, as WKB."""
    return {"place": shapely.to_wkb(shapely.Point(lon, lat)), "span": shapely.to_wkb(shapely.MultiPoint([(lon, lat), *((f["lon"], f["lat"]) for f in fixes)]))}
