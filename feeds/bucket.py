"""How much a source may send."""

from __future__ import annotations

import time


class Bucket:
    """So many a second, and twice as many at once."""

    def __init__(self, rate_per_s: float):
        self.rate_per_s, self.left, self.at = rate_per_s, 2 * rate_per_s, time.monotonic()

    def admit(self, number: int) -> int:
        """How many of these are taken."""
        now = time.monotonic()
        self.left = min(2 * self.rate_per_s, self.left + (now - self.at) * self.rate_per_s)
        self.at = now
        taken = min(number, int(self.left))
        self.left -= taken
        return taken
