"""What is doubtful about a fix: marked, never dropped. A bit each, kept in `fix.flags`: a bit never changes its meaning. What sets them is in feeds/flags.py."""

from __future__ import annotations

FUTURE = 1  # more than ten minutes after we got it
ANCIENT = 2  # before 1990
NULL_ISLAND = 4  # within 0.001 degrees of 0, 0
WEEK_ROLLOVER = 8  # old by a multiple of 1,024 weeks, as a receiver with an old almanac tells it
SENTINEL = 16  # a pole, 180° on the equator, 1° 1°, or a number that stands for none: what devices send instead of nothing
IMPOSSIBLE_SPEED = 32  # faster than anything of its kind, as told or from the last good fix
TELEPORT = 64  # so far from the last good fix that nothing moved there
ON_LAND = 128  # a vessel, away from any shore, lake or river
DUPLICATE_IDENTITY = 256  # the second place at once where one broadcast identity is used

SEGMENT = " #"  # between such an identity and the number of the object that uses it: mmsi:799000001 #2

WORDS: dict[int, str] = {
    FUTURE: "time in the future", ANCIENT: "time before 1990", NULL_ISLAND: "at 0° 0°", WEEK_ROLLOVER: "GPS week rollover", SENTINEL: "stands for no value",
    IMPOSSIBLE_SPEED: "impossible speed", TELEPORT: "jump", ON_LAND: "vessel on land", DUPLICATE_IDENTITY: "identity used twice",
}

# A fix with one of these is kept, and is never a track's newest place.
UNTRUSTED = FUTURE | ANCIENT | NULL_ISLAND | WEEK_ROLLOVER | SENTINEL | IMPOSSIBLE_SPEED | TELEPORT


def words(flags: int) -> list[str]:
    """What the bits say.

    >>> words(65)
    ['time in the future', 'jump']
    """
    return [word for bit, word in WORDS.items() if flags & bit]
