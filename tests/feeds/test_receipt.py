"""When things were received, on a machine whose clock jumps: good fixes are never of the future, and the jump is told."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from data.flags import FUTURE
from feeds import receipt
from feeds.receipt import Receipt
from feeds.wire import DECODERS
from feeds.wire.plausibility import Judge
from tests.conftest import free_port
from tests.feeds.live import add, listening, until
from tests.feeds.wire.made import frames, position, tag

START_US = 1_795_600_000_000_000
HOUR_S = 3_600


class Machine:
    """A clock that somebody sets, and a count of seconds that nobody does."""

    def __init__(self):
        self.counted, self.set_s = 1_000.0, 0.0
        self.receipt = Receipt(lambda: self.true_us + int(self.set_s * 1e6), lambda: self.counted)

    @property
    def true_us(self) -> int:
        return START_US + int((self.counted - 1_000) * 1e6)

    def passes(self, seconds: float) -> int:
        self.counted += seconds
        return self.receipt.now_us()

    def off_s(self) -> float:
        """How far what comes now is timed from the truth."""
        return (self.receipt.now_us() - self.true_us) / 1e6


@pytest.mark.parametrize("jumps, off_s", [
    ([-HOUR_S], 0), ([HOUR_S], HOUR_S), ([-HOUR_S, HOUR_S], 0), ([HOUR_S, -HOUR_S], 0), ([-HOUR_S, -HOUR_S], 0), ([-86_400 * 365], 0), ([2, -3, 1], 0),
    ([-30] * 4, -120),  # a time server's small corrections are believed
])
def test_what_comes_is_timed_by_the_later_of_clock_and_count(jumps, off_s):
    machine = Machine()
    for jump in jumps:
        machine.passes(60)
        machine.set_s += jump
        before = machine.receipt.now_us()
        assert machine.passes(1) >= before + (1_000_000 if abs(jump) >= 60 else 0)
    assert machine.off_s() == pytest.approx(off_s, abs=1e-3)


@pytest.mark.parametrize("jump_s", [-HOUR_S, HOUR_S])
def test_good_fixes_are_not_of_the_future_after_a_jump_and_bad_ones_are(jump_s):
    """AIS with the receiver's own times, judged as a feed does it."""
    machine = Machine()
    judge = Judge(now_us=machine.receipt.now_us)

    def flags(told_us: int, **how) -> int:
        found, _ = judge.judge(["mmsi:799000001"], ["vessel"], np.array([told_us]), np.array([-97.0]), np.array([26.0]), np.array([1.0]), **how)
        return int(found[0]) & FUTURE

    for step in range(10):
        machine.passes(60)
        if step == 3:
            machine.set_s = jump_s
        assert flags(machine.true_us) == 0 and flags(machine.true_us, received_us=machine.receipt.now_us()) == 0
    assert flags(machine.true_us + (max(0, jump_s) + 1_000) * 1_000_000) == FUTURE
    by_the_clock = machine.true_us + int(machine.set_s * 1e6)
    assert (flags(machine.true_us, received_us=by_the_clock) == FUTURE) == (jump_s < 0), "as it was: by the clock alone they are"


@pytest.mark.parametrize("told", ["told by the receiver", "not told"])
def test_an_ais_feed_on_a_machine_that_was_set_back_times_its_reports_right(told):
    machine = Machine()
    machine.passes(60)
    machine.set_s = -HOUR_S
    machine.passes(60)
    report = position(second=60)  # which says no second
    (line,) = frames(tag(f"c:{machine.true_us // 1_000_000}", report) if told == "told by the receiver" else report)
    (heard,) = DECODERS["ais"]().decode([replace(line, received_us=machine.receipt.now_us())])
    assert abs(heard.observed_us - machine.true_us) < 61_000_000 and heard.flags == 0


def test_a_jump_is_told_for_as_long_as_it_matters(caplog):
    machine = Machine()
    assert machine.receipt.trouble() is None
    machine.set_s = -HOUR_S
    with caplog.at_level(logging.WARNING, "vigia.feeds"):
        assert machine.receipt.trouble().startswith("this machine's clock jumped by -3,600 s, to 2026-11-")
    assert "timed 3,600 s after it" in machine.receipt.trouble() and len(caplog.records) == 1
    machine.passes(10 * 86_400)
    assert machine.receipt.trouble(), "while it stands back"
    machine.set_s = 0
    assert machine.receipt.trouble().startswith("this machine's clock jumped by +3,600 s") and "after it" not in machine.receipt.trouble()
    machine.passes(90_000)
    assert machine.receipt.trouble() is None, "a day later all is well"


async def test_a_feed_says_that_the_clock_jumped(environment, monkeypatch):
    machine = Machine()
    monkeypatch.setattr(receipt, "CLOCK", machine.receipt)
    add(environment, "Mast", "ais-udp", {"port": free_port()})
    async with listening(environment):
        await until(environment, "SELECT count(*) FROM feed_state", 1)
        machine.set_s = -HOUR_S
        await until(environment, "SELECT count(*) FROM feed_state WHERE trouble LIKE '%clock jumped by -3,600 s%'", 1)
