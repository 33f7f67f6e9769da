"""What each listening session may see, held in memory: a stream decides event by event, and an answer of the database is at most
EVERY_S old. A session that ended, an operation that is over and an authority that ran out are therefore felt within that time.

NOTIFY passes row-level security by: it carries ids alone, and whoever hands an event on asks here first.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import shapely
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from data.sessions import Database
from errors import DatabaseUnreachable

log = logging.getLogger("vigia.policy")

EVERY_S = 2.0
LAYERS = ("movements", "seizures", "imagery")


@dataclass(frozen=True)
class View:
    """What one session may see: a bit for each scope (data/scope.py) of each layer, the tracks that are sealed, and for scopes that an operation
    with an area shares, which of `areas` (from 1; 0 is none) a row of it must lie in."""

    bits: dict[str, bytes]
    sealed: frozenset[int]
    within: dict[str, tuple[int, ...]]
    areas: tuple[shapely.Geometry, ...]

    @cached_property
    def key(self) -> str:
        """Another one for whoever may see other rows."""
        told = [*(self.bits[layer] for layer in LAYERS), ",".join(map(str, sorted(self.sealed))).encode(), repr(sorted(self.within.items())).encode(),
                *(shapely.to_wkb(area) for area in self.areas)]
        return hashlib.sha256(b"|".join(told)).hexdigest()[:32]

    def sees(self, layer: str, scope: int, track: int | None = None, place: shapely.Geometry | None = None) -> bool:
        """Whether a row of this scope, at this place, is seen; what is unknown is not."""
        if scope < 0 or track in self.sealed:
            return False
        bits, within = self.bits[layer], self.within[layer]
        if scope < 8 * len(bits) and bits[scope >> 3] >> (scope & 7) & 1:
            return True
        number = within[scope] if scope < len(within) else 0
        return number > 0 and place is not None and bool(self.areas[number - 1].covers(place))


async def view(database: Database, token: str) -> View | None:
    """What a session may see now; None when there is no such session (any more)."""
    async with database.asking() as session:
        row = (await session.execute(text("SELECT * FROM access.seen(:token)"), {"token": token})).mappings().one_or_none()
    if row is None:
        return None
    areas = tuple(shapely.from_wkb(area) for area in row["areas"])
    shapely.prepare(areas)
    return View({layer: bytes(row[layer]) for layer in LAYERS}, frozenset(row["sealed"]), {layer: tuple(row[f"{layer}_within"]) for layer in LAYERS}, areas)


class Snapshot:
    """The views of those who listen, asked for again every few seconds while anybody does."""

    def __init__(self, database: Database, every_s: float = EVERY_S):
        self._database = database
        self._every_s = every_s
        self._views: dict[str, View | None] = {}
        self._listening: dict[str, int] = {}
        self._away: set[str] = set()
        self._task: asyncio.Task | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def join(self, token: str) -> View | None:
        """Begin to listen. None: there is no such session."""
        self._listening[token] = self._listening.get(token, 0) + 1
        self._views[token] = await view(self._database, token)
        return self._views[token]

    def leave(self, token: str) -> None:
        """Listen no more."""
        self._listening[token] -= 1
        if not self._listening[token]:
            del self._listening[token], self._views[token]
            self._away.discard(token)

    def of(self, token: str) -> View | None:
        """What a listener may see; None: its stream has to end, or, while the database can't be asked (`away`), to be silent."""
        return self._views.get(token)

    async def refresh(self) -> None:
        """Ask again for everybody who listens."""
        for token in list(self._listening):
            try:
                found = await view(self._database, token)
            except (SQLAlchemyError, DatabaseUnreachable, OSError) as error:
                log.error("what a listener may see can't be told: %s", type(error).__name__)
                found = None
                self._away.add(token)
            else:
                self._away.discard(token)
            if token in self._listening:
                self._views[token] = found

    def away(self, token: str) -> bool:
        """Whether nobody could say what a listener may see: it is told nothing meanwhile, and its session may well stand."""
        return token in self._away

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.refresh()
