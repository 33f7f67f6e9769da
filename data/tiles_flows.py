"""Vector tiles of movement below zoom 9: flows summed over days and months, as lines of one kind and strength each."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.flows import BANDS, CELLS_A_BLOCK, DAY_SPAN, EDGE, LOW, MONTH_SPAN, band_at, block_of, gathered
from data.models import Agency, Flow
from data.quadkey import morton, squeeze_array
from data.scope import LEVELS
from data.vector_tile import LineFeature, layer

EXTENT = 2 << CELLS_A_BLOCK  # two units a cell, so that a cell has a middle
EDGES_MAX = 60_000  # at eight bytes each what a tile may weigh; what has more is drawn in a grid of twice the size


def answers(filter: Filter, z: int) -> bool:
    """Flows know the day, the kind and the agency; whoever asks for more gets the tracks themselves."""
    return band_at(z) is not None and not (filter.track or filter.q or filter.source or filter.area or filter.bbox or filter.known_at)


async def tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int) -> bytes:
    """The layer `tracks` of flows: a feature for each kind and half power of ten of passes."""
    band = band_at(z)
    up = band - z if band == BANDS[0] else 0
    lo = morton(x, y) << 2 * up
    conditions = [Flow.world == filter.world_code, Flow.band == band, Flow.block.between(lo, lo + (1 << 2 * up) - 1)]
    if filter.kind:
        conditions.append(Flow.kind.in_(filter.kind))
    if filter.agency:
        conditions.append((Flow.scope / LEVELS).in_(
            select(Agency.id).where(Agency.world == filter.world_code, Agency.name.in_(filter.agency))))
    # Day by day and month by month: the key holds the day before the place, so each is a range of its own.
    month_first, month_last, days = spans(filter.start, _end(filter))
    rows = select(Flow.kind, Flow.block, Flow.edges).where(*conditions)
    by_day = rows.where(Flow.span_d == DAY_SPAN, Flow.day.in_(days))
    by_month = rows.where(Flow.span_d == MONTH_SPAN, Flow.day.in_(_months(filter.world_code, band, month_first, month_last)))
    found = (await session.execute(
        by_day if month_first >= month_last else by_month.union_all(by_day) if days else by_month)).all()
    return await asyncio.to_thread(drawn, [tuple(r) for r in found], x, y, up)


def _end(filter: Filter) -> datetime | None:
    """Where the window ends, or the clock stands before it does."""
    at = filter.at and filter.at + timedelta(microseconds=1)
    return min(filter.end, at) if filter.end and at else filter.end or at


def drawn(rows: list[tuple[str, int, bytes]], x: int, y: int, up: int) -> bytes:
    """The layer of rows (kind, block, edges): tile x/y, `up` zooms below the band's own."""
    of_kind: dict[str, list[np.ndarray]] = {}
    for kind, block, body in rows:
        edges = np.frombuffer(body, EDGE)
        if up:  # an edge over a border stands in both blocks: here it counts in that of its first cell
            edges = edges[block_of(edges["cells"] >> np.uint64(32)) == np.uint64(block)]
        of_kind.setdefault(kind, []).append(edges)
    summed = {kind: gathered(np.concatenate(some), up) for kind, some in sorted(of_kind.items())}
    size = 2
    while sum(len(edges) for edges in summed.values()) > EDGES_MAX:
        summed = {kind: gathered(edges, 1) for kind, edges in summed.items()}
        size *= 2
    features = []
    for kind, edges in summed.items():
        ends = [v for cell in (edges["cells"] >> np.uint64(32), edges["cells"] & LOW) for v in squeeze_array(cell)]
        # From the corner of the grid to the middle of a cell, in the tile's own units.
        x0, y0, x1, y1 = (v * size + size // 2 - EXTENT * corner for v, corner in zip(ends, (x, y, x, y)))
        step = np.floor(2 * np.log10(edges["passes"])).astype(np.int8)
        order = np.argsort(step, kind="stable")
        bounds = np.searchsorted(step[order], np.arange(step.max(initial=-1) + 2))
        for s, (a, b) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist())):
            if a < b:
                of_step = order[a:b]
                features.append((s, kind, x0[of_step], y0[of_step], x1[of_step], y1[of_step], int(edges["passes"][of_step].sum())))
    # The strongest last, so that they lie on top.
    return layer("tracks", EXTENT, [
        LineFeature(x0, y0, x1, y1, {"kind": kind, "passes": total, "each": round(10 ** (s / 2))})
        for s, kind, x0, y0, x1, y1, total in sorted(features, key=lambda f: (f[0], f[1]))])


def spans(start: datetime | None, end: datetime | None) -> tuple[date, date, list[date]]:
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
