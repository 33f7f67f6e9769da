"""The query string is a Filter, and the same Filter is one text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.filters import KEYS, Filter
from data.records import CONVEYANCES, DRUGS, KINDS
from errors import FilterInvalid

moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda d: d.replace(tzinfo=timezone.utc, microsecond=0))
lon, lat = st.floats(-179, 178), st.floats(-84, 83)


@st.composite
def filters(draw) -> Filter:
    start = draw(st.none() | moments)
    end = draw(st.none() | moments)
    if start and end and end <= start:
        end = start + timedelta(hours=1)
    west, south = draw(lon), draw(lat)
    low = draw(st.none() | st.floats(0, 1000))
    return Filter(
        world=draw(st.sampled_from(("live", "exercise"))), start=start, end=end, at=draw(st.none() | moments), known_at=draw(st.none() | moments),
        bbox=draw(st.none() | st.just((west, south, west + 0.5, south + 0.5))),
        area=draw(st.just(()) | st.just(((west, south), (west + 1, south), (west, south + 1)))),
        kind=tuple(k for k in KINDS if draw(st.booleans())), drug=tuple(d for d in DRUGS if draw(st.booleans())),
        conveyance=tuple(c for c in CONVEYANCES if draw(st.booleans())), min_kg=low, max_kg=None if low is None else low + 1,
        track=tuple(sorted(draw(st.sets(st.integers(1, 10**6), max_size=3)))),
        agency=tuple(sorted(draw(st.sets(st.sampled_from(["Marina EX", "A & B", "Ñandú"]), max_size=2)))),
        q=draw(st.none() | st.sampled_from(["100%", "a_b", "O'Brien", "Río"])),
    )


@given(filters())
def test_a_filter_survives_its_query_string(filter: Filter):
    assert Filter.from_query(filter.pairs()) == filter
    assert Filter.from_query(filter.pairs()).query() == filter.query()


def test_lists_repeat_or_take_commas():
    one = Filter.from_query([("drug", "heroin,cocaine")])
    assert one == Filter.from_query([("drug", "cocaine"), ("drug", "heroin")])
    assert one.drug == ("cocaine", "heroin")


@pytest.mark.parametrize(("key", "value"), [
    ("world", "both"), ("from", "yesterday"), ("from", "2026-11-01"), ("from", "2026-11-01T00:00:00"), ("to", ""), ("bbox", "1,2,3"),
    ("bbox", "1,2,3,1"), ("bbox", "-200,0,0,1"), ("bbox", "a,b,c,d"), ("area", "1 2;3 4"), ("area", "1 2;3 4;NaN 5"), ("kind", "boat"),
    ("drug", "soap"), ("min_kg", "-1"), ("min_kg", "nan"), ("min_kg", "inf"), ("max_kg", "much"), ("track", "1.5"), ("track", "-1"),
    ("track", str(2**70)), ("q", "x" * 101), ("q", "a\x00b"), ("conveyance", "rocket"), ("colour", "red"),
])
def test_a_bad_value_is_named(key: str, value: str):
    with pytest.raises(FilterInvalid) as caught:
        Filter.from_query([(key, value)])
    assert [p["key"] for p in caught.value.problems] == [key]
    assert caught.value.problems[0]["expected"]


def test_every_bad_value_is_named_at_once():
    with pytest.raises(FilterInvalid) as caught:
        Filter.from_query([("drug", "soap"), ("kind", "boat"), ("x", "1")])
    assert {p["key"] for p in caught.value.problems} == {"drug", "kind", "x"}


def test_ends_must_follow_starts():
    with pytest.raises(FilterInvalid, match="after from"):
        Filter.from_query([("from", "2026-11-02T00:00:00Z"), ("to", "2026-11-01T00:00:00Z")])
    with pytest.raises(FilterInvalid, match="at least min_kg"):
        Filter.from_query([("min_kg", "5"), ("max_kg", "1")])


def test_a_plus_sign_that_became_a_space_is_a_plus():
    assert Filter.from_query([("from", "2026-11-01T02:00:00 02:00")]).start == datetime(2026, 11, 1, tzinfo=timezone.utc)


def test_the_caller_may_read_keys_by_itself():
    assert Filter.from_query([("limit", "5")], frozenset({"limit"})) == Filter()


def test_the_documented_keys_are_these():
    from settings import ROOT

    told = (ROOT / "docs" / "api.md").read_text().split("## Filter")[1].split("##")[0]
    assert [k for k in KEYS if f"`{k}`" not in told] == []
