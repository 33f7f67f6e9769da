"""Notes: sightings and annotations, kept once, listed by the Filter, withdrawn and never deleted. As the serving role."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

import orjson
from sqlalchemy import case, func, or_, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, Note
from data.models.notes import TEXT_MAX
from data.purge import ERASING
from data.records import MARKINGS, NOTE_KINDS
from data.saved_views import printable
from data.sessions import Database
from data.visitor import Visitor, at_hand
from data.worlds import CODES, World
from errors import Forbidden, InputRefused, NotFound, NoteTaken, TooMuch

PRECISION_MOST_M = 1_000_000
AHEAD_MOST = timedelta(hours=24)  # the clock of a phone may be wrong by hours; a plan is an annotation
A_DAY_MOST = 1_000
NOT_ALLOWED, FULL = "42501", "VG001"
LEADING, MAKING = frozenset({"coordinator", "supervisor"}), frozenset({"coordinator", "analyst", "supervisor"})


class NoteRefused(InputRefused):
    """A note can't be like this."""


@dataclass(frozen=True)
class NoteTold:
    """What somebody says: where (degrees, EPSG:4326), how surely (metres), when it was so, in words, with a photo or without."""

    uuid: UUID
    world: World
    kind: str
    lon: float
    lat: float
    observed_at: datetime
    text: str
    precision_m: float | None = None
    agency: str | None = None
    marking: str = "TLP:AMBER"
    photo_sha256: str | None = None

    def __post_init__(self):
        if self.world not in CODES:
            raise NoteRefused(f"the world {self.world[:40]!r} is none, expected {' or '.join(CODES)}")
        if self.kind not in NOTE_KINDS:
            raise NoteRefused(f"the kind {self.kind[:40]!r} is none, expected {' or '.join(NOTE_KINDS)}")
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise NoteRefused(f"the place is {self.lon:g}, {self.lat:g}, expected a longitude within ±180 and a latitude within ±90")
        if self.precision_m is not None and not 0 <= self.precision_m <= PRECISION_MOST_M:
            raise NoteRefused(f"precision_m is {self.precision_m:g}, expected 0 to {PRECISION_MOST_M:,} metres")
        if len(self.text) > TEXT_MAX or not all(line.strip() == "" or printable(line.replace("\t", " ")) for line in self.text.split("\n")):
            raise NoteRefused(f"the text is refused: it has {len(self.text):,} characters, expected at most {TEXT_MAX:,}, all printable")
        if not self.text and self.photo_sha256 is None:
            raise NoteRefused("neither a text nor a photo is told, expected one of them at least")
        if self.marking not in MARKINGS:
            raise NoteRefused(f"the marking {self.marking[:40]!r} is none, expected {', '.join(MARKINGS)}")
        if self.kind == "sighting" and self.observed_at > datetime.now(timezone.utc) + AHEAD_MOST:
            raise NoteRefused(f"the sighting is of {self.observed_at:%Y-%m-%d %H:%M} UTC, expected no time more than 24 hours ahead; what is to come is an annotation")

    @property
    def content(self) -> bytes:
        """What tells a note that is sent again from another one under the same UUID."""
        told = [self.world, self.kind, self.lon, self.lat, self.precision_m, self.observed_at.timestamp(), self.text, self.agency, self.marking, self.photo_sha256]
        return hashlib.sha256(orjson.dumps(told)).digest()


@dataclass(frozen=True)
class Photo:
    """A photo whose files are about to be there: names in the folders of originals and of what is served."""

    sha256: str
    original: str
    served: str
    served_sha256: str
    width_px: int
    height_px: int
    bytes: int


def _standing(filter: Filter):
    """Not withdrawn, or not by then."""
    return or_(Note.withdrawn_at.is_(None), Note.withdrawn_at > filter.known_at) if filter.known_at else Note.withdrawn_at.is_(None)


def _rows(filter: Filter):
    by_then = filter.known_at is not None
    gone = (lambda column: case((Note.withdrawn_at <= filter.known_at, column))) if by_then else (lambda column: column)
    return select(
        Note.id, Note.kind, func.ST_X(Note.geom).label("lon"), func.ST_Y(Note.geom).label("lat"), Note.precision_m, Note.observed_at, Note.recorded_at, Note.text, Note.made_by, Note.owner_id,
        Agency.name.label("agency"), Note.marking, Note.photo_sha256, Note.photo_width_px, Note.photo_height_px, Note.photo_bytes, gone(Note.withdrawn_at).label("withdrawn_at"),
        gone(Note.withdrawn_by).label("withdrawn_by"),
    ).outerjoin(Agency, Agency.id == Note.agency_id)


def _told(row: dict, world: World, visitor: Visitor | None) -> dict:
    own = visitor is not None and visitor.kind == "person" and row["owner_id"] == visitor.id
    leads = visitor is not None and bool(visitor.roles & LEADING) and (world == "exercise" or row["agency"] in visitor.agencies)
    return {"world": world, **{k: v for k, v in row.items() if k != "owner_id"}, "own": own, "may_withdraw": (leads or (own and bool(visitor.roles & MAKING))) and row["withdrawn_at"] is None}


