"""`vigia feed …`: what is listened to."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from commands.access import AsJson, moment, owner, show_rows
from errors import InputRefused, plain

feed = typer.Typer(no_args_is_help=True, help="Live feeds: what is listened to, and how each fares.")

Name = Annotated[str, typer.Argument(help="What it is called.")]
Host = Annotated[str, typer.Option(help="Name or address of the other side; of a listener, our own to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535)]
Agency = Annotated[str | None, typer.Option(help="Whose records these are.")]
Marking = Annotated[str, typer.Option(help="Who may see them: a TLP 2.0 marking.")]
Grade = Annotated[str, typer.Option(help="What the source is worth: Admiralty, such as B2.")]
Kinds = Annotated[list[str], typer.Option("--kind", help="Kinds it may tell of; what it tells of others is counted and not taken. All when none is told.")]
Late = Annotated[float, typer.Option("--late", help="Silent for so many seconds it is late; three times that stale, thirty times dead.")]
World = Annotated[str, typer.Option(help="live or exercise.")]
OneWorld = Annotated[str | None, typer.Option("--world", help="live or exercise, where both have a feed of this name.")]


def _add(name: str, kind: str, settings: dict, agency: str | None, marking: str, grade: str, late: float, world: str = "live") -> str | None:
    from data import feeds

    with owner() as connection:
        token = feeds.add(connection, name, kind, settings, world=_known(world), agency=agency, marking=marking, grade=grade, late_s=late)
    print(f"{name} is on: ./vigia up listens to it, and ./vigia feed list says how it fares.")
    return token


def _kinds(kinds: list[str]) -> dict:
    from data.records import KINDS

    if wrong := [k for k in kinds if k not in KINDS]:
        raise InputRefused(f"--kind {wrong[0]}: expected {', '.join(KINDS)}")
    return {"kinds": kinds} if kinds else {}


@feed.command("ais-tcp")
def ais_tcp(name: Name, host: Host, port: Port, agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 60,
            world: World = "live") -> None:
    """AIS as NMEA from a TCP server, such as a receiver or a dispatcher."""
    _add(name, "ais-tcp", {"host": host, "port": port}, agency, marking, grade, late, world)


@feed.command("ais-udp")
def ais_udp(name: Name, port: Port, host: Host = "127.0.0.1", agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 60,
            world: World = "live") -> None:
    """AIS as NMEA that is sent to us by UDP."""
    _add(name, "ais-udp", {"host": host, "port": port}, agency, marking, grade, late, world)


@feed.command("mqtt")
def mqtt(
    name: Name, host: Host, topic: Annotated[list[str], typer.Option(help="What to subscribe to; may be told several times.")],
    format: Annotated[str, typer.Option(help="owntracks, tags or rfid.")], port: Port = 1883,
    user: Annotated[str | None, typer.Option(help="Who signs in at the broker.")] = None,
    password_variable: Annotated[str | None, typer.Option(help="The environment variable that holds the password; it is never stored.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS.")] = False,
    ca: Annotated[Path | None, typer.Option(metavar="FILE", help="The broker's certificate authority (PEM).")] = None,
    share: Annotated[str | None, typer.Option(help="A group whose listeners share the messages among them.")] = None,
    kind: Kinds = [], agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 1800, world: World = "live",  # noqa: B006
) -> None:
    """GPS tags or RFID reads from an MQTT 5 broker."""
    if format not in ("owntracks", "tags", "rfid"):
        raise InputRefused(f"--format {format}: expected owntracks, tags or rfid")
    if any(not t or "\0" in t or t.startswith("$SYS") for t in topic) or any(t == "#" for t in topic):
        raise InputRefused(f"--topic {', '.join(topic)}: expected topics such as owntracks/+/+; # alone is refused")
    if share is not None and not re.fullmatch(r"[\w-]{1,60}", share):
        raise InputRefused(f"--share {share}: expected letters, digits, - and _")
    _add(name, "mqtt", {"host": host, "port": port, "topics": topic, "format": format, "user": user, "password_variable": password_variable, "tls": tls,
                        "ca": str(ca.resolve()) if ca else None, "share": share, **_kinds(kind)}, agency, marking, grade, late, world)


@feed.command("http")
def http(name: Name, kind: Kinds = [], agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 1800,  # noqa: B006
         world: World = "live") -> None:
    """What is sent to us: POST /api/fixes, POST /api/epcis, GET /api/osmand. Prints the token it is sent with, once."""
    token = _add(name, "http", _kinds(kind), agency, marking, grade, late, world)
    print(f"Its token, which is shown this once: {token}")


@feed.command("cot")
def cot(name: Name, port: Port, host: Host = "127.0.0.1", udp: Annotated[bool, typer.Option("--udp", help="Listen for datagrams.")] = False,
        kind: Kinds = [], agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 300, world: World = "live") -> None:  # noqa: B006
    """Cursor on Target from a TCP server, or by UDP to us."""
    _add(name, "cot-udp" if udp else "cot-tcp", {"host": host, "port": port, **_kinds(kind)}, agency, marking, grade, late, world)


@feed.command("cot-out")
def cot_out(
    name: Name, host: Host, port: Port, agency: Annotated[str, typer.Option(help="Whose tracks are sent: an agency sends its own alone.")],
    ceiling: Annotated[str, typer.Option(help="The most closed marking that is sent; never above TLP:AMBER.")] = "TLP:GREEN",
    kind: Annotated[list[str], typer.Option(help="Kinds that are sent; vessels, aircraft and drones when none is told.")] = [],  # noqa: B006
    udp: Annotated[bool, typer.Option("--udp", help="Send datagrams.")] = False, world: World = "live",
) -> None:
    """Send newest places as Cursor on Target to another system. What is sent is in the record."""
    from data.records import MARKINGS
    from data.scope import LEVEL

    if ceiling not in MARKINGS or LEVEL[ceiling] > LEVEL["TLP:AMBER"]:
        raise InputRefused(f"--ceiling {ceiling}: expected TLP:CLEAR, TLP:GREEN or TLP:AMBER; what is more closed leaves no house by itself")
    _add(name, "cot-out", {"host": host, "port": port, "udp": udp, "ceiling": ceiling, **_kinds(kind)}, agency, ceiling, "F6", 60, world)


@feed.command("mavlink")
def mavlink(name: Name, port: Port, host: Host = "127.0.0.1", agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 10,
            world: World = "live") -> None:
    """Positions of drones that send MAVLink to us by UDP."""
    _add(name, "mavlink", {"host": host, "port": port}, agency, marking, grade, late, world)


@feed.command("replay")
def replay(
    name: Name, file: Annotated[Path | None, typer.Argument(help="A file of movements; none: a window of the database.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Where the window begins: RFC 3339, with its zone.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Where it ends.")] = None,
    of: Annotated[str, typer.Option(help="Which world the window is of: live or exercise.")] = "exercise",
    speed: Annotated[float, typer.Option(min=0.1, max=100_000, help="How many times its own pace.")] = 1,
    as_now: Annotated[bool, typer.Option("--as-now", help="Move its times to now: in the exercise, and at its own pace, alone.")] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
    date: Annotated[str | None, typer.Option(help="Day of the first message of an AIS log that has no times.")] = None,
    kind: Annotated[str | None, typer.Option(help="What moved, for files that do not say.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone of times that carry none.")] = None,
    places: Annotated[Path | None, typer.Option(help="Reader to point (reader,name,lat,lon), for reads of RFID tags.")] = None,
    agency: Agency = None, marking: Marking = "TLP:AMBER", grade: Grade = "F6", late: Late = 60, world: World = "exercise",
) -> None:
    """Play a recorded file, or a past window of the database, as a feed."""
    from data.worlds import CODES, WORLDS
    from feeds import recording
    from feeds.imports import ImportOptions, check
    from feeds.replay import path_of
    from install.progress import shown

    if (file is None) == (start is None or end is None):
        raise InputRefused("expected a file to play, or a window: --from and --to")
    for option, told in (("--world", world), ("--of", of)):
        if told not in WORLDS:
            raise InputRefused(f"{option} {told}: expected one of {', '.join(WORLDS)}")
    if file is None and of == "live" and world != "live":
        raise InputRefused("what is live is not played into the exercise: it would be shown to everybody")
    if file is None and of == "exercise" and world == "live":
        raise InputRefused("what is made up is not played into the live world")
    if as_now and (world != "exercise" or speed != 1):
        raise InputRefused("--as-now needs --world exercise and --speed 1: elsewhere a position has its own time")
    options = ImportOptions(world=world, agency=agency, marking=marking, date=date, kind=kind, zone=zone, places=places)
    check(options)
    kept = path_of(f"{re.sub(r'[^A-Za-z0-9]+', '-', name)[:40]}-{secrets.token_hex(4)}.ndjson")
    with owner() as connection, shown() as progress:
        number = (recording.of_file(connection, file, options, kept, progress) if file
                  else recording.of_window(connection, CODES[of], moment("--from", start), moment("--to", end), kept, agency=agency, marking=marking))
    try:
        _add(name, "replay", {"recording": kept.name, "speed": speed, "as_now": as_now, "loop": loop}, agency, marking, grade, late, world)
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    print(f"{number:,} positions will be played.")


@feed.command("list")
def listed(as_json: AsJson = False) -> None:
    """Every feed, and how it fares."""
    from data import feeds

    with owner() as connection:
        rows = feeds.all_of_them(connection)
    if as_json:
        show_rows(rows, True)
        return
    now = datetime.now(timezone.utc)
    for row in rows:
        print(_line(row, now))


def _line(row: dict, now: datetime) -> str:
    ago = "nothing heard yet" if row["message_at"] is None else f"last heard {(now - row['message_at']).total_seconds():,.0f} s ago"
    where = ":".join(str(row["settings"][k]) for k in ("host", "port") if k in row["settings"]) or row["settings"].get("recording", "")
    counts = ", ".join(f"{row[c] or 0:,} {words}" for c, words in (
        ("stored", "stored"), ("already", "known before"), ("flagged", "doubtful"), ("sealed", "sealed"), ("dropped", "dropped")) if row[c] or c == "stored")
    wrong = "; ".join(filter(None, (row["trouble"], ", ".join(f"{what} {n:,}" for what, n in sorted((row["errors"] or {}).items())))))
    world = " (exercise)" if row["world"] == "exercise" else ""
    return plain(f"{row['standing']:7} {row['name']}{world}: {row['kind']} {where}; {ago}; {counts}" + (f"; {wrong}" if wrong else ""))


@feed.command("stop")
def stop(name: Name, world: OneWorld = None) -> None:
    """Listen to it no more; it is kept."""
    from data import feeds

    with owner() as connection:
        feeds.set_active(connection, name, False, world=_known(world))


@feed.command("start")
def start_(name: Name, world: OneWorld = None) -> None:
    """Listen to it again."""
    from data import feeds

    with owner() as connection:
        feeds.set_active(connection, name, True, world=_known(world))


@feed.command("remove")
def remove(name: Name, world: OneWorld = None) -> None:
    """Forget it; what it gave stays, and what is not stored yet goes."""
    from data import feeds
    from feeds import listening

    with owner() as connection:
        number, recording = feeds.remove(connection, name, world=_known(world))
    if left := listening.forget(number, recording):
        print(f"{left:,} bytes of what it told were still on disk, and are gone.")


def _known(world: str | None) -> str | None:
    from data.worlds import WORLDS

    if world is not None and world not in WORLDS:
        raise InputRefused(f"--world {world}: expected one of {', '.join(WORLDS)}")
    return world


@feed.command("run")
def run() -> None:
    """Listen, in the foreground, until it is told to stop: for servers where `vigia up` does not."""
    import asyncio

    from data import addresses, migrations
    from feeds import ear

    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)
        asyncio.run(ear.run(owner_url))
