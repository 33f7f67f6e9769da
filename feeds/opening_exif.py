"""Inside the sandbox: what a frame says of itself, by EXIF and XMP: where, when, how high, how it was held, by which camera.

What can't be read or can't be is left out, and why stands in `doubts`; what is there names where it came from.
"""

from __future__ import annotations

import math
import re
import struct
from datetime import datetime
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import ExifTags, Image

from feeds.opening import Bad
from feeds.xml import declared

XMP_MAX = 1 << 20
BROKEN = (OSError, ValueError, SyntaxError, struct.error, OverflowError, ZeroDivisionError, KeyError, TypeError, IndexError, EOFError)
# Spaces of names whose gimbal angles are as analysis/footprint.py takes them.
# ref: DJI, "Image metadata (XMP)"; Autel writes the same names in its own space
MAKERS = re.compile(r"dji|autel|drone", re.IGNORECASE)
ANGLES = {"yaw_deg": "GimbalYawDegree", "pitch_deg": "GimbalPitchDegree", "roll_deg": "GimbalRollDegree"}
FLIGHT = {"flight_yaw_deg": "FlightYawDegree", "flight_pitch_deg": "FlightPitchDegree", "flight_roll_deg": "FlightRollDegree"}
# Spaces of fixed-wing drones and multispectral cameras (senseFly, Parrot, MicaSense …): Yaw, Pitch and Roll there are the aircraft's, all 0 level and to the north. How the
# camera was mounted in it is told nowhere, and programs that assume it take the roll with either sign: it is not assumed here.
# ref: Pix4D, "Specifications of XMP camera tags" and "Yaw, Pitch, Roll and Omega, Phi, Kappa angles"
CAMERA = ("{http://ns.sensefly.com/Camera/1.0/}", "{http://pix4d.com/camera/1.0/}")
BODY = {"flight_yaw_deg": "Yaw", "flight_pitch_deg": "Pitch", "flight_roll_deg": "Roll"}
SERIALS = ("DroneSerialNumber", "SerialNumber", "CameraSerialNumber")


def read(image: Image.Image) -> dict:
    """Of an opened JPEG, none of whose pixels were read. Raises Bad for XMP that declares a document type or entities."""
    out: dict = {"doubts": []}
    xmp = _xmp(image.info.get("xmp"), out["doubts"])
    try:
        exif = image.getexif()
        base, more, gps = dict(exif), dict(exif.get_ifd(ExifTags.IFD.Exif)), dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except BROKEN:
        base, more, gps = {}, {}, {}
        out["doubts"].append("EXIF can't be read")
    _place(gps, xmp, out)
    _heights(gps, xmp, out)
    _angles(xmp, out)
    _camera(base, more, xmp, out)
    _times(more, gps, out)
    return out


def _xmp(raw: bytes | str | None, doubts: list[str]) -> dict[str, tuple[str, str]]:
    """Name -> (its space, text), of attributes and elements alike."""
    if not raw:
        return {}
    raw = raw.encode() if isinstance(raw, str) else raw
    if found := declared(raw):
        raise Bad("XMP without a DOCTYPE or entities", "XMP", found)
    if len(raw) > XMP_MAX:
        doubts.append(f"XMP of {len(raw) >> 20} MB is not read")
        return {}
    told: dict[str, tuple[str, str]] = {}
    try:
        for element in fromstring(raw.strip(b"\x00 \r\n\t"), forbid_dtd=True).iter():
            for name, value in (*element.attrib.items(), (element.tag, element.text or "")):
                space, _, local = name.rpartition("}")
                if value.strip():
                    told.setdefault(local if MAKERS.search(space) else f"{space}}}{local}", (space.lstrip("{"), value.strip()))
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        doubts.append("XMP can't be read")
        return {}
    return told


def _number(told: object) -> float | None:
    try:
        number = float(told)  # type: ignore[arg-type]
    except BROKEN:
        return None
    return number if math.isfinite(number) else None


def _of(xmp: dict, name: str) -> float | None:
    return _number(xmp[name][1]) if name in xmp else None


def _degrees(parts: object, side: object, negative: str) -> float | None:
    try:
        d, m, s = (_number(p) for p in parts)  # type: ignore[union-attr]
    except BROKEN:
        return None
    if d is None or m is None or s is None or min(d, m, s) < 0 or str(side).strip("\0 ").upper() not in ("N", "S", "E", "W"):
        return None
    value = d + m / 60 + s / 3600
    return -value if str(side).strip("\0 ").upper() == negative else value


