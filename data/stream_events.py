"""The part of a stream that tells of events: what goes on when it begins, each revision as it comes, and which alerts wait.

Rows were read as the one who listens, through the policies; here they are held against the snapshot of rights once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
import shapely
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from data import alerts, events
from data.filters import Filter
from data.policy import View


async def rows(session: AsyncConnection, filter: Filter, view: View, *, batches: Sequence[int] | None = None, after: int | None = None) -> tuple[dict[int, bytes], int]:
    """Events by number as they go out, told under these numbers or after one (neither: what goes on), and the newest number there was."""
    found = await events.told_under(session, filter, batches=batches, after=after)
    seen = {row.id: orjson.dumps(events.row_of(row), option=orjson.OPT_UTC_Z) for row in found if _seen(view, row.scopes, row)}
    return seen, max((row.batch for row in found), default=0)


async def waiting(session: AsyncConnection, filter: Filter, view: View) -> bytes:
    """The alerts that wait, as lines."""
    found = [a for a in await alerts.waiting(session, filter) if view.sealed.isdisjoint((a["track_id"], a["other_id"])) and _placed(view, a)]
    told = {"lines": alerts.shown(alerts.lines(found)), "total": len(found), "new": sum(a["state"] == "new" for a in found)}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)


async def standing(session: AsyncConnection, filter: Filter, told: Sequence[int]) -> set[int]:
    """Which of these events are there still."""
    return await events.standing(session, filter, told) if told else set()


def message(found: dict[int, bytes], gone: Iterable[int] = (), *, whole: bool = False) -> bytes:
    """Rows as one message, after the numbers of those that are not there any more; `whole`: what is not among them does not go on."""
    return b'{"whole":%s,"gone":%s,"rows":[%s]}' % (b"true" if whole else b"false", orjson.dumps(sorted(gone)), b",".join(found.values()))


def _placed(view: View, alert: dict) -> bool:
    return _scopes_seen(view, alert["scopes"], _places(alert["lon"], alert["lat"], alert["first_fix"], alert["last_fix"]) if view.areas else None)


def _seen(view: View, scopes: Sequence[int], row: Row) -> bool:
    if not view.sealed.isdisjoint((row.track_id, row.other_id)):
        return False
    return _scopes_seen(view, scopes, _places(row.lon, row.lat, row.first_fix, row.last_fix) if view.areas else None)


def _places(lon: float, lat: float, *fixes: dict) -> shapely.MultiPoint:
    return shapely.MultiPoint([(lon, lat), *((f["lon"], f["lat"]) for f in fixes)])


def _scopes_seen(view: View, scopes: Sequence[int], places: shapely.Geometry | None) -> bool:
    return bool(scopes) and all(view.sees("movements", scope, None, places) for scope in scopes)
