"""Films made here: a few seconds of a moving square in an MPEG transport stream, with KLV packets of our own making beside the picture."""

from __future__ import annotations

import struct
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from feeds.klv import KEY

BEGAN = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
LON, LAT = -97.5, 26.0


def packet(us: int, **told: float | str) -> bytes:
    """One ST 0601 packet with the items of `told`, as names of ITEMS."""
    items = struct.pack(">BBQ", 2, 8, us) + bytes((65, 1, 17))
    for name, value in told.items():
        tag, pack = ITEMS[name]
        body = pack(value)
        items += (bytes((tag,)) if tag < 128 else bytes((0x81, tag & 0x7F))) + bytes((len(body),)) + body
    value = items + b"\x01\x02"
    length = bytes((len(value) + 2,)) if len(value) + 2 < 128 else struct.pack(">BH", 0x82, len(value) + 2)
    whole = KEY + length + value
    return whole + struct.pack(">H", sum(int.from_bytes(whole[i:i + 2].ljust(2, b"\0"), "big") for i in range(0, len(whole), 2)) & 0xFFFF)


def _signed(bits: int, most: float):
    return lambda v: round(v / most * (2 ** (bits - 1) - 1)).to_bytes(bits // 8, "big", signed=True)


def _span(bits: int, low: float, high: float):
    return lambda v: round((v - low) / (high - low) * (2**bits - 1)).to_bytes(bits // 8, "big")


# ref: MISB ST 0601: item, and how its value is packed
ITEMS = {
    "mission": (3, str.encode), "heading_deg": (5, _span(16, 0, 360)), "pitch_deg": (6, _signed(16, 20)), "roll_deg": (7, _signed(16, 50)), "platform": (10, str.encode),
    "lat": (13, _signed(32, 90)), "lon": (14, _signed(32, 180)), "altitude_m": (15, _span(16, -900, 19_000)), "fov_h_deg": (16, _span(16, 0, 180)), "fov_v_deg": (17, _span(16, 0, 180)),
    "azimuth_deg": (18, _span(32, 0, 360)), "elevation_deg": (19, _signed(32, 180)), "sensor_roll_deg": (20, _span(32, 0, 360)),
    "centre_lat": (23, _signed(32, 90)), "centre_lon": (24, _signed(32, 180)), "centre_m": (25, _span(16, -900, 19_000)),
    **{f"corner_{'lat' if i % 2 == 0 else 'lon'}_{i // 2 + 1}": (82 + i, _signed(32, 90 if i % 2 == 0 else 180)) for i in range(8)},
}


def told_at(second: float) -> dict:
    """What the film of `film` tells at a second: a drone that flies north, looking at a square to its east."""
    lat, lon = LAT + second * 1e-4, LON + 0.01
    corners = {f"corner_{n}_{i}": v for i, (a, b) in enumerate(((1, -1), (1, 1), (-1, 1), (-1, -1)), 1) for n, v in (("lat", lat + a * 5e-4), ("lon", lon + b * 5e-4))}
    return {"mission": "Mission 7", "heading_deg": 0.0, "lat": lat, "lon": LON, "altitude_m": 500.0, "centre_lat": lat, "centre_lon": lon, "centre_m": 20.0, **corners}


def film(path: Path, seconds: int = 6, *, rate: int = 10, codec: str = "libx264", klv: bool = True, spoil=lambda n, made: made, began: datetime = BEGAN) -> Path:
    """A film; `spoil` may change the n-th packet of metadata, or leave it out with None."""
    with av.open(str(path), "w", format="mpegts" if path.suffix != ".mp4" else "mp4") as out:
        picture = out.add_stream(codec, rate=rate, options={"preset": "ultrafast", "g": str(rate)} if codec == "libx264" else {})
        picture.width, picture.height, picture.pix_fmt = 320, 240, "yuv420p"
        data = out.add_data_stream("klv") if klv else None
        for n in range(seconds * rate):
            pixels = np.full((240, 320, 3), 60, "uint8")
            pixels[80:160, n % 240:n % 240 + 80] = (220, 200, 40)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, rate)
            out.mux(picture.encode(frame))
            if data is None:
                continue
            made = spoil(n, packet(round(began.timestamp() * 1e6) + n * 1_000_000 // rate, **told_at(n / rate)))
            if made is not None:
                beside = av.Packet(made)
                beside.stream, beside.time_base, beside.pts, beside.dts = data, Fraction(1, rate), n, n
                out.mux(beside)
        out.mux(picture.encode(None))
    return path
