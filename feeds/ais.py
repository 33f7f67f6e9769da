"""AIS: raw NMEA logs. Every way of telling time is read; a sentence that is broken is refused with its line.

A row is a position report of a station that moves (types 1, 2, 3, 9, 18, 19, 27). Static messages (5, 24) name the track;
others (base stations, aids to navigation, text …) are passed over and counted in the note. A report with no position (latitude 91)
tells nothing and is passed over as well: the last known place stays.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from pyais import NMEAMessage
from pyais.exceptions import AISBaseException

from data.fixes import FixWriter, TrackTold
from feeds.flags import plausible
from feeds.imports import Job

LINE_MAX = 1024
PARTS_MAX = 1000  # unfinished messages kept
POSITIONS = frozenset({1, 2, 3, 9, 18, 19, 27})
STATICS = frozenset({5, 19, 24})
BATCH = 100_000
KNOT_MPS = 1852 / 3600

SENTENCE = re.compile(rb"(?P<before>.*?)(?P<sentence>!(?:AI|AB|BS|SA|AN)VD[MO],[^*\s]*\*[0-9A-Fa-f]{2})(?P<after>.*)", re.ASCII | re.DOTALL)
TAG = re.compile(rb"\\([^\\]*)\\", re.ASCII)
EPOCH = re.compile(rb"(?<!\d)(\d{10})(?:(\d{3})|\.(\d{1,6}))?(?!\d)", re.ASCII)
ISO = re.compile(rb"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?", re.ASCII)


@dataclass
class _Message:
    """One whole message: where it stood, when it was heard."""

    line: int
    heard: datetime | None
    nmea: NMEAMessage


def run(job: Job) -> None:
    """Fixes and names of a log."""
    job.describe_source("nmea")
    passed: Counter[str] = Counter()
    with FixWriter(job.connection, job.world, job.source_id) as writer:
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
    parts: OrderedDict[tuple, dict[int, tuple]] = OrderedDict()
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
            found = SENTENCE.match(raw.rstrip(b"\r\n"))
            if found is None:
                _told_nothing(job, number, raw, passed)
                continue
            sentence = found["sentence"]
            if not _sum_holds(sentence):
                job.report.read += 1
                job.refuse(number, "checksum", sentence.decode("ascii", "replace"), "a checksum that fits the sentence")
                continue
            heard = clock.of(found["before"], found["after"])
            fields = sentence.split(b",", 6)
            total, index = _digit(fields[1]), _digit(fields[2])
            if total == 1:
                yield _Message(number, heard, sentence)
                continue
            if not (1 <= index <= total <= 9):
                job.report.read += 1
                job.refuse(number, "part", sentence.decode("ascii", "replace"), "a part number within the message")
                continue
            key = (fields[3], fields[4], total, _group(found["before"]))
            held = parts.setdefault(key, {})
            held[index] = (number, heard, sentence)
            if len(held) == total:
                del parts[key]
                ordered = [held[i] for i in sorted(held)]
                yield _Message(ordered[0][0], next((h for _, h, _ in ordered if h), None), tuple(s for _, _, s in ordered))
            elif len(parts) > PARTS_MAX:
                parts.popitem(last=False)
                passed["unfinished messages"] += 1
    if parts:
        passed["unfinished messages"] += len(parts)
    job.progress(f"AIS, {job.path.name}", size, size)


def _told_nothing(job: Job, number: int, raw: bytes, passed: Counter) -> None:
    """A line without an AIS sentence: other NMEA and comments are passed over, a broken AIS sentence is refused."""
    if re.search(rb"!(?:AI|AB|BS|SA|AN)VD[MO]", raw, re.ASCII):
        job.report.read += 1
        job.refuse(number, "sentence", raw[:80].strip().decode("ascii", "replace"), "a whole AIVDM sentence with its checksum")
    elif raw.strip():
        passed["lines of something else"] += 1


def _sum_holds(sentence: bytes) -> bool:
    body, _, told = sentence[1:].rpartition(b"*")
    have = 0
    for byte in body:
        have ^= byte
    return have == int(told, 16)


def _digit(field: bytes) -> int:
    return int(field) if field.isdigit() else 0


def _group(before: bytes) -> bytes:
    """The id of a tag block's group (g:1-2-1234), without which two stations' parts could be taken for one message's."""
    found = TAG.search(before)
    if not found:
        return b""
    return next((p.rsplit(b"-", 1)[-1] for p in found[1].split(b"*")[0].split(b",") if p.startswith(b"g:")), b"")


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

    def of(self, before: bytes, after: bytes) -> datetime | None:
        if tag := TAG.search(before):
            for part in tag[1].split(b"*")[0].split(b","):
                if part.startswith(b"c:") and part[2:].isdigit():
                    told = int(part[2:])
                    return _moment(told / 1000 if told > 10**11 else told)
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


def _known(decoded, name: str) -> float:
    value = getattr(decoded, name, None)
    return float("nan") if value is None else float(value)


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
        sentences = message.nmea if isinstance(message.nmea, tuple) else (message.nmea,)
        try:
            nmea = (NMEAMessage(sentences[0]) if len(sentences) == 1
                    else NMEAMessage.assemble_from_iterable([NMEAMessage(s) for s in sentences]))
            kind = nmea.ais_id
            if kind not in POSITIONS and kind not in STATICS:
                passed["messages of other types"] += 1
                return
            decoded = nmea.decode()
            mmsi = int(decoded.mmsi)
        except (AISBaseException, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            self.job.report.read += 1
            self.job.refuse(message.line, "payload", sentences[0].decode("ascii", "replace"), f"an AIS message ({type(error).__name__})")
            return
        if kind in STATICS:
            self._name(mmsi, decoded)
        if kind not in POSITIONS:
            passed["names and other static reports"] += 1
            return
        self._place(message, mmsi, kind, decoded, passed)

    def _place(self, message: _Message, mmsi: int, kind: int, decoded, passed: Counter) -> None:
        if decoded.lat is None or decoded.lon is None:  # the payload ends before them
            self.job.report.read += 1
            self.job.refuse(message.line, "payload", f"{len(str(message.nmea))} characters", "a whole position report")
            return
        lat, lon = float(decoded.lat), float(decoded.lon)
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            passed["reports without a position"] += 1
            return
        self.job.report.read += 1
        heard = message.heard or self.clock.dated(getattr(decoded, "second", None))
        if heard is None:
            self.job.refuse(message.line, "time", None, "a time in the log (tag block, before or after the sentence), or --date")
            return
        # A report that was cut off after its position tells the rest as None.
        speed, course, heading = (_known(decoded, name) for name in ("speed", "course", "heading"))
        limit = 1022 if kind == 9 else 63 if kind == 27 else 102.2  # aircraft tell whole knots, long range 6 bits
        self.rows.append((
            mmsi, kind == 9 or 111_000_000 <= mmsi <= 111_999_999, heard.timestamp() * 1e6, lon, lat,
            speed * KNOT_MPS if speed <= limit else np.nan, course if course < 360 else np.nan,
            heading if heading < 360 else np.nan, message.line,
        ))
        if len(self.rows) >= BATCH:
            self._write()

    def _name(self, mmsi: int, decoded) -> None:
        told = self.told.setdefault(mmsi, {})
        for ours, theirs in (("name", "shipname"), ("callsign", "callsign"), ("imo", "imo"), ("ship_type", "ship_type"),
                             ("destination", "destination")):
            value = getattr(decoded, theirs, None)
            text = str(int(value)) if isinstance(value, int) else str(value or "").strip().strip("@").strip()
            if text and text != "0":
                told[ours] = text[:100]

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
