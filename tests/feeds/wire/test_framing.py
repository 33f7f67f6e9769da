"""Streams to frames: cut anywhere, too long, and with rubbish between."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.wire import FRAMERS

EVENT = b'<event version="2.0" uid="a"><point/></event>'


def through(framer, data: bytes, *cuts: int) -> list[bytes]:
    edges = [0, *sorted(cuts), len(data)]
    return [f for a, b in zip(edges, edges[1:]) for f in framer.push(data[a:b])] + framer.close()


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n"])
def test_lines_are_the_same_wherever_the_stream_is_cut(ends: bytes):
    data = ends.join([b"one", b"two", b"three"])
    for cut in range(len(data) + 1):
        framer = FRAMERS["line"]()
        assert through(framer, data, cut) == [b"one", b"two", b"three"]
        assert framer.errors == {}


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
@pytest.mark.parametrize("name", ["line", "cot", "mavlink"])
def test_frames_do_not_depend_on_cuts(name: str, data: bytes, cuts: list[int]):
    more = {"line": data.replace(b"\x00", b"\n"), "cot": data.replace(b"\x00", EVENT).replace(b"\x01", b"</event>").replace(b"\x02", b"<event "),
            "mavlink": data.replace(b"\x00", b"\xfe\x00")}[name]
    limits = {} if name == "mavlink" else {"limit": 40}
    whole, cut = FRAMERS[name](**limits), FRAMERS[name](**limits)
    assert through(whole, more) == through(cut, more, *(c for c in cuts if c < len(more)))
    assert {k: v for k, v in whole.errors.items() if k != "noise"} == {k: v for k, v in cut.errors.items() if k != "noise"}


@pytest.mark.parametrize(("name", "start"), [("line", b""), ("cot", b"<event "), ("mavlink", b"")])
def test_ten_megabytes_without_an_end_cost_no_memory(name: str, start: bytes):
    framer, piece = FRAMERS[name](), b"x" * 65_536
    tracemalloc.start()
    framer.push(start)
    for _ in range(160):
        assert framer.push(piece) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000
    assert len(framer._rest) <= 65_536
    if name == "line":
        assert framer.errors == {"too long": 1}
        assert framer.push(b"xx\nnext\n") == [b"next"]
    elif name == "cot":
        assert framer.errors["too long"] == 1
        assert framer.push(EVENT) == [EVENT]


def test_a_line_of_the_limit_passes_and_one_more_byte_does_not():
    framer = FRAMERS["line"]()
    assert framer.push(b"a" * 1024 + b"\n" + b"b" * 1025 + b"\nc\n") == [b"a" * 1024, b"c"]
    assert framer.errors == {"too long": 1}
    assert FRAMERS["line"](limit=65_536).push(b"a" * 60_000 + b"\n") == [b"a" * 60_000]


def test_events_between_rubbish():
    data = b'<?xml version="1.0"?>' + EVENT + b"\x00\xff<events>" + EVENT + b"   " + EVENT
    for cut in range(len(data)):
        framer = FRAMERS["cot"]()
        assert through(framer, data, cut) == [EVENT] * 3


def test_an_event_after_a_doctype_is_refused_and_the_next_is_not():
    data = b'<!doctype event [<!ENTITY a "b">]>' + EVENT + EVENT
    for cut in range(len(data)):
        framer = FRAMERS["cot"]()
        assert through(framer, data, cut) == [EVENT]
        assert framer.errors == {"DOCTYPE": 1}


def test_an_event_that_never_ends_is_counted():
    framer = FRAMERS["cot"]()
    assert through(framer, EVENT[:-1]) == []
    assert framer.errors == {"unfinished": 1}
