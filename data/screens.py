"""Screens: what each is told to show, how it fares, and what whoever keeps them may change. Every step asks in the database who is calling."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import orjson
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data import page_state, views
from data.doors import hashed, new_token
from data.models import SavedView
from data.openable import openable
from data.people import tell
from data.scope import LEVEL, marking_of
from data.sessions import Database
from data.visitor import Visitor
from data.worlds import NAMES, WORLDS
from errors import Forbidden, InputRefused, NotFound

SILENT_S = 60.0
KEPT_S = 29.0  # a beat is written down no more often: twice a minute at most
NAME_MAX, PLACE_MAX, ITEMS_MAX, ZONES_MAX = 200, 200, 50, 4
TURN_S = (5, 3600)
DISTANCE_M, DIAGONAL_IN = (0.5, 50.0), (5.0, 500.0)
DIM = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)
NOT_ALLOWED = "42501"
SETTINGS = ("place", "distance_m", "diagonal_in", "zones", "world", "turn_s", "dim")


class ScreenRefused(InputRefused):
    """A screen can't be like this."""


@dataclass(frozen=True)
class Item:
    """One view of a playlist: a saved view by its number, or a state of its own (data/page_state.py); for how long, and whether its last 24 hours are played first."""

    view: int | None = None
    state: str | None = None
    name: str | None = None
    turn_s: int | None = None
    replay: bool = False

    def __post_init__(self):
        if (self.view is None) == (self.state is None):
            raise ScreenRefused("a view of a playlist is either a saved view's number or a state of its own")
        if self.view is not None and not (type(self.view) is int and 0 < self.view < 2**31):
            raise ScreenRefused(f"the saved view {str(self.view)[:40]!r} is none: expected its number")
        if self.name is not None and not (isinstance(self.name, str) and len(self.name) <= NAME_MAX and self.name.isprintable()):
            raise ScreenRefused(f"the name {str(self.name)[:40]!r} is refused, expected at most {NAME_MAX} printable characters")
        if self.turn_s is not None:
            _between("turn_s", self.turn_s, *TURN_S)
        if type(self.replay) is not bool:
            raise ScreenRefused(f"replay is {str(self.replay)[:40]!r}, expected true or false")
        if self.state is not None:
            if not isinstance(self.state, str):
                raise ScreenRefused("the state of a view is expected to be a text")
            page_state.read(self.state)

    def kept(self) -> dict:
        return {k: v for k, v in (("view", self.view), ("state", self.state), ("name", self.name), ("turn_s", None if self.turn_s is None else round(self.turn_s)), ("replay", self.replay)) if v not in (None, False)}


def item(told: object) -> Item:
    """An item as somebody told it. Raises ScreenRefused, StateRefused, FilterInvalid."""
    if not isinstance(told, dict) or (wrong := [k for k in told if k not in Item.__dataclass_fields__]):
        raise ScreenRefused(f"a view of a playlist is an object with {', '.join(Item.__dataclass_fields__)}" + (f", not {wrong[0][:40]!r}" if isinstance(told, dict) else ""))
    return Item(**told)


def playlist(told: object) -> list[Item]:
    """A whole list. Raises as `item` does."""
    if not isinstance(told, list) or len(told) > ITEMS_MAX:
        raise ScreenRefused(f"a playlist is a list of at most {ITEMS_MAX} views")
    return [item(row) for row in told]


def settings(told: dict) -> dict:
    """Settings by name, checked. Raises ScreenRefused."""
    if wrong := [k for k in told if k not in SETTINGS]:
        raise ScreenRefused(f"no setting {wrong[0][:40]!r} of a screen, expected {', '.join(SETTINGS)}")
    if (place := told.get("place")) is not None and not (len(place) <= PLACE_MAX and place.isprintable()):
        raise ScreenRefused(f"the place {place[:40]!r} is refused, expected at most {PLACE_MAX} printable characters")
    for key, (least, most) in (("distance_m", DISTANCE_M), ("diagonal_in", DIAGONAL_IN), ("turn_s", TURN_S)):
        if key in told:
            _between(key, told[key], least, most)
    for zone in (zones := told.get("zones", [])):
        if not is_zone(zone):
            raise ScreenRefused(f"the zone {zone[:40]!r} is none, expected an IANA name such as America/Bogota")
    if len(zones) > ZONES_MAX or len(set(zones)) < len(zones):
        raise ScreenRefused(f"{len(zones)} zones, expected at most {ZONES_MAX}, each once")
    if told.get("world") not in (None, *WORLDS):
        raise ScreenRefused(f"the world {told['world'][:40]!r} is none, expected {' or '.join(WORLDS)}")
    if (dim := told.get("dim")) is not None and not DIM.fullmatch(dim):
        raise ScreenRefused(f"dim is {dim[:40]!r}, expected from and to such as 22:00-06:00")
    return told


