"""Tracks out of the database: lists, one, its fixes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import BigInteger, Float, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from data import hours, known
from data.filters import Filter
from data.flags import UNTRUSTED, words
from data.models import Agency, Fix, LatestFix, Source, Track
from errors import NotFound

FIXES_MAX = 50_000


def _place(filter: Filter):
    """The newest fix of each track, as a table: at a time, or of what was known by a time, the newest of that."""
    return known.newest(filter, Track.id, None, None) if filter.whole() else LatestFix.__table__


def _rows(summed, place):
    return (
        select(
            Track.id, Track.key, Track.kind, Track.name, Track.sla_s, Track.gap_s, Track.marking, Agency.name.label("agency"),
            Source.name.label("source"), summed.c.first_at, summed.c.last_at, cast(summed.c.fixes, BigInteger).label("fixes"),
            summed.c.length_m, func.ST_X(place.c.geom).label("lon"), func.ST_Y(place.c.geom).label("lat"),
            place.c.speed_mps, place.c.course_deg, place.c.observed_at,
        )
        .join(summed, summed.c.track_id == Track.id)
        .outerjoin(Source, Source.id == Track.source_id)
        .outerjoin(Agency, Agency.id == Track.agency_id)
        .outerjoin(place, place.c.track_id == Track.id if place is LatestFix.__table__ else true())
    )


def _named(row) -> dict:
    """A row by plain names: those of a lateral table are no `str` of Python's own, and JSON refuses them."""
    return {str(name): value for name, value in row.items()}


# what a list may be sorted by; `last`, `fixes` and `length` are of the filter's hours
SORTS = ("id", "key", "kind", "name", "agency", "last", "first", "fixes", "length")


def _column(summed, sort: str):
    return {
        "id": Track.id, "key": Track.key, "kind": Track.kind, "name": Track.name, "agency": Agency.name,
        "last": summed.c.last_at, "first": summed.c.first_at, "fixes": summed.c.fixes, "length": summed.c.length_m,
    }[sort.lstrip("-")]


async def page(session: AsyncConnection, filter: Filter, *, limit: int, offset: int, sort: str = "-last") -> dict:
    """One page of the tracks with an hour in the window."""
    total = await hours.number(session, filter)
    summed = hours.summed(filter)

    def ordered(query, summed):
        column = _column(summed, sort)
        return query.order_by(column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last(), Track.id)

    # The page first: only of what is on it are places looked up.
    of_page = ordered(select(summed).join(Track, Track.id == summed.c.track_id).outerjoin(Agency, Agency.id == Track.agency_id), summed).limit(limit).offset(offset).cte("of_page")
    rows = await session.execute(ordered(_rows(of_page, _place(filter)), of_page))
    return {"total": total, "rows": [_named(r) for r in rows.mappings()]}


async def one(session: AsyncConnection, filter: Filter, track_id: int) -> dict:
    """One track over all its time, with its newest fix, where that came from and what is doubtful about it. Raises NotFound."""
    whole, place = hours.summed(Filter(world=filter.world, track=(track_id,), at=filter.at, known_at=filter.known_at)), _place(filter)
    newest = Source.__table__.alias("newest")
    row = (await session.execute(
        _rows(whole, place)
        .outerjoin(newest, newest.c.id == place.c.source_id)
        .add_columns(
            Track.identifiers, place.c.accuracy_m, place.c.altitude_m, place.c.heading_deg, place.c.recorded_at, place.c.flags,
            place.c.line, newest.c.name.label("newest_source"), newest.c.sha256.label("sha256"), newest.c.grade.label("grade"), newest.c.handling.label("handling"),
        )
        .where(Track.id == track_id, Track.world == filter.world_code)
    )).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no track {track_id} in the {filter.world} world{filter.by_then}")
    return {**_named(row), "source": row["newest_source"] or row["source"], "doubts": words(row["flags"] or 0), "left_out": await _left_out(session, filter, row), "sources": await _sources(session, filter, row)}


async def _sources(session: AsyncConnection, filter: Filter, row) -> list[str]:
    """Who told of a track on the day before its newest fix."""
    if row["observed_at"] is None:
        return []
    told = select(Fix.source_id).where(
        Fix.world == filter.world_code, Fix.track_id == row["id"], Fix.observed_at > row["observed_at"] - timedelta(days=1),
        Fix.observed_at <= row["observed_at"], *([Fix.recorded_at <= filter.known_at] if filter.known_at else []))
    return list(await session.scalars(select(Source.name).where(Source.id.in_(told)).order_by(Source.name)))


async def _left_out(session: AsyncConnection, filter: Filter, row) -> dict | None:
    """Fixes since a day before the newest place that are not trusted, so in no line: how many, and what is wrong with them."""
    if row["observed_at"] is None:
        return None
    n, flags = (await session.execute(select(func.count(), func.coalesce(func.bit_or(Fix.flags), 0)).where(
        Fix.world == filter.world_code, Fix.track_id == row["id"], Fix.flags.op("&")(UNTRUSTED) != 0, Fix.observed_at > row["observed_at"] - timedelta(days=1),
        *([Fix.observed_at <= filter.at] if filter.at else []), *([Fix.recorded_at <= filter.known_at] if filter.known_at else [])))).one()
    return {"fixes": n, "doubts": words(flags & UNTRUSTED)} if n else None


async def fixes(session: AsyncConnection, filter: Filter, track_id: int) -> dict:
    """The fixes of one track in the window, column by column, oldest first.

    At most FIXES_MAX: `total` says how many there are, `shown` how many these are (the newest).
    """
    conditions = [Fix.world == filter.world_code, Fix.track_id == track_id]
    if filter.start:
        conditions.append(Fix.observed_at >= filter.start)
    if filter.end:
        conditions.append(Fix.observed_at < filter.end)
    if filter.at:
        conditions.append(Fix.observed_at <= filter.at)
    if filter.known_at:
        conditions.append(Fix.recorded_at <= filter.known_at)
    total = await session.scalar(select(func.count()).select_from(Fix).where(*conditions))
    if total == 0:
        await one(session, filter, track_id)  # says so when there is no such track at all
    rows = (await session.execute(
        select(
            cast(func.extract("epoch", Fix.observed_at), Float), func.ST_X(Fix.geom), func.ST_Y(Fix.geom), Fix.speed_mps,
            Fix.course_deg, Fix.altitude_m, Fix.accuracy_m, Fix.flags,
        ).where(*conditions).order_by(Fix.observed_at.desc()).limit(FIXES_MAX)
    )).all()[::-1]
    names = ("t", "lon", "lat", "speed_mps", "course_deg", "altitude_m", "accuracy_m", "flags")
    columns = list(zip(*rows)) if rows else [()] * len(names)
    return {"track": track_id, "total": total, "shown": len(rows), **{n: list(c) for n, c in zip(names, columns)}}
