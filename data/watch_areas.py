"""Watch areas: as they are now or were, kept in versions. From the page as the serving role, from the command line as the owner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import shapely
from sqlalchemy import func, literal_column, or_, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data import areas, people
from data.filters import Filter
from data.models import Agency, WatchArea
from data.records import MARKINGS
from data.sessions import Database
from data.worlds import CODES
from errors import Forbidden, InputRefused, NotFound

NAME_MAX = 100
WARNING_MOST_M = 1_000_000
VERTICES_MAX = 10_000
NOT_ALLOWED = "42501"
# To be drawn; rules measure for themselves.
WARNING_LINE = literal_column("CASE WHEN vigia.watch_area.warning_m > 0 THEN ST_Buffer(vigia.watch_area.geom::geography, vigia.watch_area.warning_m)::geometry END")


class AreaRefused(InputRefused):
    """A watch area can't be like this."""


@dataclass(frozen=True)
class AreaTold:
    """What somebody says of an area. `windows` must have been checked (analysis/events/settable.py)."""

    name: str
    shape: shapely.Geometry
    warning_m: float = 0.0
    critical: bool = False
    agency: str | None = None
    operation: str | None = None
    zone: str = "UTC"
    windows: tuple[str, ...] = ()
    marking: str = "TLP:AMBER"

    def __post_init__(self):
        if not 1 <= len(self.name) <= NAME_MAX or not self.name.isprintable():
            raise AreaRefused(f"the name {self.name[:40]!r} is refused, expected 1 to {NAME_MAX} printable characters")
        if told := areas.wrong(self.shape):
            raise AreaRefused(told)
        west, south, east, north = shapely.bounds(self.shape)
        if not (-180 <= west and east <= 180 and -90 <= south and north <= 90):
            raise AreaRefused(f"the area reaches from {west:g} to {east:g} and {south:g} to {north:g}, expected longitudes within ±180 and latitudes within ±90")
        if (number := shapely.get_num_coordinates(self.shape)) > VERTICES_MAX:
            raise AreaRefused(f"the area has {number:,} vertices, expected {VERTICES_MAX:,} at most: simplify it")
        if not 0 <= self.warning_m < WARNING_MOST_M:
            raise AreaRefused(f"the warning line lies {self.warning_m:g} m outside, expected 0 to {WARNING_MOST_M:,}")
        if self.marking not in MARKINGS:
            raise AreaRefused(f"the marking {self.marking[:40]!r} is none, expected {', '.join(MARKINGS)}")


async def listed(session: AsyncConnection, filter: Filter) -> dict:
    """Areas as they are, or were at `known_at`, as GeoJSON."""
    at = filter.known_at
    when = [WatchArea.made_at <= at, or_(WatchArea.ended_at.is_(None), WatchArea.ended_at > at)] if at else [WatchArea.ended_at.is_(None)]
    rows = (await session.execute(
        select(WatchArea.id, WatchArea.version, WatchArea.name, WatchArea.warning_m, WatchArea.critical, Agency.name.label("agency"), WatchArea.zone, WatchArea.windows,
               WatchArea.marking, WatchArea.made_at, WatchArea.made_by, func.ST_AsGeoJSON(WatchArea.geom, 7).label("geometry"),
               func.ST_AsGeoJSON(WARNING_LINE, 6).label("warning_line"))
        .outerjoin(Agency, Agency.id == WatchArea.agency_id).where(WatchArea.world == filter.world_code, *when).order_by(WatchArea.name, WatchArea.id))).mappings()
    features = []
    for row in rows:
        told = {k: v for k, v in row.items() if k != "geometry"}
        told["warning_line"] = told["warning_line"] and json.loads(told["warning_line"])
        features.append({"type": "Feature", "id": row["id"], "geometry": json.loads(row["geometry"]), "properties": told})
    return {"type": "FeatureCollection", "features": features}


async def keep(database: Database, token: str, world: str, told: AreaTold, of: int | None = None) -> tuple[int, int]:
    """A new area, or a new version of one; its number and version. Raises NotFound, Forbidden."""
    row = await _asked(database, "SELECT * FROM access.watch_area(:token, :of, :world, :name, :shape, CAST(:warning AS real), :critical, :agency, :operation, :zone, CAST(:windows AS text[]), :marking)",
                       {"token": token, "of": of, "world": CODES[world], "name": told.name, "shape": shapely.to_wkb(told.shape), "warning": told.warning_m,
                        "critical": told.critical, "agency": told.agency, "operation": told.operation, "zone": told.zone, "windows": list(told.windows), "marking": told.marking})
    if row is None:
        raise NotFound(f"no watch area {of} of yours")
    return row[0], row[1]


