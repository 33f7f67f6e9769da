"""RFID reads over MQTT, in our own words: which reader saw which tag, and when. The schema: docs/schemas/read.json."""

from __future__ import annotations

import re
from collections.abc import Iterator

from feeds.wire.told import Frame, FrameDecoder, Heard, Told, Unfit
from feeds.wire.values import iso_us, mapping, number, parse, shown, text

NAMES = ("reader", "epc", "at", "antenna", "rssi")
READS_MAX = 10_000
# A reader that may publish to its own topic only can't speak for another.
TOPIC = re.compile(r"(?:^|/)reads/([^/]+)$")


class Reads(FrameDecoder):
    """An object, or an array of them, for each message. Where a reader stands, the writer knows."""

    def __init__(self, kind: str = "tag"):
        super().__init__()
        self.kind = kind

    def _read(self, frame: Frame, index: int) -> Iterator[Heard | Told]:
        told = parse(frame.data)
        rows = told if isinstance(told, list) else [told]
        if len(rows) > READS_MAX:
            raise Unfit("too many rows", None, f"{len(rows):,} rows", f"at most {READS_MAX:,} reads")
        own = TOPIC.search(frame.topic)
        for row in rows:
            try:
                yield self._one(mapping(row), own[1] if own else None, frame, index)
            except Unfit as bad:
                self.errors[bad.what] += 1

    def _one(self, row: dict, own: str | None, frame: Frame, index: int) -> Heard:
        if unknown := [name for name in row if name not in NAMES]:
            raise Unfit("unknown name", unknown[0][:80], shown(row[unknown[0]]), f"one of {', '.join(NAMES)}")
        if own is not None and row.setdefault("reader", own) != own:
            raise Unfit("another's reader", "reader", shown(row["reader"]), own)
        epc = text(row, "epc", needed=True)
        number(row, "antenna", 0, 65_535)
        number(row, "rssi", -200, 100)
        at = iso_us(row["at"], "at") if "at" in row else frame.received_us
        nowhere = float("nan")
        return Heard(f"epc:{epc}", self.kind, at, nowhere, nowhere, identifiers={"epc": epc}, reader=text(row, "reader", needed=True), frame=index)
