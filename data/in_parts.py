"""A long answer read in parts: no more of it is held, here or by the driver, than one part."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection


async def in_parts(session: AsyncConnection, asked: Executable, rows: int) -> AsyncGenerator[Sequence[Row], None]:
    """The rows of a query, `rows` at most at a time. Whoever may leave in the middle closes it (`contextlib.aclosing`)."""
    found = await session.stream(asked, execution_options={"yield_per": rows})
    try:
        # The size is told here too: without it the rest comes in one piece (SQLAlchemy 2.1.9, tests/data/test_in_parts.py).
        async for part in found.partitions(rows):
            yield part
    finally:
        await found.close()