def _place(gps: dict, xmp: dict, out: dict) -> None:
    lat, lon, said = _degrees(gps.get(2), gps.get(1), "S"), _degrees(gps.get(4), gps.get(3), "W"), "EXIF GPS"
    if lat is None or lon is None:
        lat, said = _of(xmp, "GpsLatitude"), "XMP"
        lon = _of(xmp, "GpsLongitude") if "GpsLongitude" in xmp else _of(xmp, "GpsLongtitude")  # as some firmware spells it
    if lat is None or lon is None:
        return
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        out["doubts"].append(f"the place {lat:.5f}, {lon:.5f} is not on the Earth")
    elif abs(lat) < 0.001 and abs(lon) < 0.001:
        out["doubts"].append("the place is 0, 0: the drone had none")
    else:
        out |= {"lat": round(lat, 8), "lon": round(lon, 8), "place_from": said}
        rtk = [v for v in (_of(xmp, "RtkStdLat"), _of(xmp, "RtkStdLon")) if v]
        if len(rtk) == 2 and 0 < max(rtk) < 100:
            out |= {"position_error_m": round(math.hypot(*rtk), 3), "position_error_from": "XMP RtkStdLat, RtkStdLon"}
        elif (error := _number(gps.get(31))) and 0 < error < 10_000:
            out |= {"position_error_m": error, "position_error_from": "EXIF GPSHPositioningError"}
        elif (error := next((v for space in CAMERA if (v := _of(xmp, f"{space}GPSXYAccuracy"))), None)) and 0 < error < 10_000:
            out |= {"position_error_m": round(error, 3), "position_error_from": "XMP Camera GPSXYAccuracy"}


def _heights(gps: dict, xmp: dict, out: dict) -> None:
    altitude, said = _of(xmp, "AbsoluteAltitude"), "XMP AbsoluteAltitude"
    if altitude is None and (told := _number(gps.get(6))) is not None:
        altitude, said = (-told if gps.get(5) in (b"\x01", 1) else told), "EXIF GPSAltitude"
    if altitude is not None and -500 < altitude < 30_000:
        out |= {"altitude_m": altitude, "altitude_from": said}
    height = _of(xmp, "RelativeAltitude")
    if height is not None and abs(height) < 30_000:
        out |= {"height_m": height, "height_from": "XMP RelativeAltitude (above take-off)"}


def _angles(xmp: dict, out: dict) -> None:
    told = {name: _of(xmp, key) for name, key in (ANGLES | FLIGHT).items()}
    out |= {name: value for name, value in told.items() if value is not None and abs(value) <= 360}
    if all(name in out for name in ("yaw_deg", "pitch_deg")) and abs(out["pitch_deg"]) <= 180:
        out["angles_from"] = "XMP gimbal"
        return
    for space in CAMERA:
        body = {name: value for name, key in BODY.items() if (value := _of(xmp, f"{space}{key}")) is not None and abs(value) <= 360}
        if body:
            out |= {name: round(value, 3) for name, value in body.items()}
            out["not_held"] = "its XMP tells how the aircraft lay (Camera: Yaw, Pitch, Roll), not how its camera was mounted in it"
            return


def _camera(base: dict, more: dict, xmp: dict, out: dict) -> None:
    text = lambda v: str(v).replace("\x00", "").strip()[:60] if isinstance(v, str) else ""  # noqa: E731
    out |= {"make": text(base.get(271)), "camera": text(base.get(272)), "software": text(base.get(305))}
    for name, value in (("focal_mm", _number(more.get(37386))), ("focal_35mm", _number(more.get(41989))), ("focal_xmp_px", _of(xmp, "CalibratedFocalLength"))):
        if value is not None and 0.5 < value < 100_000:
            out[name] = value
    serial = next((xmp[name][1] for name in SERIALS if name in xmp), "") or text(more.get(42033))
    if serial.isprintable() and serial:
        out["serial"] = serial[:60]


def _times(more: dict, gps: dict, out: dict) -> None:
    """`time` (local, without a zone), `time_zone` (as +02:00) and `time_gps` (UTC), each where it is told."""
    told = more.get(36867) or more.get(36868)
    if isinstance(told, str) and (found := _moment(told.strip("\0 "))):
        out["time"] = found.isoformat()
        zone = more.get(36881) or more.get(36880)
        if isinstance(zone, str) and re.fullmatch(r"[+-]\d\d:\d\d", zone.strip("\0 ")):
            out["time_zone"] = zone.strip("\0 ")
    try:
        day, (h, m, s) = str(gps[29]).strip("\0 "), (float(v) for v in gps[7])
        if (found := _moment(f"{day} {int(h):02d}:{int(m):02d}:{int(s):02d}")) and found.year > 2000:
            out["time_gps"] = found.replace(microsecond=int((s % 1) * 1e6)).isoformat()
    except BROKEN:
        pass  # no such stamp: there are others


def _moment(told: str) -> datetime | None:
    found = re.match(r"(\d{4})\D(\d\d)\D(\d\d)[ T](\d\d):(\d\d):(\d\d)", told, re.ASCII)
    try:
        return datetime(*(int(g) for g in found.groups())) if found else None
    except ValueError:
        return None
