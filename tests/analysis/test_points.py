"""What an analysis is given is refused with the number that is wrong and the first of them; nothing is left out in silence."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from analysis.points import COLUMNS, checked
from errors import PointsRefused, TooFew

TWO = {"lon": [1.0, 2.0], "lat": [3.0, 4.0]}


def test_unknowns_are_filled_and_rows_stand_by_time():
    out = checked(pd.DataFrame({**TWO, "t": ["2026-11-20T12:00:00+02:00", "2026-11-20T09:00:00Z"], "kg": [None, 2], "more": 1}), method="m")
    assert list(out) == list(COLUMNS) and out.lon.tolist() == [2.0, 1.0] and out.t.dt.hour.tolist() == [9, 10]
    assert out.kg.isna().tolist() == [False, True] and out.precision_m.tolist() == [0, 0] and out.drug.tolist() == ["", ""]


def test_a_geoframe_in_metres_is_laid_in_degrees():
    frame = gpd.GeoDataFrame({"kg": [1.0]}, geometry=[shapely.Point(500_000, 0)], crs=32631)
    assert checked(frame, method="m")[["lon", "lat"]].round(9).values.tolist() == [[3.0, 0.0]]


@pytest.mark.parametrize("told, words", [
    ({"lon": [1.0]}, "lat is missing"),
    ({"lon": [1.0, 500_000.0], "lat": [1.0, 1.0]}, "lon must be a number of degrees from -180 to 180; 1 of 2 rows are not, the first is row 2"),
    ({"lon": [1.0], "lat": [float("nan")]}, "1 of 1 rows"),
    ({**TWO, "kg": [1, -1]}, "kg must be a number from 0 up"),
    ({**TWO, "kg": [1, float("inf")]}, "the first is row 2"),
    ({**TWO, "kg": [1, "much"]}, "the first is row 2"),
    ({**TWO, "t": ["2026-11-20T10:00:00", "2026-11-20T10:00:00"]}, "t must end with its time zone"),
    ({**TWO, "t": pd.to_datetime(["2026-11-20T10:00:00", None])}, "t has no time zone"),
    ({**TWO, "t": ["yesterdayZ", "todayZ"]}, "t must be a date and time with zone"),
    ({**TWO, "t": pd.to_datetime(["2026-11-20T10:00:00Z", None])}, "1 of 2 rows"),
])
def test_what_is_wrong_is_said_with_its_row(told, words):
    with pytest.raises(PointsRefused, match=words):
        checked(pd.DataFrame(told), method="m")


def test_too_few_says_how_many_are_needed():
    with pytest.raises(TooFew, match="m needs 30 points, 2 are given"):
        checked(pd.DataFrame(TWO), method="m", needs=30)
    with pytest.raises(TooFew, match="0 are given"):
        checked(pd.DataFrame({"lon": [], "lat": []}), method="m")


def test_a_method_in_time_asks_for_it():
    with pytest.raises(PointsRefused, match="give a column t"):
        checked(pd.DataFrame(TWO), method="m", in_time=True)


def test_shapes_without_a_crs_or_not_points_are_refused():
    with pytest.raises(PointsRefused, match="CRS is not told"):
        checked(gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)]), method="m")
    with pytest.raises(PointsRefused, match="1 of 1 shapes are not"):
        checked(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326), method="m")


def test_when_somebody_knew_is_when_it_was_unless_it_is_told():
    both = pd.DataFrame({**TWO, "t": ["2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"]})
    assert (checked(both, method="m").recorded_at == checked(both, method="m").t).all()
    late = checked(both.assign(recorded_at=[None, "2026-12-01T00:00:00Z"]), method="m")
    assert (late.recorded_at - late.t).dt.days.tolist() == [0, 9]
    with pytest.raises(PointsRefused, match="recorded_at must end with its time zone"):
        checked(both.assign(recorded_at="2026-12-01"), method="m")
