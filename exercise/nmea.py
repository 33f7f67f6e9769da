"""AIS sentences: position reports packed by numpy, static reports by pyais, each with its receiver's tag block."""

from __future__ import annotations

import numpy as np
import pyais

from exercise.movers import Fixes

KN_KMH = 1.852
_ARMOUR = np.frombuffer(bytes(i + 48 if i < 40 else i + 56 for i in range(64)), "u1")


def _pack(fields: list[tuple[np.ndarray | int, int]], n: int) -> np.ndarray:
    """(n, chars) of armoured six-bit payload from (value, bits) in order; 168 bits in all."""
    bits = np.zeros((n, sum(width for _, width in fields)), "u1")
    at = 0
    for value, width in fields:
        value = np.broadcast_to(np.asarray(value, "i8"), (n,)) & ((1 << width) - 1)
        bits[:, at : at + width] = (value[:, None] >> np.arange(width - 1, -1, -1)) & 1
        at += width
    six = bits.reshape(n, -1, 6) @ np.array([32, 16, 8, 4, 2, 1], "u1")
    return _ARMOUR[six]


def _checksum(text: str) -> str:
    total = 0
    for byte in text.encode("ascii"):
        total ^= byte
    return f"{total:02X}"


def _tagged(station: str, t: int, sentence: str) -> str:
    block = f"s:{station},c:{t}"
    return f"\\{block}*{_checksum(block)}\\{sentence}"


def positions(mmsi: int, ais_class: str, station: str, fixes: Fixes) -> list[tuple[int, str]]:
    """(epoch s, line) of one vessel's position reports: type 1 for class A, 18 for class B."""
    n = len(fixes)
    knots = np.clip(np.round(fixes.speed_kmh / KN_KMH * 10), 0, 1_022)
    lon, lat = np.round(fixes.lon * 600_000), np.round(fixes.lat * 600_000)
    course = np.round(fixes.course_deg * 10) % 3_600
    heading = np.round(fixes.course_deg) % 360
    second = fixes.t % 60
    if ais_class == "A":
        fields = [
            (1, 6),
            (0, 2),
            (mmsi, 30),
            (np.where(knots < 3, 1, 0), 4),
            (-128, 8),
            (knots, 10),
            (1, 1),
            (lon, 28),
            (lat, 27),
            (course, 12),
            (heading, 9),
            (second, 6),
            (0, 2),
            (0, 3),
            (0, 1),
            (0, 19),
        ]
    else:
        # An open boat has no compass on the transponder: heading 511 is "none".
        fields = [
            (18, 6),
            (0, 2),
            (mmsi, 30),
            (0, 8),
            (knots, 10),
            (0, 1),
            (lon, 28),
            (lat, 27),
            (course, 12),
            (511, 9),
            (second, 6),
            (0, 2),
            (1, 1),
            (0, 1),
            (0, 1),
            (1, 1),
            (1, 1),
            (0, 1),
            (0, 1),
            (0, 20),
        ]
    payloads = _pack(fields, n)
    out = []
    for t, payload in zip(fixes.t.tolist(), payloads):
        body = f"AIVDM,1,1,,{'AB'[t % 2]},{payload.tobytes().decode()},0"
        out.append((t, _tagged(station, t, f"!{body}*{_checksum(body)}")))
    return out


def statics(vessel, moments: np.ndarray) -> list[tuple[int, str]]:
    """(epoch s, line) of the static reports: type 5 (two sentences) for class A, 24 A and B for class B."""
    name = vessel.name.upper()[:20]
    bow = vessel.length_m * 2 // 3
    size = {"to_bow": bow, "to_stern": vessel.length_m - bow, "to_port": 3, "to_starboard": 3}
    if vessel.ais_class == "A":
        sentences = pyais.encode_dict(
            {
                "msg_type": 5,
                "mmsi": vessel.mmsi,
                "ais_version": 0,
                "imo": 0,
                "callsign": vessel.callsign,
                "shipname": name,
                "ship_type": vessel.ship_type,
                "destination": vessel.destination,
                "draught": 3.1,
                **size,
            },
            sentence_type="VDM",
            radio_channel="A",
            seq_id=vessel.mmsi % 10,
        )
    else:
        sentences = pyais.encode_dict(
            {"msg_type": 24, "mmsi": vessel.mmsi, "partno": 0, "shipname": name}, sentence_type="VDM"
        )
        sentences += pyais.encode_dict(
            {
                "msg_type": 24,
                "mmsi": vessel.mmsi,
                "partno": 1,
                "ship_type": vessel.ship_type,
                "callsign": vessel.callsign,
                "vendorid": "EXV",
                **size,
            },
            sentence_type="VDM",
        )
    return [(t, _tagged(vessel.station, t, s)) for t in moments.tolist() for s in sentences]
