"""Small histories for the tests of detectors."""

from __future__ import annotations

import numpy as np

from analysis.events.event import Event
from analysis.events.fixes import Fixes, Tracks
from analysis.events.rules import Context, Rule

MIN_US = 60_000_000
HOUR_US = 3_600_000_000
T0 = 1_795_644_000_000_000  # 2026-11-25, 22:00 UTC
DEGREE_M = 111_195.0


def fixes(track: int, minutes, east_m, north_m=0.0, *, lon=10.0, lat=0.0, **columns) -> Fixes:
    """One track near the equator: minutes after 22:00 UTC, metres east and north of a place."""
    minutes = np.asarray(minutes, float)
    where = [np.broadcast_to(np.asarray(m, float), minutes.shape) / DEGREE_M for m in (east_m, north_m)]
    return Fixes.of(np.full(len(minutes), track), T0 + (minutes * MIN_US).astype(np.int64), (lon + where[0] + 180) % 360 - 180, lat + where[1], **columns)


def context(now_min: float = 0.0, tracks=(1, 2, 3, 4), **facts) -> Context:
    """What is known, some minutes after 22:00 UTC."""
    columns = {k: facts.pop(k) for k in ("kind", "agency", "gap_s", "identity") if k in facts}
    return Context(T0 + int(now_min * MIN_US), Tracks.of(list(tracks), **columns), **facts)


def minute(us: int | None) -> float | None:
    """Minutes after 22:00 UTC."""
    return None if us is None else (us - T0) / MIN_US


def told(events: list[Event]) -> list[tuple]:
    """Type, begin and end in minutes."""
    return [(e.type, minute(e.started_us), minute(e.ended_us)) for e in events]


def apply(detector, told_fixes: Fixes, now_min: float = 0.0, areas=(), known: Context | None = None, **rule) -> list[Event]:
    """The events of one rule."""
    return Rule(1, detector, areas, **rule).apply(told_fixes, known or context(now_min))


class Memory:
    """What a database keeps."""

    def __init__(self):
        self.stored, self.told = Fixes.none(), {}

    def fixes(self, track_ids, from_us, to_us):
        found = self.stored if track_ids is None else self.stored.of_tracks(track_ids)
        return found.take((found.observed_us >= from_us) & (found.observed_us <= to_us))

    def events(self, rule_id, track_ids):
        ids = None if track_ids is None else set(track_ids.tolist())
        return [e for e in self.told.get(rule_id, {}).values() if ids is None or ids & set(e.track_ids)]

    def tell(self, revisions):
        for revision in revisions:
            event = revision.event
            old = self.told.setdefault(event.rule_id, {}).get(event.name)
            assert event.revision == (old.revision + 1 if old else 1), (revision, old)
            assert old is None or old.retracted == (revision.change == "new")
            self.told[event.rule_id][event.name] = event

    def standing(self, rule_id):
        return sorted((e for e in self.told.get(rule_id, {}).values() if not e.retracted), key=lambda e: (e.started_us, e.key))
