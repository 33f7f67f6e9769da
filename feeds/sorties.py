"""Sorties from a table: which flights there were, whose, and which track is their path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from feeds.imports import Job
from feeds.tables import Table, text_column
from feeds.times import TimeRefused, moment

NAMED = re.compile(r"^(?P<sortie>[A-Za-z]+[-_ ]?\d+)[_ ]", re.ASCII)


LONGEST = timedelta(days=1)  # times further apart than this are not of one flight


@dataclass(frozen=True)
class Sortie:
    """The flight a file is of."""

    id: int
    agency_id: int | None


def of(job: Job) -> Sortie | None:
    """The flight this file is of: the one that is told, made when it is new, else the one its name begins with, if there is such a one.

    Raises FileRefused when it was to be flown under an authority that nobody knows.
    """
    told, key = job.options, _key(job)
    if key is None:
        return None
    asked = {"world": job.world, "key": key, "agency": job.agency_id, "platform": told.platform, "sensor": told.sensor, "marking": told.marking,
             "source": job.source_id, "authority": _authority(job), "any": not told.by.startswith("person:")}
    if told.sortie is None:
        row = job.connection.execute("SELECT id, agency_id FROM sortie WHERE world = %(world)s AND key = %(key)s AND (%(any)s OR agency_id IS NOT DISTINCT FROM %(agency)s::int) "
                                     "ORDER BY agency_id IS NOT DISTINCT FROM %(agency)s::int DESC, id LIMIT 1", asked).fetchone()
    else:
        row = job.connection.execute("""
            INSERT INTO sortie (world, key, platform, sensor, authority_id, agency_id, marking, source_id)
            VALUES (%(world)s, %(key)s, %(platform)s, %(sensor)s, %(authority)s, %(agency)s, coalesce(%(marking)s, 'TLP:AMBER'), %(source)s)
            ON CONFLICT (world, key, agency_id) DO UPDATE SET platform = coalesce(excluded.platform, sortie.platform),
              sensor = coalesce(excluded.sensor, sortie.sensor), authority_id = coalesce(excluded.authority_id, sortie.authority_id)
            RETURNING id, agency_id
        """, asked).fetchone()
    return Sortie(*row) if row else None


def flown(job: Job) -> tuple[datetime, datetime] | None:
    """From when to when the flight this file is of was in the air (UTC), by its table, its path and its frames; None where that is not known, or longer than a day."""
    row = job.connection.execute("""
        SELECT least(o.started_at, min(i.captured_at)), greatest(o.ended_at, max(i.captured_at)) FROM sortie o LEFT JOIN image i ON i.sortie_id = o.id AND i.product = 'frame'
        WHERE o.world = %(world)s AND o.key = %(key)s AND (o.agency_id IS NOT DISTINCT FROM %(agency)s::int OR %(any)s)
        GROUP BY o.id ORDER BY o.agency_id IS NOT DISTINCT FROM %(agency)s::int DESC, o.id LIMIT 1
    """, {"world": job.world, "key": _key(job), "agency": job.agency_id, "any": job.options.sortie is None and not job.options.by.startswith("person:")}).fetchone()
    if row is None or None in row or not timedelta() <= row[1] - row[0] <= LONGEST:
        return None
    return row[0].astimezone(timezone.utc), row[1].astimezone(timezone.utc)


def _key(job: Job) -> str | None:
    found = NAMED.match(f"{job.path.stem}_")
    return job.options.sortie or (found["sortie"] if found else None)


def _authority(job: Job) -> int | None:
    if (told := job.options.authority) is None:
        return None
    row = job.connection.execute("SELECT id FROM authority WHERE reference = %s AND (%s::int IS NULL OR agency_id = %s)",
                                 (told, job.agency_id, job.agency_id)).fetchone()
    if row is None:
        job.refuse_file("the reference of an authority that is known (./vigia authority list)", "authority", told)
    return row[0]


def run(job: Job, table: Table) -> None:
    """Store sorties; one told again is brought up to date."""
    job.describe_source(table.format, table.mapping.name)
    zone = table.mapping.zone or job.options.zone
    columns = {c.field: c.name for c in table.mapping.columns if c.name in table.header}
    for line, batch in table.batches():
        cells = {field: text_column(batch, name).to_pylist() for field, name in columns.items()}
        for i in range(batch.num_rows):
            job.report.read += 1
            row = {field: column[i] for field, column in cells.items()}
            if not row["key"]:
                job.refuse(line + i, columns["key"], None, "the sortie's name")
                continue
            times: dict[str, object] = {}
            try:
                for name in ("started", "ended"):
                    told = row.get(name)
                    times[name] = moment(told, zone) if told else None
            except TimeRefused as bad:
                job.refuse(line + i, columns[name], told, str(bad))
                continue
            stored = job.connection.execute(
                """
                INSERT INTO sortie (world, key, platform, sensor, started_at, ended_at, track_id, agency_id, marking, source_id)
                VALUES (%(world)s, %(key)s, %(platform)s, %(sensor)s, %(started)s, %(ended)s,
                        (SELECT id FROM track WHERE world = %(world)s AND key = %(track)s
                         ORDER BY agency_id IS NOT DISTINCT FROM %(agency)s DESC, id LIMIT 1), %(agency)s,
                        coalesce(%(marking)s, 'TLP:AMBER'), %(source)s)
                ON CONFLICT (world, key, agency_id) DO UPDATE SET
                  platform = excluded.platform, sensor = excluded.sensor, started_at = excluded.started_at,
                  ended_at = excluded.ended_at, track_id = coalesce(excluded.track_id, sortie.track_id)
                RETURNING (xmax = 0) AS new
                """,
                {"world": job.world, "key": row["key"], "platform": row.get("platform"), "sensor": row.get("sensor"),
                 "started": times["started"], "ended": times["ended"], "track": row.get("track"),
                 "agency": job.agency(row["agency"]) if row.get("agency") else job.agency_id,
                 "marking": job.options.marking, "source": job.source_id},
            ).fetchone()[0]
            job.report.stored += bool(stored)
            job.report.already += not stored
