"""What the database refuses for what it says: found by halves, its frames put aside on disk, counted; the rest of the batch is stored."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psycopg

from feeds.spool import MAGIC, record
from feeds.wire import Frame

# Of what is said, not of a database that is away or busy: trying again would never end.
REFUSALS = (psycopg.DataError, psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation, UnicodeError, OverflowError)
ASIDE_BYTES = 16_000_000  # kept of each feed: whoever sends nothing else must not fill the disk


def all_but_refused(connection: psycopg.Connection, number: int, put: Callable[[int, int], None]) -> dict[int, str]:
    """Have `put(first, end)` store so many positions and names in parts, each in a savepoint; which of them were refused, and by what."""
    connection.execute("SELECT")  # begins the transaction that the savepoints are in
    refused: dict[int, str] = {}
    parts = [(0, number)]
    while parts:
        first, end = parts.pop()
        try:
            with connection.transaction():
                put(first, end)
        except REFUSALS as error:
            if end - first <= 1:
                refused[first] = type(error).__name__  # what the database says of it may hold what it refused
            else:
                middle = (first + end) // 2
                parts += [(middle, end), (first, middle)]  # the earlier ones next
    return refused


def put_aside(folder: Path, name: str, frames: list[Frame]) -> int:
    """Keep frames in a feed's folder, as a spool does; how many. A batch that is tried again has the same name and is there once."""
    path = folder / f"{name}.refused"
    left = ASIDE_BYTES - sum(p.stat().st_size for p in folder.glob("*.refused") if p != path)
    kept = []
    for body in map(record, frames):
        left -= len(body)
        if left < 0:
            break
        kept.append(body)
    if kept:
        beside = path.with_suffix(".part")
        with open(beside, "wb", opener=lambda at, flags: os.open(at, flags, 0o600)) as file:
            file.write(MAGIC + b"".join(kept))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    return len(kept)
