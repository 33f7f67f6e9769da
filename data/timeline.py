"""The three lanes of the timeline, in bins that meet the window's ends: what lies between them sums to the count."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Integer, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Image, Segment, Seizure

# Bin lengths that people read easily (seconds): minutes, hours, days, weeks.
STEPS_S = (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000)


def cut(start: datetime, end: datetime, span: tuple[datetime, datetime], bins: int) -> tuple[datetime, float, int, int, int]:
    """Bins over `span` such that [start, end) is a whole number of them.

    Returns the first bin's start, the step in seconds, how many, and the window's first and last (not included) bin.
    """
    window_s = (end - start).total_seconds()
    wanted_s = max((span[1] - span[0]).total_seconds() / bins, 1e-6)
    fitting = [s for s in STEPS_S if s >= wanted_s and window_s % s == 0]
    step_s = fitting[0] if fitting else window_s / max(1, round(window_s / wanted_s))
    before = max(0, ceil((start - span[0]).total_seconds() / step_s))
    inside = max(1, round(window_s / step_s))
    after = max(0, ceil((span[1] - end).total_seconds() / step_s))
    return start - timedelta(seconds=before * step_s), step_s, before + inside + after, before, before + inside


async def lanes(session: AsyncConnection, filter: Filter, span: tuple[datetime, datetime], bins: int) -> dict:
    """Seizures, fixes and images by bin; the filter's own window says which bins are inside it."""
    start, end = filter.start or span[0], filter.end or span[1]
    first, step_s, number, i, j = cut(start, end, span, bins)
    whole = filter.but(start=first, end=first + timedelta(seconds=step_s * number))
    return {
        "start": first, "step_s": step_s, "bins": number, "window": [i, j],
        "seizures": await _seizures(session, whole, start, step_s, number),
        "movements": await _movements(session, whole, step_s, number),
        "images": await _images(session, whole),
    }


async def _seizures(session: AsyncConnection, whole: Filter, start: datetime, step_s: float, number: int) -> list[int]:
    # One that began before the window and reaches into it counts as the window's first: the sum stays the count.
    moment = case(
        ((Seizure.started_at < start) & (Seizure.ended_at > start), start),
        else_=func.greatest(Seizure.started_at, whole.start),
    )
    return await _binned(session, moment, func.count(), whole.seizures(), whole, step_s, number)


async def _movements(session: AsyncConnection, whole: Filter, step_s: float, number: int) -> list[int]:
    # Fixes are counted by their hour; with bins under an hour the hour's number falls in the bin where it starts.
    moment = func.greatest(Segment.hour, whole.start)
    total = func.coalesce(func.sum(Segment.fix_count), 0)
    return await _binned(session, moment, total, whole.segments(), whole, step_s, number)


async def _binned(session: AsyncConnection, moment, what, conditions, whole: Filter, step_s: float, number: int) -> list[int]:
    at = cast(func.floor(func.extract("epoch", moment - whole.start) / step_s), Integer)
    rows = await session.execute(select(at, what).where(*conditions).group_by(at))
    out = [0] * number
    for bin_, n in rows:
        out[min(max(bin_, 0), number - 1)] += int(n)
    return out


async def _images(session: AsyncConnection, whole: Filter) -> list[dict]:
    rows = await session.execute(select(Image.id, Image.captured_at).where(*whole.images()).order_by(Image.captured_at))
    return [dict(r) for r in rows.mappings()]
