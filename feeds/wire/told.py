"""What goes into a decoder and what comes out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import nan
from typing import Protocol

from feeds.flags import doubtful_time


@dataclass(frozen=True, slots=True)
class Frame:
    """One unit as received: a line, a datagram, an MQTT message, a request body, one CoT event."""

    data: bytes
    received_us: int  # our clock, epoch microseconds UTC
    topic: str = ""  # of MQTT


@dataclass(frozen=True, slots=True)
class Heard:
    """One position."""

    key: str
    kind: str
    observed_us: int
    lon: float
    lat: float
    name: str | None = None
    identifiers: dict[str, str] = field(default_factory=dict)  # mmsi, imo, callsign, plate, epc, tid …
    speed_mps: float = nan
    course_deg: float = nan
    heading_deg: float = nan
    altitude_m: float = nan
    accuracy_m: float = nan
    reader: str | None = None  # an RFID read: lon and lat are NaN then, and the writer looks up where the reader stands
    flags: int = 0  # of data/flags.py
    frame: int = 0  # of the frames handed in, the one it came from
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Names without a position: the last known place stays."""

    key: str
    kind: str
    name: str | None
    identifiers: dict[str, str]
    frame: int


class Decoder(Protocol):
    """Frames to positions. Keeps what it needs between calls, within bounds; never raises on what it is given."""

    errors: Counter[str]
    passed: Counter[str]

    def decode(self, frames: list[Frame]) -> list[Heard | Told]:
        """What the frames tell, in their order."""
        ...


class Framer(Protocol):
    """A stream of bytes to frames. Keeps no more than one frame, however long what comes is."""

    errors: Counter[str]

    def push(self, data: bytes) -> list[bytes]:
        """The frames that are whole now."""
        ...

    def close(self) -> list[bytes]:
        """What was left when the stream ended."""
        ...


class Unfit(ValueError):
    """A message, or one row of it, that can't be taken: a class to count it by, field, value, what was expected."""

    def __init__(self, what: str, name: str | None = None, value: object = None, expected: str = ""):
        super().__init__(what)
        self.what, self.name, self.value, self.expected = what, name, value, expected or what


class FrameDecoder:
    """A decoder of frames that stand alone: a child gives `_read`, which may raise Unfit."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()

    def decode(self, frames: list[Frame]) -> list[Heard | Told]:
        """What the frames tell, in their order."""
        out: list[Heard | Told] = []
        for number, frame in enumerate(frames):
            try:
                out.extend(self._read(frame, number))
            except Unfit as bad:
                self.errors[bad.what] += 1
        return out

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        raise NotImplementedError


def heard_at(told_us: int | None, received_us: int) -> tuple[int, int]:
    """When it was, and flags: the time told, or ours where that is nonsense and says nothing about the position."""
    if told_us is None:
        return received_us, 0
    flags = doubtful_time(told_us, received_us)
    return (received_us, flags) if flags else (told_us, 0)
