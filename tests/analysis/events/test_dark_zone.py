"""The truth is always inside the dark zone, which is never larger than the plain circle; land makes it smaller."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings, strategies as st

from analysis.events.areas import WatchArea
from analysis.events.dark_zone import DarkZone, observed_mps
from analysis.events.event import FixAt
from analysis.events.fixes import Fixes
from analysis.events.geo import WGS84, haversine_m

HOUR_US = 3_600_000_000
WALL = shapely.Polygon([(-96.9, 24.2), (-96.8, 24.2), (-96.8, 25.8), (-96.9, 25.8)])
BAY = shapely.Polygon([(-97.4, 24.6), (-97.1, 24.6), (-97.1, 24.7), (-97.3, 24.7), (-97.3, 25.3), (-97.1, 25.3), (-97.1, 25.4), (-97.4, 25.4)])
LAND = (WALL, BAY)


def holds(zone, lon: float, lat: float, metres: float = 1.0) -> bool:
    return zone.polygon.distance(shapely.Point(lon, lat)) <= metres / 100_000


def sail(rng: np.random.Generator, legs: int, leg_m: float, land: shapely.Geometry) -> list[tuple[float, float]]:
    """A way by sea of many short legs that wanders but mostly goes on; it turns off where land is."""
    way, course = [(-97.0, 25.0)], rng.uniform(0, 360)
    while len(way) <= legs:
        course += rng.normal(0, 12)
        lon, lat, _ = WGS84.fwd(*way[-1], course, leg_m)
        if land.intersects(shapely.LineString([way[-1], (lon, lat)])):
            course += rng.uniform(30, 180)
        else:
            way.append((lon, lat))
    return way


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.booleans(), st.integers(5, 60))
def test_the_truth_is_inside_and_the_zone_no_larger_than_the_circle(seed, back, legs):
    rng = np.random.default_rng(seed)
    way = sail(rng, legs, 1_500.0, shapely.union_all(LAND))
    seconds = legs * 150
    first, last = FixAt(1, 0, -97.0, 25.0), FixAt(1, seconds * 1_000_000, *way[-1])
    zone = DarkZone(mps=10.0).apply(first, seconds * 1_000_000, last if back else None, land=LAND)
    assert all(holds(zone, *p) for p in (way if back else way[-1:]))
    assert zone.km2 <= zone.plain_km2 * 1.000001


def test_land_keeps_out_what_is_behind_it():
    first, now = FixAt(1, 0, -97.0, 25.0), 2 * HOUR_US
    behind = WatchArea(3, 2, shapely.box(-96.75, 24.95, -96.65, 25.05))
    open_, shut = (DarkZone(mps=10.0).apply(first, now, land=land, areas=(behind,)) for land in ((), (WALL,)))
    assert not open_.land and shut.land and shut.km2 < 0.7 * open_.km2
    assert [(a.id, a.version) for a in open_.areas] == [(3, 2)] and shut.areas == ()
    # On land it is no obstacle, and a vessel that is heard deep in the land as drawn says that the drawing is too coarse.
    assert DarkZone(mps=10.0).apply(first, now, land=(WALL,), kind=2).km2 == pytest.approx(open_.km2)
    inland = DarkZone(mps=10.0).apply(first, now, land=(shapely.box(-98, 24, -96.5, 26),))
    assert not inland.land and inland.km2 == inland.plain_km2


def test_an_area_says_when_it_can_be_reached_at_the_earliest():
    first = FixAt(1, 0, -97.0, 25.0)
    area = WatchArea(3, 2, shapely.box(-96.75, 24.95, -96.65, 25.05))
    [near] = DarkZone(mps=10.0).apply(first, 8 * HOUR_US, areas=(area,)).areas
    [round_] = DarkZone(mps=10.0).apply(first, 8 * HOUR_US, areas=(area,), land=(WALL,)).areas
    straight = float(haversine_m(-97.0, 25.0, -96.75, 25.0)) / 10 * 1e6
    assert near.earliest_us == pytest.approx(straight, rel=0.01)
    assert round_.earliest_us > 4 * near.earliest_us and 0 < near.share < 1


def test_what_was_heard_again_lies_in_a_lens():
    first, again = FixAt(1, 0, -97.0, 25.0), FixAt(1, 4 * HOUR_US, -96.0, 25.0)
    zone = DarkZone(mps=10.0).apply(first, 0, again)
    circle = DarkZone(mps=10.0).apply(first, 4 * HOUR_US)
    assert zone.km2 < 0.5 * circle.km2 and holds(zone, -97.0, 25.0) and holds(zone, -96.0, 25.0) and holds(zone, -96.5, 25.2)
    assert not holds(zone, -96.5, 25.9)
    # Faster than it is thought to go: the straight way is all there is.
    assert DarkZone(mps=1.0).apply(first, 0, again).km2 < 500


@pytest.mark.parametrize("lon, lat", [(179.95, 0.0), (-179.95, -17.0), (20.0, 89.6), (20.0, -89.6), (179.9, 75.0)])
def test_it_is_right_at_the_antimeridian_and_the_poles(lon, lat):
    zone = DarkZone(mps=10.0).apply(FixAt(1, 0, lon, lat), 6 * HOUR_US)
    assert zone.polygon.is_valid and zone.km2 == pytest.approx(np.pi * 216**2, rel=0.002)
    for course in range(0, 360, 30):
        inside, outside = (WGS84.fwd(lon, lat, course, metres)[:2] for metres in (214_000, 219_000))
        assert holds(zone, *inside) and not holds(zone, *outside)


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match="before it begins"):
        DarkZone().apply(FixAt(1, HOUR_US, 0, 0), 0)
    with pytest.raises(ValueError, match="anywhere"):
        DarkZone().apply(FixAt(1, 0, 0, 0), 10_000 * HOUR_US)


def test_the_speed_can_be_the_tracks_own():
    fixes = Fixes.of([1] * 100, np.arange(100) * 1_000_000, [0.0] * 100, [0.0] * 100, speed_mps=[*[5.0] * 98, 90.0, 95.0])
    assert observed_mps(fixes, share=0.9) == 5.0 and observed_mps(fixes) > 50 and observed_mps(Fixes.none()) == 2.0
