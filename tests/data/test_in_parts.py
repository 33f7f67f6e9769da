"""What is read in parts comes in parts, and is closed whenever its reader goes."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import aclosing

import psycopg
import pytest
from sqlalchemy import text

from data.in_parts import in_parts
from data.sessions import Database

LONG = text("SELECT n, pg_sleep(0.001) FROM generate_series(1, 1000000) n")  # a part takes longer than whoever reads it


@pytest.fixture
async def pool(database):
    made = Database(database.app_url)
    yield made
    await made.close()


async def test_no_more_than_a_part_is_fetched(pool, monkeypatch):
    asked, fetched = [], psycopg.AsyncServerCursor.fetchmany
    monkeypatch.setattr(psycopg.AsyncServerCursor, "fetchmany", lambda self, size=0: asked.append(size) or fetched(self, size))
    monkeypatch.setattr(psycopg.AsyncServerCursor, "fetchall", None)
    async with pool.reading() as session, aclosing(in_parts(session, text("SELECT n FROM generate_series(1, 1234) n"), 100)) as found:
        parts = [[n for (n,) in part] async for part in found]
    assert [len(part) for part in parts] == [100] * 12 + [34] and sum(parts, []) == list(range(1, 1235))
    assert asked and max(asked) <= 100


@pytest.mark.parametrize("parts", [0, 1, 3])
async def test_a_reader_who_goes_in_the_middle_leaves_no_cursor_open(pool, parts):
    reached, read = asyncio.Event(), []

    async def reads() -> None:
        async with pool.reading() as session:
            if not parts:
                asyncio.get_running_loop().call_later(0.005, reached.set)  # while the cursor is being made
            async with aclosing(in_parts(session, LONG, 50)) as found:
                async for part in found:
                    read.append(len(part))
                    if len(read) == parts:
                        reached.set()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(3):
            task = asyncio.create_task(reads())
            await asyncio.wait({task, asyncio.ensure_future(reached.wait())}, return_when=asyncio.FIRST_COMPLETED)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task
            gc.collect()
            read.clear(), reached.clear()
    assert [str(one.message) for one in told if issubclass(one.category, ResourceWarning)] == []
    async with pool.reading() as session:
        assert await session.scalar(text("SELECT 1")) == 1
