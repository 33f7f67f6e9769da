"""Authorities as those who answer for them see them, as the serving role: each step asks in the database who is calling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data import duties
from data.audit import entry_text
from data.authority import templates
from data.handover import about
from data.sessions import Database
from data.visitor import Visitor
from errors import NotFound

NO_ROW = "P0002"
SOON = timedelta(days=7)


@dataclass(frozen=True)
class Warnings:
    """What somebody has to be told now: ends of authorities that come or came, duties that are overdue, offers that wait."""

    ends: list[dict]
    overdue: list[dict]
    offered: list[dict]

    @property
    def total(self) -> int:
        return len(self.ends) + len(self.overdue) + len(self.offered)


async def everything(database: Database, token: str) -> dict[str, list[dict]]:
    """Authorities, hand-overs and duties of one's agencies."""
    now = datetime.now(timezone.utc)
    async with database.asking() as session:
        found = {}
        for name in ("authorities", "handovers", "duties"):
            found[name] = [dict(r) for r in (await session.execute(text(f"SELECT * FROM access.{name}(:token)"), {"token": token})).mappings()]  # names of our own
    for row in found["authorities"]:
        row["kind_name"] = templates().get(row["kind"], {}).get("name", row["kind"])
        row["says"] = says(row["valid_from"], row["valid_to"], row["revoked_at"], now)
    found["authorities"].sort(key=lambda a: _order(a))
    for row in found["handovers"]:
        row["about"] = about(row.pop("cell"))
    for row in found["duties"]:
        row["says"] = duties.says(row["due_at"], row["done_at"], now)
    return found


def _order(authority: dict) -> tuple[int, float]:
    """What is in force comes first, what ends soonest on top; then what has not begun, then what is over, the last of it on top."""
    state, end = authority["says"], (authority["revoked_at"] or authority["valid_to"]).timestamp()
    return (2, -end) if state in ("ended", "revoked") else (int(state == "not begun"), end)


async def warnings(database: Database, visitor: Visitor) -> Warnings:
    """What is to be told now. That the end of an authority was told, once for each step, is an entry of the record, in the same transaction."""
    now = datetime.now(timezone.utc)
    asked = {"token": visitor.token}
    async with database.asking(write=True) as session:
        ends = [dict(r) for r in (await session.execute(text("SELECT * FROM access.warnings(:token)"), asked)).mappings()]
        due = [dict(r) for r in (await session.execute(text("SELECT * FROM access.duties(:token)"), asked)).mappings()]
        offered = [dict(r) for r in (await session.execute(text("SELECT * FROM access.handovers(:token)"), asked)).mappings()]
        if new := [entry_text("warning", visitor.recorded_as, of=f"authority:{e['authority']}", to=f"ends within {e['hours']} h" if e["hours"] else "has ended",
                              case=e["reference"]) for e in ends if e["first"]]:
            await session.execute(text("SELECT audit.append(:entries)"), {"entries": new})
    for end in ends:
        end["says"] = says(None, end["valid_to"], None, now)
    return Warnings(ends, [d for d in due if duties.says(d["due_at"], d["done_at"], now) == "overdue"],
                    [o for o in offered if o["state"] == "offered" and not o["ours"]])


async def fixes(database: Database, token: str, authority: int, *, limit: int, offset: int) -> dict:
    """What was lawfully collected under an authority, oldest first. Raises NotFound."""
    try:
        async with database.asking() as session:
            rows = [dict(r) for r in (await session.execute(text("SELECT * FROM access.authority_fixes(:token, :authority, :most, :skip)"),
                                                            {"token": token, "authority": authority, "most": limit, "skip": offset})).mappings()]
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NO_ROW:
            raise NotFound(f"no authority {authority} of an agency of yours") from None
        raise
    total = rows[0]["total"] if rows else 0
    return {"rows": [{k: v for k, v in row.items() if k != "total"} for row in rows], "total": total, "offset": offset, "more": offset + len(rows) < total}


def says(valid_from: datetime | None, valid_to: datetime, revoked_at: datetime | None, now: datetime) -> str:
    """Where an authority stands, in words.

    >>> t = datetime(2026, 3, 8, tzinfo=timezone.utc)
    >>> [says(t, t + timedelta(days=45), None, t + timedelta(days=d)) for d in (-1, 1, 39, 44.5, 46)]
    ['not begun', 'in force', 'ends in 6 days', 'ends in 12 h', 'ended']
    """
    if revoked_at is not None and revoked_at <= now:
        return "revoked"
    if valid_from is not None and now < valid_from:
        return "not begun"
    if now >= valid_to:
        return "ended"
    left = valid_to - now
    if left > SOON:
        return "in force"
    if left > timedelta(hours=48):
        return f"ends in {left.days} days"
    hours = int(left.total_seconds() // 3600)
    return f"ends in {hours} h" if hours else f"ends in {int(left.total_seconds() // 60)} min"
