"""The months of fixes: made as data comes, so that a world or an old month goes by dropping a table."""

from __future__ import annotations

from datetime import date, datetime, timezone

import numpy as np
import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from data.models import SCHEMA
from data.worlds import NAMES

# Times that a clock may tell have a table a month. The rest are broken clocks, and whoever makes them up must not make a table with each:
# all of those share one.
FIRST, END = date(1990, 1, 1), date(2050, 1, 1)


def ensure_months(connection: psycopg.Connection, world: int, observed_us: np.ndarray) -> None:
    """Make the month partitions that these times (epoch microseconds, shape (n,)) need."""
    months = np.unique(observed_us.astype("datetime64[us]").astype("datetime64[M]")).astype(object).tolist()
    for month in [m for m in months if FIRST <= m < END]:
        _ensure(connection, world, f"{month:%Y_%m}", sql.SQL("FOR VALUES FROM ({}) TO ({})").format(sql.Literal(month.isoformat()), sql.Literal(_after(month).isoformat())))
    if any(not FIRST <= m < END for m in months):
        _ensure(connection, world, "beyond", sql.SQL("DEFAULT"))


async def months(session: AsyncConnection, world: int) -> list[tuple[datetime | None, datetime | None]]:
    """Begin and end of each month there is a table of, in order; None is open: before and after all that a clock may tell."""
    parent = f"fix_{NAMES[world]}"
    names = await session.scalars(text("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(:parent) ORDER BY 1"),
                                  {"parent": f"{SCHEMA}.{parent}"})
    told = [name.removeprefix(f"{parent}_") for name in names]
    found: list[tuple[datetime | None, datetime | None]] = [(_midnight(m), _midnight(_after(m))) for m in (date(int(n[:4]), int(n[5:]), 1) for n in told if n != "beyond")]
    return [(None, _midnight(FIRST)), *found, (_midnight(END), None)] if "beyond" in told else found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _ensure(connection: psycopg.Connection, world: int, name: str, bounds: sql.Composable) -> None:
    name = f"fix_{NAMES[world]}_{name}"
    if connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.{name}",)).fetchone()[0]:
        return
    table = sql.Identifier(SCHEMA, name)
    connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} {}").format(table, sql.Identifier(SCHEMA, f"fix_{NAMES[world]}"), bounds))
    # It shows nothing to whoever asks it directly: the serving role has no policy here.
    connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY").format(table))
