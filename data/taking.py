"""What somebody takes along to where there is no link: the records of an area, how closed they are, and until when they may be kept."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from data import movement, seizures
from data.filters import Filter
from data.models import Agency, Image, Seizure, Track
from data.records import MARKINGS
from data.visitor import at_hand
from errors import FilterInvalid

TIMES = Path(__file__).with_name("taken_times.toml")
SPAN_MAX = timedelta(days=31)  # of lines of tracks (routes/tracks.py)
TRACKS_SINCE = timedelta(days=7)  # where no window begins
ZOOM = 8
BYTES_MAX = 60_000_000


@dataclass(frozen=True)
class Kept:
    """Until when something may be kept, and what says so: `asked`, `marking` or `authority`."""

    until: datetime
    because: str


@dataclass(frozen=True)
class Taken:
    """The records of an area: JSON as the map reads it, and what a release tells of it."""

    body: bytes
    ids: dict[str, list[int]]
    counted: dict[tuple[str, str | None], int]
    """How many by marking and agency."""
    marking: str
    kept: Kept
    numbers: dict[str, int]
    lines: Filter
    """Of the lines that are in it, which reach beyond the area and over a span of their own."""


@cache
def times() -> dict:
    """data/taken_times.toml: hours by marking, and hours where an authority is not seen."""
    found = tomllib.loads(TIMES.read_text(encoding="utf-8"))
    assert set(found["hours"]) == set(MARKINGS)
    return found


def until(now: datetime, asked: timedelta, marking: str, ends: Iterable[datetime] = ()) -> Kept:
    """The first of what was asked for, what the marking allows, and the ends of authorities.

    >>> from datetime import timezone
    >>> t = datetime(2026, 11, 26, tzinfo=timezone.utc)
    >>> until(t, timedelta(days=7), "TLP:RED").because, (until(t, timedelta(days=7), "TLP:RED").until - t).total_seconds() / 3600
    ('marking', 8.0)
    >>> until(t, timedelta(hours=6), "TLP:RED", [t + timedelta(hours=2)])
    Kept(until=datetime.datetime(2026, 11, 26, 2, 0, tzinfo=datetime.timezone.utc), because='authority')
    """
    found = [Kept(now + asked, "asked"), Kept(now + timedelta(hours=times()["hours"][marking]), "marking"), *(Kept(end, "authority") for end in ends)]
    return min(found, key=lambda k: k.until)


async def taken(session: AsyncConnection, filter: Filter, now: datetime, asked: timedelta, *, pictures: bool) -> Taken:
    """The seizures and movements of a filter with a `bbox`, and (`pictures`) which images lie there.

    Read in one snapshot. Raises FilterInvalid with the numbers when it is more than a map without a server can hold.
    """
    end = min(filter.at or filter.end or now, filter.end or filter.at or now)
    since = max(filter.start or end - TRACKS_SINCE, end - SPAN_MAX)
    points = await seizures.points(session, filter)
    if points["detail"] != "points":
        raise _too_much(points["total"], "seizures", seizures.POINTS_MAX)
    moved = await movement.movement(session, filter.but(at=None), since, end + timedelta(seconds=1), ZOOM)
    if moved["detail"] == "gathered":
        raise _too_much(moved["total"], "tracks", movement.PLACES_MAX)
    rows = {
        "seizure": await _told(session, Seizure, filter.seizures()),
        "track": await _told(session, Track, [Track.id.in_([track["id"] for track in moved["tracks"]])]),
        "image": await _told(session, Image, filter.images()) if pictures else [],
    }
    counted = Counter((marking, agency) for found in rows.values() for _, marking, agency in found)
    marking = next((m for m in MARKINGS if any(told == m for told, _ in counted)), "TLP:CLEAR")
    kept = until(now, asked, marking, await _ends(session, filter, [id for id, *_ in rows["track"]], now))
    numbers = {"seizures": len(rows["seizure"]), "tracks": len(rows["track"]), "images": len(rows["image"]), "lines": moved["detail"] == "trails"}
    about = {"world": filter.world, "filter": filter.query(), "marking": marking, "taken_at": now, "expires_at": kept.until, "because": kept.because, "bbox": filter.bbox,
             "tracks_from": since, "tracks_to": end, "numbers": numbers}
    body = orjson.dumps({"about": about, "seizures": points, "movement": moved}, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)
    if len(body) > BYTES_MAX:
        raise _too_much(len(body), "bytes", BYTES_MAX)
    return Taken(body, {kind: [id for id, *_ in found] for kind, found in rows.items() if found}, dict(counted), marking, kept, numbers,
                 filter.but(bbox=None, area=(), start=since, end=end + timedelta(seconds=1), at=None, track=tuple(track["id"] for track in moved["tracks"])))


async def footprints(session: AsyncConnection, filter: Filter) -> list[bytes]:
    """Where images lie that are on tiles, as WKB in EPSG:4326."""
    return [bytes(shape) for shape in await session.scalars(select(func.ST_AsBinary(Image.footprint)).where(*filter.images(), Image.cog.isnot(None)))]


async def _told(session: AsyncConnection, of: type, conditions: list) -> list[tuple[int, str, str | None]]:
    """Number, marking and agency of what the visitor sees."""
    rows = await session.execute(select(of.id, of.marking, Agency.name).outerjoin(Agency, Agency.id == of.agency_id).where(*conditions).order_by(of.id))
    return [tuple(row) for row in rows]


async def _ends(session: AsyncConnection, filter: Filter, tracks: list[int], now: datetime) -> list[datetime]:
    """When the authorities end that these tracks are followed under. In the exercise there are none."""
    if filter.world != "live" or not tracks:
        return []
    governed = (await session.execute(
        select(Track.id, Track.key, Track.identifiers, Agency.name).join(Agency, Agency.id == Track.agency_id)
        .where(Track.id.in_(tracks), Track.kind == func.any(Agency.governed))
    )).all()
    if not governed:
        return []
    # Only whoever answers for an authority is told of it, and no other table says when it ends.
    rows = (await session.execute(text("SELECT agency, devices, valid_from, least(valid_to, coalesce(revoked_at, 'infinity')) FROM access.authorities(:token)"), {"token": at_hand().token})).all()
    ends: dict[tuple[str, str], datetime] = {}
    for agency, devices, start, end in rows:
        for device in devices if start <= now else ():
            ends[agency, device] = max(end, ends.get((agency, device), end))
    unseen = now + timedelta(hours=times()["authority"]["unseen"])
    # One that has ended kept its fixes up to then: they may be looked at here, and are not carried away for longer than one that is not seen.
    found = (max((ends[agency, name] for name in (key, *map(str, identifiers.values())) if (agency, name) in ends), default=now) for _, key, identifiers, agency in governed)
    return [end if end > now else unseen for end in found]


def _too_much(number: int, what: str, most: int) -> FilterInvalid:
    return FilterInvalid([{"key": "bbox", "value": f"{number:,} {what}", "expected": f"at most {most:,}; take a smaller area, or narrow the filter"}])
