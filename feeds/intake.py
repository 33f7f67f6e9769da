"""What is sent to us: looked at, and on disk before it is said to be taken. Stored by whoever listens (feeds/listening.py)."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from errors import Refusal, SpoolForeign, SpoolFull, TooMuch
from feeds import receipt, spool_owner
from feeds.bucket import Bucket
from feeds.spool import SpoolWriter
from feeds.wire import DECODERS, Frame, Heard, epcis, fixes
from feeds.wire.fixes import BYTES_MAX

__all__ = ["BYTES_MAX", "Intake", "Taken"]

VALIDATE = {"fixes": fixes.validate, "epcis": epcis.validate}
FEEDS_MAX = 64  # whose files one process keeps open


@dataclass(frozen=True)
class Taken:
    """What of a request is on disk."""

    rows: int
    refused: list[Refusal]


class Intake:
    """The spools of what is sent to this process, one for each feed."""

    def __init__(self, folder: Path, *, limit_bytes: int, rate_per_s: float):
        self._folder, self._limit_bytes, self._rate_per_s = folder, limit_bytes, rate_per_s
        self._writers: OrderedDict[int, tuple[SpoolWriter, Bucket, threading.Lock]] = OrderedDict()

    async def take(self, feed: int, format: str, body: bytes, *, good_only: bool = False) -> Taken:
        """Take a request's body, or say what is wrong with each row; nothing is taken then unless `good_only`. Raises SpoolFull, SpoolForeign, TooMuch."""
        received_us = receipt.CLOCK.now_us()
        rows, refused, kept = await asyncio.to_thread(_looked_at, format, body, received_us, good_only)
        if not rows or (refused and not good_only):
            return Taken(0, refused)
        writer, bucket, lock = self._of(feed)
        if rows > 2 * self._rate_per_s:
            raise TooMuch(f"{rows:,} rows are more than this feed may ever send at once: {2 * self._rate_per_s:,.0f}; send less at a time")
        if not bucket.admit(rows, whole=True):
            raise TooMuch(f"{rows:,} rows are more than this feed may send now: {self._rate_per_s:,.0f} a second; try again in a moment")
        self._refuse_foreign(feed, writer)
        await asyncio.to_thread(_keep, writer, lock, Frame(kept, received_us, format))
        return Taken(rows, refused)

    def _refuse_foreign(self, feed: int, writer: SpoolWriter) -> None:
        try:
            spool_owner.refuse(writer.folder)
        except SpoolForeign:
            _, _, lock = self._writers.pop(feed)  # its file goes with the folder when that is moved away
            with lock:
                writer.close()
            raise

    def close(self) -> None:
        while self._writers:
            _, (writer, _, lock) = self._writers.popitem()
            with lock:
                writer.close()

    def _of(self, feed: int) -> tuple[SpoolWriter, Bucket, threading.Lock]:
        if feed not in self._writers:
            while len(self._writers) >= FEEDS_MAX:
                _, (writer, _, lock) = self._writers.popitem(last=False)
                with lock:
                    writer.close()
            self._writers[feed] = SpoolWriter(self._folder / str(feed), limit_bytes=self._limit_bytes), Bucket(self._rate_per_s), threading.Lock()
        self._writers.move_to_end(feed)
        return self._writers[feed]


def _keep(writer: SpoolWriter, lock: threading.Lock, frame: Frame) -> None:
    with lock:
        if not writer.append([frame]):
            raise SpoolFull("there is no room for what this feed sends: it is kept on disk until it is stored, and the disk is full")
        writer.sync()


def _looked_at(format: str, body: bytes, received_us: int, good_only: bool) -> tuple[int, list[Refusal], bytes]:
    """How many positions a body has, what is wrong with the others, and the bytes to keep."""
    if format in VALIDATE:
        heard, refused = VALIDATE[format](body, received_us)
        return len(heard), refused, body
    decoder = DECODERS[format]()
    found = decoder.decode([Frame(body, received_us, format)])
    refused = [Refusal("body", None, None, None, f"{what} ({number})") for what, number in sorted(decoder.errors.items())]
    return sum(isinstance(one, Heard) for one in found), refused, body
