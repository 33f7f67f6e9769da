"""Straight from fixes: what was known by a time, and what no line tells of yet. Lines and newest places know neither."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
from sqlalchemy import Float, Integer, Text, and_, case, cast, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.flags import UNTRUSTED
from data.models import Agency, Fix, LatestFix, Segment, Track, Unsettled

HOUR = timedelta(hours=1)
TOLD = (Track.kind, Track.name, Track.key, Track.sla_s, Track.gap_s, Agency.name.label("agency"))
EPOCH = cast(func.extract("epoch", Fix.observed_at), Float)


def of(filter: Filter) -> list:
    """Conditions on `fix`: of the world, trusted, and known by the filter's time."""
    known = [Fix.recorded_at <= filter.known_at] if filter.known_at else []
    return [Fix.world == filter.world_code, Fix.flags.op("&")(UNTRUSTED) == 0, *known]


def newest(filter: Filter, track, since: datetime | None, end: datetime | None):
    """The newest fix of a track in [since, end) that was known, to be joined laterally."""
    between = [*([Fix.observed_at >= since] if since else []), *([Fix.observed_at < end] if end else [])]
    return (
        select(
            EPOCH.label("t"), Fix.observed_at, Fix.geom, func.ST_X(Fix.geom).label("lon"), func.ST_Y(Fix.geom).label("lat"), Fix.speed_mps, Fix.course_deg,
            Fix.heading_deg, Fix.altitude_m, Fix.accuracy_m, Fix.flags, Fix.source_id, Fix.line, Fix.recorded_at,
        )
        .where(*of(filter), Fix.track_id == track, *between).order_by(Fix.observed_at.desc(), Fix.qk).limit(1).lateral("known")
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


def summed(filter: Filter):
    """One row a track of the filter: what its fixes add up to that were known. How far it went is not said: that would be the lines' to tell."""
    between = [*([Fix.observed_at >= filter.start] if filter.start else []), *([Fix.observed_at < filter.end] if filter.end else [])]
    return (
        select(Fix.track_id, func.min(Fix.observed_at).label("first_at"), func.max(Fix.observed_at).label("last_at"), func.count().label("fixes"),
               cast(None, Float).label("length_m"))
        .where(Fix.world == filter.world_code, Fix.recorded_at <= filter.known_at, *between, *filter.inside(Fix.geom),
               Fix.track_id.in_(select(Segment.track_id).where(*filter.segments())))
        .group_by(Fix.track_id).cte("summed")
    )


def waiting(filter: Filter, start: datetime, end: datetime):
    """The hours in [start, end) whose lines are still to be made: (track_id, hour)."""
    return select(Unsettled.track_id, Unsettled.hour).where(
        Unsettled.world == filter.world_code, Unsettled.hour > start - HOUR, Unsettled.hour < end)


async def tile(session: AsyncConnection, filter: Filter, found, envelope, fixes: bool) -> bytes:
    """The tile's layers, of what was known: `found` are the keys of the lines that cross it. A step over a silence is not drawn."""
    between = [*([Fix.observed_at >= filter.start] if filter.start else []), *([Fix.observed_at < filter.end] if filter.end else [])]
    of_found = and_(Segment.track_id == found.c.track_id, Segment.hour == found.c.hour, Segment.part == found.c.part)
    hours = select(Segment.track_id, Segment.hour).distinct().select_from(Segment).join(found, of_found).where(*filter.segments()).cte("hours")
    over = {"partition_by": (hours.c.track_id, hours.c.hour), "order_by": (Fix.observed_at, Fix.qk)}
    steps = (
        select(
            Fix.track_id, hours.c.hour, Track.kind, Track.gap_s, Fix.geom, EPOCH.label("t"), func.lag(Fix.geom).over(**over).label("before"),
            func.lag(EPOCH).over(**over).label("t_before"),
        )
        .join(hours, and_(hours.c.track_id == Fix.track_id, Fix.observed_at >= hours.c.hour, Fix.observed_at < hours.c.hour + HOUR))
        .join(Track, Track.id == Fix.track_id)
        .where(*of(filter), *between).cte("steps")
    )
    line = func.ST_Transform(func.ST_Collect(func.ST_MakeLine(steps.c.before, steps.c.geom)), 3857)  # 4326 -> 3857: tiles are cut in Web Mercator
    lines = (
        select(func.ST_AsMVTGeom(line, envelope, 4096, 64, True).label("geom"), steps.c.track_id.label("track"), steps.c.kind,
               cast(func.min(steps.c.t), Integer).label("t0"), cast(func.max(steps.c.t), Integer).label("t1"))
        .where(steps.c.before.is_not(None), steps.c.t - steps.c.t_before <= steps.c.gap_s)
        .group_by(steps.c.track_id, steps.c.hour, steps.c.kind).subquery("lines")
    )
    points = select(func.ST_AsMVTGeom(func.ST_Transform(steps.c.geom, 3857), envelope, 4096, 0, True).label("geom"), steps.c.track_id.label("track"),
                    cast(func.floor(steps.c.t), Integer).label("t")).subquery("points")
    out = b""
    for name, drawn in (("tracks", lines), *([("fixes", points)] if fixes else [])):
        kept = select(drawn).where(drawn.c.geom.is_not(None)).subquery("kept")
        out += await session.scalar(select(func.ST_AsMVT(kept.table_valued(), literal(name, Text), 4096, "geom"))) or b""
    return out


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
        .where(*of(filter), Fix.track_id.in_(ids), Fix.observed_at >= start, Fix.observed_at < end)
    )
    if unsettled:
        hours = waiting(filter, start, end).where(Unsettled.track_id.in_(ids)).subquery("hours")
        every = every.join(hours, and_(hours.c.track_id == Fix.track_id, Fix.observed_at >= hours.c.hour, Fix.observed_at < hours.c.hour + HOUR))
    f = every.subquery("every").c
    left = or_(f.number % ((f.n + most - 1) // most) == 0, f.number == 1, f.number == f.n, f.silent, f.heard)
    rows = await session.execute(select(f.track_id, f.lon, f.lat, f.t, case((f.silent, 1.0), else_=0.0)).where(left).order_by(f.track_id, f.number))
    return {track: np.array([row[1:] for row in of_track], float) for track, of_track in groupby(rows.all(), key=lambda row: row[0])}
