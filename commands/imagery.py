"""`vigia imagery …`: what is kept of flights."""

from __future__ import annotations

import typer

imagery = typer.Typer(no_args_is_help=True, help="What is kept of flights.")


@imagery.callback()
def _group() -> None:
    """What is kept of flights."""
