"""Orthophotos: a GeoTIFF becomes a COG that is served, with its outline, time and ground sample; the original is kept."""

from __future__ import annotations

import math
from importlib.metadata import version

import shapely

from feeds import images, worker
from feeds.imports import Job, keep_original

EQUATOR_M_A_PIXEL = 156_543.033928


def run(job: Job) -> None:
    """Import one GeoTIFF. It is one row: stored, or already there."""
    job.report.read = 1
    if images.already(job):
        job.report.already = 1
        return
    job.progress(f"Image, {job.path.name}", 0, 3)
    with worker.workroom(job.path) as (folder, copy):
        told = worker.run("imagery.inspect", {"input": copy.name}, name=job.path.name, folder=folder)
        captured_at, how = images.captured(job, told["tags"])
        job.progress(f"Image, {job.path.name}", 1, 3)
        made = worker.run("imagery.to_cog", {"input": copy.name, "told": told}, name=job.path.name, folder=folder, limits=worker.Limits())
        job.progress(f"Image, {job.path.name}", 2, 3)
        served = images.keep_cog(job, folder / "served.tif")
    footprint = shapely.from_wkb(told["footprint"])
    low, high = zooms(footprint.centroid.y, told["gsd_m"], max(told["width"], told["height"]))
    images.store(
        job, product="orthophoto", captured_at=captured_at, footprint=footprint, gsd_m=told["gsd_m"], width_px=told["width"], height_px=told["height"],
        bands=told["bands"], dtype=told["dtype"], crs=told["crs"], min_zoom=low, max_zoom=high, original=keep_original(job).name, cog=served,
        rendering={"scale": told["scale"], "corners": told["corners"]},
        provenance={**made, "captured_at_from": how, "made_with": f"rio-cogeo {version('rio-cogeo')}"})
    job.report.stored = 1
    job.describe_source("geotiff")
    job.progress(f"Image, {job.path.name}", 3, 3)


def zooms(lat: float, gsd_m: float, side_px: int) -> tuple[int, int]:
    """From the zoom where the whole image is one tile to that of its own pixels."""
    sharpest = math.ceil(math.log2(EQUATOR_M_A_PIXEL * math.cos(math.radians(lat)) / gsd_m))
    return max(0, sharpest - math.ceil(math.log2(max(side_px / 256, 1)))), max(0, min(24, sharpest))
