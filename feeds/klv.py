"""Metadata of film by MISB ST 0601 (KLV): packets out of whatever carries them, and what one says. Our one door to `stanag4609`. Pure.

Every packet's length and checksum is held against what is there; what does not hold is counted and left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import numpy as np
from stanag4609.errors import Stanag4609Error
from stanag4609.st0601 import FieldDecodingMode, decode_uas_local_set

# ref: MISB ST 0601, the universal label of the UAS Datalink Local Set
KEY = bytes.fromhex("060e2b34020b01010e01030101000000")
VALUE_MAX = 64 << 10
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# ref: MISB ST 0601, tags
NUMBERS = {"heading_deg": 5, "pitch_deg": 6, "roll_deg": 7, "lat": 13, "lon": 14, "altitude_m": 15, "fov_h_deg": 16, "fov_v_deg": 17, "azimuth_deg": 18,
           "elevation_deg": 19, "sensor_roll_deg": 20, "slant_m": 21, "centre_lat": 23, "centre_lon": 24, "centre_m": 25, "ellipsoid_m": 75}
WORDS = {"mission": 3, "tail": 4, "platform": 10, "sensor": 11}
OFFSETS, CORNERS = (26, 27, 28, 29, 30, 31, 32, 33), (82, 83, 84, 85, 86, 87, 88, 89)


@dataclass
class Counted:
    """What became of the packets of one stream."""

    read: int = 0
    good: int = 0
    length: int = 0  # a length that does not fit what follows
    checksum: int = 0
    value: int = 0  # no time, or items that can't be read

    def __str__(self) -> str:
        bad = [f"{n:,} with a bad {word}" for word, n in (("length", self.length), ("checksum", self.checksum), ("content", self.value)) if n]
        return f"{self.good:,} of {self.read:,} KLV packets good" + (f"; left out: {', '.join(bad)}" if bad else "")


@dataclass
class Packets:
    """Puts packets together from pieces, as they come out of a transport stream."""

    counted: Counted = field(default_factory=Counted)
    _held: bytes = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Every packet that is whole now and holds."""
        data, self._held = self._held + piece, b""
        at = data.find(KEY)
        while at >= 0:
            begins, size = _length(data, at + len(KEY)) or (0, VALUE_MAX + 1)
            after, end = data.find(KEY, at + len(KEY)), begins + size
            if size <= VALUE_MAX and end > len(data) and after < 0:
                self._held = data[at:]
                return
            self.counted.read += 1
            if size > VALUE_MAX or end > len(data):
                self.counted.length += 1
            elif holds(packet := data[at:end]):
                yield packet
                after = data.find(KEY, end)
            elif 0 <= after < end:  # another begins inside of it
                self.counted.length += 1
            else:
                self.counted.checksum += 1
            at = after
        # A key that is cut itself, at most.
        self._held = next((data[-n:] for n in range(min(len(KEY) - 1, len(data)), 0, -1) if KEY.startswith(data[-n:])), b"")

    def end(self) -> None:
        """Nothing comes any more: what still waits is cut off."""
        if self._held.startswith(KEY):
            self.counted.read, self.counted.length = self.counted.read + 1, self.counted.length + 1
        self._held = b""


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the value begins and how long it is (BER); None where that can't be. Too few bytes for it are a value that is not whole."""
    if at >= len(data):
        return at, 1
    first = data[at]
    if first < 0x80:
        return at + 1, first
    n = first & 0x7F
    return None if not 1 <= n <= 4 else (at + 1 + n, int.from_bytes(data[at + 1:at + 1 + n], "big"))


def holds(packet: bytes) -> bool:
    """Whether a packet's checksum, its last item, is that of what comes before it.

    ref: MISB ST 0601, item 1: the sum of 16-bit words from the key to the checksum's length
    """
    if len(packet) < len(KEY) + 5 or packet[-4:-2] != b"\x01\x02":
        return False
    summed = packet[:-2] + b"\0" * (len(packet) % 2)
    return int(np.frombuffer(summed, ">u2").sum(dtype=np.uint64)) & 0xFFFF == int.from_bytes(packet[-2:], "big")


def observed_us(packet: bytes) -> int | None:
    """The precision time stamp, item 2 and the first: microseconds since 1970, UTC. None where it does not stand there."""
    begins, _ = _length(packet, len(KEY)) or (0, 0)
    return int.from_bytes(packet[begins + 2:begins + 10], "big") if packet[begins:begins + 2] == b"\x02\x08" else None


def said(packet: bytes, *, verify: bool = True) -> dict | None:
    """What a packet says, in degrees and metres: only what is there and can be. None where it has no time or can't be read."""
    try:
        told = decode_uas_local_set(packet, verify_checksum=verify, require_version=False, field_decoding=FieldDecodingMode.PRESERVE)
    except (Stanag4609Error, ValueError, TypeError, OverflowError, KeyError, IndexError, AttributeError, UnicodeError):
        return None
    values = {item.definition.tag: item.value for item in told.fields}
    at = values.get(2)
    if not isinstance(at, datetime):
        return None
    out: dict = {"us": (at - EPOCH) // timedelta(microseconds=1)}
    for name, tag in NUMBERS.items():
        if (number := _number(values.get(tag))) is not None:
            out[name] = number
    out |= {name: values[tag][:100] for name, tag in WORDS.items() if isinstance(values.get(tag), str) and values[tag].isprintable()}
    for lat, lon in (("lat", "lon"), ("centre_lat", "centre_lon")):
        if not _on_earth(out.get(lat), out.get(lon)):
            out.pop(lat, None), out.pop(lon, None)
    if "altitude_m" not in out and "ellipsoid_m" in out:
        out["altitude_m"] = out["ellipsoid_m"]
    if ring := _corners(values, out):
        out["corners"] = ring
    return out


def _number(told: object) -> float | None:
    return float(told) if isinstance(told, (int, float)) and not isinstance(told, bool) and math.isfinite(told) else None


def _on_earth(lat: float | None, lon: float | None) -> bool:
    return lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180 and (abs(lat) > 1e-6 or abs(lon) > 1e-6)


def _corners(values: dict, out: dict) -> list[list[float]] | None:
    """The picture's corners on the ground, longitude first, clockwise from the upper left; told whole, or from the middle."""
    whole = [_number(values.get(tag)) for tag in CORNERS]
    if None in whole:
        away = [_number(values.get(tag)) for tag in OFFSETS]
        if None in away or "centre_lat" not in out:
            return None
        whole = [v + out["centre_lat" if i % 2 == 0 else "centre_lon"] for i, v in enumerate(away)]
    ring = [[whole[i + 1], whole[i]] for i in range(0, 8, 2)]
    return ring if all(_on_earth(lat, lon) for lon, lat in ring) else None
