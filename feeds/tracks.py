"""Tracked movements: which format a file is, by its content, and the importer for it."""

from __future__ import annotations

import re

from feeds import ais, gpx, readers, sorties, telemetry, track_shapes, track_tables
from feeds.imports import Job, keep_original
from feeds.shapes import SUFFIXES
from feeds.tables import open_table

HEAD_BYTES = 65_536
NMEA = re.compile(rb"[!$](AI|AB|BS|SA|AN)VD[MO],", re.ASCII)
LAYERS = ("tracks", "readers", "sorties")


def run(job: Job) -> None:
    """Import one file of movements (or the readers and sorties that belong to them)."""
    with job.path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    keep_original(job)
    suffix = job.path.suffix.lower()
    if suffix in (".srt", ".ulg") or suffix == ".gpx" and job.options.sortie:
        telemetry.run(job)
    elif NMEA.search(head):
        ais.run(job)
    elif suffix == ".gpx" or b"<gpx" in head[:2000]:
        gpx.run(job)
    elif suffix in SUFFIXES:
        track_shapes.run(job)
    else:
        table = open_table(job.path, LAYERS, job.options.mapping)
        {"tracks": track_tables.run, "readers": readers.run, "sorties": sorties.run}[table.mapping.layer](job, table)
