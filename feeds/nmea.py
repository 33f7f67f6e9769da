"""NMEA 0183 as AIS comes in it: sentences with their checksum, tag blocks, and messages of several sentences."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

LINE_MAX = 1024
PARTS_MAX = 1000  # unfinished messages kept
PARTS_AGE_US = 30_000_000  # a message whose parts come later than this was never whole

SENTENCE = re.compile(rb"!(?:AI|AB|BS|SA|AN)VD[MO],[^*\s]*\*[0-9A-Fa-f]{2}", re.ASCII)
BEGUN = re.compile(rb"!(?:AI|AB|BS|SA|AN)VD[MO]", re.ASCII)
TAG = re.compile(rb"\\([^\\]*)\\", re.ASCII)


def sum_holds(sentence: bytes) -> bool:
    """Whether the checksum after `*` is that of what stands between `!` and it."""
    body, _, told = sentence[1:].rpartition(b"*")
    return reduce(xor, body, 0) == int(told, 16)


def tag_fields(before: bytes) -> list[bytes]:
    """The fields of a tag block (`s:station`, `c:time`, `g:part-parts-id`), none without one."""
    found = TAG.search(before) if b"\\" in before else None
    return found[1].split(b"*")[0].split(b",") if found else []


def tag_time_s(fields: list[bytes]) -> float | None:
    """Seconds since 1970 of a tag block; some stations tell milliseconds."""
    for part in fields:
        if part.startswith(b"c:") and part[2:].isdigit() and len(part) < 20:
            told = int(part[2:])
            return told / 1000 if told > 10**11 else told
    return None


def tag_group(fields: list[bytes]) -> bytes:
    """The id of a tag block's group (g:1-2-1234), without which two stations' parts could be taken for one message's."""
    for part in fields:
        if part.startswith(b"g:"):
            return part.rsplit(b"-", 1)[-1]
    return b""


@dataclass
class Parts:
    """Messages of several sentences on their way to being whole; `told` goes with each sentence and comes back with it.

    Parts of one tag-block group may come in any order. Others must follow each other: stations count messages from 0 to 9 only,
    and the end of one must not be put to the beginning of another that was lost.
    """

    age_us: int | None = None
    unfinished: int = 0  # given up so far
    _held: OrderedDict[tuple, tuple[int, dict[int, tuple]]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._held)

    def take(self, sentence: bytes, group: bytes, told: object, at_us: int = 0) -> list[tuple[bytes, object]] | None:
        """The (sentence, told) of a whole message in order, or None. Raises ValueError: its numbers make no sense."""
        fields = sentence.split(b",", 6)
        if len(fields) < 7:
            raise ValueError("too few fields")
        total, index = _digit(fields[1]), _digit(fields[2])
        if not 1 <= index <= total <= 9:
            raise ValueError("a part outside its message")
        if total == 1:
            return [(sentence, told)]
        self._forget(at_us)
        key = (fields[0], fields[3], fields[4], total, group)
        since, held = self._held.get(key, (at_us, {}))
        if index in held and held[index][0] == sentence:
            return None  # heard twice
        if held and (index in held or index == 1 and not group):
            self.unfinished += 1
            since, held = at_us, {}
            del self._held[key]
        if not group and index != len(held) + 1:
            self.unfinished += 1
            self._held.pop(key, None)
            return None
        held[index] = (sentence, told)
        if len(held) == total:
            self._held.pop(key, None)
            return [held[i] for i in sorted(held)]
        self._held[key] = since, held
        if len(self._held) > PARTS_MAX:
            self._held.popitem(last=False)
            self.unfinished += 1
        return None

    def _forget(self, at_us: int) -> None:
        while self.age_us and self._held:
            key = next(iter(self._held))
            if at_us - self._held[key][0] <= self.age_us:
                return
            del self._held[key]
            self.unfinished += 1


def _digit(field_: bytes) -> int:
    return int(field_) if len(field_) == 1 and field_.isdigit() else 0
