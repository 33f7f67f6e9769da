"""Vector tiles of movement: flows below zoom 9, hours of tracks from there, single fixes from zoom 12."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from sqlalchemy import BigInteger, Integer, Text, and_, case, cast, column, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.flows import CELLS_A_TILE, DAY_SPAN, MONTH_SPAN, band_at
from data.models import Agency, Fix, Flow, Segment
from data.quadkey import POINT_LEVEL, cell_ancestors, cell_range, point_range

FIXES_FROM_ZOOM = 12
COARSE_TO_ZOOM = 11


async def tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """The tile's bytes: layers `tracks` and, from zoom 12, `fixes`."""
    band = band_at(z)
    if band is not None and _flows_answer(filter):
        return await _flow_tile(session, filter, band, z, x, y)
    out = await _segment_tile(session, filter, z, x, y)
    if z >= FIXES_FROM_ZOOM:
        out += await _fix_tile(session, filter, z, x, y)
    return out


def _flows_answer(filter: Filter) -> bool:
    """Flows know the day, the kind and the agency; whoever asks for more gets the tracks themselves."""
    return not (filter.track or filter.q or filter.source or filter.area or filter.bbox or filter.known_at)


def _spans(start: datetime | None, end: datetime | None) -> tuple[date, date, list[date]]:
    """The first whole month, the first month no longer whole, and the days beside them. A day the window only touches counts whole."""
    if start is None and end is None:
        return date.min, date.max, []
    first = date.min if start is None else start.date()
    last = date.max if end is None else (end - timedelta(microseconds=1)).date()
    month_first = first if first.day == 1 else _next_month(first)
    month_last = date.max if end is None else last.replace(day=1) if _next_month(last) - timedelta(days=1) != last else _next_month(last)
    if month_first >= month_last:
        return date.max, date.max, _days(first, last)
    before = _days(first, month_first - timedelta(days=1)) if first < month_first else []
    after = _days(month_last, last) if month_last <= last and month_last != date.max else []
    return month_first, month_last, before + after


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _months(world: int, band: int, first: date, last: date):
    """The months from `first` to before `last` that have any flow, one probe of the key each."""
    base = [Flow.world == world, Flow.band == band, Flow.span_d == MONTH_SPAN]
    found = select(func.min(Flow.day).label("day")).where(*base, Flow.day >= first).cte("months", recursive=True)
    following = select(func.min(Flow.day)).where(*base, Flow.day > found.c.day, Flow.day < last).scalar_subquery()
    found = found.union_all(select(following).where(found.c.day.is_not(None)))
    return select(found.c.day).where(found.c.day < last)


def _next_month(day: date) -> date:
    if (day.year, day.month) == (9999, 12):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


async def _flow_tile(session: AsyncConnection, filter: Filter, band: int, z: int, x: int, y: int) -> bytes:
    lo, hi = point_range(z, x, y)
    conditions = [Flow.world == filter.world_code, Flow.band == band, Flow.block.between(lo, hi)]
    if filter.kind:
        conditions.append(Flow.kind.in_(filter.kind))
    if filter.agency:
        conditions.append(Flow.agency_id.in_(
            select(Agency.id).where(Agency.world == filter.world_code, Agency.name.in_(filter.agency))))
    # Day by day and month by month: the key holds the day before the place, so each is a range of its own.
    month_first, month_last, days = _spans(filter.start, filter.end)
    edge = func.unnest(Flow.qk, Flow.to_qk, Flow.passes).table_valued(
        column("qk", BigInteger), column("to_qk", BigInteger), column("passes", Integer), name="edge").render_derived()
    of_blocks = select(Flow.kind, edge.c.qk, edge.c.to_qk, edge.c.passes).select_from(Flow).join(edge, true())
    by_day = of_blocks.where(Flow.span_d == DAY_SPAN, Flow.day.in_(days), *conditions)
    by_month = of_blocks.where(
        Flow.span_d == MONTH_SPAN, Flow.day.in_(_months(filter.world_code, band, month_first, month_last)), *conditions)
    found = (by_day if month_first >= month_last else by_month.union_all(by_day) if days else by_month).subquery("found")
    edges = (
        select(found.c.kind, found.c.qk, found.c.to_qk, func.sum(found.c.passes).label("passes"))
        .group_by(found.c.kind, found.c.qk, found.c.to_qk).cte("edges")
    )
    half = 1 << (2 * (POINT_LEVEL - band - CELLS_A_TILE)) - 1  # from a cell's corner to about its middle
    ends = select(
        edges.c.kind, edges.c.passes, func.vigia.qk_point(edges.c.qk + half).label("a"),
        func.vigia.qk_point(edges.c.to_qk + half).label("b"),
    ).cte("ends")
    # Steps of a half power of ten: edges of one kind and step are one feature, so a tile stays small.
    step = cast(func.floor(2 * func.log(10, ends.c.passes)), Integer)
    envelope = func.ST_TileEnvelope(z, x, y)
    lines = select(
        ends.c.kind, cast(func.sum(ends.c.passes), Integer).label("passes"),
        cast(func.round(func.power(10, step / 2.0)), Integer).label("each"),
        func.ST_AsMVTGeom(
            func.ST_Collect(func.ST_MakeLine(ends.c.a, ends.c.b)), envelope, 4096, 64, False).label("geom"),
    ).group_by(ends.c.kind, step).order_by(step).subquery("lines")
    return await session.scalar(select(func.ST_AsMVT(lines.table_valued(), literal("tracks", Text), 4096, "geom"))) or b""


