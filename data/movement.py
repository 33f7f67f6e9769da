"""Movement over a span of time, column by column: for marks, trails and play. Made from segments, whose M is time."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Float, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.concurrency import run_in_threadpool

from data.filters import Filter
from data.models import Agency, LatestFix, Segment, Track
from data.quadkey import POINT_LEVEL, qk

TRAILS_MAX = 1_500  # tracks: above it a place each, no trail
PLACES_MAX = 4_000  # tracks: above it they are gathered by a grid
GATHER_PX_LEVELS = 4  # a cell of the grid is a 16th of a 512 px tile
VERTICES_A_TRACK = 400  # a longer trail is thinned to this many


async def movement(session: AsyncConnection, filter: Filter, start: datetime, end: datetime, zoom: int) -> dict:
    """What moved in [start, end), and the last known place of what was heard before.

    A track silent for longer than its world's window begin (`filter.start`) is not shown.
    """
    places = await _places(session, filter, start, end)
    answer = {"from": start.timestamp(), "to": end.timestamp(), "total": len(places)}
    if len(places) > PLACES_MAX:
        return {**answer, "detail": "gathered", "tracks": [], "gathered": await run_in_threadpool(_gathered, places, zoom)}
    by_id = {p["id"]: {**_told(p), "t": [p["t"]], "lon": [p["lon"]], "lat": [p["lat"]]} for p in places}
    if len(places) > TRAILS_MAX:
        return {**answer, "detail": "positions", "tracks": list(by_id.values())}
    lines = (await session.execute(
        select(Segment.track_id, func.ST_AsBinary(Segment.line))
        .where(Segment.track_id.in_(list(by_id)), *_moving(filter, start, end)).order_by(Segment.track_id, Segment.hour, Segment.part)
    )).all()
    await run_in_threadpool(_add_trails, by_id, lines, start.timestamp(), end.timestamp())
    return {**answer, "detail": "trails", "tracks": list(by_id.values())}


def _moving(filter: Filter, start: datetime, end: datetime) -> list:
    """Conditions on the segments that reach into [start, end); where they are was asked of the places."""
    return [
        Segment.world == filter.world_code, Segment.gap.is_(False), Segment.hour > start - timedelta(hours=1),
        Segment.hour < end, Segment.ended_at >= start, Segment.started_at < end,
    ]


async def _places(session: AsyncConnection, filter: Filter, start: datetime, end: datetime) -> list[dict]:
    """The last known place before `end` of each track: by the newest fix when that is it, else by the last segment."""
    since = filter.start or start - timedelta(days=30)
    told = (Track.kind, Track.name, Track.key, Track.sla_s, Track.gap_s, Agency.name.label("agency"))
    inside = filter.but(start=None, end=None)
    newest = await session.execute(
        select(
            LatestFix.track_id.label("id"), *told, cast(func.extract("epoch", LatestFix.observed_at), Float).label("t"),
            func.ST_X(LatestFix.geom).label("lon"), func.ST_Y(LatestFix.geom).label("lat"),
            LatestFix.speed_mps.label("speed"), LatestFix.course_deg.label("course"),
        )
        .join(Track, Track.id == LatestFix.track_id).outerjoin(Agency, Agency.id == Track.agency_id)
        .where(*inside.latest(), LatestFix.observed_at < end, LatestFix.observed_at >= since)
    )
    found = [dict(r) for r in newest.mappings()]
    # Tracks that went on after `end`: where they were is the end of their last line before it.
    before = (
        select(Segment.track_id, func.max(Segment.hour).label("hour"))
        .join(LatestFix, and_(LatestFix.track_id == Segment.track_id, LatestFix.observed_at >= end))
        .where(Segment.world == filter.world_code, Segment.gap.is_(False), Segment.started_at < end, Segment.hour < end,
               Segment.ended_at >= since, *inside.segments())
        .group_by(Segment.track_id).cte("before")
    )
    older = await session.execute(
        select(Segment.track_id.label("id"), *told, func.ST_AsBinary(Segment.line).label("line"))
        .join(before, and_(before.c.track_id == Segment.track_id, before.c.hour == Segment.hour))
        .join(Track, Track.id == Segment.track_id).outerjoin(Agency, Agency.id == Track.agency_id)
        .where(Segment.world == filter.world_code, Segment.gap.is_(False), Segment.started_at < end)
        .order_by(Segment.track_id, Segment.part)
    )
    last: dict[int, dict] = {}
    for row in older.mappings():
        coordinates = _coordinates(row["line"])
        coordinates = coordinates[coordinates[:, 2] < end.timestamp()]
        if len(coordinates):
            lon, lat, t = coordinates[-1]
            last[row["id"]] = {**row, "t": t, "lon": lon, "lat": lat, "speed": None, "course": None}
    return found + list(last.values())


def _coordinates(wkb: bytes) -> np.ndarray:
    """Vertices of a LineStringM as (n, 3): longitude, latitude, epoch seconds."""
    raw = bytes(wkb)
    return np.frombuffer(raw, "<f8", offset=9).reshape(-1, 3)


def _told(p: dict) -> dict:
    return {
        "id": p["id"], "kind": p["kind"], "name": p["name"] or p["key"], "sla_s": p["sla_s"], "gap_s": p["gap_s"],
        "agency": p["agency"], "speed": p["speed"], "course": p["course"],
    }


def _add_trails(by_id: dict[int, dict], lines: list, start: float, end: float) -> None:
    pieces: dict[int, list[np.ndarray]] = {}
    for track, wkb in lines:
        pieces.setdefault(track, []).append(_coordinates(wkb))
    for track, parts in pieces.items():
        whole = np.concatenate(parts)
        # The hour's first vertex is the last one's last: one time, one place.
        whole = whole[np.r_[True, np.diff(whole[:, 2]) > 0]]
        inside = np.flatnonzero((whole[:, 2] >= start) & (whole[:, 2] < end))
        if not len(inside):
            continue
        whole = whole[max(0, inside[0] - 1):inside[-1] + 1]  # one before: where it came from
        if len(whole) > VERTICES_A_TRACK:
            whole = whole[np.unique(np.linspace(0, len(whole) - 1, VERTICES_A_TRACK).astype(int))]
        mark = by_id[track]
        mark["lon"], mark["lat"] = whole[:, 0].round(6).tolist(), whole[:, 1].round(6).tolist()
        mark["t"] = whole[:, 2].round(1).tolist()


def _gathered(places: list[dict], zoom: int) -> list[dict]:
    """Counts by a grid of the zoom, kinds together."""
    lon, lat = np.array([p["lon"] for p in places]), np.array([p["lat"] for p in places])
    cell = qk(lon, lat) >> np.int64(2 * max(0, POINT_LEVEL - zoom - GATHER_PX_LEVELS))
    _, at, n = np.unique(cell, return_inverse=True, return_counts=True)
    x, y = np.bincount(at, lon) / n, np.bincount(at, lat) / n
    return [{"lon": round(float(a), 5), "lat": round(float(b), 5), "n": int(c)} for a, b, c in zip(x, y, n)]
