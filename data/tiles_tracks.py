"""Vector tiles of movement: flows below zoom 9, hours of tracks from there, single fixes from zoom 12."""

from __future__ import annotations

from math import atan, degrees, pi, sinh

from sqlalchemy import Float, Integer, Text, case, cast, column, false, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from data import hours, tiles_flows
from data.covering import LEVEL_MIN
from data.filters import HOUR, Filter
from data.models import Cover, Segment
from data.quadkey import cell_ancestors, cell_range

LINES_FROM_ZOOM = 9
FIXES_FROM_ZOOM = 12
COARSE_TO_ZOOM = 11
HOURS_MAX = 20_000  # of tracks in the window: so many are drawn from afar as they were known by a time, for which there are no flows


async def tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """The tile's bytes: layers `tracks` and, from zoom 12, `fixes`; of what was known by a time, from afar, only where that is little. Flows know whole days."""
    if tiles_flows.answers(filter, z):
        return await tiles_flows.tile(session, filter, z, x, y)
    found = _found(filter, z, x, y)
    if filter.known_at and z < LINES_FROM_ZOOM:
        found = _of_window(filter)  # a whole continent's covers of all years would be read for it
        if await session.scalar(select(func.count()).select_from(select(found.c.hour).limit(HOURS_MAX + 1).subquery())) > HOURS_MAX:
            return b""
    out = await _segment_tile(session, filter, z, x, y, found)
    if z >= FIXES_FROM_ZOOM:
        out += await _fix_tile(session, filter, z, x, y)
    return out


def _found(filter: Filter, z: int, x: int, y: int):
    """The keys of the segments that cross the tile, each once."""
    lo, hi = cell_range(z, x, y)
    inside = Cover.cell.between(lo, hi)
    above = cell_ancestors(z, x, y)[LEVEL_MIN:]  # no line is kept under a larger cell
    return (
        select(Cover.track_id, Cover.hour, Cover.part).distinct()
        .where(Cover.world == filter.world_code, or_(inside, Cover.cell.in_(above)) if above else inside).cte("found")
    )


def _of_window(filter: Filter):
    """The keys of all segments of the window, and of the tracks that are named."""
    s, between = Segment, [*([Segment.hour > filter.start - HOUR] if filter.start else []), *([Segment.hour < filter.end] if filter.end else [])]
    named = [s.track_id.in_(filter.track)] if filter.track else []
    return select(s.track_id, s.hour, s.part).where(s.world == filter.world_code, *between, *named).cte("found")


async def _segment_tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int, found) -> bytes:
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
        .join(found, hours.of(found, part=True)).where(Segment.coarse.op("&&")(margin), *filter.segments(), *filter.whole())
    )
    if filter.whole():
        drawn = _but(drawn, cut := hours.cut(filter, found)).union_all(_steps(filter, cut, envelope))
    drawn = drawn.subquery("drawn")
    kept = select(drawn).where(drawn.c.geom.is_not(None)).subquery("kept")
    return await session.scalar(select(func.ST_AsMVT(kept.table_valued(), literal("tracks", Text), 4096, "geom"))) or b""


def _but(query, cut):
    """Segments without those of the hours that are made of fixes."""
    return query.outerjoin(cut, hours.of(cut)).where(cut.c.track_id.is_(None))


def _steps(filter: Filter, cut, envelope):
    """The hours that are made of fixes, as lines like those of segments."""
    s = hours.steps(filter, cut).c
    line = func.ST_Transform(func.ST_Collect(func.ST_MakeLine(s.before, s.geom)), 3857)  # 4326 -> 3857: tiles are cut in Web Mercator
    return (
        select(func.ST_AsMVTGeom(line, envelope, 4096, 64, True), s.track_id, s.kind, case((false(), true())), cast(func.min(s.t), Integer), cast(func.max(s.t), Integer))
        .where(s.drawn).group_by(s.track_id, s.hour, s.kind)
    )


async def _fix_tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """The fixes themselves: the vertices of the lines that cross the tile, each of its own hour."""
    found = _found(filter, z, x, y)
    west, south, east, north = _bounds(z, x, y)
    vertex = func.ST_DumpPoints(Segment.line).table_valued(column("path"), column("geom")).render_derived(name="vertex")

    def inside(t, lon, lat) -> list:
        window = [*([t >= filter.start.timestamp()] if filter.start else []), *([t < filter.end.timestamp()] if filter.end else [])]
        return [lon >= west, lon < east, lat > south, lat <= north, *window]

    t, lon, lat = func.ST_M(vertex.c.geom), func.ST_X(vertex.c.geom), func.ST_Y(vertex.c.geom)
    # A single fix is a line of two equal ends: each place and time of a track once.
    fixes = (
        select(Segment.track_id.label("track"), cast(t, Float).label("t"), lon.label("lon"), lat.label("lat")).distinct()
        .select_from(Segment).join(found, hours.of(found, part=True)).join(vertex, true())
        .where(Segment.gap.is_(False), *filter.segments(), *filter.whole(), t >= func.extract("epoch", Segment.hour), *inside(t, lon, lat))
    )
    if filter.whole():
        s = hours.steps(filter, cut := hours.cut(filter, found)).c
        lon, lat = func.ST_X(s.geom), func.ST_Y(s.geom)
        fixes = _but(fixes, cut).union_all(select(s.track_id, s.t, lon, lat).where(*inside(s.t, lon, lat)))
    fixes = fixes.subquery("fixes")
    # 4326 -> 3857: tiles are cut in Web Mercator
    point = func.ST_Transform(func.ST_SetSRID(func.ST_MakePoint(fixes.c.lon, fixes.c.lat), 4326), 3857)
    drawn = select(
        func.ST_AsMVTGeom(point, func.ST_TileEnvelope(z, x, y), 4096, 0, True).label("geom"),
        fixes.c.track, cast(func.floor(fixes.c.t), Integer).label("t"),
    ).subquery("drawn")
    kept = select(drawn).where(drawn.c.geom.is_not(None)).subquery("kept")
    return await session.scalar(select(func.ST_AsMVT(kept.table_valued(), literal("fixes", Text), 4096, "geom"))) or b""


def _bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east and north of a tile, degrees; north and west belong to it."""
    n = 1 << z
    north, south = (degrees(atan(sinh(pi * (1 - 2 * row / n)))) for row in (y, y + 1))
    return x / n * 360 - 180, south, (x + 1) / n * 360 - 180, north
