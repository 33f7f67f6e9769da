"""Subtitles of drones in the layouts that are known: which number is which, what is cut, what can't be relied on."""

from __future__ import annotations

import pytest

from feeds import srt
from feeds.srt import SrtRefused, read


def cues(*bodies: str, begin: int = 0, step_s: float = 1.0) -> str:
    at = lambda s: f"{int(s) // 3600:02}:{int(s) // 60 % 60:02}:{int(s) % 60:02},{int(s % 1 * 1000):03}"  # noqa: E731
    return "\n\n".join(f"{i + 1}\n{at(begin + i * step_s)} --> {at(begin + (i + 1) * step_s)}\n{body}" for i, body in enumerate(bodies)) + "\n\n"


def tagged(lat: float, lon: float, second: int = 0, name: str = "longitude") -> str:
    return f'<font size="28">SrtCnt : 1, DiffTime : 33ms\n2024-05-01 15:01:{second:02d}.531\n[iso: 100] [latitude: {lat}] [{name}: {lon}] [rel_alt: 27.300 abs_alt: 152.100]</font>'


OLD = "HOME({lon},{lat}) 2017.07.03 10:15:{s:02d}\nGPS({lon},{lat},19) BAROMETER:20.1\nISO:100"
PHANTOM = "F/5.6, SS 400, ISO 100, EV 0, GPS ({a}, {b}, 15), HOME ({c}, {d}, 12.00m), D {far}m, H 85.80m, H.S 5.00m/s, V.S 0.00m/s"
MAVIC = "F/2.8, SS 206.14, ISO 150, EV 0, GPS ({lon}, {lat}, 20), D 24.26m, H 6.00m, H.S 2.10m/s, V.S 0.00m/s"


@pytest.mark.parametrize(("body", "speed", "altitude"), [
    (OLD.format(lon=-58.45, lat=-34.73, s=3), None, None), (MAVIC.format(lon=-58.45, lat=-34.73), 2.1, None),
    (tagged(-34.73, -58.45), None, 152.1), (tagged(-34.73, -58.45, name="longtitude"), None, 152.1),
    ("HOME(W: 58.45, S: 34.73) 2024-05-01 10:00:00\nGPS(W: 58.45, S: 34.73, 60.00m)", None, None),
    ("GPS(S: 34.73, W: 58.45, 60.00m) 2024-05-01 10:00:00", None, None),
], ids=["old", "mavic", "tags", "misspelt", "sides", "sides, latitude first"])
def test_each_layout_gives_the_same_place(body, speed, altitude):
    (place,) = read(cues(body)).places
    assert (place.lon, place.lat) == (-58.45, -34.73)
    assert place.speed_mps == speed if speed else place.speed_mps != place.speed_mps
    assert place.altitude_m == altitude if altitude else place.altitude_m != place.altitude_m


def test_the_distance_from_home_says_which_number_is_which():
    """About 700 m to the west of home, at 60 degrees north, where a degree of longitude is half one of latitude."""
    home, there = (25.0, 60.0), (25.0125, 60.0)
    lon_first = read(cues(PHANTOM.format(a=there[0], b=there[1], c=home[0], d=home[1], far="697.4")))
    lat_first = read(cues(PHANTOM.format(a=there[1], b=there[0], c=home[1], d=home[0], far="697.4")))
    assert (lon_first.places[0].lon, lon_first.places[0].lat) == there == (lat_first.places[0].lon, lat_first.places[0].lat)
    assert "distance from home" in lon_first.notes[0] and lat_first.notes[0].startswith("latitude stands first")


def test_the_range_says_so_where_it_can():
    told = read(cues("GPS (23.12, 120.35, 26)"))
    assert (told.places[0].lon, told.places[0].lat) == (120.35, 23.12) and told.notes == ["latitude stands first, as the numbers' range says"]
    assert read(cues("GPS (120.35, 23.12, 26)")).notes == []


@pytest.mark.parametrize(("text", "expected"), [
    (cues("GPS (23.12, 20.35, 26)"), "which of the two numbers"), (cues("GPS (123.12, 120.35, 26)"), "one order"),
    (cues("GPS (120.1, 20.0, 1)", "GPS (20.0, 120.1, 1)"), "one order"), (cues(tagged(120.3, 23.1)), "latitude within"),
    (cues("no place at all"), "a place in a cue"), ("", "subtitles"), ("1\nGPS(1,2,3)", "subtitles"), ("\x00\xff" * 50, "subtitles"),
    (cues(*(tagged(10 + i % 2, 20, i) for i in range(8))), "faster than"),
])
def test_what_nothing_decides_is_refused(text, expected):
    with pytest.raises(SrtRefused, match=expected):
        read(text)


def test_cut_off_anywhere_what_is_whole_is_kept():
    whole = cues(*(tagged(41.0 + i / 1e5, 2.0, i) for i in range(5)))
    last = whole.rindex("[latitude")
    for end in range(last, len(whole.rstrip()), 3):
        told = read(whole[:end])
        assert [p.lat for p in told.places][:4] == [41.0 + i / 1e5 for i in range(4)]
        assert len(told.places) == 5 or "cut off: the last cue (line" in told.notes[0]
        assert all(abs(p.lon - 2.0) < 1e-9 for p in told.places), "half a number is no number"


def test_what_is_missing_is_said():
    text = cues(tagged(0.0, 0.0, 0), tagged(41.0, 2.0, 1), "nothing", tagged(41.00001, 2.0, 3)).replace("\n4\n", "\n9\n")
    told = read(text)
    assert len(told.places) == 2
    assert [n.split(",")[0] for n in told.notes] == ["1 cues without a place left out", "1 cues at 0", "5 cues are missing by their numbers"]
    (note,) = read(cues(tagged(41.0, 2.0, 0), tagged(41.0, 2.0, 30))).notes
    assert note.startswith("the clock went 30.0 s while the film went 1.0 s")


def test_a_film_of_sixty_pictures_a_second_is_a_path_of_five():
    assert srt.thinned([i / 60 for i in range(60)]) == [0, 12, 24, 36, 48, 59]
