"""For whom the database is asked: the visitor of the request at hand.

Set by whoever lets a request in (routes/guard.py) for as long as it is answered; every transaction of `Database` begins as this one.
With nobody set a transaction sees no governed row at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Visitor:
    """A person or a screen that is signed in. The token never leaves this process but for the database."""

    kind: str
    id: int
    name: str
    shown: str
    roles: frozenset[str]
    ceiling: int
    agencies: tuple[str, ...]
    token: str = field(repr=False)

    @property
    def recorded_as(self) -> str:
        """How the record names this one: by number, never by name."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Purpose:
    """What for, in which case, and for whom outside, if for anybody: told with a request that must not be made without."""

    words: str
    case: str
    recipient: str | None = None


Searching = Callable[[str], "Purpose | None"]
"""What a search for a text is made for; None: nobody told."""

_searching: ContextVar[Searching | None] = ContextVar("searching", default=None)
_purpose: ContextVar[Purpose | None] = ContextVar("purpose", default=None)
_at_hand: ContextVar[Visitor | None] = ContextVar("visitor", default=None)


def at_hand() -> Visitor | None:
    """Who is asking, None outside of a request that somebody signed in made."""
    return _at_hand.get()


def purpose() -> Purpose | None:
    """What the request at hand is made for, as far as it was told."""
    return _purpose.get()


def search_purpose(q: str) -> Purpose | None:
    """What the request at hand searches for `q` for: told with it, or a while ago (routes/guard.py)."""
    told = _purpose.get()
    return told if told is not None or (searching := _searching.get()) is None else searching(q)


@contextmanager
def visiting(visitor: Visitor | None, purpose: Purpose | None = None, searching: Searching | None = None) -> Iterator[None]:
    """Everything asked inside is asked for `visitor`, and for `purpose`; searches for a text for what `searching` says."""
    before = _at_hand.set(visitor), _purpose.set(purpose), _searching.set(searching)
    try:
        yield
    finally:
        for variable, token in zip((_at_hand, _purpose, _searching), before):
            variable.reset(token)
