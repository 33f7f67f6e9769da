"""Movements from GeoJSON, GeoPackage and KML: points with a time, or lines with a time for each vertex."""

from __future__ import annotations

from feeds import shapes
from feeds.imports import Job


def run(job: Job) -> None:
    """Points with the properties of the track layout (docs/formats.md)."""
    from feeds.track_tables import run_shapes

    run_shapes(job, shapes.open_shapes(job.path, ("tracks",), job.options.mapping))
