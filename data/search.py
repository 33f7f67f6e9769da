"""Search by name: places of the gazetteer, tracks, seizures by number.

Tags, vehicles and persons of the live world are searched for with a purpose alone (data/names.py).
"""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import LatestFix, Place, Seizure, Track
from data.names import named
from data.reference import folded

EACH = 6


async def search(session: AsyncConnection, filter: Filter) -> list[dict]:
    """Rows of {name, about, lon, lat, sel?, zoom} for the filter's `q` and world; the best of each kind."""
    return [*await _tracks(session, filter), *await _places(session, filter.q), *await _seizures(session, filter.world_code, filter.q)]


async def _tracks(session: AsyncConnection, filter: Filter) -> list[dict]:
    rows = await session.execute(
        select(Track.id, Track.name, Track.key, Track.kind, func.ST_X(LatestFix.geom).label("lon"), func.ST_Y(LatestFix.geom).label("lat"))
        .outerjoin(LatestFix, LatestFix.track_id == Track.id)
        .where(Track.world == filter.world_code, Track.kind.not_in(filter.left_out), named(filter.q))
        .order_by(func.length(func.coalesce(Track.name, Track.key)), Track.id).limit(EACH)
    )
    return [{"name": r.name or r.key, "about": r.kind, "lon": r.lon, "lat": r.lat, "sel": f"track:{r.id}", "zoom": 10} for r in rows]


async def _places(session: AsyncConnection, told: str) -> list[dict]:
    rows = await session.execute(
        select(Place.name, Place.country, Place.population, func.ST_X(Place.geom).label("lon"), func.ST_Y(Place.geom).label("lat"))
        .where(Place.folded.startswith(folded(told), autoescape=True)).order_by(Place.population.desc().nulls_last()).limit(EACH)
    )
    return [{"name": r.name, "about": f"{r.country}, {r.population:,} people", "lon": r.lon, "lat": r.lat, "zoom": 11} for r in rows]


async def _seizures(session: AsyncConnection, world: int, told: str) -> list[dict]:
    number = told.removeprefix("#")
    conditions = [Seizure.extra["id"].astext == told]
    if number.isdecimal() and len(number) < 18:
        conditions.append(Seizure.id == int(number))
    rows = await session.execute(
        select(Seizure.id, Seizure.drug_told, Seizure.kg, Seizure.extra["id"].astext.label("told"), func.ST_X(Seizure.geom).label("lon"),
               func.ST_Y(Seizure.geom).label("lat"))
        .where(Seizure.world == world, or_(*conditions)).limit(EACH)
    )
    return [{"name": f"Seizure {r.told or r.id}", "about": r.drug_told, "lon": r.lon, "lat": r.lat, "sel": f"seizure:{r.id}", "zoom": 11} for r in rows]
