"""Rules: in versions, and what each of them looks at and what it does not. A rule's knobs are checked where it is set (analysis/events/settable.py)."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data import people
from data.filters import Filter
from data.models import Agency, Event, Feed, LatestFix, Rule, Track, WatchArea
from data.records import GOVERNED_KINDS, KINDS, SEVERITIES
from data.worlds import CODES
from errors import InputRefused, NotFound

OF_AREAS = ("fence", "inside", "outside", "coverage_void")
SILENT_TYPES = ("gap", "coverage_void")  # found by silence; what was sealed leaves silences behind


class RuleWrong(InputRefused):
    """A rule can't be like this."""


@dataclass(frozen=True)
class RuleTold:
    """What somebody says of a rule. `knobs` and `windows` must have been checked."""

    name: str
    type: str
    knobs: dict = field(default_factory=dict)
    areas: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    agencies: tuple[int, ...] = ()
    tracks: tuple[int, ...] = ()
    zone: str = "UTC"
    windows: tuple[str, ...] = ()
    severity: str = "notice"
    active: bool = True
    agency_id: int | None = None
    marking: str = "TLP:CLEAR"

    def __post_init__(self):
        if not 1 <= len(self.name) <= 100 or not self.name.isprintable():
            raise RuleWrong(f"the name {self.name[:40]!r} is refused, expected 1 to 100 printable characters")
        if self.severity not in SEVERITIES:
            raise RuleWrong(f"the severity {self.severity[:40]!r} is none, expected {', '.join(SEVERITIES)}")
        if wrong := [k for k in self.kinds if k not in KINDS]:
            raise RuleWrong(f"the kind {wrong[0][:40]!r} is none, expected {', '.join(KINDS)}")


def put(connection: psycopg.Connection, world: str, told: RuleTold, *, who: str = "command line") -> tuple[int, int]:
    """A rule, or a new version of the one of this name; its number and version. By the owner."""
    code = CODES[world]
    before = connection.execute("UPDATE rule SET ended_at = clock_timestamp() WHERE world = %s AND name = %s AND ended_at IS NULL RETURNING id, version, type", (code, told.name)).fetchone()
    if before is not None and before[2] != told.type:
        raise RuleWrong(f"the rule {told.name!r} is of the type {before[2]}, and stays of it; give another name")
    number, version = connection.execute("""
        INSERT INTO rule (id, version, world, name, type, knobs, areas, kinds, agencies, tracks, zone, windows, severity, active, agency_id, marking, made_by)
        VALUES (coalesce(%s, nextval(pg_get_serial_sequence('vigia.rule', 'id'))), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id, version
    """, (before and before[0], (before[1] if before else 0) + 1, code, told.name, told.type, Jsonb(told.knobs), list(told.areas), list(told.kinds), list(told.agencies),
          list(told.tracks), told.zone, list(told.windows), told.severity, told.active, told.agency_id, told.marking, who)).fetchone()
    connection.execute("SELECT vigia.events_anew(%s)", (code,))
    people.tell(connection, "change", of=f"rule:{number}", to=f"version {version}")
    return number, version


def of_name(connection: psycopg.Connection, world: str, name: str) -> RuleTold | None:
    """A rule as it is now, to be changed; None: there is none of this name."""
    cursor = connection.execute("SELECT name, type, knobs, areas, kinds, agencies, tracks, zone, windows, severity, active, agency_id, marking FROM rule "
                                "WHERE world = %s AND name = %s AND ended_at IS NULL", (CODES[world], name))
    row = cursor.fetchone()
    return None if row is None else RuleTold(*(tuple(v) if isinstance(v, list) else v for v in row))


def named(connection: psycopg.Connection, world: str, name: str) -> RuleTold:
    """The same. Raises NotFound."""
    if (found := of_name(connection, world, name)) is None:
        raise NotFound(f"no rule {name!r} in the {world} world; `./vigia rule list` names them")
    return found


