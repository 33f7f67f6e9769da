"""MAVLink 1 and 2: where drones (and rovers and boats) are. Five messages of the common set, each with its checksum held.

The library pymavlink is 60 MB with what it needs; the tests hold this file against it. ref: https://mavlink.io/en/guide/serialization.html
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass
from math import atan2, degrees, hypot, nan

from feeds.wire.told import Frame, Heard, Told, heard_at
from feeds.wire.values import clean

V1, V2, SIGNED = 0xFE, 0xFD, 0x01
MAGICS, NEXT = bytes([V1, V2]), bytes([V1])
MAGIC = re.compile(rb"[\xfd\xfe]")
PAYLOAD_MAX = 64  # of the messages that are read, with what version 2 may add to them
HEARTBEAT, SYSTEM_TIME, GPS_RAW_INT, GLOBAL_POSITION_INT = 0, 2, 24, 33
# Checksum seed and layout (of what version 1 sends) of the messages that are read.
MESSAGES: dict[int, tuple[int, struct.Struct]] = {
    HEARTBEAT: (50, struct.Struct("<IBBBBB")), SYSTEM_TIME: (137, struct.Struct("<QI")),
    GPS_RAW_INT: (24, struct.Struct("<QiiiHHHHBB")), GLOBAL_POSITION_INT: (104, struct.Struct("<IiiiihhhH")),
}
# MAV_TYPE to our words; what is not here (ground stations, cameras, gimbals …) is no followed object.
FLYING = (1, 2, 3, 4, 7, 8, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 28, 29, 35, 43)
KINDS: dict[int, str] = {**dict.fromkeys(FLYING, "drone"), 10: "vehicle", 11: "vessel", 12: "vessel"}
GROUND_STATION, EMERGENCY = 6, 6  # MAV_TYPE, MAV_STATE
FIX_2D = 2
BOTH_US = 10_000_000  # after a GLOBAL_POSITION_INT its GPS alone tells nothing new for so long
UNIX_US = 10**15  # from here on a GPS time is one of the calendar, not since the start

_TABLE = []
for _byte in range(256):
    _tmp = (_byte ^ _byte << 4) & 0xFF
    _TABLE.append((_tmp << 8 ^ _tmp << 3 ^ _tmp >> 4) & 0xFFFF)


def checksum(data: bytes, seed: int) -> int:
    """CRC-16/MCRF4XX over a packet without its magic byte, and the seed of its message."""
    crc = 0xFFFF
    for byte in (*data, seed):
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


class PacketFramer:
    """Packets one after the other. One that is read must hold its checksum; one that is not must be followed by another and hold none."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self._rest = b""

    def push(self, data: bytes) -> list[bytes]:
        """The packets that are whole now."""
        data, at, out = self._rest + data, 0, []
        while found := MAGIC.search(data, at):
            if found.start() > at:
                self.errors["noise"] += 1
                at = found.start()
            size = self._size(data, at)
            if size is None:
                self._rest = data[at:]
                return out
            if size:
                out.append(data[at:at + size])
            at += size or 1
        if at < len(data):
            self.errors["noise"] += 1
        self._rest = b""
        return out

    def close(self) -> list[bytes]:
        """The last packets: nothing more comes that would show them to be whole."""
        rest, self._rest, out = self._rest, b"", []
        whole = True
        while rest:
            out += self.push(rest + NEXT)
            rest, self._rest = self._rest.removesuffix(NEXT)[1:], b""
            whole = whole and not rest
        if not whole:
            self.errors["unfinished"] += 1
        return out

    def _size(self, data: bytes, at: int) -> int | None:
        """The length of the packet whose magic byte is at `at`; 0 when it is none, None when more must come to tell."""
        size = _length(data, at)
        if not size:
            return size
        known = _id(data, at) in MESSAGES
        if len(data) - at < size + (not known):
            return None
        if known:
            if _holds(data, at):
                return size
            self.errors["checksum"] += 1
            return 0
        if data[at + size] not in MAGICS or any(_holds(data, m.start()) for m in MAGIC.finditer(data, at + 1, at + size)):
            self.errors["noise"] += 1
            return 0
        return size


def _length(data: bytes, at: int) -> int | None:
    """What the head of a packet says; 0 when it is none, None when it is not whole."""
    head = 6 if data[at] == V1 else 10
    if len(data) - at < head:
        return None
    payload, flags = data[at + 1], data[at + 2] if data[at] == V2 else 0
    message = MESSAGES.get(_id(data, at))
    if flags & ~SIGNED or message and data[at] == V1 and payload != message[1].size or message and payload > PAYLOAD_MAX:
        return 0
    return head + payload + 2 + 13 * flags


