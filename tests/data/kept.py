"""What the tests of retention begin with: rows brought in at T, runs at other times, and what is looked at afterwards."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone

import numpy as np

from data import clock, holds, people, programs, purge
from data.audit_proof import verify
from data.clock import Moment
from tests.data.made import seizures, tracks, walk

CANARY = "Marisma Azul"
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TODAY = datetime.now(timezone.utc)
T = TODAY.replace(day=min(TODAY.day, 28), hour=12, minute=0, second=0, microsecond=0)  # when everything here was brought in; each year has this day
FIVE_YEARS = T.replace(year=T.year + 5)
TABLES = ("track", "fix", "segment", "cover", "latest_fix", "flow", "seizure", "source")


def filled(environment) -> None:
    """Rows of the agency Norte and of nobody, and an exercise, all brought in at T."""
    rng = np.random.default_rng(5)
    with environment.connect() as connection:
        norte = people.add_agency(connection, "Norte", "MX")
        tracks(connection, [walk(rng, 80) for _ in range(3)], world=0, agency=norte, kinds=("vessel", "person", "tag"), prefix="norte")
        tracks(connection, [walk(rng, 40)], world=0, prefix="nobodys")
        seizures(connection, rng, 8, world=0, agency=norte)
        tracks(connection, [walk(rng, 40)], world=1, prefix="exercise")
        seizures(connection, rng, 4, world=1)
        connection.execute("UPDATE track SET name = %s WHERE key = 'norte-0'", (CANARY,))
        connection.execute("UPDATE seizure SET place = %s WHERE id = (SELECT min(id) FROM seizure WHERE world = 0)", (CANARY,))
        connection.execute("UPDATE source SET stored = 1, name = name || %s, sha256 = encode(sha256(sha256::bytea), 'hex')", (CANARY,))
        set_back(connection)
        connection.commit()


def set_back(connection) -> None:
    for table, column in (("track", "recorded_at"), ("fix", "recorded_at"), ("seizure", "recorded_at"), ("source", "received_at"),
                          ("segment", "first_recorded_at"), ("latest_fix", "recorded_at")):
        connection.execute(f"UPDATE {table} SET {column} = %s", (T,))  # names of ours


def run(database, now: datetime) -> purge.Report:
    """A run at `now`, which somebody said is the right time."""
    with database.connect() as connection:
        clock.confirm(connection, "tester", Moment(now - HOUR))
        connection.commit()
    return purge.run(database.owner_url, Moment(now))


def counted(database, world: int = 0) -> dict[str, int]:
    with database.connect() as connection:
        return {t: connection.execute(f"SELECT count(*) FROM {t} WHERE world = %s", (world,)).fetchone()[0] for t in TABLES}


def asked(database, query: str, *values):
    with database.connect() as connection:
        return connection.execute(query, values).fetchall()


def dumped(database) -> str:
    url = database.owner_url.replace("+psycopg", "")
    program = programs.find().folder / "pg_dump"
    return subprocess.run([program, "--data-only", url], capture_output=True, text=True, check=True).stdout


def holds_up(database) -> None:
    with database.connect() as connection:
        assert verify(connection, None, lambda *_: None).wrong == []


def hold(connection, what: str, *, reference: str = "H-1", start=T, end=FIVE_YEARS + 400 * DAY, who="tester", agency=None, reason="Trial") -> int:
    return holds.add(connection, what, reference=reference, issuer="Court", reason=reason, start=start, end=end, who=who, agency=agency)
