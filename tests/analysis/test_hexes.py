"""Cells of places and what lies round them are H3's own, whatever was asked before, and no more is kept than may be."""

from __future__ import annotations

import h3
import numpy as np
import pytest

from analysis.hexes import cells_of, grown, star
from analysis.remembered import Remembered


@pytest.mark.parametrize("resolution", [3, 5, 8])
def test_cells_of_places_are_h3s(resolution):
    rng = np.random.default_rng(resolution)
    lon, lat = rng.uniform(-180, 180, 500), rng.uniform(-89, 89, 500)
    lon[:2], lat[:2] = (-180.0, 180.0), (0.0, -0.0000001)
    for some in (slice(0, 300), slice(200, 500), slice(None)):  # new ones, some known, all known
        told = cells_of(lon[some], lat[some], resolution)
        near = [h3.str_to_int(h3.latlng_to_cell(round(b, 7), round(a, 7), resolution)) for a, b in zip(lon[some].tolist(), lat[some].tolist())]
        assert told.tolist() == near


def test_what_lies_round_cells_is_h3s_at_a_pentagon_too():
    pentagon = h3.get_pentagons(4)[0]
    for text in (pentagon, h3.latlng_to_cell(25.9, -97.5, 4)):
        cell = np.array([h3.str_to_int(text)])
        for rings in (0, 1, 3):
            assert grown(cell, rings).tolist() == sorted(h3.str_to_int(c) for c in h3.grid_disk(text, rings))
        cells = grown(cell, 2)
        near = star(cells).toarray()
        for i, c in enumerate(cells.tolist()):
            told = {h3.str_to_int(o) for o in h3.grid_disk(h3.int_to_str(c), 1)} & set(cells.tolist())
            assert {int(cells[j]) for j in np.flatnonzero(near[i])} == told and set(near[i]) <= {0.0, 1.0}


def test_no_more_is_kept_than_may_be_and_all_is_right_all_the_same():
    asked: list[int] = []
    square = Remembered(lambda n: asked.extend(n.tolist()) or n * n, most=5)
    for numbers in ([1, 2, 3], [3, 4], [], [1, 2, 3, 4], [9, 8, 7], [9, 1], [1, 2, 3, 4, 5, 6, 7], [4, 4]):
        numbers = np.array(numbers, np.int64)
        assert square(numbers).tolist() == (numbers * numbers).tolist()
        assert square._held is None or len(square._held[0]) <= 5
    assert asked[:4] == [1, 2, 3, 4] and 9 in asked
