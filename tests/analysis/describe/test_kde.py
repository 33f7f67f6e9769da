"""Densities against scipy's and plain sums of kernels; edges put back, bandwidths that adapt, along a border, and places that are not exact."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import gaussian_kde, norm

from analysis.describe.density import abramson, fixed, silverman, various
from analysis.describe.kde import Kde
from analysis.describe.laying import Raster
from analysis.grids import crs
from analysis.grids.squares import SquareGrid
from analysis.ground import Ground
from errors import PointsRefused

BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)


def middles(raster: Raster) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(raster.west + raster.dx * (np.arange(raster.columns) + 0.5), raster.south + raster.dy * (np.arange(raster.rows) + 0.5))


def plain(raster: Raster, x, y, of, h) -> np.ndarray:
    mx, my = middles(raster)
    return sum(w * np.exp(-((mx - a) ** 2 + (my - b) ** 2) / (2 * s * s)) / (2 * np.pi * s * s) for a, b, w, s in zip(x, y, of, np.broadcast_to(h, len(x))))


def test_fixed_is_scipys_with_a_kernel_of_any_shape():
    rng = np.random.default_rng(1)
    at = rng.multivariate_normal([0, 0], [[4e6, 1e6], [1e6, 1e6]], 3000).T
    raster = Raster(-6000.0, -4000.0, 60.0, 40.0, 200, 200)
    kde = gaussian_kde(at)
    theirs = kde(np.stack([m.ravel() for m in middles(raster)])).reshape(200, 200) * 3000
    ours = fixed(raster, *at, np.ones(3000), kde.covariance)
    told = theirs > 1e-6 * theirs.max()
    assert np.abs(ours / theirs - 1)[told].max() < 1e-3 and told.mean() > 0.6


@pytest.mark.parametrize("cells", [2.0, 6.0])
def test_one_point_anywhere_in_a_cell_is_its_kernel(cells):
    raster = Raster(0.0, 0.0, 10.0, 10.0, 60, 50)
    for x, y in ((300.0, 250.0), (303.3, 258.1), (5.0, 5.0), (-20.0, 250.0)):
        ours = fixed(raster, np.array([x]), np.array([y]), np.array([2.0]), np.eye(2) * (10 * cells) ** 2)
        theirs = plain(raster, [x], [y], [2.0], 10 * cells)
        assert np.abs(ours - theirs).max() < 1e-3 * (2 / (2 * np.pi * (10 * cells) ** 2))


@pytest.mark.parametrize("far", [(-5000.0, 250.0), (300.0, 9000.0), (1500.0, 250.0)])
def test_points_far_outside_of_the_raster_are_refused(far):
    raster, one = Raster(0.0, 0.0, 10.0, 10.0, 60, 50), np.array([300.0])
    with pytest.raises(PointsRefused, match="1 of 2 points lie more than 0.[0-9] km outside of the raster"):
        fixed(raster, np.append(one, far[0]), np.append(one, far[1]), np.ones(2), np.eye(2) * 400.0)
    with pytest.raises(PointsRefused):
        various(raster, np.append(one, far[0]), np.append(one, far[1]), np.ones(2), np.array([20.0, 30.0]))


def test_each_its_own_bandwidth_is_the_plain_sum():
    rng = np.random.default_rng(2)
    x, y, of, h = rng.uniform(0, 2000, 300), rng.uniform(0, 1500, 300), rng.gamma(1, 1, 300), rng.uniform(40, 300, 300)
    raster = Raster(0.0, 0.0, 20.0, 20.0, 100, 75)
    ours, near = various(raster, x, y, of, h)
    theirs = plain(raster, x, y, of, h)
    assert np.abs(ours / theirs - 1)[theirs > 1e-3 * theirs.max()].max() < 3e-3
    count = sum(np.exp(-((middles(raster)[0] - a) ** 2 + (middles(raster)[1] - b) ** 2) / (2 * s * s)) for a, b, s in zip(x, y, h))
    assert near == pytest.approx(count, rel=5e-3)


def test_wide_kernels_on_coarser_cells_are_the_plain_sum():
    rng = np.random.default_rng(9)
    raster = Raster(-500.0, 300.0, 10.0, 12.0, 187, 141)
    for h in (45.0, 100.0, 200.0, 405.0, 900.0):
        x, y, of = rng.uniform(-400, 1300, 40), rng.uniform(300, 1900, 40), rng.gamma(1, 1, 40)
        theirs = plain(raster, x, y, of, h)
        assert np.abs(various(raster, x, y, of, np.full(40, h))[0] / theirs - 1)[theirs > 1e-3 * theirs.max()].max() < 1e-3, h
        # half of the plane is ground: what of a kernel lies there is known
        ground = np.ones((141, 187))
        ground[:, 90:] = 0
        mx, my = middles(raster)
        inside = (norm.cdf((400 - mx) / h) - norm.cdf((-500 - mx) / h)) * (norm.cdf((300 + 141 * 12 - my) / h) - norm.cdf((300 - my) / h))
        ours = various(raster, x, y, of, np.full(40, h), ground)[0]
        told = (theirs > 1e-3 * theirs.max()) & (ground > 0)
        assert np.abs(ours / (theirs / inside) - 1)[told].max() < 1e-3 and (ours[:, 90:] == 0).all(), h


def test_many_of_different_bandwidths_together_are_the_plain_sum():
    rng = np.random.default_rng(10)
    x, y, of = *rng.normal(0, 1000, (2, 20_000)).clip(-2900, 2900), rng.gamma(1, 1, 20_000)
    raster = Raster(-3000.0, -3000.0, 25.0, 25.0, 240, 240)
    h = abramson(raster.at(fixed(raster, x, y, np.ones(20_000), np.eye(2) * 200**2), x, y), 200.0)
    theirs = np.array([plain_at(raster, x, y, of, h, row, column) for row, column in ((i, j) for i in range(5, 240, 23) for j in range(5, 240, 23))])
    ours = various(raster, x, y, of, h)[0][5::23, 5::23].ravel()
    assert h.max() > 4 * h.min() and np.abs(ours / theirs - 1)[theirs > 1e-3 * theirs.max()].max() < 1e-3


def plain_at(raster: Raster, x, y, of, h, row: int, column: int) -> float:
    a, b = raster.west + raster.dx * (column + 0.5), raster.south + raster.dy * (row + 0.5)
    return float((of * np.exp(-((a - x) ** 2 + (b - y) ** 2) / (2 * h * h)) / (2 * np.pi * h * h)).sum())


def test_edges_are_put_back():
    rng = np.random.default_rng(3)
    raster = Raster(0.0, 0.0, 20.0, 20.0, 100, 100)
    ground = np.ones((100, 100))
    ground[:, 60:] = 0
    x, y = rng.uniform(0, 1200, 4000), rng.uniform(0, 2000, 4000)
    cut, back = various(raster, x, y, np.ones(4000), np.full(4000, 150.0))[0], various(raster, x, y, np.ones(4000), np.full(4000, 150.0), ground)[0]
    assert back.sum() * 400 == pytest.approx(4000, rel=0.02) and (back[:, 60:] == 0).all()
    true = 4000 / (1200 * 2000)
    assert cut[:, 59].mean() < 0.6 * true and back[:, 59].mean() == pytest.approx(true, rel=0.05)


def test_adaptive_is_narrow_where_many_are():
    density = np.array([1.0, 100.0, 0.0001])
    h = abramson(density, 10.0)
    assert h[1] < h[0] < h[2] and h.max() == 50.0


def points(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame({"lon": np.r_[rng.uniform(-98, -97, n), rng.normal(-97.6, 0.03, n // 4)], "lat": np.r_[rng.uniform(25.5, 26.5, n), rng.normal(26.2, 0.03, n // 4)]})


@pytest.mark.parametrize("knobs", [{"grid": "square", "cell_m": 2000.0}, {"grid": "square", "cell_m": 2000.0, "bandwidth": "adaptive"}, {"grid": "h3", "resolution": 7},
                                   {"grid": "h3", "resolution": 7, "rule": "neighbours"}], ids=str)
def test_on_any_grid_the_peak_is_where_it_is_and_all_are_there(knobs):
    frame = Kde(**knobs).apply(points(), Ground(area=BOX))
    peak = frame.loc[frame.density.idxmax()]
    assert peak.geometry.distance(shapely.Point(-97.6, 26.2)) < 0.05 and peak.level == 1 and peak.ratio > 3
    km2 = frame.geometry.to_crs("+proj=laea +lat_0=26 +lon_0=-97.5").area / 1e6
    assert (frame.density * km2).sum() == pytest.approx(750, rel=0.03) and (frame.n_near >= 5).all()
    assert set(frame.columns) - {"geometry"} == set(Kde.LEGEND)


def test_none_lies_in_water_and_a_town_there_is_spread_on_land():
    land = shapely.box(-98.0, 25.5, -97.5, 26.5)
    told = points().query("lon < -97.5")
    town = pd.concat([told, pd.DataFrame({"lon": [-97.45] * 50, "lat": [26.0] * 50, "precision_m": 15_000.0})])
    frame = Kde(grid="square", cell_m=2000.0).apply(town, Ground(area=BOX, land=land))
    assert frame.total_bounds[2] <= -97.5 + 1e-9
    km2 = frame.geometry.to_crs("+proj=laea +lat_0=26 +lon_0=-97.5").area / 1e6
    assert (frame.density * km2).sum() == pytest.approx(len(town), rel=0.1)


def test_a_point_far_outside_in_a_cell_that_the_area_cuts_stands_in_its_middle():
    told, grid = points(), SquareGrid(20_000.0)
    units = grid.units(pd.DataFrame({"lon": [], "lat": [], "precision_m": []}), Ground(area=BOX))
    beyond = pd.DataFrame({"lon": np.arange(-97.0, -96.8, 0.01), "lat": 26.0, "precision_m": 0.0})
    last = grid.spread(beyond, units).tocoo().coords[0].max()
    assert beyond.lon[last] > -96.815, "over 18.4 km away: six bandwidths are 18"
    [at] = grid.spread(beyond[last:last + 1].reset_index(drop=True), units).indices
    middle = shapely.centroid(crs.to_plane(units.outlines[at], units.crs))
    lon, lat = crs.back(units.crs, np.array([middle.x]), np.array([middle.y]))
    found = [Kde(grid="square", cell_m=20_000.0, bandwidth_m=3000.0).apply(pd.concat([told, pd.DataFrame({"lon": [x] * 50, "lat": [y] * 50})]), Ground(area=BOX))
             for x, y in ((beyond.lon[last], 26.0), (float(lon[0]), float(lat[0])))]
    assert len(found[0]) and found[0].density.to_numpy() == pytest.approx(found[1].density.to_numpy(), rel=1e-6)


def test_a_place_that_is_not_exact_is_no_peak():
    rng = np.random.default_rng(5)
    exact = pd.DataFrame({"lon": rng.normal(-97.5, 0.1, 200), "lat": rng.normal(26, 0.1, 200)})
    heap = pd.DataFrame({"lon": [-97.2] * 100, "lat": [26.3] * 100})
    sharp = Kde(grid="square", cell_m=2000.0, bandwidth_m=2000.0).apply(pd.concat([exact, heap]), Ground(area=BOX))
    vague = Kde(grid="square", cell_m=2000.0, bandwidth_m=2000.0).apply(pd.concat([exact, heap.assign(precision_m=20_000.0)]), Ground(area=BOX))
    assert vague.density.max() < 0.2 * sharp.density.max()


def test_along_a_border_reflected_at_its_ends():
    lines = gpd.GeoDataFrame({"id": range(10), "name": ""}, geometry=[shapely.LineString([(0.1 * i, 0.0), (0.1 * i + 0.1, 0.0)]) for i in range(10)], crs=4326)
    rng = np.random.default_rng(6)
    s = np.r_[rng.uniform(0, 1, 1000), rng.normal(0.65, 0.02, 300)]
    told = pd.DataFrame({"lon": s, "lat": rng.uniform(-0.05, 0.05, 1300)})
    frame = Kde(grid="section", bandwidth_m=3000.0).apply(told, Ground(sections=lines))
    km = 11.13
    assert (frame.density * km).sum() == pytest.approx(1300, rel=0.01) and frame.density.idxmax() == 6
    assert frame.density[0] == pytest.approx(1000 / 111.3, rel=0.2), "the end of the line is no edge to fall off"
    expected = (1000 * 0.1 + 300 * (norm.cdf(0.7, 0.65, np.hypot(0.02, 3 / 111.3)) - norm.cdf(0.6, 0.65, np.hypot(0.02, 3 / 111.3)))) / km
    assert frame.density[6] == pytest.approx(expected, rel=0.1) and frame.attrs["told"]["unit"] == "seizures per km"
    bands = Kde(grid="square", cell_m=2000.0).apply(told, Ground(sections=lines, area=shapely.box(0, -0.3, 1, 0.3))).attrs["told"]["tables"]["from_border"]
    assert bands[0]["n"] > 1000 and bands[-1]["n"] == 0


def test_the_rule_at_one_place_is_refused_and_a_told_bandwidth_is_not():
    one = pd.DataFrame({"lon": [-97.5] * 30, "lat": [26.0] * 30})
    with pytest.raises(PointsRefused, match="the rule gives no bandwidth: tell bandwidth_m"):
        Kde(grid="square", cell_m=1000.0).apply(one)
    assert Kde(grid="square", cell_m=1000.0, bandwidth_m=3000.0).apply(one).density.max() > 0
    with pytest.raises(PointsRefused, match="tell a larger bandwidth_m"):
        Kde(grid="square", cell_m=5000.0, bandwidth_m=50.0).apply(points())


def test_silverman_is_his_rule():
    rng = np.random.default_rng(7)
    x, y = rng.normal(0, 100, 4000), rng.normal(0, 100, 4000)
    assert silverman(x, y) == pytest.approx(100 * 4000 ** (-1 / 6), rel=0.05)
