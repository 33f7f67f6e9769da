"""Telemetry of a flight: subtitles beside its film, a PX4 log, GPX. It becomes the flight's path, a track of kind drone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from data.fixes import MEASURES, TrackTold
from data.state import touch
from feeds import gpx, images, sorties, srt, worker
from feeds.flags import plausible
from feeds.imports import Job, keep_original
from feeds.times import TimeRefused, epoch_us, moment

SUFFIXES = (".srt", ".ulg", ".gpx")


@dataclass
class Flown:
    """The path of one flight, in the order it was flown."""

    format: str
    columns: dict[str, np.ndarray]  # observed_us, lon, lat, line, and what else is known
    notes: list[str] = field(default_factory=list)


def run(job: Job) -> None:
    """Import the telemetry of one flight."""
    flown = {".srt": _srt, ".ulg": _ulog, ".gpx": _gpx}[job.path.suffix.lower()](job)
    keep_original(job)
    put(job, flown, sorties.of(job))
    job.describe_source(flown.format)


def put(job: Job, flown: Flown, sortie: sorties.Sortie | None) -> int:
    """Store a path, as the sortie's where there is one; the track's id."""
    columns = flown.columns
    n = len(columns["observed_us"])
    job.report.read += n
    with job.fixes() as writer:
        (track,) = writer.tracks([_track(job, flown, sortie)])
        told = {name: columns[name] for name in ("observed_us", "lon", "lat", "line", *MEASURES) if name in columns}
        writer.write({**told, "track_id": np.full(n, track), "flags": plausible(columns["observed_us"], columns["lon"], columns["lat"], job.now_us(columns["observed_us"]))})
    job.account(writer)
    if sortie is not None:
        job.connection.execute("""
            UPDATE sortie SET track_id = coalesce(track_id, (SELECT id FROM track WHERE id = %(track)s)),
              started_at = least(started_at, to_timestamp(%(first)s / 1e6)), ended_at = greatest(ended_at, to_timestamp(%(last)s / 1e6)) WHERE id = %(sortie)s
        """, {"track": track, "sortie": sortie.id, "first": int(columns["observed_us"].min()), "last": int(columns["observed_us"].max())})
    touch(job.connection, job.world, "tracks")  # whatever layer the file came by
    job.report.note = "; ".join([*([job.report.note] if job.report.note else []), *flown.notes]) or None
    return track


def _track(job: Job, flown: Flown, sortie: sorties.Sortie | None) -> TrackTold:
    """The sortie's own track where it has one; else one that is known by the sortie, or by when and where it begins."""
    agency = job.agency_id if sortie is None else sortie.agency_id
    if sortie is not None:
        key, path = job.connection.execute("SELECT s.key, t.key FROM sortie s LEFT JOIN track t ON t.id = s.track_id AND t.agency_id IS NOT DISTINCT FROM s.agency_id "
                                           "WHERE s.id = %s", (sortie.id,)).fetchone()
        return TrackTold(path or f"sortie:{key}", "drone", None if path else key, agency_id=agency, marking=job.options.marking)
    first = flown.columns["observed_us"][0], flown.columns["lon"][0], flown.columns["lat"][0]
    return TrackTold(f"flight:{int(first[0])}:{first[1]:.5f}:{first[2]:.5f}", "drone", job.path.stem, agency_id=agency, marking=job.options.marking)


def _srt(job: Job) -> Flown:
    try:
        told = srt.read(job.path.read_bytes().decode("utf-8", "replace"))
    except srt.SrtRefused as bad:
        job.refuse_file(bad.expected, value=bad.value, line=bad.line)
    if not told.places:
        job.refuse_file(f"a place other than 0, 0 ({'; '.join(told.notes)})")
    stamped = [p for p in told.places if p.stamp is not None]
    if stamped and len(stamped) < len(told.places):
        told.notes.append(f"{len(told.places) - len(stamped):,} cues without a time left out")
    places, start = stamped or told.places, None
    if not stamped:
        start, how = images.captured(job, {})
        told.notes.append(f"these subtitles tell no day: the film began at {start:%Y-%m-%dT%H:%M:%S%z} ({how})")
    times = [_at(job, p, start) for p in places]
    order = sorted(range(len(places)), key=lambda i: times[i])
    order = [order[i] for i in srt.thinned([times[i] / 1e6 for i in order])]
    if len(order) < len(places):
        told.notes.append(f"{len(places):,} cues, {len(order):,} kept: at most five a second")
    rows = [places[i] for i in order]
    return Flown("dji srt", {
        "observed_us": np.array([times[i] for i in order], np.int64), "lon": np.array([p.lon for p in rows]), "lat": np.array([p.lat for p in rows]),
        "altitude_m": np.array([p.altitude_m for p in rows]), "speed_mps": np.array([p.speed_mps for p in rows]), "line": np.array([p.line for p in rows])}, told.notes)


def _at(job: Job, place: srt.Place, start: datetime | None) -> int:
    """When a cue was, as epoch microseconds: its own time in the zone that is told, or so long after the film began."""
    if start is not None:
        return epoch_us(start + timedelta(seconds=place.offset_s))
    try:
        return epoch_us(moment(place.stamp.isoformat(), job.options.zone))
    except TimeRefused:
        job.refuse_file("--zone: times in subtitles are those of the drone's own zone, which they do not tell", "time", str(place.stamp), place.line)
    raise AssertionError("refuse_file always raises")


def _ulog(job: Job) -> Flown:
    with worker.workroom(job.path) as (folder, copy):
        told = worker.run("telemetry.ulog", {"input": copy.name}, name=job.path.name, folder=folder)
    columns = {name: np.array(values, np.int64 if name == "observed_us" else float) for name, values in told["columns"].items()}
    kept = srt.thinned((columns["observed_us"] / 1e6).tolist())
    if len(kept) < len(columns["lon"]):
        told["notes"].append(f"{len(columns['lon']):,} positions, {len(kept):,} kept: at most five a second")
    return Flown("px4 ulog", {name: values[kept] for name, values in columns.items()} | {"line": np.array(kept) + 1}, told["notes"])


def _gpx(job: Job) -> Flown:
    gpx.refuse_doctype(job)
    rows = [row for trail in gpx.trails(job) for row in gpx.rows(job, trail)]
    if not rows:
        job.refuse_file("at least one track point (<trkpt>) with a time")
    job.report.read -= len(rows)  # `put` counts what is to be stored; what was refused is counted already
    rows.sort()
    t, lon, lat, altitude, line = (np.array(c, float) for c in zip(*rows))
    return Flown("gpx", {"observed_us": t.astype(np.int64), "lon": lon, "lat": lat, "altitude_m": altitude, "line": line.astype(np.int64)})
