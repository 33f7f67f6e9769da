"""The plan is the best of all plans where all can be tried."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import sparse

from analysis.allocate.cover import GAP, most_covered


def best_by_trying(value, reach, shifts, kind, covers) -> float:
    ways = [[c for k in range(int(shifts[u]) + 1) for c in combinations(np.flatnonzero(reach[u]), k)] for u in range(len(shifts))]
    found = 0.0
    for way in product(*ways):
        seen = np.zeros(len(value), bool)
        for u, places in enumerate(way):
            for place in places:
                seen |= covers[kind[u]].toarray()[place] > 0
        found = max(found, float(value @ seen))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_nothing_covers_more(seed):
    rng = np.random.default_rng(seed)
    value, reach = rng.gamma(1, 1, 7), rng.random((3, 7)) < 0.6
    covers = {k: sparse.csr_array(np.maximum(np.eye(7), (rng.random((7, 7)) < p))) for k, p in (("patrol", 0.1), ("drone", 0.3))}
    shifts, kind = rng.integers(1, 3, 3), np.array(["patrol", "drone", "patrol"])
    plan = most_covered(value, reach, shifts, kind, covers, np.array([], int))
    assert (plan.goes.sum(axis=1) <= shifts).all() and not plan.goes[~reach].any()
    seen = np.zeros(7, bool)
    for u, place in zip(*np.nonzero(plan.goes)):
        seen |= covers[kind[u]].toarray()[place] > 0
    assert (plan.covered > 0.5).tolist() == seen.tolist()
    best = best_by_trying(value, reach, shifts, kind, covers)
    assert value @ plan.covered >= best * (1 - GAP) and value @ plan.covered * (1 + plan.gap) >= best - 1e-9


def test_places_that_must_be_gone_to_come_first():
    alone = {"patrol": sparse.eye_array(4).tocsr()}
    plan = most_covered(np.array([9.0, 8.0, 7.0, 0.0]), np.ones((1, 4), bool), np.array([2]), np.array(["patrol"]), alone, np.array([3]))
    assert plan.goes.tolist() == [[1, 0, 0, 1]] and plan.gap < 1e-6
    out_of_reach = most_covered(np.array([9.0, 8.0, 7.0, 0.0]), np.array([[True, True, True, False]]), np.array([2]), np.array(["patrol"]), alone, np.array([3]))
    assert out_of_reach.goes.tolist() == [[1, 1, 0, 0]]


def test_nothing_in_reach_is_no_plan():
    plan = most_covered(np.ones(2), np.zeros((1, 2), bool), np.array([1]), np.array(["patrol"]), {"patrol": sparse.eye_array(2).tocsr()}, np.array([], int))
    assert plan.goes.sum() == 0 and plan.covered.tolist() == [0, 0]
