"""Events as they are asked for: by filter, by type, as known at a time; one with all its revisions; those of a track."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Row, and_, case, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from data.filters import Filter
from data.models import Alert, AlertStep, Event, EventRevision, LatestFix, Rule, Track, WatchArea
from data.records import EVENT_TYPES
from data.watching import moment
from errors import NotFound

SORTS = ("started", "recorded")
Other = aliased(Track)
TYPES = EVENT_TYPES


def _columns(told: type, at: datetime | None) -> tuple:
    alert = Alert.state
    if at:  # as it stood then: by the last step before
        alert = func.coalesce(select(AlertStep.state).where(AlertStep.alert_id == Alert.id, AlertStep.at <= at).order_by(AlertStep.at.desc(), AlertStep.id.desc()).limit(1)
                              .correlate(Alert).scalar_subquery(), case((Alert.id.is_not(None), "new")))
    return (
        Event.id, Event.type, Event.track_id, Track.kind, func.coalesce(Track.name, Track.key).label("track"), Event.other_id, func.coalesce(Other.name, Other.key).label("other"),
        Event.rule_id, told.rule_version, Rule.name.label("rule"), Event.area_id, told.area_version, WatchArea.name.label("area"), told.started_at, told.ended_at,
        func.ST_X(told.place).label("lon"), func.ST_Y(told.place).label("lat"), told.first_fix, told.last_fix, told.facts, told.doubtful, told.severity,
        told.revision, told.retracted, told.recorded_at, Event.first_recorded_at, Event.batch, Alert.id.label("alert_id"), alert.label("alert"), told.scopes,
    )


def _asked(filter: Filter, types: Sequence[str] = ()):
    """A query of events as they are told now, or were at `known_at`, and how they were told."""
    told = EventRevision if filter.known_at else Event
    query = select(*_columns(told, filter.at)).select_from(Event)
    if filter.known_at:
        then = (select(func.max(EventRevision.revision)).where(EventRevision.event_id == Event.id, EventRevision.recorded_at <= filter.known_at)
                .correlate(Event).scalar_subquery())
        query = query.join(EventRevision, and_(EventRevision.event_id == Event.id, EventRevision.revision == then))
    query = (
        query.outerjoin(Track, Track.id == Event.track_id).outerjoin(Other, Other.id == Event.other_id)
        .outerjoin(Rule, and_(Rule.id == Event.rule_id, Rule.version == told.rule_version))
        .outerjoin(WatchArea, and_(WatchArea.id == Event.area_id, WatchArea.version == told.area_version)).outerjoin(Alert, Alert.event_id == Event.id)
        .where(*filter.events(told))
    )
    return (query.where(Event.type.in_(types)) if types else query), told


async def page(session: AsyncConnection, filter: Filter, types: Sequence[str] = (), *, limit: int, offset: int, sort: str, retracted: bool = True) -> dict:
    """Events by start or by when they were last told, the newest first with `-`."""
    query, told = _asked(filter, types)
    if not retracted:
        query = query.where(told.retracted.is_(False))
    total = await session.scalar(select(func.count()).select_from(query.subquery()))
    column = told.recorded_at if sort.removeprefix("-") == "recorded" else told.started_at
    ordered = query.order_by(column.desc() if sort.startswith("-") else column, Event.id).limit(limit).offset(offset)
    rows = [row_of(r, filter.at) for r in (await session.execute(ordered)).all()]
    return {"rows": rows, "total": total, "offset": offset, "more": offset + len(rows) < total}


async def one(session: AsyncConnection, filter: Filter, event: int) -> dict:
    """An event and every revision of it. Raises NotFound."""
    query, _ = _asked(filter.but(known_at=None))
    row = (await session.execute(query.where(Event.id == event))).one_or_none()
    if row is None:
        raise NotFound(f"no event {event} in the {filter.world} world that you may see{filter.by_then}")
    revisions = (await session.execute(
        select(EventRevision.revision, EventRevision.change, EventRevision.started_at, EventRevision.ended_at, EventRevision.facts, EventRevision.severity, EventRevision.recorded_at,
               func.ST_X(EventRevision.place).label("lon"), func.ST_Y(EventRevision.place).label("lat"), EventRevision.rule_version, EventRevision.area_version)
        .where(EventRevision.event_id == event).order_by(EventRevision.revision))).mappings()
    return {**row_of(row, filter.at), "revisions": [dict(r) for r in revisions]}


async def of_track(session: AsyncConnection, filter: Filter, track: int, start: datetime | None, limit: int = 50) -> list[dict]:
    """A track's events, the newest first."""
    found = await page(session, filter.but(track=(track,), start=start, bbox=None, area=(), q=None, kind=()), limit=limit, offset=0, sort="-started")
    return found["rows"]


