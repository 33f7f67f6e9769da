"""`vigia imagery …`: a folder that is watched, and a sortie given out as a STAC folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.disclosing import looking, purpose_of
from errors import InputRefused


def watch(
    folder: Annotated[Path, typer.Argument(help="Where files are copied to; `done` and `refused` are made within it.")],
    world: Annotated[str, typer.Option(help="live or exercise.")] = "live",
    agency: Annotated[str | None, typer.Option(help="Whose records these are.")] = None,
    marking: Annotated[str | None, typer.Option(help="Who may see them: a TLP 2.0 marking, TLP:AMBER when not told.")] = None,
    sortie: Annotated[str | None, typer.Option(help="The flight all of it is of.")] = None,
    sortie_from_folder: Annotated[bool, typer.Option("--sortie-from-folder", help="Files lie in folders called as their sorties are.")] = False,
    platform: Annotated[str | None, typer.Option(help="What flew.")] = None,
    sensor: Annotated[str | None, typer.Option(help="What took the pictures.")] = None,
    authority: Annotated[str | None, typer.Option(help="Reference of what it was flown under.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone of times that carry none.")] = None,
    captured_at: Annotated[str | None, typer.Option(help="When what is copied there was taken: of one day's files, with --once.")] = None,
    grade: Annotated[str | None, typer.Option(help="What the source is worth: Admiralty, such as B2; F6 when not told.")] = None,
    handling: Annotated[str | None, typer.Option(help="A handling code, in your agency's own words.")] = None,
    still: Annotated[float, typer.Option(min=0, help="Seconds for which a file's size and time must not change before it is taken.")] = 10,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 3,
    once: Annotated[bool, typer.Option("--once", help="End when all that is there has been taken.")] = False,
) -> None:
    """Import what is copied into a folder, as it comes; Ctrl-C ends it."""
    from data import addresses, migrations
    from feeds import watched
    from feeds.imports import ImportOptions, check
    from install.progress import shown

    if captured_at is not None and not once:
        raise InputRefused("--captured-at is of the files that are there now: add --once, or what comes later would be of that time too")
    options = ImportOptions(world=world, agency=agency, marking=marking, sortie=sortie, platform=platform, sensor=sensor, authority=authority, zone=zone, captured_at=captured_at, grade=grade, handling=handling)
    check(options)
    with addresses.opened() as (owner_url, _), shown() as progress:
        migrations.upgrade(owner_url)
        good = watched.watch(folder, options, progress, lambda words: print(words, flush=True), owner_url=owner_url, still_s=still, every_s=every,
                             sortie_from_folder=sortie_from_folder, once=once)
    if not good:
        raise typer.Exit(1)


def export_stac(
    sortie: Annotated[str, typer.Argument(help="The sortie's name, or sortie:NUMBER.")],
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    world: Annotated[str, typer.Option(help="live or exercise.")] = "live",
    originals: Annotated[bool, typer.Option("--originals", help="With the files as they came.")] = False,
    whose: Annotated[str | None, typer.Option("--as", help="Whose look it is: a sign-in name; else the keeper of this installation.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What for; needed for live records.")] = None,
    case: Annotated[str | None, typer.Option(help="In which case; needed with it.")] = None,
    recipient: Annotated[str | None, typer.Option(help="For whom outside it is; else it stays with whose look it is.")] = None,
) -> None:
    """Write a sortie as a STAC folder that stands alone: items, pictures, films, their hashes. It is a release, as every export is."""
    left_out = asyncio.run(_export(sortie, folder, world, originals, whose, purpose, case, recipient))
    print(folder)
    if left_out:
        print(f"vigia: not in it: {left_out:,} film{'s' if left_out > 1 else ''} without a place", file=sys.stderr)
    print(f"vigia: check it with `sha256sum -c SHA256SUMS` in {folder}", file=sys.stderr)


async def _export(sortie: str, folder: Path, world: str, originals: bool, whose: str | None, purpose: str | None, case: str | None, recipient: str | None) -> int:
    from commands.stac_folder import make
    from data.filters import Filter

    asked = Filter.from_query([("world", world)])
    why = purpose_of(world, purpose, case, recipient)
    if folder.exists() or folder.is_symlink():
        raise InputRefused(f"{folder} is there already: name a folder that is not")
    async with looking(whose, why) as (pool, recorder, _):
        return await make(pool, recorder, asked, sortie, folder, originals=originals, why=why)


COMMANDS = {"watch": watch, "export-stac": export_stac}
