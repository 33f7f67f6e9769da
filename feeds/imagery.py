"""What drones bring: which kind of file it is, by its name and then by its content, and the importer for it."""

from __future__ import annotations

from pathlib import Path

from feeds import frames, orthophotos, telemetry, videos
from feeds.imports import ImportOptions, Job

KINDS = {**dict.fromkeys((".tif", ".tiff", ".mbtiles", ".pmtiles"), orthophotos.run), **dict.fromkeys(frames.SUFFIXES, frames.run),
         **dict.fromkeys(telemetry.SUFFIXES, telemetry.run), **dict.fromkeys(videos.SUFFIXES, videos.run)}


def turn(path: Path) -> int:
    """When a file's turn is among those of one command: an orthophoto without a time is of its flight's, which frames and path tell."""
    return int(KINDS.get(path.suffix.lower()) is orthophotos.run)


def together(paths: list[Path], options: ImportOptions) -> frames.Together:
    """What the files of one command are read ahead with."""
    return frames.Together(paths, options)


def run(job: Job) -> None:
    """Import one file of a flight."""
    suffix = job.path.suffix.lower()
    if suffix not in KINDS:
        job.refuse_file(f"one of {', '.join(KINDS)}", "suffix", job.path.suffix)
    KINDS[suffix](job)
