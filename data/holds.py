"""Legal holds: what may not be erased meanwhile. Each is authorised by somebody, entered by somebody, and has an end. By the owner."""

from __future__ import annotations

from datetime import datetime

import psycopg

from data.people import agency_id, tell, with_role
from data.retention import MAY, RetentionRefused, record, rules
from errors import NotFound

# A hold that is in force over row `r`: of its kind, of it or of all, of its agency or of all. A hold on a track holds what is sealed of it too.
IN_FORCE = """EXISTS (
  SELECT FROM hold h WHERE h.kind = ANY({kinds}) AND (h.record_id IS NULL OR h.record_id = {id}) AND (h.agency_id IS NULL OR h.agency_id = {agency})
    AND h.released_at IS NULL AND h.valid_from <= %(now)s AND h.valid_to > %(now)s)"""


def add(connection: psycopg.Connection, what: str, *, reference: str, issuer: str, reason: str, start: datetime, end: datetime, who: str,
        agency: str | None = None) -> int:
    """Hold a record (`track:12`), or every one of a kind (`seizure`), of an agency where one is told. Raises RetentionRefused, NotFound, Forbidden."""
    person = with_role(connection, who, *MAY)
    kind, number = (what, None) if what in rules() else record(what, tuple(rules()))
    for word, told in (("reference", reference), ("issuer", issuer), ("reason", reason)):
        if not told.strip() or not told.isprintable():
            raise RetentionRefused(f"the {word} is {told!r}, expected words")
    if end <= start:
        raise RetentionRefused(f"the hold ends {end:%Y-%m-%d %H:%M}, before it begins")
    try:
        with connection.transaction():
            (hold,) = connection.execute(
                "INSERT INTO hold (kind, record_id, agency_id, reference, issuer, reason, person_id, valid_from, valid_to) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (kind, number, agency_id(connection, agency) if agency else None, reference.strip(), issuer.strip(), reason.strip(), person, start, end)).fetchone()
    except psycopg.errors.UniqueViolation:
        raise RetentionRefused(f"there is a hold {reference!r} already; `./vigia retention hold renew` gives it another end") from None
    tell(connection, "change", who=f"person:{person}", of=what, to=f"held from {start.isoformat()} to {end.isoformat()}, hold:{hold}", case=reference.strip())
    return hold


def renew(connection: psycopg.Connection, reference: str, end: datetime, who: str) -> None:
    """Another end for a hold that was not released. Raises RetentionRefused, NotFound, Forbidden."""
    person = with_role(connection, who, *MAY)
    try:
        with connection.transaction():
            row = connection.execute("UPDATE hold SET valid_to = %s WHERE reference = %s AND released_at IS NULL RETURNING id", (end, reference.strip())).fetchone()
    except psycopg.errors.CheckViolation:
        raise RetentionRefused(f"the hold would end {end:%Y-%m-%d %H:%M}, before it begins") from None
    if row is None:
        raise _none(reference)
    tell(connection, "change", who=f"person:{person}", of=f"hold:{row[0]}", to=f"until {end.isoformat()}", case=reference.strip())


def release(connection: psycopg.Connection, reference: str, who: str) -> None:
    """It holds no more: what is past its time goes with the next run. Raises NotFound, Forbidden."""
    person = with_role(connection, who, *MAY)
    row = connection.execute("UPDATE hold SET released_at = now() WHERE reference = %s AND released_at IS NULL RETURNING id", (reference.strip(),)).fetchone()
    if row is None:
        raise _none(reference)
    tell(connection, "change", who=f"person:{person}", of=f"hold:{row[0]}", to="released", case=reference.strip())


def _none(reference: str) -> NotFound:
    return NotFound(f"no hold {reference[:60]!r} that is not released; `./vigia retention hold list` names them")


def listed(connection: psycopg.Connection, now: datetime) -> list[dict]:
    """Every hold, those that end first on top."""
    rows = connection.execute("""
        SELECT h.reference, h.kind || coalesce(':' || h.record_id, ''), a.name, h.issuer, h.reason, p.name, h.valid_from, h.valid_to, h.released_at
        FROM hold h LEFT JOIN agency a ON a.id = h.agency_id LEFT JOIN access.person p ON p.id = h.person_id ORDER BY h.valid_to
    """)
    keys = ("name", "holds", "agency", "issuer", "reason", "entered_by", "from", "to", "released")
    out = [dict(zip(keys, row)) for row in rows]
    return [{**h, "says": "released" if h["released"] else "has ended" if h["to"] <= now else "not yet" if h["from"] > now else "holds"} for h in out]
