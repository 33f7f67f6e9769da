"""Subtitles that drones write beside their films, as places. Pure: text in, places out.

Makers differ in what they tell and in which order: `[latitude: …] [longitude: …]` (also misspelt `longtitude`), `GPS(E: …, N: …)`, and two numbers
without names. Of the last, longitude comes first in the layouts that are known; the range of the numbers and the distance from home, where it is
told, are held against that. What nothing decides is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from pyproj import Geod

CUES_MAX = 2_000_000
NUMBER = r"([+-]?\d{1,6}(?:\.\d+)?)"
TIMES = re.compile(r"^(\d{1,3}):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d{1,3}):(\d\d):(\d\d)[,.](\d{1,3})\s*$", re.ASCII)
STAMP = re.compile(r"(?<!\d)(\d{4})[-./](\d\d)[-./](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{3})(?:[.,]?(\d{3}))?)?(?!\d)", re.ASCII)
LATITUDE, LONGITUDE = (re.compile(rf"\b{name}\s*:\s*{NUMBER}\s*[\],)]", re.ASCII | re.IGNORECASE) for name in ("latitude", "longt?itude"))
SIDES = re.compile(rf"\bGPS\s*\(\s*([EWNS])\s*:?\s*{NUMBER}\s*,\s*([EWNS])\s*:?\s*{NUMBER}\s*[,)]", re.ASCII)
BARE = re.compile(rf"\bGPS\s*\(\s*{NUMBER}\s*,\s*{NUMBER}\s*[,)]", re.ASCII)
HOME = re.compile(rf"\bHOME\s*\(\s*{NUMBER}\s*,\s*{NUMBER}\s*[,)]", re.ASCII)
# How far from home, how high above it; what a plain pair of numbers stands beside in the layouts that are known.
DISTANCE, SPEED, BAROMETER, ABOVE = (re.compile(told, re.ASCII) for told in (
    rf"\bD\s*:?\s*{NUMBER}\s*m\b", rf"\bH\.S\s*:?\s*{NUMBER}\s*m/s", rf"\bBAROMETER\s*:\s*{NUMBER}", rf"\babs_alt\s*:\s*{NUMBER}\s*[\],]"))
WGS84 = Geod(ellps="WGS84")
FAR_M = 30.0  # nearer to home than this, its distance does not tell which number is which
LEAST_S = 0.2  # a film has a cue a picture; a path needs five a second at most
FASTEST_MPS = 120.0


class SrtRefused(ValueError):
    """These subtitles tell no places that can be relied on; `line`, `value` where one does not fit."""

    def __init__(self, expected: str, line: int | None = None, value: str | None = None):
        super().__init__(expected)
        self.expected, self.line, self.value = expected, line, value


@dataclass(frozen=True)
class Place:
    """Where the drone was at one cue."""

    line: int
    offset_s: float  # since the film began
    stamp: datetime | None  # in the drone's own zone, which it does not tell
    lon: float
    lat: float
    altitude_m: float  # above the sea; NaN where only the height above take-off is told
    speed_mps: float


@dataclass
class Told:
    """What a file of subtitles holds."""

    places: list[Place] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Cue:
    number: int
    line: int
    start_s: float
    body: str


def read(text: str) -> Told:
    """Every place that is told whole. Raises SrtRefused."""
    cues, out = list(_cues(text)), Told()
    if not cues:
        raise SrtRefused("subtitles: a number, `00:00:00,000 --> 00:00:01,000`, words")
    pairs = [_pair(cue) for cue in cues]
    if not any(pairs):
        raise SrtRefused("a place in a cue: `[latitude: …] [longitude: …]` or `GPS(…)`")
    lon_first = _order(cues, pairs, out.notes) if any(p and p[0] == "bare" for p in pairs) else True
    nowhere = 0
    for cue, pair in zip(cues, pairs):
        if pair is None:
            continue
        kind, a, b = pair
        lon, lat = (a, b) if kind == "told" or lon_first else (b, a)
        if abs(lon) < 0.001 and abs(lat) < 0.001:
            nowhere += 1
            continue
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            raise SrtRefused("latitude within ±90, longitude within ±180", cue.line, f"{lat}, {lon}")
        out.places.append(Place(cue.line, cue.start_s, _stamp(cue.body), lon, lat, _number(ABOVE, cue.body), _number(SPEED, cue.body)))
    _say(cues, pairs, nowhere, out)
    _continuous(out.places)
    return out


def _cues(text: str) -> Iterator[_Cue]:
    lines, begun, number = text.lstrip("\ufeff").splitlines(), None, 0
    for i, line in enumerate(lines):
        if (found := TIMES.match(line.strip())) and i and lines[i - 1].strip().isdecimal():
            if begun is not None:
                yield _made(lines, *begun, i - 1)
                number += 1
                if number > CUES_MAX:
                    raise SrtRefused(f"at most {CUES_MAX:,} cues")
            h, m, s, ms = (int(g) for g in found.groups()[:4])
            begun = (i, int(lines[i - 1].strip()[:9]), h * 3600 + m * 60 + s + ms / 10 ** len(found[4]))
    if begun is not None:
        yield _made(lines, *begun, len(lines))


def _made(lines: list[str], at: int, number: int, start_s: float, end: int) -> _Cue:
    return _Cue(number, at + 2, start_s, "\n".join(lines[at + 1:end])[:4_000])


def _pair(cue: _Cue) -> tuple[str, float, float] | None:
    """("told", longitude, latitude), or ("bare", first, second) where nothing names them."""
    if (lat := LATITUDE.search(cue.body)) and (lon := LONGITUDE.search(cue.body)):
        return "told", float(lon[1]), float(lat[1])
    if found := SIDES.search(cue.body):
        values = {side: float(value) for side, value in ((found[1], found[2]), (found[3], found[4]))}
        lon_, lat_ = (next((v if v < 0 or s in "EN" else -v for s, v in values.items() if s in pair), None) for pair in ("EW", "NS"))
        return None if lon_ is None or lat_ is None else ("told", lon_, lat_)
    found = BARE.search(cue.body)
    return ("bare", float(found[1]), float(found[2])) if found else None


def _order(cues: list[_Cue], pairs: list, notes: list[str]) -> bool:
    """Whether the longitude is the first of two plain numbers. Raises SrtRefused when nothing says so."""
    there = [(cue, a, b) for cue, pair in zip(cues, pairs) if pair and pair[0] == "bare" for _, a, b in (pair,)]
    may = [all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in ways) for ways in ([(a, b) for _, a, b in there], [(b, a) for _, a, b in there])]
    if not any(may):
        raise SrtRefused("one order of longitude and latitude that fits every cue", there[0][0].line, f"{there[0][1]}, {there[0][2]}")
    if not all(may):
        if may[1]:
            notes.append("latitude stands first, as the numbers' range says")
        return may[0]
    wrong: tuple[list[float], list[float]] = ([], [])
    for cue, a, b in there:
        home, told = HOME.search(cue.body), DISTANCE.search(cue.body)
        if home and told and (far := float(told[1])) > FAR_M:
            c, d = float(home[1]), float(home[2])
            for errors, way in zip(wrong, ((a, b, c, d), (b, a, d, c))):
                errors.append(abs(WGS84.inv(*way)[2] - far) / far)
    if wrong[0]:
        first, second = median(wrong[0]), median(wrong[1])
        if min(first, second) < 0.05 and max(first, second) > 2 * min(first, second) + 0.02:
            notes.append(f"{'longitude' if first < second else 'latitude'} stands first, as the distance from home says")
            return first < second
    if any(BAROMETER.search(cue.body) or DISTANCE.search(cue.body) and SPEED.search(cue.body) for cue, *_ in there):
        return True  # the layouts of the makers' older drones
    raise SrtRefused("which of the two numbers is the longitude: neither a name, nor their range, nor a known layout says so", there[0][0].line,
                     f"{there[0][1]}, {there[0][2]}")


def _stamp(body: str) -> datetime | None:
    found = STAMP.search(body)
    if found is None:
        return None
    *parts, ms, us = found.groups()
    try:
        return datetime(*(int(p) for p in parts), int(ms or 0) * 1000 + int(us or 0))
    except ValueError:
        return None


def _number(pattern: re.Pattern, body: str) -> float:
    found = pattern.search(body)
    return float(found[1]) if found else float("nan")


def _say(cues: list[_Cue], pairs: list, nowhere: int, out: Told) -> None:
    """What a person has to know of a file that is not whole."""
    silent = [cue for cue, pair in zip(cues, pairs) if pair is None]
    if silent and silent[-1] is cues[-1]:
        out.notes.append(f"cut off: the last cue (line {silent.pop().line}) is not whole and left out")
    if silent:
        out.notes.append(f"{len(silent):,} cues without a place left out, the first at line {silent[0].line}")
    if nowhere:
        out.notes.append(f"{nowhere:,} cues at 0, 0 left out: the drone had no place yet")
    if missing := sum(b.number - a.number - 1 for a, b in zip(cues, cues[1:]) if b.number > a.number + 1):
        out.notes.append(f"{missing:,} cues are missing by their numbers")
    stamped = [p for p in out.places if p.stamp]
    if len(stamped) > 1:
        by_clock, by_film = (stamped[-1].stamp - stamped[0].stamp).total_seconds(), stamped[-1].offset_s - stamped[0].offset_s
        if abs(by_clock - by_film) > max(2.0, 0.02 * by_film):
            out.notes.append(f"the clock went {by_clock:.1f} s while the film went {by_film:.1f} s; the clock is followed")


def _continuous(places: list[Place]) -> None:
    """A path that jumps at most steps is none. Raises SrtRefused."""
    jumps = 0
    for a, b in zip(places, places[1:]):
        passed = (b.stamp - a.stamp).total_seconds() if a.stamp and b.stamp else b.offset_s - a.offset_s
        jumps += WGS84.inv(a.lon, a.lat, b.lon, b.lat)[2] > FASTEST_MPS * max(0.0, passed) + 150
    if jumps > len(places) / 4:
        raise SrtRefused(f"places that one flight can have; {jumps:,} of {len(places):,} steps are faster than {FASTEST_MPS:.0f} m/s")


def thinned(times_s: list[float]) -> list[int]:
    """Which of these times make a path: not more often than every LEAST_S, the last always.

    >>> thinned([0.0, 0.016, 0.033, 0.2, 0.21])
    [0, 3, 4]
    """
    kept: list[int] = []
    for i, at in enumerate(times_s):
        if not kept or abs(at - times_s[kept[-1]]) >= LEAST_S - 1e-9 or i == len(times_s) - 1 and at != times_s[kept[-1]]:
            kept.append(i)
    return kept
