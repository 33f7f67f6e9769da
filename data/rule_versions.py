"""Rules as the page makes and changes them, as the serving role: each step asks in the database who is calling. A rule is never changed, it gets a new version."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data.models import Agency, Rule, Track, WatchArea
from data.rules import RuleTold
from data.sessions import Database
from data.worlds import CODES, NAMES
from errors import Forbidden, InputRefused, NotFound

NOT_ALLOWED, TAKEN = "42501", "23505"


class RuleMoved(InputRefused):
    """Somebody made a new version meanwhile."""


class NameTaken(InputRefused):
    """Another rule that is in force has this name."""


@dataclass(frozen=True)
class Choices:
    """What a rule can be for, of what the one who asks may see: numbers to names."""

    areas: dict[int, str]
    agencies: dict[int, str]


async def choices(session: AsyncConnection, world: str) -> Choices:
    """Watch areas and agencies of a world."""
    areas = await session.execute(select(WatchArea.id, WatchArea.name).where(WatchArea.world == CODES[world], WatchArea.ended_at.is_(None)).order_by(WatchArea.name, WatchArea.id))
    agencies = await session.execute(select(Agency.id, Agency.name).where(Agency.world == CODES[world]).order_by(Agency.name))
    return Choices(*({row.id: row.name for row in found} for found in (areas, agencies)))


async def versions(session: AsyncConnection, number: int) -> list[dict]:
    """A rule in all versions that the one who asks may see, the newest first. Raises NotFound."""
    rows = await session.execute(
        select(Rule.id, Rule.version, Rule.world, Rule.name, Rule.type, Rule.knobs, Rule.areas, Rule.kinds, Rule.agencies, Rule.tracks, Rule.zone, Rule.windows, Rule.severity, Rule.active,
               Agency.name.label("agency"), Rule.marking, Rule.made_at, Rule.made_by, Rule.ended_at)
        .outerjoin(Agency, Agency.id == Rule.agency_id).where(Rule.id == number).order_by(Rule.version.desc()))
    found = [{**row, "world": NAMES[row["world"]]} for row in rows.mappings()]
    if not found:
        raise NotFound(f"no rule {number} that you may see")
    return found


async def unknown_tracks(session: AsyncConnection, world: str, ids: tuple[int, ...]) -> list[int]:
    """Those of these tracks that the one who asks may not see, or that are none."""
    known = set(await session.scalars(select(Track.id).where(Track.world == CODES[world], Track.id.in_(ids)))) if ids else set()
    return [i for i in ids if i not in known]


async def whose(database: Database, token: str, world: str) -> list[str | None]:
    """Of which agencies the one with this token may make and change rules; None: of nobody in particular."""
    async with database.asking() as session:
        return list(await session.scalars(text("SELECT agency FROM access.rules_of(:token, :world)"), {"token": token, "world": CODES[world]}))


async def keep(database: Database, token: str, world: str, told: RuleTold, agency: str | None, of: tuple[int, int] | None = None) -> tuple[int, int]:
    """A new rule, or a new version of the one of this number that follows on this version; its number and version. Raises NotFound, Forbidden, RuleMoved, NameTaken."""
    number, version = of or (None, None)
    values = {
        "token": token, "of": number, "version": version, "world": CODES[world], "name": told.name, "type": told.type, "knobs": json.dumps(told.knobs), "areas": list(told.areas),
        "kinds": list(told.kinds), "agencies": list(told.agencies), "tracks": list(told.tracks), "zone": told.zone, "windows": list(told.windows), "severity": told.severity,
        "active": told.active, "agency": agency, "marking": told.marking}
    asked = text("SELECT * FROM access.rule(:token, :of, :version, :world, :name, :type, :knobs, CAST(:areas AS int[]), CAST(:kinds AS text[]), CAST(:agencies AS int[]), "
                 "CAST(:tracks AS bigint[]), :zone, CAST(:windows AS text[]), :severity, :active, :agency, :marking)")
    try:
        async with database.asking(write=True) as session:
            row = (await session.execute(asked, values)).one_or_none()
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == NOT_ALLOWED:
            raise Forbidden("rules are made by coordinators and supervisors, of their own agency and up to their own marking") from None
        if state == TAKEN:
            raise NameTaken(f"there is another rule {told.name!r} already") from None
        raise
    if row is None:
        raise NotFound(f"no rule {number} of yours")
    if row[0] is None:
        raise RuleMoved(f"it is version {row[1]} by now, and what you changed was version {version}")
    return row[0], row[1]
