"""The hours of tracks that a filter gives: by their lines, or straight from fixes where a line says other than what is asked.

A line holds its whole hour, and what came later too. So the hour a clock stands in, and hours that were known in part, are made of their fixes,
and so are those whose lines are still to be made. Counts, tables, exports and tiles are all of these.
"""

from __future__ import annotations

from sqlalchemy import CTE, Float, Select, and_, case, cast, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import HOUR, Filter
from data.models import Fix, Segment, Track, Unsettled

EPOCH = cast(func.extract("epoch", Fix.observed_at), Float)


def heard(filter: Filter) -> Select:
    """(track_id, kind, agency_id, scope) of each track of the filter, once."""
    lines = select(Segment.track_id, Segment.kind, Segment.agency_id, Segment.scope).where(Segment.gap.is_(False), *filter.segments())
    waiting = select(Unsettled.track_id, Track.kind, Track.agency_id, Track.scope).join(Track, Track.id == Unsettled.track_id).where(*filter.unsettled())
    return lines.union(waiting)


async def number(session: AsyncConnection, filter: Filter) -> int:
    """How many tracks the filter gives."""
    return await session.scalar(select(func.count()).select_from(heard(filter).subquery("heard")))


def cut(filter: Filter, found: CTE | None = None) -> CTE:
    """The hours (track_id, hour) to be made of fixes; of the lines `found` alone, when given."""
    waiting = select(Unsettled.track_id, Unsettled.hour).join(Track, Track.id == Unsettled.track_id).where(*filter.unsettled())
    if not (whole := filter.whole()):
        return waiting.cte("cut")
    lines = select(Segment.track_id, Segment.hour).where(Segment.gap.is_(False), *filter.segments(), not_(and_(*whole)))
    if found is None:
        return lines.union(waiting).cte("cut")
    return lines.join(found, of(found, part=True)).distinct().cte("cut")


def of(hours: CTE, part: bool = False):
    """A segment is of these hours, or is this part of one."""
    return and_(Segment.track_id == hours.c.track_id, Segment.hour == hours.c.hour, *([Segment.part == hours.c.part] if part else []))


def lines(filter: Filter, hours: CTE, *columns) -> Select:
    """Of the segments of the filter that stand as they are, what is not of `hours`."""
    return select(*columns).select_from(Segment).outerjoin(hours, of(hours)).where(hours.c.track_id.is_(None), Segment.gap.is_(False), *filter.segments(), *filter.whole())


def steps(filter: Filter, hours: CTE) -> CTE:
    """Each fix of these hours that the filter's times let in, with the one before it: `drawn` where a line goes from that one to it."""
    fixes = filter.fixes()
    first = (
        select(Fix.geom, EPOCH.label("t")).where(
            *fixes, Fix.track_id == Track.id, Fix.observed_at < hours.c.hour, Fix.observed_at >= hours.c.hour - cast(func.make_interval(0, 0, 0, 0, 0, 0, Track.gap_s), INTERVAL))
        .order_by(Fix.observed_at.desc(), Fix.qk).limit(1).lateral("first")
    )
    begun = (
        select(hours.c.track_id, hours.c.hour, Track.kind, Track.gap_s, first.c.geom.label("before"), first.c.t.label("t_before"))
        .join(Track, Track.id == hours.c.track_id).outerjoin(first, true()).cte("begun").prefix_with("MATERIALIZED")  # or the fix before is looked up for each fix
    )
    # The offset keeps each hour a range of the key: a join goes through all of the track.
    f = select(Fix.observed_at, Fix.qk, Fix.geom, EPOCH.label("t")).where(
        *fixes, Fix.track_id == begun.c.track_id, Fix.observed_at >= begun.c.hour, Fix.observed_at < begun.c.hour + HOUR).offset(0).lateral("f").c
    over = {"partition_by": (begun.c.track_id, begun.c.hour), "order_by": (f.observed_at, f.qk)}
    every = (
        select(
            begun.c.track_id, begun.c.hour, begun.c.kind, begun.c.gap_s, f.observed_at, f.geom, f.t,
            func.coalesce(func.lag(f.geom).over(**over), begun.c.before).label("before"), func.coalesce(func.lag(f.t).over(**over), begun.c.t_before).label("t_before"),
        )
        .select_from(begun).join(f.observed_at.table, true()).cte("every")
    )
    # Over the antimeridian no line is drawn, as in data/segments.py.
    drawn = and_(every.c.before.is_not(None), every.c.t - every.c.t_before <= every.c.gap_s, func.abs(func.ST_X(every.c.geom) - func.ST_X(every.c.before)) <= 180)
    return select(*every.c, func.coalesce(drawn, False).label("drawn")).cte("steps")


def summed(filter: Filter, made: tuple[CTE, CTE] | None = None) -> CTE:
    """One row a track of the filter: what its hours add up to, in fixes and geodesic metres, and between which times. `made`: what `cut` and `steps` gave."""
    hours, every = made or (hours := cut(filter), steps(filter, hours))
    whole = lines(filter, hours, Segment.track_id, Segment.started_at.label("first_at"), Segment.ended_at.label("last_at"), Segment.fix_count.label("fixes"),
                  cast(Segment.length_m, Float).label("length_m"))
    s = every.c
    length_m = func.sum(func.ST_Distance(func.geography(s.before), func.geography(s.geom))).filter(s.drawn)
    of_fixes = select(s.track_id, func.min(s.observed_at), func.max(s.observed_at), func.count(), func.coalesce(length_m, 0.0)).group_by(s.track_id)
    one = whole.union_all(of_fixes).subquery("every_hour").c
    return (
        select(one.track_id, func.min(one.first_at).label("first_at"), func.max(one.last_at).label("last_at"), func.sum(one.fixes).label("fixes"),
               func.sum(one.length_m).label("length_m")).group_by(one.track_id).cte("summed")
    )


def drawn(filter: Filter) -> tuple[CTE, CTE]:
    """What `summed` says, and a row a track with its `line` (EPSG:4326): the lines that stand, and steps from fix to fix in the other hours."""
    hours = cut(filter)
    whole = lines(filter, hours, Segment.track_id, func.ST_Force2D(Segment.line).label("line"))
    made = steps(filter, hours)
    s = select(*made.c, func.lead(made.c.drawn).over(partition_by=(made.c.track_id, made.c.hour), order_by=made.c.t).label("goes_on")).subquery("made").c
    # A fix alone is a line of two equal ends.
    of_fixes = select(s.track_id, func.ST_MakeLine(case((s.drawn, s.before), else_=s.geom), s.geom)).where(or_(s.drawn, func.coalesce(s.goes_on, False).is_(False)))
    every = whole.union_all(of_fixes).subquery("every_line").c
    return summed(filter, (hours, made)), select(every.track_id, func.ST_LineMerge(func.ST_Collect(every.line)).label("line")).group_by(every.track_id).cte("merged")
