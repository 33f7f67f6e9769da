"""MAVLink held against pymavlink: both versions, cut, broken, signed."""

from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v10 import common as v1
from pymavlink.dialects.v20 import common as v2

from data.flags import FUTURE
from feeds.wire import DECODERS, FRAMERS
from feeds.wire.mavlink import checksum
from tests.feeds.wire.made import NOW_US, T0_US, frames


def sender(module, sysid: int = 7):
    return module.MAVLink(None, srcSystem=sysid, srcComponent=1)


def beat(mav, type_: int = 2, state: int = 4) -> bytes:
    return mav.heartbeat_encode(type_, 3, 0, 0, state).pack(mav)


def placed(mav, lat: float = 26.0, lon: float = -97.0, boot_ms: int = 5_000, alt_mm: int = 120_000, north: int = 300, east: int = -400, heading: int = 18_100) -> bytes:
    return mav.global_position_int_encode(boot_ms, round(lat * 1e7), round(lon * 1e7), alt_mm, 100_000, north, east, 10, heading).pack(mav)


def gps(mav, fix: int = 3, time_us: int = 6_000_000, lat: float = 26.5, speed: int = 250, course: int = 9_000) -> bytes:
    return mav.gps_raw_int_encode(time_us, fix, round(lat * 1e7), -970_000_000, 90_000, 120, 150, speed, course, 9).pack(mav)


@pytest.fixture
def mavlink():
    return DECODERS["mavlink"]()


@pytest.mark.parametrize("module", [v1, v2])
def test_a_drone_is_where_its_autopilot_says(module, mavlink):
    mav = sender(module)
    (heard,) = mavlink.decode(frames(beat(mav), placed(mav)))
    assert (heard.key, heard.kind, heard.observed_us, heard.lon, heard.lat, heard.frame) == ("mavlink:7", "drone", NOW_US, -97, 26, 1)
    assert (heard.speed_mps, heard.course_deg, heard.heading_deg, heard.altitude_m) == pytest.approx((5, 306.8699, 181, 120))
    assert not mavlink.errors and not heard.emergency


@pytest.mark.parametrize("module", [v1, v2])
def test_its_clock_tells_when(module, mavlink):
    mav = sender(module)
    clock = mav.system_time_encode(T0_US, 3_000).pack(mav)
    (heard,) = mavlink.decode(frames(beat(mav) + clock + placed(mav)))
    assert heard.observed_us == T0_US + 2_000_000
    clock = mav.system_time_encode(T0_US + 10**12, 3_000).pack(mav)
    (heard,) = mavlink.decode(frames(clock + placed(mav)))
    assert (heard.observed_us, heard.flags) == (NOW_US, FUTURE)


def test_the_gps_alone_counts_when_the_autopilot_is_silent(mavlink):
    mav = sender(v2)
    (alone,) = mavlink.decode(frames(beat(mav), gps(mav, time_us=T0_US)))
    assert (alone.lat, alone.speed_mps, alone.course_deg, alone.altitude_m, alone.observed_us) == pytest.approx((26.5, 2.5, 90, 90, T0_US))
    assert [h.lat for h in mavlink.decode(frames(placed(mav), gps(mav)))] == [26]
    assert [h.lat for h in mavlink.decode(frames(gps(mav), at_us=NOW_US + 11_000_000))] == [26.5]


def test_unknown_measures_and_places_stay_unknown(mavlink):
    mav = sender(v2)
    (heard,) = mavlink.decode(frames(beat(mav), placed(mav, heading=65_535, north=0, east=0)))
    assert isnan(heard.heading_deg) and isnan(heard.course_deg) and heard.speed_mps == 0
    assert mavlink.decode(frames(placed(mav, lat=0, lon=0), placed(mav, lat=214.7483647), gps(mav, fix=1), placed(mav))) == []
    assert mavlink.passed["no position"] == 3


@pytest.mark.parametrize(("type_", "kind"), [(1, "drone"), (10, "vehicle"), (11, "vessel"), (6, None)])
def test_a_heartbeat_says_what_it_is(mavlink, type_: int, kind: str | None):
    mav = sender(v2)
    assert [h.kind for h in mavlink.decode(frames(beat(mav, type_), beat(mav, 26), placed(mav)))] == ([kind] if kind else [])


def test_before_its_heartbeat_nothing_is_told(mavlink):
    assert mavlink.decode(frames(placed(sender(v2)))) == [] and mavlink.passed == {"before its heartbeat": 1}


def test_an_emergency_and_its_end(mavlink):
    mav = sender(v2)
    told = mavlink.decode(frames(beat(mav, state=6), placed(mav), beat(mav), placed(mav)))
    assert [h.emergency for h in told] == [True, False]


def test_two_feeds_and_two_vehicles_are_apart():
    mavlink = DECODERS["mavlink"](name="north")
    data = b"".join(f(sender(v2, s)) for s in (1, 2) for f in (beat, placed))
    assert [h.key for h in mavlink.decode(frames(data))] == ["mavlink:north/1", "mavlink:north/2"]


@pytest.mark.parametrize("module", [v1, v2])
def test_a_stream_cut_at_every_byte(module):
    mav = sender(module)
    data = b"\x00\xfe\xfd" + beat(mav) + b"noise\xfd\x00\xfe" + mav.attitude_encode(1, 2, 3, 4, 5, 6, 7).pack(mav) + placed(mav) + placed(mav, lat=27.0)
    for cut in range(len(data) + 1):
        framer, mavlink = FRAMERS["mavlink"](), DECODERS["mavlink"]()
        packets = [*framer.push(data[:cut]), *framer.push(data[cut:]), *framer.close()]
        assert [h.lat for h in mavlink.decode(frames(*packets))] == [26, 27]
        assert mavlink.passed == {"messages of other types": 1}


@pytest.mark.parametrize("module", [v1, v2])
def test_every_flipped_bit_is_seen(module):
    mav = sender(module)
    start, good = beat(mav), placed(mav)
    for at in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            assert DECODERS["mavlink"]().decode(frames(start, bytes(bad))) == []


def test_signed_packets_are_read(mavlink):
    mav = sender(v2)
    mav.signing.secret_key, mav.signing.sign_outgoing, mav.signing.link_id, mav.signing.timestamp = b"k" * 32, True, 1, 1
    data = beat(mav) + placed(mav)
    assert len(data) > len(beat(sender(v2)) + placed(sender(v2)))
    assert len(mavlink.decode(frames(data))) == 1 and not mavlink.errors


def test_the_checksum_of_the_standard():
    assert checksum(b"12345678", ord("9")) == 0x6F91  # CRC-16/MCRF4XX of "123456789"


@given(st.binary(max_size=400))
def test_nothing_raises(raw: bytes):
    mavlink, mav = DECODERS["mavlink"](), sender(v2)
    for told in mavlink.decode(frames(beat(mav), raw, raw.replace(b"\x00", b"\xfd"), beat(mav)[:5] + raw, placed(mav))):
        assert abs(told.lat) <= 90 and abs(told.lon) <= 180
    assert len(mavlink._systems) <= 256
