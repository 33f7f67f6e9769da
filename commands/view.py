"""`vigia view …`: saved views of the page, whoever's they are."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.access import AsJson, owner, show_rows

view = typer.Typer(no_args_is_help=True, help="Saved views of the page.")

Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="Its number, as `view list` tells it.")]


@view.command("list")
def view_list(as_json: AsJson = False) -> None:
    """The saved views there are, with whose each is and who else sees it."""
    from data import saved_views

    with owner() as connection:
        rows = saved_views.of_all(connection)
    show_rows(rows, as_json)


@view.command("show")
def view_show(number: Number, as_json: AsJson = False) -> None:
    """Every version of one, the newest first, with the page's address of each."""
    from data import saved_views

    with owner() as connection:
        rows = saved_views.versions(connection, number)
    show_rows(rows, as_json)


@view.command("delete")
def view_delete(number: Number) -> None:
    """Delete one: links to it lead nowhere, and retention erases its versions later."""
    from data import saved_views

    with owner() as connection:
        saved_views.stop(connection, number)
