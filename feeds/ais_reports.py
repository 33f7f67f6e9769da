"""What an AIS message tells: where a station that moves is, or what it is called. Decoded by pyais, as our own words and units."""

from __future__ import annotations

import math
import re
from binascii import a2b_base64
from dataclasses import dataclass

from pyais import NMEAMessage
from pyais.exceptions import AISBaseException

POSITIONS = frozenset({1, 2, 3, 9, 18, 19, 27})
STATICS = frozenset({5, 19, 24})
KNOT_MPS = 1852 / 3600
# ITU-R M.585: the first digits of numbers that are no ship's.
AIRCRAFT = range(111_000_000, 112_000_000)
BEACONS = {970: "AIS-SART", 972: "man overboard", 974: "EPIRB-AIS"}
SART_ACTIVE = 14  # navigational status
# Bits after which the position is whole, and the report. pyais reads what is cut off within a number as a smaller one.
PLACED = {1: 116, 2: 116, 3: 116, 9: 116, 18: 112, 19: 112, 27: 79}
WHOLE = {1: 143, 2: 143, 3: 143, 9: 134, 18: 139, 19: 139, 27: 94}
NAMES = (("name", "shipname"), ("callsign", "callsign"), ("imo", "imo"), ("ship_type", "ship_type"), ("destination", "destination"))
NAME_MAX = 100
# Nearly all there is: one sentence with a whole position report of types 1 to 3. It is read here, in a sixth of pyais's time, and held against pyais by a test.
PLAIN = re.compile(rb"!(?:AI|AB|BS|SA|AN)VD[MO],1,1,[0-9]?,[AB12]?,([1-3][0-W`-w]{27}),0\*", re.ASCII)
SIX_BITS = bytes(range(48, 88)) + bytes(range(96, 120))
TO_BASE64 = bytes.maketrans(SIX_BITS, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


class Broken(ValueError):
    """A payload that is no AIS message, or ends before its position."""


@dataclass(slots=True)
class Report:
    """One message. `lat` is None when it holds no position of the kind that is asked; NaN: it says there is none."""

    mmsi: int
    type: int
    names: dict[str, str]
    lon: float | None = None
    lat: float | None = None
    speed_mps: float = math.nan
    course_deg: float = math.nan
    heading_deg: float = math.nan
    second: int | None = None  # of the minute, UTC; 60 and more: unknown
    emergency: bool = False

    @property
    def key(self) -> str:
        """What its track is known by."""
        return f"mmsi:{self.mmsi:09d}"

    @property
    def kind(self) -> str:
        """What broadcasts."""
        return "aircraft" if self.type == 9 or self.mmsi in AIRCRAFT else "vessel"


def read(sentences: list[bytes]) -> Report | int:
    """What the sentences of one message tell, or its type when that is none of ours. Raises Broken."""
    if len(sentences) == 1 and (plain := PLAIN.match(sentences[0])):
        return _plain(int.from_bytes(a2b_base64(plain[1].translate(TO_BASE64)), "big"))
    try:
        nmea = NMEAMessage(sentences[0]) if len(sentences) == 1 else NMEAMessage.assemble_from_iterable([NMEAMessage(s) for s in sentences])
        kind = nmea.ais_id
        if kind not in POSITIONS and kind not in STATICS:
            return kind
        told = nmea.decode()
        mmsi = int(told.mmsi)
    except (AISBaseException, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise Broken(type(error).__name__) from None
    report = Report(mmsi, kind, _names(told) if kind in STATICS else {})
    if kind in POSITIONS:
        _place(report, told, sum(6 * len(s.split(b",", 6)[5]) for s in sentences) - nmea.fill_bits)
    return report


def _plain(bits: int) -> Report:
    """The 168 bits of a report of types 1 to 3 (ITU-R M.1371, table 48)."""
    mmsi = bits >> 130 & 0x3FFFFFFF
    lon, lat = _degrees(bits >> 79, 1 << 27), _degrees(bits >> 52, 1 << 26)
    if abs(lat) > 90 or abs(lon) > 180:
        lon = lat = math.nan
    speed, course, heading = bits >> 108 & 1023, bits >> 40 & 4095, bits >> 31 & 511
    return Report(
        mmsi, bits >> 162, {}, lon, lat, speed / 10 * KNOT_MPS if speed <= 1022 else math.nan, course / 10 if course < 3600 else math.nan,
        float(heading) if heading < 360 else math.nan, bits >> 25 & 63, mmsi // 1_000_000 in BEACONS or bits >> 126 & 15 == SART_ACTIVE,
    )


def _degrees(bits: int, sign: int) -> float:
    """A number of so many bits, the highest of them `sign`, in ten thousandths of a minute."""
    value = bits & 2 * sign - 1
    return round((value - 2 * sign if value & sign else value) / 600_000, 6)


def _place(report: Report, told, bits: int) -> None:
    if bits < PLACED[report.type]:
        raise Broken("it ends before its position")
    lat, lon = float(told.lat), float(told.lon)
    there = abs(lat) <= 90 and abs(lon) <= 180
    report.lat, report.lon = (lat, lon) if there else (math.nan, math.nan)
    report.emergency = report.mmsi // 1_000_000 in BEACONS or report.type <= 3 and told.status == SART_ACTIVE
    if bits < WHOLE[report.type]:
        return
    speed, course, heading = (_known(told, name) for name in ("speed", "course", "heading"))
    limit = 1022 if report.type == 9 else 63 if report.type == 27 else 102.2  # aircraft tell whole knots, long range 6 bits
    report.speed_mps = speed * KNOT_MPS if speed <= limit else math.nan
    report.course_deg = course if course < 360 else math.nan
    report.heading_deg = heading if heading < 360 else math.nan
    report.second = getattr(told, "second", None)


def _known(told, name: str) -> float:
    value = getattr(told, name, None)
    return math.nan if value is None else float(value)


def _names(told) -> dict[str, str]:
    out = {}
    for ours, theirs in NAMES:
        value = getattr(told, theirs, None)
        text = str(int(value)) if isinstance(value, int) else str(value or "").strip().strip("@").strip()
        if text and text != "0":
            out[ours] = text[:NAME_MAX]
    return out