async def told_under(session: AsyncConnection, filter: Filter, *, batches: Sequence[int] | None = None, after: int | None = None) -> list[Row]:
    """What was told under these numbers, or after one; neither: what goes on."""
    query, _ = _asked(filter.but(start=None, end=None, at=None, known_at=None))
    if batches is not None:
        query = query.where(Event.batch.in_(batches))
    elif after is not None:
        query = query.where(Event.batch > after)
    else:
        query = query.where(Event.ended_at.is_(None), Event.retracted.is_(False))
    return list((await session.execute(query.order_by(Event.batch, Event.id))).all())


async def standing(session: AsyncConnection, filter: Filter, of: Sequence[int]) -> set[int]:
    """Which of these events there are, of whatever time."""
    return set(await session.scalars(select(Event.id).where(Event.id == func.any(cast(list(of), ARRAY(BigInteger))), *filter.but(start=None, end=None, at=None, known_at=None).events(Event))))


async def last_batch(session: AsyncConnection) -> int:
    """The newest number anything was told under that may be seen."""
    return await session.scalar(select(func.coalesce(func.max(Event.batch), 0)))


def row_of(row: Row, at: datetime | None = None) -> dict:
    """As it goes out: `track` and `other` with number and name, `rule` and `area` with their versions. What was not over at a time goes on then."""
    r = dict(row._mapping)
    if at and r["ended_at"] and r["ended_at"] > at:
        # What it came to was not known before it was over.
        r |= {"ended_at": None, "facts": {}, "last_fix": r["first_fix"]}
    other = {"id": r["other_id"], "name": r["other"]} if r["other_id"] is not None else None
    return {
        "id": r["id"], "type": r["type"], "track": None if r["track_id"] is None else {"id": r["track_id"], "name": r["track"], "kind": r["kind"]}, "other": other,
        "started_at": r["started_at"], "ended_at": r["ended_at"], "place": {"lon": round(r["lon"], 6), "lat": round(r["lat"], 6)},
        "rule": {"id": r["rule_id"], "version": r["rule_version"], "name": r["rule"]},
        "area": None if r["area_id"] is None else {"id": r["area_id"], "version": r["area_version"], "name": r["area"]},
        "first_fix": _fix(r["first_fix"]), "last_fix": _fix(r["last_fix"]), "facts": r["facts"], "doubtful": r["doubtful"], "severity": r["severity"],
        "revision": r["revision"], "retracted": r["retracted"], "recorded_at": r["recorded_at"], "first_recorded_at": r["first_recorded_at"],
        "alert": None if r["alert_id"] is None else {"id": r["alert_id"], "state": r["alert"]},
    }


def _fix(told: dict) -> dict:
    return {"track": told["track"], "at": moment(told["us"]), "lon": round(told["lon"], 6), "lat": round(told["lat"], 6)}


async def newest(session: AsyncConnection, filter: Filter) -> datetime:
    """The newest time anything of the filter's world tells of."""
    return await session.scalar(select(func.coalesce(func.max(LatestFix.observed_at), func.now())).where(LatestFix.world == filter.world_code))
