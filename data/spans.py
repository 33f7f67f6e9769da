"""What each world holds: how much, where, and between which times."""

from __future__ import annotations

from sqlalchemy import Text, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from data import views
from data.models import DataState, Image, LatestFix, Segment, Seizure, Track
from data.worlds import CODES


SEEN_AS = func.nullif(func.current_setting("vigia.scope", True), "")


async def worlds(session: AsyncConnection) -> list[dict]:
    """One row a world, live first; `from`/`to` are null while it is empty."""
    return [await _world(session, name, code) for name, code in CODES.items()]


async def _world(session: AsyncConnection, name: str, code: int) -> dict:
    async def one(*columns, table):
        return (await session.execute(select(*columns).where(table.world == code))).one()

    seizures, s_from, s_to = await one(func.count(), func.min(Seizure.started_at), func.max(Seizure.ended_at), table=Seizure)
    images, i_from, i_to = await one(func.count(), func.min(Image.captured_at), func.max(Image.captured_at), table=Image)
    (tracks,) = await one(func.count(), table=Track)
    (t_from,) = await one(func.min(Segment.hour), table=Segment)
    (t_to,) = await one(func.max(LatestFix.observed_at), table=LatestFix)
    starts = [t for t in (s_from, i_from, t_from) if t]
    ends = [t for t in (s_to, i_to, t_to) if t]
    return {
        "world": name, "from": min(starts, default=None), "to": max(ends, default=None),
        # Where the clock stands when nothing newer comes: the newest thing seen to move, else the newest of all.
        "edge": t_to or max(ends, default=None),
        "newest": {"seizures": s_to, "tracks": t_to, "images": i_to},
        "tracks": tracks, "seizures": seizures, "images": images,
        "bounds": await views.bounds(session, code), "state": await state(session, code),
    }


async def empty(session: AsyncConnection, world: int) -> bool:
    """True while a world holds no row of any layer."""
    held = [exists().where(table.world == world) for table in (Seizure, Track, Image)]
    return not await session.scalar(select(or_(*held)))


async def state(session: AsyncConnection, world: int) -> str:
    """A text that changes with every change of the world's data, and is another for whoever sees other rows: for ETags and caches.

    The time of the change is in it: a database begun anew counts from 1 again, and a browser may still hold tiles of the old.
    """
    row = func.concat(DataState.layer, ":", DataState.version, "@", func.extract("epoch", DataState.changed_at))
    layers = select(func.string_agg(row, aggregate_order_by(literal(",", Text), DataState.layer))).where(DataState.world == world).scalar_subquery()
    return await session.scalar(select(func.concat_ws(",", func.coalesce(SEEN_AS, "nobody"), layers)))
