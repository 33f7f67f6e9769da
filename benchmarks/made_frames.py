"""Made frames for the benchmarks of imagery: one picture of 12 megapixels, written as often as is asked for, each time with another place and pose in EXIF and XMP."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.world import SEED

WIDTH, HEIGHT, LINE = 4_000, 3_000, 25  # pixels, and frames a flight line
LON, LAT, STEP_DEG = -97.6, 26.0, 2e-4  # some 20 m on
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"


def painted(seed: int = SEED) -> bytes:
    """The picture as JPEG of some megabytes, as cameras write them: fields and grain."""
    rng = np.random.default_rng(seed)
    fields = rng.normal(115, 30, (HEIGHT // 50, WIDTH // 50, 3)).repeat(50, 0).repeat(50, 1)
    out = io.BytesIO()
    Image.fromarray(np.clip(fields + rng.normal(0, 5, (HEIGHT, WIDTH, 1)), 0, 255).astype("uint8")).save(out, "JPEG", quality=90)
    return out.getvalue()


def written(folder: Path, count: int) -> Iterator[Path]:
    """`count` frames of one flight, up and down lines; what differs stands before the picture, which is packed once."""
    body = painted()
    for number in range(count):
        line, along = divmod(number, LINE)
        north = LAT + STEP_DEG * (along if line % 2 == 0 else LINE - 1 - along)
        path = folder / f"DJI_{number:04}.JPG"
        path.write_bytes(body[:2] + _segment(_exif(LON + line * STEP_DEG, north, number)) + _segment(_xmp(0 if line % 2 == 0 else 180, number)) + body[2:])
        yield path


def _segment(told: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(told) + 2) + told


def _exif(lon: float, lat: float, number: int) -> bytes:
    told, minute = Image.Exif(), number // 30
    told[271], told[272] = "DJI", "FC330"
    told.get_ifd(0x8769).update({37386: 3.61, 36867: f"2026:11:20 {10 + minute // 60:02}:{minute % 60:02}:{number % 30 * 2:02}"})
    told.get_ifd(0x8825).update({1: "N", 2: _parts(lat), 3: "W", 4: _parts(-lon), 5: b"\0", 6: 90.0})
    return told.tobytes()


def _xmp(yaw_deg: float, number: int) -> bytes:
    told = {"RelativeAltitude": 60 + number % 7 / 10, "AbsoluteAltitude": 90, "GimbalYawDegree": yaw_deg, "GimbalPitchDegree": -90 + number % 5, "GimbalRollDegree": 0}
    words = " ".join(f'd:{name}="{value:+.2f}"' for name, value in told.items())
    return XMP_MARK + (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="http://www.dji.com/drone-dji/1.0/">'
                       f'<rdf:Description {words}/></rdf:RDF></x:xmpmeta>').encode()


def _parts(value: float) -> tuple[float, float, float]:
    return float(int(value)), float(int(value % 1 * 60)), round(value * 60 % 1 * 60, 4)
