"""Orthophotos: a GeoTIFF, or an archive of raster tiles, becomes a COG that is served, with its outline, time and ground sample; the original is kept."""

from __future__ import annotations

import math
from datetime import datetime

import shapely

from feeds import images, sorties, worker
from feeds.imports import Job, keep_original

EQUATOR_M_A_PIXEL = 156_543.033928
FORMATS = {".mbtiles": "mbtiles", ".pmtiles": "pmtiles"}


def run(job: Job) -> None:
    """Import one picture. It is one row: stored, or already there."""
    job.report.read = 1
    if images.already(job):
        job.report.already = 1
        return
    step, steps = f"Image, {job.path.name}", 3
    job.progress(step, 0, steps)
    form = FORMATS.get(job.path.suffix.lower(), "geotiff")
    with worker.workroom(job.path) as (folder, copy):
        asked = {"name": job.path.name, "folder": folder, "limits": worker.Limits()}
        laid = worker.run("imagery.lay", {"input": copy.name}, **asked) if form != "geotiff" else {}
        hint = " ".join(filter(None, (job.path.stem, job.options.sensor)))
        told = worker.run("imagery.inspect", {"input": copy.name, "pixels": laid.get("pixels"), "hint": hint, "bands": job.options.bands,
                                              "colormap": job.options.colormap}, **asked)
        captured_at, how = images.captured(job, {**laid.get("tags", {}), **told["tags"]}, lambda: _flown(job))
        job.progress(step, 1, steps)
        made = worker.run("imagery.to_cog", {"input": copy.name, "told": told}, **asked)
        job.progress(step, 2, steps)
        served = images.keep_cog(job, folder / "served.tif")
    footprint = shapely.from_wkb(told["footprint"])
    low, high = zooms(footprint.centroid.y, told["gsd_m"], max(told["width"], told["height"]))
    if laid:
        made["parameters"] = {"zoom": laid["zoom"], "tiles": laid["tiles"], "tile_px": laid["tile_px"], **made["parameters"]}
    images.store(
        job, product="orthophoto", captured_at=captured_at, footprint=footprint, gsd_m=told["gsd_m"], width_px=told["width"], height_px=told["height"],
        bands=told["bands"], dtype=told["dtype"], crs=told["crs"], min_zoom=low, max_zoom=high, original=keep_original(job).name, cog=served,
        rendering={"scale": told["scale"], "corners": told["corners"], **told["shown"]},
        provenance={**made, "captured_at_from": how, "collar_masked": told["collar"]})
    job.report.stored = 1
    job.describe_source(form)
    job.progress(step, steps, steps)


def _flown(job: Job) -> tuple[datetime, str] | None:
    """Programs that make orthophotos write no time into them: it is then the middle of the flight, as far as that is known by its table, its path or its frames."""
    if (flight := sorties.flown(job)) is None:
        return None
    first, last = flight
    return first + (last - first) / 2, f"the middle of its flight, {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"


def zooms(lat: float, gsd_m: float, side_px: int) -> tuple[int, int]:
    """From the zoom where the whole image is one tile to that of its own pixels."""
    sharpest = math.ceil(math.log2(EQUATOR_M_A_PIXEL * math.cos(math.radians(lat)) / gsd_m))
    return max(0, sharpest - math.ceil(math.log2(max(side_px / 256, 1)))), max(0, min(24, sharpest))
