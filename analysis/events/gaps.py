"""Silence: `gap` while a track is not heard, `reappearance` when it is again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.events.event import Event, FixAt
from analysis.events.fixes import Fixes
from analysis.events.geo import geodesic_m
from analysis.events.rules import OPEN_US, Carry, Context, Reading, Rule, kept


@dataclass(frozen=True)
class Gap:
    """`gap`: no fix for at least `gap_s`, open until one comes; `reappearance` then, where it came.

    Defaults, of Global Fishing Watch: 6 h between messages is a gap (below 12 h satellites alone explain one); it is likely disabling from
    `likely_s` 12 h on, when it begins at least `likely_shore_m` (50 nautical miles) from shore and at least `likely_heard` 14 fixes were heard in the 12 h
    before. Where nobody can tell the shore, that part is not asked and the event says so. `gap_s` None: each track's own limit.
    """

    gap_s: float | None = 21_600.0
    likely_s: float = 43_200.0
    likely_shore_m: float = 92_600.0
    likely_heard: int = 14
    likely_heard_s: float = 43_200.0
    name = "gap"
    together = False

    def read(self, rule: Rule, fixes: Fixes, context: Context, carry: Carry) -> Reading:
        """Events of the silences that end after the carry's cut, or go on."""
        t, tracks = fixes.observed_us, fixes.tracks
        if not len(t):
            return Reading([], [], Carry.none())
        limit_us = np.full(len(tracks), (self.gap_s or 0) * 1e6)
        if self.gap_s is None:
            limit_us = context.tracks.gap_s[context.tracks.at(tracks)] * 1e6
        each = limit_us[0] if (limit_us == limit_us[0]).all() else np.repeat(limit_us, fixes.ends - fixes.starts)[1:]
        long = np.diff(t) >= each
        long[fixes.starts[1:] - 1] = False
        closed = np.flatnonzero(long)
        since = carry.since_us(tracks)
        if (since > t[fixes.starts]).any():  # silences among what was only carried are settled
            whose = np.searchsorted(fixes.starts, closed, side="right") - 1
            closed = closed[t[closed + 1] > since[whose]]
        last = fixes.ends - 1
        silent = last[context.now_us - t[last] >= limit_us]
        begin = np.r_[closed, silent]
        events = self._events(rule, fixes, context, begin, len(closed))
        decided = [OPEN_US if e.ended_us is None else e.ended_us for e in events]
        return Reading(events, decided, Carry(kept(fixes, t[last], self.likely_heard), tracks, t[last]))

    def _events(self, rule: Rule, fixes: Fixes, context: Context, begin: np.ndarray, closed: int) -> list[Event]:
        """The first `closed` silences end with the fix after `begin`, the others go on."""
        t, lon, lat = fixes.observed_us, fixes.lon, fixes.lat
        open_ = np.arange(len(begin)) >= closed
        end = np.where(open_, begin, begin + 1)
        until = np.where(open_, context.now_us, t[end])
        silence_s = (until - t[begin]) / 1e6
        way_m = geodesic_m(lon[begin], lat[begin], lon[end], lat[end])
        # The 14th fix back is still of this track and within 12 h.
        back = begin - (self.likely_heard - 1)
        first = fixes.starts[np.searchsorted(fixes.starts, begin, side="right") - 1]
        heard = (back >= first) & (t[begin] - t[np.maximum(back, 0)] <= self.likely_heard_s * 1e6)
        shore_m = context.shore_m(lon[begin], lat[begin]) if context.shore_m and len(begin) else np.full(len(begin), np.nan)
        far = np.isnan(shore_m) | (shore_m >= self.likely_shore_m)
        likely = (silence_s >= self.likely_s) & heard & far
        on = rule.schedule.on(t[begin])
        events: list[Event] = []
        columns = (fixes.track_id[begin], t[begin], lon[begin], lat[begin], t[end], lon[end], lat[end], silence_s, way_m, heard, likely, shore_m, open_,
                   fixes.take(begin).doubtful(context.doubt_m) | fixes.take(end).doubtful(context.doubt_m))
        for track, t0, x0, y0, t1, x1, y1, silence, way, often, sure, shore, goes_on, unsure in zip(*(c[on].tolist() for c in columns)):
            left, back_at = FixAt(track, t0, x0, y0), FixAt(track, t1, x1, y1)
            facts = {"likely_disabling": sure, "heard_often": often, "shore_m": None if shore != shore else round(shore)}
            if goes_on:
                events.append(Event("gap", rule.id, (track,), t0, None, x0, y0, left, left, None, facts, unsure, rule.severity))
                continue
            facts |= {"silence_s": silence, "distance_m": round(way, 1), "implied_mps": round(way / silence, 3) if silence else None}
            events.append(Event("gap", rule.id, (track,), t0, t1, x0, y0, left, back_at, None, facts, unsure, rule.severity))
            events.append(Event("reappearance", rule.id, (track,), t1, t1, x1, y1, left, back_at, None, facts, unsure, rule.severity))
        return events