def _holds(data: bytes, at: int) -> bool:
    """Whether a packet that is read stands here, whole and with its checksum."""
    size = _length(data, at)
    if not size or len(data) - at < size or _id(data, at) not in MESSAGES:
        return False
    end = at + (6 if data[at] == V1 else 10) + data[at + 1]
    return int.from_bytes(data[end:end + 2], "little") == checksum(data[at + 1:end], MESSAGES[_id(data, at)][0])


def _id(data: bytes, at: int = 0) -> int:
    return data[at + 5] if data[at] == V1 else int.from_bytes(data[at + 7:at + 10], "little")


@dataclass(slots=True)
class _System:
    """What one vehicle told so far."""

    kind: str | None = None  # until its heartbeat; empty: no followed object
    emergency: bool = False
    fix: bool = True
    started_us: int | None = None  # the calendar time at which its clock began
    placed_us: int = -BOTH_US  # when its autopilot last told where it is


class Mavlink:
    """Positions by system id (1 to 255): `name` tells one feed's ids from another's."""

    def __init__(self, name: str = ""):
        self.errors: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.prefix = f"mavlink:{clean(name)}/" if name else "mavlink:"
        self._systems: dict[int, _System] = {}

    def decode(self, frames: list[Frame]) -> list[Heard | Told]:
        """What the packets tell: a datagram may hold several."""
        out: list[Heard | Told] = []
        for number, frame in enumerate(frames):
            framer = PacketFramer()
            for packet in (*framer.push(frame.data), *framer.close()):
                told = self._packet(packet, frame.received_us, number)
                if told is not None:
                    out.append(told)
            self.errors.update(framer.errors)
        return out

    def _packet(self, packet: bytes, received_us: int, number: int) -> Heard | None:
        message = _id(packet)
        if message not in MESSAGES:
            self.passed["messages of other types"] += 1
            return None
        head, sysid = (6, packet[3]) if packet[0] == V1 else (10, packet[5])
        layout = MESSAGES[message][1]
        # Version 2 leaves zeros at the end away, and may tell more than version 1 knows.
        told = layout.unpack(packet[head:head + packet[1]].ljust(layout.size, b"\0")[:layout.size])
        system = self._systems.setdefault(sysid, _System())
        if message == HEARTBEAT:
            _, type_, _, _, state, _ = told
            if type_ in KINDS:
                system.kind, system.emergency = KINDS[type_], state == EMERGENCY
            elif type_ == GROUND_STATION:  # a camera or gimbal aboard beats too, with its drone's id
                system.kind = ""
            return None
        if message == SYSTEM_TIME:
            unix_us, boot_ms = told
            system.started_us = unix_us - boot_ms * 1000 if unix_us >= UNIX_US else None
            return None
        if sysid == 0 or not system.kind:
            self.passed["before its heartbeat" if system.kind is None else "what does not move"] += 1
            return None
        return self._autopilot(sysid, system, told, received_us, number) if message == GLOBAL_POSITION_INT else \
            self._gps(sysid, system, told, received_us, number)

    def _autopilot(self, sysid: int, system: _System, told: tuple, received_us: int, number: int) -> Heard | None:
        boot_ms, lat, lon, alt_mm, _, north, east, _, heading = told
        system.placed_us = received_us
        at_us = None if system.started_us is None else system.started_us + boot_ms * 1000
        return self._heard(
            sysid, system, at_us, received_us, lat, lon, number, speed_mps=hypot(north, east) / 100,
            course_deg=degrees(atan2(east, north)) % 360 if north or east else nan, heading_deg=heading / 100 % 360 if heading != 65_535 else nan,
            altitude_m=alt_mm / 1000,
        )

    def _gps(self, sysid: int, system: _System, told: tuple, received_us: int, number: int) -> Heard | None:
        time_us, lat, lon, alt_mm, _, _, speed, course, fix, _ = told
        system.fix = fix >= FIX_2D
        if received_us - system.placed_us < BOTH_US:
            return None
        at_us = time_us if time_us >= UNIX_US else None if system.started_us is None else system.started_us + time_us
        return self._heard(
            sysid, system, at_us, received_us, lat, lon, number, speed_mps=speed / 100 if speed != 65_535 else nan,
            course_deg=course / 100 % 360 if course != 65_535 else nan, altitude_m=alt_mm / 1000,
        )

    def _heard(self, sysid: int, system: _System, at_us: int | None, received_us: int, lat: int, lon: int, number: int, **measures: float) -> Heard | None:
        # Without a fix an autopilot tells 0, 0 or the largest number.
        if not system.fix or lat == lon == 0 or not (abs(lat) <= 900_000_000 and abs(lon) <= 1_800_000_000):
            self.passed["no position"] += 1
            return None
        observed_us, flags = heard_at(at_us, received_us)
        return Heard(f"{self.prefix}{sysid}", system.kind, observed_us, lon / 1e7, lat / 1e7, identifiers={"sysid": str(sysid)}, flags=flags, frame=number,
                     emergency=system.emergency, **measures)
