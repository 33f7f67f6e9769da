"""GPX: tracks point by point. Routes and waypoints are no movements; a point without a time is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from data.fixes import FixWriter, TrackTold
from data.records import KINDS
from feeds.flags import plausible
from feeds.imports import Job
from feeds.times import TimeRefused, moment
from feeds.xml import declared


@dataclass
class Trail:
    """One <trk>."""

    name: str | None = None
    type: str | None = None
    points: list[tuple] = field(default_factory=list)  # number in the file, lat, lon, time, elevation


def run(job: Job) -> None:
    """Fixes of a GPX file; `line` counts its track points from 1."""
    job.describe_source("gpx")
    refuse_doctype(job)
    with job.fixes() as writer:
        for number, trail in enumerate(trails(job), 1):
            _put(job, writer, trail, number)
    job.account(writer)
    if not job.report.read:
        job.refuse_file("at least one track point (<trkpt>)")


def refuse_doctype(job: Job) -> None:
    """No entity is ever worth expanding; also when the text is UTF-16."""
    if found := declared(job.path.read_bytes()):
        job.refuse_file("XML without a DOCTYPE or entities", value=found)


def trails(job: Job) -> Iterator[Trail]:
    """Each <trk> with its points as they are told."""
    trail: Trail | None = None
    number = 0
    try:
        for event, element in iterparse(job.path, events=("start", "end"), forbid_dtd=True):
            tag = element.tag.rsplit("}", 1)[-1]
            if event == "start":
                if tag == "trk":
                    trail = Trail()
                continue
            if trail is not None and tag == "trkpt":
                number += 1
                trail.points.append((number, element.get("lat"), element.get("lon"), _text(element, "time"), _text(element, "ele")))
                element.clear()
            elif trail is not None and tag == "trkseg":
                element.clear()
            elif tag == "trk" and trail is not None:
                trail.name, trail.type = _text(element, "name"), _text(element, "type")
                yield trail
                trail = None
                element.clear()
    except (ParseError, DefusedXmlException, RecursionError) as error:
        job.refuse_file(f"well-formed GPX ({str(error)[:120]})")


def _text(element, name: str) -> str | None:
    for child in element:
        if child.tag.rsplit("}", 1)[-1] == name:
            return (child.text or "").strip() or None
    return None


def rows(job: Job, trail: Trail) -> list[tuple]:
    """Points as (epoch microseconds, lon, lat, elevation, number in the file); those that can't be are refused."""
    out = []
    for n, lat, lon, time, elevation in trail.points:
        job.report.read += 1
        try:
            a, b = float(lat), float(lon)
        except (TypeError, ValueError):
            job.refuse(n, "lat, lon", f"{lat}, {lon}", "degrees")
            continue
        if not (abs(a) <= 90 and abs(b) <= 180):
            job.refuse(n, "lat, lon", f"{lat}, {lon}", "latitude within ±90, longitude within ±180")
            continue
        try:
            at: datetime = moment(time, job.options.zone)
        except TimeRefused as bad:
            job.refuse(n, "time", time, str(bad))
            continue
        out.append((at.timestamp() * 1e6, b, a, _number(elevation), n))
    return out


def _put(job: Job, writer: FixWriter, trail: Trail, number: int) -> None:
    kind = kind_of(job, trail.type)
    told = rows(job, trail)
    if not told:
        return
    # One person's two files of one ride are one track: known by its name, or by when and where it begins.
    begins = told[0]
    key = f"gpx:{trail.name}" if trail.name else f"gpx:{int(begins[0])}:{begins[1]:.5f}:{begins[2]:.5f}"
    named = TrackTold(key=key, kind=kind, name=trail.name or f"{job.path.stem} {number}", agency_id=job.agency_id,
                     marking=job.options.marking)
    (track_id,) = writer.tracks([named])
    t, lon, lat, altitude, line = (np.array(c, float) for c in zip(*told))
    writer.write({
        "track_id": np.full(len(told), track_id), "observed_us": t.astype(np.int64), "lon": lon, "lat": lat,
        "altitude_m": altitude, "line": line.astype(np.int64), "flags": plausible(t.astype(np.int64), lon, lat, job.now_us(t)),
    })


def kind_of(job: Job, told: str | None) -> str:
    """What moved: told on the command line, else by the file; never guessed."""
    word = (job.options.kind or told or "").casefold()
    if word not in KINDS:
        job.refuse_file(f"what moved: --kind with one of {', '.join(KINDS)}", "type", told)
    return word


def _number(told: str | None) -> float:
    try:
        return float(told)
    except (TypeError, ValueError):
        return float("nan")
