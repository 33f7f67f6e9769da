"""Metadata by MISB ST 0601: packets put together from pieces, held against their lengths and checksums, and what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from feeds import klv
from feeds.opening_videos import _by_angles, _held
from tests.feeds.films import packet, told_at

US = 1_231_798_102_000_000  # 2009-01-12 22:08:22 UTC
# The values of the sample packet of MISB ST 0902; its bytes are made here.
SAMPLE = {"mission": "Mission 12", "heading_deg": 159.97436, "pitch_deg": -0.431531, "roll_deg": 3.405814, "platform": "Predator", "lat": 60.17682296689,
          "lon": 128.42675904204, "altitude_m": 14190.7195, "fov_h_deg": 144.571298, "fov_v_deg": 152.643626, "azimuth_deg": 160.71921, "elevation_deg": -168.792324,
          "sensor_roll_deg": 176.865437, "centre_lat": -10.542388633, "centre_lon": 29.157890122923, "centre_m": 3216.03723}


def fed(*pieces: bytes) -> tuple[list[bytes], klv.Counted]:
    packets = klv.Packets()
    out = [one for piece in pieces for one in packets.feed(piece)]
    packets.end()
    return out, packets.counted


def test_a_packet_says_what_was_put_in():
    made = packet(US, **SAMPLE)
    told = klv.said(made)
    assert told["us"] == US == klv.observed_us(made) and told["mission"] == "Mission 12" and told["platform"] == "Predator"
    for name, value in SAMPLE.items():
        if isinstance(value, float):
            assert told[name] == pytest.approx(value, abs=0.3 if name.endswith("_m") else 3e-3 if "lat" not in name and "lon" not in name else 1e-7), name
    ring = klv.said(packet(US, **told_at(0)))["corners"]
    assert np.allclose(ring, [[-97.4905, 26.0005], [-97.4895, 26.0005], [-97.4895, 25.9995], [-97.4905, 25.9995]], atol=1e-6)


def test_the_checksum_is_that_of_the_standard():
    from stanag4609.st0601 import encode_uas_local_set

    theirs = encode_uas_local_set({2: US, 65: 17, 13: 60.0})
    assert klv.holds(theirs) and klv.holds(packet(US, lat=60.0)) and klv.holds(packet(US, lat=60.0, mission="odd"))
    for at in range(len(theirs)):
        assert not klv.holds(theirs[:at] + bytes((theirs[at] ^ 1,)) + theirs[at + 1:]), at


def test_packets_come_in_pieces_cut_anywhere():
    one, two = packet(US, **SAMPLE), packet(US + 1, lat=1.0, lon=2.0)
    for cut in range(1, len(one), 7):
        found, counted = fed(one[:cut], one[cut:] + two)
        assert found == [one, two] and (counted.read, counted.good) == (2, 0)
    assert fed(b"\x00\x01\x02\x03\x04" + one + b"between" + two)[0] == [one, two]


@pytest.mark.parametrize(("spoilt", "counted"), [
    (lambda p: p[:40] + bytes((p[40] ^ 0xFF,)) + p[41:], {"checksum": 1}), (lambda p: p[:16] + b"\x84\x7f\xff\xff\xff" + p[17:], {"length": 1}),
    (lambda p: p[:16] + b"\x85\x00\x00\x00\x00\x10" + p[17:], {"length": 1}), (lambda p: p[:-10], {"length": 1}), (lambda p: p[:16] + b"\x05" + p[17:], {"checksum": 1}),
    (lambda p: p[:16] + b"\x7f" + p[17:], {"length": 1}), (lambda p: p[:17], {"length": 1}), (lambda p: p[:16], {"length": 1}),
], ids=["a bit", "longer than anything", "a length of five bytes", "cut", "too short", "too long", "length alone", "key alone"])
def test_what_does_not_hold_is_counted_and_the_next_is_found(spoilt, counted):
    good = [packet(US + i, lat=1.0, lon=2.0 + i) for i in range(3)]
    for pieces in ([good[0], spoilt(good[1]), good[2]], [good[0] + spoilt(good[1]) + good[2]]):
        found, told = fed(*pieces)
        assert found == [good[0], good[2]] and told.read == 3
        assert {name: n for name in ("length", "checksum") if (n := getattr(told, name))} == counted


def test_no_bytes_at_all_make_it_fail():
    rng = np.random.default_rng(11)
    whole = packet(US, **SAMPLE)
    for _ in range(400):
        made = bytearray(whole)
        for at in rng.integers(16, len(made), rng.integers(1, 6)):
            made[at] = rng.integers(256)
        fed(bytes(made[: rng.integers(len(made) + 1)]), whole)
        klv.said(bytes(made), verify=False)


def test_places_that_can_not_be_are_left_out():
    assert "lat" not in klv.said(packet(US, lat=0.0, lon=0.0, altitude_m=10.0))
    assert klv.said(packet(US, lat=0.0, lon=0.0, altitude_m=10.0))["us"] == US
    assert klv.said(b"nothing") is None


def test_turns_of_platform_and_sensor_become_one():
    deg = lambda *a: tuple(round(v, 6) for v in _held(*(math.radians(x) for x in a)))  # noqa: E731
    assert deg(90, 0, 0, 0, -30, 0) == (90, -30, 0) and deg(350, 0, 0, 20, -30, 0) == (10, -30, 0)
    assert deg(0, 0, 0, 0, 0, 15) == (0, 0, 15) and deg(0, 10, 0, 180, 0, 0)[1] == -10, "a nose that is up makes a look back go down"
    assert deg(40, 0, 0, 0, -90, 0)[:2] == (40, -90)


def test_where_no_corners_are_told_angles_give_them():
    told = {"lat": 26.0, "lon": -97.5, "altitude_m": 520.0, "centre_m": 20.0, "heading_deg": 90.0, "pitch_deg": 0.0, "roll_deg": 0.0, "azimuth_deg": 0.0,
            "elevation_deg": -90.0, "fov_h_deg": 90.0, "fov_v_deg": 53.13}
    ring = np.array(_by_angles(told)) - (-97.5, 26.0)
    metres = ring * (math.cos(math.radians(26)) * 111_320, 110_574)
    assert np.allclose(np.abs(metres), [[250, 500]] * 4, rtol=0.01), "heading east, the picture's width lies north to south"
    assert metres[0, 0] > 0 and metres[0, 1] > 0, "its upper left corner is ahead and to the left"
    assert _by_angles({**told, "elevation_deg": 5.0}) is None and _by_angles({k: v for k, v in told.items() if k != "centre_m"}) is None
