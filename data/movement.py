"""Movement over a span of time, column by column: for marks, trails and play. Made from segments, whose M is time.

Where lines don't say it, fixes do (data/known.py): for hours whose lines are still to be made, and for what was known at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Float, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.concurrency import run_in_threadpool

from data import known
from data.filters import Filter
from data.models import Agency, LatestFix, Segment, Track, Unsettled
from data.quadkey import POINT_LEVEL, qk

TRAILS_MAX = 1_500  # tracks: above it a place each, no trail
PLACES_MAX = 4_000  # tracks: above it they are gathered by a grid
GATHER_PX_LEVELS = 4  # a cell of the grid is a 16th of a 512 px tile
VERTICES_A_TRACK = 400  # a longer trail is thinned to about this many
HOUR_S = 3600


async def movement(session: AsyncConnection, filter: Filter, start: datetime, end: datetime, zoom: int) -> dict:
    """What moved in [start, end), and the last known place of what was heard before.

    A track silent for longer than its world's window begin (`filter.start`) is not shown.
    """
    since = filter.start or start - timedelta(days=30)
    places = await _places(session, filter, since, end)
    answer = {"from": start.timestamp(), "to": end.timestamp(), "total": len(places)}
    if len(places) > PLACES_MAX:
        return {**answer, "detail": "gathered", "tracks": [], "gathered": await run_in_threadpool(_gathered, places, zoom)}
    by_id = {p["id"]: {**_told(p), "t": [p["t"]], "lon": [p["lon"]], "lat": [p["lat"]]} for p in places}
    if len(places) > TRAILS_MAX:
        return {**answer, "detail": "positions", "tracks": list(by_id.values())}
    await _add_trails(session, filter, by_id, since, start, end)
    return {**answer, "detail": "trails", "tracks": list(by_id.values())}


# -- the last known places


async def _places(session: AsyncConnection, filter: Filter, since: datetime, end: datetime) -> list[dict]:
    """The last known place before `end` of each track: by the newest fix when that is it, else by the last line or, where there is none yet, by fixes."""
    if filter.known_at:
        return await known.places(session, filter, since, end)
    inside = filter.but(start=None, end=None)
    newest = await session.execute(
        select(
            LatestFix.track_id.label("id"), *known.TOLD, cast(func.extract("epoch", LatestFix.observed_at), Float).label("t"),
            func.ST_X(LatestFix.geom).label("lon"), func.ST_Y(LatestFix.geom).label("lat"), LatestFix.speed_mps.label("speed"),
            LatestFix.course_deg.label("course"), LatestFix.heading_deg.label("heading"), LatestFix.accuracy_m,
        )
        .join(Track, Track.id == LatestFix.track_id).outerjoin(Agency, Agency.id == Track.agency_id)
        .where(*inside.latest(), LatestFix.observed_at < end, LatestFix.observed_at >= since)
    )
    found = [dict(r) for r in newest.mappings()]
    return found + await _before(session, filter, since, end, LatestFix.observed_at >= end)


async def _before(session: AsyncConnection, filter: Filter, since: datetime, moment: datetime, *conditions) -> list[dict]:
    """Where tracks that `conditions` (on `latest_fix`) leave in were last before a moment: at the end of their last line, or at a fix no line has yet."""
    inside = filter.but(start=None, end=None)
    before = (
        select(Segment.track_id, func.max(Segment.hour).label("hour"))
        .join(LatestFix, LatestFix.track_id == Segment.track_id)
        .where(Segment.world == filter.world_code, Segment.gap.is_(False), Segment.started_at < moment, Segment.hour < moment,
               Segment.ended_at >= since, *inside.segments(), *conditions)
        .group_by(Segment.track_id).cte("before")
    )
    older = await session.execute(
        select(Segment.track_id.label("id"), *known.TOLD, func.ST_AsBinary(Segment.line).label("line"))
        .join(before, and_(before.c.track_id == Segment.track_id, before.c.hour == Segment.hour))
        .join(Track, Track.id == Segment.track_id).outerjoin(Agency, Agency.id == Track.agency_id)
        .where(Segment.world == filter.world_code, Segment.gap.is_(False), Segment.started_at < moment)
        .order_by(Segment.track_id, Segment.part)
    )
    last: dict[int, dict] = {}
    for row in older.mappings():
        coordinates = _coordinates(row["line"])
        coordinates = coordinates[coordinates[:, 2] < moment.timestamp()]
        if len(coordinates):
            lon, lat, t = coordinates[-1]
            last[row["id"]] = {**row, "t": t, "lon": lon, "lat": lat}
    waits = known.waiting(filter, since, moment).with_only_columns(Unsettled.track_id)
    for place in await known.places(session, filter, since, moment, LatestFix.track_id.in_(waits), *conditions):
        if place["id"] not in last or place["t"] >= last[place["id"]]["t"]:
            last[place["id"]] = place
    return list(last.values())


def _coordinates(wkb: bytes) -> np.ndarray:
    """Vertices of a LineStringM as (n, 3): longitude, latitude, epoch seconds."""
    raw = bytes(wkb)
    return np.frombuffer(raw, "<f8", offset=9).reshape(-1, 3)


def _told(p: dict) -> dict:
    return {
        "id": p["id"], "kind": p["kind"], "name": p["name"] or p["key"], "sla_s": p["sla_s"], "gap_s": p["gap_s"],
        "agency": p["agency"], **{measure: p.get(measure) for measure in ("speed", "course", "heading", "accuracy_m")},
    }


# -- trails


async def _add_trails(session: AsyncConnection, filter: Filter, by_id: dict[int, dict], since: datetime, start: datetime, end: datetime) -> None:
    ids = list(by_id)
    if filter.known_at:
        fixes, lines, hours = await known.trails(session, filter, ids, max(since, start), end, VERTICES_A_TRACK), [], {}
    else:
        lines = (await session.execute(
            select(Segment.track_id, func.ST_AsBinary(Segment.line))
            .where(Segment.track_id.in_(ids), *_moving(filter, start, end)).order_by(Segment.track_id, Segment.hour, Segment.part)
        )).all()
        fixes = await known.trails(session, filter, ids, max(since, start) - timedelta(hours=1), end, VERTICES_A_TRACK, unsettled=True)
        hours: dict[int, list[float]] = {}
        for track, hour in (await session.execute(known.waiting(filter, start, end).where(Unsettled.track_id.in_(list(fixes))))).all():
            hours.setdefault(track, []).append(hour.timestamp())
    await run_in_threadpool(_lay_trails, by_id, lines, fixes, hours, start.timestamp(), end.timestamp())
    # One that is heard again within the span was somewhere before it, too.
    late = [track for track, mark in by_id.items() if mark["t"][0] > start.timestamp()]
    if not late:
        return
    of_late = LatestFix.track_id.in_(late)
    anywhere = filter.but(bbox=None, area=())
    earlier = await (known.places(session, anywhere, since, start, of_late) if filter.known_at else _before(session, anywhere, since, start, of_late))
    for place in earlier:
        mark = by_id[place["id"]]
        for name in ("t", "lon", "lat"):
            mark[name].insert(0, float(place[name]))


def _moving(filter: Filter, start: datetime, end: datetime) -> list:
    """Conditions on the segments that reach into [start, end); where they are was asked of the places."""
    return [
        Segment.world == filter.world_code, Segment.gap.is_(False), Segment.hour > start - timedelta(hours=1),
        Segment.hour < end, Segment.ended_at >= start, Segment.started_at < end,
    ]


def _lay_trails(by_id: dict[int, dict], lines: list, fixes: dict[int, np.ndarray], hours: dict[int, list[float]], start: float, end: float) -> None:
    pieces: dict[int, list[np.ndarray]] = {}
    for track, wkb in lines:
        pieces.setdefault(track, []).append(np.pad(_coordinates(wkb), ((0, 0), (0, 1))))
    for track in {*pieces, *fixes}:
        whole = np.concatenate([*pieces.get(track, ()), np.zeros((0, 4))])
        if track in fixes:
            # What the line of such an hour said is said by its fixes, and more.
            stale = np.isin(whole[:, 2] // HOUR_S * HOUR_S, hours.get(track, []))
            whole = np.concatenate([whole[~stale], fixes[track]])
            whole = whole[np.argsort(whole[:, 2], kind="stable")]
        # The hour's first vertex is the last one's last: one time, one place.
        whole = whole[np.r_[True, np.diff(whole[:, 2]) > 0]] if len(whole) else whole
        inside = np.flatnonzero((whole[:, 2] >= start) & (whole[:, 2] < end))
        if not len(inside):
            continue
        whole = whole[max(0, inside[0] - 1):inside[-1] + 1]  # one before: where it came from
        mark = by_id[track]
        silent = (whole[:, 3] > 0) | (np.diff(whole[:, 2], append=whole[-1, 2]) > mark["gap_s"])
        if len(whole) >= VERTICES_A_TRACK:
            # Steps are longer now than they were: which of them are silences is said beside. Both ends of each stay.
            mark["gaps"], mark["thinned_to"] = whole[silent, 2].round(1).tolist(), round(float(whole[-1, 2]), 1)
            even = np.linspace(0, len(whole) - 1, VERTICES_A_TRACK).astype(int)
            ends = np.flatnonzero(silent)
            whole = whole[np.unique(np.r_[even, ends, np.minimum(ends + 1, len(whole) - 1)])]
        mark["lon"], mark["lat"] = whole[:, 0].round(6).tolist(), whole[:, 1].round(6).tolist()
        mark["t"] = whole[:, 2].round(1).tolist()


def _gathered(places: list[dict], zoom: int) -> list[dict]:
    """Counts by a grid of the zoom, kinds together."""
    lon, lat = np.array([p["lon"] for p in places]), np.array([p["lat"] for p in places])
    cell = qk(lon, lat) >> np.int64(2 * max(0, POINT_LEVEL - zoom - GATHER_PX_LEVELS))
    _, at, n = np.unique(cell, return_inverse=True, return_counts=True)
    x, y = np.bincount(at, lon) / n, np.bincount(at, lat) / n
    return [{"lon": round(float(a), 5), "lat": round(float(b), 5), "n": int(c)} for a, b, c in zip(x, y, n)]
