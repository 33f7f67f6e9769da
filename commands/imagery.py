"""`vigia imagery …`: what is kept of flights."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from commands.access import owner
from errors import plain

imagery = typer.Typer(no_args_is_help=True, help="What is kept of flights.")


@imagery.callback()
def _group() -> None:
    """What is kept of flights."""


@imagery.command("verify")
def verify(
    sortie: Annotated[str | None, typer.Option(help="Of one flight only; stray files are then not looked for.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Hash every original and every served file again, and say which is changed, missing, or named by no record."""
    from data.custody import verify as check
    from install.progress import shown

    with owner() as connection, shown() as progress:
        done = check(connection, progress, sortie)
    if as_json:
        print(json.dumps(done.as_dict(), indent=1))
    else:
        for finding in done.findings:
            print(plain(finding))
        noted = f"; the sha256 of {done.sealed:,} served files, imported before it was kept, is on record from now on" if done.sealed else ""
        print(f"{done.images:,} images and films, {done.files:,} files, {done.bytes / 1e6:,.0f} MB: "
              f"{'every byte as it was' if not done.findings else f'{len(done.findings):,} findings'}{noted}")
    if done.findings:
        raise typer.Exit(1)