async def listed(session: AsyncConnection, filter: Filter) -> list[dict]:
    """Rules as they are, with what each covers and what it does not, of what the one who asks may see."""
    world = filter.world_code
    rows = [dict(r) for r in (await session.execute(
        select(Rule.id, Rule.version, Rule.name, Rule.type, Rule.knobs, Rule.areas, Rule.kinds, Rule.agencies, Rule.tracks, Rule.zone, Rule.windows, Rule.severity, Rule.active,
               Agency.name.label("agency"), Rule.marking, Rule.made_at, Rule.made_by)
        .outerjoin(Agency, Agency.id == Rule.agency_id).where(Rule.world == world, Rule.ended_at.is_(None)).order_by(Rule.id))).mappings()]
    areas = {r.id: r.name for r in (await session.execute(select(WatchArea.id, WatchArea.name).where(WatchArea.world == world, WatchArea.ended_at.is_(None)))).all()}
    agencies = {r.id: r for r in (await session.execute(select(Agency.id, Agency.name, Agency.governed).where(Agency.world == world))).all()}
    kinds = {r.kind: r.n for r in (await session.execute(select(Track.kind, func.count().label("n")).where(Track.world == world).group_by(Track.kind))).all()}
    counts = {(r.rule_id): r.n for r in (await session.execute(
        select(Event.rule_id, func.count().label("n")).where(Event.world == world, Event.retracted.is_(False)).group_by(Event.rule_id))).all()}
    feeds = (await session.execute(select(Feed.name, Feed.agency_id, Feed.active).where(Feed.world == world, Feed.active.is_(True)))).all()
    nowhere = await session.scalar(select(func.count()).select_from(Track).where(Track.world == world, Track.id.not_in(select(LatestFix.track_id).where(LatestFix.world == world))))
    for row in rows:
        row["events"] = counts.get(row["id"], 0)
        row["covers"] = _covers(row, areas, agencies, kinds)
        row["not_covered"] = _not_covered(row, filter.world, areas, agencies, kinds, feeds, nowhere)
        row["agencies"] = [agencies[i].name for i in row["agencies"] if i in agencies]
        row["areas"] = [areas[i] for i in row["areas"] if i in areas]
    return rows


def _covers(row: dict, areas: dict, agencies: dict, kinds: dict) -> list[str]:
    """What a rule looks at, in words."""
    looked = [k for k in KINDS if not row["kinds"] or k in row["kinds"]]
    out = [f"kinds: {', '.join(f'{k} ({kinds.get(k, 0):,} tracks)' for k in looked if k in kinds or row['kinds']) or 'all'}"]
    if row["type"] in OF_AREAS:
        names = [areas[i] for i in row["areas"] if i in areas] if row["areas"] else list(areas.values())
        out.append(f"areas: {', '.join(names) or 'none yet'}")
    if row["agencies"]:
        out.append(f"agencies: {', '.join(agencies[i].name for i in row['agencies'] if i in agencies) or 'of others'}")
    if row["tracks"]:
        out.append(f"tracks: {len(row['tracks'])} named ones")
    if row["windows"]:
        out.append(f"only {', '.join(row['windows'])} ({row['zone']})")
    return out


def _not_covered(row: dict, world: str, areas: dict, agencies: dict, kinds: dict, feeds: list, nowhere: int) -> list[str]:
    """What a rule does not look at, in words: nobody should take silence of a rule for silence of the world."""
    out = [] if row["active"] else ["everything: it is off"]
    if left := [k for k in KINDS if row["kinds"] and k not in row["kinds"]]:
        out.append(f"kinds: {', '.join(f'{k} ({kinds[k]:,} tracks)' if k in kinds else k for k in left)}")
    if row["agencies"]:
        if left := [a.name for i, a in agencies.items() if i not in row["agencies"]]:
            out.append(f"agencies: {', '.join(sorted(left))}")
        if left := sorted({f.name for f in feeds if f.agency_id not in row["agencies"]}):
            out.append(f"feeds: {', '.join(left)}")
    if row["tracks"]:
        out.append("every other track")
    if row["type"] in OF_AREAS:
        if row["areas"] and (left := [name for i, name in areas.items() if i not in row["areas"]]):
            out.append(f"areas: {', '.join(sorted(left))}")
        out.append("what lies outside of the areas" if areas else "everything: there is no watch area yet")
    if row["windows"]:
        out.append("every other hour of the week")
    governed = sorted({k for a in agencies.values() for k in a.governed} & set(GOVERNED_KINDS))
    if world == "live" and (looked := [k for k in governed if not row["kinds"] or k in row["kinds"]]):
        out.append(f"{', '.join(looked)} without an authority, and quarantined fixes" + (": their silence is no gap" if row["type"] in SILENT_TYPES else ""))
    if nowhere:
        out.append(f"{nowhere:,} tracks without a fix")
    out.append("layers: seizures, imagery, hotspots, border sections")
    out.append("the exercise" if world == "live" else "the live world")
    out.append("fixes flagged as impossible (docs/events.md)")
    return out
