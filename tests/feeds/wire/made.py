"""Frames made for the tests of the wire."""

from __future__ import annotations

import pyais

from feeds.wire import Frame

T0 = 1_795_000_000
T0_US = T0 * 1_000_000
NOW_US = T0_US + 1_000_000


def frames(*data: bytes | str, at_us: int = NOW_US, topic: str = "") -> list[Frame]:
    return [Frame(d.encode() if isinstance(d, str) else d, at_us, topic) for d in data]


def position(mmsi: int = 799000001, lat: float = 26.0, lon: float = -97.0, msg_type: int = 1, **more) -> str:
    return pyais.encode_dict({"msg_type": msg_type, "mmsi": mmsi, "lat": lat, "lon": lon, "speed": 8.2, "course": 90.0, "second": 60, **more}, talker_id="AI")[0]


def static(mmsi: int = 799000001, name: str = "MARISMA AZUL", seq_id: int = 3) -> list[str]:
    return pyais.encode_dict({"msg_type": 5, "mmsi": mmsi, "shipname": name, "callsign": "EX1", "imo": 9000001}, talker_id="AI", seq_id=seq_id)


def tag(told: str, sentence: str) -> str:
    check = 0
    for byte in told.encode():
        check ^= byte
    return f"\\{told}*{check:02X}\\{sentence}"
