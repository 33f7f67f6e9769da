"""One file that waits, made as whoever asked for it sees its records now: the process that jobs/exporting.py begins."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import sys
from contextlib import AsyncExitStack
from urllib.parse import parse_qsl

from sqlalchemy import select

from data import doors, export_jobs, people
from data.audit import Recorder
from data.filters import Filter
from data.sessions import Database, owner_connection
from data.visitor import Purpose, visiting
from errors import VigiaError, plain
from settings import exports as settings
from settings import store


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="vigia: %(message)s")
    os.nice(5)
    id, (owner_url, app_url) = sys.argv[1], json.load(sys.stdin)
    with owner_connection(owner_url) as connection:
        connection.autocommit = True
        try:
            asyncio.run(_make(connection, id, owner_url, app_url))
        except VigiaError as error:
            export_jobs.failed(connection, id, plain(error))
    return 0


async def _make(connection, id: str, owner_url: str, app_url: str) -> None:
    from data.spans import SEEN_AS
    from routes import paper
    from routes.exports import PAPER, make

    asked, path = export_jobs.asked_for(connection, id), export_jobs.path_of(id)
    pairs = parse_qsl(asked["query"], keep_blank_values=True)
    filter = Filter.from_query(pairs, frozenset(paper.KEYS if asked["format"] == PAPER else ()))
    sheet = paper.read(pairs, filter) if asked["format"] == PAPER else None
    why = Purpose(asked["purpose"], asked["case"], asked["recipient"]) if asked["purpose"] else None
    token = await asyncio.to_thread(people.short_session, owner_url, asked["name"], int(settings().export_minutes * 60) + 60)
    async with AsyncExitStack() as ends:
        pool = Database(app_url)
        ends.push_async_callback(pool.close)
        ends.push_async_callback(doors.closed, pool, token)
        visitor, _ = await doors.visitor(pool, token)
        recorder = Recorder(pool, store().audit_key)
        ends.push_async_callback(recorder.stop)
        recorder.start()
        with visiting(visitor, why, lambda _: why):  # a search for a text was for what the file is for
            async with pool.reading() as session:
                seen_as = await session.scalar(select(SEEN_AS))
            made = await make(pool, recorder, asked["format"], filter, why, sheet, read=lambda: export_jobs.writing(connection, id))
        await recorder.record(
            "disclosure", visitor.recorded_as, of=f"export/{asked['format']}", filter=await recorder.filter_text(filter.pairs()), rows=made.rows, release=made.release, address="queue",
            purpose=asked["purpose"], case=asked["case"], recipient=f"#{await recorder.hashed(asked['recipient'])}" if asked["recipient"] else None)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(made.body)
        os.fsync(file.fileno())
    part.rename(path)
    export_jobs.done(connection, id, name=made.name, media_type=made.media_type, rows=made.rows, size_bytes=len(made.body), sha256=hashlib.sha256(made.body).digest(), release=made.release, seen_as=seen_as)


if __name__ == "__main__":
    sys.exit(main())
