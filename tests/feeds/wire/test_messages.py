"""Messages of tags, telephones and readers: OwnTracks, our own words over MQTT and HTTP, OsmAnd and Traccar Client."""

from __future__ import annotations

import json
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.records import KINDS
from feeds.wire import DECODERS, Heard
from feeds.wire.fixes import BYTES_MAX, ID_MAX, IDENTIFIERS_MAX, NAMES, ROWS_MAX, validate
from feeds.wire.reads import NAMES as READ_NAMES
from settings import ROOT
from tests.feeds.wire.made import NOW_US, T0, T0_US, frames

ROW = {"id": "T-1", "at": "2026-11-24T14:32:00Z", "lat": 26.0, "lon": -97.0}
AT_US = 1_795_530_720_000_000
OWN = {"_type": "location", "tid": "mp", "lat": 26.0, "lon": -97.0, "tst": T0, "vel": 36, "cog": 181, "alt": 9, "acc": 12}


def one(name: str, data: object, topic: str = "", **options) -> Heard:
    decoder = DECODERS[name](**options)
    (heard,) = decoder.decode(frames(data if isinstance(data, (bytes, str)) else json.dumps(data), topic=topic))
    assert not decoder.errors
    return heard


def error(name: str, data: object, topic: str = "") -> str:
    decoder = DECODERS[name]()
    assert decoder.decode(frames(data if isinstance(data, (bytes, str)) else json.dumps(data), topic=topic)) == []
    ((what, times),) = decoder.errors.items()
    assert times == 1
    return what


# -- OwnTracks ---------------------------------------------------------------------------------------------------------


def test_owntracks_tells_kmh_and_its_topic_who():
    heard = one("owntracks", OWN, "owntracks/maria/phone")
    assert (heard.key, heard.kind, heard.observed_us, heard.lon, heard.lat) == ("tag:maria/phone", "tag", T0_US, -97, 26)
    assert (heard.speed_mps, heard.course_deg, heard.altitude_m, heard.accuracy_m) == pytest.approx((10, 181, 9, 12))
    assert heard.identifiers == {"tid": "mp"}
    assert one("owntracks", OWN, "owntracks/maria/phone", kind="vehicle").kind == "vehicle"
    assert one("owntracks", OWN).key == "tag:mp"


def test_owntracks_other_messages_are_passed_over():
    decoder = DECODERS["owntracks"]()
    assert decoder.decode(frames('{"_type":"lwt","tst":1}', '{"_type":"transition"}', "", '{"_type":"<b>"}')) == []
    assert decoder.passed == {"lwt": 1, "transition": 1, "empty": 1, "messages of other types": 1} and not decoder.errors


@pytest.mark.parametrize(("change", "what"), [
    ({"lat": None}, "no position"), ({"lat": 91}, "no position"), ({"lon": "x"}, "no position"), ({"lon": True}, "no position"), ({"tst": None}, "no time"),
    ({"tst": 1e308}, "no time"), ({"_type": 5}, "no _type"),
])
def test_owntracks_refused(change: dict, what: str):
    assert error("owntracks", OWN | change, "owntracks/maria/phone") == what


def test_owntracks_without_anybody():
    assert error("owntracks", {k: v for k, v in OWN.items() if k != "tid"}, "owntracks//") == "no id"


# -- our own words -----------------------------------------------------------------------------------------------------


def test_a_row_whole():
    heard = one("fixes", ROW | {"kind": "vehicle", "name": "<i>R&D</i>", "identifiers": {"plate": "EX-1"}, "speed_mps": 8.2, "course_deg": 360, "heading_deg": None,
                                "altitude_m": -3, "accuracy_m": 12, "emergency": True})
    assert (heard.key, heard.kind, heard.observed_us, heard.name, heard.identifiers) == ("tag:T-1", "vehicle", AT_US, "<i>R&D</i>", {"plate": "EX-1"})
    assert (heard.speed_mps, heard.course_deg, heard.altitude_m, heard.accuracy_m, heard.emergency) == (8.2, 0, -3, 12, True)
    assert isnan(heard.heading_deg)
    assert one("fixes", {k: v for k, v in ROW.items() if k != "at"}).observed_us == NOW_US


