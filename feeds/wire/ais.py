"""AIS live: sentences of TCP and UDP, each stamped with the time it was heard at."""

from __future__ import annotations

from collections import Counter

from feeds.ais_reports import BEACONS, Broken, Report, read
from feeds.nmea import BEGUN, LINE_MAX, PARTS_AGE_US, SENTENCE, Parts, sum_holds, tag_fields, tag_group, tag_time_s
from feeds.wire.told import Frame, Heard, Told, heard_at

# A report's UTC second is taken when we heard it within so long after.
EARLY_US, LATE_US = 2_000_000, 15_000_000
MINUTE_US = 60_000_000
PASSED = {4: "base stations", 11: "base stations", 21: "aids to navigation"}


class Ais:
    """Positions and names of vessels, and of aircraft in search and rescue."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.parts = Parts(PARTS_AGE_US)

    def decode(self, frames: list[Frame]) -> list[Heard | Told]:
        """What the sentences of the frames tell: a datagram may hold several lines."""
        out: list[Heard | Told] = []
        for number, frame in enumerate(frames):
            for line in frame.data.splitlines():
                told = self._line(line, frame.received_us, number)
                if told is not None:
                    out.append(told)
        if self.parts.unfinished:
            self.errors["unfinished"] = self.parts.unfinished
        return out

    def _line(self, line: bytes, received_us: int, number: int) -> Heard | Told | None:
        if len(line) > LINE_MAX:
            self.errors["too long"] += 1
            return None
        found = SENTENCE.search(line)
        if found is None:
            if BEGUN.search(line):
                self.errors["sentence"] += 1
            elif line.strip():
                self.passed["lines of something else"] += 1
            return None
        sentence = found[0]
        if not sum_holds(sentence):
            self.errors["checksum"] += 1
            return None
        tag = tag_fields(line[:found.start()])
        try:
            whole = self.parts.take(sentence, tag_group(tag), tag_time_s(tag), received_us)
            if whole is None:
                return None
            report = read([s for s, _ in whole])
        except Broken:
            self.errors["payload"] += 1
            return None
        except ValueError:
            self.errors["part"] += 1
            return None
        if isinstance(report, int) and not 1 <= report <= 27:
            self.errors["payload"] += 1
            return None
        if isinstance(report, int):
            self.passed[PASSED.get(report, "messages of other types")] += 1
            return None
        return self._told(report, next((t for _, t in whole if t is not None), None), received_us, number)

    def _told(self, report: Report, tag_s: float | None, received_us: int, number: int) -> Heard | Told | None:
        names = report.names
        identifiers = {"mmsi": report.key[5:]}
        if names:
            identifiers |= {k: v for k, v in names.items() if k != "name"}
        if beacon := BEACONS.get(report.mmsi // 1_000_000):
            identifiers["beacon"] = beacon
        if report.lat is None or report.lat != report.lat:
            if report.lat is not None:
                self.passed["no position"] += 1
            return Told(report.key, report.kind, names.get("name"), identifiers, number) if names else None
        observed_us, flags = heard_at(None if tag_s is None else int(tag_s * 1e6), received_us)
        if tag_s is None:
            observed_us = refined(received_us, report.second)
        return Heard(
            report.key, report.kind, observed_us, report.lon, report.lat, names.get("name"), identifiers, report.speed_mps, report.course_deg,
            report.heading_deg, flags=flags, frame=number, emergency=report.emergency,
        )


def refined(received_us: int, second: int | None) -> int:
    """The time of a report heard at `received_us` that tells the second of its minute, where the two fit.

    >>> refined(1_795_000_003_400_000, 42)  # heard at :43.4
    1795000002000000
    >>> refined(1_795_000_003_400_000, 10), refined(1_795_000_003_400_000, 60)
    (1795000003400000, 1795000003400000)
    """
    if second is None or second > 59:
        return received_us
    late = (received_us - second * 1_000_000 + EARLY_US) % MINUTE_US - EARLY_US
    return received_us - late if late <= LATE_US else received_us
