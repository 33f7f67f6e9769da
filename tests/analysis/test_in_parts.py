"""Counts of parts, put together: the same as of all points at once, to the bit, in any order, and with one part held at a time."""

from __future__ import annotations

import weakref

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis import in_parts
from analysis.describe.gi_star import GiStar
from analysis.describe.kde import Kde
from analysis.describe.knox import NearRepeats
from analysis.describe.local_moran import LocalMoran
from analysis.describe.rates import Rates
from analysis.forecast.kinds import CountsForecast, HawkesForecast
from analysis.ground import Ground
from errors import KnobRefused, PointsRefused, TooFew

BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)
LOOKS = gpd.GeoDataFrame({"hours": [3.7, 11.1], "t": pd.Timestamp("2026-02-01", tz="UTC")}, geometry=[shapely.box(-98, 25.5, -97.5, 26.5), shapely.box(-97.6, 25.9, -97.2, 26.2)], crs=4326)
GROUND = Ground(area=BOX, effort=LOOKS)


def points(n: int = 3000) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    return pd.DataFrame({
        "lon": rng.normal(-97.5, 0.2, n), "lat": rng.normal(26.0, 0.2, n), "t": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.uniform(0, 9e6, n), unit="s"),
        "kg": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(0, 4, n)), "drug": rng.choice(["cocaine", "heroin", "", "khat"], n), "found_by": rng.choice(["patrol", "report", ""], n),
        "precision_m": np.where(rng.random(n) < 0.2, 7000.0, 0.0)}).assign(recorded_at=lambda f: f.t + pd.to_timedelta(rng.choice([0, 0, 0, 5], n), unit="D"))


def same(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> bool:
    pd.testing.assert_frame_equal(pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry")), check_exact=True)
    assert one.attrs == other.attrs
    return bool((shapely.to_wkb(one.geometry.values) == shapely.to_wkb(other.geometry.values)).all())


@pytest.mark.parametrize("method", [
    GiStar(grid="square", cell_m=5000.0), GiStar(resolution=6, weight="kg"), GiStar(resolution=5, weight="severity", discovered="by effort"), LocalMoran(grid="square", cell_m=8000.0, weight="kg"),
    Rates(resolution=5, towards="neighbours"), Rates(resolution=5, per="hours", discovered="left out"),
    Kde(grid="square", cell_m=5000.0, bandwidth_m=4000.0), Kde(resolution=6, bandwidth_m=9000.0, weight="kg"), Kde(resolution=6, bandwidth_m=3000.0, discovered="by effort"),
    CountsForecast(grid="square", cell_m=20_000.0, horizon_days=7), CountsForecast(resolution=5, horizon_days=7, begins="2026-04-01"), HawkesForecast(resolution=5, horizon_days=7),
], ids=lambda m: " ".join(str(told) for told in (m.NAME, m.grid, getattr(m, "weight", ""), getattr(m, "discovered", ""))))
def test_parts_are_the_whole_to_the_bit_in_any_order(method):
    told = points()
    whole = method.apply(told, GROUND)
    cuts = [told[:7], told[7:1100], told[1100:1100], told[1100:2990], told[2990:]]
    assert len(whole) > 20 and same(in_parts.over(method, iter(cuts), GROUND), whole)
    assert same(in_parts.over(method, iter(reversed(cuts)), GROUND), whole)


def test_one_part_is_held_at_a_time():
    held, most, made = 0, 0, 0

    def gone(rows: int) -> None:
        nonlocal held
        held -= rows

    def stream(parts: int, rows: int):
        nonlocal held, most, made
        for _ in range(parts):
            part = points(rows)
            weakref.finalize(part, gone, rows)
            held, made = held + rows, made + rows
            most = max(most, held)
            yield part
            del part

    frame = in_parts.over(GiStar(grid="square", cell_m=5000.0), stream(30, 500), GROUND)
    assert (made, frame.attrs["told"]["n"]) == (15_000, 15_000) and most <= 1000, "what is counted, and at most the one being read"


def test_what_needs_all_points_is_refused_in_words():
    told = points(100)
    for all_at_once in (Kde(), Kde(bandwidth="adaptive", bandwidth_m=4000.0), Kde(grid="section", bandwidth_m=4000.0)):
        with pytest.raises(KnobRefused, match="kde needs all points at once.* tell bandwidth_m"):
            in_parts.over(all_at_once, [told], GROUND)
    with pytest.raises(KnobRefused, match="knox needs all points at once; in parts there are gi-star"):
        in_parts.over(NearRepeats(), [told], GROUND)
    with pytest.raises(PointsRefused, match="counts: in parts, the ground must be told: give an area"):
        in_parts.over(CountsForecast(), [told], Ground())
    with pytest.raises(TooFew, match="counts needs 50 points, 40 are given"):
        in_parts.over(CountsForecast(), [told[:20], told[20:40]], GROUND)
    with pytest.raises(TooFew, match="counts needs 50 points before 2026-01-05"):
        in_parts.over(CountsForecast(begins="2026-01-05"), [told], GROUND)
    with pytest.raises(PointsRefused, match="the ground must be told: give an area"):
        in_parts.over(GiStar(), [told], Ground())
    with pytest.raises(KnobRefused, match="a median and a cap"):
        in_parts.over(GiStar(weight="kg", cap=0.9), [told], GROUND)
    with pytest.raises(TooFew, match="gi-star needs 30 points, 20 are given"):
        in_parts.over(GiStar(), [told[:10], told[10:20]], GROUND)
    with pytest.raises(PointsRefused, match="no part to count"):
        in_parts.over(GiStar(), [], GROUND)
    with pytest.raises(PointsRefused, match="none of 100 seizures has a weight"):
        in_parts.over(GiStar(weight="kg"), [told[:50].assign(kg=np.nan), told[50:].assign(kg=np.nan)], GROUND)


def test_a_sum_too_large_to_be_exact_is_refused():
    with pytest.raises(PointsRefused, match="sums of parts are exact under 134,217,728"):
        in_parts.over(GiStar(weight="kg", grid="square", cell_m=5000.0), [points(100).assign(kg=1e8)], GROUND)
