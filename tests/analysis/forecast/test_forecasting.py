"""Every forecast as people ask for it: what is shown, what is withheld and why, and what bad input is answered."""

from __future__ import annotations

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis import methods
from analysis.forecast.forecasting import K, LEGEND, between
from analysis.forecast.gathered import Gathered
from analysis.forecast.kinds import BoostingForecast, CountsForecast, HawkesForecast
from analysis.forecast.surroundings import LOOKED, history
from analysis.grids.squares import SquareGrid
from analysis.ground import Ground
from errors import InputRefused, KnobRefused, PointsRefused, TooFew
from tests.analysis.forecast.worlds import exciting, squares

NAMES = ("counts", "decayed-kde", "hawkes", "boosting")
CELL_M, CRS = 1000.0, "EPSG:32614"
AREA = gpd.GeoSeries([shapely.box(650_001, 2_870_001, 655_999, 2_875_999)], crs=CRS).to_crs(4326).iloc[0]
BEGUN = pd.Timestamp("2024-01-01T12:00:00Z")


def made(name: str, **knobs):
    return methods.made(name, {"grid": "square", "cell_m": CELL_M, "crs": CRS, "horizon_days": 7, **knobs})


def laid(table: np.ndarray, side: int) -> gpd.GeoDataFrame:
    """Counts (squares, days) as points in the middle of squares of a kilometre."""
    unit, day = np.nonzero(table)
    n = table[unit, day]
    unit, day = np.repeat(unit, n), np.repeat(day, n)
    x, y = 650_000 + (unit % side + 0.5) * CELL_M, 2_870_000 + (unit // side + 0.5) * CELL_M
    return gpd.GeoDataFrame({"t": BEGUN + pd.to_timedelta(day, "D"), "kg": 1.0}, geometry=gpd.points_from_xy(x, y), crs=CRS)


@pytest.fixture(scope="module")
def excited() -> gpd.GeoDataFrame:
    return laid(exciting(1, squares(8), 420, 0.012, 0.6, 0.2, 5.0), 8)


@pytest.fixture(scope="module")
def chance() -> gpd.GeoDataFrame:
    """The same everywhere: there is nothing to say."""
    return laid(np.random.default_rng(3).poisson(0.02, (36, 330)), 6)


def test_four_forecasts_stand_in_the_register():
    assert set(NAMES) <= set(methods.names("forecast"))
    for name in NAMES:
        method = methods.by_name(name)
        assert method.LEGEND == LEGEND and method.NEEDS >= 50 and {"horizon_days", "grid", "cell_m", "top_share", "seed"} <= {k.name for k in methods.knobs(method)}


def test_what_wins_is_shown_with_why_and_its_score(excited):
    done: list[float] = []
    found = made("hawkes").apply(excited, step=done.append)
    told = found.attrs["told"]
    assert list(found) == [*LEGEND, "geometry"] and found.crs == "EPSG:4326" and done == sorted(done) and done[-1] == 1.0
    assert not told["withheld"] and "seizures are expected in the 7 days from 2025-0" in told["words"] and "Better than" in told["words"]
    assert (found.low <= found.expected.round() + 1).all() and (found.high >= found.expected - 1).all() and sorted(found["rank"]) == list(range(1, len(found) + 1))
    assert found.why.str.contains("background of this place").all() and (found.expected > 0).all()
    best = found.loc[found["rank"].idxmin()]
    assert best.expected == found.expected.max()
    assert {r["model"] for r in told["score"]["rows"]} >= {"self-exciting", "counts over the last 90 days", "the same everywhere", "decayed KDE"}
    for row in told["score"]["rows"]:
        assert row["pai"][1] <= row["pai"][0] <= row["pai"][2]
    assert told["score"]["gain"]["log"][1] > 0 < told["score"]["gain"]["pai"][1] and told["score"]["covered"]["share"] > 0.8
    assert told["details"]["converged"] and 0.3 < told["details"]["branching"] < 1.0
    assert told["version"] and told["seed"] == 0 and told["window"] == [str(excited.t.min().date()), told["horizon"][0]]
    assert any("no person or vehicle is scored" in s for s in told["limits"]) and any("where somebody looks" in s for s in told["limits"])
    assert any("No effort data" in s for s in told["limits"])
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_nothing_to_say_nothing_is_said(name, chance):
    found = made(name).apply(chance, Ground(area=AREA))
    told = found.attrs["told"]
    assert len(found) == 36 and told["withheld"] and told["words"].startswith("No forecast is shown: it is no better than") and told["verdict"].startswith("no better than")
    assert found[["expected", "low", "high", "rank"]].isna().all(axis=None) and (found.why == "").all()
    assert found.n_90.notna().any() and not ((found.n_90 > 0) & (found.n_90 < K)).any()
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_question_has_the_same_answer_to_the_last_bit(name, excited):
    few = excited.iloc[:500]
    first, again = (made(name, horizon_days=14).apply(frame) for frame in (few, few.sample(frac=1.0, random_state=1)))
    pd.testing.assert_frame_equal(pd.DataFrame(first.drop(columns="geometry")), pd.DataFrame(again.drop(columns="geometry")), check_exact=True)
    assert json.dumps(first.attrs["told"]) == json.dumps(again.attrs["told"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad, error, words", [
    (lambda f: f.iloc[:0], TooFew, "needs 50 points, 0 are given"),
    (lambda f: f.iloc[:1], TooFew, "needs 50 points, 1 are given"),
    (lambda f: f.iloc[:49], TooFew, "needs 50 points, 49 are given"),
    (lambda f: f.assign(t=BEGUN), TooFew, "needs points over 21 days for a horizon of 7; these lie over 1"),
    (lambda f: f.drop(columns="t"), PointsRefused, "give a column t"),
    (lambda f: f.assign(t=f.t.dt.tz_localize(None)), PointsRefused, "no time zone"),
    (lambda f: f.set_crs(None, allow_override=True), PointsRefused, "CRS is not told"),
    (lambda f: f.assign(kg=-1.0), PointsRefused, "kg must be a number"),
    (lambda f: gpd.GeoDataFrame(f.drop(columns="geometry"), geometry=[shapely.Point(500_000, 0)] * len(f), crs=4326), InputRefused, "lon must be"),
])
def test_bad_points_are_refused_in_words(name, bad, error, words, chance):
    with pytest.raises(error, match=words):
        made(name).apply(bad(chance))


@pytest.mark.parametrize("name", NAMES)
def test_a_crs_in_degrees_and_a_day_that_is_none_are_refused(name, chance):
    with pytest.raises(KnobRefused, match="in degrees"):
        made(name, crs="EPSG:4326").apply(chance)
    with pytest.raises(KnobRefused, match="begins must be a day as 2026-11-20"):
        made(name, begins="tomorrow").apply(chance)
    with pytest.raises(TooFew, match="0 are given: begin later"):
        made(name, begins="2020-01-01").apply(chance)


@pytest.mark.parametrize("name", NAMES)
def test_all_at_one_place_is_withheld_or_no_more_than_counts(name, chance):
    told = made(name).apply(chance.set_geometry([chance.geometry.iloc[0]] * len(chance))).attrs["told"]
    assert told["withheld"] or name == "counts" or told["score"]["gain"]["pai"][1] > 0


@pytest.mark.parametrize("name", NAMES)
def test_one_enormous_seizure_and_unknown_weights_change_nothing(name, chance):
    huge, unknown = chance.copy(), chance.copy()
    huge.loc[5, "kg"], unknown["kg"] = 8_000.0, np.nan
    first, *others = (made(name, horizon_days=14).apply(f) for f in (chance, huge, unknown))
    for other in others:
        assert first.attrs["told"] == other.attrs["told"] and first.n_90.equals(other.n_90)


def test_what_lies_in_water_is_told_and_all_of_it_in_water_is_refused(chance):
    ground = Ground(land=shapely.box(-98, 25, -97.47, 27))
    told = made("counts").apply(chance, ground).attrs["told"]
    assert any("lie in none of the units (in water" in s for s in told["limits"])
    with pytest.raises(TooFew):
        made("counts").apply(chance, Ground(land=shapely.box(0, 0, 1, 1)))


def test_a_time_too_short_to_try_says_how_many_it_needs(chance):
    told = made("counts", horizon_days=30).apply(chance).attrs["told"]
    assert told["withheld"] and "10 are needed" in told["words"] and told["score"]["scored"] < 10
    none = made("counts", horizon_days=90).apply(chance).attrs["told"]
    assert none["withheld"] and "1 earlier" in none["words"] or "no earlier time" in none["words"] or "0 earlier" in none["words"]


def test_a_day_told_to_begin_leaves_what_is_later_out(excited):
    early = made("counts", begins="2024-12-01").apply(excited)
    told = early.attrs["told"]
    assert told["horizon"][0] == "2024-12-01" and any("of 2024-12-01 or later, and are left out" in s for s in told["limits"])
    cut = made("counts", begins="2024-12-01").apply(excited[excited.t < "2024-12-01"], Ground(area=shapely.box(*excited.to_crs(4326).total_bounds)))
    assert cut.attrs["told"]["n"] == told["n"]


def test_what_was_recorded_after_a_day_was_not_known_on_it(excited):
    """All of it told two years late: nothing was known at any time it is tried at, so what is forecast then is next to nothing and withheld."""
    late = excited.assign(recorded_at=excited.t + pd.Timedelta(days=730))
    told = made("hawkes").apply(late).attrs["told"]
    assert told["withheld"] and not any(s.startswith("Delay not known") for s in told["limits"])
    assert any(s.startswith("100% of seizures were known after their day, half of these after 730 days") for s in told["limits"])
    own = next(r for r in told["score"]["rows"] if r["own"])
    assert own["level"][0] < 0.1


def test_ground_is_laid_by_unit_and_day():
    points = gpd.GeoDataFrame({"t": [BEGUN, BEGUN + pd.Timedelta(days=9)]}, geometry=[shapely.Point(650_500, 2_870_500), shapely.Point(653_500, 2_870_500)], crs=CRS)
    from analysis.points import checked
    checked_ = checked(points, method="m", in_time=True)
    look = gpd.GeoDataFrame({"t": [BEGUN + pd.Timedelta(days=2)], "hours": [4.0]}, geometry=[shapely.box(650_000, 2_870_000, 652_000, 2_871_000)], crs=CRS).to_crs(4326)
    seen = gpd.GeoDataFrame({"kind": ["track", "track", "event"], "t": [BEGUN + pd.Timedelta(days=3)] * 3, "n": [2, 3, 1]},
                            geometry=[shapely.Point(650_500, 2_870_500)] * 3, crs=CRS).to_crs(4326)
    places = gpd.GeoDataFrame({"kind": ["crossing", "road"]}, geometry=[shapely.Point(650_500, 2_880_500), shapely.LineString([(650_500, 2_860_500), (650_500, 2_890_500)])], crs=CRS).to_crs(4326)
    first = (BEGUN - pd.Timestamp("1970-01-01T00:00Z")).days
    grid = SquareGrid(CELL_M, CRS)
    units = grid.units(checked_)
    found = Gathered.of(checked_, grid.spread(checked_, units))
    known, limits = history(found, units, Ground(effort=look, activity=seen, places=places), grid, first + 10)
    at = int(np.argmax(known.counts.window(first, first + 1)))
    assert known.beside[LOOKED].table.sum() == pytest.approx(4.0, rel=0.01) and known.beside[LOOKED].before(first + 2).table.sum() == 0
    assert known.beside["tracks seen"].window(first + 3, first + 4)[at] == 5 and known.beside["events of tracks"].table.sum() == 1
    assert known.far_km["crossing"][at] == pytest.approx(10.0, rel=0.01) and known.far_km["road"][at] == pytest.approx(0.0, abs=0.02)
    assert any("1 looks of 4 hours" in s for s in limits)
    with pytest.raises(PointsRefused, match="a time with its zone"):
        history(found, units, Ground(effort=look.assign(t=pd.NaT)), grid, first + 10)


def test_intervals_widen_where_numbers_varied_more():
    low, high = between(np.array([10.0]), 0.0)
    wide = between(np.array([10.0]), 0.5)
    assert (low[0], high[0]) == (5, 15) and wide[0][0] < 5 and wide[1][0] > 15


def test_methods_are_what_they_say():
    assert replace(HawkesForecast(), horizon_days=14).model().name == "self-exciting" and BoostingForecast(seed=3).model().seed == 3
    assert [m.name for m in CountsForecast().baselines()] == ["the same everywhere"]
    assert {m.name for m in HawkesForecast().baselines()} >= {"counts over the last 28 days", "counts of the same season", "decayed KDE"}


def test_border_sections_are_told_by_the_kilometre(chance):
    """Eight sections of a border through the ground: one of them three times as long, and put in order by finds on a kilometre."""
    at = [650_000, 650_700, 651_400, 652_100, 654_200, 654_900, 655_600, 656_300]
    lines = [shapely.LineString([(a, 2_873_000), (b, 2_873_000)]) for a, b in zip(at[:-1], at[1:])]
    sections = gpd.GeoDataFrame({"id": range(7), "name": [f"s{i}" for i in range(7)]}, geometry=lines, crs=CRS).to_crs(4326)
    found = methods.made("counts", {"grid": "section", "horizon_days": 14}).apply(chance, Ground(sections=sections))
    told = found.attrs["told"]
    assert len(found) == 7 and told["score"]["scored"] >= 10 and (told["withheld"] or found.expected.sum() > 0)
    assert any("No area was asked about" in s for s in told["limits"])
