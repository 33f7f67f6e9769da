"""Cursor on Target: events in, hostile XML, and what we send held against the schema."""

from __future__ import annotations

import tracemalloc
from math import isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from data.records import KINDS
from feeds.wire import DECODERS, FRAMERS, Told
from feeds.wire.cot import CALLS_MAX
from feeds.wire.cot_out import cot_event
from tests.feeds.wire.made import T0_US, frames

TIME = "2026-11-24T14:32:00.000Z"
AT_US = 1_795_530_720_000_000
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("cot_event.xsd")))


def event(type_: str = "a-f-G-U-C", detail: str = '<contact callsign="PATROL 4"/>', uid: str = "U-1", lat: object = 26.0, lon: object = -97.0, ce: object = 12.0,
          time: str = TIME, version: str = "2.0") -> str:
    return (f'<event version="{version}" uid="{uid}" type="{type_}" how="m-g" time="{time}" start="{TIME}" stale="{TIME}">'
            f'<point lat="{lat}" lon="{lon}" hae="9.0" ce="{ce}" le="9999999"/><detail>{detail}</detail></event>')


@pytest.fixture
def cot():
    return DECODERS["cot"]()


def test_a_position_whole(cot):
    (heard,) = cot.decode(frames(event(detail='<contact callsign="&lt;b&gt;R&amp;D"/><track speed="1.4" course="181"/><remarks>on foot</remarks>')))
    assert (heard.key, heard.kind, heard.observed_us, heard.lon, heard.lat) == ("cot:U-1", "person", AT_US, -97, 26)
    assert (heard.name, heard.speed_mps, heard.course_deg, heard.altitude_m, heard.accuracy_m, heard.emergency) == ("<b>R&D", 1.4, 181, 9, 12, False)


@pytest.mark.parametrize(("type_", "kind"), [
    ("a-f-G-E-V-C", "vehicle"), ("a-h-A-M-F-Q", "drone"), ("a-u-A-M-H-Q-r", "drone"), ("a-f-A-C-F-q", "drone"), ("a-n-A-C-F", "aircraft"), ("a-u-A", "aircraft"),
    ("a-h-S-X-M", "vessel"), ("a-h-U-S", "vessel"), ("a-f-G-U-C-I", "person"), ("a-u-G", "tag"), ("a-f-G-E-S", "tag"), ("a-f-G-E-V;x", "vehicle"),
])
def test_types_are_our_kinds(cot, type_: str, kind: str):
    assert cot.decode(frames(event(type_)))[0].kind == kind


def test_what_is_no_followed_object_is_counted(cot):
    types = ["t-x-d-d", "b-t-f", "b-m-p-w", "t-x-c-t", "a-f-G-I-H", "u-d-r", "b-a-o-can", "a", ""]
    assert cot.decode(frames(*map(event, types))) == []
    assert cot.passed == {"deletions": 1, "chat": 1, "marks": 1, "tasks": 1, "what does not move": 1, "events of other types": 3, "alerts taken back": 1}
    assert not cot.errors


def test_unknown_numbers_stay_unknown_and_no_position_is_a_name(cot):
    (heard,) = cot.decode(frames(event(ce="9999999.0").replace('hae="9.0"', 'hae="9999999"')))
    assert isnan(heard.accuracy_m) and isnan(heard.altitude_m)
    assert cot.decode(frames(event(lat="0.0", lon="0", ce="9999999"))) == [Told("cot:U-1", "person", "PATROL 4", {"callsign": "PATROL 4"}, 0)]
    assert cot.decode(frames(event(lat=0, lon=0, ce=5)))[0].lat == 0


def test_emergencies(cot):
    told = cot.decode(frames(
        event("a-f-G-E-V"), event("b-a-o-tbl", '<link uid="U-1"/><emergency type="911 Alert"/>', uid="U-1-9-1-1"),
        event("a-f-G-E-V", '<emergency type="Troops in contact"/>'), event("a-f-G-E-V", '<emergency cancel="true"/>'), event("b-a-o-opn", "", uid="V")))
    assert [(t.key, t.kind, t.emergency) for t in told] == [
        ("cot:U-1", "vehicle", False), ("cot:U-1", "vehicle", True), ("cot:U-1", "vehicle", True), ("cot:U-1", "vehicle", False), ("cot:V", "person", True)]


