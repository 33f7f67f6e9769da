"""A recording played as a feed: at its own pace or another, once or for ever.

At another pace than its own the positions keep their times, for a ship that is told to be elsewhere too soon would be an impossible one.
In the exercise, and at its own pace, times may be moved to now.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from data.feeds import FeedRow
from feeds import receipt
from feeds.recording import RecordingMissing
from feeds.transports import Alive, Take, Trouble
from feeds.wire import Frame
from settings import store

STEP_S = 0.1
AT_ONCE = 2_000


def path_of(name: str) -> Path:
    """Where a recording is kept; what would lead elsewhere in its name does not."""
    return store().home / "recordings" / Path(name).name


async def run(feed: FeedRow, take: Take, alive: Alive, trouble: Trouble) -> None:
    """Play for as long as there is something to play. Raises RecordingMissing."""
    path, speed = path_of(feed.settings["recording"]), float(feed.settings.get("speed", 1))
    if not path.is_file():
        raise RecordingMissing(f"the recording {path.name} is not there any more; remove the feed and record it again")
    while True:
        await _once(path, speed, bool(feed.settings.get("as_now")), take, alive)
        if not feed.settings.get("loop"):
            trouble("played to its end")
            return


async def _once(path: Path, speed: float, as_now: bool, take: Take, alive: Alive) -> None:
    begun, began, first, due = time.time(), time.monotonic(), None, []
    for at_us, line in _lines(path):
        first = at_us if first is None else first
        wait = began + (at_us - first) / 1e6 / speed - time.monotonic()
        if (wait > 0 or len(due) >= AT_ONCE) and due:
            await take(due)
            alive()
            due = []
        while (wait := began + (at_us - first) / 1e6 / speed - time.monotonic()) > 0:
            alive()
            await asyncio.sleep(min(wait, 1.0) if wait > STEP_S else STEP_S)
        due.append(Frame(_moved(line, int(begun * 1e6) - first) if as_now else line, receipt.CLOCK.now_us()))
    if due:
        await take(due)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with open(path, "rb") as file:
        for line in file:
            yield int(line[1:line.index(b",")]), line.rstrip()


def _moved(line: bytes, by_us: int) -> bytes:
    row = orjson.loads(line)
    row[0] += by_us
    return orjson.dumps(row)
