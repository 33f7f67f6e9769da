"""Random bytes through framer and decoder: counted, nothing raised, nothing kept."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from feeds.nmea import PARTS_MAX
from feeds.wire import DECODERS, FRAMERS, Frame
from tests.feeds.wire.made import NOW_US, position, static

PIECE = 1 << 16


@pytest.mark.parametrize(("framing", "decoding", "megabytes"), [("line", "ais", 50), ("cot", "cot", 50), ("mavlink", "mavlink", 10), ("line", "tags", 2)])
def test_random_bytes_cost_no_memory_and_are_counted(framing: str, decoding: str, megabytes: int):
    rng, framer, decoder = random.Random(1), FRAMERS[framing](), DECODERS[decoding]()
    tracemalloc.start()
    begin, _ = tracemalloc.get_traced_memory()
    for i in range(megabytes * 16):
        noise = rng.randbytes(PIECE)
        frames = [Frame(f, NOW_US + i * 1_000) for f in framer.push(noise)]
        assert decoder.decode(frames) == []
        if i % 100 == 0:
            del noise, frames
            assert tracemalloc.get_traced_memory()[0] - begin < 1_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - begin < 5_000_000
    assert sum((framer.errors + decoder.errors + decoder.passed).values()) > 0 or framing == "cot"
    assert len(framer._rest) <= PIECE and len(framer.errors) + len(decoder.errors) + len(decoder.passed) < 30


def test_sentences_broken_at_random_leave_no_more_than_the_limit():
    rng, decoder = random.Random(2), DECODERS["ais"]()
    good = [s.encode() for s in (position(), *static())]
    for _ in range(20_000):
        line = bytearray(rng.choice(good))
        for _ in range(rng.randrange(4)):
            line[rng.randrange(len(line))] = rng.randrange(256)
        if rng.random() < 0.5:
            body = bytes(line).strip(b"!").split(b"*")[0]
            check = 0
            for byte in body:
                check ^= byte
            line = b"!" + body + b"*%02X" % check
        decoder.decode([Frame(bytes(line), NOW_US)])
    assert len(decoder.parts) <= PARTS_MAX
    assert {"checksum", "sentence", "payload", "part"} <= set(decoder.errors)
