"""Seizures out of the database: lists, one, points for the clock, tiles."""

from __future__ import annotations

from sqlalchemy import NUMERIC, Float, Integer, Text, and_, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, BorderSection, Seizure, Source
from data.quadkey import POINT_LEVEL, point_range
from data.records import DRUGS
from data.scope import LEVELS
from errors import NotFound

# Marks nearer than a cell of this many levels below the tile (32 px of a 512 px tile) are gathered into one.
GATHER_LEVELS = 4
# From this zoom on places are told apart whatever their number.
GATHER_MAX_ZOOM = 13
POINTS_MAX = 20_000

ON_MAP = and_(Seizure.geom.is_not(None), Seizure.aggregate.is_(False))

SORTS = {
    "when": Seizure.started_at, "kg": Seizure.kg, "drug": Seizure.drug, "place": Seizure.place,
    "conveyance": Seizure.conveyance, "agency": Agency.name, "id": Seizure.id,
}


def _rows(filter: Filter):
    return (
        select(
            Seizure.id, Seizure.started_at, Seizure.ended_at, Seizure.time_span, Seizure.drug, Seizure.drug_told, Seizure.kg,
            Seizure.quantity, Seizure.unit, Seizure.event_count, Seizure.aggregate, Seizure.place,
            func.ST_X(Seizure.geom).label("lon"), func.ST_Y(Seizure.geom).label("lat"), Seizure.precision_m,
            Seizure.conveyance, Seizure.concealment, Seizure.origin, Seizure.transit, Seizure.destination, Seizure.found_by,
            BorderSection.name.label("section"), Seizure.border_m, Agency.name.label("agency"), Seizure.marking,
        )
        .outerjoin(Agency, Agency.id == Seizure.agency_id)
        .outerjoin(BorderSection, BorderSection.id == Seizure.border_section_id)
        .where(*filter.seizures())
    )


async def count(session: AsyncConnection, filter: Filter) -> dict:
    """How many: `total` = `on_map` + `unplaced` + `aggregates`; `kg` sums what has a weight; `level` of the strictest (data/scope.py)."""
    row = (await session.execute(
        select(
            func.count().label("total"),
            func.count().filter(ON_MAP).label("on_map"),
            func.count().filter(Seizure.geom.is_(None), Seizure.aggregate.is_(False)).label("unplaced"),
            func.count().filter(Seizure.aggregate).label("aggregates"),
            func.coalesce(func.sum(Seizure.event_count), 0).label("events"),
            func.coalesce(func.sum(Seizure.kg), 0.0).label("kg"),
            func.max(Seizure.scope % LEVELS).label("level"),
        ).where(*filter.seizures())
    )).mappings().one()
    return dict(row)


async def placed(session: AsyncConnection, filter: Filter) -> int:
    """How many are on the map, by themselves."""
    return await session.scalar(select(func.count()).where(*filter.seizures(), ON_MAP))


async def page(session: AsyncConnection, filter: Filter, *, limit: int, offset: int, sort: str = "-when") -> dict:
    """One page of the list, `sort` one of SORTS with `-` for descending."""
    column = SORTS[sort.lstrip("-")]
    order = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    total = await session.scalar(select(func.count()).select_from(Seizure).where(*filter.seizures()))
    rows = await session.execute(_rows(filter).order_by(order, Seizure.id).limit(limit).offset(offset))
    return {"total": total, "rows": [dict(r) for r in rows.mappings()]}


async def one(session: AsyncConnection, filter: Filter, seizure_id: int) -> dict:
    """One seizure of the filter's world with its source. Raises NotFound."""
    world = Filter(world=filter.world, at=filter.at)
    row = (await session.execute(
        _rows(world)
        .add_columns(
            Seizure.recorded_at, Seizure.kg_rule, Seizure.extra, Seizure.line, Seizure.source_id,
            Source.name.label("source"), Source.sha256, Source.received_at, Source.grade, Source.handling,
        )
        .outerjoin(Source, Source.id == Seizure.source_id)
        .where(Seizure.id == seizure_id)
    )).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no seizure {seizure_id} in the {filter.world} world{filter.by_then}")
    return dict(row)


