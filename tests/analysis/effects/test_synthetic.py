"""The mix is the nearest there is, a planted fall stands out among placebos, and chance is claimed no more than one time in twenty."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.optimize import minimize
from tests.analysis.effects.worlds import BOXES, DATES, START, zones

from analysis.effects.synthetic import ENOUGH, SURE, SyntheticControl, mixed, placebo
from analysis.ground import Ground
from errors import PointsRefused, TooFew

ALONE = Ground(zones=zones().query("role == 'operation'"))


def country(seed: int, fell: float = 0.0, n: int = 14_000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-98.6, -96.4, n), rng.uniform(25.0, 26.8, n)
    t = START + pd.to_timedelta(rng.uniform(-364, 182, n), unit="D")
    gone = shapely.contains_xy(BOXES["operation"], lon, lat) & (t >= START) & (rng.random(n) < fell)
    return pd.DataFrame({"lon": lon, "lat": lat, "t": t})[~gone]


@pytest.mark.parametrize("seed", range(5))
def test_weights_are_those_of_a_general_solver(seed):
    rng = np.random.default_rng(seed)
    others = rng.poisson(8, (6, 13)).astype(float)
    own = rng.dirichlet(np.ones(6)) @ others + rng.normal(0, 0.5, 13)
    other = minimize(lambda w: ((w @ others - own) ** 2).sum(), np.full(6, 1 / 6), bounds=[(0, 1)] * 6, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
                     options={"ftol": 1e-14, "maxiter": 1000}).x
    ours = mixed(own, others)
    assert ours.min() >= 0 and ours.sum() == pytest.approx(1) and ours == pytest.approx(other, abs=2e-3)
    assert ((ours @ others - own) ** 2).sum() <= ((other @ others - own) ** 2).sum() + 1e-4


def test_chance_is_claimed_one_time_in_twenty_at_most():
    rng = np.random.default_rng(1)
    p = []
    for _ in range(150):
        ratios = placebo(rng.poisson(8 * rng.gamma(20, 1 / 20, (30, 20))) / 8, 13)[1]
        p.append((ratios >= ratios[0]).mean())
    assert np.mean(np.array(p) <= SURE) <= 0.05 and 0.4 < np.mean(p) < 0.65  # uniform on 1/30 … 1


def test_what_fell_stands_out_and_the_rest_is_told():
    found = SyntheticControl(**DATES).apply(country(2, 0.7), ALONE)
    told = found.attrs["told"]
    assert found.loc[0, "word"] == "fell" and told["score"]["areas"] >= ENOUGH and told["score"]["p"] <= SURE
    assert -85 < told["score"]["change_pct"] < -55 and found.weight[1:].sum() > 0.9
    assert not any(shapely.intersects(g, shapely.buffer(BOXES["operation"], 0.01)) for g in found.geometry[1:])
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert SyntheticControl(**DATES).apply(country(2, 0.7), ALONE).equals(found)


def test_nothing_done_is_nothing_claimed():
    told = SyntheticControl(**DATES).apply(country(3), ALONE).attrs["told"]
    assert told["score"]["effect_claimed"] == "none" and told["words"].startswith("No effect is claimed")


def test_few_other_areas_claim_nothing_and_say_so():
    near = country(2, 0.9).query("-97.95 < lon < -97.05 and 25.45 < lat < 26.35")
    told = SyntheticControl(**DATES).apply(near, ALONE).attrs["told"]
    assert told["score"]["areas"] < ENOUGH and told["score"]["effect_claimed"] == "none"
    assert any(f"{ENOUGH} are needed before" in line for line in told["limits"])


@pytest.mark.parametrize("points, knobs, error, words", [
    (country(1)[:99], {}, TooFew, "needs 100 points, 99 are given"),
    (country(1), {"start": "2036-01-01T00:00:00Z", "end": "2036-06-01T00:00:00Z"}, PointsRefused, "outside of the data"),
    (country(1), {"step_days": 91}, PointsRefused, "needs 6 steps of 91 days before the operation and 2 of it; there are 4"),
    (country(1).assign(lon=-90.0), {}, PointsRefused, "needs 20 seizures in the operation's area before it, there are 0"),
    (country(1).assign(lon=-97.5, lat=25.9), {}, PointsRefused, "needs 5 other areas with seizures before the operation, there are 0"),
])
def test_what_carries_no_mix_is_refused(points, knobs, error, words):
    with pytest.raises(error, match=words):
        SyntheticControl(**(DATES | knobs)).apply(points, ALONE)
