"""Files on their way in from a browser: asked as the serving role by a session's token, worked off by the owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import text

from data.audit import entry_text
from data.doors import new_token
from data.scope import LEVEL, marking_of
from data.sessions import Database
from data.visitor import Visitor
from errors import Forbidden, NotFound, TooMuch
from settings import uploads as settings

DONE = ("stored", "already", "refused")
LISTED = 500
KEPT_DAYS = 7  # for how long what became of a file is told


@dataclass(frozen=True)
class Upload:
    """One file on its way in."""

    id: str
    name: str
    size_bytes: int
    state: str
    options: dict
    told: list
    begun_at: datetime
    changed_at: datetime


def _entry(visitor: Visitor, id: str, to: str, **about: object) -> str:
    return entry_text("change", visitor.recorded_as, of=f"upload:{id}", to=to, **about)


async def begin(database: Database, visitor: Visitor, name: str, size_bytes: int, options: dict) -> str:
    """A new upload's id. Raises Forbidden for an agency that is not one's own or a marking above one's ceiling, TooMuch when enough waits."""
    id, limits, marking = new_token(), settings(), options.get("marking") or "TLP:AMBER"
    async with database.asking(write=True) as session:
        refused = await session.scalar(
            text("SELECT access.upload_begin(:token, :id, :name, :size, :agency, :level, CAST(:options AS jsonb), :files, :bytes, :entry)"),
            {"token": visitor.token, "id": id, "name": name, "size": size_bytes, "agency": options.get("agency"), "level": LEVEL[marking],
             "options": orjson.dumps(options).decode(), "files": limits.upload_waiting_files, "bytes": limits.upload_waiting_mb * 1_000_000,
             "entry": _entry(visitor, id, "begun", bytes=size_bytes)})
    why, _, waiting = (refused or "").partition(" ")
    if why == "agency":
        told = f"{options['agency']!r} is none of your agencies" if options.get("agency") else "no agency is told"
        raise Forbidden(f"{told}: files are brought in for one's own agency; it is one of {', '.join(visitor.agencies) or 'none'}")
    if why == "marking":
        raise Forbidden(f"{marking} is above your ceiling, {marking_of(visitor.ceiling)}: you could not see what you brought in")
    if why == "files":
        raise TooMuch(f"{int(waiting):,} of your files are on their way in, at most {limits.upload_waiting_files:,} may be; wait until some are read")
    if why == "bytes":
        raise TooMuch(f"{int(waiting) / 1e6:,.0f} MB of yours are on their way in and this file has {size_bytes / 1e6:,.0f} MB, "
                      f"at most {limits.upload_waiting_mb:,} MB may be; wait until some are read")
    return id


async def mine(database: Database, token: str) -> list[Upload]:
    """One's own, the newest first."""
    return await _asked(database, token, None)


async def one(database: Database, token: str, id: str) -> Upload:
    """One of one's own. Raises NotFound."""
    if not (found := await _asked(database, token, id)):
        raise NotFound(f"no upload {id[:60]} of yours")
    return found[0]


async def _asked(database: Database, token: str, id: str | None) -> list[Upload]:
    async with database.asking() as session:
        rows = await session.execute(text("SELECT * FROM access.uploads(:token, :id, :limit)"), {"token": token, "id": id, "limit": LISTED})
        return [Upload(**row) for row in rows.mappings()]


async def agencies(database: Database, token: str) -> list[str]:
    """The agencies somebody may bring files in for."""
    async with database.asking() as session:
        return sorted([name async for _, name in await session.stream(text("SELECT id, name FROM access.house(:token)"), {"token": token})])


async def whole(database: Database, visitor: Visitor, id: str) -> None:
    """All of it is here: it waits to be read."""
    async with database.asking(write=True) as session:
        await session.execute(text("SELECT access.upload_whole(:token, :id, :entry)"), {"token": visitor.token, "id": id, "entry": _entry(visitor, id, "whole")})


async def end(database: Database, visitor: Visitor, id: str) -> bool:
    """Give one up, or take it off the list. False: it is being read, or is none of one's own."""
    async with database.asking(write=True) as session:
        return await session.scalar(text("SELECT access.upload_end(:token, :id, :entry)"), {"token": visitor.token, "id": id, "entry": _entry(visitor, id, "given up")})


# -- by the owner, who imports ----------------------------------------------------------------------------------------


def again(connection: psycopg.Connection) -> None:
    """What was being read when its reader died waits again."""
    connection.execute("UPDATE access.upload SET state = 'waiting' WHERE state = 'reading'")


def next_one(connection: psycopg.Connection, passed: list[str]) -> dict | None:
    """The upload that waits longest, now being read: id, name, options, whose, and whether that one may still. None: no other waits."""
    row = connection.execute("""
        UPDATE access.upload u SET state = 'reading', changed_at = now() FROM access.person p
        WHERE u.id = (SELECT w.id FROM access.upload w WHERE w.state = 'waiting' AND NOT w.id = ANY (%s) ORDER BY w.begun_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED)
          AND p.id = u.person_id
        RETURNING u.id, u.name, u.options, u.person_id, p.active AND p.roles && ARRAY['coordinator', 'analyst', 'supervisor']
          AND (p.keeper AND u.options ->> 'agency' IS NULL
               OR EXISTS (SELECT FROM agency a WHERE a.world = 0 AND a.name = u.options ->> 'agency' AND a.id = ANY (access.own(p.id))))
    """, (passed,)).fetchone()
    return row and dict(zip(("id", "name", "options", "person", "may"), row))


def came(connection: psycopg.Connection, id: str, state: str, told: list[dict]) -> None:
    """What became of one."""
    connection.execute("UPDATE access.upload SET state = %s, told = %s, changed_at = now() WHERE id = %s", (state, Jsonb(told), id))


def waits(connection: psycopg.Connection) -> bool:
    """Whether one waits."""
    return connection.execute("SELECT EXISTS (SELECT FROM access.upload WHERE state = 'waiting')").fetchone()[0]


def unfinished(connection: psycopg.Connection) -> dict[str, float]:
    """The uploads whose bytes still come, and for how many hours."""
    return dict(connection.execute("SELECT id, extract(epoch FROM now() - begun_at)::float / 3600 FROM access.upload WHERE state = 'coming'").fetchall())


def forget(connection: psycopg.Connection, resting: list[str]) -> list[str]:
    """Take off the list what nobody goes on with (`resting`, as the disk says) and what was told long ago; the ids that are left."""
    connection.execute("DELETE FROM access.upload WHERE state = 'coming' AND id = ANY (%s) OR state = ANY (%s) AND changed_at < now() - make_interval(days => %s)",
                       (resting, list(DONE), KEPT_DAYS))
    return [id for (id,) in connection.execute("SELECT id FROM access.upload")]
