"""The examples of docs/feeds.md are read as they stand there, and its table of flags is the code's."""

from __future__ import annotations

import re

import pytest

from data.flags import WORDS
from feeds.wire import DECODERS
from feeds.wire.epcis import validate as validate_events
from feeds.wire.fixes import validate as validate_rows
from feeds.wire.plausibility import SPEED_MAX_MPS
from settings import ROOT
from tests.feeds.wire.made import NOW_US, frames

PAGE = (ROOT / "docs" / "feeds.md").read_text()
EXAMPLES = re.findall(r"<!-- example: (\w+)(?: (\S+))? -->\n```\w*\n(.*?)```", PAGE, re.S)


def test_every_protocol_has_an_example():
    assert {name for name, *_ in EXAMPLES} == set(DECODERS) - {"mavlink"}
    assert PAGE.partition("# The messages")[2].count("```") == 2 * len(EXAMPLES)


@pytest.mark.parametrize(("name", "topic", "body"), EXAMPLES, ids=[f"{i}-{n}" for i, (n, *_) in enumerate(EXAMPLES)])
def test_an_example_is_read(name: str, topic: str, body: str):
    decoder = DECODERS[name]()
    heard = decoder.decode(frames(body, topic=topic))
    assert heard and not decoder.errors and not decoder.passed
    assert all(abs(h.lat - 26.07) < 0.01 and abs(h.lon + 97.15) < 0.01 for h in heard if h.reader is None)
    if name in ("fixes", "epcis"):
        assert (validate_rows if name == "fixes" else validate_events)(body.encode(), NOW_US)[1] == []


def test_the_table_of_flags():
    rows = {int(bit): word for word, bit in re.findall(r"^\| ([^|]+) \| (\d+) \|", PAGE, re.M)}
    assert rows == WORDS
    (told,) = re.findall(r"\| impossible speed .*", PAGE)
    for kind in ("vessel", "vehicle", "drone", "aircraft"):
        assert re.search(rf"{kind} {SPEED_MAX_MPS[kind]:g}", told)
