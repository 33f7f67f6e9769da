"""Rates and their smoothing against esda, intervals that hold, sections by km, and places nobody looked at."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

from analysis.describe.rates import Rates
from analysis.describe.smoothing import smoothed
from analysis.ground import Ground
from errors import PointsRefused

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import libpysal
    from esda.smoothing import Empirical_Bayes, Spatial_Empirical_Bayes

BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)
BORDER = gpd.GeoDataFrame({"id": [1, 2, 3, 4], "name": list("abcd")}, crs=4326,
                          geometry=[shapely.LineString([(-98 + 0.25 * i, 26), (-97.75 + 0.25 * i, 26)]) for i in range(4)])


def test_smoothing_towards_all_and_towards_neighbours_is_esdas():
    rng = np.random.default_rng(1)
    exposure = rng.uniform(1, 50, 100)
    count = rng.poisson(exposure * rng.gamma(2, 1, 100)).astype(float)
    assert smoothed(count, exposure)[0] == pytest.approx(Empirical_Bayes(count, exposure).r.ravel(), rel=1e-9)
    w = libpysal.weights.lat2W(10, 10)
    around = sparse.csr_array(w.sparse) + sparse.eye_array(100, format="csr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Spatial_Empirical_Bayes(count, exposure, w).r.ravel()
    assert smoothed(count, exposure, around.tocsr())[0] == pytest.approx(theirs, rel=1e-9)


def test_intervals_hold_what_is_true_and_smoothing_is_nearer_to_it():
    rng = np.random.default_rng(2)
    held, raw_wrong, smooth_wrong = [], [], []
    for _ in range(50):
        true, exposure = rng.gamma(3, 1, 200), rng.uniform(0.2, 5, 200)
        count = rng.poisson(true * exposure)
        value, low, high = smoothed(count, exposure)
        held.append(((low <= true) & (true <= high)).mean())
        raw_wrong.append(np.mean((count / exposure - true) ** 2))
        smooth_wrong.append(np.mean((value - true) ** 2))
    assert 0.93 < np.mean(held) < 0.97 and np.mean(smooth_wrong) < 0.7 * np.mean(raw_wrong)


def test_no_more_spread_than_chance_gives_the_mean_itself():
    value, low, high = smoothed(np.full(50, 4.0), np.full(50, 2.0))
    assert (value == 2).all() and (low < 2).all() and (high > 2).all() and (high < 2.5).all()
    assert smoothed(np.zeros(5), np.ones(5))[0].tolist() == [0] * 5


def points() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    section = np.repeat([0, 1, 2, 3], [10, 20, 80, 3])
    return pd.DataFrame({"lon": -98 + 0.25 * section + rng.uniform(0.01, 0.24, 113), "lat": rng.normal(26, 0.02, 113), "found_by": rng.choice(["patrol", "report"], 113)})


def test_sections_are_told_by_km_and_small_numbers_left_out():
    frame = Rates(grid="section", border_km=20.0).apply(points(), Ground(sections=BORDER))
    assert frame.unit.tolist() == ["a", "b", "c"] and frame.n.tolist() == [10, 20, 80]
    assert frame.rate.to_numpy() == pytest.approx(frame.n / 25.04, rel=0.01) and frame.attrs["told"]["unit"] == "seizures per km of border"
    assert frame.level.tolist() == [-1, 0, 2] and ((frame.smooth_low < frame.smooth) & (frame.smooth < frame.smooth_high)).all()
    assert "1 border sections with 1 to 4 seizures are left out." in frame.attrs["told"]["limits"]


def test_by_hours_what_was_looked_at_most_is_no_longer_most():
    hours = [10.0, 20.0, 800.0, 3.0]
    looks = gpd.GeoDataFrame({"hours": hours, "by": "patrol"}, crs=4326, geometry=[shapely.box(-98 + 0.25 * i, 25.7, -97.75 + 0.25 * i, 26.3) for i in range(4)])
    frame = Rates(grid="section", border_km=20.0, per="hours").apply(points(), Ground(sections=BORDER, effort=looks))
    assert frame.rate.idxmax() != 2 and frame.rate[2] < 0.3 * frame.rate[0] and "4 looks of" in frame.attrs["told"]["effort"]
    assert (frame.discovered + frame.reported == frame.n).where(frame.discovered.notna() & frame.reported.notna(), True).all()
    unseen = Rates(grid="section", border_km=20.0, per="hours").apply(points(), Ground(sections=BORDER, effort=looks[1:2]))
    assert any("nobody looked there" in said for said in unseen.attrs["told"]["limits"])
    with pytest.raises(PointsRefused, match="no effort data, so there is no rate by looks"):
        Rates(per="looks").apply(points(), Ground(area=BOX))


def test_kilograms_have_no_interval():
    frame = Rates(weight="kg", grid="square", cell_m=20_000.0).apply(points().assign(kg=2.0), Ground(area=BOX))
    assert frame.low.isna().all() and frame.smooth.isna().all() and frame["rate"].max() > 0 and any("counts alone" in said for said in frame.attrs["told"]["limits"])
