"""What is to be done after an authority's end, and that somebody says it was. By the owner, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timezone

import psycopg

from data.people import agency_id, person_id, tell
from errors import Forbidden, InputRefused, NotFound


class DutyRefused(InputRefused):
    """A duty can't be done like this."""


def listed(connection: psycopg.Connection, now: datetime | None = None) -> list[dict]:
    """The duties of every authority that has ended, those still to be done on top, the earliest first."""
    now = now or datetime.now(timezone.utc)
    rows = connection.execute("""
        SELECT d.name, h.reference, a.name, e.at, e.at + d.within, d.done_at, p.name, d.note
        FROM duty d JOIN authority h ON h.id = d.authority_id JOIN agency a ON a.id = h.agency_id LEFT JOIN access.person p ON p.id = d.done_by
        CROSS JOIN LATERAL (SELECT least(h.valid_to, coalesce(h.revoked_at, 'infinity')) AS at) e
        WHERE e.at <= %s ORDER BY d.done_at IS NOT NULL, e.at + d.within, d.id
    """, (now,))
    keys = ("name", "reference", "agency", "ended", "due", "done", "by", "note")
    return [{**row, "says": says(row["due"], row["done"], now)} for row in (dict(zip(keys, r)) for r in rows)]


def says(due_at: datetime, done_at: datetime | None, now: datetime) -> str:
    """Where a duty stands.

    >>> t = datetime(2026, 3, 8, tzinfo=timezone.utc)
    >>> says(t, None, t), says(t, None, t.replace(hour=1)), says(t, t, t)
    ('due', 'overdue', 'done')
    """
    return "done" if done_at is not None else "overdue" if now > due_at else "due"


def done(connection: psycopg.Connection, agency: str, reference: str, name: str, who: str, note: str | None = None) -> None:
    """Somebody of the agency says a duty is done. Raises NotFound, Forbidden, DutyRefused."""
    whose, person = agency_id(connection, agency), person_id(connection, who)
    row = connection.execute("""
        SELECT d.id, d.done_at, least(h.valid_to, coalesce(h.revoked_at, 'infinity')), h.id FROM duty d JOIN authority h ON h.id = d.authority_id
        WHERE h.agency_id = %s AND h.reference = %s AND lower(d.name) = lower(%s) FOR UPDATE OF d
    """, (whose, reference.strip(), name.strip())).fetchone()
    if row is None:
        there = [r[0] for r in connection.execute("SELECT d.name FROM duty d JOIN authority h ON h.id = d.authority_id WHERE h.agency_id = %s AND h.reference = %s ORDER BY d.id",
                                                  (whose, reference.strip()))]
        raise NotFound(f"no duty {name!r} of {reference!r}: {'expected one of ' + '; '.join(there) if there else 'there is none'}")
    duty, done_at, ended_at, number = row
    if not connection.execute("SELECT EXISTS (SELECT FROM access.answers_for(%s) WHERE agency = %s)", (person, whose)).fetchone()[0]:
        raise Forbidden(f"{who} is no coordinator, supervisor or legal officer of {agency}")
    if ended_at > datetime.now(timezone.utc):
        raise DutyRefused(f"{reference} runs until {ended_at:%Y-%m-%d %H:%M} UTC: nothing is due before its end")
    if done_at is not None:
        raise DutyRefused(f"{name!r} of {reference} was done at {done_at:%Y-%m-%d %H:%M} UTC already")
    if note is not None and (not note.isprintable() or len(note) > 500):
        raise DutyRefused("the note is expected to have at most 500 printable characters")
    connection.execute("UPDATE duty SET done_at = now(), done_by = %s, note = %s WHERE id = %s", (person, note, duty))
    tell(connection, "change", who=f"person:{person}", of=f"authority:{number}", to=f"duty:{duty} done")
