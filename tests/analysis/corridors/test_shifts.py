"""Planted shifts are found in their month with their neighbours; where nothing changed nothing is told."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.analysis.corridors.worlds import PLACES, flow, seizures

from analysis.corridors.shifts import Shifts
from analysis.ground import Ground
from errors import PointsRefused, TooFew

GROUND = Ground(places=PLACES)
STEADY = [("Colón", "Dallas"), ("Colón", "Béxar"), ("Essex", "Ayutla"), ("Dallas", "Colón")]


def world(seed: int, pressed: bool, n: int = 30) -> pd.DataFrame:
    """From month 18 on three in four of one corridor's go by its neighbour."""
    rng = np.random.default_rng(seed)
    at = np.arange(n) >= 18
    flows = [flow(rng, a, b, [8.0] * n) for a, b in STEADY]
    flows.append(flow(rng, "Ayutla", "Dallas", np.where(at & pressed, 4.0, 16.0)))
    flows.append(flow(rng, "Ayutla", "Essex", np.where(at & pressed, 17.0, 5.0)))
    return pd.concat(flows, ignore_index=True)


def test_a_balloon_that_is_pressed_is_found_on_both_sides():
    found = Shifts().apply(world(1, True), GROUND)
    told = found[(found.start == "Ayutla")].set_index("end")
    assert told.loc["Dallas", "word"] == "fell" and told.loc["Essex", "word"] == "rose"
    assert {told.loc["Dallas", "month"], told.loc["Essex", "month"]} <= {"2024-06", "2024-07", "2024-08"}
    assert told.loc["Dallas", "balloon"] == "Ayutla → Essex rose" and told.loc["Essex", "balloon"] == "Ayutla → Dallas fell"
    assert told.loc["Dallas", "before"] == pytest.approx(16, rel=0.3) and told.loc["Dallas", "times"] == pytest.approx(0.25, rel=0.4)
    assert json.loads(json.dumps(found.attrs["told"], allow_nan=False)) == found.attrs["told"] and "That one rose as another fell does not say" in " ".join(found.attrs["told"]["limits"])


def test_nothing_planted_is_seldom_told():
    """Each world looks at six corridors."""
    assert np.mean([len(Shifts().apply(world(seed, False), GROUND)) > 0 for seed in range(20, 40)]) <= 0.1


def test_what_rises_everywhere_is_no_shift_against_the_others():
    rng = np.random.default_rng(3)
    rising = np.where(np.arange(24) >= 12, 18.0, 6.0)
    points = pd.concat([flow(rng, a, b, rising) for a, b in [*STEADY, ("Ayutla", "Dallas"), ("East Gate", "West Gate")]], ignore_index=True)
    assert len(Shifts().apply(points, GROUND)) >= 5
    assert len(Shifts(against="others", near_km=0.0).apply(points, GROUND)) == 0


def test_the_same_seed_tells_the_same():
    one, other = (Shifts().apply(world(1, True), GROUND) for _ in range(2))
    assert one.equals(other) and one.attrs["told"] == other.attrs["told"]


def test_few_legs_are_not_looked_at_and_said():
    found = Shifts(least=1000).apply(world(1, True), GROUND)
    assert len(found) == 0 and any("6 corridors of fewer than 1000 legs were not looked at" in line for line in found.attrs["told"]["limits"])


@pytest.mark.parametrize("points, error, words", [
    (world(1, True)[:19], TooFew, "needs 20 points, 19 are given"), (world(1, True).assign(origin="", destination=""), PointsRefused, "no way is known: .* have no route told"),
    (world(1, True).assign(t=pd.Timestamp("2026-01-01T00:00:00Z")), PointsRefused, "needs 6 months, ways are told of 0"),
    (seizures([("Ayutla", "", "nowhere", "Dallas")] * 90), PointsRefused, "needs 6 months, ways are told of 4"),
])
def test_what_tells_of_no_shift_is_refused(points, error, words):
    with pytest.raises(error, match=words):
        Shifts().apply(points, GROUND)