async def end(database: Database, token: str, area: int) -> None:
    """It is watched no more; what happened in it stays. Raises NotFound, Forbidden."""
    row = await _asked(database, "SELECT access.watch_area_end(:token, :area)", {"token": token, "area": area})
    if not row[0]:
        raise NotFound(f"no watch area {area} of yours")


async def _asked(database: Database, query: str, values: dict):
    try:
        async with database.asking(write=True) as session:
            return (await session.execute(text(query), values)).one_or_none()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            raise Forbidden("areas are kept by coordinators, analysts and supervisors, of their own agency and up to their own marking") from None
        raise


# -- by the owner, in the caller's transaction


def add(connection: psycopg.Connection, world: str, told: AreaTold, *, who: str = "command line") -> tuple[int, int]:
    """An area, or a new version of the one of this name and agency; its number and version. Raises NotFound."""
    code = CODES[world]
    agency = _agency(connection, code, told.agency)
    operation = None
    if told.operation is not None:
        found = connection.execute("SELECT id FROM access.operation WHERE name = %s", (told.operation,)).fetchone()
        if found is None:
            raise NotFound(f"no operation {told.operation!r}")
        operation = found[0]
    before = connection.execute("UPDATE watch_area SET ended_at = clock_timestamp() WHERE world = %s AND name = %s AND agency_id IS NOT DISTINCT FROM %s AND ended_at IS NULL "
                                "RETURNING id, version", (code, told.name, agency)).fetchone()
    number, version = connection.execute("""
        INSERT INTO watch_area (id, version, world, name, geom, warning_m, critical, agency_id, operation_id, zone, windows, marking, made_by)
        VALUES (coalesce(%s, nextval(pg_get_serial_sequence('vigia.watch_area', 'id'))), %s, %s, %s, ST_Multi(ST_GeomFromWKB(%s, 4326)), %s, %s, %s, %s, %s, %s, %s, %s)
        RETURNING id, version
    """, (before and before[0], (before[1] if before else 0) + 1, code, told.name, shapely.to_wkb(told.shape), told.warning_m, told.critical, agency, operation, told.zone,
          list(told.windows), told.marking, who)).fetchone()
    connection.execute("SELECT vigia.events_anew(%s)", (code,))
    people.tell(connection, "change", of=f"watch-area:{number}", to=f"version {version}")
    return number, version


def stop(connection: psycopg.Connection, world: str, name: str) -> None:
    """The areas of this name are watched no more. Raises NotFound."""
    rows = connection.execute("UPDATE watch_area SET ended_at = clock_timestamp() WHERE world = %s AND name = %s AND ended_at IS NULL RETURNING id", (CODES[world], name)).fetchall()
    if not rows:
        raise NotFound(f"no watch area {name!r} in the {world} world")
    connection.execute("SELECT vigia.events_anew(%s)", (CODES[world],))
    for (number,) in rows:
        people.tell(connection, "change", of=f"watch-area:{number}", to="ended")


def of_world(connection: psycopg.Connection, world: str) -> list[dict]:
    """Those that are watched, for the command line."""
    rows = connection.execute("""
        SELECT w.name, w.id, w.version, w.warning_m, w.critical, a.name, w.zone, w.windows, w.marking, w.made_by, w.made_at,
          round((ST_Area(w.geom::geography) / 1e6)::numeric, 1)::float FROM watch_area w LEFT JOIN agency a ON a.id = w.agency_id
        WHERE w.world = %s AND w.ended_at IS NULL ORDER BY w.name, w.id
    """, (CODES[world],)).fetchall()
    keys = ("name", "id", "version", "warning_m", "critical", "agency", "zone", "windows", "marking", "made_by", "made_at", "km2")
    return [dict(zip(keys, row)) for row in rows]


def _agency(connection: psycopg.Connection, world: int, name: str | None) -> int | None:
    if name is None:
        return None
    row = connection.execute("SELECT id FROM agency WHERE world = %s AND name = %s", (world, name)).fetchone()
    if row is None:
        raise NotFound(f"no agency {name!r} in that world")
    return row[0]


def ids(connection: psycopg.Connection, world: str, names: Sequence[str]) -> list[int]:
    """The numbers of areas by name. Raises NotFound."""
    found = dict(connection.execute("SELECT name, id FROM watch_area WHERE world = %s AND ended_at IS NULL AND name = ANY (%s)", (CODES[world], list(names))).fetchall())
    if missing := [n for n in names if n not in found]:
        raise NotFound(f"no watch area {missing[0]!r} in the {world} world")
    return [found[n] for n in names]
