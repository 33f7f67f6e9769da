"""Accounts and screens as an administrator keeps them from the page, as the serving role: each step asks in the database who is calling."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from data.doors import hashed, new_token
from data.people import LINK_MINUTES, folded
from data.scope import LEVEL, marking_of
from data.sessions import Database


async def everything(database: Database, token: str) -> dict[str, list[dict]]:
    """People, screens, operations and agencies, without anything secret."""
    async with database.asking() as session:
        found = {}
        for name in ("people", "screens", "operations", "agencies"):
            rows = (await session.execute(text(f"SELECT * FROM access.admin_{name}(:token)"), {"token": token})).mappings()  # names of our own
            found[name] = [{**row, "ceiling": marking_of(row["ceiling"])} if "ceiling" in row else dict(row) for row in rows]
        return found


async def add(database: Database, token: str, *, name: str, shown: str | None, roles: list[str], ceiling: str, agencies: list[str]) -> int | None:
    """A new account's number; None when the name is taken."""
    return await _ask(database, "admin_add(:token, :name, :shown, :roles, :ceiling, :agencies)", token, name=folded(name), shown=shown or None,
                      roles=roles, ceiling=LEVEL[ceiling], agencies=agencies)


async def link(database: Database, token: str, person: int) -> str | None:
    """A link's token for an open account; None when there is none such."""
    made = new_token()
    return made if await _ask(database, "admin_link(:token, :person, :hash, :minutes)", token, person=person, hash=hashed(made), minutes=LINK_MINUTES) else None


async def set_active(database: Database, token: str, person: int, active: bool) -> bool:
    """Close an account or open it; one's own is left as it is. Whether anything was done."""
    return await _ask(database, "admin_active(:token, :person, :active)", token, person=person, active=active)


async def sign_out(database: Database, token: str, person: int) -> bool:
    """End every session of a person. Whether there was any."""
    return await _ask(database, "admin_sign_out(:token, :person)", token, person=person)


async def screen(database: Database, token: str, *, name: str, agency: str | None, ceiling: str) -> tuple[int, str]:
    """A screen's number and the token it is to be opened with, once; one that is there gets a new one."""
    made = new_token()
    number = await _ask(database, "admin_screen(:token, :name, :agency, :ceiling, :hash)", token, name=name.strip(), agency=agency or None,
                        ceiling=LEVEL[ceiling], hash=hashed(made))
    return number, made


async def revoke(database: Database, token: str, number: int) -> bool:
    """The screen shows nothing more."""
    return await _ask(database, "admin_revoke(:token, :screen)", token, screen=number)


async def operation(database: Database, token: str, *, name: str, start: datetime, end: datetime) -> int:
    """An operation's number: made, or given new dates."""
    return await _ask(database, "admin_operation(:token, :name, :start, :end)", token, name=name.strip(), start=start, end=end)


async def share(database: Database, token: str, operation: int, *, agency: str, layers: list[str], ceiling: str) -> bool:
    """What an agency shares in an operation. Whether there are both."""
    return await _ask(database, "admin_share(:token, :operation, :agency, :layers, :ceiling)", token, operation=operation, agency=agency, layers=layers, ceiling=LEVEL[ceiling])


async def end(database: Database, token: str, operation: int) -> bool:
    """Sharing ends now. Whether it had not yet."""
    return await _ask(database, "admin_end(:token, :operation)", token, operation=operation)


async def agency(database: Database, token: str, *, name: str, country: str | None, governed: list[str]) -> bool:
    """An agency, made or changed, and what it follows under an authority alone. Whether it is new."""
    return await _ask(database, "admin_agency(:token, :name, :country, :governed)", token, name=name.strip(), country=country or None, governed=governed)


async def _ask(database: Database, call: str, token: str, **values):
    async with database.asking(write=True) as session:
        return await session.scalar(text(f"SELECT access.{call}"), {"token": token, **values})  # the calls are our own