@pytest.mark.parametrize(("data", "what"), [
    (event(lat=91), "no position"), (event(lon="x"), "no position"), (event(lat="nan"), "no position"), (event(time="noon"), "no time"), (event(version="1"), "version"),
    (event(uid=""), "no uid"), (event().replace("<point", "<pint").replace("/point", "/pint"), "no position"), ("<track/>", "no event"), (event()[:-3], "not XML"),
    ("", "not XML"), (b"\xbf\x01\xbf\x12\x00", "TAK protobuf"), (b"\x00\x01", "not XML"), (event(detail="<a>" * 20_000), "not XML"), ("<event>" + "x" * 70_000, "too long"),
    ('<!DOCTYPE e [<!ENTITY a "b">]>' + event(), "DOCTYPE"), (('<?xml version="1.0"?><!doctype e>' + event()).encode("utf-16"), "DOCTYPE"),
    ('<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + event(detail="&x;"), "DOCTYPE"),
    ('<!DOCTYPE e SYSTEM "http://127.0.0.1:9/e.dtd">' + event(), "DOCTYPE"),
    ('<!DOCTYPE e [<!ENTITY a "' + "x" * 500 + '"><!ENTITY b "' + "&a;" * 500 + '">]>' + event(detail="&b;" * 500), "DOCTYPE"),
    (('<?xml version="1.0" encoding="cp037"?><!DOCTYPE e>' + event()).encode("cp037"), "not XML"), ('<?xml version="1.0" encoding="nope"?>' + event(), "not XML"),
])
def test_refused(cot, data: str | bytes, what: str):
    assert cot.decode(frames(data)) == []
    assert cot.errors == {what: 1}


def test_deep_xml_costs_little(cot):
    tracemalloc.start()
    (heard,) = cot.decode(frames(event(detail="<a>" * 9_000 + "</a>" * 9_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert heard.lat == 26 and peak < 20_000_000


def test_utf_16_without_a_doctype_is_read(cot):
    assert len(cot.decode(frames(('<?xml version="1.0" encoding="utf-16"?>' + event()).encode("utf-16")))) == 1


def test_kinds_kept_for_alerts_are_bounded(cot):
    cot.decode(frames(*(event(uid=f"U-{i}") for i in range(CALLS_MAX + 50))))
    assert len(cot._kinds) == CALLS_MAX


@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=10))
def test_nothing_raises(raw: bytes, a: str, b: str):
    cot = DECODERS["cot"]()
    for told in cot.decode(frames(raw, event(type_=a.replace('"', "")), event(lat=b.replace('"', ""), time=a.replace('"', "")), event(detail=a))):
        assert isinstance(told, Told) or abs(told.lat) <= 90


# -- out ---------------------------------------------------------------------------------------------------------------

MEASURE = st.none() | st.floats(-1e4, 1e4) | st.just(nan)


@given(st.text(max_size=30), st.sampled_from(KINDS), st.floats(-180, 180), st.floats(-90, 90), st.none() | st.text(max_size=30), st.none() | st.text(max_size=30), MEASURE, MEASURE,
       st.booleans(), st.booleans())
def test_what_we_send_fits_the_schema_and_comes_back(uid, kind, lon, lat, name, remarks, speed, accuracy, alert, exercise):
    data = cot_event(uid, kind, T0_US + 250_000, lon, lat, name=name, marking="TLP:AMBER", remarks=remarks, speed_mps=speed, course_deg=90, altitude_m=speed,
                     accuracy_m=accuracy, alert=alert, exercise=exercise)
    tree = etree.fromstring(data)
    SCHEMA.assertValid(tree)
    assert tree.find("detail/marking").get("value") == "TLP:AMBER" and "TLP:AMBER" in tree.findtext("detail/remarks")
    assert tree.get("uid").startswith("vigia.") and tree.get("how") == ("m-s" if exercise else "m-p")
    assert len(FRAMERS["cot"]().push(data)) == 1
    told = DECODERS["cot"]().decode(frames(data))
    if not alert and (abs(lon) > 1e-6 or abs(lat) > 1e-6):
        (heard,) = told
        assert (heard.lon, heard.lat) == pytest.approx((lon, lat), abs=1e-6) and heard.observed_us == T0_US + 250_000
        assert heard.kind == {"container": "tag"}.get(kind, kind)


def test_what_we_send_whole():
    data = cot_event("track-7", "vessel", T0_US, -97.0, 26.0, name='A & "B" <C>', marking="TLP:RED", remarks="seen\x00twice", speed_mps=4.2, course_deg=181, accuracy_m=12)
    assert data.decode() == (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<event version="2.0" uid="vigia.track-7" type="a-u-S" how="m-p" time="2026-11-18T11:06:40.000Z" start="2026-11-18T11:06:40.000Z" '
        'stale="2026-11-18T12:46:40.000Z"><point lat="26.0000000" lon="-97.0000000" hae="9999999" ce="12.0" le="9999999" /><detail>'
        '<contact callsign="A &amp; &quot;B&quot; &lt;C&gt;" /><track speed="4.20" course="181.0" /><marking value="TLP:RED" />'
        "<remarks>TLP:RED · seen\ufffdtwice</remarks></detail></event>")


@pytest.mark.parametrize(("lon", "lat"), [(nan, 0.0), (181.0, 0.0), (0.0, 91.0)])
def test_no_place_is_not_sent(lon: float, lat: float):
    with pytest.raises(ValueError, match="no place"):
        cot_event("a", "tag", T0_US, lon, lat)


def test_the_schema_refuses():
    for bad in (event(lat=91), event(version="1"), event(type_="a f"), event().replace(' how="m-g"', ""), event().replace("<point", "<pint").replace("/point", "/pint")):
        assert not SCHEMA.validate(etree.fromstring(bad))
    assert SCHEMA.validate(etree.fromstring(event()))
