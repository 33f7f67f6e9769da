"""Cursor on Target, out: one of our tracks or alerts as an event that TAK systems show, valid against the event schema 2.0."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from math import isfinite
from xml.etree.ElementTree import Element, SubElement, tostring

from data.records import SLA_S
from feeds.wire.cot import UNKNOWN_M
from feeds.wire.values import clean

# `u`: whose side it is on is not for us to say.
TYPES: dict[str, str] = {
    "vessel": "a-u-S", "vehicle": "a-u-G-E-V", "container": "a-u-G-E", "tag": "a-u-G", "aircraft": "a-u-A", "drone": "a-u-A-M-F-Q", "person": "a-u-G-U-C",
}
ALERT = "b-a-g"
PASSED_ON, SIMULATED = "m-p", "m-s"
STALE_TIMES = 10  # of what a feed of the kind promises: then a place is lost
UID_PREFIX = "vigia."
NAME_MAX, REMARKS_MAX = 200, 2_000


def cot_event(
    uid: str, kind: str, observed_us: int, lon: float, lat: float, *, name: str | None = None, marking: str | None = None, remarks: str | None = None,
    speed_mps: float | None = None, course_deg: float | None = None, altitude_m: float | None = None, accuracy_m: float | None = None,
    alert: bool = False, exercise: bool = False, stale_s: float | None = None,
) -> bytes:
    """One event as UTF-8 XML. `uid` is ours alone; `marking` goes before the remarks, and in an element of its own; raises ValueError for no place."""
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError(f"no place: {lat}, {lon}")
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=observed_us)
    stale = at + timedelta(seconds=SLA_S[kind] * STALE_TIMES if stale_s is None else stale_s)
    event = Element("event", {
        "version": "2.0", "uid": UID_PREFIX + (clean(uid) or ""), "type": ALERT if alert else TYPES[kind], "how": SIMULATED if exercise else PASSED_ON,
        "time": _time(at), "start": _time(at), "stale": _time(stale),
    })
    SubElement(event, "point", {
        "lat": f"{lat:.7f}", "lon": f"{lon:.7f}", "hae": _known(altitude_m, ".1f") or str(UNKNOWN_M), "ce": _known(accuracy_m, ".1f") or str(UNKNOWN_M),
        "le": str(UNKNOWN_M),
    })
    detail = SubElement(event, "detail")
    SubElement(detail, "contact", {"callsign": clean(name, NAME_MAX) or clean(uid, NAME_MAX) or ""})
    speed, course = _known(speed_mps, ".2f"), _known(course_deg, ".1f")
    if speed and course:
        SubElement(detail, "track", {"speed": speed, "course": course})
    if marking:
        SubElement(detail, "marking", {"value": marking})
    SubElement(detail, "remarks").text = clean(" · ".join(filter(None, ("EXERCISE" if exercise else None, marking, remarks))), REMARKS_MAX)
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + tostring(event, "utf-8")


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _known(value: float | None, shape: str) -> str | None:
    return format(value, shape) if value is not None and isfinite(value) else None
