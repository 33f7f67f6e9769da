"""What is doubtful about a fix: marked, never dropped. A bit each, kept in `fix.flags`."""

from __future__ import annotations

import time

import numpy as np

FUTURE = 1  # more than ten minutes after we got it
ANCIENT = 2  # before 1990
NULL_ISLAND = 4  # within 0.001 degrees of 0, 0
WEEK_ROLLOVER = 8  # old by a multiple of 1,024 weeks, as a receiver with an old almanac tells it

AHEAD_US = 600_000_000
ANCIENT_US = 631_152_000_000_000
ROLLOVER_US = 1024 * 7 * 86_400_000_000


def plausible(observed_us: np.ndarray, lon: np.ndarray, lat: np.ndarray, received_us: int | None = None) -> np.ndarray:
    """The flags of fixes of shape (n,): times in epoch microseconds, degrees."""
    now = received_us or int(time.time() * 1e6)
    flags = np.zeros(len(observed_us), np.int32)
    flags[observed_us > now + AHEAD_US] |= FUTURE
    flags[observed_us < ANCIENT_US] |= ANCIENT
    flags[(np.abs(lon) < 0.001) & (np.abs(lat) < 0.001)] |= NULL_ISLAND
    weeks = (now - observed_us) / ROLLOVER_US
    near = np.round(weeks)
    flags[(near >= 1) & (np.abs(weeks - near) * ROLLOVER_US < 86_400_000_000)] |= WEEK_ROLLOVER
    return flags
