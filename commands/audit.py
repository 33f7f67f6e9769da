"""`vigia audit …`: the record checked, proven and handed on."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.access import owner, show_rows
from errors import VigiaError

audit = typer.Typer(no_args_is_help=True, help="The record of who looked at what.")


@audit.command("verify")
def verify() -> None:
    """Hash the whole record again and hold it against its signed heads."""
    from data.audit import public_key, signing_key
    from data.audit_proof import verify as check
    from install.progress import shown
    from settings import store

    key = public_key(signing_key(store().audit_key))
    with owner() as connection, shown() as progress:
        found = check(connection, key, progress)
    if found.wrong:
        raise VigiaError("the record does not hold:\n" + "\n".join(found.wrong))
    print(f"The record holds: {found.entries:,} entries, {found.heads:,} signed heads, root {found.root}")


@audit.command("head")
def head() -> None:
    """Sign the record as it stands, and print what other agencies keep of it."""
    told = asyncio.run(_head())
    if told is None:
        raise VigiaError("the record is empty: there is nothing to sign yet")
    print(json.dumps(told, default=lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}", indent=1))


async def _head() -> dict | None:
    from data import addresses, migrations
    from data.audit import Recorder
    from data.sessions import Database
    from settings import store

    with addresses.opened() as (owner_url, app_url):
        await asyncio.to_thread(migrations.upgrade, owner_url)
        pool = Database(app_url)
        try:
            return await Recorder(pool, store().audit_key).head()
        finally:
            await pool.close()


@audit.command("heads")
def heads(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """The newest signed heads."""
    with owner() as connection:
        rows = connection.execute("SELECT size, at, encode(root, 'hex'), encode(key, 'hex') FROM audit.head ORDER BY size DESC LIMIT 100").fetchall()
    show_rows([{"name": f"{size} entries", "signed": at, "root": root, "key": key} for size, at, root, key in rows], as_json)


@audit.command("export")
def export(
    seq: Annotated[int, typer.Argument(help="The entry's number.")],
    since: Annotated[int | None, typer.Option(help="Show too that the head of this size is the record's beginning.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it; else to the screen.")] = None,
) -> None:
    """What shows an outsider that an entry is in the record; exports/verify_audit.py checks it with nothing but Python."""
    from data.audit_proof import proof

    with owner() as connection:
        told = json.dumps(proof(connection, seq, since), indent=1, ensure_ascii=False)
    if out is None:
        print(told)
        return
    out.write_text(f"{told}\n", encoding="utf-8")
    print(f"vigia: python3 exports/verify_audit.py {out} KEY checks it", file=sys.stderr)


@audit.command("show")
def show(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50) -> None:
    """The newest entries. That they were looked at is an entry too."""
    from data.people import tell

    with owner() as connection:
        tell(connection, "consultation", of="audit", rows=limit)
        rows = connection.execute("SELECT seq, entry FROM audit.entry ORDER BY seq DESC LIMIT %s", (limit,)).fetchall()
    for number, entry in rows:
        print(f"{number}  {entry}")
