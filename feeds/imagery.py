"""Drone imagery: a GeoTIFF becomes a COG that is served, with its outline, time and ground sample; the original is kept."""

from __future__ import annotations

import math
import re
import shutil
from datetime import datetime, timezone
from importlib.metadata import version

import shapely
from psycopg.types.json import Jsonb

from data.runs import enclosing
from feeds import worker
from feeds.imports import Job, keep_original
from feeds.times import TimeRefused, moment
from settings import store

SUFFIXES = (".tif", ".tiff")
NAMED = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[T_ -]?(\d{2})[:-]?(\d{2})[:-]?(\d{2})(Z)?", re.ASCII)
SORTIE = re.compile(r"^(?P<sortie>[A-Za-z]+[-_ ]?\d+)[_ ]", re.ASCII)
EQUATOR_M_A_PIXEL = 156_543.033928


def run(job: Job) -> None:
    """Import one GeoTIFF. It is one row: stored, or already there."""
    if job.path.suffix.lower() not in SUFFIXES:
        job.refuse_file("a GeoTIFF (.tif)", "suffix", job.path.suffix)
    job.report.read = 1
    if job.connection.execute(
            "SELECT 1 FROM image WHERE world = %(world)s AND sha256 = %(sha256)s AND (%(agency)s::int IS NULL OR agency_id = %(agency)s)",
            {"world": job.world, "sha256": job.sha256, "agency": job.agency_id}).fetchone():
        job.report.already = 1
        return
    job.progress(f"Image, {job.path.name}", 0, 3)
    with worker.workroom(job.path) as (folder, copy):
        told = worker.run("imagery.inspect", {"input": copy.name}, name=job.path.name, folder=folder)
        captured_at, how = _captured(job, told["tags"])
        job.progress(f"Image, {job.path.name}", 1, 3)
        made = worker.run("imagery.to_cog", {"input": copy.name, "told": told}, name=job.path.name, folder=folder, limits=worker.Limits())
        job.progress(f"Image, {job.path.name}", 2, 3)
        served = _place(job, folder / "served.tif")
    original = keep_original(job)
    _store(job, told, captured_at, original.name, served, {**made, "captured_at_from": how, "made_with": f"rio-cogeo {version('rio-cogeo')}"})
    job.report.stored = 1
    job.describe_source("geotiff")
    job.progress(f"Image, {job.path.name}", 3, 3)


def _captured(job: Job, tags: dict[str, str]) -> tuple[datetime, str]:
    """When it was taken and what says so: the person, else the file's name, else a tag."""
    zone = job.options.zone
    try:
        if job.options.captured_at:
            return moment(job.options.captured_at, zone), "--captured-at"
        if found := NAMED.search(job.path.stem):
            y, mo, d, h, mi, s, utc = found.groups()
            return moment(f"{y}-{mo}-{d}T{h}:{mi}:{s}" + ("Z" if utc else ""), zone), "file name"
        for name, value in tags.items():
            if found := NAMED.search(value.replace(":", "-", 2)):
                y, mo, d, h, mi, s, utc = found.groups()
                return moment(f"{y}-{mo}-{d}T{h}:{mi}:{s}" + ("Z" if utc or value.endswith("+00:00") else ""), zone), name
    except TimeRefused as bad:
        job.refuse_file(f"when it was taken: {bad}", "captured_at", job.options.captured_at or job.path.name)
    job.refuse_file("when it was taken: --captured-at, a time in the file's name, or a tag", "captured_at")
    raise AssertionError("refuse_file always raises")


def _place(job: Job, made) -> str:
    """The COG into the folder that is served, under the original's fingerprint; taken away again if the import fails."""
    folder = store().imagery
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{job.sha256}.tif"
    target = folder / name
    if not target.exists():
        part = folder / f".{name}.part"
        shutil.copyfile(made, part)
        part.rename(target)
        job.on_abort.append(lambda: target.unlink(missing_ok=True))
    return name


def _store(job: Job, told: dict, captured_at: datetime, original: str, served: str, provenance: dict) -> None:
    footprint = shapely.from_wkb(told["footprint"])
    lat = footprint.centroid.y
    sharpest = math.ceil(math.log2(EQUATOR_M_A_PIXEL * math.cos(math.radians(lat)) / told["gsd_m"]))
    side_px = max(told["width"], told["height"])
    job.connection.execute(
        """
        WITH flown AS (
          SELECT id, agency_id FROM sortie WHERE world = %(world)s AND key = %(sortie)s
          ORDER BY agency_id IS NOT DISTINCT FROM %(agency)s::int DESC, id LIMIT 1
        )
        INSERT INTO image (world, sortie_id, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs,
                           min_zoom, max_zoom, sha256, original, cog, rendering, provenance, agency_id, marking, source_id)
        VALUES (%(world)s, (SELECT id FROM flown), %(name)s, %(captured)s,
                ST_SetSRID(%(footprint)s::geometry, 4326), %(cell)s, %(gsd)s, %(width)s, %(height)s, %(bands)s, %(dtype)s,
                %(crs)s, %(min_zoom)s, %(max_zoom)s, %(sha256)s, %(original)s, %(cog)s, %(rendering)s, %(provenance)s,
                coalesce(%(agency)s, (SELECT agency_id FROM flown)),
                coalesce(%(marking)s, 'TLP:AMBER'), %(source)s)
        """,
        {
            "world": job.world, "sortie": _sortie(job.path.stem), "name": job.path.stem, "captured": captured_at.astimezone(timezone.utc),
            "footprint": shapely.to_wkb(footprint, hex=True), "cell": int(enclosing([footprint])[0]), "gsd": told["gsd_m"],
            "width": told["width"], "height": told["height"], "bands": told["bands"], "dtype": told["dtype"], "crs": told["crs"],
            "min_zoom": max(0, sharpest - math.ceil(math.log2(max(side_px / 256, 1)))), "max_zoom": max(0, min(24, sharpest)),
            "sha256": job.sha256, "original": original, "cog": served,
            "rendering": Jsonb({"scale": told["scale"], "corners": told["corners"]}), "provenance": Jsonb(provenance),
            "agency": job.agency_id, "marking": job.options.marking, "source": job.source_id,
        },
    )


def _sortie(stem: str) -> str | None:
    found = SORTIE.match(f"{stem}_")
    return found["sortie"] if found else None
