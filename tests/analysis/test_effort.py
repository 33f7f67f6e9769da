"""Hours and looks of places, rates with their intervals, and what patrols found apart from what others told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import poisson

from analysis.effort import by_effort, effort, found, rate, told_of
from analysis.grids.squares import SquareGrid
from analysis.ground import Ground
from analysis.points import checked

BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)


def looks(*told: tuple[shapely.Geometry, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"hours": [h for _, h in told], "by": "patrol"}, geometry=[g for g, _ in told], crs=4326)


def some(n: int, by: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return checked(pd.DataFrame({"lon": rng.uniform(-98, -97, n), "lat": rng.uniform(25.5, 26.5, n), "found_by": by}), method="test")


def test_hours_are_shared_out_by_ground_and_none_is_lost():
    units = SquareGrid(5000.0).units(some(1, [""]), Ground(area=BOX))
    looked = effort(units, Ground(effort=looks((BOX, 100.0), (shapely.box(-98, 25.5, -97.5, 26.0), 50.0), (shapely.box(-97, 26, -96, 26.5), 30.0))))
    assert looked.hours.sum() == pytest.approx(150) and looked.looks.max() == pytest.approx(2) and looked.looks.min() == pytest.approx(1)
    west = effort(units, Ground(effort=looks((shapely.box(-98, 25.5, -97.5, 26.5), 10.0))))
    assert 0.4 < west.unseen.mean() < 0.55 and "places were not looked at" in west.words
    assert effort(units, Ground()) is None and effort(units, Ground(effort=looks())) is None


def test_a_rates_interval_is_poissons():
    value, low, high = rate(np.array([4.0]), np.array([2.0]))
    assert value[0] == 2 and poisson.sf(3, low[0] * 2) == pytest.approx(0.025) and poisson.cdf(4, high[0] * 2) == pytest.approx(0.025)
    assert np.isnan(rate(np.array([4.0]), np.array([0.0]))).all(), "found where nobody looked: no rate"


def test_discovered_count_by_effort_and_reported_in_full():
    points = some(400, ["patrol"] * 200 + ["report"] * 100 + [""] * 100)
    grid, area = SquareGrid(5000.0), Ground(area=BOX)
    units = grid.units(points, area)
    shares = grid.spread(points, units)
    west = shapely.box(-98, 25.5, -97.5, 26.5)
    looked = effort(units, Ground(effort=looks((west, 900.0), (BOX, 200.0))))
    of = by_effort(points, shares, units, looked)
    patrol = found(points)["discovered"]
    assert (of[~patrol] == 1).all() and of[patrol & (points.lon < -97.55)].max() < 0.7 and of[patrol & (points.lon > -97.45)].min() > 4
    even = by_effort(points, shares, units, effort(units, Ground(effort=looks((BOX, 100.0)))))
    assert even[patrol] == pytest.approx(1, abs=0.01)
    assert told_of(points) == "200 discovered by patrols, 100 reported, 100 not known which."
