"""`vigia analyse dump`: seizures or fixes of a filter in parts, for analyses past one machine. Under the rules of every export: each part of live records is a release."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, unquote_plus

import typer

from commands.access import AsJson
from commands.disclosing import looking, purpose_of
from errors import Forbidden, InputRefused, PointsRefused

LONGEST_S = 6 * 3600  # of a session that streams
PART_ROWS = 250_000
OF = ("seizures", "fixes")


@dataclass(frozen=True)
class Asked:
    """What is asked of which records, as whom, and what for."""

    of: str
    query: str
    rows: int
    whose: str | None = None
    purpose: str | None = None
    case: str | None = None
    recipient: str | None = None


def dump(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet: all of it is written, or nothing.")],
    of: Annotated[str, typer.Option("--of", help="seizures or fixes.")] = "seizures",
    filter: Annotated[str, typer.Option(help="As in the page's address, such as 'world=exercise&drug=cocaine'.")] = "",
    part_rows: Annotated[int, typer.Option(min=1_000, max=1_000_000, help="Rows of a part: what is held at once, here and by whoever counts it.")] = PART_ROWS,
    whose: Annotated[str | None, typer.Option("--as", help="Whose look it is: a sign-in name; else the keeper of this installation.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What for; needed for live records, as it is on the page.")] = None,
    case: Annotated[str | None, typer.Option(help="In which case; needed with it.")] = None,
    recipient: Annotated[str | None, typer.Option(help="For whom outside it is, an agency or a person; else it stays with whose look it is.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write seizures or fixes of a filter in parts (GeoParquet), which `vigia analyse … FOLDER` reads."""
    if of not in OF:
        raise typer.BadParameter(f"{of}: one of {', '.join(OF)}")
    told = asyncio.run(_dump(Asked(of, filter, part_rows, whose, purpose, case, recipient), folder))
    print(json.dumps(told, indent=1, ensure_ascii=False) if as_json else folder)
    print(f"{told['rows']:,} {of} in {len(told['parts']):,} parts, {told['marking']}", file=sys.stderr)


async def _dump(asked: Asked, folder: Path) -> dict:
    """The manifest, once the folder stands. Raises PurposeMissing, ReleaseRefused, RecordFailed: then there is no folder."""
    from data import parts, releases
    from data.filters import Filter
    from exports import parts as files
    from exports.about import About
    from routes.rules import TAKING_OUT

    filter = Filter.from_query(parse_qsl(asked.query.removeprefix("?"), keep_blank_values=True))
    why, live = purpose_of(filter.world, asked.purpose, asked.case, asked.recipient), filter.world == "live"
    with _made(folder) as making:
        async with looking(asked.whose, why, LONGEST_S) as (pool, recorder, visitor):
            if not visitor.roles & TAKING_OUT:
                raise Forbidden(f"{visitor.shown} may not take records out: {', '.join(sorted(TAKING_OUT))} may")
            made_at, words, rows, counted = datetime.now(timezone.utc), await recorder.filter_text(filter.pairs()), [], Counter()
            # All releases are on disk together or none is: a part that was written by then goes with the folder.
            async with pool.snapshot() as session, pool.asking(write=True) as written:
                own = set((await releases.house(session, visitor.token)).values())
                left_out = await parts.unplaced(session, filter) if asked.of == "seizures" else 0
                async with aclosing(parts.streamed(session, filter, asked.of, asked.rows)) as tables:
                    async for table in tables:
                        here = _counted(table, own)
                        counted += here
                        about = About(filter.world, unquote_plus(filter.query()), _strictest(here), made_at)
                        path = making / files.name(len(rows))
                        sha256 = files.write(table, path, about)
                        number = await releases.put(
                            written, visitor.token, format=f"parts of {asked.of}", filter=words, purpose=why, marking=about.marking, rows=table.num_rows, sha256=bytes.fromhex(sha256),
                            records=await _contents(session, filter, asked.of, table)) if live else None
                        rows.append({"name": path.name, "rows": table.num_rows, "sha256": sha256, "marking": about.marking, "release": number})
                if not rows:
                    raise PointsRefused(f"there are no {asked.of} of this filter with a place that {visitor.shown} may see: no part is written")
                if live:
                    releases.allow(counted, why.recipient, own)
            told = files.manifest(About(filter.world, unquote_plus(filter.query()), _strictest(counted), made_at), of=asked.of, rows=sum(row["rows"] for row in rows), left_out=left_out, parts=rows)
            _sign(making, files.words(told))
            for row in rows:
                await recorder.record(
                    "disclosure", visitor.recorded_as, of=f"parts/{asked.of}", filter=words, rows=row["rows"], release=row["release"], address="command line", purpose=asked.purpose,
                    case=asked.case, recipient=f"#{await recorder.hashed(asked.recipient)}" if asked.recipient else None)
    return told


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """A folder beside it that becomes it when the block ends well, and is gone else. Raises InputRefused where it is there already."""
    if folder.exists() or not folder.absolute().parent.is_dir():
        raise InputRefused(f"{folder} {'is there already' if folder.exists() else 'would lie in a folder that is not there'}: name a new folder")
    making = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    making.mkdir()
    try:
        yield making
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


async def _contents(session, filter, of: str, table) -> dict[str, bytes]:
    """The records of a part: seizures, or tracks and their hours. An hour that is cut between two parts is a record of both."""
    from data import releases

    if of == "seizures":
        return await releases.contents(session, filter, {"seizure": table.column("id").to_pylist()})
    tracks, t = table.column("track").unique().to_pylist(), table.column("t").to_pandas()
    return await releases.contents(session, filter.but(track=tuple(tracks), start=t.min().to_pydatetime(), end=t.max().to_pydatetime() + timedelta(microseconds=1)), {"track": tracks})


def _counted(table, own: set[str]) -> Counter:
    """How many rows there are by marking and whether they are another agency's."""
    by = table.select(["agency", "marking"]).group_by(["agency", "marking"]).aggregate([([], "count_all")]).to_pylist()
    told: Counter = Counter()
    for row in by:
        told[row["marking"], row["agency"] is not None and row["agency"] not in own] += row["count_all"]
    return told


def _strictest(counted: Counter) -> str:
    from data.records import MARKINGS

    return next(m for m in MARKINGS if any(marking == m for marking, _ in counted))


def _sign(folder: Path, words: bytes) -> None:
    from data import manifests
    from feeds.parts import MANIFEST, SIGNATURE
    from settings import store

    (folder / MANIFEST).write_bytes(words)
    (folder / SIGNATURE).write_bytes(manifests.signature(words, store().audit_key))
