"""Numbers for the charts: seizures by drug over time, and by border section. Aggregated rows count with their events."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import BorderSection, Seizure


async def drugs_over_time(session: AsyncConnection, filter: Filter) -> list[dict]:
    """Rows of {day | week | month, drug, events, kg}; the step is chosen so that there are at most about a hundred."""
    first, last = (await session.execute(
        select(func.min(Seizure.started_at), func.max(Seizure.started_at)).where(*filter.seizures())
    )).one()
    if first is None:
        return []
    days = (last - first).days
    step = "day" if days <= 100 else "week" if days <= 700 else "month"
    bin_ = func.date_trunc(step, Seizure.started_at)
    rows = await session.execute(
        select(bin_.label("at"), Seizure.drug, func.sum(Seizure.event_count).label("events"),
               func.coalesce(func.sum(Seizure.kg), 0.0).label("kg"))
        .where(*filter.seizures()).group_by(bin_, Seizure.drug).order_by(bin_)
    )
    return [{**r, "step": step} for r in rows.mappings()]


async def by_section(session: AsyncConnection, filter: Filter, most: int = 15) -> list[dict]:
    """The border sections with the most seizures: {name, length_km, events, kg, rate_per_100km}."""
    events = func.sum(Seizure.event_count)
    rows = await session.execute(
        select(BorderSection.name, (BorderSection.length_m / 1000).label("length_km"), events.label("events"),
               func.coalesce(func.sum(Seizure.kg), 0.0).label("kg"),
               (events / (BorderSection.length_m / 100_000)).label("rate_per_100km"))
        .join(BorderSection, BorderSection.id == Seizure.border_section_id)
        .where(*filter.seizures()).group_by(BorderSection.id).order_by(events.desc(), BorderSection.id).limit(most)
    )
    return [dict(r) for r in rows.mappings()]
