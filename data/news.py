"""News of fixes: each batch of newest places has a number, told to whoever listens once the batch is there.

The number alone is told, for a notification passes every policy by; what changed under it is read as the one who asks.
"""

from __future__ import annotations

import psycopg

CHANNEL = "vigia_live"

GONE = "g"  # before a colon: newest places were taken away or may be seen by others, in batch so-and-so if they were made anew


def next_batch(connection: psycopg.Connection) -> int:
    """A number for the newest places that are about to change."""
    return connection.execute("SELECT nextval('vigia.live_batch')").fetchone()[0]


def tell(connection: psycopg.Connection, batch: int) -> None:
    """Say that a batch is there, when the caller's transaction is."""
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(batch)))


def tell_gone(connection: psycopg.Connection, anew: int | None = None) -> None:
    """Say that newest places were taken away, or are others' to see; those of the batch `anew` were made again of what is left."""
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{GONE}:{'' if anew is None else anew}"))
