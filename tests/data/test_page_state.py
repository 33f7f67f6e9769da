"""The page's address as text: read as strictly as any query string, kept as it was told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import page_state
from data.page_state import StateRefused
from errors import FilterInvalid, InputRefused
from layouts import ids

WHOLE = ("world=exercise&from=2026-11-17T00:00:00Z&to=2026-11-24T00:00:00Z&at=2026-11-20T00:00:00Z&area=-98 26;-97 26;-97 27&kind=vessel,person&drug=opioid,cocaine&q=Río+Bravo"
         "&layers=seizures:0.5,-movements&sel=track:12&theme=sun&heat=1&trail=0&vector=6&follow=1&veil=72&look=4&bands=nir&colormap=magma&stretch=full&compare=12,15&compare_mode=blink"
         "&compare_at=0.25&compare_look=3&run=9&coords=mgrs&camera=8.6/26.15/-97.9")


def test_a_whole_address_is_read_and_written_again():
    state = page_state.read(WHOLE)
    assert page_state.read(state.text) == state and state.camera == "8.6/26.15/-97.9"
    assert state.of("drug") == "opioid,cocaine", "as it was told, not as it is filtered by"
    assert state.filter.drug == ("cocaine", "opioid") and state.filter.world == "exercise" and state.filter.q == "Río Bravo"
    assert state.address(view="7").startswith("/?world=exercise&from=2026-11-17T00:00:00Z") and state.address(view="7").endswith("&run=9&coords=mgrs&view=7#map=8.6/26.15/-97.9")
    assert page_state.read("drug=cocaine&drug=heroin").of("drug") == "cocaine,heroin"
    assert page_state.read("?world=live&q=").text == "world=live"


def test_layers_are_those_of_the_page():
    assert page_state.LAYERS == ids.LAYERS


@pytest.mark.parametrize(("told", "keys"), [
    ("nope=1", ["nope"]), ("view=3", ["view"]), ("world=moon&layers=seizure", ["layers", "world"]), ("from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z", ["to"]),
    ("layers=seizures,seizures", ["layers"]), ("layers=seizures:1.5", ["layers"]), ("layers=seizures&layers=-movements", ["layers"]), ("sel=agency:4", ["sel"]), ("sel=track:", ["sel"]),
    ("theme=pink", ["theme"]), ("camera=21/0/0", ["camera"]), ("camera=5/91/0", ["camera"]), ("camera=5/0/181", ["camera"]), ("camera=5/0", ["camera"]), ("camera=nan/0/0", ["camera"]),
    ("camera=5/0/0&camera=6/0/0", ["camera"]), ("compare=4,4", ["compare"]), ("compare_at=1.1", ["compare_at"]), ("run=٣", ["run"]), ("bands=red,nope", ["bands"]), ("bands=1,2,3&colormap=magma", ["colormap"]),
    ("min_kg=-1", ["min_kg"]), ("q=" + "x" * 101, ["q"]), ("x'; DROP TABLE saved_view; --=1", ["x'; DROP TABLE saved_view; --"]),
])
def test_what_is_wrong_is_named(told, keys):
    with pytest.raises(FilterInvalid) as refused:
        page_state.read(told)
    assert [p["key"] for p in refused.value.problems] == keys


@pytest.mark.parametrize("told", ["", "a", "world=live&&heat=1", "world=%ff", "q=%00", "q=" + "x" * 4000, "&".join(f"q={i}" for i in range(300)), "agency=" + ",".join("é" * 90 + str(i) for i in range(30))])
def test_what_is_no_address_is_refused(told):
    with pytest.raises(StateRefused):
        page_state.read(told)


def test_what_no_build_knows_any_more_is_left_out_by_name():
    state, left_out = page_state.opened("world=live&drug=cocaine&layers=radar&old=1")
    assert state.text == "world=live&drug=cocaine" and [p["key"] for p in left_out] == ["layers", "old"]


@given(st.text(max_size=300))
def test_nothing_told_breaks_it(told):
    try:
        state = page_state.read(told)
    except InputRefused:
        return
    assert page_state.read(state.text) == state


@given(st.sampled_from(page_state.KEYS), st.text(max_size=60))
def test_no_value_breaks_it(key, value):
    from urllib.parse import urlencode

    try:
        state = page_state.read(urlencode({key: value}))
    except InputRefused:
        return
    assert page_state.read(state.text).pairs == state.pairs
