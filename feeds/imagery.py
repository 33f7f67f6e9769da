"""What drones bring: which kind of file it is, by its name and then by its content, and the importer for it."""

from __future__ import annotations

from feeds import orthophotos
from feeds.imports import Job

KINDS = dict.fromkeys((".tif", ".tiff", ".mbtiles", ".pmtiles"), orthophotos.run)


def run(job: Job) -> None:
    """Import one file of a flight."""
    suffix = job.path.suffix.lower()
    if suffix not in KINDS:
        job.refuse_file(f"one of {', '.join(KINDS)}", "suffix", job.path.suffix)
    KINDS[suffix](job)
