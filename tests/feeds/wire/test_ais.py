"""AIS as bytes: sentences made by pyais, cut, broken, mixed and late."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data.flags import FUTURE, WEEK_ROLLOVER
from feeds.ais_reports import PLAIN, read
from feeds.nmea import PARTS_MAX
from feeds.wire import DECODERS, FRAMERS, Heard, Told
from tests.feeds.wire.made import NOW_US, T0, T0_US, frames, position, static, tag


@pytest.fixture
def ais():
    return DECODERS["ais"]()


@pytest.mark.parametrize("kind", [1, 2, 3, 9, 18, 19, 27])
def test_every_type_of_position(ais, kind: int):
    (heard,) = ais.decode(frames(position(msg_type=kind, speed=8, course=90)))
    assert (heard.key, heard.kind) == ("mmsi:799000001", "aircraft" if kind == 9 else "vessel")
    assert (heard.lon, heard.lat) == pytest.approx((-97, 26), abs=0.002)
    assert heard.speed_mps == pytest.approx(8 * 1852 / 3600) and heard.course_deg == 90
    assert heard.identifiers["mmsi"] == "799000001" and not heard.emergency and not ais.errors


def test_names_come_apart_from_places(ais):
    lines = static(name="<B>A & B</B>")
    (told,) = ais.decode(frames(*lines))
    assert told == Told("mmsi:799000001", "vessel", "<B>A & B</B>", {"mmsi": "799000001", "callsign": "EX1", "imo": "9000001"}, 1)
    (told,) = ais.decode(frames(position(msg_type=24, partno=0, shipname="SEVEN")))
    assert told.name == "SEVEN"


def test_what_tells_no_position_is_counted(ais):
    assert ais.decode(frames(position(lat=91.0, lon=181.0), position(msg_type=4), position(msg_type=21), "$GPGGA,1*00", "")) == []
    assert ais.passed == {"no position": 1, "base stations": 1, "aids to navigation": 1, "lines of something else": 1}
    assert ais.errors == {}


def test_unknown_measures_stay_unknown(ais):
    (heard,) = ais.decode(frames(position(speed=102.3, course=360.0, heading=511)))
    assert heard.speed_mps != heard.speed_mps and heard.course_deg != heard.course_deg and heard.heading_deg != heard.heading_deg


@pytest.mark.parametrize(("told", "observed_us", "flags"), [
    (f"c:{T0 - 60}", T0_US - 60_000_000, 0), (f"c:{T0 * 1000 - 500}", T0_US - 500_000, 0), (f"c:{T0 + 3600}", NOW_US, FUTURE), ("c:4070908800", NOW_US, FUTURE),
    (f"c:{T0 - 1024 * 7 * 86400}", NOW_US, WEEK_ROLLOVER), ("c:0", NOW_US, 2), ("s:x", NOW_US, 0), ("c:" + "9" * 400, NOW_US, 0),
])
def test_the_tag_blocks_time_when_it_makes_sense(ais, told: str, observed_us: int, flags: int):
    (heard,) = ais.decode(frames(tag(told, position())))
    assert (heard.observed_us, heard.flags) == (observed_us, flags)


def test_the_second_of_the_minute_refines_our_time(ais):
    at_us = T0_US + 3_400_000  # T0 is a minute's 40th second
    told = [ais.decode(frames(position(second=s), at_us=at_us))[0].observed_us for s in (43, 41, 29, 44, 50, 20, 60, 63)]
    assert told == [T0_US + 3_000_000, T0_US + 1_000_000, T0_US - 11_000_000, T0_US + 4_000_000, at_us, at_us, at_us, at_us]


@pytest.mark.parametrize(("mmsi", "more", "emergency"), [
    (970123456, {}, True), (972123456, {}, True), (974123456, {}, True), (799000001, {"status": 14}, True), (799000001, {"status": 0}, False),
])
def test_emergencies(ais, mmsi: int, more: dict, emergency: bool):
    (heard,) = ais.decode(frames(position(mmsi=mmsi, **more)))
    assert heard.emergency is emergency
    assert ("beacon" in heard.identifiers) is (mmsi > 970_000_000)


def test_a_message_of_two_sentences_cut_at_every_byte():
    data = "\r\n".join([*static(), position(), ""]).encode()
    for cut in range(len(data) + 1):
        framer, ais = FRAMERS["line"](), DECODERS["ais"]()
        lines = [*framer.push(data[:cut]), *framer.push(data[cut:])]
        name, place = ais.decode(frames(*lines))
        assert (name.name, place.lat) == ("MARISMA AZUL", 26.0) and not ais.errors


def test_a_datagram_may_hold_several_lines(ais):
    name, place = ais.decode(frames("\r\n".join([*static(), position()])))
    assert (name.frame, place.frame) == (0, 0)


@pytest.mark.parametrize(("line", "what"), [
    (position()[:-2] + "00", "checksum"), ("!AIVDM,1,1,,A,15Di=40", "sentence"), ("!AIVDM," + "x" * 2000, "too long"),
    ("!AIVDM,1,1,,A,,0*26", "payload"), ("!AIVDM,2,3,1,A,15,0*14", "part"), ("!AIVDM,0,0,,A,15,0*13", "part"), ("!AIVDM,1,1*04", "part"),
])
def test_what_is_broken_has_a_class(ais, line: str, what: str):
    body = line[1:-3]
    if what in ("payload", "part"):
        check = 0
        for byte in body.encode():
            check ^= byte
        line = f"!{body}*{check:02X}"
    assert ais.decode(frames(line)) == []
    assert ais.errors == {what: 1}


def test_every_flipped_bit_of_a_sentence_is_seen(ais):
    good = position().encode()
    end = good.index(b"*")
    for at in range(6, end):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            # Only a change that makes it no sentence at all is passed over; none is read.
            assert ais.decode(frames(bytes(bad))) == []


def test_a_cut_off_report_is_no_place(ais):
    whole = position()
    fields = whole.split(",")
    for length in range(1, len(fields[5])):
        body = ",".join([*fields[:5], fields[5][:length], "0"])[1:]
        check = 0
        for byte in body.encode():
            check ^= byte
        for heard in ais.decode(frames(f"!{body}*{check:02X}")):
            assert abs(heard.lat - 26) < 2 and abs(heard.lon + 97) < 2 and length * 6 >= 116
    assert ais.errors["payload"] > 10


def test_parts_of_two_messages_mixed_are_put_together(ais):
    a, b = static(799000001, "FIRST", 1), static(799000002, "SECOND", 2)
    assert [t.name for t in ais.decode(frames(a[0], b[0], a[1], b[1]))] == ["FIRST", "SECOND"]


def test_a_lost_end_is_not_taken_from_another_message(ais):
    a, b = static(799000001, "FIRST"), static(799000002, "SECOND")
    assert [t.name for t in ais.decode(frames(a[0], b[0], b[1]))] == ["SECOND"]
    assert ais.decode(frames(a[1], b[0])) == []
    assert [t.name for t in ais.decode(frames(b[1]))] == ["SECOND"]
    assert ais.errors == {"unfinished": 2}


def test_a_part_heard_twice_is_one(ais):
    a = static()
    assert len(ais.decode(frames(a[0], a[0], a[1]))) == 1 and not ais.errors


def test_grouped_parts_may_come_in_any_order(ais):
    a = static()
    assert len(ais.decode(frames(tag("g:2-2-77", a[1]), tag("g:1-2-77", a[0])))) == 1


def test_parts_that_come_late_are_no_message(ais):
    a = static()
    assert ais.decode(frames(a[0])) == []
    assert ais.decode(frames(a[1], at_us=NOW_US + 31_000_000)) == []
    assert ais.errors["unfinished"] == 2 and len(ais.parts) == 0


def test_unfinished_messages_are_bounded(ais):
    for i in range(PARTS_MAX * 3):
        ais.decode(frames(tag(f"g:1-2-{i}", static()[0])))
    assert len(ais.parts) == PARTS_MAX and ais.errors["unfinished"] == PARTS_MAX * 2


def test_positions_name_the_frame_they_came_from(ais):
    told = ais.decode(frames(position(lat=91.0), position(), "x", position(lon=-96.0)))
    assert [t.frame for t in told if isinstance(t, Heard)] == [1, 3]


PAYLOAD = st.text("".join(map(chr, (*range(48, 88), *range(96, 120)))), max_size=90)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["", "1", "x"]), PAYLOAD | st.text(max_size=10), st.integers(0, 7)), max_size=8), st.binary(max_size=99))
def test_nothing_raises(sentences: list[tuple], raw: bytes):
    ais, lines = DECODERS["ais"](), [raw]
    for total, index, sequence, payload, fill in sentences:
        body = f"AIVDM,{total},{index},{sequence},A,{payload},{fill}".encode("utf-8", "replace")
        check = 0
        for byte in body:
            check ^= byte
        lines += [b"!" + body + b"*%02X" % check, b"\\c:" + raw + b"*00\\!" + body + b"*%02X" % check]
    for told in ais.decode(frames(*lines)):
        assert isinstance(told, Told) or abs(told.lat) <= 90 and abs(told.lon) <= 180
    assert len(ais.parts) <= 20


@given(st.integers(1, 3), st.integers(0, (1 << 162) - 1), st.sampled_from(["", "7"]), st.sampled_from(["A", "B", ""]))
@example(1, 0, "", "A")
@example(3, (1 << 162) - 1, "", "B")
def test_a_plain_report_says_what_pyais_reads_in_it(kind: int, bits: int, sequence: str, channel: str):
    """Nearly every report is read without pyais; the same bits in a sentence that is not plain are read by it."""
    bits |= kind << 162
    payload = "".join(chr((v := bits >> shift & 63) + (48 if v < 40 else 56)) for shift in range(162, -1, -6))
    sentence = f"!AIVDM,1,1,{sequence},{channel},{payload},0*00".encode()
    theirs = sentence.replace(b",1,1,", b",01,1,")
    assert PLAIN.match(sentence) and not PLAIN.match(theirs)
    assert repr(read([sentence])) == repr(read([theirs]))
