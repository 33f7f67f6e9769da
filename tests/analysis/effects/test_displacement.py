"""What was planted in made worlds is found within its interval, and where nothing was planted nothing is claimed."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests.analysis.effects.worlds import BOXES, DATES, END, GROUND, START, world, zones

from analysis.effects.displacement import Displacement
from analysis.effects.quotient import Effect, Six, drift, overdispersion, read
from analysis.ground import Ground
from analysis.methods import made
from benchmarks.effects import FEW, quotient
from errors import KnobRefused, PointsRefused, TooFew

@pytest.mark.parametrize("knobs", [{}, {"scatter": 0.3}, {"linger": 0.5}], ids=["chance", "scatter", "linger"])
def test_a_third_that_moved_is_found_within_its_interval(knobs):
    told = [quotient(seed, knobs, 0.6) for seed in range(150)]
    told = [s for s in told if s["effect_claimed"] == "fell"]
    assert len(told) >= 100
    assert np.mean([s["wdq_95"][0] <= -0.3 <= s["wdq_95"][1] for s in told]) >= 0.9
    assert abs(np.median([s["wdq"] for s in told]) + 0.3) < 0.08


@pytest.mark.parametrize("knobs", [{}, {"scatter": 0.3}, {"base": FEW}], ids=["chance", "scatter", "few"])
def test_where_nothing_was_done_nothing_is_claimed(knobs):
    claimed = [quotient(seed, knobs, 0.0)["effect_claimed"] != "none" for seed in range(300)]
    assert np.mean(claimed) <= 0.05


def test_the_formulas_are_those_of_the_papers():
    """By hand: R 100 to 50, D 60 to 75, C 200 to 160: at 0.8 of before, 80 and 48 are expected."""
    six = Six(100, 50, 60, 75, 200, 160)
    assert six.prevented == 30 and six.moved == -27 and six.total == 3
    assert six.wdq == pytest.approx((75 / 160 - 60 / 200) / (50 / 160 - 100 / 200)) == pytest.approx(-0.9)
    assert Six(100, 50, 0, 0, 200, 200).wdq == 0 and np.isnan(Six(10, 10, 5, 9, 20, 20).wdq)


def test_zeros_give_numbers():
    for six in (Six(20, 0, 10, 12, 20, 20), Six(20, 5, 0, 0, 20, 20), Six(20, 5, 10, 10, 20, 0), Six(20, 0, 0, 0, 0, 0)):
        told = Effect(six, 1.0, np.random.default_rng(1)).score(True)
        assert np.isfinite([six.wdq, six.total, *told["prevented_95"], *told["change_pct_95"]]).all()


@pytest.mark.parametrize("wdq, words", [(1.5, "gained more than"), (1.0, "gained as much"), (0.5, "gained too, less"), (0.0, "stayed"), (-0.5, "a part"), (-1.0, "as much as was gained moved"),
                                        (-1.5, "lost more than was gained")])
def test_a_quotient_is_read_as_its_authors_read_it(wdq, words):
    assert words in read(wdq)


def test_counts_that_linger_are_not_taken_for_many():
    rng = np.random.default_rng(3)
    lone = overdispersion(rng.poisson(5, (4, 52)), rng.poisson(5, (4, 26)))
    level = np.repeat(rng.gamma(4, 5 / 4, (4, 6)), 13, axis=1)
    assert lone < 2.5 < overdispersion(rng.poisson(level[:, :52]), rng.poisson(level[:, 52:]))


def test_the_whole_of_it_on_points():
    points = world(4, effect=0.6, displaced=0.9)
    found = Displacement(**DATES).apply(points, GROUND)
    told = found.attrs["told"]
    assert found.role.tolist() == ["operation", "buffer", "control", "control", "ring", "ring", "ring"] and found.crs.to_epsg() == 4326
    assert (found.loc[0, ["n_before", "n_during"]].tolist() == [int(((points.t < START) & shapely.contains_xy(BOXES["operation"], points.lon, points.lat)).sum()),
                                                                int(((points.t >= START) & (points.t < END) & shapely.contains_xy(BOXES["operation"], points.lon, points.lat)).sum())])
    assert found.loc[0, "word"] == "fell" and told["score"]["displacement_claimed"] == "displacement" and found.loc[1, "word"] == "rose"
    assert "more than chance" in told["words"] and len(told["zones_sha256"]) == 64
    json.dumps(told, allow_nan=False)


def test_the_same_again_to_the_bit_and_in_any_order():
    points = world(4, effect=0.4)
    first = Displacement(**DATES).apply(points, GROUND)
    again = Displacement(**DATES).apply(points.sample(frac=1, random_state=1), GROUND)
    assert first.equals(again) and first.attrs["told"] == again.attrs["told"]
    assert first.attrs["told"] != Displacement(**DATES, seed=2).apply(points, GROUND).attrs["told"]


def test_no_effect_withholds_the_quotient():
    told = Displacement(**DATES).apply(world(5), GROUND).attrs["told"]
    assert told["score"]["effect_claimed"] == "none" and told["score"]["wdq"] is None and "withheld" in told["words"]


def test_another_drug_and_another_hour_that_rose_are_told():
    """In the operation's area cocaine by day gives way to meth by night."""
    rng = np.random.default_rng(2)
    points = world(6, base={"operation": 12, "buffer": 4, "north": 12, "west": 12})
    own, during = shapely.contains_xy(BOXES["operation"], points.lon, points.lat), (points.t >= START).to_numpy()
    points["drug"] = np.where(rng.random(len(points)) < 0.8, "cocaine", "ats")
    points["conveyance"] = "vehicle"
    points = points[~(own & during & (points.drug == "cocaine") & (rng.random(len(points)) < 0.9))]
    more = points[own[points.index] & during[points.index] & (points.drug == "ats")]
    night = more.assign(t=more.t.dt.normalize() + pd.Timedelta(hours=2))
    found = Displacement(**DATES).apply(pd.concat([points, night, night, night], ignore_index=True), GROUND).attrs["told"]
    rose = {p["what"] for p in found["moved"] if p["word"] == "rose"}
    assert rose == {"ats", "00–04 h"} and {p["what"] for p in found["moved"] if p["word"] == "fell"} >= {"cocaine"}
    assert "ats (drug)" in found["words"]
    there = Displacement(**DATES, time_zone="Asia/Tokyo").apply(pd.concat([points, night, night, night], ignore_index=True), GROUND).attrs["told"]
    assert "08–12 h" in {p["what"] for p in there["moved"] if p["word"] == "rose"}


