"""How much a source may send."""

from __future__ import annotations

import time


class Bucket:
    """So many a second, and twice as many at once."""

    def __init__(self, rate_per_s: float):
        self.rate_per_s, self.left, self.at = rate_per_s, 2 * rate_per_s, time.monotonic()

    def admit(self, number: int, *, whole: bool = False) -> int:
        """How many of these are taken. `whole`: all or none, and none costs nothing, or who tries again would never be let in."""
        now = time.monotonic()
        self.left = min(2 * self.rate_per_s, self.left + (now - self.at) * self.rate_per_s)
        self.at = now
        taken = min(number, int(self.left))
        if whole and taken < number:
            return 0
        self.left -= taken
        return taken
