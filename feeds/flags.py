"""What is doubtful about a fix: marked, never dropped. A bit each, kept in `fix.flags`: a bit never changes its meaning.

The first five are told by the fix alone (`plausible`), the others by what came before it or where it lies (feeds/wire/plausibility.py).
"""

from __future__ import annotations

import time

import numpy as np

FUTURE = 1  # more than ten minutes after we got it
ANCIENT = 2  # before 1990
NULL_ISLAND = 4  # within 0.001 degrees of 0, 0
WEEK_ROLLOVER = 8  # old by a multiple of 1,024 weeks, as a receiver with an old almanac tells it
SENTINEL = 16  # a pole, 180° on the equator, 1° 1°, or a number that stands for none: what devices send instead of nothing
IMPOSSIBLE_SPEED = 32  # faster than anything of its kind, as told or from the last good fix
TELEPORT = 64  # so far from the last good fix that nothing moved there
ON_LAND = 128  # a vessel, away from any shore, lake or river
DUPLICATE_IDENTITY = 256  # the second place at once where one broadcast identity is used

WORDS: dict[int, str] = {
    FUTURE: "time in the future", ANCIENT: "time before 1990", NULL_ISLAND: "at 0° 0°", WEEK_ROLLOVER: "GPS week rollover", SENTINEL: "stands for no value",
    IMPOSSIBLE_SPEED: "impossible speed", TELEPORT: "jump", ON_LAND: "vessel on land", DUPLICATE_IDENTITY: "identity used twice",
}

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


def words(flags: int) -> list[str]:
    """What the bits say.

    >>> words(65)
    ['time in the future', 'jump']
    """
    return [word for bit, word in WORDS.items() if flags & bit]
