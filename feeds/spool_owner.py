"""Whose a spool is. Its folder has the number of a feed, and a feed of another database, one that was restored say, may have the same number."""

from __future__ import annotations

import os
from pathlib import Path

from errors import SpoolForeign

OWNER, FOREIGN = "owner", "foreign"


def claim(folder: Path, feed: str, name: str) -> None:
    """Say that a spool is this feed's, by what no other feed of any database has. Raises SpoolForeign; whoever spools for the feed is told too (`refuse`).

    One that nobody has claimed yet is taken over, with what an older version left in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / OWNER
    told = path.read_text() if path.exists() else None
    if told is None:
        beside = path.with_suffix(".part")
        with open(beside, "w", opener=lambda at, flags: os.open(at, flags, 0o600)) as file:
            file.write(feed)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    elif told != feed:
        (folder / FOREIGN).touch(0o600)
        raise SpoolForeign(_words(folder, f"the feed {name}"))
    (folder / FOREIGN).unlink(missing_ok=True)


def refuse(folder: Path) -> None:
    """Put nothing into a spool that was found to be another feed's. Raises SpoolForeign."""
    if (folder / FOREIGN).exists():
        raise SpoolForeign(_words(folder, "this feed"))


def _words(folder: Path, feed: str) -> str:
    return f"{folder} holds what a feed of another database told, and {feed} has the same number; move the folder away, or run Vigia with the database it belongs to"
