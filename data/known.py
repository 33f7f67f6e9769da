"""Places and trails straight from fixes: at a time, as known by a time, and what no line tells of yet. Lines and newest places know none of it."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

import numpy as np
from sqlalchemy import and_, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import HOUR, Filter
from data.hours import EPOCH
from data.models import Agency, Fix, LatestFix, Track, Unsettled

TOLD = (Track.kind, Track.name, Track.key, Track.sla_s, Track.gap_s, Agency.name.label("agency"))

def newest(filter: Filter, track, since: datetime | None, end: datetime | None):
    """The newest fix of a track in [since, end) that was known, to be joined laterally."""
    between = [*([Fix.observed_at >= since] if since else []), *([Fix.observed_at < end] if end else [])]
    return (
        select(
            EPOCH.label("t"), Fix.observed_at, Fix.geom, func.ST_X(Fix.geom).label("lon"), func.ST_Y(Fix.geom).label("lat"), Fix.speed_mps, Fix.course_deg,
            Fix.heading_deg, Fix.altitude_m, Fix.accuracy_m, Fix.flags, Fix.source_id, Fix.line, Fix.recorded_at,
        )
        .where(*filter.fixes(), Fix.track_id == track, *between).order_by(Fix.observed_at.desc(), Fix.qk).limit(1).lateral("known")
    )


async def places(session: AsyncConnection, filter: Filter, since: datetime, end: datetime, *conditions) -> list[dict]:
    """The last known place in [since, end) of each track that `conditions` (on `latest_fix`) leave in."""
    known = newest(filter, LatestFix.track_id, since, end)
    anywhere = filter.but(start=None, end=None, bbox=None, area=())
    # A track that was made known later has no fix that was known before.
    heard = [Track.recorded_at <= filter.known_at] if filter.known_at else []
    rows = await session.execute(
        select(LatestFix.track_id.label("id"), *TOLD, known.c.t, known.c.lon, known.c.lat, known.c.speed_mps.label("speed"), known.c.course_deg.label("course"),
               known.c.heading_deg.label("heading"), known.c.accuracy_m)
        .join(Track, Track.id == LatestFix.track_id).outerjoin(Agency, Agency.id == Track.agency_id).join(known, true())
        .where(*anywhere.latest(), *heard, *conditions, LatestFix.observed_at >= since, *filter.inside(known.c.geom))
    )
    return [dict(row) for row in rows.mappings()]


def waiting(filter: Filter, start: datetime, end: datetime):
    """The hours in [start, end) whose lines are still to be made: (track_id, hour)."""
    return select(Unsettled.track_id, Unsettled.hour).where(
        Unsettled.world == filter.world_code, Unsettled.hour > start - HOUR, Unsettled.hour < end)


async def trails(session: AsyncConnection, filter: Filter, ids: list[int], start: datetime, end: datetime, most: int, *, unsettled: bool = False) -> dict[int, np.ndarray]:
    """The fixes of these tracks in [start, end), as (n, 4): longitude, latitude, epoch seconds, and 1 where a silence follows.

    Of a track with more than `most` about that many are left, with both ends of every silence. `unsettled`: only of hours whose lines
    are still to be made.
    """
    over = {"partition_by": Fix.track_id, "order_by": (Fix.observed_at, Fix.qk)}
    after = func.lead(EPOCH).over(**over) - EPOCH
    before = EPOCH - func.lag(EPOCH).over(**over)
    every = (
        select(
            Fix.track_id, func.ST_X(Fix.geom).label("lon"), func.ST_Y(Fix.geom).label("lat"), EPOCH.label("t"), (after > Track.gap_s).label("silent"),
            (before > Track.gap_s).label("heard"), func.row_number().over(**over).label("number"), func.count().over(partition_by=Fix.track_id).label("n"),
        )
        .join(Track, Track.id == Fix.track_id)
        .where(*filter.fixes(), Fix.track_id.in_(ids), Fix.observed_at >= start, Fix.observed_at < end)
    )
    if unsettled:
        hours = waiting(filter, start, end).where(Unsettled.track_id.in_(ids)).subquery("hours")
        every = every.join(hours, and_(hours.c.track_id == Fix.track_id, Fix.observed_at >= hours.c.hour, Fix.observed_at < hours.c.hour + HOUR))
    f = every.subquery("every").c
    left = or_(f.number % ((f.n + most - 1) // most) == 0, f.number == 1, f.number == f.n, f.silent, f.heard)
    rows = await session.execute(select(f.track_id, f.lon, f.lat, f.t, case((f.silent, 1.0), else_=0.0)).where(left).order_by(f.track_id, f.number))
    return {track: np.array([row[1:] for row in of_track], float) for track, of_track in groupby(rows.all(), key=lambda row: row[0])}