async def points(session: AsyncConnection, filter: Filter) -> dict:
    """Every single seizure on the map, column by column, so that a clock can be run over them.

    `t_off_map` are the times of those with no mark (no place, or several published as one), so that the clock counts them too.
    When there are more than POINTS_MAX, `detail` is `gathered` and the tiles are to be used instead.
    """
    total = await placed(session, filter)
    if total > POINTS_MAX:
        off_map = await session.scalar(select(func.count()).where(*filter.seizures(), ~ON_MAP))
        return {"detail": "gathered", "total": total, "off_map": off_map}
    rows = (await session.execute(
        select(
            Seizure.id, func.round(cast(func.ST_X(Seizure.geom), NUMERIC), 6).cast(Float).label("lon"),
            func.round(cast(func.ST_Y(Seizure.geom), NUMERIC), 6).cast(Float).label("lat"),
            Seizure.drug, Seizure.kg, cast(func.extract("epoch", Seizure.started_at), Integer).label("t"), Seizure.precision_m,
        ).where(*filter.seizures(), ON_MAP).order_by(Seizure.started_at, Seizure.id)
    )).all()
    off_map = await session.scalars(
        select(cast(func.extract("epoch", Seizure.started_at), Integer)).where(*filter.seizures(), ~ON_MAP).order_by(Seizure.started_at))
    names = ("id", "lon", "lat", "drug", "kg", "t", "precision_m")
    columns = list(zip(*rows)) if rows else [()] * len(names)
    return {"detail": "points", "total": total, "t_off_map": list(off_map), **{name: list(column) for name, column in zip(names, columns)}}


async def tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """A vector tile, layer `seizures`: marks told apart, or gathered with their drug shares."""
    lo, hi = point_range(z, x, y)
    found = (
        select(
            Seizure.id, Seizure.drug, Seizure.kg, Seizure.precision_m, Seizure.started_at,
            # 4326 -> 3857: tiles are cut in Web Mercator
            func.ST_Transform(Seizure.geom, 3857).label("point"),
            Seizure.qk.op(">>")(cast(2 * (POINT_LEVEL - min(z + GATHER_LEVELS, POINT_LEVEL)), Integer)).label("spot"),
        )
        .where(Seizure.qk.between(lo, hi), *filter.seizures(), ON_MAP)
        .cte("found")
    )
    gather = z < GATHER_MAX_ZOOM
    spot = found.c.spot if gather else found.c.id
    number = func.count()
    gathered = (
        select(
            number.label("n"),
            case((number == 1, func.min(found.c.id))).label("id"),
            case((number == 1, func.min(found.c.drug))).label("drug"),
            func.sum(found.c.kg).label("kg"),
            cast(func.extract("epoch", func.max(found.c.started_at)), Integer).label("t"),
            case((number == 1, func.max(found.c.precision_m))).label("precision_m"),
            *(case((number > 1, number.filter(found.c.drug == drug))).label(drug) for drug in DRUGS),
            func.ST_SetSRID(func.ST_MakePoint(func.avg(func.ST_X(found.c.point)), func.avg(func.ST_Y(found.c.point))), 3857)
            .label("point"),
        ).group_by(spot).cte("gathered")
    )
    drawn = (
        select(
            func.ST_AsMVTGeom(gathered.c.point, func.ST_TileEnvelope(z, x, y), 4096, 0, False).label("geom"),
            *(c for c in gathered.c if c.name != "point"),
        ).order_by(gathered.c.n).subquery("drawn")
    )
    # The whole row is the feature; its columns are the properties.
    return await session.scalar(select(func.ST_AsMVT(drawn.table_valued(), literal("seizures", Text), 4096, "geom"))) or b""
