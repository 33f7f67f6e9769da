"""A watch area with nobody in it who should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.rules import Context, Rule, fix_at

STAY = np.dtype([("track_id", "i8"), ("us", "i8"), ("until_us", "i8"), ("area", "i8"), ("lon", "f8"), ("lat", "f8"), ("past", "?")])


@dataclass(frozen=True)
class CoverageVoid:
    """`coverage_void`: no unit of the rule's kinds, agencies or tracks was in an area for `void_s`.

    A fix inside holds until the unit's next one, for `hold_s` at most: a silent unit covers nothing. Before `since_us` nothing is asked. Defaults are ours:
    an hour without anybody; half an hour for one fix. It counts when the schedules of rule and area are on at the moment it has lasted `void_s`.
    """

    since_us: int
    void_s: float = 3_600.0
    hold_s: float = 1_800.0
    name = "coverage_void"
    together = True
    pairwise = False
    rows_from_tail = True  # how long the last fix holds is told by the one after it

    @property
    def patience_us(self) -> int:
        """How far before the newest fixes a row can still change while nothing comes late."""
        return int(self.hold_s * 1e6)

    def rows(self, rule: Rule, fixes: Fixes, context: Context, since_us: np.ndarray) -> np.ndarray:
        """STAYs: of each fix inside of an area, from when until when it holds."""
        t = fixes.observed_us
        until = t + int(self.hold_s * 1e6)
        if len(t) > 1:
            follows = np.r_[fixes.track_id[1:] == fixes.track_id[:-1], False]
            until = np.where(follows, np.minimum(until, np.r_[t[1:], 0]), until)
        parts = []
        for n, area in enumerate(rule.areas):
            at = np.flatnonzero(area.within(fixes.lon, fixes.lat))
            part = np.zeros(len(at), STAY)
            part["track_id"], part["us"], part["until_us"], part["area"] = fixes.track_id[at], t[at], until[at], n
            part["lon"], part["lat"] = fixes.lon[at], fixes.lat[at]
            parts.append(part)
        return np.concatenate(parts) if parts else np.zeros(0, STAY)

    def links(self, rule: Rule, new: np.ndarray, every: np.ndarray, context: Context) -> np.ndarray:
        """Stays are by themselves."""
        return np.zeros(0, STAY)

    def found(self, rule: Rule, rows: np.ndarray, context: Context, frontier: tuple[np.ndarray, np.ndarray],
              links: np.ndarray | None = None) -> list[Event]:
        """The holes between the stays."""
        out = []
        for n, area in enumerate(rule.areas):
            stays = rows[(rows["area"] == n) & (rows["us"] <= context.now_us)]
            stays = stays[np.lexsort((stays["track_id"], stays["until_us"], stays["us"]))]
            begin = max([self.since_us, *stays["us"][stays["past"]].tolist()])  # holes before what was put together are settled
            covered = np.maximum.accumulate(np.r_[begin, stays["until_us"]])
            # Which stay reached furthest so far: the unit that left last. Of two the one of the lower number.
            last = np.maximum.accumulate(np.r_[0, np.where(stays["until_us"] > covered[:-1], np.arange(1, len(stays) + 1), 0)])
            ends = np.r_[stays["us"], context.now_us]
            for i in np.flatnonzero(ends - covered >= self.void_s * 1e6).tolist():
                start, goes_on = int(covered[i]), i == len(stays)
                moment = np.array([start + int(self.void_s * 1e6)])
                if not (rule.schedule.on(moment)[0] and area.schedule.on(moment)[0]):
                    continue
                out.append(self._event(rule, area, stays, int(last[i]) - 1, None if goes_on else i, start))
        return out

    def _event(self, rule: Rule, area, stays: np.ndarray, left: int, came: int | None, start: int) -> Event:
        lon, lat = area.centre
        nobody = fix_at(0, start, lon, lat)
        before, after = (nobody if i is None or i < 0 else fix_at(*(stays[i][name] for name in ("track_id", "us", "lon", "lat"))) for i in (left, came))
        ended = None if came is None else after.observed_us
        facts = {"units_seen": left >= 0} | ({"lasted_s": (ended - start) / 1e6} if ended is not None else {})
        return Event("coverage_void", rule.id, (), start, ended, lon, lat, before, after if ended is not None else before, (area.id, area.version), facts, False,
                     rule.severity)

    def pruned(self, rows: np.ndarray, links: np.ndarray, before_us: int) -> tuple[np.ndarray, np.ndarray]:
        """Without what no fix after `before_us` can change: of the stays over by then, the one of each area that reached furthest."""
        old = rows["until_us"] <= before_us
        past = rows[old]
        past = past[np.lexsort((-past["track_id"], -past["us"], past["until_us"], past["area"]))]
        last = np.r_[past["area"][1:] != past["area"][:-1], True] if len(past) else np.zeros(0, bool)
        past = past[last]
        past["past"] = True
        return np.concatenate([past, rows[~old]]), links
