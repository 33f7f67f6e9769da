"""Searching by name: which columns hold one, and what is found with a purpose alone."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, literal_column, or_, select

from data.models import Track
from data.records import GOVERNED_KINDS
from data.visitor import search_purpose
from data.worlds import World


def left_out(world: World, q: str | None) -> tuple[str, ...]:
    """The kinds a search leaves out: what needs a legal basis to be followed is looked for by name or plate with a purpose alone.

    The exercise asks nothing. Whether anything would have been found is not told.
    """
    return GOVERNED_KINDS if q and world == "live" and search_purpose(q) is None else ()


def named(told: str) -> ColumnElement[bool]:
    """Tracks whose name, key or any identifier (a plate, a call sign) holds the text."""
    held = func.jsonb_each_text(Track.identifiers).table_valued("key", "value", name="held")
    return or_(any_like(told, Track.name, Track.key), exists(select(literal_column("1")).select_from(held).where(any_like(told, held.c.value))))


def any_like(told: str, *columns) -> ColumnElement[bool]:
    """Any of the columns holds the text, in whatever case."""
    escaped = told.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))
