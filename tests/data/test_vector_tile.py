"""Our own encoding of tiles, read back by another's decoder."""

from __future__ import annotations

import mapbox_vector_tile
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data.vector_tile import LineFeature, layer, varints

ends = st.integers(-3000, 3000)


@given(st.lists(st.tuples(ends, ends, ends, ends), min_size=1, max_size=40), st.integers(1, 2**31))
def test_lines_come_back_as_they_were(lines, number):
    x0, y0, x1, y1 = (np.array(v) for v in zip(*lines))
    tile = layer("tracks", 512, [LineFeature(x0, y0, x1, y1, {"kind": "vessel", "each": number, "passes": number})])
    told = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["tracks"]
    assert told["extent"] == 512 and told["version"] == 2
    [feature] = told["features"]
    assert feature["properties"] == {"kind": "vessel", "each": number, "passes": number}
    shape = feature["geometry"]
    found = [shape["coordinates"]] if shape["type"] == "LineString" else shape["coordinates"]
    # A line of no length is given one unit.
    assert found == [[[a, b], [c + (a == c and b == d), d]] for a, b, c, d in lines]


def test_features_share_their_words():
    one = LineFeature(*(np.array([v]) for v in (0, 0, 5, 5)), {"kind": "vessel", "each": 3})
    two = LineFeature(*(np.array([v]) for v in (9, 9, 2, 2)), {"kind": "vessel", "each": 10})
    tile = layer("tracks", 512, [one, two])
    assert tile.count(b"vessel") == tile.count(b"each") == 1
    assert [f["properties"]["each"] for f in mapbox_vector_tile.decode(tile)["tracks"]["features"]] == [3, 10]


def test_nothing_is_no_layer():
    assert layer("tracks", 512, []) == b""


@given(st.lists(st.integers(0, 2**35 - 1), max_size=50))
def test_varints_are_those_of_the_format(numbers):
    out, at = [], 0
    raw = varints(np.array(numbers, np.uint64))
    while at < len(raw):
        value, shift = 0, 0
        while True:
            value |= (raw[at] & 127) << shift
            shift += 7
            at += 1
            if raw[at - 1] < 128:
                break
        out.append(value)
    assert out == numbers
