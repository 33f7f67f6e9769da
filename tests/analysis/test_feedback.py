"""The loop of patrols that are sent to where patrols found most: reproduced with raw counts, and gone when what they discovered counts by how much they looked.

Source: Ensign, Friedler, Neville, Scheidegger & Venkatasubramanian 2018, Runaway feedback loops in predictive policing (FAT*, PMLR 81). All worlds are made.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import spearmanr

from analysis.describe.counting import AS_FOUND, BY_EFFORT
from analysis.describe.rates import Rates
from analysis.ground import Ground

DAYS, RUNS = 5000, 30


def urn(rates: tuple[float, float], corrected: bool, seed: int) -> float:
    """Their urn: one patrol a day goes to A or B by what is in the urn; what it discovers goes in. Corrected: the less likely, the likelier it was sent there.

    The share of A at the end.
    """
    rng = np.random.default_rng(seed)
    of = np.array([10.0, 10.0])
    for sent, found, kept in rng.random((DAYS, 3)):
        share = of / of.sum()
        at = int(sent > share[0])
        if found < rates[at] and (not corrected or kept < 1 - share[at]):
            of[at] += 1
    return float(of[0] / of.sum())


def test_raw_counts_send_nearly_all_patrols_to_the_slightly_worse_place():
    raw = [urn((0.6, 0.4), False, seed) for seed in range(RUNS)]
    assert np.mean(raw) > 0.75 and np.mean(raw) - 0.6 > 0.15, "six of ten happen there, and far more than six of ten patrols go"


def test_raw_counts_of_places_alike_end_anywhere():
    assert np.std([urn((0.5, 0.5), False, seed) for seed in range(RUNS)]) > 0.08
    assert np.std([urn((0.5, 0.5), True, seed) for seed in range(RUNS)]) < 0.02


def test_corrected_counts_end_at_the_truth():
    ends = [urn((0.6, 0.4), True, seed) for seed in range(RUNS)]
    assert np.mean(ends) == pytest.approx(0.6, abs=0.01) and np.std(ends) < 0.02


PLACES = 12
LINES = gpd.GeoDataFrame({"id": range(PLACES), "name": ""}, geometry=[shapely.LineString([(-98 + i / 10, 26), (-97.9 + i / 10, 26)]) for i in range(PLACES)], crs=4326)
TRUE = np.random.default_rng(7).permutation(np.linspace(0.03, 0.12, PLACES))  # found by one hour of looking


def patrolled(discovered: str, seed: int, rounds: int = 30, hours: int = 500) -> np.ndarray:
    """Shares of patrols by place after so many rounds, each sent by what our own method makes of everything found and looked at so far."""
    rng = np.random.default_rng(seed)
    method = Rates(grid="section", border_km=15.0, discovered=discovered)
    spent, found = np.full(PLACES, 200.0), rng.poisson(200 * TRUE)  # all known a little: what is never looked at, no weight brings back
    lucky = rng.integers(PLACES)
    spent[lucky], found[lucky] = 1000.0, rng.poisson(1000 * TRUE[lucky])  # one place has a history of being looked at
    share = np.full(PLACES, 1 / PLACES)
    for _ in range(rounds):
        at = np.repeat(np.arange(PLACES), found)
        points = pd.DataFrame({"lon": -97.95 + at / 10, "lat": 26.0, "found_by": "patrol"})
        looked = gpd.GeoDataFrame({"hours": spent, "by": "patrol"}, geometry=shapely.box(-98 + np.arange(PLACES) / 10, 25.9, -97.9 + np.arange(PLACES) / 10, 26.1), crs=4326)
        share = method.counted(points, Ground(sections=LINES, effort=looked)).x
        share = share / share.sum()
        sent = rng.multinomial(hours, share)
        spent, found = spent + sent, found + rng.binomial(sent, TRUE)
    return share


def test_our_own_counts_run_away_as_found_and_do_not_by_effort():
    truth = TRUE / TRUE.sum()
    raw, corrected = (np.array([patrolled(how, seed) for seed in range(2)]) for how in (AS_FOUND, BY_EFFORT))
    wrong = [np.abs(shares - truth).sum(axis=1) / 2 for shares in (raw, corrected)]
    assert wrong[0].min() > 0.18 and raw.max(axis=1).min() > 1.4 * truth.max(), "every fifth patrol and more is where it should not be"
    assert wrong[1].max() < 0.08 and corrected.max(axis=1).max() < 1.15 * truth.max()


def test_ranks_follow_the_truth_by_effort_and_not_as_found():
    """A border looked at unevenly: where patrols were is not where most would be found."""
    rng = np.random.default_rng(3)
    hours = 30_000 * rng.permutation(np.geomspace(0.05, 1, PLACES))
    found = rng.poisson(hours * TRUE)
    points = pd.DataFrame({"lon": -97.95 + np.repeat(np.arange(PLACES), found) / 10, "lat": 26.0, "found_by": "patrol"})
    looked = gpd.GeoDataFrame({"hours": hours, "by": "patrol"}, geometry=shapely.box(-98 + np.arange(PLACES) / 10, 25.9, -97.9 + np.arange(PLACES) / 10, 26.1), crs=4326)
    ground = Ground(sections=LINES, effort=looked)
    raw, by_effort = (Rates(grid="section", border_km=15.0, discovered=how).counted(points, ground).x for how in (AS_FOUND, BY_EFFORT))
    assert spearmanr(by_effort, TRUE).statistic >= 0.9 > 0.7 > spearmanr(raw, TRUE).statistic
    per_hour = Rates(grid="section", border_km=15.0, per="hours").apply(points, ground)
    assert spearmanr(per_hour["rate"], TRUE[per_hour.unit.astype(int)]).statistic >= 0.9
