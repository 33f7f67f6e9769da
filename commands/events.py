"""`vigia events|watch-area|rule|alert …`: what is watched, by which rules, and what became of it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from commands.access import AsJson, area_of, moment, owner, show_rows
from errors import InputRefused

events = typer.Typer(no_args_is_help=True, help="What rules find in movements.")
watch_area = typer.Typer(no_args_is_help=True, help="Areas that rules watch.")
rule = typer.Typer(no_args_is_help=True, help="Rules: what they look for, where and when.")
alert = typer.Typer(no_args_is_help=True, help="Events that somebody must handle.")

World = Annotated[str, typer.Option(help="live or exercise.")]
Window = Annotated[list[str], typer.Option("--window", help="When it is on, each week: such as 'fri 22:00-sat 06:00'. None: always.")]
Zone = Annotated[str, typer.Option(help="IANA zone of the windows.")]
Name = Annotated[str, typer.Argument(help="Its name.")]


def _world(name: str) -> int:
    from data.worlds import CODES

    if name not in CODES:
        raise InputRefused(f"the world {name!r} is none, expected {' or '.join(CODES)}")
    return CODES[name]


@events.command("rebuild")
def rebuild(world: World = "live", start: Annotated[str | None, typer.Option("--from", help="Tracks with fixes from then on (RFC 3339).")] = None,
            end: Annotated[str | None, typer.Option("--to", help="And before then.")] = None) -> None:
    """Look at stored movements again, by today's rules: what is told otherwise is a new revision. Tracks are always read whole."""
    from data import addresses, migrations, people, watching
    from data.sessions import owner_connection
    from feeds.watching import catch_up

    code = _world(world)
    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)
        with owner_connection(owner_url) as connection:
            number = watching.anew(connection, code, start and moment("--from", start), end and moment("--to", end))
            people.tell(connection, "change", of="events", to="rebuilt", world=world)
            connection.commit()
        catch_up(owner_url, (code,), lambda left: print(f"\rvigia: {left:,} tracks left ", end="", file=sys.stderr, flush=True))
        print(file=sys.stderr)
        with owner_connection(owner_url) as connection:
            rows = connection.execute("SELECT type, count(*), count(*) FILTER (WHERE ended_at IS NULL) FROM event WHERE world = %s AND NOT retracted GROUP BY 1 ORDER BY 1", (code,)).fetchall()
    print(f"{number:,} tracks looked at; {', '.join(f'{n:,} {kind}' + (f' ({going:,} going on)' if going else '') for kind, n, going in rows) or 'no events'}")


# -- watch areas


@watch_area.command("add")
def area_add(
    name: Name, file: Annotated[Path, typer.Argument(metavar="FILE", help="Polygons as GeoJSON, EPSG:4326.")], world: World = "live",
    warning_m: Annotated[float, typer.Option("--warning-m", help="How far outside of its edge the warning line lies; 0: none.")] = 0.0,
    critical: Annotated[bool, typer.Option("--critical", help="Entering it is critical: it raises an alert.")] = False,
    agency: Annotated[str | None, typer.Option(help="Whose it is.")] = None, operation: Annotated[str | None, typer.Option(help="Which operation it belongs to.")] = None,
    window: Window = [], zone: Zone = "UTC",  # noqa: B006
    marking: Annotated[str, typer.Option(help="Who may see it: a TLP 2.0 marking.")] = "TLP:AMBER",
) -> None:
    """An area to watch; one of the same name and agency gets a new version."""
    from analysis.events.settable import schedule
    from data import watch_areas

    _world(world)
    on = schedule(zone, window)
    told = watch_areas.AreaTold(name, area_of(file), warning_m, critical, agency, operation, on.zone, on.windows, marking)
    with owner() as connection:
        number, version = watch_areas.add(connection, world, told)
    print(f"{name} is watched: area {number}, version {version}")


@watch_area.command("list")
def area_list(world: World = "live", as_json: AsJson = False) -> None:
    """The areas that are watched."""
    from data import watch_areas

    _world(world)
    with owner() as connection:
        rows = watch_areas.of_world(connection, world)
    show_rows(rows, as_json)


