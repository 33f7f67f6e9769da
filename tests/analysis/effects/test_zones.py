"""Zones are proposed from what was before an operation alone, and named by a hash that is locked before anybody looks."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.effects.flat import in_metres
from analysis.effects.operation import refuse_overlap
from analysis.effects.zones import proposed, zones_hash
from errors import KnobRefused, PointsRefused, TooFew

AREA = shapely.box(-97.6, 25.8, -97.4, 26.0)
DATES = {"start": "2026-01-05T00:00:00Z", "end": "2026-04-06T00:00:00Z"}


def country(seed: int = 1) -> pd.DataFrame:
    """Seizures along a border: the west like the operation's area, the east with another course."""
    rng = np.random.default_rng(seed)
    n = 6000
    lon, lat = rng.uniform(-99.6, -95.6, n), rng.uniform(25.2, 26.6, n)
    day = np.where(lon > -96.8, 370 * rng.power(4, n), rng.uniform(0, 460, n))
    return pd.DataFrame({"lon": lon, "lat": lat, "t": pd.Timestamp("2025-01-01T00:00:00Z") + pd.to_timedelta(day, unit="D")})


def test_a_proposal_has_a_ring_and_controls_clear_of_it_and_of_each_other():
    found = proposed(country(), AREA, **DATES)
    zones = found.zones
    assert zones.role.tolist() == ["operation", "buffer", "control", "control", "control"]
    sizes = [in_metres(g, AREA).area for g in zones.geometry]
    assert 1.5 * sizes[0] < sizes[1] < 3 * sizes[0] and np.allclose(sizes[2:], sizes[0], rtol=0.03)
    for i in range(len(zones)):
        for j in range(i):
            assert shapely.area(shapely.intersection(zones.geometry[i], zones.geometry[j])) < 1e-9
    assert (zones.level[2:].between(0.5, 2)).all() and "2026-01-05" in found.words[1]
    assert (shapely.bounds(zones.geometry[2:])[:, 2] < -96.7).all(), "those whose course was another one are not chosen"


def test_what_came_after_its_start_changes_nothing():
    points = country()
    rng = np.random.default_rng(9)
    late = points.t >= pd.Timestamp(DATES["start"])
    other = points.assign(lon=np.where(late, rng.uniform(-99.6, -95.6, len(points)), points.lon), kg=np.where(late, 8000.0, 1.0))
    first, second = proposed(points, AREA, **DATES), proposed(other[~late | (rng.random(len(other)) < 0.1)], AREA, **DATES)
    assert late.sum() > 500 and first.sha256 == second.sha256 and first.zones.equals(second.zones)


def test_the_hash_holds_zones_and_dates_and_survives_a_way_through_text():
    found = proposed(country(), AREA, **DATES)
    told = gpd.GeoDataFrame.from_features(found.zones.iloc[::-1].to_geo_dict(), crs=4326)
    assert zones_hash(told, **DATES) == found.sha256
    moved = found.zones.set_geometry([shapely.transform(g, lambda xy: xy + [0.0001, 0]) if i == 2 else g for i, g in enumerate(found.zones.geometry)])
    assert zones_hash(moved, **DATES) != found.sha256 != zones_hash(found.zones, DATES["start"], "2026-04-07T00:00:00Z")
    assert zones_hash(found.zones, "2026-01-05T01:00:00+01:00", DATES["end"]) == found.sha256


def test_land_keeps_controls_out_of_the_water():
    land = shapely.box(-100, 25, -97.3, 27)
    found = proposed(country(), AREA, **DATES, land=land).zones
    assert all(shapely.area(shapely.intersection(g, land)) >= 0.89 * shapely.area(g) for g in found.geometry[found.role == "control"])


@pytest.mark.parametrize("role", ["operation", "buffer", "control"])
def test_a_control_that_overlaps_is_refused_with_what_it_shares(role):
    shapes = {"operation": AREA, "buffer": shapely.box(-97.7, 25.7, -97.3, 26.1).difference(AREA), "control": shapely.box(-99, 25, -98, 26)}
    other = shapely.box(*(np.array(shapes[role].bounds) + 0.01)) if role != "buffer" else shapely.box(-97.7, 26.05, -97.6, 26.2)
    zones = gpd.GeoDataFrame({"role": [*shapes, "control"], "name": [*"abc", "there"]}, geometry=[*shapes.values(), other], crs=4326)
    with pytest.raises(PointsRefused, match=r"control area 'there' shares [0-9.]+% of its ground with the .*Move it or draw it smaller"):
        refuse_overlap(zones, "zones")


def test_areas_that_touch_share_nothing():
    zones = gpd.GeoDataFrame({"role": ["operation", "control"], "name": ["a", "b"]}, geometry=[AREA, shapely.box(-97.4, 25.8, -97.2, 26.0)], crs=4326)
    refuse_overlap(zones, "zones")


@pytest.mark.parametrize("points, area, dates, words, error", [
    (country()[:0], AREA, DATES, "needs 30 points, 0 are given", TooFew),
    (country(), shapely.Point(0, 0), DATES, "must be a valid polygon", PointsRefused),
    (country(), shapely.box(10, 10, 11, 11), DATES, "nothing is known in the operation's area in the 364 days before 2026-01-05", PointsRefused),
    (country(), AREA, {**DATES, "end": "2025-01-01T00:00:00Z"}, "ends before it starts", KnobRefused),
    (country(), AREA, {**DATES, "start": "2026-01-05"}, "start must end with its time zone", KnobRefused),
    (country(), AREA, {**DATES, "start": "soon"}, "start must be a date and time with zone", KnobRefused),
    (country().query("-97.7 < lon < -97.3 and 25.7 < lat < 26.1"), AREA, DATES, "no place clear of the operation and its buffer had half to twice", PointsRefused),
])
def test_what_zones_cannot_be_made_of_is_refused(points, area, dates, words, error):
    with pytest.raises(error, match=words):
        proposed(points, area, **dates)
