"""Short links: a code that leads to a state of the page or to a saved view, until it expires or is revoked. It gives no rights."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data.sessions import Database
from errors import Gone, InputRefused, NotFound

if TYPE_CHECKING:
    from data.page_state import PageState  # loads what pictures are drawn with, and retention only forgets links

LASTING_S = {"1h": 3600, "1d": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}
LINKS_MAX = 200
FULL = "VG001"  # ours
# No letter or figure is another's double: a code may be read out.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH = 12
CODE = re.compile(rf"[{LETTERS}]{{{CODE_LENGTH}}}", re.ASCII)
ENDED = {"expired": "has expired", "revoked": "was revoked by whoever made it"}


class LinkRefused(InputRefused):
    """A short link can't be like this."""


def new_code() -> str:
    """Something nobody can guess: one of 31^12."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


async def make(database: Database, token: str, state: PageState | None, view: int | None, lasting: str) -> tuple[int, str, datetime]:
    """A link to a state or to a view; its number, code and end. Raises LinkRefused."""
    if lasting not in LASTING_S:
        raise LinkRefused(f"a link lasts {', '.join(LASTING_S)}, not {lasting[:20]!r}")
    code = new_code()
    try:
        async with database.asking(write=True) as session:
            number, ends = (await session.execute(text("SELECT * FROM access.short_link(:token, :code, :state, :view, :lasting_s)"), {
                "token": token, "code": code, "state": state and state.text, "view": view, "lasting_s": LASTING_S[lasting]})).one()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == FULL:
            raise LinkRefused(f"{LINKS_MAX} links of yours are open, and that is the most: revoke one first") from None
        raise
    return number, code, ends


async def opened(database: Database, token: str, code: str, *, opening: bool = True) -> dict:
    """Where a code leads: `id`, and `state` or `view_id`. Raises NotFound, Gone."""
    row = None
    if CODE.fullmatch(code):
        async with database.asking(write=True) as session:
            row = (await session.execute(text("SELECT * FROM access.short_link_open(:token, :code, :opening)"), {"token": token, "code": code, "opening": opening})).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such link: look whether the whole of it came over")
    if row["ended"]:
        raise Gone(f"this link {ENDED[row['ended']]}; ask for a new one")
    return dict(row)


async def own(database: Database, token: str) -> list[dict]:
    """One's own links that still lead somewhere, the newest first."""
    async with database.asking() as session:
        return [dict(row) for row in (await session.execute(text("SELECT * FROM access.short_links(:token)"), {"token": token})).mappings()]


async def revoke(database: Database, token: str, link: int) -> None:
    """It leads nowhere any more. Raises NotFound."""
    async with database.asking(write=True) as session:
        if not await session.scalar(text("SELECT access.short_link_revoke(:token, :link)"), {"token": token, "link": link}):
            raise NotFound(f"no link {link} of yours that still leads somewhere")


# -- by the owner, in the caller's transaction


def forget(connection: psycopg.Connection, now: datetime) -> int:
    """Erase those that ended 30 days ago: until then they say that they have expired. How many that were."""
    return connection.execute("DELETE FROM access.short_link WHERE coalesce(revoked_at, expires_at) <= %s - interval '30 days'", (now,)).rowcount
