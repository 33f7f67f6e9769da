"""What the log is told while many tracks wait for rules: after an update that brings rules, a change of one, a large import."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import psycopg

from data import watching
from data.worlds import CODES

log = logging.getLogger("vigia.watching")

MANY = 100  # tracks: fewer are done before anybody reads of them
EVERY_S = 30.0


class Backlog:
    """How many tracks are still to be looked at: said at the beginning, each half minute, and when all are done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._told_at, self._told = clock, float("-inf"), False

    def told(self, connection: psycopg.Connection) -> None:
        """After each step."""
        if self._clock() - self._told_at < EVERY_S:
            return
        self._told_at = self._clock()
        left = sum(watching.waiting(connection, world) for world in CODES.values())
        if left >= MANY:
            log.info("events: %s tracks are still to be looked at; it goes on in the background, and where it was after a restart", f"{left:,}")
            self._told = True
        elif self._told and not left:
            log.info("events: every track is looked at")
            self._told = False
