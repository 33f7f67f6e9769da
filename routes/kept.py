"""Tiles made lately, kept in memory by their ETag: many screens look at the same place, and ask at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from cachetools import LRUCache

OVERHEAD_BYTES = 300  # what a kept answer costs beside its bytes


class Kept:
    """At most `most_bytes` of answers, the longest unused going first; what two ask for at once is made once.

    A key has to name everything the answer depends on, the state of the data included: nothing here ever grows old.
    """

    def __init__(self, most_bytes: int):
        self._held: LRUCache[str, bytes] = LRUCache(most_bytes, getsizeof=lambda body: len(body) + OVERHEAD_BYTES)
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, key: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """The answer kept under `key`, else the one `make` gives. An error of `make` is raised and not kept."""
        if (body := self._held.get(key)) is not None:
            return body
        lock = self._making.setdefault(key, asyncio.Lock())
        async with lock:
            if (body := self._held.get(key)) is not None:
                return body
            body = await make()
            if len(body) + OVERHEAD_BYTES <= self._held.maxsize:
                self._held[key] = body
            return body

    @property
    def bytes(self) -> int:
        """What is kept now."""
        return int(self._held.currsize)