async def listed(session: AsyncConnection, filter: Filter, visitor: Visitor | None, *, kinds: tuple[str, ...] = (), limit: int) -> dict:
    """Those of the filter that stand, the newest first, as GeoJSON; `total` is how many there are of them."""
    where = [*filter.notes(), _standing(filter), *([Note.kind.in_(kinds)] if kinds else [])]
    total = await session.scalar(select(func.count()).select_from(Note).where(*where))
    rows = (await session.execute(_rows(filter).where(*where).order_by(Note.observed_at.desc(), Note.id.desc()).limit(limit))).mappings()
    features = []
    for row in rows:
        told = _told(dict(row), filter.world, visitor)
        features.append({"type": "Feature", "id": told["id"], "geometry": {"type": "Point", "coordinates": [told.pop("lon"), told.pop("lat")]}, "properties": told})
    return {"type": "FeatureCollection", "features": features, "total": total}


async def one(session: AsyncConnection, filter: Filter, note: int, visitor: Visitor | None = None) -> dict:
    """One note of the filter's world, also one that was withdrawn: who and when is told. Raises NotFound."""
    row = (await session.execute(_rows(filter).where(*Filter(world=filter.world, at=filter.at, known_at=filter.known_at).notes(), Note.id == note))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no note {note} in the {filter.world} world{filter.by_then}")
    return _told(dict(row), filter.world, visitor or at_hand())


async def photo(session: AsyncConnection, filter: Filter, note: int) -> tuple[str, str]:
    """The served copy of a note's photo, and its fingerprint. Raises NotFound."""
    row = (await session.execute(select(Note.photo_served, Note.photo_served_sha256).where(*Filter(world=filter.world, at=filter.at, known_at=filter.known_at).notes(), Note.id == note))).one_or_none()
    if row is None or row.photo_served is None:
        raise NotFound(f"no photo of a note {note} in the {filter.world} world{filter.by_then}")
    return row.photo_served, row.photo_served_sha256


# -- writing: by functions that are handed the session's token


async def known(database: Database, token: str, told: NoteTold) -> int | None:
    """The number of a note that was sent before; none when it is new. Raises NoteTaken, Forbidden."""
    async with _refusing(), database.asking() as session:
        row = (await session.execute(text("SELECT id FROM access.note_known(:token, :uuid, :content)"), {"token": token, "uuid": told.uuid, "content": told.content})).one_or_none()
    if row is None:
        return None
    if row.id is None:
        raise _taken(told)
    return row.id


@dataclass(frozen=True)
class Kept:
    """A note that is stored; `already`: it was before, and nothing more is to be done."""

    id: int
    already: bool


@asynccontextmanager
async def keeping(database: Database, token: str, told: NoteTold, photo: Photo | None = None) -> AsyncIterator[Kept]:
    """Keep a note; inside its photo's files are put in their places. What fails there leaves no row. Raises NoteTaken, Forbidden, TooMuch.

    The files of one photo are put by one at a time, and none while files are erased.
    """
    body = {
        "world": CODES[told.world], "kind": told.kind, "lon": told.lon, "lat": told.lat, "precision_m": told.precision_m, "observed_at": told.observed_at.isoformat(), "text": told.text,
        "agency": told.agency, "marking": told.marking, "photo": photo and vars(photo),
    }
    async with _refusing(), database.asking(write=True) as session:
        if photo is not None:
            await session.execute(text("SELECT pg_advisory_xact_lock_shared(:erasing), pg_advisory_xact_lock(hashtext('note photo'), hashtext(:sha256))"),
                                  {"erasing": ERASING, "sha256": photo.sha256})
        row = (await session.execute(text("SELECT id, already FROM access.note_keep(:token, :uuid, :content, CAST(:told AS jsonb))"),
                                     {"token": token, "uuid": told.uuid, "content": told.content, "told": orjson.dumps(body).decode()})).one()
        if row.id is None:
            raise _taken(told)
        yield Kept(row.id, row.already)


async def withdraw(database: Database, token: str, note: int) -> None:
    """It stands no more; it stays on record with who withdrew it and when. Raises NotFound."""
    async with database.asking(write=True) as session:
        found = await session.scalar(text("SELECT access.note_withdraw(:token, :note)"), {"token": token, "note": note})
    if not found:
        raise NotFound(f"no note {note} that you may withdraw")


def _taken(told: NoteTold) -> NoteTaken:
    return NoteTaken(f"a note {told.uuid} is stored already, with other content: what is sent again has to be the same; send this one under a new UUID")


@asynccontextmanager
async def _refusing():
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == NOT_ALLOWED:
            raise Forbidden("notes are made and withdrawn by coordinators, analysts and supervisors, for an agency of their own and up to their own marking") from None
        if state == FULL:
            raise TooMuch(f"you sent {A_DAY_MOST:,} notes within a day, and that is the most: try again later") from None
        raise

