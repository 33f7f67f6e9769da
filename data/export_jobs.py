"""Files that are made by the queue: asked for as the serving role by a session's token, made by the owner's worker, fetched by whoever asked, and gone after a while."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from sqlalchemy import func, select, text

from data.doors import new_token
from data.filters import Filter
from data.models import Image, Segment, Seizure
from data.sessions import Database
from data.visitor import Purpose, Visitor
from errors import NotFound, TooMuch
from settings import exports as settings
from settings import store

LISTED = 100
TRIES = 2
ID = re.compile(r"[A-Za-z0-9_-]{43}")  # as data.doors.new_token makes them
DIED = "the server stopped twice while it was at it; narrow the filter"
GONE = "whoever asked may no longer take anything out"


@dataclass(frozen=True)
class ExportJob:
    """One file of one's own: `state` waiting, reading, writing, done or failed (`failure` says why); what it is is told once it is done."""

    id: str
    format: str
    state: str
    failure: str | None
    name: str | None
    media_type: str | None
    row_count: int | None
    size_bytes: int | None
    sha256: bytes | None
    release_id: int | None
    seen_as: str | None
    asked_at: datetime
    done_at: datetime | None
    expires_at: datetime | None

    @property
    def path(self) -> Path:
        """Where its bytes lie."""
        return path_of(self.id)


def path_of(id: str) -> Path:
    """Where the bytes of a file lie. Raises NotFound when this is no id of one."""
    if not ID.fullmatch(id):
        raise NotFound(f"no export {id[:60]} of yours")
    return store().exports / id


async def weight(session, filter: Filter, layers: Collection[str]) -> dict[str, int]:
    """How much a file would hold: seizures, images, and of tracks the hours."""
    asked = {
        "seizures": select(func.count()).select_from(Seizure).where(*filter.seizures()), "images": select(func.count()).select_from(Image).where(*filter.images()),
        "tracks": select(func.count()).select_from(Segment).where(*filter.segments(), Segment.gap.is_(False)),
    }
    return {layer: await session.scalar(asked[layer]) for layer in asked if layer in layers}


async def ask(database: Database, visitor: Visitor, format: str, query: str, why: Purpose | None) -> str:
    """Ask for a file; its id. Raises TooMuch when enough of one's own wait."""
    id, most = new_token(), settings().export_waiting
    async with database.asking(write=True) as session:
        waiting = await session.scalar(
            text("SELECT access.export_ask(:token, :id, :format, :query, :purpose, :case, :recipient, :most)"),
            {"token": visitor.token, "id": id, "format": format, "query": query, "purpose": why and why.words, "case": why and why.case, "recipient": why and why.recipient, "most": most})
    if waiting is not None:
        raise TooMuch(f"{waiting:,} of your exports are being made, at most {most:,} may be; wait until one is done")
    return id


async def mine(database: Database, token: str) -> list[ExportJob]:
    """One's own, the newest first."""
    return await _asked(database, token, None)


async def one(database: Database, token: str, id: str) -> ExportJob:
    """One of one's own that has not expired. Raises NotFound."""
    if not ID.fullmatch(id) or not (found := await _asked(database, token, id)):
        raise NotFound(f"no export {id[:60]} of yours; a file is kept for {settings().export_kept_hours:g} h")
    return found[0]


async def _asked(database: Database, token: str, id: str | None) -> list[ExportJob]:
    async with database.asking() as session:
        rows = await session.execute(text("SELECT * FROM access.exports(:token, :id, :limit)"), {"token": token, "id": id, "limit": LISTED})
        return [ExportJob(**row) for row in rows.mappings()]


# -- by the owner, who has them made ----------------------------------------------------------------------------------


def again(connection: psycopg.Connection) -> None:
    """What was being made when its maker died waits again, or is said failed. To be asked by whoever holds the queue's lock."""
    connection.execute("UPDATE access.export_job SET state = 'failed', failure = %s, done_at = now(), expires_at = now() + %s * interval '1 hour' WHERE state IN ('reading', 'writing') AND tries >= %s",
                       (DIED, settings().export_kept_hours, TRIES))
    connection.execute("UPDATE access.export_job SET state = 'waiting' WHERE state IN ('reading', 'writing')")


def next_one(connection: psycopg.Connection) -> dict | None:
    """The file that waits longest, now being made: its id, and whether whoever asked may still take it out. None: none waits."""
    row = connection.execute("""
        UPDATE access.export_job e SET state = 'reading', tries = tries + 1 FROM access.person p
        WHERE e.id = (SELECT w.id FROM access.export_job w WHERE w.state = 'waiting' ORDER BY w.asked_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED) AND p.id = e.person_id
        RETURNING e.id, p.active AND p.roles && ARRAY['coordinator', 'analyst', 'supervisor', 'legal']
    """).fetchone()
    return row and dict(zip(("id", "may"), row))


def asked_for(connection: psycopg.Connection, id: str) -> dict:
    """What one is to be: format, query, purpose, case, recipient, and the name its asker signs in by."""
    row = connection.execute("SELECT e.format, e.query, e.purpose, e.case_told, e.recipient, p.name FROM access.export_job e JOIN access.person p ON p.id = e.person_id WHERE e.id = %s", (id,)).fetchone()
    if row is None:
        raise NotFound(f"no export {id[:60]}")
    return dict(zip(("format", "query", "purpose", "case", "recipient", "name"), row))


def writing(connection: psycopg.Connection, id: str) -> None:
    """Its records are read."""
    connection.execute("UPDATE access.export_job SET state = 'writing' WHERE id = %s AND state = 'reading'", (id,))


def done(connection: psycopg.Connection, id: str, *, name: str, media_type: str, rows: int, size_bytes: int, sha256: bytes, release: int | None, seen_as: str) -> None:
    """It may be fetched, for a while, and as long as its asker sees what they saw (`seen_as`: data.spans.SEEN_AS)."""
    connection.execute("""
        UPDATE access.export_job SET state = 'done', name = %s, media_type = %s, row_count = %s, size_bytes = %s, sha256 = %s, release_id = %s, seen_as = %s, done_at = now(),
          expires_at = now() + %s * interval '1 hour' WHERE id = %s AND state IN ('reading', 'writing')
    """, (name, media_type, rows, size_bytes, sha256, release, seen_as, settings().export_kept_hours, id))


def failed(connection: psycopg.Connection, id: str, words: str) -> None:
    """Why it came to nothing, in words."""
    connection.execute("UPDATE access.export_job SET state = 'failed', failure = %s, done_at = now(), expires_at = now() + %s * interval '1 hour' WHERE id = %s AND state IN ('reading', 'writing')",
                       (words[:500], settings().export_kept_hours, id))


def tidy(connection: psycopg.Connection) -> int:
    """Erase what has expired, and files of which nothing is known any more; how many files."""
    connection.execute("DELETE FROM access.export_job WHERE expires_at <= now()")
    known = {id for (id,) in connection.execute("SELECT id FROM access.export_job")}
    folder, gone = store().exports, 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.removesuffix(".part") not in known:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def waits(connection: psycopg.Connection) -> bool:
    """Whether one waits."""
    return connection.execute("SELECT EXISTS (SELECT FROM access.export_job WHERE state = 'waiting')").fetchone()[0]