@watch_area.command("end")
def area_end(name: Name, world: World = "live") -> None:
    """Watch it no more; what happened in it stays."""
    from data import watch_areas

    _world(world)
    with owner() as connection:
        watch_areas.stop(connection, world, name)


# -- rules


@rule.command("list")
def rule_list(world: World = "live", as_json: AsJson = False) -> None:
    """The rules of a world."""
    with owner() as connection:
        rows = connection.execute("""
            SELECT r.name, r.id, r.version, r.type, r.active, r.severity, r.kinds, r.knobs, r.zone, r.windows, (SELECT count(*) FROM event e WHERE e.rule_id = r.id AND NOT e.retracted)
            FROM rule r WHERE r.world = %s AND r.ended_at IS NULL ORDER BY r.id
        """, (_world(world),)).fetchall()
    keys = ("name", "id", "version", "type", "on", "severity", "kinds", "knobs", "zone", "windows", "events")
    show_rows([dict(zip(keys, row)) for row in rows], as_json)


@rule.command("defaults")
def rule_defaults(kind: Annotated[str | None, typer.Argument(metavar="TYPE", help="A type of rule; none: all.")] = None) -> None:
    """What can be set for each type of rule, and what it is when nobody sets it (docs/events.md says whose numbers these are)."""
    from analysis.events.knobs import knobs_of
    from analysis.events.settable import TYPES, RuleRefused

    if kind is not None and kind not in TYPES:
        raise RuleRefused(f"the type {kind[:40]!r} is none, expected {', '.join(TYPES)}")
    for name, cls in TYPES.items():
        if kind in (None, name):
            print(f"{name}  {', '.join(k.name + '=' + ('must be set' if k.needed else str(k.default)) for k in knobs_of(cls).values())}")


@rule.command("set")
def rule_set(
    name: Name, world: World = "live",
    kind: Annotated[str | None, typer.Option("--type", help="Of a new rule: which type (`rule defaults` names them).")] = None,
    knob: Annotated[list[str], typer.Option("--knob", help="NAME=VALUE, as `rule defaults` names them; values are JSON.")] = [],  # noqa: B006
    of: Annotated[list[str] | None, typer.Option("--kind", help="Kinds of track it looks at; none told: as before, or all.")] = None,
    area: Annotated[list[str] | None, typer.Option("--area", help="Watch areas by name; none told: as before, or all.")] = None,
    agency: Annotated[list[str] | None, typer.Option("--of-agency", help="Whose tracks it looks at; none told: as before, or all.")] = None,
    track: Annotated[list[int] | None, typer.Option("--track", help="Single tracks by number.")] = None,
    severity: Annotated[str | None, typer.Option(help="notice, warning, critical (raises an alert) or emergency (a banner too).")] = None,
    window: Window = [], zone: Annotated[str | None, typer.Option(help="IANA zone of the windows.")] = None,  # noqa: B006
    owner_name: Annotated[str | None, typer.Option("--agency", help="Whose rule it is; its events are seen by who sees theirs.")] = None,
    marking: Annotated[str | None, typer.Option(help="Who may see it: a TLP 2.0 marking.")] = None,
) -> None:
    """Make a rule, or a new version of one: everything stored is looked at by it."""
    from analysis.events.settable import detector, schedule
    from data import people, rules, watch_areas

    code = _world(world)
    with owner() as connection:
        before = rules.of_name(connection, world, name)
        if before is None and kind is None:
            raise InputRefused(f"there is no rule {name!r} in the {world} world: a new one needs --type")
        told = before or rules.RuleTold(name, kind)
        changes: dict = {"active": True, "knobs": {**told.knobs, **dict(map(_knob, knob))}}
        if kind is not None:
            changes["type"] = kind
        if of is not None:
            changes["kinds"] = tuple(of)
        if area is not None:
            changes["areas"] = tuple(watch_areas.ids(connection, world, area))
        if agency is not None:
            changes["agencies"] = tuple(_agency(connection, code, a) for a in agency)
        if track is not None:
            changes["tracks"] = tuple(track)
        if owner_name is not None:
            changes["agency_id"] = _agency(connection, code, owner_name)
        for key, value in (("severity", severity), ("marking", marking)):
            if value is not None:
                changes[key] = value
        if window or zone is not None:
            on = schedule(zone or told.zone, window or told.windows)
            changes |= {"zone": on.zone, "windows": on.windows}
        told = replace(told, **changes)
        people.level(told.marking)
        detector(told.type, told.knobs)
        number, version = rules.put(connection, world, told)
    print(f"{name} is rule {number}, version {version}")


