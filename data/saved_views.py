"""Saved views: as they are now, kept in versions. From the page as the serving role, from the command line as the owner."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import psycopg
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data import page_state, people
from data.models import Agency, SavedView
from data.page_state import PageState
from data.records import MARKINGS
from data.sessions import Database
from data.visitor import Visitor
from data.worlds import CODES, WORLDS
from errors import Forbidden, Gone, InputRefused, NotFound, Outrun

NAME_MAX, NOTE_MAX, VIEWS_MAX = 200, 1000, 500
NOT_ALLOWED, FULL = "42501", "VG001"
LEADING = frozenset({"coordinator", "supervisor"})
# What turns text round for what stands beside it; a name may be of any script without.
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
JOINERS = frozenset("\u200c\u200d")  # letters of several scripts are written with them


class ViewRefused(InputRefused):
    """A saved view can't be like this."""


@dataclass(frozen=True)
class ViewTold:
    """What somebody says of a view. The state has been read (data/page_state.py)."""

    name: str
    state: PageState
    note: str | None = None
    private: bool = False
    agency: str | None = None
    operation: str | None = None
    marking: str = "TLP:AMBER"

    def __post_init__(self):
        if not 1 <= len(self.name) <= NAME_MAX or not printable(self.name):
            raise ViewRefused(f"the name {self.name[:40]!r} is refused, expected 1 to {NAME_MAX} printable characters of any script")
        if self.note is not None and not (len(self.note) <= NOTE_MAX and all(line == "" or printable(line) for line in self.note.split("\n"))):
            raise ViewRefused(f"the note is refused, expected at most {NOTE_MAX:,} printable characters")
        if self.marking not in MARKINGS:
            raise ViewRefused(f"the marking {self.marking[:40]!r} is none, expected {', '.join(MARKINGS)}")
        if self.private and self.operation is not None:
            raise ViewRefused(f"a private view is seen by nobody else: leave out the operation {self.operation[:40]!r}, or private")
        if self.operation is not None and self.state.filter.world != "live":
            raise ViewRefused("an operation shares what is live: an exercise's view has none, everybody sees it")


def printable(told: str) -> bool:
    """Whether a text can be shown as it is, in any script, and steers nothing around it.

    >>> printable("الحدود"), printable("a\\u202eb"), printable("नमस्\\u200dते"), printable(" \\u3000")
    (True, False, True, False)
    """
    shown = "".join(c for c in told if c not in JOINERS)
    return bool(shown.strip()) and shown.isprintable() and not TURNS & set(told) and any(not unicodedata.category(c).startswith(("M", "Z")) for c in shown)


COLUMNS = (
    SavedView.id, SavedView.version, SavedView.world, SavedView.name, SavedView.note, SavedView.owner_id, SavedView.private, Agency.name.label("agency"), SavedView.operation_id,
    SavedView.marking, SavedView.made_at, SavedView.made_by, SavedView.ended_at, SavedView.state,
)


async def listed(session: AsyncConnection, visitor: Visitor, operations: dict[int, str]) -> list[dict]:
    """Those that this visitor sees, of both worlds, by name; without their states."""
    rows = await session.execute(select(*COLUMNS).outerjoin(Agency, Agency.id == SavedView.agency_id).where(SavedView.ended_at.is_(None)).order_by(func.lower(SavedView.name), SavedView.id))
    return [{k: v for k, v in _told(row, visitor, operations).items() if k != "state"} for row in rows.mappings()]


async def one(session: AsyncConnection, visitor: Visitor, operations: dict[int, str], view: int, version: int | None = None) -> dict:
    """A view with its state and which versions there are, the newest first. Raises NotFound, Gone."""
    rows = (await session.execute(select(*COLUMNS).outerjoin(Agency, Agency.id == SavedView.agency_id).where(SavedView.id == view).order_by(SavedView.version.desc()))).mappings().all()
    if not rows:
        raise NotFound(f"no saved view {view} that you may see: it was deleted, is no longer shared with you, or never was")
    if rows[0]["ended_at"] is not None:
        # Whoever sees only an older version doesn't learn what became of it.
        raise Gone(f"the saved view {view} was deleted, or is no longer shared with you")
    found = next((row for row in rows if row["version"] == (version or rows[0]["version"])), None)
    if found is None:
        raise NotFound(f"no version {version} of the saved view {view}")
    return {**_told(found, visitor, operations), "newest": rows[0]["version"], "versions": [{k: row[k] for k in ("version", "name", "made_at", "made_by")} for row in rows]}


