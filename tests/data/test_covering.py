"""The cells kept for a line hold every cell it crosses, and few others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, box

from data.covering import LEVEL_MAX, LEVEL_MIN, cover
from data.quadkey import CELL_LEVEL, HALF_M, mercator, squeeze_array

degree = st.floats(-60, 60, allow_nan=False)


def boxes(cells: np.ndarray) -> list:
    """The cells' squares in metres of EPSG:3857."""
    out = []
    for key in cells.tolist():
        level = key & 31
        side = 2 * HALF_M / (1 << level)
        (column,), (row,) = squeeze_array(np.array([key >> 5 >> 2 * (CELL_LEVEL - level)]))
        out.append(box(column * side - HALF_M, HALF_M - (row + 1) * side, (column + 1) * side - HALF_M, HALF_M - row * side))
    return out


@given(st.lists(st.tuples(degree, degree), min_size=2, max_size=12), st.floats(0.001, 1))
def test_no_part_of_a_line_is_outside_of_its_cells(vertices, size):
    lon, lat = (np.array(v) * size for v in zip(*vertices))
    line = LineString(np.column_stack(mercator(lon, lat)))
    _, cells = cover(lon, lat, np.array([0]))
    held = boxes(cells)
    outside = line
    for one in held:
        outside = outside.difference(one.buffer(1e-3))
    assert outside.length == pytest.approx(0, abs=1e-2)


def test_each_line_gets_its_own_few_cells_of_one_size():
    rng = np.random.default_rng(4)
    starts = np.arange(0, 3000, 30)
    lon = np.repeat(rng.uniform(-118, -97, 100), 30) + np.cumsum(rng.normal(0, 0.004, (100, 30)), 1).ravel()
    lat = np.repeat(rng.uniform(24, 33, 100), 30) + np.cumsum(rng.normal(0, 0.004, (100, 30)), 1).ravel()
    lines, cells = cover(lon, lat, starts)
    assert set(lines.tolist()) == set(range(100))
    for i in range(100):
        of_line = cells[lines == i]
        assert 1 <= len(of_line) <= 7 and len(set(of_line.tolist())) == len(of_line)
        assert len({int(c) & 31 for c in of_line}) == 1 and LEVEL_MIN <= int(of_line[0]) & 31 <= LEVEL_MAX


def test_a_line_over_the_corner_of_four_continents_of_cells_is_not_kept_under_the_whole_world():
    _, cells = cover(np.array([-0.01, 0.01]), np.array([-0.01, 0.01]), np.array([0]))
    assert all(int(c) & 31 == LEVEL_MAX for c in cells) and len(cells) == 4


def test_a_lone_fix_has_one_cell():
    assert len(cover(np.array([-97.5, -97.5]), np.array([26.0, 26.0]), np.array([0]))[1]) == 1
