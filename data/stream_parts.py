"""What a stream is made of: its messages, who listens, and the groups to whom the same is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import orjson
import shapely

from data.filters import Filter
from data.newest import COLUMNS
from data.policy import View
from data.visitor import Purpose, Visitor

PIECE_ROWS = 4_000  # of one message: a browser reads it between two frames
EVENTS_MOST = 50_000  # of which a group is told that they are gone
BACK = 64  # batches that may have been written before one with a higher number, and be there after it
SCOPE, BATCH = len(COLUMNS), len(COLUMNS) + 1
LON, LAT = COLUMNS.index("lon"), COLUMNS.index("lat")


@dataclass(frozen=True)
class Message:
    """One event of the stream; `data` is JSON without a line break."""

    event: str
    data: bytes
    id: str | None = None

    @cached_property
    def wire(self) -> bytes:
        """As it is sent: made once for however many listen."""
        at = f"id: {self.id}\r\n".encode() if self.id else b""
        return b"event: %b\r\n%bdata: %b\r\n\r\n" % (self.event.encode(), at, self.data)


@dataclass
class Listener:
    """One open stream. `waiting` holds the newest row of each track that it was not told yet."""

    visitor: Visitor
    filter: Filter
    purpose: Purpose | None = None  # what a search among persons and vehicles is for
    group: Group | None = None
    ready: list[Message] = field(default_factory=list)  # whole, as everybody of the group gets them
    waiting: dict[int, bytes] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)  # tracks it was told of that are not in sight any more; told before what waits
    events: dict[int, bytes] = field(default_factory=dict)  # by number, as last told
    events_gone: set[int] = field(default_factory=set)  # events it was told of that are not there any more
    alerts: bytes | None = None
    events_at: int = 0  # the newest number it was told of events under
    since: float = 0.0  # it owes us a look since then (monotonic); 0: it does not
    lagged: bool = False
    silent: bool = False  # nobody can say what it may see: it is told nothing, and all of it anew when somebody can
    ended: str | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.woken.set()


@dataclass
class Group:
    """Listeners to whom the same is told."""

    key: tuple[str, str, bool]
    view: View
    filter: Filter
    listeners: list[Listener] = field(default_factory=list)
    coming: asyncio.Future | None = None  # the first look that whoever comes now will share
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    shown: set[int] = field(default_factory=set)  # the tracks it was told of: of these alone it is told that they are gone
    events: set[int] = field(default_factory=set)  # the events it was told of, likewise
    alerts: bytes | None = None  # as all of it were told of them last
    known: bool = False  # whether those are all that anybody of it can hold
    stirred: int = 0  # how often something left, or may have
    due: bool = False  # something may have left: look soon
    vanished: bool = False  # and not only by moving: alerts may be gone with it
    looked: float = 0.0

    def told_events(self, found: Iterable[int]) -> None:
        """It was told of these."""
        self.events |= set(found)
        if len(self.events) > EVENTS_MOST:  # nobody's list is so long: those told longest ago are not looked after any more
            self.events = set(sorted(self.events)[-EVENTS_MOST:])

    @cached_property
    def narrow(self) -> bool:
        """Whether what moves can leave its filter."""
        return len(self.filter.latest()) > 1

    @property
    def told(self) -> list[Listener]:
        """Those of it that may be told something now."""
        return [listener for listener in self.listeners if not listener.silent]


@dataclass(frozen=True)
class Look:
    """What there is, or what was missed, as it is told; how far it reaches."""

    fixes: list[bytes]
    events: list[Message]
    reached: int
    events_at: int
    ids: frozenset[int] = frozenset()

    @cached_property
    def pieces(self) -> list[Message]:
        """Its rows as messages, made once for however many begin with this look."""
        return pieces(self.fixes, None)


def told_of(rows: list[tuple], view: View) -> dict[int, bytes]:
    """Rows as they go out, by track, of those that are seen."""
    return {row[0]: encoded(row) for row in rows if seen(view, row)}


def seen(view: View, row: tuple) -> bool:
    """Whether a row of data/newest.py is seen."""
    return view.sees("movements", row[SCOPE], row[0], shapely.Point(row[LON], row[LAT]) if view.areas else None)


def encoded(row: tuple) -> bytes:
    """A row of data/newest.py as JSON: places to 11 cm, what is measured to a tenth."""
    told = list(row[:SCOPE])
    for i in (5, 6):
        told[i] = round(told[i], 6)
    for i in (7, 8, 9, 10, 11):
        told[i] = None if told[i] is None else round(told[i], 1)
    return orjson.dumps(told)


def fixes(rows: list[bytes], at: str | None) -> Message:
    """Rows as one message."""
    return Message("fixes", b"[" + b",".join(rows) + b"]", at)


def ids(event: str, tracks: set[int]) -> Message:
    """Tracks by their numbers: `gone`, or with `standing` all there are."""
    return Message(event, orjson.dumps(sorted(tracks)))


def pieces(rows: list[bytes], at: str | None) -> list[Message]:
    """Rows as messages of a size a browser can read at once; where a stream is stands with the last."""
    parts = [rows[i:i + PIECE_ROWS] for i in range(0, len(rows), PIECE_ROWS)] or [[]]
    return [fixes(part, at if part is parts[-1] else None) for part in parts]


def mark(batch: int, listener: Listener) -> str:
    """Where a stream is: a batch, under which rights it is told, and how far events were."""
    return f"{batch}-{rights(listener.group)}-{listener.events_at}"


def rights(group: Group) -> str:
    """Under which rights a group is told, in short."""
    return group.key[0][:12] + ("+" if group.key[2] else "")


def resumed(told: str | None, group: Group) -> int | None:
    """The batch after which a stream goes on; None: from the beginning, as when it may see otherwise than it did."""
    batch, under, *_ = [*(told or "").split("-"), ""]
    return max(0, int(batch) - BACK) if batch.isdecimal() and len(batch) < 19 and under == rights(group) else None


def resumed_events(told: str) -> int:
    """The number after which events are told again."""
    number = told.rpartition("-")[2]
    return max(0, int(number) - BACK) if number.isdecimal() and len(number) < 19 else 0
