"""A forecast is shown only where it surely says more than the best of the plain ones, chosen on earlier times."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.forecast.scores import Tried
from analysis.forecast.withholding import judged, warm


def made(log: np.ndarray, hit: np.ndarray, found: float = 10.0) -> Tried:
    n = len(log)
    return Tried(log, np.full(n, found), hit, np.full(n, found), np.full(n, 0.1), np.full(n, found))


def noise(seed: int, n: int, mean: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, n)


FLAT = made(np.full(40, -50.0), np.full(40, 4.0))


def test_better_by_both_is_shown():
    told = judged(made(noise(0, 40, -48), noise(1, 40, 5.5)), {"counts": FLAT}, 0.1)
    assert not told.withheld and told.words == "better than counts at 30 times it was tried on" and told.scored == slice(10, 40)
    assert told.gain["log"][0] == pytest.approx(0.2, abs=0.05) and told.gain["pai"][0] == pytest.approx(1.5, abs=0.5)


@pytest.mark.parametrize("log, hit, words", [(-48.0, 4.0, "PAI differs"), (-50.0, 6.0, "log score a find differs"), (-50.0, 4.0, " and PAI"), (-60.0, 6.0, "log")])
def test_better_by_one_alone_is_not_enough(log, hit, words):
    told = judged(made(noise(0, 40, log), noise(1, 40, hit)), {"counts": FLAT}, 0.1)
    assert told.withheld and told.words.startswith("no better than counts: ") and words in told.words


def test_just_as_good_is_withheld():
    told = judged(FLAT, {"counts": FLAT}, 0.1)
    assert told.withheld and told.gain == {"log": (0, 0, 0), "pai": (0, 0, 0)}


def test_the_best_is_chosen_before_what_it_is_held_against():
    """One that wins only late is not chosen for the times that made it the best."""
    late = made(np.where(np.arange(40) < 30, -52.0, -10.0), np.full(40, 4.0))
    told = judged(made(noise(0, 40, -48), noise(1, 40, 5.5)), {"flat": FLAT, "late": late}, 0.1)
    assert told.best == {"log": "late", "pai": "flat"}
    # By origins before alone: flat at 10 to 30 (late has lost 2 at each of 30, and wins 40 at the 31st), late from the 32nd on.
    theirs = np.where(np.arange(40) <= 31, np.where(np.arange(40) <= 31, -50.0, 0), -10.0)
    by_hand = (noise(0, 40, -48)[10:] - theirs[10:]).sum() / 300
    assert told.gain["log"][0] == pytest.approx(by_hand, abs=0.15)


def test_the_best_by_each_score_is_its_own():
    """One baseline hits best, another tells numbers best: both must be beaten."""
    numbers, places = made(np.full(40, -47.0), np.full(40, 1.0)), made(np.full(40, -90.0), np.full(40, 8.0))
    told = judged(made(noise(0, 40, -48), noise(1, 40, 7)), {"numbers": numbers, "places": places}, 0.1)
    assert told.best == {"log": "numbers", "pai": "places"} and told.withheld and "no better than numbers" in told.words


def test_too_few_times_or_nothing_found_is_withheld_with_the_number():
    told = judged(made(noise(0, 13, -10), noise(1, 13, 9)), {"counts": made(np.full(13, -50.0), np.full(13, 4.0))}, 0.1)
    assert told.withheld and "on 9 earlier times, 10 are needed" in told.words
    assert judged(made(np.zeros(40), np.zeros(40), 0.0), {"counts": made(np.zeros(40), np.zeros(40), 0.0)}, 0.1).words.startswith("no forecast: nothing was found")
    assert [warm(n) for n in (0, 3, 10, 40)] == [0, 3, 4, 10]


def test_holding_impossible_what_came_is_withheld():
    log = noise(0, 40, -48)
    log[20] = -np.inf
    assert judged(made(log, noise(1, 40, 6)), {"counts": FLAT}, 0.1).withheld
