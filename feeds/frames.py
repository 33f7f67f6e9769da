"""Frames: a JPEG of a drone becomes a footprint on the ground with an overlay, or a point where it does not say how it lay.

A worker's start costs more than a frame, so the frames of one command are read ahead, many by one worker; each is stored by itself.
"""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import rasterio
import shapely

from errors import FileRefused, Refusal, VigiaError
from feeds import images, worker
from feeds.imports import ImportOptions, Job, keep_original
from feeds.orthophotos import zooms
from feeds.times import TimeRefused, moment

SUFFIXES = (".jpg", ".jpeg")
AT_ONCE = 50
WORKERS = 2
LIMITS = worker.Limits(memory_mb=3_000, cpu_s=300, file_mb=2_000, wall_s=600)
# What of an answer is how the camera was and was held; the rest is the picture's.
POSE = ("lon", "lat", "place_from", "position_error_m", "position_error_from", "altitude_m", "altitude_from", "height_m", "height_from", "yaw_deg", "pitch_deg",
        "roll_deg", "angles_from", "flight_yaw_deg", "flight_pitch_deg", "flight_roll_deg", "make", "camera", "serial", "focal_mm", "focal_px", "focal_from")
LAID = ("ground", "above_ground_m", "slant_m", "reach_m", "cut", "ground_error_m", "why_point")
POSITION_ERROR_M = 5.0
NEVER_SET = 2005  # a camera's clock that is before this year was never set: no drone took pictures then


class Together:
    """The frames of one command, read ahead: `take` waits for one; what was read of those before it is gone then."""

    def __init__(self, paths: list[Path], options: ImportOptions):
        told = [p for p in dict.fromkeys(paths) if p.suffix.lower() in SUFFIXES]
        self._parts = [told[i:i + AT_ONCE] for i in range(0, len(told), AT_ONCE)]
        self._part_of = {path: (i, n) for i, part in enumerate(self._parts) for n, path in enumerate(part)}
        self._reading: dict[int, Future] = {}
        self._rooms: dict[int, Path] = {}
        self._pool = ThreadPoolExecutor(WORKERS, "frames")
        self._options, self._dem = options, None

    def __enter__(self) -> Together:
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for room in (*self._rooms.values(), *([self._dem.parent] if self._dem else [])):
            shutil.rmtree(room, ignore_errors=True)

    def take(self, job: Job) -> tuple[dict, Path]:
        """What the worker read of a frame, and where its files lie: (answer, path without a suffix). Raises FileRefused, WorkerFailed."""
        i, n = self._part_of.get(job.path, (None, 0))
        for past in [p for p in self._rooms if i is not None and p < i]:
            self._reading.pop(past, None)
            shutil.rmtree(self._rooms.pop(past), ignore_errors=True)
        if i is not None:
            for ahead in range(i, min(i + WORKERS + 1, len(self._parts))):
                if ahead not in self._reading:
                    self._start(ahead, self._parts[ahead])
            try:
                answer = self._reading[i].result()[n]
            except VigiaError:
                answer = None  # one of them ended the worker: each is read alone, and the one that does it is refused
            if answer is not None and answer.get("done", {}).get("sha256", job.sha256) == job.sha256:
                return _accepted(job, answer), self._rooms[i] / str(n)
        alone = -1 - len(self._rooms)
        self._start(alone, [job.path])
        answer = self._reading.pop(alone).result()[0]
        found = _accepted(job, answer or {"refused": {"expected": "a file that can be read"}})
        if found["sha256"] != job.sha256:
            job.refuse_file("a file that stays as it is while it is read")
        return found, self._rooms[alone] / "0"

    def _start(self, number: int, paths: list[Path]) -> None:
        if self._options.dem and self._dem is None:
            folder, (name,) = worker.gathered([self._options.dem])
            self._dem = folder / name
        room, names = worker.gathered(paths)
        self._rooms[number] = room
        self._reading[number] = self._pool.submit(_read, room, names, self._dem, self._options.turned)


def _read(room: Path, names: list[str], dem: Path | None, turned: int | None) -> list[dict | None]:
    """In a thread: an answer for each of `names`, None for those that could not be copied."""
    there = [n for n in names if n]
    asked = {"inputs": there, "dem": str(dem) if dem else None, "turned": turned}
    found = iter(worker.run("frames.read", asked, name=f"{len(there)} frames", folder=room, limits=LIMITS)["frames"]
                 if there else [])
    return [next(found) if name else None for name in names]


