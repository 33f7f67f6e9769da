"""`vigia release …`, and the file of `vigia export`: what leaves the house, and who has to be told when some of it was wrong."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.access import AsJson, moment, owner, show_rows
from commands.disclosing import looking, purpose_of

release = typer.Typer(no_args_is_help=True, help="What left the house, and who has to be told.")


def export_file(format: str, query: str, out: Path | None, whose: str | None, purpose: str | None, case: str | None, recipient: str | None) -> Path:
    """Write what a filter shows to a file; its release and its entry of the record are on disk before. Raises PurposeMissing, ReleaseRefused."""
    return asyncio.run(_export_file(format, query, out, whose, purpose, case, recipient))


async def _export_file(format: str, query: str, out: Path | None, whose: str | None, purpose: str | None, case: str | None, recipient: str | None) -> Path:
    from urllib.parse import parse_qsl

    from data.filters import Filter
    from exports import FORMATS
    from routes.exports import make

    if format not in FORMATS:
        raise typer.BadParameter(f"{format}: one of {', '.join(FORMATS)}")
    asked = Filter.from_query(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
    why = purpose_of(asked.world, purpose, case, recipient)
    async with looking(whose, why) as (pool, recorder, visitor):
        made = await make(pool, recorder, format, asked, why)
        await recorder.record(
            "disclosure", visitor.recorded_as, of=f"export/{format}", filter=await recorder.filter_text(asked.pairs()), rows=made.rows, release=made.release,
            address="command line", purpose=purpose, case=case, recipient=f"#{await recorder.hashed(recipient)}" if recipient else None)
    path = out or Path(made.name)
    path.write_bytes(made.body)
    return path


@release.command("list")
def listed(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50, as_json: AsJson = False) -> None:
    """The newest releases: who took what out, for whom, what for."""
    from data.people import tell

    with owner() as connection:
        rows = connection.execute("""
            SELECT r.id, r.at, p.name, r.recipient, r.format, r.row_count, r.marking, r.purpose, r.case_told, r.filter
            FROM release r JOIN access.person p ON p.id = r.person_id ORDER BY r.id DESC LIMIT %s
        """, (limit,)).fetchall()
        tell(connection, "consultation", of="releases", rows=len(rows))
    show_rows([dict(zip(("name", "at", "taken_by", "for", "format", "rows", "marking", "purpose", "case", "filter"), (f"release {row[0]}", *row[1:])))
               for row in rows], as_json)


@release.command("recall")
def recall(
    record: Annotated[str | None, typer.Argument(help="track:NUMBER, seizure:NUMBER, image:NUMBER, video:NUMBER or sortie:NUMBER; else every record.")] = None,
    since: Annotated[str | None, typer.Option(help="Look through what was released since this time (RFC 3339, with its zone).")] = None,
    as_json: AsJson = False,
) -> None:
    """Find released records that were corrected, marked otherwise or erased since, and list whom to tell: one notice each."""
    from data.recall import recall as look

    if record is None and since is None:
        raise typer.BadParameter("say which record, or --since when")
    with owner() as connection:
        notices = look(connection, record, moment("--since", since) if since else None)
    if as_json:
        print(json.dumps(notices, indent=1, ensure_ascii=False))
        return
    for notice in notices:
        print(f"notice {notice['notice']}  {notice['recipient']}", *([] if notice["inside"] else [f"(by {notice['taken_by']})"]))
        for change in notice["changes"]:
            print(f"  {change['record']} of release {change['release']}: {change['what']}")
    if not notices:
        print("vigia: nothing that was released has changed, or all were told", file=sys.stderr)


@release.command("notified")
def notified(notice: Annotated[int, typer.Argument(help="The notice's number.")],
             whose: Annotated[str, typer.Option("--as", help="Who told them: a sign-in name of a legal officer or supervisor.")]) -> None:
    """Close a notice: its recipient was told."""
    from data.recall import notified as close

    with owner() as connection:
        close(connection, notice, whose)
