"""What may be asked of how an image looks, and what comes of it."""

from __future__ import annotations

import numpy as np
import pytest

from data.looks import Look, Range, eight_bits, ramp
from data.records import COLOURMAPS
from errors import FilterInvalid

MULTI = {"bands": [3, 2, 1], "names": ["blue", "green", "red", "nir", "rededge"], "scale": [[0, 10], [0, 20], [0, 30], [0, 40], [0, 50]], "colormap": None}


@pytest.mark.parametrize(("told", "want"), [
    ({}, ([3, 2, 1], [[0, 30], [0, 20], [0, 10]], None)), ({"bands": "nir,red,green"}, ([4, 3, 2], [[0, 40], [0, 30], [0, 20]], None)),
    ({"bands": "5"}, ([5], [[0, 50]], None)), ({"bands": "nir", "colormap": "viridis", "rescale": "1,2"}, ([4], [[1, 2]], "viridis")),
    ({"rescale": "1,2,3,4,5,6"}, ([3, 2, 1], [[1, 2], [3, 4], [5, 6]], None)), ({"colormap": "turbo"}, ([3], [[0, 30]], "turbo")), ({"bands": "6"}, None), ({"bands": "swir"}, None),
])
def test_what_is_asked_for_is_found_among_the_bands(told, want):
    assert Look.from_query(told).of(MULTI, 5) == want


def test_an_image_of_before_is_shown_as_it_was():
    assert Look().of({"scale": None}, 3) == ([1, 2, 3], None, None)
    assert Look().of({"scale": [[1, 9]]}, 1) == ([1], [[1, 9]], None)


@pytest.mark.parametrize("told", [
    {"bands": "1,2"}, {"bands": "0"}, {"bands": "100"}, {"bands": "b1/b2"}, {"bands": "1;2;3"}, {"bands": "²"}, {"bands": "../etc"}, {"rescale": "1"}, {"rescale": "2,1"}, {"rescale": "a,b"}, {"rescale": "nan,1"},
    {"rescale": "0,inf"}, {"rescale": "0,1,0,1"}, {"colormap": "jet"}, {"colormap": "/etc/passwd"}, {"colormap": "viridis", "bands": "1,2,3"}, {"rescale": "1," * 4000},
    {"stretch": "2-98"}, {"stretch": "full", "rescale": "0,1"},
])
def test_anything_else_is_refused_by_name(told):
    with pytest.raises(FilterInvalid) as caught:
        Look.from_query(told)
    assert caught.value.problems[0]["key"] in told and caught.value.problems[0]["expected"]


def test_the_pairs_say_the_same_again():
    look = Look.from_query({"bands": "nir,red,green", "rescale": "0,0.3,100,123456789.5,0,1"})
    assert Look.from_query(dict(look.pairs())) == look
    look = Look.from_query({"bands": "nir", "stretch": "full", "colormap": "turbo"})
    assert Look.from_query(dict(look.pairs())) == look


def test_eight_bits():
    told = eight_bits(np.array([[[0, 5, 10, 20]]], "uint16"), [[0, 10]], None)
    assert told[:, 0].tolist() == [[0, 127, 255, 255]] * 3
    assert eight_bits(np.array([[0, 255]], "uint8"), None, "gray").tolist() == [[0, 255]] * 3
    assert eight_bits(np.array([[np.nan, 1.0]], "float32"), [[0, 1]], None)[0].tolist() == [0, 255]


def test_what_becomes_black_and_what_white():
    told = Range.of(np.arange(101, dtype="uint16"))
    assert told == Range(0, 100, 2, 98) and told.scale("percentile", "uint16") == [2, 98] and told.scale("full", "uint16") == [0, 100] and told.scale("full", "uint8") == [0, 255]
    assert Range.of(np.array([np.nan, 3.0], "float32")) == Range(3, 3, 3, 3) and Range.of(np.array([5], "uint8")).scale("percentile", "uint8") == [5, 6]
    assert Range.of(np.array([], "float32")) == Range(0, 1, 0, 1)


def test_a_ramp_runs_from_the_least_to_the_most():
    assert ramp("gray", 3) == ["#000000", "#808080", "#ffffff"] and all(len(ramp(name)) == 9 for name in COLOURMAPS)
