"""No small number of another agency can be found in what goes outside, whatever else somebody holds against it."""

from __future__ import annotations

from itertools import product

import h3
import numpy as np
import pandas as pd
import pytest

from analysis.small_counts import K, RESOLUTION, given_out

OWN, OTHER, THIRD = 1, 2, 3
MIDDLE = h3.latlng_to_cell(25.9, -97.5, RESOLUTION)
RING = [c for c in h3.grid_disk(MIDDLE, 1) if c != MIDDLE]


def points(*told: tuple[str, int, int], level: int = 2) -> pd.DataFrame:
    """(cell, agency, how many) as points in the middle of their cells."""
    rows = [(*h3.cell_to_latlng(cell), agency, level) for cell, agency, n in told for _ in range(n)]
    return pd.DataFrame(rows, columns=["lat", "lon", "agency", "level"]).astype({"lat": float, "lon": float, "agency": int, "level": int})


def same(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    return a.equals(b)


@pytest.mark.parametrize("own", [0, 1, 3, 4, 5, 6, 9, 14, 40])
def test_what_is_under_k_of_another_leaves_no_trace(own):
    """The attack by difference with everything else known: the file is the same for each small number, so no sum over it can tell them apart."""
    around = [(c, OWN, 7 + i) for i, c in enumerate(RING)]
    files = [given_out(points((MIDDLE, OWN, own), (MIDDLE, OTHER, n), (RING[0], OTHER, m), *around), {OWN}) for n, m in product(range(K), (0, 4))]
    assert all(same(files[0], f) for f in files[1:])


def test_agencies_together_do_not_hide_behind_each_other_nor_tell_of_each_other():
    """The reader may be one of them: what is left when it takes its own away is none or at least K."""
    for n in range(K):
        base = given_out(points((MIDDLE, OWN, 12), (MIDDLE, OTHER, 20), (MIDDLE, THIRD, 0)), {OWN})
        assert same(base, given_out(points((MIDDLE, OWN, 12), (MIDDLE, OTHER, 20), (MIDDLE, THIRD, n)), {OWN}))


def test_two_files_held_against_each_other_tell_of_no_small_number():
    """One file under a narrower filter than the other: what lies between them, as far as the reader can tell, may always be none or K and more."""
    for own in (0, 3, 8):
        told = [given_out(points((MIDDLE, OWN, own), (MIDDLE, OTHER, other)), {OWN}).to_csv() for other in range(40)]
        for narrow, more in product(range(16), range(1, K)):
            fits = {b - a for a, b in product(range(40), repeat=2) if a <= b and told[a] == told[narrow] and told[b] == told[narrow + more]}
            assert more in fits and (0 in fits or max(fits) >= K), (own, narrow, more, sorted(fits))


def test_what_is_told_is_right():
    out = given_out(points((MIDDLE, OWN, 13), (MIDDLE, OTHER, 6), (RING[0], OWN, 3), (RING[1], OTHER, 4), (RING[2], 0, 5)), {OWN}).set_index("h3")
    at = {c: h3.str_to_int(c) for c in (MIDDLE, *RING)}
    assert out.at_least[at[MIDDLE]] == 15, "19, rounded down"
    assert out.at_least[at[RING[0]]] == 0, "one's own under 5"
    assert at[RING[1]] not in out.index, "another's under 5 is not even there"
    assert out.at_least[at[RING[2]]] == 5, "nobody's rows are the house's"
    assert not set(out.columns) & {"n", "n_around", "kg", "z", "p", "q"}, "each of these gives the numbers back"


def test_the_marking_is_of_what_counts():
    rows = pd.concat([points((MIDDLE, OWN, 9), level=1), points((MIDDLE, OTHER, 4), level=2)])
    assert given_out(rows, {OWN}).closed.tolist() == [1]
    assert given_out(pd.concat([rows, points((MIDDLE, OTHER, 1), level=2)]), {OWN}).closed.tolist() == [2]


def test_a_cluster_is_still_found():
    out = given_out(points((MIDDLE, OWN, 60), *((c, OTHER, 20) for c in RING)), {OWN})
    assert out.level.max() == 3 and len(out) == 7


def test_nothing_gives_nothing():
    assert given_out(points(), {OWN}).empty
    assert np.array_equal(given_out(points((MIDDLE, OTHER, 4)), {OWN}).h3, [])
