"""The pool that callbacks read from: the server's own, opened in its lifespan."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import FastAPI

from data.filters import Filter
from data.sessions import Database
from data.visitor import at_hand

_server: FastAPI | None = None


def use(server: FastAPI) -> None:
    """Called once, when the app is put together."""
    global _server
    _server = server


def database() -> Database:
    return _server.state.database


async def record(of: str) -> None:
    """Tell the record which one somebody opened. Raises RecordFailed: then it is not shown."""
    if (visitor := at_hand()) is not None:
        await _server.state.recorder.record("consultation", visitor.recorded_as, of=of, rows=1)


def filter_of(choices: dict) -> Filter:
    """The Filter of what the browser says its choices are. Raises FilterInvalid."""
    return Filter.from_query(parse_qsl(choices.get("query", ""), keep_blank_values=True))
