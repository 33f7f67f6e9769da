"""When something was received: by the machine's clock, unless that was set back far while we listened.

Good fixes would be of the future then, and what tells no time of its own would go back behind what was told before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("vigia.feeds")

STEP_S = 60.0  # less is what a time server does
SAID_S = 86_400.0


def counted_s() -> float:
    """Seconds that nobody can set, those asleep among them where the system tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Receipt:
    """The clock that what comes is timed by. `wall_us` and `counted` are the machine's; tests give their own."""

    def __init__(self, wall_us: Callable[[], int] = lambda: time.time_ns() // 1000, counted: Callable[[], float] = counted_s):
        self._wall_us, self._counted = wall_us, counted
        self._last = wall_us(), counted()
        self._ahead_s = 0.0  # of the clock before what was counted since the start, by its jumps alone
        self._said: tuple[str, float] | None = None
        self._lock = threading.Lock()

    def now_us(self) -> int:
        """Epoch microseconds: the later of the clock, and of where it would be without its jumps."""
        with self._lock:
            wall_us = self._look()
            return wall_us + int(max(0.0, -self._ahead_s) * 1e6)

    def trouble(self) -> str | None:
        """What is to be said of it: for as long as it stands back, or a day after it jumped."""
        with self._lock:
            self._look()
            if self._said is None or self._ahead_s >= 0 and self._last[1] - self._said[1] > SAID_S:
                return None
            return self._said[0]

    def _look(self) -> int:
        (before_us, before), (wall_us, counted) = self._last, (self._wall_us(), self._counted())
        self._last = wall_us, counted
        step = (wall_us - before_us) / 1e6 - (counted - before)
        if abs(step) >= STEP_S:
            self._ahead_s += step
            words = f"this machine's clock jumped by {step:+,.0f} s, to {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(wall_us / 1e6))} UTC"
            if self._ahead_s <= -STEP_S:
                words += f"; what comes is timed {-self._ahead_s:,.0f} s after it, as was counted: put it right, or, if it is right now, start listening anew"
            else:
                self._ahead_s = 0.0 if abs(self._ahead_s) < STEP_S else self._ahead_s
            self._said = words, counted
            log.warning("%s", words)
        return wall_us


CLOCK = Receipt()
"""This process's."""
