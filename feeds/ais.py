"""AIS: raw NMEA logs. Every way of telling time is read; a sentence that is broken is refused with its line.

A row is a position report of a station that moves (types 1, 2, 3, 9, 18, 19, 27). Static messages (5, 24) name the track;
others (base stations, aids to navigation, text …) are passed over and counted in the note. A report with no position (latitude 91)
tells nothing and is passed over as well: the last known place stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from data.fixes import FixWriter, TrackTold
from feeds.ais_reports import POSITIONS, Broken, Report, read
from feeds.flags import plausible
from feeds.imports import Job
from feeds.nmea import BEGUN, LINE_MAX, SENTENCE, Parts, sum_holds, tag_fields, tag_group, tag_time_s

BATCH = 100_000

EPOCH = re.compile(rb"(?<!\d)(\d{10})(?:(\d{3})|\.(\d{1,6}))?(?!\d)", re.ASCII)
ISO = re.compile(rb"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?", re.ASCII)


@dataclass
class _Message:
    """One whole message: where it stood, when it was heard."""

    line: int
    heard: datetime | None
    sentences: list[bytes]


def run(job: Job) -> None:
    """Fixes and names of a log."""
    job.describe_source("nmea")
    passed: Counter[str] = Counter()
    with job.fixes() as writer:
        ships = _Ships(job, writer)
        for message in _messages(job, passed):
            ships.take(message, passed)
        ships.finish()
    job.account(writer)
    if passed:
        told = ", ".join(f"{n:,} {what}" for what, n in sorted(passed.items()))
        job.report.note = "; ".join(filter(None, (f"passed over: {told}", job.report.note)))


# -- sentences ---------------------------------------------------------------------------------------------------------


def _messages(job: Job, passed: Counter) -> Iterator[_Message]:
    """Whole messages, multi-part ones put together."""
    parts = Parts()
    clock = _Clock(job)
    size, done = job.path.stat().st_size, 0
    with open(job.path, "rb") as log:
        number = 0
        while raw := log.readline(LINE_MAX + 1):
            number += 1
            done += len(raw)
            if len(raw) > LINE_MAX:
                start = raw[:60]
                while raw and not raw.endswith(b"\n"):
                    raw = log.readline(LINE_MAX)
                    done += len(raw)
                job.report.read += 1
                job.refuse(number, "line", start.decode("ascii", "replace"), f"at most {LINE_MAX} bytes")
                continue
            if number % 20_000 == 0:
                job.progress(f"AIS, {job.path.name}", done, size)
            line = raw.rstrip(b"\r\n")
            found = SENTENCE.search(line)
            if found is None:
                _told_nothing(job, number, raw, passed)
                continue
            sentence, before, after = found[0], line[:found.start()], line[found.end():]
            if not sum_holds(sentence):
                job.report.read += 1
                job.refuse(number, "checksum", sentence.decode("ascii", "replace"), "a checksum that fits the sentence")
                continue
            tag = tag_fields(before)
            try:
                whole = parts.take(sentence, tag_group(tag), (number, clock.of(tag, before, after)))
            except ValueError:
                job.report.read += 1
                job.refuse(number, "part", sentence.decode("ascii", "replace"), "a part number within the message")
                continue
            if whole:
                yield _Message(whole[0][1][0], next((heard for _, (_, heard) in whole if heard), None), [s for s, _ in whole])
    if lost := parts.unfinished + len(parts):
        passed["unfinished messages"] += lost
    job.progress(f"AIS, {job.path.name}", size, size)


def _told_nothing(job: Job, number: int, raw: bytes, passed: Counter) -> None:
    """A line without an AIS sentence: other NMEA and comments are passed over, a broken AIS sentence is refused."""
    if BEGUN.search(raw):
        job.report.read += 1
        job.refuse(number, "sentence", raw[:80].strip().decode("ascii", "replace"), "a whole AIVDM sentence with its checksum")
    elif raw.strip():
        passed["lines of something else"] += 1


class _Clock:
    """When a sentence was heard: by its tag block, else by what stands around it, else by the day told with --date."""

    def __init__(self, job: Job):
        self.job = job
        self.day: datetime | None = None
        self.last: datetime | None = None
        if job.options.date:
            try:
                self.day = datetime.fromisoformat(job.options.date).replace(tzinfo=timezone.utc)
            except ValueError:
                job.refuse_file("--date like 2026-11-24", "--date", job.options.date)

    def of(self, tag: list[bytes], before: bytes, after: bytes) -> datetime | None:
        if (told := tag_time_s(tag)) is not None:
            return _moment(told)
        for around in (before, after):
            if found := ISO.search(around):
                zone = (found[2] or b"Z").replace(b"UTC", b"Z").decode()
                try:
                    return datetime.fromisoformat(found[1].decode().replace(" ", "T") + zone)
                except ValueError:
                    continue
            if found := EPOCH.search(around):
                return _moment(int(found[1]) + float(f"0.{(found[2] or found[3] or b'0').decode()}"))
        return None

    def dated(self, second: int | None) -> datetime | None:
        """Without any time: the messages follow each other through the day of --date by their second of the minute."""
        if self.day is None:
            return None
        at = self.last or self.day
        if second is not None and second < 60:
            at = at.replace(second=second, microsecond=0)
            if self.last and at < self.last:
                at += timedelta(minutes=1)
        self.last = at
        return at


def _moment(epoch_s: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(epoch_s, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


# -- messages to tracks ------------------------------------------------------------------------------------------------


class _Ships:
    """Collects fixes and names, and writes them batch by batch."""

    def __init__(self, job: Job, writer: FixWriter):
        self.job, self.writer = job, writer
        self.clock = _Clock(job)
        self.ids: dict[int, int] = {}
        self.told: dict[int, dict] = {}
        self.rows: list[tuple] = []

    def take(self, message: _Message, passed: Counter) -> None:
        try:
            report = read(message.sentences)
        except Broken as error:
            self.job.report.read += 1
            self.job.refuse(message.line, "payload", message.sentences[0].decode("ascii", "replace"), f"a whole AIS message ({error})")
            return
        if isinstance(report, int):
            passed["messages of other types"] += 1
            return
        if report.names:
            self.told.setdefault(report.mmsi, {}).update(report.names)
        if report.type not in POSITIONS:
            passed["names and other static reports"] += 1
            return
        self._place(message, report, passed)

    def _place(self, message: _Message, report: Report, passed: Counter) -> None:
        if report.lat != report.lat:
            passed["reports without a position"] += 1
            return
        self.job.report.read += 1
        heard = message.heard or self.clock.dated(report.second)
        if heard is None:
            self.job.refuse(message.line, "time", None, "a time in the log (tag block, before or after the sentence), or --date")
            return
        self.rows.append((report.mmsi, report.kind == "aircraft", heard.timestamp() * 1e6, report.lon, report.lat,
                          report.speed_mps, report.course_deg, report.heading_deg, message.line))
        if len(self.rows) >= BATCH:
            self._write()

    def _write(self) -> None:
        if not self.rows:
            return
        mmsi, air, t, lon, lat, speed, course, heading, line = (np.array(c) for c in zip(*self.rows))
        self.rows = []
        new = [m for m in dict.fromkeys(mmsi.tolist()) if m not in self.ids]
        flying = set(mmsi[air.astype(bool)].tolist())
        tracks = [self._track(m, "aircraft" if m in flying else "vessel") for m in new]
        self.ids.update(zip(new, self.writer.tracks(tracks) if tracks else []))
        observed = t.astype(np.int64)
        self.writer.write({
            "track_id": np.array([self.ids[m] for m in mmsi.tolist()]), "observed_us": observed, "lon": lon, "lat": lat,
            "speed_mps": speed, "course_deg": course, "heading_deg": heading, "line": line.astype(np.int64),
            "flags": plausible(observed, lon, lat, self.job.now_us(observed)),
        })

    def _track(self, mmsi: int, kind: str) -> TrackTold:
        told = self.told.get(mmsi, {})
        return TrackTold(
            key=f"mmsi:{mmsi:09d}", kind=kind, name=told.get("name"), agency_id=self.job.agency_id,
            identifiers={"mmsi": f"{mmsi:09d}", **{k: v for k, v in told.items() if k != "name"}}, marking=self.job.options.marking,
        )

    def finish(self) -> None:
        """The rest of the fixes; then the names that came after their first positions."""
        self._write()
        late = [self._track(m, "vessel") for m in self.told if m in self.ids]
        if late:
            self.writer.tracks(late)
