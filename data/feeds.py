"""Feeds as their keeper sees them, and how each fares. By the owner, in the caller's transaction, but for what a visitor may read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.doors import hashed, new_token
from data.models import Agency, Feed, FeedState
from data.people import tell
from data.records import FEED_KINDS, MARKINGS, FeedStanding
from data.worlds import CODES, NAMES
from errors import InputRefused, NotFound

TOLD_S = 15.0  # nothing was told of a feed for longer: nobody listens to it
STALE, DEAD = 3, 30  # times the feed's own limit
FROZEN_S = 120.0
STATE = ("told_at", "transport_at", "message_at", "position_at", "moved_at", "messages", "stored", "already", "flagged", "dropped", "sealed", "errors",
         "spooled_bytes", "trouble")


class FeedRefused(InputRefused):
    """A feed can't be like this."""


@dataclass(frozen=True)
class FeedRow:
    """A feed, as whoever listens needs it."""

    id: int
    world: int
    name: str
    kind: str
    settings: dict
    agency_id: int | None
    marking: str
    scope: int
    source_id: int
    late_s: float
    identity: str  # of all feeds of all databases


@dataclass
class Told:
    """What whoever listens tells of a feed; times are epoch seconds, None: never."""

    transport_at: float | None = None
    message_at: float | None = None
    position_at: float | None = None
    moved_at: float | None = None
    messages: int = 0
    stored: int = 0
    already: int = 0
    flagged: int = 0
    dropped: int = 0
    sealed: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    spooled_bytes: int = 0
    trouble: str | None = None


