"""Analyses as the owner sees them, who works them off: which waits longest, what a dead worker was at, what failed."""

from __future__ import annotations

import psycopg

TRIES = 2
DIED = "the server stopped twice while it was at it; take larger cells, a smaller area or a shorter time"
GONE = "whoever asked may no longer sign in"


def again(connection: psycopg.Connection) -> None:
    """What was running when its worker died waits again, or is said failed. To be asked by whoever holds the queue's lock."""
    connection.execute("UPDATE run SET state = 'failed', failure = %s, finished_at = clock_timestamp() WHERE state = 'running' AND tries >= %s", (DIED, TRIES))
    connection.execute("UPDATE run SET state = 'waiting', progress = 0 WHERE state = 'running'")


def next_one(connection: psycopg.Connection) -> dict | None:
    """The run that waits longest, now running: id, filter, method, version, parameters, and the name its asker signs in by (None: may no longer)."""
    row = connection.execute("""
        UPDATE run SET state = 'running', tries = tries + 1, taken_at = clock_timestamp(), progress = 0
        WHERE id = (SELECT id FROM run WHERE state = 'waiting' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, filter, method, version, parameters, seen_as, asked_by,
          (SELECT p.name FROM access.person p WHERE 'person:' || p.id = asked_by AND p.active AND p.roles && ARRAY['coordinator', 'analyst', 'supervisor'])
    """).fetchone()
    return row and dict(zip(("id", "filter", "method", "version", "parameters", "seen_as", "asked_by", "name"), row))


def failed(connection: psycopg.Connection, run: int, words: str) -> None:
    """Why it came to nothing, in words."""
    connection.execute("UPDATE run SET state = 'failed', failure = %s, finished_at = clock_timestamp() WHERE id = %s AND state = 'running'", (words[:500], run))


def called_off(connection: psycopg.Connection, run: int) -> bool:
    """Whether nobody waits for it any more."""
    return connection.execute("SELECT FROM run WHERE id = %s AND state = 'running'", (run,)).fetchone() is None


def progress(connection: psycopg.Connection, run: int, done: float) -> None:
    """How far it is."""
    connection.execute("UPDATE run SET progress = %s WHERE id = %s AND state = 'running'", (done, run))


def waits(connection: psycopg.Connection) -> bool:
    """Whether one waits."""
    return connection.execute("SELECT EXISTS (SELECT FROM run WHERE state = 'waiting')").fetchone()[0]
