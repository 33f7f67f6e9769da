"""Gi* and local Moran against esda and the authors' own example; what is planted is found, chance is not called, small numbers are left open."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from analysis.describe.gi_star import GiStar, with_itself
from analysis.describe.local_moran import LocalMoran, local_moran
from analysis.grids.squares import SquareGrid
from analysis.ground import Ground
from analysis.hotspots import gi_star
from analysis.points import checked

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import libpysal
    from esda.getisord import G_Local
    from esda.moran import Moran_Local

BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)


def lattice(n: int, within: float) -> sparse.csr_array:
    at = np.column_stack([part.ravel() for part in np.meshgrid(np.arange(n), np.arange(n))])
    pairs = cKDTree(at).query_pairs(within, output_type="ndarray")
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    return sparse.csr_array((np.ones(one.size), (one, other)), shape=(n * n, n * n))


def pysals(neighbours: sparse.csr_array):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return libpysal.weights.W({i: neighbours.indices[neighbours.indptr[i]:neighbours.indptr[i + 1]].tolist() for i in range(neighbours.shape[0])}, silence_warnings=True)


def planted(seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"lon": np.r_[rng.uniform(-98, -97, 400), rng.normal(-97.7, 0.02, 120)], "lat": np.r_[rng.uniform(25.5, 26.5, 400), rng.normal(26.3, 0.02, 120)]})


def test_getis_and_ords_own_example_of_256_cells():
    x = np.loadtxt(Path(__file__).with_name("getis_ord_1996.csv"), delimiter=",").ravel()
    star = lattice(16, 1.0) + sparse.eye_array(256, format="csr")
    cell = 256 - 136 - 1  # theirs is counted from the top, ours from the bottom
    z = gi_star(x, star.tocsr())[cell]
    assert z == pytest.approx(1.45078, abs=1e-5), "as their formula 14.2 gives"
    assert z * np.sqrt(255 / 256) == pytest.approx(1.4479, abs=1e-4), "as they print it on p. 267, with n - 1 in the variance"


def test_local_moran_is_esdas():
    rng = np.random.default_rng(2)
    beside = lattice(20, 1.5)
    x = rng.poisson(2.0, 400).astype(float)
    moran, z = local_moran(x, beside)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Moran_Local(x, pysals(beside), transformation="r", permutations=0)
    assert moran == pytest.approx(theirs.Is, abs=1e-9)
    # their I has n - 1 for a factor, their moments n
    assert z == pytest.approx((theirs.Is * 400 / 399 - theirs.EIc) / np.sqrt(theirs.VIc), abs=1e-9)


def test_local_moran_z_is_what_permutations_give():
    rng = np.random.default_rng(3)
    beside = lattice(12, 1.5)
    x = rng.gamma(2.0, 2.0, 144)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Moran_Local(x, pysals(beside), permutations=4999, seed=1, n_jobs=1, keep_simulations=True)
    assert local_moran(x, beside)[1] == pytest.approx(theirs.z_sim, abs=0.15)


def test_gi_star_on_a_grid_is_esdas_with_a_neighbourless_unit_too():
    points = checked(planted(), method="test")
    grid = SquareGrid(5000.0)
    units = grid.units(points, Ground(area=BOX, land=shapely.union_all([shapely.box(-98, 25.5, -97.4, 26.5), shapely.box(-97.02, 25.52, -97.0, 25.54)])))
    x = np.asarray(grid.spread(points, units).sum(axis=0)).ravel()
    lonely = np.asarray(units.neighbours.sum(axis=1)).ravel() == 0
    z = gi_star(x, with_itself(units))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = G_Local(x, pysals(units.neighbours), star=True, transform="B", permutations=0).Zs
    assert z == pytest.approx(theirs, abs=1e-9) and np.isfinite(z[lonely]).all()


@pytest.mark.parametrize("method", [GiStar(grid="square", cell_m=5000.0), LocalMoran(grid="square", cell_m=5000.0), GiStar(), LocalMoran()], ids=str)
def test_what_is_planted_is_found_where_it_is(method):
    frame = method.apply(planted(), Ground(area=BOX))
    hot = frame[frame.level >= 2] if "level" in frame else frame[frame["class"] == "much among much"]
    at = hot.geometry.to_crs(32614).centroid.to_crs(4326)
    assert len(hot) and (np.hypot(at.x + 97.7, at.y - 26.3) < 0.25).all()
    assert (frame.n_around >= 5).all() and frame.n[frame.n.notna()].isin([0]).sum() + (frame.n >= 5).sum() == frame.n.notna().sum(), "1 to 4 are left open"
    assert set(frame.columns) - {"geometry"} == set(type(method).LEGEND)


@pytest.mark.parametrize("n", [40, 100, 300, 2000])
@pytest.mark.parametrize("method", [GiStar(grid="square", cell_m=5000.0), LocalMoran(grid="square", cell_m=5000.0)], ids=str)
def test_chance_is_seldom_called_however_thin_it_lies(method, n):
    """Of all units; those with too few to tell are not called either, and most of those told are not."""
    called = worlds = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frame = method.apply(pd.DataFrame({"lon": rng.uniform(-98, -97, n), "lat": rng.uniform(25.5, 26.5, n)}), Ground(area=BOX))
        hot = int(((frame.q <= 0.05) & (frame.z > 0)).sum())
        called, worlds = called + hot, worlds + (hot > 0)
    assert called / (20 * 440) < 0.002, f"{called} units, in {worlds} of 20 worlds"


def test_the_same_twice_to_the_last_bit_and_weights_are_told():
    rng = np.random.default_rng(1)
    points = planted().assign(kg=np.r_[[8000.0], rng.gamma(1, 2, 519)], precision_m=rng.choice([0.0, 5000.0], 520))
    method = GiStar(grid="square", cell_m=5000.0, weight="kg")
    one, two = method.apply(points, Ground(area=BOX)), method.apply(points, Ground(area=BOX))
    assert one.drop(columns="geometry").equals(two.drop(columns="geometry")) and one.attrs["told"] == two.attrs["told"]
    said = " ".join(one.attrs["told"]["limits"])
    assert "One seizure of 8,000 kg is" in said and "shared out over where it may be" in said and "No effort data" in one.attrs["told"]["effort"]