def is_zone(name: str) -> bool:
    """Whether there is such an IANA zone.

    >>> is_zone("America/Bogota"), is_zone("../../etc/passwd"), is_zone("Mars/Olympus")
    (True, False, False)
    """
    if not re.fullmatch(r"[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*", name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of zones
        return False
    return True


def _between(key: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not least <= value <= most:
        raise ScreenRefused(f"{key} is {str(value)[:40]!r}, expected {least:g} to {most:g}")


# -- for the screen itself


async def told(session: AsyncConnection, token: str, slug: str) -> dict | None:
    """What a screen is to show, its playlist with each view as it is now; None: no such screen for this visitor.

    A view that was deleted, or that this visitor may not see, has no `state` and says so in `gone`; what of a state leads to nothing it may see is left out.
    """
    row = (await session.execute(text("SELECT * FROM access.screen_told(:token, :slug)"), {"token": token, "slug": slug})).mappings().one_or_none()
    if row is None:
        return None
    items = [*row["playlist"], *([row["follow"]] if row["follow"] else [])]
    saved = await _saved(session, {i["view"] for i in items if "view" in i})
    found = [await _shown(session, i, saved) for i in items]
    follow = found.pop() if row["follow"] else None
    return {**row, "playlist": found, "follow": follow}


async def _saved(session: AsyncConnection, numbers: set[int]) -> dict[int, tuple[str, str, int, str]]:
    """Name, state, world and marking of the saved views that are there and seen."""
    if not numbers:
        return {}
    rows = await session.execute(select(SavedView.id, SavedView.name, SavedView.state, SavedView.world, SavedView.marking).where(SavedView.id.in_(numbers), SavedView.ended_at.is_(None)))
    return {row[0]: tuple(row[1:]) for row in rows}


async def _shown(session: AsyncConnection, kept: dict, saved: dict) -> dict:
    out = {k: v for k, v in kept.items() if k != "state"}
    if "view" in kept:
        if kept["view"] not in saved:
            return {**out, "gone": f"The view {kept.get('name') or kept['view']} was deleted, or is not for this screen"}
        name, state, world, out["marking"] = saved[kept["view"]]
        out |= {"name": kept.get("name") or name, "world": NAMES[world]}
    else:
        state = kept["state"]
    seen, left_out = await openable(session, state)
    places = await views.places_near(session, seen.camera) if seen.camera else []
    return {**out, "state": seen.text, "world": seen.filter.world, "left_out": [problem["key"] for problem in left_out], "places": places}


async def beat(database: Database, token: str, what: dict) -> dict:
    """A screen lives; the version of what it is told, and the number of its last order to begin anew. Raises Forbidden."""
    row = await _asked(database, "SELECT * FROM access.screen_beat(:token, cast(:what AS jsonb), cast(:least AS real))", token, what=_json(what), least=KEPT_S)
    if row is None:
        raise NotFound("no such screen any more")
    return dict(row._mapping)


# -- for whoever keeps screens


async def listed(session: AsyncConnection, token: str) -> list[dict]:
    """The screens somebody keeps, with how each fares. Raises Forbidden."""
    try:
        rows = (await session.execute(text("SELECT * FROM access.screens(:token)"), {"token": token})).mappings().all()
    except DBAPIError as error:
        raise _refused(error) from None
    return [{**row, "ceiling": marking_of(row["ceiling"]), "state": state_of(row)} for row in rows]


def state_of(row: dict) -> str:
    """How a screen fares: `revoked`, `waits` for its token to be opened, `silent` for longer than a minute, or `online`.

    >>> state_of({"active": True, "waits": False, "signed_in": True, "silent_s": 61.0}), state_of({"active": True, "waits": True, "signed_in": False, "silent_s": None})
    ('silent', 'waits')
    """
    if not row["active"]:
        return "revoked"
    if row["waits"] or not row["signed_in"]:
        return "waits"
    return "silent" if row["silent_s"] is None or row["silent_s"] > SILENT_S else "online"


async def agencies(session: AsyncConnection, visitor: Visitor) -> list[str]:
    """Whose records a screen of this visitor's may show: all for an administrator, else their own."""
    if "administrator" not in visitor.roles:
        return list(visitor.agencies)
    return list((await session.execute(text("SELECT name FROM access.admin_agencies(:token)"), {"token": visitor.token})).scalars())


async def make(database: Database, token: str, *, name: str, agency: str | None, ceiling: str) -> tuple[int, str]:
    """A screen's number and the token it is opened with, once; one that is there gets a new one. Raises ScreenRefused, Forbidden."""
    check_name(name)
    if LEVEL.get(ceiling, 99) > LEVEL["TLP:AMBER+STRICT"]:
        raise ScreenRefused("TLP:RED never reaches a wall: expected TLP:AMBER+STRICT or less")
    made = new_token()
    row = await _asked(database, "SELECT access.screen_make(:token, :name, :agency, :ceiling, :hash)", token, name=name, agency=agency or None, ceiling=LEVEL[ceiling], hash=hashed(made))
    if row[0] is None:
        raise Forbidden("a screen of this name, agency or marking is not yours to keep: a supervisor keeps those of their own agencies, up to their own marking")
    return row[0], made


def check_name(name: str) -> None:
    """Raises ScreenRefused."""
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable() or not name.strip():
        raise ScreenRefused(f"the name {name[:40]!r} is refused, expected 1 to {NAME_MAX} printable characters")


async def change(database: Database, token: str, screen: int, what: dict) -> None:
    """Settings, `playlist`, `follow` (an item, or None to end it) or `reload`, as the database is to keep them. Raises NotFound, Forbidden."""
    if not (await _asked(database, "SELECT access.screen_set(:token, :screen, cast(:what AS jsonb))", token, screen=screen, what=_json(what)))[0]:
        raise NotFound(f"no screen {screen} that is yours to keep")


async def end(database: Database, token: str, screen: int) -> None:
    """It shows nothing more. Raises NotFound, Forbidden."""
    if not (await _asked(database, "SELECT access.screen_end(:token, :screen)", token, screen=screen))[0]:
        raise NotFound(f"no screen {screen} that is yours to keep")


async def _asked(database: Database, query: str, token: str, **values):
    try:
        async with database.asking(write=True) as session:
            return (await session.execute(text(query), {"token": token, **values})).one_or_none()
    except DBAPIError as error:
        raise _refused(error) from None


def _refused(error: DBAPIError) -> Exception:
    return Forbidden("your role may not do this with screens") if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED else error


def _json(what: dict) -> str:
    return orjson.dumps(what).decode()


# -- by the owner, in the caller's transaction


def set_by_owner(connection: psycopg.Connection, name: str, told: dict, items: list[Item] | None = None) -> None:
    """Settings of a screen, and its playlist if one is told. Raises NotFound, ScreenRefused."""
    what = {**settings(told), **({"playlist": Jsonb([i.kept() for i in items])} if items is not None else {})}
    if not what:
        raise ScreenRefused(f"nothing was told of the screen {name[:40]!r}: name a setting to change")
    columns = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(key), sql.Placeholder(key)) for key in what)
    query = sql.SQL("UPDATE access.screen SET {}, version = version + 1 WHERE name = {} RETURNING id").format(columns, sql.Placeholder("of_name"))
    if not connection.execute(query, {**what, "of_name": name.strip()}).fetchone():
        raise NotFound(f"no screen {name!r}; `./vigia screen list` names them")
    tell(connection, "change", of=f"screen:{name.strip()}", to=f"set {', '.join(what)}")


def slug_of(connection: psycopg.Connection, name: str) -> str:
    """The last part of a screen's address. Raises NotFound."""
    row = connection.execute("SELECT slug FROM access.screen WHERE name = %s", (name.strip(),)).fetchone()
    if row is None:
        raise NotFound(f"no screen {name!r}; `./vigia screen list` names them")
    return row[0]
