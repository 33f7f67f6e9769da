"""Zones an operation is judged by: kept in versions, locked before its effect may be asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import geopandas as gpd
import orjson
import shapely
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data import areas
from data.models import Agency, ZoneSet
from data.records import MARKINGS, ZONE_ROLES
from data.sessions import Database
from data.worlds import CODES
from errors import Forbidden, InputRefused, NotFound

NAME_MAX, ZONES_MAX, VERTICES_MAX = 100, 200, 10_000
NOT_ALLOWED = "42501"


class ZonesRefused(InputRefused):
    """Zones can't be like this."""


class ZonesOpen(InputRefused):
    """They are not locked, or changed since: nothing may be judged by them."""


@dataclass(frozen=True)
class ZonesTold:
    """What somebody says of an operation: when it was, and its zones as (role, name, shape)."""

    name: str
    starts_at: datetime
    ends_at: datetime
    zones: tuple[tuple[str, str, shapely.Geometry], ...]
    agency: str | None = None
    marking: str = "TLP:AMBER"

    def __post_init__(self):
        if not 1 <= len(self.name) <= NAME_MAX or not self.name.isprintable():
            raise ZonesRefused(f"the name {self.name[:40]!r} is refused, expected 1 to {NAME_MAX} printable characters")
        if not self.starts_at < self.ends_at:
            raise ZonesRefused(f"it ends at {self.ends_at:%Y-%m-%d %H:%M}, expected a time after {self.starts_at:%Y-%m-%d %H:%M}")
        if self.marking not in MARKINGS:
            raise ZonesRefused(f"the marking {self.marking[:40]!r} is none, expected {', '.join(MARKINGS)}")
        roles = [role for role, _, _ in self.zones]
        if not 1 <= len(roles) <= ZONES_MAX or "operation" not in roles:
            raise ZonesRefused(f"{len(roles)} zones are told, expected 1 to {ZONES_MAX}, of which one is the operation's")
        for role, name, shape in self.zones:
            if role not in ZONE_ROLES:
                raise ZonesRefused(f"the role {role[:40]!r} is none, expected {', '.join(ZONE_ROLES)}")
            if len(name) > NAME_MAX or name and not name.isprintable():
                raise ZonesRefused(f"the name {name[:40]!r} is refused, expected at most {NAME_MAX} printable characters")
            if told := areas.wrong(shape):
                raise ZonesRefused(f"{role} {name}: {told}")
            if (number := shapely.get_num_coordinates(shape)) > VERTICES_MAX:
                raise ZonesRefused(f"{role} {name}: {number:,} vertices, expected {VERTICES_MAX:,} at most: simplify it")
        ground, control = (shapely.union_all([shape for role, _, shape in self.zones if role == of]) for of in ("operation", "control"))
        if shapely.intersection(ground, control).area > 1e-9:
            raise ZonesRefused("a control area overlaps the operation's: what is compared must not be what was done")


async def listed(session: AsyncConnection, world: str) -> list[dict]:
    """The newest version of each, with its shapes."""
    rows = await session.execute(
        select(ZoneSet.id, ZoneSet.version, ZoneSet.name, ZoneSet.starts_at, ZoneSet.ends_at, ZoneSet.zones, Agency.name.label("agency"), ZoneSet.marking, ZoneSet.made_at, ZoneSet.made_by,
               ZoneSet.locked_at, ZoneSet.locked_by, ZoneSet.hash).ext(distinct_on(ZoneSet.id))
        .outerjoin(Agency, Agency.id == ZoneSet.agency_id).where(ZoneSet.world == CODES[world]).order_by(ZoneSet.id, ZoneSet.version.desc()))
    return [dict(row) for row in rows.mappings()]


async def locked(session: AsyncConnection, world: int, zones: int) -> dict:
    """Number, version, hash and dates of zones that may be judged by. Raises NotFound, ZonesOpen."""
    row = (await session.execute(select(ZoneSet.id, ZoneSet.version, ZoneSet.name, ZoneSet.hash, ZoneSet.starts_at, ZoneSet.ends_at, ZoneSet.locked_at, ZoneSet.locked_by).where(
        ZoneSet.world == world, ZoneSet.id == zones).order_by(ZoneSet.version.desc()).limit(1))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no zones {zones} that you may see")
    if row["hash"] is None:
        raise ZonesOpen(f"version {row['version']} of the zones {row['name']!r} is not locked: lock them before you ask what the operation did, so that nobody can draw them to please")
    return dict(row)


async def frame(session: AsyncConnection, zones: int, version: int, hash: str) -> gpd.GeoDataFrame:
    """The zones a run was asked with: role, name, geometry. Raises ZonesOpen when they are not those."""
    row = (await session.execute(select(ZoneSet.zones, ZoneSet.hash).where(ZoneSet.id == zones, ZoneSet.version == version))).one_or_none()
    if row is None or row.hash != hash:
        raise ZonesOpen("the zones it was asked with are not there any more, or are not locked")
    shapes = [shapely.from_geojson(json.dumps(z["geometry"])) for z in row.zones]
    return gpd.GeoDataFrame({"role": [z["role"] for z in row.zones], "name": [z["name"] for z in row.zones]}, geometry=shapes, crs=4326)


async def keep(database: Database, token: str, world: str, told: ZonesTold, of: int | None = None) -> tuple[int, int]:
    """New zones, or a new version of some, which is open. Raises NotFound, Forbidden."""
    shapes = [{"role": role, "name": name, "geometry": json.loads(shapely.to_geojson(shape))} for role, name, shape in told.zones]
    row = await _asked(database, "SELECT * FROM access.zones_keep(:token, :of, :world, :name, :starts, :ends, CAST(:zones AS jsonb), :agency, :marking)", {
        "token": token, "of": of, "world": CODES[world], "name": told.name, "starts": told.starts_at, "ends": told.ends_at, "zones": orjson.dumps(shapes).decode(),
        "agency": told.agency, "marking": told.marking})
    if row is None:
        raise NotFound(f"no zones {of} of yours")
    return row[0], row[1]


async def lock(database: Database, token: str, zones: int, version: int) -> str:
    """Lock them for good; their hash. Raises NotFound, Forbidden."""
    row = await _asked(database, "SELECT access.zones_lock(:token, :zones, :version)", {"token": token, "zones": zones, "version": version})
    if row[0] is None:
        raise NotFound(f"no version {version} of zones {zones} of yours that is the newest and still open")
    return row[0]


async def _asked(database: Database, query: str, values: dict):
    try:
        async with database.asking(write=True) as session:
            return (await session.execute(text(query), values)).one_or_none()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            raise Forbidden("zones are kept by coordinators, analysts and supervisors, of their own agency and up to their own marking") from None
        raise
