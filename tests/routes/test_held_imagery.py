"""Which tiles a briefing's imagery is of: those that an outline meets, as morecantile has them, and never more than it may have."""

from __future__ import annotations

import morecantile
import numpy as np
import shapely

from routes.held_imagery import cells

GRID = morecantile.tms.get("WebMercatorQuad")


def test_cells_are_the_tiles_that_an_outline_meets():
    turned = shapely.affinity.rotate(shapely.box(-97.62, 25.9, -97.41, 26.03), 30)
    for z in (6, 11, 14):
        wanted = {(t.x, t.y) for t in GRID.tiles(*turned.bounds, z) if shapely.box(*GRID.bounds(t)).intersects(turned)}
        assert set(cells(np.array([turned]), z, 10_000)) == wanted
    assert len(wanted) < len(list(GRID.tiles(*turned.bounds, 14))), "a corner that nothing lies in is left out"


def test_more_than_may_be_is_none_and_not_a_part():
    one = np.array([shapely.box(-97.62, 25.9, -97.41, 26.03)])
    n = len(cells(one, 14, 10_000))
    assert len(cells(one, 14, n)) == n and cells(one, 14, n - 1) is None
    assert cells(np.array([shapely.box(-180, -85, 180, 85)]), 24, 1000) is None
    assert cells(np.array([shapely.box(179.9, -0.1, 180, 0.1)]), 3, 10) == [(7, 3), (7, 4)]