def add(connection: psycopg.Connection, name: str, kind: str, settings: dict, *, world: str = "live", agency: str | None = None,
        marking: str = "TLP:AMBER", grade: str = "F6", late_s: float = 60.0) -> str | None:
    """A new feed; the token of those that are sent to us. Raises FeedRefused."""
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise FeedRefused(f"the name {name!r} is refused, expected 1 to 100 printable characters")
    if kind not in FEED_KINDS:
        raise FeedRefused(f"the kind {kind!r} is none, expected {', '.join(FEED_KINDS)}")
    if marking not in MARKINGS:
        raise FeedRefused(f"the marking {marking!r} is none, expected {', '.join(MARKINGS)}")
    if not 1 <= late_s <= 86_400:
        raise FeedRefused(f"late after {late_s} s; expected 1 to 86,400")
    token = new_token() if kind == "http" else None
    code = CODES[world]
    if connection.execute("SELECT 1 FROM feed WHERE world = %s AND name = %s", (code, name)).fetchone():
        raise FeedRefused(f"there is a feed {name!r} already")
    agency_id = _agency(connection, code, agency)
    (source,) = connection.execute(
        """
        INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format, agency_id, marking, grade)
        VALUES (%s, 'tracks', 'feed', %s, %s, 0, %s, %s, %s, %s) RETURNING id
        """, (code, name, hashlib.sha256(f"feed {name} {new_token()}".encode()).hexdigest(), kind, agency_id, marking, grade)).fetchone()
    (number,) = connection.execute(
        "INSERT INTO feed (world, name, kind, settings, agency_id, marking, source_id, late_s, token_hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (code, name, kind, Jsonb(settings), agency_id, marking, source, late_s, hashed(token) if token else None)).fetchone()
    tell(connection, "change", of=f"feed:{number}", to=f"made: {kind}")
    return token


def _agency(connection: psycopg.Connection, world: int, name: str | None) -> int | None:
    if name is None:
        return None
    row = connection.execute("SELECT id FROM agency WHERE world = %s AND name = %s", (world, name)).fetchone()
    if row is None:
        raise NotFound(f"no agency {name!r}; `./vigia agency add` makes one")
    return row[0]


def _number(connection: psycopg.Connection, name: str, world: str | None) -> int:
    """A feed's number by its name, which is another feed's in the other world. Raises NotFound, FeedRefused."""
    code = None if world is None else CODES[world]
    rows = connection.execute("SELECT id FROM feed WHERE name = %s AND (%s::int IS NULL OR world = %s) FOR UPDATE", (name, code, code)).fetchall()
    if not rows:
        raise NotFound(f"no feed {name!r}" + (f" in the world {world}" if world else ""))
    if len(rows) > 1:
        raise FeedRefused(f"there is a feed {name!r} in each world; --world says which")
    return rows[0][0]


def set_active(connection: psycopg.Connection, name: str, active: bool, *, world: str | None = None) -> None:
    """Listen to a feed, or no more. Raises NotFound, FeedRefused."""
    number = _number(connection, name, world)
    connection.execute("UPDATE feed SET active = %s WHERE id = %s", (active, number))
    tell(connection, "change", of=f"feed:{number}", to="on" if active else "off")


def remove(connection: psycopg.Connection, name: str, *, world: str | None = None) -> tuple[int, str | None]:
    """Forget a feed; what it gave stays. Its number, and which recording it played. Raises NotFound, FeedRefused."""
    number = _number(connection, name, world)
    (recording,) = connection.execute("DELETE FROM feed WHERE id = %s RETURNING settings ->> 'recording'", (number,)).fetchone()
    tell(connection, "change", of=f"feed:{number}", to="removed")
    return number, recording


def active(connection: psycopg.Connection) -> dict[int, FeedRow]:
    """The feeds to be listened to, by number."""
    rows = connection.execute("""
        SELECT f.id, f.world, f.name, f.kind, f.settings, f.agency_id, f.marking, f.scope, f.source_id, f.late_s, s.sha256
        FROM feed f JOIN source s ON s.id = f.source_id WHERE f.active ORDER BY f.id
    """).fetchall()
    return {row[0]: FeedRow(*row) for row in rows}


def follows_governed(connection: psycopg.Connection, feed: FeedRow) -> bool:
    """Whether what it tells of may need a legal basis: then by-catch gives way to it when room is short."""
    row = connection.execute("SELECT cardinality(governed) > 0 FROM agency WHERE id = %s", (feed.agency_id,)).fetchone()
    return bool(row and row[0])


def marks(connection: psycopg.Connection, feed: int) -> dict[str, int]:
    """How far each file of its spool is stored."""
    return dict(connection.execute("SELECT file, stored_bytes FROM spool_mark WHERE feed_id = %s", (feed,)).fetchall())


def mark(connection: psycopg.Connection, feed: int, reached: dict[str, int], finished: tuple[str, ...] = ()) -> None:
    """Its spool is stored so far; finished files are forgotten."""
    with connection.cursor() as cursor:
        if reached:
            cursor.executemany("INSERT INTO spool_mark VALUES (%s, %s, %s) ON CONFLICT (feed_id, file) DO UPDATE SET stored_bytes = excluded.stored_bytes",
                               [(feed, file, at) for file, at in reached.items()])
        if finished:
            cursor.execute("DELETE FROM spool_mark WHERE feed_id = %s AND file = ANY (%s)", (feed, list(finished)))


def keep_state(connection: psycopg.Connection, feed: FeedRow, told: Told) -> None:
    """How a feed fares now. Its counters go on from those of a listener before."""
    connection.execute(
        """
        INSERT INTO feed_state (feed_id, scope, told_at, transport_at, message_at, position_at, moved_at, messages, stored, already, flagged, dropped,
                                sealed, errors, spooled_bytes, trouble)
        SELECT id, scope, clock_timestamp(), to_timestamp(%(transport_at)s), to_timestamp(%(message_at)s), to_timestamp(%(position_at)s), to_timestamp(%(moved_at)s),
               %(messages)s, %(stored)s, %(already)s, %(flagged)s, %(dropped)s, %(sealed)s, %(errors)s, %(spooled_bytes)s, %(trouble)s
        FROM feed WHERE id = %(feed)s
        ON CONFLICT (feed_id) DO UPDATE SET told_at = excluded.told_at, scope = excluded.scope,
          transport_at = coalesce(excluded.transport_at, feed_state.transport_at), message_at = coalesce(excluded.message_at, feed_state.message_at),
          position_at = greatest(excluded.position_at, feed_state.position_at), moved_at = coalesce(excluded.moved_at, feed_state.moved_at),
          messages = excluded.messages, stored = excluded.stored, already = excluded.already, flagged = excluded.flagged, dropped = excluded.dropped,
          sealed = excluded.sealed, errors = excluded.errors, spooled_bytes = excluded.spooled_bytes, trouble = excluded.trouble
        """, {**vars(told), "errors": Jsonb(told.errors), "feed": feed.id})


def state_of(connection: psycopg.Connection, feed: int) -> Told:
    """What was told of a feed last: a listener that begins goes on from there."""
    row = connection.execute(
        "SELECT messages, stored, already, flagged, dropped, sealed, errors, trouble FROM feed_state WHERE feed_id = %s", (feed,)).fetchone()
    if row is None:
        return Told()
    messages, stored, already, flagged, dropped, sealed, errors, trouble = row
    return Told(messages=messages, stored=stored, already=already, flagged=flagged, dropped=dropped, sealed=sealed, errors=errors, trouble=trouble)


AHEAD = timedelta(seconds=60)  # more than clocks of two machines are apart


def standing(now: datetime, *, on: bool, late_s: float, told_at: datetime | None, message_at: datetime | None, position_at: datetime | None,
             moved_at: datetime | None) -> FeedStanding:
    """How a feed fares, by three clocks: is it listened to, does it tell anything, and of which time is what it tells.

    >>> t = datetime(2026, 11, 26, 4, 0, tzinfo=timezone.utc)
    >>> def at(s): return t.replace(minute=s // 60, second=s % 60)
    >>> def after(s, **other):
    ...     return standing(at(s), **{"on": True, "late_s": 10, "told_at": at(s), "message_at": t, "position_at": t, "moved_at": t, **other})
    >>> [after(s) for s in (5, 20, 60, 600)], after(5, on=False), after(60, told_at=t), after(200, message_at=at(200), position_at=at(200))
    (['live', 'late', 'stale', 'dead'], 'off', 'dead', 'frozen')
    """
    if not on:
        return "off"
    if told_at is None or (now - told_at).total_seconds() > TOLD_S or message_at is None:
        return "dead"
    if max(told_at, message_at) > now + AHEAD:  # the machine's clock was set back: since when it is silent nobody knows until it tells again
        return "stale"
    age = (now - min(message_at, position_at or message_at)).total_seconds()
    if age > DEAD * late_s:
        return "dead"
    if age > late_s:
        return "stale" if age > STALE * late_s else "late"
    if moved_at is not None and (now - moved_at).total_seconds() > max(STALE * late_s, FROZEN_S):
        return "frozen"
    return "live"


def all_of_them(connection: psycopg.Connection, now: datetime | None = None) -> list[dict]:
    """Every feed, as its keeper sees it."""
    names = ("name", "kind", "world", "agency", "marking", "active", "late_s", "settings", *STATE)
    rows = connection.execute(f"""
        SELECT f.name, f.kind, f.world, a.name, f.marking, f.active, f.late_s, f.settings, {", ".join(f"s.{name}" for name in STATE)}
        FROM feed f LEFT JOIN feed_state s ON s.feed_id = f.id LEFT JOIN agency a ON a.id = f.agency_id ORDER BY f.world, f.name
    """).fetchall()
    now = now or datetime.now(timezone.utc)
    return [_told(dict(zip(names, row)), now) for row in rows]


async def listed(session: AsyncConnection, now: datetime | None = None, *, with_sealed: bool = False) -> list[dict]:
    """The feeds a visitor may see, with how each fares. How much of one is sealed is told to a legal officer alone."""
    now = now or datetime.now(timezone.utc)
    rows = await session.execute(
        select(Feed.id, Feed.world, Feed.name, Feed.kind, Agency.name.label("agency"), Feed.marking, Feed.active, Feed.late_s,
               *(getattr(FeedState, name) for name in STATE))
        .outerjoin(FeedState, FeedState.feed_id == Feed.id).outerjoin(Agency, Agency.id == Feed.agency_id).order_by(Feed.world, Feed.name))
    return [_told(dict(row) | ({} if with_sealed else {"sealed": None}), now) for row in rows.mappings()]


def _told(row: dict, now: datetime) -> dict:
    on = row.pop("active")
    clocks = {name: row[name] for name in ("told_at", "message_at", "position_at", "moved_at")}
    if row["kind"] == "replay":  # it tells of another time on purpose
        clocks["position_at"] = None
    return {**row, "world": NAMES[row["world"]], "standing": standing(now, on=on, late_s=row["late_s"], **clocks)}
