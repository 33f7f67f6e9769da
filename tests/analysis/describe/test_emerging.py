"""Space-time Gi* is Gi* over the cube, Mann-Kendall is scipy's, and each class is found where it is planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse
from scipy.stats import kendalltau, norm

from analysis.describe.emerging import Emerging, space_time_gi_star
from analysis.describe.trend import mann_kendall
from analysis.ground import Ground
from analysis.hotspots import gi_star
from errors import PointsRefused, TooFew

BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)
DAY0 = pd.Timestamp("2025-01-01", tz="UTC")


def test_space_time_gi_star_is_gi_star_over_units_and_steps():
    rng = np.random.default_rng(1)
    beside = sparse.random_array((40, 40), density=0.1, rng=rng).astype(bool).astype(float)
    star = ((beside + beside.T + sparse.eye_array(40)) > 0).astype(float).tocsr()
    cube = rng.poisson(1.5, (40, 12)).astype(float)
    before = sparse.eye_array(12) + sparse.eye_array(12, k=-1)
    assert space_time_gi_star(cube, star) == pytest.approx(gi_star(cube.ravel(), sparse.kron(star, before).tocsr()).reshape(40, 12), abs=1e-9)
    assert (space_time_gi_star(np.ones((40, 12)), star) == 0).all()


def test_mann_kendall_is_scipys_and_the_published_example():
    rng = np.random.default_rng(2)
    for row in rng.normal(0, 1, (20, 30)):
        z, p = mann_kendall(row[None])
        theirs = kendalltau(np.arange(30), row, method="asymptotic")
        # scipy has no correction for continuity: taken back here
        s = theirs.statistic * 30 * 29 / 2
        assert z[0] == pytest.approx((s - np.sign(s)) / np.sqrt(30 * 29 * 65 / 18)) and p[0] == pytest.approx(2 * norm.sf(abs(z[0])))
        assert abs(p[0] - theirs.pvalue) < 0.05
    # ties: the variance by hand, groups of 3 and 2 in 6 values
    z, _ = mann_kendall(np.array([[1.0, 1, 1, 2, 2, 3]]))
    assert z[0] == pytest.approx((11 - 1) / np.sqrt((6 * 5 * 17 - 3 * 2 * 11 - 2 * 1 * 9) / 18))


def world(rates: dict[str, list[float]], seed: int = 1) -> pd.DataFrame:
    """Points of 12 months: a thin background, and places with so many a month each."""
    rng = np.random.default_rng(seed)
    where = {"west": (-97.8, 25.8), "middle": (-97.5, 26.0), "east": (-97.2, 26.2), "north": (-97.8, 26.3)}
    parts = [pd.DataFrame({"lon": rng.uniform(-98, -97, 300), "lat": rng.uniform(25.5, 26.5, 300), "day": rng.uniform(0, 360, 300)})]
    for name, months in rates.items():
        for month, rate in enumerate(months):
            n = round(rate)
            parts.append(pd.DataFrame({"lon": rng.normal(where[name][0], 0.01, n), "lat": rng.normal(where[name][1], 0.01, n), "day": rng.uniform(30 * month, 30 * month + 30, n)}))
    points = pd.concat(parts)
    return points.assign(t=DAY0 + pd.to_timedelta(points.day, unit="D")).drop(columns="day")


@pytest.mark.parametrize("months, classes", [
    ([20] * 12, {"persistent"}), ([0] * 11 + [25], {"new"}), ([20 * 1.1**i for i in range(12)], {"intensifying"}), ([60 * 0.91**i for i in range(12)], {"diminishing"}),
    ([0] * 8 + [25] * 4, {"consecutive"}), ([0, 25, 0, 0, 25, 25, 0, 0, 0, 0, 25, 25], {"sporadic", "oscillating"}), ([20] * 10 + [0, 0], {"historical"}), ([0] * 12, {""}),
])
def test_each_class_is_found_where_it_is_planted(months, classes):
    frame = Emerging(grid="square", cell_m=8000.0).apply(world({"west": months}), Ground(area=BOX))
    assert frame[frame.contains(shapely.Point(-97.8, 25.8))]["class"].item() in classes
    assert frame.attrs["told"]["words"].startswith("Over 12 steps of 30 days:") and set(frame.columns) - {"geometry"} == set(Emerging.LEGEND)


def test_chance_has_next_to_no_class():
    frames = [Emerging(grid="square", cell_m=12_000.0).apply(world({}, seed), Ground(area=BOX)) for seed in range(10)]
    assert sum((frame["class"] != "").sum() for frame in frames) / sum(map(len, frames)) < 0.01


def test_a_first_step_that_is_not_whole_is_left_out_and_said():
    points = world({"west": [20] * 12})
    frame = Emerging(grid="square", cell_m=8000.0, step_days=33.0).apply(points, Ground(area=BOX))
    left = sum(int(said.split()[0]) for said in frame.attrs["told"]["limits"] if "before the first whole step" in said)
    assert 0 < left < 60 and len(frame.attrs["told"]["tables"]["steps"]) == 10 and sum(s["value"] for s in frame.attrs["told"]["tables"]["steps"]) == len(points) - left


def test_too_short_a_time_is_refused_with_what_is_needed():
    points = world({}).assign(t=DAY0)
    with pytest.raises(PointsRefused, match="needs 10 steps of 30 days; the seizures span 0.0 days, which is 0"):
        Emerging().apply(points)
    with pytest.raises(TooFew, match="emerging needs 60 points, 59"):
        Emerging().apply(points[:59])