@rule.command("off")
def rule_off(name: Name, world: World = "live") -> None:
    """Turn a rule off: it finds nothing more, what it found stays. `rule set` turns it on again."""
    from data import rules

    _world(world)
    with owner() as connection:
        rules.put(connection, world, replace(rules.named(connection, world, name), active=False))


def _knob(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        raise InputRefused(f"--knob {text[:80]!r}: expected NAME=VALUE with a value as JSON, such as gap_s=7200") from None


def _agency(connection, world: int, name: str) -> int:
    from errors import NotFound

    row = connection.execute("SELECT id FROM agency WHERE world = %s AND name = %s", (world, name)).fetchone()
    if row is None:
        raise NotFound(f"no agency {name!r} in that world")
    return row[0]


# -- alerts


@alert.command("to")
def alert_to(
    kind: Annotated[str, typer.Argument(help="webhook, mail or apprise.")], address: Annotated[str, typer.Argument(help="A URL (https), a mailbox, or for apprise the kind of its address, such as slack.")],
    name: Annotated[str | None, typer.Option(help="How it is called; its address when not told.")] = None, world: World = "live",
    secret_variable: Annotated[str | None, typer.Option("--secret-variable", help="The environment variable that holds a webhook's secret, or the address for apprise.")] = None,
    agency: Annotated[str | None, typer.Option(help="Whose it is: it is sent that agency's alerts, and those of nobody in particular.")] = None,
    ceiling: Annotated[str, typer.Option(help="The most closed marking it is sent.")] = "TLP:GREEN",
) -> None:
    """Send alerts that are raised from now on out of the house. Nothing is sent anywhere until this was said."""
    from data import outgoing
    from data.records import DESTINATION_KINDS

    _world(world)
    if kind not in DESTINATION_KINDS:
        raise InputRefused(f"{kind!r} is none, expected {' or '.join(DESTINATION_KINDS)}")
    with owner() as connection:
        if kind == "apprise":
            from jobs.many_services import service

            service(address, secret_variable)
        outgoing.add(connection, world, name or address[:100], kind, address, secret_variable=secret_variable, agency=agency, ceiling=ceiling)


@alert.command("destinations")
def alert_destinations(as_json: AsJson = False) -> None:
    """Where alerts are sent, and what became of them."""
    from data import outgoing

    with owner() as connection:
        rows = outgoing.listed(connection)
    show_rows(rows, as_json)


@alert.command("end")
def alert_end(name: Name, world: World = "live") -> None:
    """Send nothing more there."""
    from data import outgoing

    _world(world)
    with owner() as connection:
        outgoing.end(connection, world, name)


@alert.command("list")
def alert_list(world: World = "live", over: Annotated[bool, typer.Option("--over", help="Those that are over, the last 200.")] = False, as_json: AsJson = False) -> None:
    """Alerts that wait, one by one, the newest first."""
    with owner() as connection:
        rows = connection.execute(f"""
            SELECT e.type, a.id, a.state, e.severity, coalesce(t.name, t.key), w.name, e.started_at, a.raised_at, a.state_by, a.note, e.retracted
            FROM alert a JOIN event e ON e.id = a.event_id LEFT JOIN track t ON t.id = e.track_id LEFT JOIN watch_area w ON w.id = e.area_id AND w.version = e.area_version
            WHERE a.world = %s AND a.state {'NOT' if over else ''} IN ('new', 'acknowledged') ORDER BY a.raised_at DESC, a.id DESC {'LIMIT 200' if over else ''}
        """, (_world(world),)).fetchall()
    keys = ("name", "id", "state", "severity", "track", "area", "started_at", "raised_at", "by", "note", "withdrawn")
    show_rows([dict(zip(keys, row)) for row in rows], as_json)
