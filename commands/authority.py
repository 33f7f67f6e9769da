"""`vigia authority …`: the legal basis to follow a tag, a vehicle or a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.access import AsJson, area_of, moment, owner, show_rows
from errors import InputRefused

authority = typer.Typer(no_args_is_help=True, help="The legal basis to follow a tag, a vehicle or a person.")

Agency = Annotated[str, typer.Option(help="Whose authority it is.")]
Number = Annotated[int, typer.Argument(help="Its number, as `handovers` shows it.")]
As = Annotated[str, typer.Option("--as", help="Who decides: somebody with an account.")]


@authority.command("add")
def add(
    reference: Annotated[str, typer.Argument(help="Its number, as on paper.")], agency: Agency,
    kind: Annotated[str, typer.Option(help="One of data/authorities.toml.")], issuer: Annotated[str, typer.Option(help="Who gave it.")],
    purpose: Annotated[str, typer.Option(help="What for.")],
    device: Annotated[list[str], typer.Option(help="What may be followed: a track's key such as tag:V-1, or any of its identifiers.")],
    start: Annotated[str, typer.Option("--from", help="RFC 3339, with its zone.")], end: Annotated[str, typer.Option("--to", help="RFC 3339, with its zone.")],
    area: Annotated[Path | None, typer.Option(metavar="FILE", help="Where: polygons as GeoJSON, EPSG:4326.")] = None,
) -> None:
    """Enter an authority."""
    from data import authority as authorities

    with owner() as connection:
        authorities.add(connection, agency, kind, reference, issuer=issuer, purpose=purpose, devices=device, valid_from=moment("--from", start),
                        valid_to=moment("--to", end), area=area_of(area))


@authority.command("list")
def listed(as_json: AsJson = False) -> None:
    """Every authority, those that end first on top; warned of 7 days and 24 hours before."""
    from data import authority as authorities

    with owner() as connection:
        rows = authorities.listed(connection)
    show_rows(rows, as_json)


@authority.command("revoke")
def revoke(reference: str, agency: Agency) -> None:
    """It ends now: what it covers is shown no more."""
    from data import authority as authorities

    with owner() as connection:
        authorities.revoke(connection, agency, reference)


@authority.command("govern")
def govern(agency: str, kind: Annotated[list[str], typer.Option(help="Kinds that need an authority; none told: none do.")] = []) -> None:  # noqa: B006
    """Say which kinds of track an agency follows under an authority alone."""
    from data import authority as authorities
    from data.records import KINDS

    if wrong := [k for k in kind if k not in KINDS]:
        raise InputRefused(f"the kind {wrong[0]!r} is none, expected {', '.join(KINDS)}")
    with owner() as connection:
        authorities.govern(connection, agency, kind)


@authority.command("kinds")
def kinds() -> None:
    """What kinds there are, and how long each may last."""
    from data.authority import longest, templates

    for name, told in templates().items():
        most = longest(told)
        print(f"{name}  {told['name']}; {f'at most {most}' if most else 'no limit of its own'} ({told['source']})")


@authority.command("duties")
def duties(as_json: AsJson = False) -> None:
    """What is to be done after the end of authorities: those still to be done on top."""
    from data import duties as after

    with owner() as connection:
        rows = after.listed(connection)
    show_rows(rows, as_json)


@authority.command("duty")
def duty(reference: str, name: Annotated[str, typer.Argument(help="Which, as `duties` shows it.")], agency: Agency, who: As,
         note: Annotated[str | None, typer.Option(help="What was done, in a few words.")] = None) -> None:
    """Say that a duty is done."""
    from data import duties as after

    with owner() as connection:
        after.done(connection, agency, reference, name, who, note)


@authority.command("handovers")
def handovers(as_json: AsJson = False) -> None:
    """What left its authority's area, to whom it was offered, and what became of it."""
    from data import handover

    with owner() as connection:
        rows = handover.listed(connection)
    show_rows([{k: v for k, v in row.items() if k != "cell"} for row in rows], as_json)


@authority.command("accept")
def accept(number: Number, reference: Annotated[str, typer.Option(help="Your agency's own authority.")], who: As) -> None:
    """Take over what entered your area, under an authority of your own: what comes in from now on is stored for your agency too."""
    from data import handover

    with owner() as connection:
        handover.accept(connection, number, reference, who)


@authority.command("decline")
def decline(number: Number, who: As) -> None:
    """Say no to an offer."""
    from data import handover

    with owner() as connection:
        handover.decline(connection, number, who)
