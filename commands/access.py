"""`vigia agency|user|screen|operation …`: who is let in, and what agencies share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from errors import InputRefused

agency = typer.Typer(no_args_is_help=True, help="Agencies, whose records are whose.")
user = typer.Typer(no_args_is_help=True, help="People who may sign in.")
screen = typer.Typer(no_args_is_help=True, help="Wall displays.")
operation = typer.Typer(no_args_is_help=True, help="Joint task forces: what agencies share, and until when.")

Name = Annotated[str, typer.Argument(help="The sign-in name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
Ceiling = Annotated[str, typer.Option(help="The most closed marking that may be seen.")]


@contextmanager
def owner() -> Iterator:
    """The owner's connection to a database of today's tables; committed when the block ends well."""
    from data import addresses, migrations
    from data.sessions import owner_connection

    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)
        with owner_connection(owner_url) as connection:
            yield connection
            connection.commit()


def show_rows(rows: list[dict], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, default=str, indent=1))
        return
    for row in rows:
        told = {k: ", ".join(v) if isinstance(v, list) else v for k, v in row.items() if v not in (None, [], False)}
        print("  ".join(f"{k.replace('_', ' ')}: {f'{v:%Y-%m-%d %H:%M} UTC' if isinstance(v, datetime) else v}" if k != "name" else str(v)
                        for k, v in told.items()))


@agency.command("add")
def agency_add(name: str, country: Annotated[str | None, typer.Option(help="Two letters.")] = None) -> None:
    """An agency, before it has any record. It follows tags, vehicles and persons under an authority alone (docs/authority.md)."""
    from data import authority, people
    from data.records import GOVERNED_KINDS

    with owner() as connection:
        people.add_agency(connection, name, country)
        authority.govern(connection, name, list(GOVERNED_KINDS))


@agency.command("area")
def agency_area(name: str, file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Polygons as GeoJSON, EPSG:4326. None: nowhere in particular.")] = None) -> None:
    """Where an agency is competent: what leaves the area of another's authority to there is offered to it (docs/authority.md)."""
    from data import handover

    with owner() as connection:
        handover.set_area(connection, name, area_of(file))


@agency.command("list")
def agency_list(as_json: AsJson = False) -> None:
    """The agencies of the live world."""
    with owner() as connection:
        rows = connection.execute("""
            SELECT a.name, a.country, (SELECT count(*) FROM access.membership m WHERE m.agency_id = a.id) FROM agency a WHERE a.world = 0 ORDER BY 1
        """).fetchall()
    show_rows([dict(zip(("name", "country", "people"), row)) for row in rows], as_json)


@user.command("add")
def user_add(
    name: Name, role: Annotated[list[str], typer.Option(help="One or more of the roles in docs/access.md.")] = ["viewer"],  # noqa: B006
    agency: Annotated[list[str], typer.Option(help="Agencies the person belongs to.")] = [],  # noqa: B006
    ceiling: Ceiling = "TLP:AMBER", shown: Annotated[str | None, typer.Option(help="How the person is named on screen.")] = None,
) -> None:
    """An account, and a link that lets it in once."""
    from data import people

    with owner() as connection:
        people.add(connection, name, role, agencies=agency, ceiling=ceiling, shown=shown)
        token = people.link(connection, name)
    _told(token)


@user.command("link")
def user_link(name: Name) -> None:
    """A new link that lets a person in once."""
    from data import people

    with owner() as connection:
        token = people.link(connection, name)
    _told(token)


def _told(token: str) -> None:
    from data.people import LINK_MINUTES

    print(_address(f"/sign-in/link/{token}"))
    print(f"vigia: it works once, for {LINK_MINUTES} minutes", file=sys.stderr)


def _address(path: str) -> str:
    from settings import access, serve

    return f"{access().public_origin or f'http://{serve().host}:{serve().port}'}{path}"


@user.command("password")
def user_password(name: Name) -> None:
    """Set a password; asked for on the terminal, or read from a pipe."""
    from data import passwords, people

    told = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    passwords.check(told, name)
    with owner() as connection:
        people.set_password(connection, name, passwords.hashed(told))


@user.command("subject")
def user_subject(name: Name, sub: Annotated[str, typer.Argument(help="What the provider calls this person (`sub`).")]) -> None:
    """Let a person sign in with the provider that VIGIA_OIDC_ISSUER names."""
    from data import people
    from settings import access

    if (issuer := access().oidc_issuer) is None:
        raise InputRefused("set VIGIA_OIDC_ISSUER and VIGIA_OIDC_CLIENT_ID first: they name the provider")
    with owner() as connection:
        people.set_subject(connection, name, issuer, sub)


@user.command("list")
def user_list(as_json: AsJson = False) -> None:
    """Every account."""
    from data import people

    with owner() as connection:
        rows = people.listed(connection)
    show_rows(rows, as_json)


@user.command("close")
def user_close(name: Name) -> None:
    """Close an account; who is signed in with it is out within seconds."""
    from data import people

    with owner() as connection:
        people.set_active(connection, name, False)
        people.sign_out(connection, name)


@user.command("open")
def user_open(name: Name) -> None:
    """Open a closed or locked account again."""
    from data import people

    with owner() as connection:
        people.set_active(connection, name, True)


