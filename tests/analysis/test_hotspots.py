"""Gi* agrees with a kept library and finds what was planted; chance gives next to nothing."""

from __future__ import annotations

import warnings

import h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from analysis.false_discovery import benjamini_hochberg
from analysis.hexes import star
from analysis.hotspots import GiStar, gi_star


def points(rng: np.random.Generator, n: int, spread: float = 0.6) -> pd.DataFrame:
    return pd.DataFrame({"lon": rng.uniform(-98, -98 + spread, n), "lat": rng.uniform(26, 26 + spread, n)})


def test_gi_star_is_esdas():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import libpysal
        from esda.getisord import G_Local

    rng = np.random.default_rng(2)
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(26, -97.5, 6), 6))
    x = rng.poisson(2.0, len(cells)).astype(float)
    at = {c: i for i, c in enumerate(cells)}
    neighbours = {i: [at[o] for o in h3.grid_ring(c, 1) if o in at] for c, i in at.items()}
    ours = gi_star(x, star(np.array([h3.str_to_int(c) for c in cells])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = G_Local(x, libpysal.weights.W(neighbours, silence_warnings=True), star=True, transform="B", permutations=0).Zs
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_false_discovery_is_scipys():
    rng = np.random.default_rng(3)
    for n in (1, 2, 50, 1000):
        p = rng.random(n) ** 2
        assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p, method="bh"))
    assert benjamini_hochberg(np.array([])).size == 0


def test_a_planted_cluster_is_found_and_its_place_is_right():
    rng = np.random.default_rng(4)
    background, cluster = points(rng, 400), pd.DataFrame({"lon": rng.normal(-97.7, 0.02, 120), "lat": rng.normal(26.3, 0.02, 120)})
    found = GiStar(6).apply(pd.concat([background, cluster]))
    hot = found[found.level == 3]
    assert len(hot)
    middle = [h3.cell_to_latlng(h3.int_to_str(int(c))) for c in hot.h3]
    assert max(abs(lat - 26.3) + abs(lon + 97.7) for lat, lon in middle) < 0.25


def test_chance_alone_is_seldom_called_a_hotspot():
    """At a false-find rate of 5 %, runs of pure chance over the same ground should call next to nothing."""
    called = cells = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        # Spread over a whole disk of cells, so that the ground looked at has no edge of its own.
        disk = sorted(h3.grid_disk(h3.latlng_to_cell(26, -97.5, 6), 9))
        where = [h3.cell_to_latlng(disk[i]) for i in rng.integers(0, len(disk), 1200)]
        found = GiStar(6, reach=0).apply(pd.DataFrame(where, columns=["lat", "lon"]))
        called += (found.level > 0).sum()
        cells += len(found)
    assert called / cells < 0.01


def test_chance_that_lies_thinly_is_not_called_either():
    """Cells with enough to tell are the upper tail of all: by themselves, or by the normal distribution, each of them would be a hotspot."""
    called = told = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        disk = sorted(h3.grid_disk(h3.latlng_to_cell(26, -97.5, 6), 9))
        where = [h3.cell_to_latlng(disk[i]) for i in rng.integers(0, len(disk), 80)]
        found = GiStar(6, reach=3).apply(pd.DataFrame(where, columns=["lat", "lon"]))
        called, told = called + (found.level > 0).sum(), told + len(found)
    assert told > 50 and called / told < 0.1


def test_too_few_to_say_says_nothing():
    rng = np.random.default_rng(5)
    assert GiStar(8).apply(points(rng, 4)).empty
    assert (GiStar(7, min_n=5).apply(points(rng, 300)).n_around >= 5).all()


def test_nothing_gives_nothing():
    assert GiStar(6).apply(pd.DataFrame({"lon": [], "lat": []})).empty


def test_all_alike_is_no_hotspot():
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(26, -97.5, 6), 2))
    assert (gi_star(np.full(len(cells), 3.0), star(np.sort([h3.str_to_int(c) for c in cells]))) == 0).all()