async def _segment_tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    lo, hi = cell_range(z, x, y)
    envelope = func.ST_TileEnvelope(z, x, y)
    # 4326 -> 3857 only from zoom 12: below it the generalised line is in Web Mercator already
    shape = Segment.coarse if z <= COARSE_TO_ZOOM else func.ST_Transform(func.ST_Force2D(Segment.line), 3857)
    margin = func.ST_Expand(envelope, 40_075_016.685578488 / (1 << z) / 64)
    drawn = (
        select(
            func.ST_AsMVTGeom(shape, envelope, 4096, 64, True).label("geom"),
            Segment.track_id.label("track"), Segment.kind, case((Segment.gap, true())).label("gap"),
            cast(func.extract("epoch", Segment.started_at), Integer).label("t0"),
            cast(func.extract("epoch", Segment.ended_at), Integer).label("t1"),
        )
        .where(or_(Segment.cell.between(lo, hi), Segment.cell.in_(cell_ancestors(z, x, y) or [-1])),
               Segment.coarse.op("&&")(margin), *filter.segments())
        .subquery("drawn")
    )
    kept = select(drawn).where(drawn.c.geom.is_not(None)).subquery("kept")
    return await session.scalar(select(func.ST_AsMVT(kept.table_valued(), literal("tracks", Text), 4096, "geom"))) or b""


async def _fix_tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """The fixes themselves, found by the hours that meet the tile: the fix's key is the only index it has."""
    lo, hi = cell_range(z, x, y)
    from_qk, to_qk = point_range(z, x, y)
    hours = (
        select(Segment.track_id, Segment.hour).distinct()
        .where(or_(Segment.cell.between(lo, hi), Segment.cell.in_(cell_ancestors(z, x, y) or [-1])),
               Segment.gap.is_(False), *filter.segments()).cte("hours")
    )
    conditions = [Fix.world == filter.world_code, Fix.qk.between(from_qk, to_qk)]
    if filter.start:
        conditions.append(Fix.observed_at >= filter.start)
    if filter.end:
        conditions.append(Fix.observed_at < filter.end)
    drawn = (
        select(
            # 4326 -> 3857: tiles are cut in Web Mercator
            func.ST_AsMVTGeom(func.ST_Transform(Fix.geom, 3857), func.ST_TileEnvelope(z, x, y), 4096, 0, True).label("geom"),
            Fix.track_id.label("track"), cast(func.extract("epoch", Fix.observed_at), Integer).label("t"),
            Fix.speed_mps.label("speed"), Fix.course_deg.label("course"),
        )
        .join(hours, and_(Fix.track_id == hours.c.track_id, Fix.observed_at >= hours.c.hour,
                          Fix.observed_at < hours.c.hour + timedelta(hours=1)))
        .where(*conditions).subquery("drawn")
    )
    return await session.scalar(select(func.ST_AsMVT(drawn.table_valued(), literal("fixes", Text), 4096, "geom"))) or b""
