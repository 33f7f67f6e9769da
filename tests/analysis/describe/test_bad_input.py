"""What every describing method makes of bad input: refused with words and numbers, or told with what it does not say; never a number out of nothing."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis import methods
from analysis.ground import Ground
from errors import KnobRefused, PointsRefused, TooFew

NAMES = ["gi-star", "local-moran", "kde", "rates", "emerging", "knox", "st-dbscan", "hdbscan"]
ON_GRID, IN_TIME = ["gi-star", "local-moran", "kde", "rates", "emerging"], ["emerging", "knox", "st-dbscan"]
BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)
KNOBS = {"knox": {"permutations": 99}}


def seizures(n: int = 300, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    heap = n // 3
    told = {"lon": np.r_[rng.uniform(-98, -97, n - heap), rng.normal(-97.5, 0.005, heap)], "lat": np.r_[rng.uniform(25.5, 26.5, n - heap), rng.normal(26, 0.005, heap)],
            "t": pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(rng.permutation(np.linspace(0, 364, n)), unit="D"), "kg": rng.gamma(1, 2, n)}
    return pd.DataFrame({**told, **columns})


def of(name: str, **knobs):
    return methods.made(name, {**KNOBS.get(name, {}), **knobs})


def sound(frame: gpd.GeoDataFrame, name: str) -> dict:
    """Its told is whole and JSON carries it; shapes are valid; its columns are the legend's."""
    told = frame.attrs["told"]
    assert json.loads(json.dumps(told)) == told and told["words"] and told["limits"] and told["effort"] and told["significance"] and told["n"] > 0
    assert frame.crs == 4326 and shapely.is_valid(frame.geometry.to_numpy()).all() and set(frame.columns) - {"geometry"} == set(methods.by_name(name).LEGEND)
    numbers = frame.drop(columns="geometry").select_dtypes("number")
    assert not np.isinf(numbers.to_numpy(float)).any()
    return told


@pytest.mark.parametrize("name", NAMES)
def test_good_input_is_told_and_the_same_twice(name):
    one, two = of(name).apply(seizures(), Ground(area=BOX)), of(name).apply(seizures(), Ground(area=BOX))
    sound(one, name)
    assert len(one) and one.drop(columns="geometry").equals(two.drop(columns="geometry")) and one.attrs["told"] == two.attrs["told"] and one.geometry.equals(two.geometry)


@pytest.mark.parametrize("name", NAMES)
def test_none_one_and_too_few_are_refused_with_the_number_needed(name):
    needs = methods.by_name(name).NEEDS
    for n in (0, 1, needs - 1):
        with pytest.raises(TooFew, match=f"needs {needs} points, {n} are given"):
            of(name).apply(seizures()[:n], Ground(area=BOX))


@pytest.mark.parametrize("name", NAMES)
def test_all_at_one_place_is_refused_or_said(name):
    told = seizures(lon=-97.5, lat=26.0)
    try:
        frame = of(name).apply(told, Ground(area=BOX))
    except PointsRefused as refused:
        assert "one place" in str(refused)
    else:
        assert any("at one place" in said for said in sound(frame, name)["limits"])


@pytest.mark.parametrize("name", NAMES)
def test_all_of_one_moment_is_refused_or_said(name):
    told = seizures(t=pd.Timestamp("2025-05-05T10:00:00Z"))
    try:
        frame = of(name).apply(told, Ground(area=BOX))
    except PointsRefused as refused:
        assert "moment" in str(refused) or "span 0.0 days" in str(refused)
    else:
        limits = sound(frame, name)["limits"]
        assert name not in IN_TIME or any("of one day" in said for said in limits)


@pytest.mark.parametrize("name", IN_TIME)
def test_without_times_methods_in_time_refuse(name):
    with pytest.raises(PointsRefused, match="give a column t"):
        of(name).apply(seizures().drop(columns="t"), Ground(area=BOX))


@pytest.mark.parametrize("name", NAMES)
def test_dates_out_of_order_change_nothing(name):
    told = seizures()
    one, two = of(name).apply(told, Ground(area=BOX)), of(name).apply(told.sort_values("t", ascending=False), Ground(area=BOX))
    pd.testing.assert_frame_equal(pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(two.drop(columns="geometry")))


