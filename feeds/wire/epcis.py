"""GS1 EPCIS 2.0 in JSON: where containers, goods and tags were seen. An ObjectEvent tells a place for each of its EPCs.

ref: GS1 EPCIS 2.0 and CBV 2.0 (https://ref.gs1.org/standards/epcis/)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import nan

from errors import Refusal
from feeds.wire.told import Frame, FrameDecoder, Heard, Told, Unfit
from feeds.wire.values import iso_us, mapping, measure, parse, place, shown, text

BYTES_MAX = 4_000_000
EVENTS_MAX, EPCS_MAX = 10_000, 10_000  # EPCS_MAX: of a document, all its events together
DOCUMENTS = ("EPCISDocument", "EPCISQueryDocument")
OTHERS = ("AggregationEvent", "AssociationEvent", "TransactionEvent", "TransformationEvent")
ACTIONS = ("OBSERVE", "ADD")
OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
# RFC 5870, in WGS 84: geo:latitude,longitude[,altitude][;u=uncertainty]
GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)(?:,(-?\d+(?:\.\d+)?))?((?:;[^;]*)*)", re.ASCII)
CONTAINER = ("urn:epc:id:bic:", "urn:epc:idpat:bic:")  # ISO 6346 numbers


def validate(body: bytes, received_us: int, kind: str = "tag") -> tuple[list[Heard], list[Refusal]]:
    """The positions of a request's body, and what is wrong with each of its other events; a refusal's line is the event's number, from 1."""
    decoder, refused, heard = Epcis(kind), [], []
    try:
        for line, event in enumerate(_events(body), 1):
            try:
                heard.extend(decoder.event(event, 0))
            except Unfit as bad:
                refused.append(Refusal("body", line, bad.name, bad.value if bad.value is None else str(bad.value), bad.expected))
    except Unfit as bad:
        refused.append(Refusal("body", None, bad.name, bad.value if bad.value is None else str(bad.value), bad.expected))
    return heard, refused


class Epcis(FrameDecoder):
    """A document, or one event alone, for each frame. Events of other kinds tell no place and are counted."""

    def __init__(self, kind: str = "tag"):
        super().__init__()
        self.kind = kind

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        for event in _events(frame.data):
            try:
                yield from self.event(event, number)
            except Unfit as bad:
                self.errors[bad.what] += 1

    def event(self, value: object, number: int) -> list[Heard]:
        """The positions of one event. Raises Unfit."""
        row = mapping(value)
        type_ = row.get("type", row.get("isA"))
        if type_ in OTHERS:
            self.passed[type_] += 1
            return []
        if type_ != "ObjectEvent":
            raise Unfit("no event", "type", shown(type_), f"ObjectEvent, {', '.join(OTHERS)}")
        if "errorDeclaration" in row:
            self.passed["events taken back"] += 1
            return []
        if row.get("action") == "DELETE":
            self.passed["DELETE"] += 1
            return []
        if row.get("action") not in ACTIONS:
            raise Unfit("value", "action", shown(row.get("action")), "OBSERVE, ADD or DELETE")
        offset = row.get("eventTimeZoneOffset")
        if not isinstance(offset, str) or not OFFSET.fullmatch(offset):
            raise Unfit("value", "eventTimeZoneOffset", None if offset is None else shown(offset), "an offset such as -06:00")
        at = iso_us(row.get("eventTime"), "eventTime")
        lon, lat, altitude_m, accuracy_m, reader = _where(row)
        return [
            Heard(f"epc:{epc}", "container" if epc.startswith(CONTAINER) else self.kind, at, lon, lat, identifiers={"epc": epc}, altitude_m=altitude_m,
                  accuracy_m=accuracy_m, reader=reader, frame=number)
            for epc in dict.fromkeys(_epcs(row))
        ]


def _events(data: bytes) -> list:
    if len(data) > BYTES_MAX:
        raise Unfit("too long", None, f"{len(data):,} bytes", f"at most {BYTES_MAX:,} bytes")
    told = mapping(parse(data))
    if told.get("type", told.get("isA")) not in DOCUMENTS:
        return [told]
    body = mapping(told.get("epcisBody"))
    if "queryResults" in body:
        body = mapping(mapping(body["queryResults"]).get("resultsBody"))
    events = body["eventList"] if "eventList" in body else [body.get("event")]
    if not isinstance(events, list):
        raise Unfit("value", "eventList", shown(events), "an array of events")
    if len(events) > EVENTS_MAX:
        raise Unfit("too many events", "eventList", f"{len(events):,} events", f"at most {EVENTS_MAX:,}")
    if (epcs := sum(len(e["epcList"]) for e in events if isinstance(e, dict) and isinstance(e.get("epcList"), list))) > EPCS_MAX:
        raise Unfit("too many EPCs", "epcList", f"{epcs:,} EPCs", f"at most {EPCS_MAX:,} in one document")
    return events


def _epcs(row: dict) -> list[str]:
    told = row.get("epcList", [])
    if not isinstance(told, list) or not told:
        raise Unfit("no epc", "epcList", shown(told), "an array of EPCs")
    if len(told) > EPCS_MAX:
        raise Unfit("too many EPCs", "epcList", f"{len(told):,} EPCs", f"at most {EPCS_MAX:,}")
    return [text({"epcList": epc}, "epcList", needed=True) for epc in told]


def _where(row: dict) -> tuple[float, float, float, float, str | None]:
    """Longitude, latitude, altitude and accuracy, or a reader: a sensor's own position first, then the read point, then the business location."""
    if (sensed := _sensed(row.get("sensorElementList"))) is not None:
        return *sensed, nan, nan, None
    for name in ("readPoint", "bizLocation"):
        told = row.get(name)
        if told is None:
            continue
        at = text({name: told if isinstance(told, str) else mapping(told).get("id")}, name, needed=True)
        if not at.startswith("geo:"):
            return nan, nan, nan, nan, at
        found = GEO.fullmatch(at)
        if found is None or "crs=" in found[4].casefold() and ";crs=wgs84" not in found[4].casefold():
            raise Unfit("no position", name, at, "geo:latitude,longitude in WGS 84")
        accuracy_m = next((measure(p[2:], 0, 10_000_000) for p in found[4].split(";") if p.startswith("u=")), nan)
        return *place(found[2], found[1]), measure(found[3], -12_000, 1_000_000), accuracy_m, None
    raise Unfit("no position", "readPoint", None, 'a readPoint such as {"id": "urn:epc:id:sgln:0614141.00777.0"} or {"id": "geo:26.07,-97.15"}')


def _sensed(elements: object) -> tuple[float, float] | None:
    """The last position that sensors of the event tell: reports whose components are latitude and longitude."""
    found: dict[str, object] = {}
    for element in elements if isinstance(elements, list) else []:
        reports = element.get("sensorReport") if isinstance(element, dict) else None
        for report in reports if isinstance(reports, list) else []:
            if isinstance(report, dict) and isinstance(report.get("component"), str):
                found[report["component"].removeprefix("cbv:Comp-")] = report.get("value")
    return place(found["longitude"], found["latitude"]) if {"longitude", "latitude"} <= set(found) else None
