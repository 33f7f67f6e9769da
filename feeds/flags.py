"""What is doubtful about a fix: marked, never dropped. A bit each, kept in `fix.flags`: a bit never changes its meaning.

The first five are told by the fix alone (`plausible`), the others by what came before it or where it lies (feeds/wire/plausibility.py).
"""

from __future__ import annotations

import time

import numpy as np

from data.flags import ANCIENT, FUTURE, NULL_ISLAND, SENTINEL, WEEK_ROLLOVER

AHEAD_US = 600_000_000
ANCIENT_US = 631_152_000_000_000
ROLLOVER_US = 1024 * 7 * 86_400_000_000
DAY_US = 86_400_000_000


def plausible(observed_us: np.ndarray, lon: np.ndarray, lat: np.ndarray, received_us: int | np.ndarray | None = None) -> np.ndarray:
    """The flags of fixes of shape (n,): times in epoch microseconds, degrees; `received_us` one time or one for each."""
    now = int(time.time() * 1e6) if received_us is None else received_us
    flags = np.zeros(len(observed_us), np.int32)
    flags[observed_us > now + AHEAD_US] |= FUTURE
    flags[observed_us < ANCIENT_US] |= ANCIENT
    flags[(np.abs(lon) < 0.001) & (np.abs(lat) < 0.001)] |= NULL_ISLAND
    flags[(np.abs(lat) == 90) | (np.abs(lon) == 180) & (lat == 0) | (np.abs(lon) == 1) & (lon == lat)] |= SENTINEL
    weeks = (now - observed_us) / ROLLOVER_US
    near = np.round(weeks)
    flags[(near >= 1) & (np.abs(weeks - near) * ROLLOVER_US < DAY_US)] |= WEEK_ROLLOVER
    return flags


def doubtful_time(observed_us: int, received_us: int) -> int:
    """The flags of one time."""
    if observed_us > received_us + AHEAD_US:
        return FUTURE
    flags = ANCIENT if observed_us < ANCIENT_US else 0
    weeks = (received_us - observed_us) / ROLLOVER_US
    near = round(weeks)
    return flags | (WEEK_ROLLOVER if near >= 1 and abs(weeks - near) * ROLLOVER_US < DAY_US else 0)
