"""How far it is to the shore: known places of the earth by the shores of the basemap, and what is land, lake or no place."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from analysis.events.gaps import Gap
from analysis.events.meetings import Encounter
from analysis.events.motion import Loitering
from analysis.events.rules import Shore
from analysis.events.shore import shore_distance
from basemap import shores
from tests.analysis.events.made import apply, context, fixes

NM_M = 1_852


@pytest.fixture(scope="module")
def earth() -> Shore:
    return shore_distance(shores.polygons("i", (1,)), [*shores.rings("i", (1, 2)), *shores.polygons("i", (2,))])


@pytest.mark.parametrize(("lon", "lat", "least_m", "most_m"), [
    (-123.393, -48.877, 2_675_000, 2_705_000),  # Point Nemo, the place furthest from land: 2,688 km
    (-90.0, 25.0, 250_000, 300_000),  # the middle of the Gulf
    (-97.0, 25.9, 10_000, 20_000),  # off Brownsville
    (-80.17, 25.77, 0, 3_000),  # Miami's harbour
    (-99.13, 19.43, 0, 0), (32.5, 15.6, 0, 0),  # Mexico City, Khartoum: on land
    (-87.5, 47.7, 20_000, 120_000),  # Lake Superior is water, its shore is one
    (179.999, 0.0, 300_000, 450_000), (-179.999, 0.0, 300_000, 450_000), (540.0, 0.0, 300_000, 450_000),  # over the antimeridian
    (0.0, 90.0, 690_000, 730_000),  # the pole: Kaffeklubben Island is 713 km away
])
def test_known_places(earth, lon, lat, least_m, most_m):
    assert least_m <= earth(np.array([lon]), np.array([lat]))[0] <= most_m


def test_both_sides_of_the_antimeridian_are_one_place(earth):
    east, west = earth(np.array([180.0, -180.0]), np.zeros(2))
    assert east == pytest.approx(west, abs=1)


def test_what_is_no_place_is_not_known_and_without_shores_there_is_no_test():
    far = shore_distance([shapely.box(0, 0, 1, 1)], [shapely.box(0, 0, 1, 1).exterior])
    assert np.isnan(far(np.array([np.nan, 1.0]), np.array([0.0, np.inf]))).all() and far(np.zeros(0), np.zeros(0)).shape == (0,)
    assert shore_distance([], []) is None


def test_a_rule_is_told_the_distance_and_says_when_it_is_not_known():
    slow = fixes(1, np.arange(40) * 5, np.arange(40) * 200.0, lon=-97.0, lat=25.9)
    near = shore_distance([shapely.box(-98, 20, -97.15, 30)], [shapely.box(-98, 20, -97.15, 30).exterior])
    assert apply(Loitering(), slow, known=context(shore_m=near)) == []
    [event] = apply(Loitering(shore_m=5 * NM_M), slow, known=context(shore_m=near))
    assert event.facts["shore_m"] == pytest.approx(15_230, abs=700)
    for unknown in (None, lambda lon, lat: np.full(len(lon), np.nan)):
        [event] = apply(Loitering(), slow, known=context(shore_m=unknown))
        assert event.facts["shore_m"] is None
        gap = apply(Gap(), fixes(1, [0], 0.0), known=context(1e5, shore_m=unknown))[0]
        assert gap.facts["shore_m"] is None


def test_a_meeting_may_have_to_be_far_from_the_shore():
    minutes = np.arange(0, 241, 10)
    both = fixes(1, minutes, 0.0).plus(fixes(2, minutes, 300.0))
    at = lambda metres: context(10_000, shore_m=lambda lon, lat: np.full(len(lon), metres))  # noqa: E731
    assert [e.facts["shore_m"] for e in apply(Encounter(), both, known=at(4_000.0))] == [4_000]
    assert apply(Encounter(shore_m=10_000), both, known=at(4_000.0)) == []
    assert [e.facts["shore_m"] for e in apply(Encounter(shore_m=10_000), both, known=context(10_000))] == [None]