@pytest.mark.parametrize("name", ON_GRID)
def test_a_grid_in_degrees_is_refused(name):
    with pytest.raises(KnobRefused, match="EPSG:4326 is in degrees"):
        of(name, grid="square", crs="EPSG:4326").apply(seizures(), Ground(area=BOX))


@pytest.mark.parametrize("name", NAMES)
def test_metres_for_degrees_are_refused(name):
    with pytest.raises(PointsRefused, match="lon must be a number of degrees"):
        of(name).apply(seizures(lon=500_000.0), Ground(area=BOX))


@pytest.mark.parametrize("name", ON_GRID)
def test_water_is_no_unit_and_what_lies_there_is_said(name):
    land = shapely.box(-98.0, 25.5, -97.3, 26.5)
    frame = of(name, grid="square", cell_m=5000.0).apply(seizures(), Ground(area=BOX, land=land))
    assert frame.total_bounds[2] <= -97.3 + 1e-9 and any("in water" in said for said in sound(frame, name)["limits"])
    with pytest.raises(TooFew):
        of(name).apply(seizures(), Ground(area=BOX, land=shapely.box(0, 0, 1, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_unknown_weights_and_one_of_tons_are_said(name):
    kg = np.r_[[8000.0], np.full(99, np.nan), np.full(200, 0.005)]
    told = sound(of(name, weight="kg").apply(seizures(kg=kg), Ground(area=BOX)), name)
    said = " ".join(told["limits"])
    assert "99 of 300 seizures have no weight known" in said and "One seizure of 8,000 kg is 100 % of all kilograms" in said
    capped = " ".join(of(name, weight="kg", cap=0.95).apply(seizures(kg=kg), Ground(area=BOX)).attrs["told"]["limits"])
    assert "count as 0.005 kg" in capped
    with pytest.raises(PointsRefused, match="weigh by count"):
        of(name, weight="kg").apply(seizures(kg=np.nan), Ground(area=BOX))


@pytest.mark.parametrize("name", NAMES)
def test_without_effort_it_says_so_and_with_it_how_much(name):
    assert "No effort data" in of(name).apply(seizures(), Ground(area=BOX)).attrs["told"]["effort"]
    looked = gpd.GeoDataFrame({"hours": [50.0], "by": ["patrol"]}, geometry=[BOX], crs=4326)
    assert "No effort data" not in of(name).apply(seizures(), Ground(area=BOX, effort=looked)).attrs["told"]["effort"]


@pytest.mark.parametrize("name", ON_GRID)
def test_sections_do_as_units_and_are_refused_where_none_are_known(name):
    lines = gpd.GeoDataFrame({"id": range(8), "name": [f"A–B {i}" for i in range(8)]}, geometry=[shapely.LineString([(-98 + i / 8, 26), (-97.875 + i / 8, 26)]) for i in range(8)], crs=4326)
    found = of(name, grid="section").apply(seizures(), Ground(sections=lines))
    sound(found, name)
    assert set(found.get("unit", [])) <= set(lines.name)
    with pytest.raises(PointsRefused, match="no border sections are known here"):
        of(name, grid="section").apply(seizures(), Ground(area=BOX))


@pytest.mark.parametrize("name", ON_GRID)
def test_discovered_may_be_left_out(name):
    told = seizures(found_by=["patrol", "report", "report"] * 100)
    said = of(name, discovered="left out").apply(told, Ground(area=BOX)).attrs["told"]
    assert said["n"] == 200 and any("100 seizures that patrols discovered are left out" in limit for limit in said["limits"])


@pytest.mark.parametrize("name", NAMES)
def test_over_the_antimeridian_it_is_as_elsewhere(name):
    here = seizures()
    there = here.assign(lon=(here.lon + 97.5 + 180 + 180) % 360 - 180)
    assert there.lon.min() < -179 and there.lon.max() > 179
    knobs = {"grid": "square", "cell_m": 20_000.0} if name in ON_GRID else {}
    one, two = of(name, **knobs).apply(here), of(name, **knobs).apply(there)
    sound(two, name)
    assert abs(two.geometry.bounds[["minx", "maxx"]]).max().max() <= 180 and len(two) == pytest.approx(len(one), rel=0.25)


@pytest.mark.parametrize("name", NAMES)
def test_at_a_pole_it_is_refused(name):
    with pytest.raises(PointsRefused, match="beyond 85 degrees of latitude"):
        of(name).apply(seizures(lat=np.linspace(80, 89.9, 300)))
