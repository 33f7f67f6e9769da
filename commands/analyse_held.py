"""`vigia analyse …` of what the database holds: asked as a person, as the API is asked; worked off by the worker of a server that runs, else by one of the command's own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import typer

from commands.disclosing import looking, purpose_of
from errors import Forbidden, InputRefused, NotFound

EVERY_S = 0.5  # how often it is looked how far it is
REPORTS = ("html", "pdf")  # all other endings are of its places
OPEN = ("waiting", "running")


@dataclass(frozen=True)
class Asked:
    """What is asked of which records, as whom, and what for."""

    query: str
    method: str
    knobs: dict
    zones: str | None = None
    units: Path | None = None
    whose: str | None = None
    purpose: str | None = None
    case: str | None = None
    recipient: str | None = None


def done(asked: Asked, out: Path | None, as_json: bool) -> None:
    """Ask, wait, tell. A signal meanwhile calls off what was asked just now; what waited already goes on. Raises VigiaError of what it came to."""
    from data import addresses
    from exports import places
    from install.stopping import Stopped

    if out is not None and (ending := out.suffix.lower().lstrip(".")) not in (*places.ENDINGS, *REPORTS):
        raise typer.BadParameter(f"{out.name}: ends with one of {', '.join('.' + e for e in (*places.ENDINGS, *REPORTS))}")
    with addresses.opened() as (owner_url, _):
        asked_now: list[tuple[int, str]] = []
        try:
            found, new = asyncio.run(_ask(asked, asked_now))
            if found["state"] in OPEN:
                _wait(owner_url, found["id"])
        except Stopped:
            for run, who in asked_now:
                _call_off(owner_url, run, who)
            raise
        found, made = asyncio.run(_take(asked, found["id"], None if out is None else ending))
        if made is not None:
            out.write_bytes(made.body)
    told = found["told"] | {"run": found["id"], "method": found["method"], "version": found["version"], "marking": found["marking"], "agencies": found["agencies"]}
    print(json.dumps(told, indent=2, ensure_ascii=False, default=str) if as_json else told["words"])
    if not as_json:
        for limit in (*((f"Withheld: {told['withheld']}",) if told.get("withheld") else ()), *told.get("limits", ())):
            print(f"- {limit}")
    where = f" -> {out}" if made is not None else ", withheld: nothing is written" if out is not None else ", written nowhere: give --out"
    print(f"analysis {found['id']}{'' if new else ', answered from the record'}: {found['places']:,} places{where}", file=sys.stderr)


async def _ask(asked: Asked, asked_now: list[tuple[int, str]]) -> tuple[dict, bool]:
    """The run of this question, and whether it is new: then it stands in `asked_now` before it is kept, with who asks as the record has it, for whoever is stopped meanwhile."""
    from routes.analyses import begun

    filter, why = _filter(asked)
    async with looking(asked.whose, why) as (pool, recorder, visitor):
        await _told(recorder, visitor, asked, filter, "consultation", "analyses", rows=0)
        async with pool.writing() as session:
            body = {"method": asked.method, "knobs": asked.knobs}
            if asked.zones is not None:
                body["zones"] = await _zones(session, filter.world, asked.zones)
            if asked.units is not None:
                body["units"] = await asyncio.to_thread(_units, asked.units)
            found, new = await begun(session, filter, body)
            if new:
                asked_now.append((found["id"], visitor.recorded_as))
        return found, new


async def _take(asked: Asked, run: int, ending: str | None):
    """What it tells, and the file of its places (a release of live records, as from the page)."""
    from data import analyses
    from routes.analysis_files import make
    from routes.rules import TAKING_OUT

    filter, why = _filter(asked)
    async with looking(asked.whose, why) as (pool, recorder, visitor):
        if ending is not None and not visitor.roles & TAKING_OUT:
            raise Forbidden(f"{visitor.shown} may not take an analysis out: {', '.join(sorted(TAKING_OUT))} may")
        async with pool.reading() as session:
            found = await analyses.one(session, run, visitor)
        await _told(recorder, visitor, asked, filter, "consultation", f"analyses/{run}", rows=found["places"])
        if ending is None or (found["told"].get("withheld") and ending not in REPORTS):
            return found, None
        made = await make(pool, recorder, run, ending)
        await _told(recorder, visitor, asked, filter, "disclosure", f"analyses/{run}/export/{ending}", rows=made.rows, release=made.release,
                    recipient=f"#{await recorder.hashed(asked.recipient)}" if asked.recipient else None)
        return found, made


def _filter(asked: Asked):
    from data.filters import Filter

    filter = Filter.from_query(parse_qsl(asked.query.removeprefix("?"), keep_blank_values=True))
    return filter, purpose_of(filter.world, asked.purpose, asked.case, asked.recipient)


async def _told(recorder, visitor, asked: Asked, filter, what: str, of: str, **about) -> None:
    await recorder.record(what, visitor.recorded_as, of=of, filter=await recorder.filter_text(filter.pairs()), address="command line", purpose=asked.purpose, case=asked.case, **about)


async def _zones(session, world: str, told: str) -> int:
    """The number of zones by their name, or as it is told. Raises NotFound, InputRefused."""
    from data import zones

    found = [row for row in await zones.listed(session, world) if told in (row["name"], str(row["id"]))]
    if not found:
        raise NotFound(f"no zones {told[:60]!r} in the {world} world that you may see")
    if len(found) > 1:
        raise InputRefused(f"{len(found)} zones are called {told[:60]!r}: give the number of one, {', '.join(str(row['id']) for row in found)}")
    return found[0]["id"]


def _units(path: Path) -> list[dict]:
    from feeds import points
    from routes.analyses import UNIT_KEYS

    frame = points.ground({"units": path}).units
    return [{k: v for k, v in row.items() if k in UNIT_KEYS} for row in frame.to_dict("records")]


def _wait(owner_url: str, run: int) -> None:
    """Until it is over. Raises AnalysisRefused, NotFound."""
    from install.progress import shown

    with _worked(owner_url) as look, shown() as progress:
        while _open(owner_url, run, look, progress):
            time.sleep(EVERY_S)
        progress(f"Analysis {run}", 1, 1)


def _open(owner_url: str, run: int, look, progress) -> bool:
    """Whether it is still to be done. Raises AnalysisRefused, NotFound where nothing came of it."""
    from data.analyses import AnalysisRefused
    from data.sessions import owner_connection

    # A connection each time: a signal may come in the middle of a query, and what was asked with can't be asked again then.
    with owner_connection(owner_url) as connection:
        row = connection.execute("SELECT state, progress, failure FROM run WHERE id = %s", (run,)).fetchone()
        if row is not None and row[0] in OPEN:
            look(connection)
    if row is None or row[0] == "cancelled":
        raise NotFound(f"analysis {run} was called off, or what it was made of was erased")
    state, part, failure = row
    if state == "failed":
        raise AnalysisRefused(f"analysis {run} failed: {failure}")
    if state in OPEN:
        progress(f"Analysis {run}: {'waits for its turn' if state == 'waiting' else 'at work'}", min(part, 0.99), 1)
    return state in OPEN


def _call_off(owner_url: str, run: int, who: str) -> None:
    from data.people import tell
    from data.sessions import owner_connection

    with owner_connection(owner_url) as connection:
        stopped = connection.execute("UPDATE run SET state = 'cancelled', finished_at = clock_timestamp() WHERE id = %s AND asked_by = %s AND state IN ('waiting', 'running')", (run, who))
        if stopped.rowcount:
            tell(connection, "change", who=who, of=f"analysis:{run}", to="called off")
        connection.commit()
    if stopped.rowcount:
        print(f"vigia: analysis {run} is called off", file=sys.stderr)


@contextmanager
def _worked(owner_url: str) -> Iterator:
    """Gives what looks whether a worker lives: where none does, one of our own is begun, which ends with the block."""
    from install.background import Worker
    from jobs.queue import SILENT_FOR
    from settings import keeping

    own: list[Worker] = []

    def look(connection) -> None:
        silent_s = SILENT_FOR * keeping().heartbeat_s
        lives = connection.execute("SELECT EXISTS (SELECT FROM jobs.procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s))", (silent_s,)).fetchone()[0]
        if not lives and not own:
            own.append(Worker(after_s=0))
            own[0].start()

    try:
        yield look
    finally:
        for worker in own:
            worker.end()
