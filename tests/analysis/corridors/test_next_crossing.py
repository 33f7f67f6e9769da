"""What follows is found on months held out, no better than chance is withheld, and nothing of what is scored was known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.analysis.corridors.worlds import PLACES, passes, seizures

from analysis.corridors.chain import Chain
from analysis.corridors.next_crossing import NextCrossing
from analysis.ground import Ground
from errors import KnobRefused, PointsRefused

GROUND = Ground(places=PLACES)
SOUTH, GATES, NORTH = ["Ayutla", "Colón"], ["East Gate", "Mid Gate", "West Gate"], ["Béxar", "Dallas", "Essex"]


def planted(seed: int, n: int = 400, shuffled: bool = False) -> pd.DataFrame:
    """From each town mostly by one gate, and from each gate, by where one came from, mostly to one town."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        a = rng.integers(2)
        g = rng.choice(3, p=[[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]][a])
        b = rng.choice(3, p=np.roll([0.8, 0.1, 0.1], a + g)) if not shuffled else rng.integers(3)
        rows.append((SOUTH[a], GATES[g if not shuffled else rng.integers(3)], "nowhere", NORTH[b]))
    return seizures(rows)


def test_counts_by_hand():
    """One way 0 → 1: after 1 nothing is known, so each longer memory says what the shorter one does."""
    chain = Chain(3, [(0, 1)], lean=1.0)
    assert chain.next((0,)) == pytest.approx([0, 10 / 11, 1 / 11])  # (p0 + one sight of 1) / 2 is 1/12, 10/12, 1/12
    p0 = np.array([1 / 3, 4 / 3, 1 / 3]) / 2
    after_1 = np.where([True, False, True], p0, 0)
    assert chain.next((2, 1)) == pytest.approx(after_1 / after_1.sum()) and chain.seen((1,)) == 0
    assert chain.naive((0,)).tolist() == [-1, 1, 0]


def test_what_was_planted_is_told_and_beats_the_most_frequent_answer():
    found = NextCrossing(after="Ayutla > East Gate").apply(planted(1), GROUND)
    told = found.attrs["told"]
    assert found.end[0] == "Béxar" and 0.6 < found.probability[0] < 0.95 and found.probability.is_monotonic_decreasing and (found.start == "East Gate").all()
    assert not told["withheld"] and told["score"]["hits"]["top1"][0] > 0.65 > told["score"]["hits"]["top1"][1]
    assert told["verdict"].startswith("Better than the most frequent answer on") and json.loads(json.dumps(told, allow_nan=False)) == told
    other = NextCrossing(after="Colón > East Gate").apply(planted(1), GROUND)
    assert other.end[0] == "Dallas", "where one came from counts"


def test_shuffled_ways_are_withheld():
    """Chance has nothing to tell; the naive answer among three gates and three towns knows as much but for which kind comes next, so kinds are mixed too."""
    def told(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        names = [*GATES, *NORTH, *SOUTH]
        rows = [(*rng.choice(names, 2, replace=False), "nowhere", str(rng.choice(names))) for _ in range(120)]
        return NextCrossing(held_months=3).apply(seizures(rows), GROUND).attrs["told"]["withheld"]
    assert np.mean([told(seed) for seed in range(30)]) >= 0.95


def test_withheld_means_no_numbers():
    rng = np.random.default_rng(4)
    rows = [(*rng.choice(GATES + NORTH, 2, replace=False), "nowhere", "") for _ in range(100)]
    found = NextCrossing().apply(seizures([(a, b, c, d) for a, b, c, d in rows]), GROUND)
    assert found.attrs["told"]["withheld"] and len(found) == 0 and found.attrs["told"]["words"].startswith("Withheld. No better than the most frequent answer")


def test_too_little_to_be_tried_on_is_withheld():
    told = NextCrossing().apply(planted(1, n=5), GROUND).attrs["told"]
    assert told["withheld"] and "20 are needed" in told["verdict"]


def test_what_comes_later_is_not_known_before():
    """A habit that begins with the month held out can't be known: were it, hits would be near all."""
    before, after = seizures([("Ayutla", "East Gate", "nowhere", "Béxar")] * 200), seizures([("Ayutla", "West Gate", "nowhere", "Essex")] * 28)
    after["t"] = pd.date_range("2025-08-01", periods=28, freq="1D", tz="UTC")
    told = NextCrossing(held_months=1).apply(pd.concat([before, after]), GROUND).attrs["told"]
    assert told["score"]["tried"] == 56 and told["score"]["hits"]["top1"][0] == 0 and told["withheld"]


def test_a_track_is_read_to_its_newest_places():
    rng = np.random.default_rng(2)
    ways = {f"t{i}": (["East Gate", "Port Haven", "Mid Gate"] if rng.random() < 0.9 else ["West Gate", "Port Haven", "East Gate"]) for i in range(150)}
    seen = pd.concat([passes({k: w}, start=f"2025-{1 + i // 15:02d}-{1 + i % 15:02d}") for i, (k, w) in enumerate(ways.items())], ignore_index=True)
    here = passes({"mine": ["East Gate", "Port Haven"]}, start="2025-10-20")
    ground = Ground(places=PLACES, passes=pd.concat([seen, here], ignore_index=True))
    found = NextCrossing(track="mine", snap_km=10).apply(seizures([("", "", "nowhere", "")]), ground)
    assert (found.start == "Port Haven").all() and found.end[0] == "Mid Gate" and found.probability[0] > 0.8


def test_of_nothing_asked_all_places_are_told():
    found = NextCrossing(most=2).apply(planted(1), GROUND)
    assert set(found.start) == set(SOUTH) | set(GATES) and (found.groupby("start").size() == 2).all()
    assert NextCrossing(most=2).apply(planted(1).sample(frac=1, random_state=1), GROUND).equals(found)


@pytest.mark.parametrize("knobs, points, error, words", [
    ({"track": "x"}, planted(1), KnobRefused, "track 'x' is not known"), ({"after": "Atlantis"}, planted(1), KnobRefused, "after names 'Atlantis', and no crossing"),
    ({"after": " > "}, planted(1), KnobRefused, "after names"), ({"after": "Ayutla", "track": "x"}, planted(1), KnobRefused, "not of both"),
    ({}, planted(1).assign(origin="", transit="", destination=""), PointsRefused, "no way is known"),
])
def test_what_cannot_be_asked_is_refused(knobs, points, error, words):
    with pytest.raises(error, match=words):
        NextCrossing(**knobs).apply(points, GROUND)
