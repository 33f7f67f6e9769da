"""Giving something out from the command line: as whom, what for, and on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from errors import PurposeMissing


def purpose_of(world: str, purpose: str | None, case: str | None, recipient: str | None):
    """What an export is for (data.visitor.Purpose); None for one of the exercise that stays in the house. Raises PurposeMissing."""
    from data.visitor import Purpose

    if not (purpose and case) and (world == "live" or recipient):
        raise PurposeMissing("an export of live records needs --purpose and --case")
    return Purpose(purpose, case, recipient) if purpose and case else None


@asynccontextmanager
async def looking(whose: str | None, why, seconds: int = 600) -> AsyncIterator[tuple]:
    """The database as a person sees it, for a session that ends with the block, after `seconds` at the latest: (pool, recorder, visitor)."""
    from data import addresses, doors, migrations, people
    from data.audit import Recorder
    from data.sessions import Database
    from data.visitor import visiting
    from settings import store

    with addresses.opened() as (owner_url, app_url):
        await asyncio.to_thread(migrations.upgrade, owner_url)
        token = await asyncio.to_thread(people.short_session, owner_url, whose, seconds)
        pool = Database(app_url)
        async with AsyncExitStack() as ends:
            ends.push_async_callback(pool.close)
            ends.push_async_callback(doors.closed, pool, token)
            visitor, _ = await doors.visitor(pool, token)
            recorder = Recorder(pool, store().audit_key)
            ends.push_async_callback(recorder.stop)
            recorder.start()
            with visiting(visitor, why):
                yield pool, recorder, visitor
