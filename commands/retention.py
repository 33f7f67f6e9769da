"""`vigia retention …`: how long records are kept, what is held, what has to be reviewed; `vigia jobs …`: what is done in the background."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from commands.access import AsJson, moment, owner, show_rows

retention = typer.Typer(no_args_is_help=True, help="How long records are kept, and what erases them.")
hold = typer.Typer(no_args_is_help=True, help="Legal holds: what may not be erased meanwhile.")
jobs = typer.Typer(no_args_is_help=True, help="What is done in the background.")
retention.add_typer(hold, name="hold")

Who = Annotated[str, typer.Option("--as", help="Who does it: a sign-in name with the role legal or supervisor.")]
Legal = Annotated[str, typer.Option("--as", help="Who says so: a sign-in name with the role legal.")]
Reference = Annotated[str, typer.Argument(help="The hold's number, as on paper.")]
End = Annotated[str, typer.Option("--to", help="Until when: RFC 3339, with its zone.")]
Off = Annotated[bool, typer.Option("--off", help="No longer.")]


@retention.command("list")
def listed(as_json: AsJson = False) -> None:
    """How long each kind of record is kept, for all and for agencies, and whether the clock is believed."""
    from data import clock
    from data import retention as times

    with owner() as connection:
        rows, refused = times.listed(connection), clock.refused(connection)
    show_rows(rows, as_json)
    if refused:
        print(f"vigia: {refused}", file=sys.stderr)


@retention.command("due")
def due(limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many to list, the first that end on top.")] = 50, as_json: AsJson = False) -> None:
    """Records that have to be reviewed by now."""
    from data import retention as times

    with owner() as connection:
        total, rows = times.due(connection, datetime.now(UTC), limit)
    if as_json:
        print(json.dumps({"total": total, "records": rows}, default=str, indent=1))
        return
    show_rows(rows, False)
    print(f"vigia: {total:,} to be reviewed, {len(rows):,} of them listed", file=sys.stderr)


@retention.command("run")
def run() -> None:
    """Erase now what is past its time; a running server does so every hour."""
    from data import addresses, migrations, purge

    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)
        print(purge.run(owner_url, who="command line"))


@retention.command("review")
def review(
    record: Annotated[str, typer.Argument(help="track:NUMBER, seizure:NUMBER, image:NUMBER, video:NUMBER or sortie:NUMBER.")],
    reason: Annotated[str, typer.Option(help="Why it is still needed. Name nobody here.")], until: Annotated[str, typer.Option(help="The next date: RFC 3339, with its zone.")],
    whose: Who,
) -> None:
    """Keep a record until another date."""
    from data import retention as times

    with owner() as connection:
        times.review(connection, record, reason, moment("--until", until), whose, datetime.now(UTC))


@retention.command("policy")
def policy(
    agency: str, kind: Annotated[str, typer.Option(help="A kind that `vigia retention list` shows.")], whose: Who,
    keep: Annotated[str | None, typer.Option(help="How long, such as '2 years'.")] = None,
    source: Annotated[str | None, typer.Option(help="The law or rule that says so.")] = None, off: Off = False,
) -> None:
    """An agency's own time for a kind of record."""
    from data import retention as times

    _one("--keep", keep, off)
    with owner() as connection:
        times.set_policy(connection, agency, kind, keep, source, whose)


@retention.command("bycatch")
def bycatch(
    agency: str, whose: Who, after: Annotated[str | None, typer.Option(help="How long after it came, such as 72h.")] = None,
    kind: Annotated[list[str], typer.Option(help="Kinds of track.")] = ["vessel", "person"], off: Off = False,  # noqa: B006
) -> None:
    """Have what an agency follows without any authority reduced to sums, without a name."""
    from data import retention as times

    _one("--after", after, off)
    with owner() as connection:
        times.set_bycatch(connection, agency, after, kind, whose)


def _one(option: str, told: str | None, off: bool) -> None:
    if (told is None) is not off:
        raise typer.BadParameter(f"either {option} or --off")


@retention.command("confirm-clock")
def confirm_clock(whose: Legal) -> None:
    """Say that the clock is right, so that it may be erased by."""
    from data import clock

    with owner() as connection:
        now = clock.Moment.of(connection)
        clock.confirm(connection, whose, now)
    print(f"Confirmed: it is {now.now:%Y-%m-%d %H:%M} UTC")


@hold.command("add")
def hold_add(
    what: Annotated[str, typer.Argument(help="A record such as track:NUMBER, or every one of a kind such as seizure.")],
    reference: Annotated[str, typer.Option(help="Its number, as on paper.")], issuer: Annotated[str, typer.Option(help="Who gave it.")],
    reason: Annotated[str, typer.Option(help="What for. Name nobody here.")], end: End, whose: Who,
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339, with its zone; now when not told.")] = None,
    agency: Annotated[str | None, typer.Option(help="Of one agency's records alone.")] = None,
) -> None:
    """Hold a record, or every one of a kind, until a date."""
    from data import holds

    with owner() as connection:
        holds.add(connection, what, reference=reference, issuer=issuer, reason=reason, start=moment("--from", start) if start else datetime.now(UTC),
                  end=moment("--to", end), who=whose, agency=agency)


@hold.command("renew")
def hold_renew(reference: Reference, end: End, whose: Who) -> None:
    """Another end for a hold."""
    from data import holds

    with owner() as connection:
        holds.renew(connection, reference, moment("--to", end), whose)


@hold.command("release")
def hold_release(reference: Reference, whose: Who) -> None:
    """It holds no more; what is past its time goes with the next run."""
    from data import holds

    with owner() as connection:
        holds.release(connection, reference, whose)


@hold.command("list")
def hold_list(as_json: AsJson = False) -> None:
    """Every hold, those that end first on top."""
    from data import holds

    with owner() as connection:
        rows = holds.listed(connection, datetime.now(UTC))
    show_rows(rows, as_json)


@jobs.command("run")
def jobs_run(until_done: Annotated[bool, typer.Option("--until-done", help="End when nothing waits any more.")] = False) -> None:
    """Work the queue off until told to stop. `vigia up` has a worker of its own; a server begun in another way needs this one."""
    import asyncio
    import logging

    from data import addresses, migrations
    from jobs.worker import work

    logging.basicConfig(level=logging.WARNING, format="vigia: %(message)s")
    with addresses.opened() as (owner_url, _):
        migrations.upgrade(owner_url)
        asyncio.run(work(owner_url, until_done=until_done))


@jobs.command("list")
def jobs_list(as_json: AsJson = False) -> None:
    """What waits, is being done, or failed."""
    with owner() as connection:
        rows = connection.execute("SELECT task_name || ' ' || id, status::text, attempts, scheduled_at FROM jobs.procrastinate_jobs ORDER BY id").fetchall()
    show_rows([dict(zip(("name", "status", "attempts", "scheduled"), row)) for row in rows], as_json)
