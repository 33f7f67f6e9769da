"""EPCIS 2.0: documents and bare events, what they place and what they do not."""

from __future__ import annotations

import json
from math import isnan

import pytest

from feeds.wire import DECODERS
from feeds.wire.epcis import EPCS_MAX, validate
from tests.feeds.wire.made import NOW_US, frames

EVENT = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-24T08:32:00.250-06:00", "eventTimeZoneOffset": "-06:00",
         "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"], "readPoint": {"id": "urn:epc:id:sgln:0614141.00777.0"}, "bizStep": "receiving"}
AT_US = 1_795_530_720_250_000


def document(*events: object) -> bytes:
    return json.dumps({"@context": [], "type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": {"eventList": list(events)}}).encode()


def test_an_event_is_a_read_at_its_read_point():
    for body in (document(EVENT), json.dumps(EVENT).encode(), json.dumps(EVENT | {"action": "ADD"}).encode()):
        ((heard,), refused) = validate(body, NOW_US)
        assert refused == [] and (heard.key, heard.kind, heard.observed_us) == ("epc:urn:epc:id:sgtin:0614141.107346.2017", "tag", AT_US)
        assert heard.reader == "urn:epc:id:sgln:0614141.00777.0" and isnan(heard.lon)


def test_every_epc_of_an_event_once_and_containers_by_their_number():
    heard, _ = validate(document(EVENT | {"epcList": ["urn:epc:id:bic:EXMU3054383", "a", "a", "b"]}), NOW_US, kind="vehicle")
    assert [(h.key, h.kind) for h in heard] == [("epc:urn:epc:id:bic:EXMU3054383", "container"), ("epc:a", "vehicle"), ("epc:b", "vehicle")]


@pytest.mark.parametrize(("told", "lat", "lon", "altitude_m", "accuracy_m"), [
    ("geo:26.07,-97.15", 26.07, -97.15, None, None), ("geo:26.07,-97.15,9;u=12", 26.07, -97.15, 9, 12), ("geo:-1,2;crs=wgs84;u=3", -1, 2, None, 3),
])
def test_geo_uris(told: str, lat: float, lon: float, altitude_m: float | None, accuracy_m: float | None):
    for where in ({"readPoint": {"id": told}}, {"readPoint": None, "bizLocation": {"id": told}}):
        ((heard,), _) = validate(document(EVENT | where), NOW_US)
        assert (heard.lat, heard.lon, heard.reader) == (lat, lon, None)
        for have, want in ((heard.altitude_m, altitude_m), (heard.accuracy_m, accuracy_m)):
            assert have == want if want is not None else isnan(have)


def test_a_sensors_own_position_comes_first():
    sensors = [{"sensorReport": [{"type": "Temperature", "value": 4}, {"component": "latitude", "value": 26.07, "uom": "DD"},
                                 {"component": "cbv:Comp-longitude", "value": -97.15, "uom": "DD"}]}]
    ((heard,), _) = validate(document(EVENT | {"sensorElementList": sensors}), NOW_US)
    assert (heard.lat, heard.lon, heard.reader) == (26.07, -97.15, None)


def test_other_events_are_counted():
    decoder = DECODERS["epcis"]()
    others = [{"type": t} for t in ("AggregationEvent", "AssociationEvent", "TransactionEvent", "TransformationEvent")]
    assert decoder.decode(frames(document(*others, EVENT | {"action": "DELETE"}, EVENT | {"errorDeclaration": {}}))) == []
    assert decoder.passed == {"AggregationEvent": 1, "AssociationEvent": 1, "TransactionEvent": 1, "TransformationEvent": 1, "DELETE": 1, "events taken back": 1}


@pytest.mark.parametrize(("change", "field"), [
    ({"eventTime": "2026-11-24T08:32:00"}, "eventTime"), ({"eventTimeZoneOffset": "+25:00"}, "eventTimeZoneOffset"), ({"eventTimeZoneOffset": None}, "eventTimeZoneOffset"),
    ({"action": "LOOK"}, "action"), ({"epcList": []}, "epcList"), ({"epcList": ["\x00"]}, "epcList"), ({"epcList": "a"}, "epcList"), ({"readPoint": None}, "readPoint"),
    ({"readPoint": {"id": "geo:95,0"}}, "lat, lon"), ({"readPoint": {"id": "geo:x"}}, "readPoint"), ({"readPoint": {"id": "geo:1,2;crs=moon"}}, "readPoint"),
    ({"readPoint": []}, None), ({"type": "Event"}, "type"),
])
def test_a_bad_event_is_refused_by_its_number(change: dict, field: str | None):
    heard, (refusal,) = validate(document(EVENT, EVENT | change), NOW_US)
    assert len(heard) == 1 and (refusal.line, refusal.field) == (2, field) and refusal.expected


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 200_000, b'{"type":"EPCISDocument"}', b'{"type":"EPCISDocument","epcisBody":{"eventList":5}}',
                                  document(*[EVENT | {"epcList": ["a"] * 101}] * (EPCS_MAX // 100)), document(*[EVENT] * 10_001), b" " * 4_000_001])
def test_a_document_that_is_refused_as_a_whole(body: bytes):
    heard, (refusal,) = validate(body, NOW_US)
    assert heard == [] and refusal.line is None
