"""Films of drones: what the metadata beside the picture says becomes looks over time and the sensor's path; the film an MP4 that plays in the page."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from feeds import images, sorties, telemetry, worker
from feeds.imports import Job, keep_original

SUFFIXES = (".ts", ".m2ts", ".mts", ".mpegts", ".mp4", ".mov")
LIMITS = worker.Limits(memory_mb=3_000, cpu_s=4 * 3600, file_mb=40_000, wall_s=4 * 3600)
COLUMNS = {"sensor_altitude_m": "altitude_m", "centre_altitude_m": "centre_m", "heading_deg": "heading_deg", "pitch_deg": "pitch_deg", "roll_deg": "roll_deg",
           "sensor_azimuth_deg": "azimuth_deg", "sensor_elevation_deg": "elevation_deg", "sensor_roll_deg": "sensor_roll_deg", "fov_h_deg": "fov_h_deg",
           "fov_v_deg": "fov_v_deg", "slant_m": "slant_m", "footprint_from": "corners_from"}


def run(job: Job) -> None:
    """Import one film. It and each position of its sensor are counted."""
    if _already(job):
        job.report.read = job.report.already = 1
        return
    job.progress(f"Video, {job.path.name}", 0, 3)
    with worker.workroom(job.path) as (folder, copy):
        told = worker.run("videos.read", {"input": copy.name}, name=job.path.name, folder=folder, limits=LIMITS)
        job.progress(f"Video, {job.path.name}", 1, 3)
        started_at, how = _started(job, told)
        served = images.keep_served(job, folder / "served.mp4")
        preview = images.keep_served(job, folder / "preview.webp") if told["preview"] else None
    original = keep_original(job).name
    sortie = sorties.of(job)
    track = _path(job, told, sortie)
    job.progress(f"Video, {job.path.name}", 2, 3)
    video = _store(job, told, started_at, sortie, track, original, served, preview, how)
    _looks(job, video, told["looks"])
    job.report.read += 1
    job.report.stored += 1
    job.report.note = "; ".join([*([job.report.note] if job.report.note else []), *told["notes"],
                                 f"{len(told['looks']):,} looks" if told["looks"] else "no metadata: the film is in the list and on no map"])
    job.describe_source("misb video" if told["looks"] else "video")
    job.progress(f"Video, {job.path.name}", 3, 3)


def _already(job: Job) -> bool:
    return job.connection.execute(
        "SELECT 1 FROM video WHERE world = %(world)s AND sha256 = %(sha256)s AND (%(agency)s::int IS NULL OR agency_id = %(agency)s)",
        {"world": job.world, "sha256": job.sha256, "agency": job.agency_id}).fetchone() is not None


def _started(job: Job, told: dict) -> tuple[datetime, str]:
    """When its first picture was taken: as the metadata says, else as the person or the file's name does. Raises FileRefused."""
    if told["began_s"] is None:
        return images.captured(job, {})
    try:
        return datetime.fromtimestamp(told["began_s"], timezone.utc), "KLV, item 2"
    except (ValueError, OverflowError, OSError):
        job.refuse_file("a time of this world in the metadata (KLV, item 2)", "time", told["began_s"])
    raise AssertionError("refuse_file always raises")


def _path(job: Job, told: dict, sortie: sorties.Sortie | None) -> int | None:
    """The sensor's way as a track of kind drone: its id, None where the film does not tell where it was taken from."""
    there = [look for look in told["looks"] if "lat" in look]
    if not there:
        return None
    columns = {"observed_us": np.array([look["us"] for look in there], np.int64), "line": np.zeros(len(there), np.int64)}
    columns |= {name: np.array([look.get(key, np.nan) for look in there], float) for name, key in (("lon", "lon"), ("lat", "lat"), ("altitude_m", "altitude_m"), ("heading_deg", "heading_deg"))}
    return telemetry.put(job, telemetry.Flown("misb video", columns), sortie)


def _store(job: Job, told: dict, started_at: datetime, sortie: sorties.Sortie | None, track: int | None, original: str, served: str, preview: str | None,
           how: str) -> int:
    places = [shapely.Point(look[lon], look[lat]) for look in told["looks"] for lon, lat in (("lon", "lat"), ("centre_lon", "centre_lat")) if lat in look]
    places += [shapely.Polygon(look["corners"]) for look in told["looks"] if "corners" in look]
    extent = shapely.convex_hull(shapely.GeometryCollection(places)) if places else None
    row = {
        "world": job.world, "sortie_id": sortie and sortie.id, "track_id": track, "name": job.path.stem, "started_at": started_at,
        "ended_at": started_at + timedelta(seconds=told["duration_s"]), "duration_s": told["duration_s"], "codec": told["codec"], "width_px": told["width"],
        "height_px": told["height"], "rate_hz": told["rate_hz"], "sha256": job.sha256, "original": original, "served": served,
        "provenance": Jsonb({"inputs": [{"name": job.path.name, "sha256": job.sha256}], "served_sha256": images.digest(served),
                             **({"preview": preview, "preview_sha256": images.digest(preview)} if preview else {}), "started_at_from": how, "made_with": told["made_with"], "pictures": told["pictures"], "klv": told["klv"], "notes": told["notes"]}),
        "agency_id": job.agency_id if job.agency_id is not None else sortie and sortie.agency_id, "marking": job.options.marking or "TLP:AMBER", "source_id": job.source_id,
    }
    names = ", ".join(row)  # of ours
    return job.connection.execute(
        f"INSERT INTO video ({names}, extent) VALUES ({', '.join(f'%({name})s' for name in row)}, ST_SetSRID(%(extent)s::geometry, 4326)) RETURNING id",
        {**row, "extent": None if extent is None else shapely.to_wkb(extent, hex=True)}).fetchone()[0]


def _looks(job: Job, video: int, looks: list[dict]) -> None:
    names = ("video_id", "at", "sensor", "centre", "footprint", *COLUMNS)
    point = lambda look, lon, lat: shapely.to_wkb(shapely.set_srid(shapely.Point(look[lon], look[lat]), 4326), hex=True, include_srid=True) if lat in look else None  # noqa: E731
    with job.connection.cursor() as cursor, cursor.copy(f"COPY video_look ({', '.join(names)}) FROM STDIN") as copy:  # names of ours
        for look in looks:
            ring = look.get("corners")
            shape = shapely.to_wkb(shapely.set_srid(shapely.Polygon(ring), 4326), hex=True, include_srid=True) if ring else None
            copy.write_row((video, datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=look["us"]), point(look, "lon", "lat"),
                            point(look, "centre_lon", "centre_lat"), shape, *(look.get(key) for key in COLUMNS.values())))
