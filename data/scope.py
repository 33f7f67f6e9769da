"""Scope: who owns a row and how closed it is, as one number, `agency * 8 + level`.

Row-level security is held against it: a session sees the scopes it was granted (data/migrations, `access.begin`), and whether a
number is among them is a question PostgreSQL may ask before any other. Agency 0 is none: such rows belong to the whole house.
"""

from __future__ import annotations

from data.records import MARKINGS

LEVELS = 8  # numbers an agency has: five are in use
LEVEL: dict[str, int] = {marking: level for level, marking in enumerate(reversed(MARKINGS))}
"""How closed a marking is: TLP:CLEAR 0, GREEN 1, AMBER 2, AMBER+STRICT 3, RED 4."""


def marking_of(level: int) -> str:
    """The marking of a level.

    >>> marking_of(2)
    'TLP:AMBER'
    """
    return MARKINGS[len(MARKINGS) - 1 - level]


def scope(agency_id: int | None, marking: str) -> int:
    """The scope of a row, as `vigia.scope` has it.

    >>> scope(3, "TLP:AMBER"), scope(None, "TLP:CLEAR")
    (26, 0)
    """
    return (agency_id or 0) * LEVELS + LEVEL[marking]
