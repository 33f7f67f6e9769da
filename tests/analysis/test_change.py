"""Change candidates of made pairs, whose changes are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rasterio.features import rasterize
from rasterio.transform import from_origin

from analysis.change import Difference
from tests.analysis.scenes import PIXEL_M, SIDE_PX, pair

CRS = "EPSG:32614"
PLACE = from_origin(600_000, 2_900_000, PIXEL_M, PIXEL_M)


def judged(found, truth) -> tuple[int, int, int]:
    """True ones, false ones, missed ones."""
    met: set[int] = set()
    true = 0
    for shape in found.geometry:
        at = rasterize([shape], truth.shape, transform=PLACE, all_touched=True) > 0
        hit = set(np.unique(truth[at]).tolist()) - {0}
        true, met = true + bool(hit), met | hit
    return true, len(found) - true, len(set(np.unique(truth).tolist()) - {0} - met)


def test_what_was_planted_is_found_and_little_else():
    """Of changes of 35 to 70 grey levels; one that looks like what was beside it before is no change to any eye."""
    totals = np.zeros(3, int)
    for seed in range(5):
        both, truth = pair(seed, changes=8)
        totals += judged(Difference().apply(both, PLACE, CRS), truth)
    true, false, missed = totals
    assert true >= 0.85 * (true + missed) and false <= 0.05 * true


@pytest.mark.parametrize("seed", range(4))
def test_nothing_changed_and_nothing_is_told(seed):
    """Another light, haze and noise, and a misfit within the tolerance: no change."""
    assert len(Difference(tolerance_m=0.5).apply(pair(seed, moved_px=(0.6, -0.8))[0], PLACE, CRS)) <= 1


def test_a_misfit_costs_finds_and_makes_none_up():
    """Two pictures that do not lie on each other differ everywhere: that is their noise then, and little stands out of it."""
    aligned = misfit = np.zeros(3, int)
    for seed in range(3):
        for by in ((0.0, 0.0), (14.0, -12.0)):
            both, truth = pair(seed, changes=8, moved_px=by)
            told = np.array(judged(Difference().apply(both, PLACE, CRS), np.roll(truth, tuple(int(v) for v in by), (0, 1))))
            aligned, misfit = (aligned + told, misfit) if by == (0.0, 0.0) else (aligned, misfit + told)
    assert misfit[0] < 0.7 * aligned[0] and misfit[1] <= 2


def test_where_one_saw_nothing_nothing_is_told():
    both, truth = pair(3, changes=8)
    hidden = truth > 0
    found = Difference().apply(replace(both, valid_after=both.valid_after & ~hidden), PLACE, CRS)
    assert judged(found, truth)[0] == 0
    assert len(Difference().apply(replace(both, valid_after=np.zeros_like(hidden)), PLACE, CRS)) == 0


def test_places_sizes_and_which_way_are_told():
    both, _ = pair(4)
    after = both.after.copy()
    after[:, 100:120, 150:180] = 250
    found = Difference().apply(replace(both, after=after), PLACE, CRS)
    assert len(found) == 1 and found.crs == CRS
    (row,) = found.to_dict("records")
    west, south, east, north = row["geometry"].bounds
    assert abs(west - (600_000 + 150 * PIXEL_M)) < 1 and abs(north - (2_900_000 - 100 * PIXEL_M)) < 1
    assert row["area_m2"] == pytest.approx(20 * 30 * PIXEL_M**2, rel=0.35) and row["brighter"] > 0.9 and 0.5 < row["score"] < 1


def test_a_stronger_and_a_larger_one_score_more():
    score = Difference().score
    assert score(6, 10) < score(12, 10) < score(12, 100) < 1 and score(5.0, 4.0) == 0


def test_small_places_are_left_out():
    both, _ = pair(5)
    after = both.after.copy()
    after[:, 100:104, 100:104] = 255  # 0.64 m²
    assert len(Difference(least_m2=4.0).apply(replace(both, after=after), PLACE, CRS)) == 0
    assert SIDE_PX == both.before.shape[1]
