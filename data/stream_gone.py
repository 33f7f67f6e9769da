"""The part of a stream that tells what is gone, tracks and events: erased, marked out of sight, or no longer within the filter or an operation's area.

Only of those that a group was told of it is told that they are gone: a number somebody never saw says that there is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from data import stream_events
from data.newest import in_sight, moved
from data.sessions import Database
from data.stream_parts import Group
from data.visitor import visiting
from errors import SignedOut

AREA_S = 3.0  # between two looks for what left an operation's area: what is beyond it is nobody's to ask for by its batch


class Leaving:
    """What was heard of that took something away; `ended(group)` is told of one whose first listener is signed out."""

    def __init__(self, database: Database, ended: Callable[[Group], None]):
        self._database, self._ended = database, ended
        self.vanished = False  # newest places were taken away, or are others' to see
        self.anew: set[int] = set()  # batches of such as were made again of what is left

    async def look(self, groups: list[Group], *, missed: bool, moving: bool) -> set[int]:
        """Ask, where something may have left, what stands: only numbers are read. The batches that are to be told anew."""
        vanished, self.vanished, anew = self.vanished or missed, False, set(self.anew)
        for group in groups:
            group.vanished |= vanished
            group.due |= vanished or moving and bool(group.view.areas)
            if group.listeners and group.due and (vanished or not group.view.areas or time.monotonic() - group.looked >= AREA_S):
                await self._look(group, anew)
        self.anew -= anew  # not before: who asks in vain asks again
        return anew

    async def _look(self, group: Group, anew: set[int]) -> None:
        before, told, group.due, group.looked = set(group.shown), set(group.events), False, time.monotonic()  # what is told from now on is not looked for
        group.stirred += 1  # a first look that is under way may have read it before it left
        with visiting(group.listeners[0].visitor, group.listeners[0].purpose):
            try:
                async with self._database.reading() as session:
                    stands = await in_sight(session, group.filter)
                    again = await moved(session, group.filter, sorted(anew)) if anew else set()
                    events = told - await stream_events.standing(session, group.filter, sorted(told))
                    alerts = await stream_events.waiting(session, group.filter, group.view) if events or group.vanished else group.alerts
            except SignedOut:
                self._ended(group)
                group.due = True
                return
        self.left(group, before - stands | again)
        group.vanished = False
        self._events_left(group, events, alerts)

    @staticmethod
    def _events_left(group: Group, events: set[int], alerts: bytes) -> None:
        """These are not there any more, and with them some alerts may be gone, of events that were over before anybody listened too."""
        changed = alerts != group.alerts
        group.events -= events
        group.alerts = alerts
        for listener in group.told if events or changed else ():
            for event in events:
                listener.events.pop(event, None)
            listener.events_gone |= events
            listener.alerts = alerts if changed else listener.alerts
            listener.since = listener.since or time.monotonic()
            listener.wake()

    @staticmethod
    def left(group: Group, tracks: set[int]) -> None:
        """These are not in sight any more, or not as they were: those the group was told of are told as gone."""
        gone = tracks & group.shown
        group.stirred += bool(tracks)
        group.shown -= gone
        for listener in group.told if gone else ():
            for track in gone:
                listener.waiting.pop(track, None)
            listener.gone |= gone
            listener.since = listener.since or time.monotonic()
            listener.wake()
