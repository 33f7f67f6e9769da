"""Single frames of a flight, as a drone writes them: JPEGs cut from the painted ground below where it hung, with its pose in EXIF and XMP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from exercise import ground
from exercise.sorties import Sortie, legs
from exercise.streams import stream

HEIGHT_M, ALTITUDE_M = 80.0, 131.0  # above take-off, above the sea
FOCAL_35MM = 24.0  # 36 mm of film behind it: a frame is 1.5 heights wide, across the flight line, and 1 deep
WIDE_M, DEEP_M = 36 / FOCAL_35MM * HEIGHT_M, 24 / FOCAL_35MM * HEIGHT_M
LINES = (1, 2)  # of a flight's four: on the outer ones a frame reaches over the rim of what is painted
EVERY_M, REACH_M = 42.0, 105.0  # along a line: 47 % of a frame is on the next one too
CAMERA = "Colibri EX-7 camera"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {told}/></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True)
class Shot:
    """One frame: metres along and across the strip from its middle, where the picture's top points against the strip, and when."""

    name: str
    along_m: float
    across_m: float
    turn_deg: float
    lon: float
    lat: float
    t: float


def shots(sortie: Sortie, seed: int) -> list[Shot]:
    """The frames of a flight, in the order they were taken; none of a flight that takes none."""
    if not sortie.plan.frames:
        return []
    rng, strip = stream(seed, "frames", sortie.id), sortie.strip
    bearing = np.radians(strip.bearing_deg)
    found = []
    flown = legs(sortie.plan, strip, sortie.start_s)[0]
    for line in LINES:
        across = np.linspace(-0.375, 0.375, 4)[line] * strip.width_m
        back = line % 2 == 1
        for along in np.arange(-REACH_M, REACH_M + 1, EVERY_M)[:: -1 if back else 1]:
            x = along * np.sin(bearing) + across * np.cos(bearing)
            y = along * np.cos(bearing) - across * np.sin(bearing)
            lon, lat = (float(v) for v in np.add((strip.lon, strip.lat), ground.degrees(x, y, strip.lat)))
            near = int(np.argmin(ground.distance_m(flown.lon, flown.lat, lon, lat)))
            turn = (180.0 if back else 0.0) + rng.normal(0, 1.2)
            found.append(Shot(f"{sortie.id}_{len(found) + 1:04}.JPG", float(along), float(across), turn, lon, lat, round(flown.t[near])))
    return found


def write(folder: Path, picture: np.ndarray, sortie: Sortie, seed: int) -> None:
    """Each frame of a flight, cut from `picture`, the whole strip as ortho.base paints it."""
    rng, strip = stream(seed, "exposure", sortie.id), sortie.strip
    painted = Image.fromarray(np.clip(picture, 0, 255).astype("u1"))
    width, height = round(WIDE_M / strip.gsd_m), round(DEEP_M / strip.gsd_m)
    for shot in shots(sortie, seed):
        c, s = np.cos(np.radians(shot.turn_deg)), np.sin(np.radians(shot.turn_deg))
        # A pixel of the frame to one of the strip, whose columns run along it and rows across it to the right.
        column = shot.along_m / strip.gsd_m + painted.width / 2 + height / 2 * c + width / 2 * s
        row = shot.across_m / strip.gsd_m + painted.height / 2 + height / 2 * s - width / 2 * c
        cut = painted.transform((width, height), Image.Transform.AFFINE, (-s, -c, column, c, -s, row), Image.Resampling.BILINEAR)
        cut = cut.point([min(255, round(v * g)) for g in 1 + rng.normal(0, 0.02, 3) for v in range(256)])
        cut.save(folder / shot.name, "JPEG", quality=88, exif=_exif(shot, sortie), xmp=_xmp(shot, sortie))


def _exif(shot: Shot, sortie: Sortie) -> Image.Exif:
    told, moment = Image.Exif(), datetime.fromtimestamp(shot.t, UTC)
    told[270], told[271], told[272], told[305] = "EXERCISE", "EXERCISE", CAMERA, "exercise"
    told.get_ifd(0x8769).update({36867: moment.strftime("%Y:%m:%d %H:%M:%S"), 36881: "+00:00", 41989: round(FOCAL_35MM)})
    told.get_ifd(0x8825).update({1: "N", 2: _parts(shot.lat), 3: "W" if shot.lon < 0 else "E", 4: _parts(abs(shot.lon)), 5: b"\0", 6: ALTITUDE_M})
    return told


def _xmp(shot: Shot, sortie: Sortie) -> bytes:
    yaw = (sortie.strip.bearing_deg + shot.turn_deg + 180) % 360 - 180
    told = {"RelativeAltitude": HEIGHT_M, "AbsoluteAltitude": ALTITUDE_M, "GimbalYawDegree": yaw, "GimbalPitchDegree": -90, "GimbalRollDegree": 0, "FlightYawDegree": yaw}
    return XMP.format(told=" ".join(f'drone-dji:{name}="{value:+.2f}"' for name, value in told.items())).encode()


def _parts(value: float) -> tuple[float, float, float]:
    """Degrees, minutes, seconds."""
    return float(int(value)), float(int(value % 1 * 60)), round(value * 60 % 1 * 60, 4)
