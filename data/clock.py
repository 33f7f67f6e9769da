"""The guard over erasing by time: a clock that jumped must not empty a database. By the owner, in the caller's transaction.

What was last seen is kept. While the machine was not started anew, its own count of seconds tells how long it has been; after a start, the
record does: its entries since, none further than a step from the next. A person with the legal role confirms what neither explains.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from data import people
from errors import VigiaError
from settings import keeping

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SET_BACK = timedelta(minutes=5)  # what a time server may correct a clock by


class ClockRefused(VigiaError):
    """The clock stands where it can't: nothing is erased by it."""


@dataclass(frozen=True)
class Moment:
    """What time it is: by the database, and in seconds since this machine was started, asleep or not. Tests make their own."""

    now: datetime
    boot: str | None = None
    boot_s: float | None = None

    @classmethod
    def of(cls, connection: psycopg.Connection) -> Moment:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone()
        if not BOOT_ID.exists() or not hasattr(time, "CLOCK_BOOTTIME"):
            return cls(now)
        return cls(now, BOOT_ID.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME))


def look(connection: psycopg.Connection, moment: Moment) -> None:
    """Take down the moment. Raises ClockRefused, of which the reason is kept, when it is not to be believed."""
    row = connection.execute("SELECT seen_at, boot, boot_seen_at, boot_seen_s FROM retention_clock FOR UPDATE").fetchone()
    if why := _unbelieved(connection, row, moment):
        told = f"{why}; nothing is erased. When the clock is right, a person with the role legal says so: ./vigia retention confirm-clock --as NAME"
        remember(connection, told)
        raise ClockRefused(told)
    _keep(connection, moment, anew=row is None or row[1] != moment.boot)


def remember(connection: psycopg.Connection, told: str) -> None:
    """Keep why the clock was not believed. A first look has nothing it saw before, and this one is not taken for it."""
    connection.execute("UPDATE retention_clock SET refused = %s", (told,))


def _unbelieved(connection: psycopg.Connection, row: tuple | None, moment: Moment) -> str | None:
    step = timedelta(hours=keeping().clock_step_hours)
    seen, boot, boot_seen_at, boot_seen_s = row or (_newest(connection), None, None, None)
    if seen is None:
        return None
    if moment.now < seen - SET_BACK:
        return f"the clock stands at {_told(moment.now)}, {_long(seen - moment.now)} behind {_told(seen)}, which was seen already"
    if boot is not None and boot == moment.boot:
        passed = timedelta(seconds=moment.boot_s - boot_seen_s)
        off = moment.now - boot_seen_at - passed
        if abs(off) > step:
            return (f"the clock stands at {_told(moment.now)}; this machine counted {_long(passed)} since {_told(boot_seen_at)}, so the clock jumped by "
                    f"{_long(off)}, and a step of {_long(step)} is believed")
        return None
    known = seen if row is None else _followed(connection, seen, step)
    if moment.now - known > step:
        return (f"the clock stands at {_told(moment.now)}, {_long(moment.now - known)} ahead of {_told(known)}, the last moment known, "
                f"and a step of {_long(step)} is believed")
    return None


def confirm(connection: psycopg.Connection, who: str, moment: Moment) -> None:
    """Somebody with the legal role says that the clock is right. Raises NotFound, Forbidden."""
    person = people.with_role(connection, who, "legal")
    row = connection.execute("SELECT seen_at FROM retention_clock FOR UPDATE").fetchone()
    _keep(connection, moment, anew=True)
    people.tell(connection, "change", who=f"person:{person}", of="clock",
                to=f"{_told(row[0]) if row else 'nothing seen'} -> {_told(moment.now)}, confirmed")


def refused(connection: psycopg.Connection) -> str | None:
    """Why the last run erased nothing, when its clock was not believed."""
    row = connection.execute("SELECT refused FROM retention_clock").fetchone()
    return row[0] if row else None


def _keep(connection: psycopg.Connection, moment: Moment, *, anew: bool) -> None:
    # What the count of seconds is held against stays where it was: many small jumps are one large one.
    connection.execute(f"""
        INSERT INTO retention_clock (seen_at, boot, boot_seen_at, boot_seen_s) VALUES (%(now)s, %(boot)s, %(now)s, %(boot_s)s)
        ON CONFLICT (one) DO UPDATE SET seen_at = excluded.seen_at, refused = NULL
        {', boot = excluded.boot, boot_seen_at = excluded.boot_seen_at, boot_seen_s = excluded.boot_seen_s' if anew else ''}
    """, {"now": moment.now, "boot": moment.boot, "boot_s": moment.boot_s})


MOMENTS = "(SELECT at FROM audit.entry UNION ALL SELECT at FROM audit.head) m"


def _newest(connection: psycopg.Connection) -> datetime | None:
    """The record's newest moment."""
    return connection.execute(f"SELECT max(at) FROM {MOMENTS}").fetchone()[0]


def _followed(connection: psycopg.Connection, seen: datetime, step: timedelta) -> datetime:
    """How far the record leads on from `seen` without a break of more than a step."""
    return connection.execute(f"""
        WITH later AS (
          SELECT at, lag(at, 1, %(seen)s) OVER (ORDER BY at) AS before FROM {MOMENTS} WHERE at > %(seen)s
        ), break AS (
          SELECT min(before) AS at FROM later WHERE at - before > %(step)s
        )
        SELECT coalesce((SELECT at FROM break), (SELECT max(at) FROM later), %(seen)s)
    """, {"seen": seen, "step": step}).fetchone()[0]


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _long(span: timedelta) -> str:
    """
    >>> _long(timedelta(hours=36)), _long(timedelta(days=1826)), _long(-timedelta(minutes=90))
    ('36.0 h', '1,826.0 d', '-1.5 h')
    """
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} h" if abs(hours) < 96 else f"{hours / 24:,.1f} d"
