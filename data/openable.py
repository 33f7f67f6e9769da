"""What of a state leads to something this visitor may see: the rest is left out, by name, before it is opened."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data import page_state
from data.models import Agency, Change, Event, Image, Run, Seizure, Source, Track, Video
from data.page_state import PageState

CHOSEN = {"track": Track, "seizure": Seizure, "image": Image, "video": Video, "event": Event}
LISTS = {"agency": Agency, "track": Track, "source": Source}  # what one may see of them stays
NUMBERED = {"look": Image, "compare": Image, "compare_look": Change, "run": Run}
WITH = {"look": {"bands", "colormap", "stretch"}, "compare": {"compare_mode", "compare_at", "compare_look"}, "sel": {"follow"}}
NOT_SEEN = "something that is there and that you may see"


async def openable(session: AsyncConnection, told: str) -> tuple[PageState, list[dict]]:
    """A kept state without what this visitor may not see or no build knows any more, and what was left out: key, value, expected."""
    state, left_out = page_state.opened(told)
    world, gone = state.filter.world_code, set()

    async def unseen(key: str, column: ColumnElement, asked: Sequence) -> list:
        seen = set((await session.execute(select(column).where(column.in_(asked), column.table.c.world == world))).scalars())
        hidden = [value for value in asked if value not in seen]
        told = [str(value) for value in hidden] if key in LISTS else [state.of(key) or ""] * bool(hidden)
        left_out.extend({"key": key, "value": value[:200], "expected": NOT_SEEN} for value in told)
        return hidden

    for key, table in LISTS.items():
        if asked := getattr(state.filter, key):
            hidden = await unseen(key, table.name if key == "agency" else table.id, asked)
            state = state.but(key, [str(value) for value in asked if value not in hidden]) if hidden else state
    if sel := state.of("sel"):
        kind, _, number = sel.partition(":")
        if await unseen("sel", CHOSEN[kind].id, [int(number)]):
            gone.add("sel")
    for key, table in NUMBERED.items():
        if (value := state.of(key)) and await unseen(key, table.id, [int(n) for n in value.split(",")]):
            gone.add(key)
    return state.without(gone.union(*(WITH.get(key, set()) for key in gone))), left_out
