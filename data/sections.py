"""Border sections with what was seized on them: counts and rates per 100 km."""

from __future__ import annotations

from sqlalchemy import Float, Text, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import BorderSection, Seizure
from data.quadkey import cell_ancestors, cell_range


def _counted(filter: Filter):
    return (
        select(Seizure.border_section_id.label("section"), func.sum(Seizure.event_count).label("n"),
               func.coalesce(func.sum(Seizure.kg), 0.0).label("kg"))
        .where(*filter.seizures(), Seizure.border_section_id.is_not(None)).group_by(Seizure.border_section_id).cte("counted")
    )


async def page(session: AsyncConnection, filter: Filter, *, limit: int, offset: int, sort: str = "-n") -> dict:
    """Sections with at least one seizure."""
    counted = _counted(filter)
    rate = cast(counted.c.n, Float) / (BorderSection.length_m / 100_000)
    order = {"n": counted.c.n, "rate": rate, "name": BorderSection.name}[sort.lstrip("-")]
    total = await session.scalar(select(func.count()).select_from(counted))
    rows = await session.execute(
        select(BorderSection.id, BorderSection.name, BorderSection.country_a, BorderSection.country_b, BorderSection.ordinal,
               (BorderSection.length_m / 1000).label("length_km"), counted.c.n, counted.c.kg, rate.label("rate_per_100km"))
        .join(counted, counted.c.section == BorderSection.id)
        .order_by(order.desc() if sort.startswith("-") else order.asc(), BorderSection.id).limit(limit).offset(offset)
    )
    return {"total": total, "rows": [dict(r) for r in rows.mappings()]}


SORTS = ("n", "rate", "name")


async def tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """A vector tile, layer `sections`: those with at least one seizure."""
    counted = _counted(filter)
    lo, hi = cell_range(z, x, y)
    # 4326 -> 3857: tiles are cut in Web Mercator
    shape = func.ST_Simplify(func.ST_Transform(BorderSection.line, 3857), 40_075_016.686 / 2**z / 1024)
    drawn = (
        select(
            func.ST_AsMVTGeom(shape, func.ST_TileEnvelope(z, x, y), 4096, 64, True).label("geom"), BorderSection.id,
            BorderSection.name, counted.c.n, (cast(counted.c.n, Float) / (BorderSection.length_m / 100_000)).label("rate"),
        )
        .join(counted, counted.c.section == BorderSection.id)
        .where(or_(BorderSection.cell.between(lo, hi), BorderSection.cell.in_(cell_ancestors(z, x, y) or [-1])))
        .subquery("drawn")
    )
    return await session.scalar(select(func.ST_AsMVT(drawn.table_valued(), literal("sections", Text), 4096, "geom"))) or b""