@user.command("sign-out")
def user_sign_out(name: Name) -> None:
    """End every session of a person."""
    from data import people

    with owner() as connection:
        print(people.sign_out(connection, name))


@screen.command("add")
def screen_add(name: Annotated[str, typer.Argument(help="What the screen is called.")],
               agency: Annotated[str | None, typer.Option(help="Whose records it shows.")] = None, ceiling: Ceiling = "TLP:AMBER") -> None:
    """A wall display: an address to open on it, once."""
    from data import people

    with owner() as connection:
        token = people.add_screen(connection, name, agency=agency, ceiling=ceiling)
    print(_address(f"/sign-in/screen/{token}"))
    print("vigia: open it on the screen; it works once", file=sys.stderr)


@screen.command("list")
def screen_list(as_json: AsJson = False) -> None:
    """Every screen."""
    from data import people

    with owner() as connection:
        rows = people.screens(connection)
    show_rows(rows, as_json)


@screen.command("revoke")
def screen_revoke(name: str) -> None:
    """The screen shows nothing more."""
    from data import people

    with owner() as connection:
        people.revoke_screen(connection, name)


@screen.command("set")
def screen_set(
    name: str, place: Annotated[str | None, typer.Option(help="Where it hangs.")] = None,
    distance_m: Annotated[float | None, typer.Option(help="From it to the farthest seat, metres.")] = None,
    diagonal_in: Annotated[float | None, typer.Option(help="Its diagonal, inches.")] = None,
    zone: Annotated[list[str] | None, typer.Option(help="A clock beside UTC, an IANA zone; up to four.")] = None,
    turn_s: Annotated[int | None, typer.Option(help="How long each view stands, seconds.")] = None,
    world: Annotated[str | None, typer.Option(help="live or exercise.")] = None, dim: Annotated[str | None, typer.Option(help="Dim its map, such as 22:00-06:00, by its first clock.")] = None,
    view: Annotated[list[str] | None, typer.Option(help="Its playlist: saved views by number, or states such as 'world=live&camera=8.6/26.15/-97.9', in their order.")] = None,
) -> None:
    """What a screen is told: letters follow from its distance and size (docs/wall.md)."""
    from data import screens

    told = {k: v for k, v in (("place", place), ("distance_m", distance_m), ("diagonal_in", diagonal_in), ("zones", zone), ("turn_s", turn_s), ("world", world), ("dim", dim)) if v is not None}
    items = [screens.Item(view=int(v)) if v.isdecimal() else screens.Item(state=v) for v in view] if view is not None else None
    with owner() as connection:
        screens.set_by_owner(connection, name, told, items)


@screen.command("unit")
def screen_unit(name: str, user: Annotated[str, typer.Option(help="The account the display runs as.")] = "vigia-wall") -> None:
    """A systemd unit that starts cage and Chromium on this screen's page by itself; it holds no secret (docs/wall.md)."""
    from commands.kiosk import unit
    from data import screens

    with owner() as connection:
        slug = screens.slug_of(connection, name)
    print(unit(_address(f"/wall/{quote(slug, safe='')}"), name, user), end="")


@operation.command("add")
def operation_add(name: str, start: Annotated[str, typer.Option("--from", help="RFC 3339, with its zone.")],
                  end: Annotated[str, typer.Option("--to", help="RFC 3339, with its zone.")],
                  area: Annotated[Path | None, typer.Option(metavar="FILE", help="Nothing outside is shared in it: polygons as GeoJSON, EPSG:4326.")] = None,
                  everywhere: Annotated[bool, typer.Option("--everywhere", help="Take its area away.")] = False) -> None:
    """A joint task force, or new dates or another area for one."""
    from data import people

    with owner() as connection:
        people.add_operation(connection, name, moment("--from", start), moment("--to", end), area=area_of(area), everywhere=everywhere)


@operation.command("share")
def operation_share(
    name: str, agency: Annotated[str, typer.Option(help="Who shares.")], ceiling: Ceiling = "TLP:AMBER",
    layer: Annotated[list[str], typer.Option(help="movements, seizures, imagery.")] = ["movements", "seizures", "imagery"],  # noqa: B006
) -> None:
    """What an agency shares with the others while the operation lasts."""
    from data import people

    with owner() as connection:
        people.share(connection, name, agency, layer, ceiling)


@operation.command("end")
def operation_end(name: str) -> None:
    """Sharing ends now."""
    from data import people

    with owner() as connection:
        people.end_operation(connection, name)


@operation.command("list")
def operation_list(as_json: AsJson = False) -> None:
    """Every operation, who is in it and what they share."""
    from data import people

    with owner() as connection:
        rows = people.operations(connection)
    show_rows(rows, as_json)


def moment(option: str, told: str) -> datetime:
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputRefused(f"{option} is {told[:40]!r}, expected a time with its zone, such as 2026-12-01T00:00:00Z")
    return found


def area_of(path: Path | None):
    """The polygons of a GeoJSON file as one shape; None: no file. Raises InputRefused."""
    if path is None:
        return None
    import shapely

    try:
        shapes = shapely.from_geojson(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, shapely.errors.GEOSException) as error:
        raise InputRefused(f"{path}: expected polygons as GeoJSON ({type(error).__name__})") from None
    return shapely.union_all(shapely.get_parts(shapes))
