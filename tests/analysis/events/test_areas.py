"""Areas and schedules: metres, antimeridian, poles; weekly windows on the days the clocks change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st

from analysis.events.areas import WatchArea
from analysis.events.geo import WGS84
from analysis.events.schedule import Schedule

SQUARE = shapely.box(-97.5, 25.0, -97.0, 25.5)
CROSSING = {
    "two parts": shapely.MultiPolygon([shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)]),
    "over 180": shapely.box(179, -18, 181, -16),
    "a jump": shapely.Polygon([(179, -18), (-179, -18), (-179, -16), (179, -16)]),
}


@pytest.mark.parametrize("polygon", CROSSING.values(), ids=CROSSING)
def test_an_area_over_the_antimeridian_is_one(polygon):
    area = WatchArea(1, 1, polygon, warning_m=10_000)
    lon = np.array([179.5, -179.5, 180.0, -180.0, 178.95, -178.95, 0.0])
    assert area.within(lon, np.full(7, -17.0)).tolist() == [True] * 4 + [False] * 3
    assert area.within(lon, np.full(7, -17.0), area.warning_m).tolist() == [True] * 6 + [False]


@pytest.mark.parametrize("polygon", [shapely.box(-180, 80, 180, 90), shapely.Polygon([(lon, 80) for lon in (-180, -90, 0, 90)])], ids=["box", "ring"])
def test_an_area_can_hold_a_pole(polygon):
    area = WatchArea(1, 1, polygon)
    assert area.within(np.array([0.0, 45.0, -170.0, 10.0]), np.array([90.0, 85.0, 81.0, 79.0])).tolist() == [True, True, True, False]


@given(st.floats(0, 360), st.floats(100, 20_000), st.sampled_from([0.0, 30.0, 60.0, 75.0]))
def test_a_buffer_is_as_wide_as_it_says(course, metres, lat):
    area = WatchArea(1, 1, shapely.box(10.0, lat, 10.5, lat + 0.3))
    edge = shapely.box(10.0, lat, 10.5, lat + 0.3).exterior.interpolate(course / 360, normalized=True)
    lon, lats, _ = WGS84.fwd(np.repeat(edge.x, 2), np.repeat(edge.y, 2), np.repeat(course, 2), np.array([metres * 0.98, metres * 0.98]))
    assert area.within(lon, lats, metres).all()
    # No further out than it says: from the middle of an edge straight away from it.
    lon, lats, _ = WGS84.fwd([10.25], [lat], [180.0], [metres * 1.02])
    assert not area.within(np.array(lon), np.array(lats), metres).any()


def test_what_is_no_area_is_refused():
    for polygon, wanted in ((shapely.Point(0, 0), "Point"), (shapely.Polygon(), "empty")):
        with pytest.raises(ValueError, match=wanted):
            WatchArea(1, 1, polygon)
    with pytest.raises(ValueError, match="warning line"):
        WatchArea(1, 1, SQUARE, warning_m=-5)


def at(zone: str, *when: int) -> np.ndarray:
    return np.array([int(datetime(*when, tzinfo=ZoneInfo(zone)).timestamp() * 1e6)])


def test_windows_follow_the_clock_on_the_wall():
    night = Schedule("Europe/Berlin", ("sun 01:00-sun 04:00",))
    for day in ((2026, 3, 29), (2026, 10, 25), (2026, 7, 5)):  # clocks go on, clocks go back, neither
        assert night.on(at("Europe/Berlin", *day, 1, 0))[0] and night.on(at("Europe/Berlin", *day, 3, 59))[0]
        assert not night.on(at("Europe/Berlin", *day, 4, 0))[0] and not night.on(at("Europe/Berlin", *day, 0, 59))[0]
    hours = [sum(night.on(at("UTC", *day, 0, 0) - 6 * 3_600_000_000 + np.arange(24) * 3_600_000_000)) for day in ((2026, 3, 29), (2026, 10, 25), (2026, 7, 5))]
    assert hours == [2, 4, 3]


def test_a_window_can_go_over_the_end_of_the_week():
    weekend = Schedule("America/Bogota", ("sun 22:00-mon 02:00",))
    assert weekend.on(at("America/Bogota", 2026, 11, 22, 23, 0))[0] and weekend.on(at("America/Bogota", 2026, 11, 23, 1, 59))[0]
    assert not weekend.on(at("America/Bogota", 2026, 11, 23, 2, 0))[0]
    assert Schedule().on(np.arange(3)).all()


def test_what_is_no_window_is_refused():
    for window in ("fri 22:00", "fri 25:00-sat 01:00", "fri 22:00-fri 22:00", "Fri 22:00-sat 01:00"):
        with pytest.raises(ValueError, match="window"):
            Schedule("UTC", (window,))
    with pytest.raises(ZoneInfoNotFoundError):
        Schedule("Mars/Olympus")
