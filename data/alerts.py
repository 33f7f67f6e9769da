"""Alerts: those that wait for somebody, gathered so that a flood is a few lines and none is lost; and what somebody did about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import and_, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from data.filters import Filter
from data.models import Alert, AlertStep, Event, Rule, Track, WatchArea
from data.records import SEVERITIES
from data.sessions import Database
from errors import Forbidden, NotFound

LINES = 10  # what somebody can read at once, however many there are
OPEN = ("new", "acknowledged")
LAST = 200  # alerts that are over, for whoever asks
NOT_ALLOWED = "42501"
INSIDE = ("scopes", "first_fix", "last_fix")  # for whoever asks who may see it; these do not go out
Other = aliased(Track)


async def waiting(session: AsyncConnection, filter: Filter, *, over: bool = False) -> list[dict]:
    """Every alert that is neither resolved nor suppressed, the newest first; with `over` the last of those that are."""
    query = (
        select(
            Alert.id, Alert.state, Alert.state_at, Alert.state_by, Alert.note, Alert.raised_at, Event.id.label("event"), Event.type, Event.severity, Event.started_at,
            Event.ended_at, Event.retracted, Event.revision, Event.rule_id, Rule.name.label("rule"), Event.area_id, WatchArea.name.label("area"), Event.track_id,
            func.coalesce(Track.name, Track.key).label("track"), Event.other_id, func.coalesce(Other.name, Other.key).label("other"), func.ST_X(Event.place).label("lon"),
            func.ST_Y(Event.place).label("lat"), *(getattr(Event, name) for name in INSIDE),
        )
        .join(Event, Event.id == Alert.event_id).outerjoin(Track, Track.id == Event.track_id).outerjoin(Other, Other.id == Event.other_id)
        .outerjoin(Rule, and_(Rule.id == Event.rule_id, Rule.version == Event.rule_version))
        .outerjoin(WatchArea, and_(WatchArea.id == Event.area_id, WatchArea.version == Event.area_version))
        .where(*filter.but(start=None, end=None, known_at=None).events(Event), Alert.state.not_in(OPEN) if over else Alert.state.in_(OPEN))
        .order_by(Alert.raised_at.desc(), Alert.id.desc())
    )
    return [dict(r) for r in (await session.execute(query.limit(LAST) if over else query)).mappings()]


async def steps(session: AsyncConnection, alert: int) -> list[dict]:
    """What was done about an alert, and by whom. Raises NotFound."""
    if await session.scalar(select(func.count()).where(Alert.id == alert)) == 0:
        raise NotFound(f"no alert {alert} that you may see")
    found = await session.execute(select(AlertStep.state, AlertStep.shown, AlertStep.note, AlertStep.at).where(AlertStep.alert_id == alert).order_by(AlertStep.id))
    return [dict(r) for r in found.mappings()]


async def move(database: Database, token: str, alerts: Sequence[int], state: str, note: str | None) -> int:
    """Acknowledge, resolve or suppress alerts; how many that were. Raises Forbidden."""
    try:
        async with database.asking(write=True) as session:
            return await session.scalar(text("SELECT access.alert_step(:token, :alerts, :state, :note)"),
                                        {"token": token, "alerts": list(alerts), "state": state, "note": note})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            raise Forbidden("your role may not handle alerts") from None
        raise


# -- the alarm budget: pure


def lines(alerts: Iterable[dict], most: int = LINES) -> list[dict]:
    """Alerts as at most so many lines, each with how many it stands for and their numbers; together they are all of them, each once.

    A few stand by themselves. When there are more they are gathered by what can be acted on as one: of one rule in one area and in one state,
    then by rule, then by severity. Emergencies come first, then what nobody has seen yet, then the newest.

    >>> [line["count"] for line in lines([{"id": i, "state": "new", "severity": "critical", "rule_id": 1, "area_id": None, "raised_at": i} for i in range(500)])]
    [500]
    """
    alerts = list(alerts)
    for key in (_own, _of_area, _of_rule, _of_severity):
        found = _gathered(alerts, key)
        if len(found) <= most:
            return found
    rest = found[most - 1:]  # more severities and states than lines: only when fewer lines are asked for than there are of these
    return [*found[:most - 1], _line([a for line in rest for a in line["alerts"]])] if most > 0 else []


def _own(alert: dict) -> object:
    return alert["id"]


def _of_area(alert: dict) -> object:
    return alert["severity"], alert["state"], alert["rule_id"], alert["area_id"]


def _of_rule(alert: dict) -> object:
    return alert["severity"], alert["state"], alert["rule_id"]


def _of_severity(alert: dict) -> object:
    return alert["severity"], alert["state"]


def _gathered(alerts: list[dict], key: Callable[[dict], object]) -> list[dict]:
    groups: dict[object, list[dict]] = {}
    for alert in alerts:
        groups.setdefault(key(alert), []).append(alert)
    return sorted((_line(group) for group in groups.values()), key=_urgency, reverse=True)


def _urgency(line: dict) -> tuple:
    return line["severity"] == "emergency", line["state"] == "new", line["raised_at"], line["ids"][0]


def _line(group: list[dict]) -> dict:
    newest = max(group, key=lambda a: (a["raised_at"], a["id"]))
    return {
        "count": len(group), "ids": sorted((a["id"] for a in group), reverse=True), "severity": max((a["severity"] for a in group), key=SEVERITIES.index),
        "state": "new" if any(a["state"] == "new" for a in group) else newest["state"], "raised_at": newest["raised_at"],
        "retracted": sum(bool(a.get("retracted")) for a in group), "newest": newest, "alerts": group,
    }


def plain(alert: dict) -> dict:
    """One as it goes out."""
    return {k: v for k, v in alert.items() if k not in INSIDE}


def shown(found: list[dict]) -> list[dict]:
    """Lines as they go out: without every alert again."""
    return [{**{k: v for k, v in line.items() if k != "alerts"}, "newest": plain(line["newest"])} for line in found]
