"""Knox against published values and a count of all pairs; clusters against planted ones, scikit-learn and plain definitions."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial.distance import pdist

from analysis.describe.hdbscan import Hdbscan
from analysis.describe.knox import NearRepeats
from analysis.describe.near_repeat import knox
from analysis.describe.st_dbscan import StDbscan, st_dbscan
from errors import PointsRefused

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import libpysal

DAY0 = pd.Timestamp("2026-01-01", tz="UTC")


def burkitt() -> tuple[np.ndarray, np.ndarray]:
    """188 cases in the West Nile district, 1961-1975: Williams et al. 1978, as libpysal ships them."""
    import pyogrio

    told = pyogrio.read_dataframe(libpysal.examples.get_path("burkitt.shp"))
    return told[["X", "Y"]].to_numpy(float), told["T"].to_numpy(float)


def test_burkitts_lymphoma_in_the_west_nile_district():
    """PySAL's published example: 13 pairs within 20 and 5, p = 0.17 of 99 permutations."""
    found = knox(*burkitt(), np.array([20.0]), np.array([5.0]), 999, 1)
    assert found.pairs.tolist() == [[13]] and len(found.near) == 13
    # each pair is near in time with the share of pairs that are: 3,429 near in space, 52 in time, of 17,578
    assert found.expected[0, 0] == pytest.approx(3429 * 52 / 17578, rel=0.03)
    assert abs(found.p[0, 0] - 0.17) < 3 * np.sqrt(0.17 * 0.83 * (1 / 99 + 1 / 999))


def test_bands_are_a_plain_count_of_all_pairs():
    xy, t = burkitt()
    found = knox(xy, t, np.array([5.0, 10.0, 20.0]), np.array([30.0, 120.0]), 99, 1)
    s, apart = pdist(xy), pdist(t[:, None])
    plain = [[int(((lo < s) & (s <= hi) & (a < apart) & (apart <= b)).sum()) for a, b in ((-1, 30), (30, 120))] for lo, hi in ((-1, 5), (5, 10), (10, 20))]
    assert found.pairs.tolist() == plain
    again = knox(xy, t, np.array([5.0, 10.0, 20.0]), np.array([30.0, 120.0]), 99, 1)
    assert again.p.tolist() == found.p.tolist() and knox(xy, t, np.array([5.0]), np.array([30.0]), 99, 2).expected != again.expected[0, 0]


def scattered(rng: np.random.Generator, n: int = 200) -> pd.DataFrame:
    return pd.DataFrame({"lon": rng.uniform(-98, -97, n), "lat": rng.uniform(25.5, 26.5, n), "t": DAY0 + pd.to_timedelta(rng.uniform(0, 365, n), unit="D")})


def repeated(rng: np.random.Generator, n: int = 100) -> pd.DataFrame:
    first = scattered(rng, n)
    again = first.assign(lon=first.lon + rng.normal(0, 0.002, n), lat=first.lat + rng.normal(0, 0.002, n), t=first.t + pd.to_timedelta(rng.uniform(0.5, 5, n), unit="D"))
    return pd.concat([first, again])


def test_planted_repeats_are_found_and_chance_is_not():
    found = NearRepeats(permutations=199).apply(repeated(np.random.default_rng(1)))
    first = found.attrs["told"]["tables"]["bands"][0]
    assert first["p"] == 0.005 and first["pairs"] > 10 * first["expected"] and first["pairs"] >= 90
    p = [NearRepeats(permutations=99, bands=1, distance_m=10_000.0, days=30.0).apply(scattered(np.random.default_rng(seed))).attrs["told"]["tables"]["bands"][0]["p"] for seed in range(40)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15 and 0.35 < np.mean(p) < 0.7


def test_knox_refuses_what_it_cannot_tell():
    rng = np.random.default_rng(1)
    with pytest.raises(PointsRefused, match="all 200 seizures are of one moment"):
        NearRepeats().apply(scattered(rng).assign(t=DAY0))
    with pytest.raises(PointsRefused, match="all 200 seizures are told at one place"):
        NearRepeats().apply(scattered(rng).assign(lon=-97.5, lat=26.0))
    with pytest.raises(PointsRefused, match="pairs lie within .* m, and at most 20,000,000"):
        NearRepeats(distance_m=200_000.0).apply(scattered(rng, 7000))


def heaps(rng: np.random.Generator) -> pd.DataFrame:
    """Two heaps at one place half a year apart, one heap elsewhere, and a few anywhere."""
    parts = [(-97.5, 26.0, 10, 30), (-97.5, 26.0, 200, 30), (-97.2, 26.3, 100, 40)]
    rows = [pd.DataFrame({"lon": rng.normal(lon, 0.004, n), "lat": rng.normal(lat, 0.004, n), "t": DAY0 + pd.to_timedelta(day + rng.uniform(0, 20, n), unit="D")}) for lon, lat, day, n in parts]
    return pd.concat([*rows, scattered(rng, 30)])


def test_st_dbscan_tells_heaps_apart_by_time_too():
    rng = np.random.default_rng(2)
    told = heaps(rng)
    apart, together = StDbscan().apply(told), StDbscan(days=0.0).apply(told)
    assert len(apart) == 3 and len(together) == 2 and apart.n.iloc[0] >= 38 and together.n.iloc[0] >= 58
    assert apart.geometry.iloc[0].distance(shapely.Point(-97.2, 26.3)) == 0 and (apart.km2 < 25).all()
    assert ((apart["last"] - apart["first"]).dt.days <= 30).all() and set(apart.columns) - {"geometry"} == set(StDbscan.LEGEND)


def test_st_dbscan_is_the_plain_definition():
    rng = np.random.default_rng(3)
    xy, t = rng.uniform(0, 1000, (150, 2)), rng.uniform(0, 100, 150)
    of = st_dbscan(xy, t, 150.0, 20.0, 4)
    near = (np.hypot(*(xy[:, None] - xy[None]).T) <= 150) & (np.abs(t[:, None] - t[None]) <= 20)
    core = near.sum(axis=1) >= 4
    for i in range(150):
        assert (of[i] >= 0) == (core[i] or near[i, core].any())
        for j in np.flatnonzero(near[i] & core):
            assert not core[i] or of[i] == of[j]


def test_hdbscan_finds_heaps_of_unlike_density():
    rng = np.random.default_rng(4)
    told = pd.DataFrame({"lon": np.r_[rng.normal(-98, 0.002, 60), rng.normal(-97, 0.03, 80), rng.uniform(-99, -96, 30)],
                         "lat": np.r_[rng.normal(26, 0.002, 60), rng.normal(26, 0.03, 80), rng.uniform(24, 28, 30)]})
    found = Hdbscan(least=15).apply(told)
    assert len(found) == 2 and sorted(found.n) == pytest.approx([60, 80], abs=10) and (found.sure > 0.4).all()
    assert found["first"].isna().all() and set(found.columns) - {"geometry"} == set(Hdbscan.LEGEND)


def test_hulls_reach_as_far_as_places_may_be_off():
    rng = np.random.default_rng(5)
    exact, vague = StDbscan(days=0.0).apply(heaps(rng)), StDbscan(days=0.0).apply(heaps(rng).assign(precision_m=5000.0))
    assert vague.km2.min() > 78 and exact.km2.max() < 25 and any("make a cluster that may be none" in said for said in vague.attrs["told"]["limits"])
