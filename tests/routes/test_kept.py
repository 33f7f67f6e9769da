"""What is kept of tiles: within its bytes, made once for all who ask at once, and never beyond a change of the data."""

from __future__ import annotations

import asyncio

import pytest

from routes.kept import OVERHEAD_BYTES, Kept


def maker(body: bytes):
    async def make() -> bytes:
        make.times += 1
        await asyncio.sleep(0)
        return body

    make.times = 0
    return make


def test_what_many_ask_for_at_once_is_made_once():
    async def ask():
        kept, make = Kept(10_000), maker(b"tile")
        return await asyncio.gather(*(kept.of("a", make) for _ in range(20))), make.times

    bodies, times = asyncio.run(ask())
    assert bodies == [b"tile"] * 20 and times == 1


def test_the_longest_unused_goes_first_and_the_bytes_are_held_to():
    async def ask():
        kept = Kept(3 * (1000 + OVERHEAD_BYTES))
        makers = {name: maker(name.encode() * 1000) for name in "abcd"}
        for name in "abcacda":  # d pushes b out: a and c were used after it
            await kept.of(name, makers[name])
        assert kept.bytes <= 3 * (1000 + OVERHEAD_BYTES)
        await kept.of("b", makers["b"])
        return {name: make.times for name, make in makers.items()}

    assert asyncio.run(ask()) == {"a": 1, "b": 2, "c": 1, "d": 1}


def test_an_answer_larger_than_all_is_given_and_not_kept():
    async def ask():
        kept, make = Kept(100), maker(b"x" * 5000)
        return len(await kept.of("a", make)), kept.bytes

    assert asyncio.run(ask()) == (5000, 0)


def test_an_error_goes_to_who_asked_and_is_not_kept():
    async def ask():
        kept = Kept(10_000)

        async def broken() -> bytes:
            raise ValueError("no tile")

        with pytest.raises(ValueError, match="no tile"):
            await kept.of("a", broken)
        return await kept.of("a", maker(b"tile"))

    assert asyncio.run(ask()) == b"tile"