@pytest.mark.parametrize(("change", "field", "expected"), [
    ({"lat": 91}, "lat, lon", "latitude within"), ({"lat": "26"}, "lat", "degrees"), ({"lat": None}, "lat", "degrees"), ({"lon": True}, "lat, lon", "longitude"),
    ({"at": "2026-11-24T14:32:00"}, "at", "zone"), ({"at": 5}, "at", "zone"), ({"at": None}, "at", "zone"), ({"at": "9999-12-31T23:59:59Z"}, "at", "years"),
    ({"id": ""}, "id", "text"), ({"id": "x" * 101}, "id", "100"), ({"id": "a\x00b"}, "id", "text"), ({"id": "\ud800"}, "id", "text"), ({"id": 5}, "id", "text"),
    ({"kind": "ufo"}, "kind", "vessel"), ({"kind": []}, "kind", "vessel"), ({"speed_mps": -1}, "speed_mps", "from 0"), ({"speed_mps": 1e308}, "speed_mps", "10000"),
    ({"accuracy_m": "3"}, "accuracy_m", "number"), ({"emergency": 1}, "emergency", "true or false"), ({"speed": 1}, "speed", "one of"),
    ({"identifiers": {"a": 1}}, "a", "text"), ({"identifiers": []}, None, "object"), ({"identifiers": {"\x00": "a"}}, "identifiers", "text"),
    ({"identifiers": {str(i): "a" for i in range(21)}}, "identifiers", "at most"),
])
def test_a_refused_row_names_field_value_and_what_was_expected(change: dict, field: str | None, expected: str):
    heard, (refusal,) = validate(json.dumps([ROW, ROW | change]).encode(), NOW_US)
    assert len(heard) == 1
    assert (refusal.line, refusal.field) == (2, field) and expected in refusal.expected
    str(refusal).encode()


@pytest.mark.parametrize("body", [
    json.dumps(ROW), json.dumps(ROW, indent=2), json.dumps([ROW]), "\ufeff" + json.dumps(ROW), "\r\n" + json.dumps(ROW) + "\r\n",
])
def test_one_position_in_every_form(body: str):
    heard, refused = validate(body.encode(), NOW_US)
    assert (len(heard), refused) == (1, [])


def test_ndjson_counts_its_lines():
    heard, refused = validate("\n".join([json.dumps(ROW), "", "{", json.dumps(ROW), '{"id":"a","id":"b"}', "[]"]).encode(), NOW_US)
    assert len(heard) == 2
    assert [(r.line, r.field) for r in refused] == [(3, None), (5, "id"), (6, None)]


@pytest.mark.parametrize(("body", "expected"), [
    (b"[" * 200_000, "nested"), (b'{"a":' * 90_000, "nested"), (b'{"lat": NaN}', "NaN"), (b'{"lat": Infinity}', "NaN"), (b"", "JSON"), (b"[]", "at least one"),
    (b"\xff\xfe{\x00}\x00", "UTF-8"), (b'{"id":"a","id":"b"}', "once"), (b'{"lat":' + b"9" * 6000 + b"}", "sensible"), (b"x" * (BYTES_MAX + 1), "at most"),
    (b"[" + b"1," * ROWS_MAX + b"1]", "at most"), (b"{}\n" * (ROWS_MAX + 1), "at most"), (b"<html>", "JSON"), (b"5", "object"),
    (b"[" + b"{}," * 100_001 + b"{}]", "at most"),
], ids=range(15))
def test_a_body_that_is_refused_as_a_whole(body: bytes, expected: str):
    heard, (refusal,) = validate(body, NOW_US)
    assert heard == [] and expected in refusal.expected


def test_1e999_is_no_number():
    _, (refusal,) = validate(json.dumps(ROW)[:-1].encode() + b', "speed_mps": 1e999}', NOW_US)
    assert refusal.field == "speed_mps"


def test_a_tag_speaks_for_itself_alone():
    assert one("tags", {k: v for k, v in ROW.items() if k != "id"}, "vigia/tags/T-9").key == "tag:T-9"
    assert one("tags", ROW, "vigia/tags/T-1").key == one("tags", ROW, "gateway/7").key == "tag:T-1"
    assert error("tags", ROW, "vigia/tags/T-9") == "another's id"
    assert error("tags", [ROW], "vigia/tags/T-1") == "not an object"


def test_rows_of_a_message_stand_alone():
    decoder = DECODERS["tags"]()
    assert len(decoder.decode(frames(json.dumps([ROW, ROW | {"lat": 91}, ROW]), topic="gateway/7"))) == 2
    assert decoder.errors == {"no position": 1}


def test_the_schemas_say_what_the_code_holds():
    fix, read = (json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text()) for name in ("fix", "read"))
    assert tuple(fix["properties"]) == NAMES and tuple(read["properties"]) == READ_NAMES
    assert fix["properties"]["kind"]["enum"] == list(KINDS)
    assert (fix["properties"]["id"]["maxLength"], fix["properties"]["identifiers"]["maxProperties"]) == (ID_MAX, IDENTIFIERS_MAX)
    for name, told in fix["properties"].items():
        for edge, off in (("minimum", -1), ("maximum", 1)):
            if edge in told:
                assert validate(json.dumps(ROW | {name: told[edge]}).encode(), NOW_US)[1] == []
                assert validate(json.dumps(ROW | {name: told[edge] + off}).encode(), NOW_US)[0] == []
    for name in fix["required"]:
        assert validate(json.dumps({k: v for k, v in ROW.items() if k != name}).encode(), NOW_US)[0] == []


# -- reads -------------------------------------------------------------------------------------------------------------


