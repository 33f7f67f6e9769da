"""For tests of what ends by itself: asked while it holds, and then waited out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def asked_before_the_end(connection, when: str, ends: Callable[[float], None], ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` gave before the end that `ends(seconds)` set and the query `when` tells. Returns after it; a busy machine is given more time."""
    for in_s in (0.5, 4.0, 32.0, 256.0):
        ends(in_s)
        got = await ask()
        left_s = connection.execute(f"SELECT extract(epoch FROM ({when}) - clock_timestamp())::float").fetchone()[0]  # a query of ours
        connection.commit()
        if left_s > 0:
            connection.execute("SELECT pg_sleep(%s)", (left_s + 0.01,))
            connection.commit()
            return got
    raise AssertionError("it ended before anybody could ask")
