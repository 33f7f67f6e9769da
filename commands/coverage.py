"""`vigia coverage …`: whose units look at the ground they pass."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.access import AsJson, owner, show_rows

coverage = typer.Typer(no_args_is_help=True, help="Who looks at the ground they pass: what nobody looked at is told apart from where nothing was found.")
World = Annotated[str, typer.Option(help="live or exercise.")]
Track = Annotated[list[str] | None, typer.Option("--track", help="A track's key; may be given several times.")]


@coverage.command("look")
def look(swath_m: Annotated[float, typer.Option("--swath-m", help="How far they look to either side, metres.")], track: Track = None,
         kind: Annotated[str | None, typer.Option(help="All tracks of a kind.")] = None, agency: Annotated[str | None, typer.Option(help="All tracks of an agency.")] = None,
         world: World = "live") -> None:
    """These units look so far to either side of where they pass. Told again, it is as told last."""
    from data import coverage as ledger

    if not (track or kind or agency):
        raise typer.BadParameter("say whose: --track, --kind or --agency")
    with owner() as connection:
        number = ledger.look(connection, _known(world), swath_m, keys=track or None, kind=kind, agency=agency)
    print(f"{number:,} tracks look {swath_m:g} m to either side")


@coverage.command("away")
def away(track: Annotated[list[str], typer.Argument(help="Keys of tracks.")], world: World = "live") -> None:
    """These units look at nothing any more."""
    from data import coverage as ledger

    with owner() as connection:
        number = ledger.look_away(connection, _known(world), track)
    print(f"{number:,} tracks look at nothing now")


@coverage.command("list")
def listed(world: World = "live", as_json: AsJson = False) -> None:
    """Who looks, by agency and kind."""
    from data import coverage as ledger

    with owner() as connection:
        show_rows(ledger.lookers(connection, _known(world)), as_json)


def _known(world: str) -> str:
    from data.worlds import CODES

    if world not in CODES:
        raise typer.BadParameter(f"the world {world!r} is none, expected {' or '.join(CODES)}")
    return world
