"""The months of fixes: made as data comes, so that a world or an old month goes by dropping a table."""

from __future__ import annotations

from datetime import date

import numpy as np
import psycopg
from psycopg import sql

from data.models import SCHEMA
from data.worlds import NAMES


def ensure_months(connection: psycopg.Connection, world: int, observed_us: np.ndarray) -> None:
    """Make the month partitions that these times (epoch microseconds, shape (n,)) need."""
    months = np.unique(observed_us.astype("datetime64[us]").astype("datetime64[M]"))
    for month in months.astype(object):
        _ensure(connection, world, month)


def _ensure(connection: psycopg.Connection, world: int, month: date) -> None:
    name = f"fix_{NAMES[world]}_{month:%Y_%m}"
    if connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.{name}",)).fetchone()[0]:
        return
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    connection.execute(
        sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
            sql.Identifier(SCHEMA, name), sql.Identifier(SCHEMA, f"fix_{NAMES[world]}"),
            sql.Literal(month.isoformat()), sql.Literal(after.isoformat()),
        )
    )
    # It shows nothing to whoever asks it directly: the serving role has no policy here.
    connection.execute(sql.SQL("ALTER TABLE {0} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY").format(sql.Identifier(SCHEMA, name)))