def test_a_read_names_its_reader_and_no_place():
    heard = one("rfid", {"reader": "GATE-1", "epc": "3034A", "at": ROW["at"], "antenna": 2, "rssi": -61.5}, kind="container")
    assert (heard.key, heard.kind, heard.reader, heard.observed_us, heard.identifiers) == ("epc:3034A", "container", "GATE-1", AT_US, {"epc": "3034A"})
    assert isnan(heard.lon) and isnan(heard.lat)
    assert one("rfid", {"epc": "a"}, "vigia/reads/GATE-2").reader == "GATE-2"


@pytest.mark.parametrize(("row", "topic", "what"), [
    ({"reader": "G"}, "", "no epc"), ({"epc": "a"}, "", "no reader"), ({"reader": "G", "epc": "a", "rssi": "x"}, "", "value"),
    ({"reader": "G", "epc": "a"}, "vigia/reads/H", "another's reader"), ({"reader": "G", "epc": "a", "when": 1}, "", "unknown name"), ("[1", "", "not JSON"),
    ({"reader": "G", "epc": "a", "at": "x"}, "", "no time"),
])
def test_reads_refused(row: dict, topic: str, what: str):
    assert error("rfid", row, topic) == what


# -- telephones --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "observed_us"), [
    (str(T0), T0_US), (str(T0 * 1000), T0_US), (f"{T0}.5", T0_US + 500_000), ("2026-11-24T14:32:00Z", AT_US), ("2026-11-24T08:32:00.000-06:00", AT_US),
    ("2026-11-24%2014:32:00", AT_US), ("2026-11-24T14:32:00", AT_US),
])
def test_osmand_tells_time_in_many_ways(told: str, observed_us: int):
    assert one("osmand", f"id=7&lat=26&lon=-97&timestamp={told}").observed_us == observed_us


def test_osmand_tells_knots():
    heard = one("osmand", "/?deviceid=7&location=26.0,-97.0&speed=10&heading=181&altitude=9&accuracy=12&hdop=1&batt=71&cell=1&cell=2", kind="person")
    assert (heard.key, heard.kind, heard.lon, heard.lat, heard.observed_us) == ("tag:7", "person", -97, 26, NOW_US)
    assert (heard.speed_mps, heard.course_deg, heard.altitude_m, heard.accuracy_m) == pytest.approx((5.1444, 181, 9, 12), rel=1e-4)
    unknown = one("osmand", "id=7&lat=26&lon=-97&speed=-1&bearing=-1&altitude=nan&accuracy=inf")
    assert all(isnan(v) for v in (unknown.speed_mps, unknown.course_deg, unknown.altitude_m, unknown.accuracy_m))


def test_traccar_client_tells_metres_a_second_in_json():
    heard = one("osmand", {"device_id": "7", "location": {"timestamp": ROW["at"], "coords": {"latitude": 26.0, "longitude": -97.0, "speed": 6.4, "heading": -1}}})
    assert (heard.key, heard.observed_us, heard.lat, heard.speed_mps) == ("tag:7", AT_US, 26, 6.4) and isnan(heard.course_deg)


@pytest.mark.parametrize(("query", "what"), [
    ("lat=26&lon=-97", "no id"), ("id=7&lat=26", "no position"), ("id=7&lat=260&lon=1", "no position"), ("id=7&lat=26&lon=-97&lat=27", "duplicate key"),
    ("id=7&lat=26&lon=-97&timestamp=noon", "no time"), ("id=7&lat=26&lon=-97&timestamp=" + "9" * 18, "no time"), ("&".join("a=1" for _ in range(101)), "too many words"),
    (b"id=\xff", "not a query"), ("x" * 20_000, "too long"), ('{"device_id": 7}', "not an object"), ("id=%00&lat=26&lon=-97", "no id"),
])
def test_osmand_refused(query: str, what: str):
    assert error("osmand", query) == what


def test_osmand_without_a_fix_is_no_position():
    decoder = DECODERS["osmand"]()
    assert decoder.decode(frames("id=7&lat=0&lon=0&valid=false")) == [] and decoder.passed == {"no position": 1}


# -- anything ----------------------------------------------------------------------------------------------------------

ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), lambda c: st.lists(c, max_size=4) | st.dictionaries(
    st.sampled_from([*NAMES, *READ_NAMES, "_type", "location", "coords", "tst", "device_id", "latitude", "longitude", "timestamp"]), c, max_size=6), max_leaves=20)


@given(ANY, st.binary(max_size=60), st.text(max_size=20))
@pytest.mark.parametrize("name", ["owntracks", "tags", "rfid", "fixes", "osmand", "epcis"])
def test_nothing_raises(name: str, value: object, raw: bytes, topic: str):
    decoder = DECODERS[name]()
    bodies = [raw, json.dumps(value).encode(), json.dumps({"_type": "location", "location": value, "device_id": "7", "type": "ObjectEvent", "epcList": value}).encode()]
    for told in decoder.decode(frames(*bodies, topic=topic)):
        assert abs(told.lat) <= 90 and abs(told.lon) <= 180 or told.reader
    assert sum(decoder.errors.values()) >= 0
    validate(raw, NOW_US)