def test_an_enormous_seizure_moves_no_count_and_unknown_weights_none():
    points = world(4, effect=0.6)
    heavy = points.assign(kg=np.where(np.arange(len(points)) == 7, 8000.0, np.nan))
    assert Displacement(**DATES).apply(points, GROUND).equals(Displacement(**DATES).apply(heavy, GROUND))


@pytest.mark.parametrize("knobs, words", [
    ({"start": "2030-01-01T00:00:00Z", "end": "2030-02-01T00:00:00Z"}, r"operation of 2030-01-01 to 2030-02-01 lies outside of the data: the data run from 2025-01-06 to 2026-07-0\d"),
    ({"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}, "outside of the data"),
    ({"start": "2025-01-10T00:00:00Z", "end": "2025-06-01T00:00:00Z"}, "needs 28 days before it, there are 3"),
    ({"start": "2026-07-04T00:00:00Z", "end": "2026-09-01T00:00:00Z"}, "needs 7 days of it, there are 1"),
])
def test_an_operation_outside_of_the_data_is_refused_with_the_dates(knobs, words):
    with pytest.raises(PointsRefused, match=words):
        Displacement(**knobs).apply(world(1), GROUND)


def test_what_lies_partly_outside_of_the_data_is_cut_and_said():
    found = Displacement(start=DATES["start"], end="2026-12-01T00:00:00Z", before_days=1000).apply(world(1), GROUND)
    assert [line[:6] for line in found.attrs["told"]["limits"][:2]] == ["Before", "The op"] and found.attrs["told"]["periods"][2] < "2026-07-07"


@pytest.mark.parametrize("ground, words", [
    (Ground(), "asks for the operation's area and 1 control areas at least: none"), (Ground(zones=zones().query("role != 'control'")), "1 and 0 are given"),
    (Ground(zones=zones(more=shapely.box(-97.5, 25.9, -97.2, 26.3))), "control area 'more' shares"), (Ground(zones=zones().to_crs(32614)), "must be in degrees"),
    (Ground(zones=zones().assign(role="mine")), "not 'mine'"), (Ground(zones=zones(more=shapely.Point(0, 0))), "1 of 5 are not"),
    (Ground(zones=zones(more=shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))), "1 of 5 are not"),
])
def test_zones_that_are_none_are_refused(ground, words):
    with pytest.raises(PointsRefused, match=words):
        Displacement(**DATES).apply(world(1), ground)


def test_points_that_are_none_are_refused():
    with pytest.raises(TooFew, match="needs 30 points, 1 are given"):
        Displacement(**DATES).apply(world(1)[:1], GROUND)
    with pytest.raises(PointsRefused, match="give a column t"):
        Displacement(**DATES).apply(world(1).drop(columns="t"), GROUND)
    with pytest.raises(KnobRefused, match="start must be a date"):
        made("displacement", {}).apply(world(1), GROUND)
    with pytest.raises(KnobRefused, match="time_zone must be one of the tz database"):
        Displacement(**DATES, time_zone="../etc/passwd").apply(world(1), GROUND)


def test_all_at_one_point_or_few_claims_nothing():
    points = world(1)
    one = points.assign(lon=-97.5, lat=25.9)
    told = Displacement(**DATES).apply(one, GROUND).attrs["told"]
    assert told["score"]["effect_claimed"] == "none" and any("Too few to claim" in line and "340 and 0" or "and 0." in line for line in told["limits"])
    day = points.assign(t=START + pd.Timedelta(hours=1))
    with pytest.raises(PointsRefused, match="days before it|outside of the data"):
        Displacement(**DATES).apply(day, GROUND)


def test_places_known_roughly_are_said():
    told = Displacement(**DATES).apply(world(1).assign(precision_m=30_000), GROUND).attrs["told"]
    assert any("places are known to more than" in line for line in told["limits"])
    assert isinstance(Displacement(**DATES).apply(gpd.GeoDataFrame(world(1)[["t"]], geometry=gpd.points_from_xy(world(1).lon, world(1).lat), crs=4326), GROUND), gpd.GeoDataFrame)


def test_places_that_drift_apart_where_nothing_was_done_widen_the_interval():
    """Each place changes for good by chance; looks at the weeks before show nothing of that."""
    rng = np.random.default_rng(1)
    before = rng.poisson(80, 30)
    assert drift(np.column_stack([before, rng.poisson(40, 30)])) < 2 < 5 < drift(np.column_stack([before, rng.poisson(40 * rng.gamma(4, 1 / 4, 30))]))

    n = 25_000
    lon, lat, rate = rng.uniform(-98.6, -96.4, n), rng.uniform(25.0, 26.8, n), rng.choice([0.2, 1.0], (12, 10))
    t = START + pd.to_timedelta(rng.uniform(-364, 182, n), unit="D")
    controls = Ground(zones=zones(north=shapely.box(-97.6, 26.4, -97.4, 26.6), west=shapely.box(-98.4, 25.8, -98.2, 26.0)))
    here = rate[((lon + 98.6) / 0.2).astype(int), ((lat - 25.0) / 0.2).astype(int)]
    told = [Displacement(**DATES, rings=0).apply(pd.DataFrame({"lon": lon, "lat": lat, "t": t})[(t < START) | (rng.random(n) < keep)], controls).attrs["told"] for keep in (here, 0.6)]
    wide = [np.ptp(np.log1p(np.array(t["score"]["change_pct_95"]) / 100)) for t in told]
    assert wide[0] > 1.5 * wide[1], wide
    assert not any("too few to see how far places drift" in line for line in told[0]["limits"])
