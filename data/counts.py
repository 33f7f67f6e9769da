"""What a filter gives, and what each other choice would give. The same numbers stand in rail, timeline, table and map."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data import hours, seizures
from data.filters import Filter
from data.models import Agency, Image, Seizure
from data.scope import LEVELS, marking_of

# Edges in kilograms of the amount histogram: three to a decade, as weights are spread.
AMOUNT_EDGES_KG = (0.0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


async def counts(session: AsyncConnection, filter: Filter) -> dict:
    """Totals of each layer, the strictest marking among them, and facets that leave their own key out of the filter."""
    names = {i: name for i, name in await session.execute(
        select(Agency.id, Agency.name).where(Agency.world == filter.world_code).order_by(Agency.name))}
    of_seizures = await seizures.count(session, filter)
    of_tracks = await _tracks(session, filter, names)
    of_images = (await session.execute(
        select(func.count(), func.coalesce(func.max(Image.scope % LEVELS), 0)).select_from(Image).where(*filter.images()))).one()
    return {
        "seizures": of_seizures,
        "tracks": {"total": of_tracks["total"]},
        "images": {"total": of_images[0]},
        "marking": marking_of(max(of_seizures.pop("level") or 0, of_tracks["level"], of_images[1])),
        "facets": {
            "drug": await _by(session, Seizure.drug, filter.but(drug=()).seizures()),
            "conveyance": await _by(
                session, func.coalesce(Seizure.conveyance, "other"), filter.but(conveyance=()).seizures()),
            "kind": of_tracks["kind"],
            "agency": await _agencies(session, filter.but(agency=()), names, of_tracks["agency"]),
        },
        "amount": await _amount(session, filter.but(min_kg=None, max_kg=None)),
    }


async def totals(session: AsyncConnection, filter: Filter) -> dict[str, int]:
    """How much of each layer, alone."""
    return {
        "seizures": (await seizures.count(session, filter))["total"], "tracks": await hours.number(session, filter),
        "images": await images(session, filter),
    }


async def images(session: AsyncConnection, filter: Filter) -> int:
    return await session.scalar(select(func.count()).select_from(Image).where(*filter.images()))


async def _tracks(session: AsyncConnection, filter: Filter, names: dict[int, str]) -> dict:
    """Total, strictest level, and facets `kind` (by word) and `agency` (by number): a track has one of each, so lines are gone through once."""
    heard = hours.heard(filter.but(kind=(), agency=())).subquery("heard").c
    out = {"total": 0, "level": 0, "kind": Counter(), "agency": Counter()}
    for kind, agency, n, level in await session.execute(
            select(heard.kind, heard.agency_id, func.count(), func.max(heard.scope % LEVELS)).group_by(heard.kind, heard.agency_id)):
        of_kind, of_agency = not filter.kind or kind in filter.kind, not filter.agency or names.get(agency) in filter.agency
        if of_agency:
            out["kind"][kind] += n
        if of_kind:
            out["agency"][agency] += n
        if of_kind and of_agency:
            out["total"], out["level"] = out["total"] + n, max(out["level"], level)
    return out


async def _by(session: AsyncConnection, column, conditions) -> dict[str, int]:
    rows = await session.execute(select(column, func.count()).where(*conditions).group_by(column))
    return {name: n for name, n in rows}


async def _agencies(session: AsyncConnection, filter: Filter, names: dict[int, str], of_tracks: dict[int | None, int]) -> dict[str, dict[str, int]]:
    of_seizures = await _by(session, Seizure.agency_id, filter.seizures())
    of_images = await _by(session, Image.agency_id, filter.images())
    return {
        name: {"seizures": of_seizures.get(i, 0), "tracks": of_tracks.get(i, 0), "images": of_images.get(i, 0)}
        for i, name in names.items()
    }


async def _amount(session: AsyncConnection, filter: Filter) -> list[dict]:
    edges = [float(kg) for kg in AMOUNT_EDGES_KG[1:]]
    bucket = func.width_bucket(Seizure.kg, edges)
    rows = await session.execute(
        select(bucket, func.count()).where(*filter.seizures(), Seizure.kg.is_not(None)).group_by(bucket)
    )
    found = {b: n for b, n in rows}
    tops = [*edges, None]
    return [{"from_kg": low, "to_kg": top, "n": found.get(i, 0)} for i, (low, top) in enumerate(zip(AMOUNT_EDGES_KG, tops))]