def _accepted(job: Job, answer: dict) -> dict:
    if bad := answer.get("refused"):
        raise FileRefused(Refusal(job.path.name, bad.get("line"), bad.get("field"), bad.get("value"), bad["expected"]))
    return answer["done"]


def run(job: Job) -> None:
    """Import one frame. It is one row: stored, or already there."""
    job.report.read = 1
    if images.already(job):
        job.report.already = 1
        return
    if isinstance(job.ahead, Together):
        return _store(job, *job.ahead.take(job))
    with Together([job.path], job.options) as alone:
        _store(job, *alone.take(job))


def _store(job: Job, found: dict, at: Path) -> None:
    told, overlay = found["told"], found.get("overlay")
    captured_at, how = _captured(job, told)
    if "lat" not in told:
        job.refuse_file(f"a place: EXIF GPS or XMP ({'; '.join(told['doubts']) or 'it has neither'})", "place")
    pose = {name: told[name] for name in POSE if told.get(name) not in (None, "")} | {name: found[name] for name in LAID if found.get(name) is not None}
    pose = {"position_error_m": POSITION_ERROR_M, "position_error_from": "assumed of a GPS receiver"} | pose | ({"doubts": told["doubts"]} if told["doubts"] else {})
    pose |= {"turned_deg": job.options.turned} if job.options.turned is not None else {}
    shape = shapely.from_wkb(found["footprint"]) if "footprint" in found else shapely.Point(told["lon"], told["lat"])
    preview = images.keep_served(job, at.with_suffix(".webp"))
    cog = images.keep_cog(job, at.with_suffix(".tif")) if overlay else None
    low, high = zooms(told["lat"], overlay["gsd_m"], max(overlay["width"], overlay["height"])) if overlay else (0, 0)
    images.store(
        job, product="frame", captured_at=captured_at, footprint=shape, gsd_m=found.get("gsd_m"), width_px=found["width"], height_px=found["height"],
        bands=found["bands"], dtype="uint8", crs="", min_zoom=low, max_zoom=high, original=keep_original(job).name, cog=cog, pose=pose,
        rendering={"scale": None, "corners": found.get("corners"), "preview": preview},
        provenance={"inputs": [{"name": job.path.name, "sha256": job.sha256}], "served_sha256": images.digest(cog) if cog else None, "preview_sha256": images.digest(preview),
                    "captured_at_from": how, "made_with": f"Pillow {version('pillow')}, GDAL {rasterio.__gdal_version__}", "overlay": overlay,
                    "turned_deg": job.options.turned, "dem": job.options.dem.name if job.options.dem and found.get("ground") == "terrain" else None})
    if found.get("why_point"):
        job.report.note = f"on the map as a point: {found['why_point']}"
    elif not overlay and told["doubts"]:
        job.report.note = f"on the map by its outline alone: {'; '.join(told['doubts'])}"
    job.report.stored = 1
    job.describe_source("jpeg frame")


def _captured(job: Job, told: dict) -> tuple[datetime, str]:
    """When: EXIF's time with its zone; the satellites' time; EXIF's time in --zone; then as the person says; the file's name. Raises FileRefused.

    What a person says is said of all files of a flight, an orthophoto among them, and no two frames were taken at once: what a frame tells comes first.
    """
    zone, otherwise = job.options.zone, job.options.captured_at
    if "time" in told and otherwise and int(told["time"][:4]) < NEVER_SET:
        told = {name: value for name, value in told.items() if name != "time"}
    if "time" in told and "time_zone" in told:
        return moment(told["time"] + told["time_zone"], None), "EXIF DateTimeOriginal, OffsetTimeOriginal"
    if "time_gps" in told:
        return datetime.fromisoformat(told["time_gps"]).replace(tzinfo=timezone.utc), "EXIF GPSDateStamp, GPSTimeStamp"
    if "time" in told:
        try:
            return moment(told["time"], zone), f"EXIF DateTimeOriginal in {zone}"
        except TimeRefused as bad:
            if not otherwise:
                job.refuse_file(f"when it was taken: {bad}; EXIF tells no zone", "DateTimeOriginal", told["time"])
    return images.captured(job, {})
