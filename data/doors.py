"""Signing in and out, as the serving role: each step is one function of the schema `access`, asked in a transaction that is nobody's."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta, timezone

from sqlalchemy import text

from data.sessions import Database
from data.visitor import Visitor

LIFETIME_S = 12 * 3600  # a shift; then one signs in anew whatever one did
SCREEN_LIFETIME_S = 400 * 86_400  # a wall is taken down, not timed out
FAILURES_MAX, LOCKED_S = 5, 15 * 60
TOKEN_BYTES = 32


def hashed(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """Something nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


async def visitor(database: Database, token: str) -> tuple[Visitor, datetime] | None:
    """Who has this token, and when the session was last seen; None when nobody (any more)."""
    async with database.asking() as session:
        row = (await session.execute(text("SELECT * FROM access.who(:token)"), {"token": token})).mappings().one_or_none()
    if row is None:
        return None
    if row["stale"]:  # what it may see is worked out once, and kept until accounts, agencies or operations change
        async with database.asking(write=True) as session:
            await session.execute(text("SELECT access.renew(:token)"), {"token": token})
    return Visitor(row["kind"], row["id"], row["name"], row["shown"], frozenset(row["roles"]), row["ceiling"], tuple(row["agencies"]), token), row["seen_at"]


async def seen(database: Database, token: str) -> None:
    """The session is in use: its rest begins anew."""
    async with database.asking(write=True) as session:
        await session.execute(text("SELECT access.touch(:token)"), {"token": token})


async def facts(database: Database, name: str) -> tuple[int, str | None, bool] | None:
    """A person's id, password hash and whether the account is locked for now; None when there is no such account."""
    async with database.asking() as session:
        row = (await session.execute(text("SELECT * FROM access.facts(:name)"), {"name": name})).one_or_none()
    return None if row is None else tuple(row)


async def failed(database: Database, person: int) -> None:
    """One more wrong password; after some the account rests."""
    async with database.asking(write=True) as session:
        await session.execute(text("SELECT access.failed(:person, :most, :locked_s)"), {"person": person, "most": FAILURES_MAX, "locked_s": LOCKED_S})


async def opened(database: Database, person: int, *, idle_s: int, address: str | None) -> str:
    """A new session of a person; its token."""
    token = new_token()
    async with database.asking(write=True) as session:
        await session.execute(text("SELECT access.open(:person, :hash, :lifetime_s, :idle_s, :address)"), {
            "person": person, "hash": hashed(token), "lifetime_s": LIFETIME_S, "idle_s": idle_s, "address": address})
    return token


async def by_subject(database: Database, subject: str) -> int | None:
    """The person a provider of OpenID Connect calls so; None when there is no such account."""
    async with database.asking() as session:
        return await session.scalar(text("SELECT access.by_subject(:subject)"), {"subject": subject})


async def followed(database: Database, link: str) -> int | None:
    """The person a link lets in, once; None when it is used, too old or none."""
    async with database.asking(write=True) as session:
        return await session.scalar(text("SELECT access.follow(:link)"), {"link": link})


async def enrolled(database: Database, screen_token: str, address: str | None) -> tuple[str, str] | None:
    """A screen's name and session for the token it was given, once."""
    token = new_token()
    async with database.asking(write=True) as session:
        name = await session.scalar(text("SELECT access.enrol(:screen, :hash, :lifetime_s, :address)"), {
            "screen": screen_token, "hash": hashed(token), "lifetime_s": SCREEN_LIFETIME_S, "address": address})
    return None if name is None else (name, token)


async def closed(database: Database, token: str) -> None:
    """The session ends."""
    async with database.asking(write=True) as session:
        await session.execute(text("SELECT access.close(:token)"), {"token": token})


async def quarantined(database: Database, token: str) -> list[dict]:
    """How many fixes lie sealed, by agency, track and reason, for the legal officer who has this token (data/authority.py)."""
    async with database.asking() as session:
        return [dict(r) for r in (await session.execute(text("SELECT * FROM access.quarantined(:token)"), {"token": token})).mappings()]


async def retention(database: Database, token: str) -> list[dict]:
    """How much is due for review and how much is held, by agency and kind, for the legal officer or supervisor who has this token (data/retention.py)."""
    async with database.asking() as session:
        return [dict(r) for r in (await session.execute(text("SELECT * FROM access.retention(:token)"), {"token": token})).mappings()]


async def change_password(database: Database, token: str, hashed_password: str) -> None:
    """A new password for who has the token; every other session of that person ends."""
    async with database.asking(write=True) as session:
        await session.execute(text("SELECT access.change_password(:token, :hashed)"), {"token": token, "hashed": hashed_password})


def rests(seen_at: datetime, after_s: float) -> bool:
    """Whether a session was last seen longer ago."""
    return datetime.now(timezone.utc) - seen_at > timedelta(seconds=after_s)
