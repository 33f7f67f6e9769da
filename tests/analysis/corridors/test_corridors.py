"""Legs are those worked by hand; what no place is called is counted and said."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests.analysis.corridors.worlds import PLACES, at, passes, seizures

from analysis.corridors.corridors import Corridors
from analysis.corridors.graph import line, ways
from analysis.corridors.names import Stops, folded
from analysis.ground import Ground
from analysis.methods import made
from analysis.points import checked
from errors import PointsRefused, TooFew

ALL = {"least": 1}


def legs(points: pd.DataFrame, tracks=None, **knobs) -> list[tuple[str, str]]:
    found = ways(checked(points, method="m", in_time=True), PLACES, tracks, "m", **({"snap_km": 15.0, "gap_days": 30.0} | knobs))
    return [(found.stops.name[a], found.stops.name[b]) for a, b in zip(found.legs.start, found.legs.end)]


@pytest.mark.parametrize("row, expected", [
    (("Ayutla", "", "East Gate", "Dallas"), [("Ayutla", "East Gate"), ("East Gate", "Dallas")]),
    (("Ayutla", "Mid Gate; Béxar", "nowhere", "Dallas"), [("Ayutla", "Mid Gate"), ("Mid Gate", "Béxar"), ("Béxar", "Dallas")]),
    (("Ayutla", "Béxar", "East Gate", "Dallas"), [("Ayutla", "East Gate"), ("East Gate", "Béxar"), ("Béxar", "Dallas")]),  # where it lengthens the way least
    (("Ayutla", "", "East Gate", ""), [("Ayutla", "East Gate")]), (("", "", "East Gate", "Dallas"), [("East Gate", "Dallas")]),
    (("Atlantis", "", "East Gate", "Dallas"), [("East Gate", "Dallas")]),  # what is not known is not before what is
    (("", "", "East Gate", ""), []), (("Ayutla", "", "nowhere", "AYUTLA"), []), (("ayutla, MX", "", "nowhere", "BEXAR (TX)"), [("Ayutla", "Béxar")]),
])
def test_a_seizure_gives_the_legs_of_its_way(row, expected):
    assert legs(seizures([row])) == expected


def test_of_two_places_of_one_name_the_nearer_is_meant():
    two = gpd.GeoDataFrame({"kind": "town", "name": ["San José", "San Jose", "Z"]}, geometry=gpd.points_from_xy([-84, -122, 0], [9.9, 37.3, 0]), crs=4326)
    stops = Stops.of(two, "m")
    assert {stops.lon[stops.called("SAN JOSE", -121, 38)], stops.lon[stops.called("san josé", -84, 10)]} == {-122, -84}


@pytest.mark.parametrize("told, same", [("Ciudad Juárez", "CIUDAD JUAREZ"), ("Port-au-Prince", "port au prince"), ("Łódź ", "łodz"), ("東京", "東京"), ("  ", "")])
def test_names_are_the_same_however_written(told, same):
    assert folded(told) == folded(same)


def test_a_track_gives_legs_between_crossings_once_each():
    tracks = passes({"a": ["East Gate", "East Gate", "Port Haven", "East Gate"], "b": ["Mid Gate", "Ayutla", "West Gate"]})
    assert sorted(legs(seizures([("", "", "nowhere", "")]), tracks)) == [("East Gate", "Port Haven"), ("Mid Gate", "West Gate"), ("Port Haven", "East Gate")]


def test_a_long_silence_begins_a_new_way():
    tracks = passes({"a": ["East Gate", "Mid Gate", "West Gate"]}, every="40D")
    assert legs(seizures([("", "", "nowhere", "")]), tracks) == [] and len(legs(seizures([("", "", "nowhere", "")]), tracks, gap_days=41.0)) == 2


def test_corridors_are_drawn_from_the_most_frequent_down_and_few_are_left_out():
    rows = [("Ayutla", "", "East Gate", "Dallas")] * 5 + [("Colón", "", "Mid Gate", "Essex")] * 3 + [("Colón", "", "West Gate", "Essex")]
    points = seizures(rows, drug=["cocaine"] * 4 + ["heroin"] * 5, kg=[1.0] * 9)
    found = Corridors().apply(points, Ground(places=PLACES))
    assert found[["start", "end", "n"]].values.tolist() == [["Ayutla", "East Gate", 5], ["East Gate", "Dallas", 5], ["Colón", "Mid Gate", 3], ["Mid Gate", "Essex", 3]]
    assert found.drug.tolist()[0] == "cocaine" and json.loads(found.drugs[0]) == {"cocaine": 4, "heroin": 1} and json.loads(found.months[0]) == {"2025-01": 5}
    told = found.attrs["told"]
    assert told["n"] == 18 and "2 legs of fewer than 3 (2 in all) are not drawn." in told["limits"] and json.loads(json.dumps(told, allow_nan=False)) == told
    assert [shapely.get_coordinates(g)[0].tolist() for g in found.geometry[:1]] == [list(at("Ayutla"))]


def test_what_is_not_known_is_counted_and_said():
    told = Corridors(**ALL).apply(seizures([("Atlantis", "", "East Gate", "Dallas"), ("Atlantis", "Eldorado", "nowhere", "Dallas"), ("", "", "nowhere", "")]), Ground(places=PLACES)).attrs["told"]
    assert any(line.startswith("3 mentions of 2 names are no place that is known") and "'Atlantis' (2)" in line for line in told["limits"])
    assert "1 of 3 seizures have no route told." in told["limits"] and any("No tracks are given" in line for line in told["limits"])


def test_the_order_of_rows_and_places_changes_nothing():
    rng = np.random.default_rng(1)
    names = [*PLACES.name]
    points = seizures([tuple(rng.choice(names, 4)) for _ in range(200)])
    one = Corridors(**ALL).apply(points, Ground(places=PLACES, passes=passes({"a": ["East Gate", "Mid Gate"]})))
    other = made("corridors", {"least": "1"}).apply(points.sample(frac=1, random_state=2), Ground(places=PLACES.iloc[::-1], passes=passes({"a": ["East Gate", "Mid Gate"]})))
    assert one.equals(other) and one.attrs["told"] == other.attrs["told"]


def test_one_enormous_seizure_is_said():
    points = seizures([("Ayutla", "", "East Gate", "Dallas")] * 4, kg=[0.001, 0.002, 8000.0, None])
    assert any("one seizure is more than half of all kilograms" in line for line in Corridors().apply(points, Ground(places=PLACES)).attrs["told"]["limits"])


def test_a_line_over_the_antimeridian_is_in_two_parts():
    across = line(-170, 10, 170, -10)
    assert across.geom_type == "MultiLineString" and across.bounds[0] == -180 and across.bounds[2] == 180
    assert line(0, 0, 0, 0.1).geom_type == "LineString" and line(0, 50, 90, 50).bounds[3] > 58


@pytest.mark.parametrize("points, ground, error, words", [
    (seizures([("A", "", "nowhere", "B")])[:0], Ground(places=PLACES), TooFew, "needs 1 points, 0 are given"),
    (seizures([("A", "", "nowhere", "B")]), Ground(), PointsRefused, "asks for places: crossings, ports and towns by name; none"),
    (seizures([("A", "", "nowhere", "B")]), Ground(places=PLACES[:1]), PointsRefused, "needs 2 places of kind crossing, port, town with a name, 1 are given"),
    (seizures([("A", "", "nowhere", "B")]), Ground(places=PLACES.assign(name=None)), PointsRefused, "0 are given"),
    (seizures([("A", "", "nowhere", "B")]), Ground(places=PLACES.to_crs(3857)), PointsRefused, "must be in degrees"),
    (seizures([("A", "", "nowhere", "B")]), Ground(places=PLACES, passes=passes({"a": ["East Gate"]}).drop(columns="track")), PointsRefused, "track is missing"),
    (seizures([("A", "", "nowhere", "B")]), Ground(places=PLACES, passes=passes({"a": ["East Gate"]}).assign(t=pd.NaT)), PointsRefused, "1 of 1 passes have no time"),
    (seizures([("A", "", "nowhere", "B")]).drop(columns="t"), Ground(places=PLACES), PointsRefused, "give a column t"),
])
def test_what_is_no_way_is_refused(points, ground, error, words):
    with pytest.raises(error, match=words):
        Corridors().apply(points, ground)


def test_no_route_told_is_no_corridor_and_no_error():
    found = Corridors().apply(seizures([("", "", "nowhere", "")] * 3), Ground(places=PLACES))
    assert len(found) == 0 and found.attrs["told"]["n"] == 0 and "3 of 3 seizures have no route told." in found.attrs["told"]["limits"]
