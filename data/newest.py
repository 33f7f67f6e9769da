"""The newest place of each track, as a stream tells it: row by row, in the order of COLUMNS."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta, timezone

from sqlalchemy import Float, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.in_parts import in_parts
from data.models import Agency, LatestFix, Track

COLUMNS = ("id", "kind", "name", "agency", "t", "lon", "lat", "speed", "course", "heading", "altitude_m", "accuracy_m", "sla_s", "gap_s", "flags", "source")
PART_ROWS = 1_000  # read between two turns of the loop
SINCE = timedelta(days=30)  # where no window begins: as data/movement.py has it


def _rows(filter: Filter):
    start = filter.start or datetime.now(timezone.utc) - SINCE
    return (
        select(
            LatestFix.track_id, LatestFix.kind, func.coalesce(Track.name, Track.key), Agency.name, cast(func.extract("epoch", LatestFix.observed_at), Float),
            func.ST_X(LatestFix.geom), func.ST_Y(LatestFix.geom), LatestFix.speed_mps, LatestFix.course_deg, LatestFix.heading_deg, LatestFix.altitude_m,
            LatestFix.accuracy_m, Track.sla_s, Track.gap_s, LatestFix.flags, LatestFix.source_id, LatestFix.scope, LatestFix.batch,
        )
        .join(Track, Track.id == LatestFix.track_id).outerjoin(Agency, Agency.id == LatestFix.agency_id)
        .where(*filter.latest(), LatestFix.observed_at >= start)
    )


async def newest(session: AsyncConnection, filter: Filter, *, batches: list[int] | None = None, after: int | None = None) -> list[tuple]:
    """Rows of COLUMNS, then the scope and the batch: of these batches, or of all after one."""
    if batches is None:
        async with aclosing(parts(session, filter, after=after)) as found:
            return [row async for part in found for row in part]
    return [tuple(row) for row in (await session.execute(_rows(filter).where(LatestFix.batch.in_(batches)))).all()]


async def parts(session: AsyncConnection, filter: Filter, *, after: int | None = None) -> AsyncGenerator[list[tuple], None]:
    """The same of all after a batch, or all there are, PART_ROWS at most at a time: tens of thousands at once would hold everybody up for as long as Python takes to read them."""
    query = _rows(filter) if after is None else _rows(filter).where(LatestFix.batch > after)
    await session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))  # all of it is wanted, not its first rows soon
    async with aclosing(in_parts(session, query, PART_ROWS)) as found:
        async for part in found:
            yield [tuple(row) for row in part]


async def in_sight(session: AsyncConnection, filter: Filter) -> set[int]:
    """The tracks that `newest` would tell of, of whatever time: one that is silent stays where it was."""
    query = select(LatestFix.track_id).join(Track, Track.id == LatestFix.track_id).where(*filter.latest())
    await session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
    async with aclosing(in_parts(session, query, PART_ROWS)) as found:
        return {track async for part in found for (track,) in part}


async def moved(session: AsyncConnection, filter: Filter, batches: list[int]) -> set[int]:
    """The tracks of these batches, whether the filter leaves them in or not."""
    return set(await session.scalars(select(LatestFix.track_id).where(LatestFix.world == filter.world_code, LatestFix.batch.in_(batches))))


async def last_batch(session: AsyncConnection) -> int:
    """The newest number there is, of whatever world and whoever's."""
    return await session.scalar(select(func.coalesce(func.max(LatestFix.batch), 0)))
