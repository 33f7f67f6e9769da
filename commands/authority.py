"""`vigia authority …`: the legal basis to follow a tag, a vehicle or a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.access import AsJson, moment, owner, show_rows
from errors import InputRefused

authority = typer.Typer(no_args_is_help=True, help="The legal basis to follow a tag, a vehicle or a person.")

Agency = Annotated[str, typer.Option(help="Whose authority it is.")]


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
                        valid_to=moment("--to", end), area=_area(area))


def _area(path: Path | None):
    if path is None:
        return None
    import shapely

    try:
        shapes = shapely.from_geojson(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, shapely.errors.GEOSException) as error:
        raise InputRefused(f"--area {path}: expected polygons as GeoJSON ({type(error).__name__})") from None
    return shapely.union_all(shapely.get_parts(shapes))


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
