"""Sorties from a table: which flights there were, whose, and which track is their path."""

from __future__ import annotations

from feeds.imports import Job
from feeds.tables import Table, text_column
from feeds.times import TimeRefused, moment


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