def _told(row: dict, visitor: Visitor, operations: dict[int, str]) -> dict:
    own = visitor.kind == "person" and row["owner_id"] == visitor.id
    leads = bool(visitor.roles & LEADING) and (row["world"] == CODES["exercise"] or row["agency"] in visitor.agencies)
    told = {k: v for k, v in row.items() if k not in ("owner_id", "operation_id", "ended_at")}
    return {**told, "world": WORLDS[row["world"]], "operation": operations.get(row["operation_id"]), "own": own, "may": own or (not row["private"] and leads)}


async def operations(session: AsyncConnection, token: str) -> list[dict]:
    """The operations that run in which the visitor's agencies take part: number, name, end."""
    return [dict(row) for row in (await session.execute(text("SELECT * FROM access.my_operations(:token)"), {"token": token})).mappings()]


async def keep(database: Database, token: str, told: ViewTold, of: int | None = None, version: int | None = None) -> tuple[int, int]:
    """A new view, or a new version of one that follows on `version`; its number and version. Raises NotFound, Forbidden, Outrun, ViewRefused."""
    world = told.state.filter.world
    row = await _asked(database, "SELECT * FROM access.saved_view(:token, :of, :version, :world, :name, :note, :state, :private, :agency, :operation, :marking)", {
        "token": token, "of": of, "version": version, "world": CODES[world], "name": told.name, "note": told.note or None, "state": told.state.text, "private": told.private,
        "agency": told.agency, "operation": told.operation, "marking": told.marking})
    if row is None:
        raise NotFound(f"no saved view {of} in the {world} world that you may change")
    if row[0] is None:
        raise _outrun(of, version, row[1])
    return row[0], row[1]


async def end(database: Database, token: str, view: int, version: int | None = None) -> None:
    """It is a view no more. Raises NotFound, Outrun."""
    [ended] = await _asked(database, "SELECT access.saved_view_end(:token, :view, :version)", {"token": token, "view": view, "version": version})
    if ended is None:
        raise NotFound(f"no saved view {view} that you may delete")
    if not ended:
        raise _outrun(view, version, None)


def _outrun(view: int | None, version: int | None, newest: int | None) -> Outrun:
    return Outrun(f"somebody saved the view {view} since version {version}{f': version {newest} is the newest' if newest else ''}; open it again, or save yours as a new one")


async def _asked(database: Database, query: str, values: dict):
    try:
        async with database.asking(write=True) as session:
            return (await session.execute(text(query), values)).one_or_none()
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == NOT_ALLOWED:
            raise Forbidden("a view is shared with an agency of one's own, in an operation it takes part in and that runs, up to one's own marking; `private` keeps it for you alone") from None
        if state == FULL:
            raise ViewRefused(f"you keep {VIEWS_MAX} views, and that is the most: delete one first") from None
        raise


# -- by the owner, in the caller's transaction


def of_all(connection: psycopg.Connection) -> list[dict]:
    """Those there are, for the command line."""
    rows = connection.execute("""
        SELECT v.name, v.id, v.version, CASE v.world WHEN 0 THEN 'live' ELSE 'exercise' END, p.name, v.private, a.name, o.name, v.marking, v.made_by, v.made_at
        FROM saved_view v JOIN access.person p ON p.id = v.owner_id LEFT JOIN agency a ON a.id = v.agency_id LEFT JOIN access.operation o ON o.id = v.operation_id
        WHERE v.ended_at IS NULL ORDER BY lower(v.name), v.id
    """).fetchall()
    keys = ("name", "id", "version", "world", "owner", "private", "agency", "operation", "marking", "made_by", "made_at")
    return [dict(zip(keys, row)) for row in rows]


def versions(connection: psycopg.Connection, view: int) -> list[dict]:
    """Every version of a view with its address, the newest first. Raises NotFound."""
    rows = connection.execute("SELECT name, version, state, note, marking, made_by, made_at, ended_at FROM saved_view WHERE id = %s ORDER BY version DESC", (view,)).fetchall()
    if not rows:
        raise NotFound(f"no saved view {view}; `./vigia view list` names them")
    keys = ("name", "version", "address", "note", "marking", "made_by", "made_at", "ended_at")
    return [{**dict(zip(keys, row)), "address": page_state.opened(row[2])[0].address()} for row in rows]


def stop(connection: psycopg.Connection, view: int) -> None:
    """It is a view no more. Raises NotFound."""
    if not connection.execute("UPDATE saved_view SET ended_at = clock_timestamp() WHERE id = %s AND ended_at IS NULL RETURNING id", (view,)).fetchone():
        raise NotFound(f"no saved view {view}; `./vigia view list` names them")
    people.tell(connection, "change", of=f"saved-view:{view}", to="deleted")
