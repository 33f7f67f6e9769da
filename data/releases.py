"""Releases: what a file that leaves the house holds, at which version, and for whom. Written before the file is given out.

A record is 24 bytes: its number, then what `vigia.versions` says of it (how closed it is, a hash of the rest). Of a track the hours are
kept too, each with how many fixes it had: one may grow by what comes late, and has lost something when it has fewer.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from sqlalchemy import BigInteger, Integer, cast, func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import HOUR as HOUR_LONG
from data.filters import Filter
from data.models import Fix, Segment, Track, Unsettled
from data.records import MARKINGS
from data.scope import LEVEL
from data.sessions import Database
from data.visitor import Purpose
from errors import DatabaseUnreachable, RecordFailed, ReleaseRefused

RECORD = np.dtype([("id", ">i8"), ("version", "V16")])
HOUR = np.dtype([("id", ">i8"), ("hour", ">i8"), ("fixes", ">i8")])  # epoch seconds
OWN_ALONE = ("TLP:RED", "TLP:AMBER+STRICT")
FAILED = "the release can't be written, so nothing is given out; the keeper of this installation must look at its database"


async def house(session: AsyncConnection, token: str) -> dict[int, str]:
    """The agencies somebody speaks for: of the keeper also those that nobody belongs to."""
    return {id: name for id, name in await session.execute(text("SELECT id, name FROM access.house(:token)"), {"token": token})}


def allow(counted: dict[tuple[str, bool], int], recipient: str | None, own: set[str]) -> None:
    """Whether rows may go to somebody outside: `counted` is how many there are by marking and whether they are another agency's.

    Raises ReleaseRefused with the numbers. RED stays with those it was shown to; AMBER+STRICT in one's own agency; what others share at
    TLP:AMBER is theirs to give on. ref: TLP 2.0
    """
    if recipient is None:
        return
    inside = recipient.casefold() in {name.casefold() for name in own}
    kept: Counter[str] = Counter()
    for (marking, foreign), n in counted.items():
        if marking == "TLP:RED" or not inside and (marking in OWN_ALONE or foreign and LEVEL[marking] >= LEVEL["TLP:AMBER"]):
            kept[f"{marking} of other agencies" if foreign and marking not in OWN_ALONE else marking] += n
    if kept:
        told = ", ".join(f"{kept[name]:,} {name}" for name in sorted(kept, key=lambda n: MARKINGS.index(n.split(" ")[0])))
        raise ReleaseRefused(f"this may not go to {recipient}: of the records {told}; narrow the filter, or ask the agency they came from")


async def versions(session: AsyncConnection, kind: str, ids: list[int]) -> bytes:
    """Records of one kind, packed, in the order of their numbers."""
    rows = (await session.execute(text("SELECT id, version FROM vigia.versions(:kind, :ids) ORDER BY id"), {"kind": kind, "ids": ids})).all()
    return np.array([(id, bytes(version)) for id, version in rows], RECORD).tobytes()


async def hours(session: AsyncConnection, filter: Filter) -> bytes:
    """The hours of tracks that a filter gives, packed; each with the fixes of the whole hour."""
    lines = select(Segment.track_id, Segment.hour).where(*filter.segments(), Segment.gap.is_(False))
    asked = lines.union(select(Unsettled.track_id, Unsettled.hour).join(Track, Track.id == Unsettled.track_id).where(*filter.unsettled())).cte("asked")
    # Hours without a line yet are known by their fixes.
    fixes = select(func.count()).where(*Filter(filter.world).fixes(), Fix.track_id == asked.c.track_id, Fix.observed_at >= asked.c.hour, Fix.observed_at < asked.c.hour + HOUR_LONG)
    of_lines = select(func.sum(Segment.fix_count)).where(
        Segment.world == filter.world_code, Segment.track_id == asked.c.track_id, Segment.hour == asked.c.hour, Segment.gap.is_(False))
    rows = (await session.execute(
        select(asked.c.track_id, cast(func.extract("epoch", asked.c.hour), BigInteger),
               cast(func.coalesce(of_lines.correlate(asked).scalar_subquery(), fixes.correlate(asked).scalar_subquery()), Integer))
        .order_by(asked.c.track_id, asked.c.hour))).all()
    return np.array([tuple(row) for row in rows], HOUR).tobytes()


async def contents(session: AsyncConnection, filter: Filter, ids: dict[str, list[int]]) -> dict[str, bytes]:
    """What a file holds, packed by kind: ask in the snapshot its frames were read in. `ids` are those of its frames."""
    found = {kind: await versions(session, kind, ids[kind]) for kind in ("seizure", "track", "image", "video") if ids.get(kind)}
    return {**found, "hour": await hours(session, filter)} if "track" in found else found


async def write(database: Database, token: str, **told: object) -> int:
    """The release's number, once it is on disk (see `put`). Raises RecordFailed: then the file is not given out."""
    try:
        async with database.asking(write=True) as session:
            return await put(session, token, **told)
    except (SQLAlchemyError, DatabaseUnreachable, OSError):
        raise RecordFailed(FAILED) from None


async def put(session: AsyncConnection, token: str, *, format: str, filter: str, purpose: Purpose, marking: str, rows: int, sha256: bytes, records: dict[str, bytes]) -> int:
    """The number of the release of a file with this `sha256`, which is on disk when the caller's transaction is. Raises RecordFailed."""
    try:
        return await session.scalar(
            text("SELECT access.release(:token, :format, :filter, :purpose, :case, :recipient, :marking, :rows, :sha256, :kinds, :records)"),
            {"token": token, "format": format, "filter": filter, "purpose": purpose.words, "case": purpose.case, "recipient": purpose.recipient,
             "marking": marking, "rows": rows, "sha256": sha256, "kinds": list(records), "records": list(records.values())})
    except OperationalError:  # the session is over, or nobody answers: whose transaction it is says which
        raise
    except SQLAlchemyError:
        raise RecordFailed(FAILED) from None


async def listed(database: Database, token: str, *, before: int | None, limit: int) -> tuple[list[dict], list[dict]]:
    """The newest releases of one's own agencies, and the notices that are still to be told."""
    async with database.asking() as session:
        releases = await session.execute(text("SELECT * FROM access.releases(:token, :before, :limit)"), {"token": token, "before": before, "limit": limit})
        rows = [{("case" if k == "case_told" else "rows" if k == "row_count" else k): v for k, v in r.items()} for r in releases.mappings()]
        notices = await session.execute(text("SELECT * FROM access.notices(:token)"), {"token": token})
        return rows, [dict(r) for r in notices.mappings()]
