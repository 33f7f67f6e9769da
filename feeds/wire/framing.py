"""Streams of text to frames: lines, and the XML events of Cursor on Target. What is too long costs no memory."""

from __future__ import annotations

import re
from collections import Counter

from feeds.nmea import LINE_MAX

ROW_MAX = 65_536  # of NDJSON
EVENT_MAX = 65_536
OPEN, SHUT, DECLARED = re.compile(rb"<event[\s>/]"), b"</event>", b"<!DOCTYPE"


class LineFramer:
    """Lines that end with CR, LF or both, without them; empty ones are none."""

    def __init__(self, limit: int = LINE_MAX):
        self.errors: Counter[str] = Counter()
        self.limit = limit
        self._rest = b""
        self._skipping = False

    def push(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        if self._skipping:
            ends = [at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0]
            if not ends:
                return []
            data, self._skipping = data[min(ends):], False
        lines = (self._rest + data).splitlines(keepends=True)
        self._rest = lines.pop() if lines and lines[-1][-1] not in b"\r\n" else b""
        if len(self._rest) > self.limit:
            self.errors["too long"] += 1
            self._rest, self._skipping = b"", True
        out = []
        for line in lines:
            line = line.rstrip(b"\r\n")
            if len(line) > self.limit:
                self.errors["too long"] += 1
            elif line:
                out.append(line)
        return out

    def close(self) -> list[bytes]:
        """A last line without an end."""
        rest, self._rest, self._skipping = self._rest, b"", False
        return [rest] if rest else []


class EventFramer:
    """`<event>` elements one after the other. What stands between them is dropped; an event after a DOCTYPE is refused."""

    def __init__(self, limit: int = EVENT_MAX):
        self.errors: Counter[str] = Counter()
        self.limit = limit
        self._rest = b""
        self._from = 0  # the open event holds no end before here
        self._open = False
        self._declared = False

    def push(self, data: bytes) -> list[bytes]:
        """The events that are whole now."""
        text, at, out = self._rest + data, 0, []
        while True:
            if not self._open:
                found = OPEN.search(text, at)
                between = text[at:found.start() if found else None]
                self._declared |= DECLARED in between.upper()
                if found is None:
                    # The last bytes may begin a word.
                    self._rest = between[1 - len(DECLARED):]
                    return out
                at, self._from, self._open = found.start(), 0, True
            end = text.find(SHUT, at + self._from, at + self.limit)
            if end < 0 and len(text) - at < self.limit:
                self._rest, self._from = text[at:], max(0, len(text) - at - len(SHUT) + 1)
                return out
            if end < 0:
                self.errors["too long"] += 1
                at += self.limit
            else:
                end += len(SHUT)
                if self._declared:
                    self.errors["DOCTYPE"] += 1
                else:
                    out.append(text[at:end])
                at = end
            self._open = self._declared = False

    def close(self) -> list[bytes]:
        """Nothing: an event without its end is none."""
        if self._open:
            self.errors["unfinished"] += 1
        self._rest, self._open, self._declared = b"", False, False
        return []
