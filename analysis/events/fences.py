"""Watch areas: entering and leaving one, and being inside or outside when one should not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.latch import Latch, Latched, spans
from analysis.events.rows import carried, rows_of, speeds
from analysis.events.rules import Carry, Context, Reading, Rule, fix_at

LINES = ("critical", "warning")
ELSEWHERE = -1  # the lane of a track that is far from every area


@dataclass(frozen=True)
class Fence:
    """`enter` and `exit`: a track crosses the critical line of an area (its polygon) or the warning line outside of it.

    In is up to `enter_m` outside of the line, out is beyond `exit_m`; between them the state stays (ports: GFW enters at 3 km, leaves at
    4 km). `enter_fixes` and `exit_fixes` in a row over `enter_dwell_s` and `exit_dwell_s` are needed; the time told is the first one's. A track
    begins unknown: first seen inside it has entered, and the event says that it `appeared`. With `silence_s` a longer silence makes it unknown
    again. Defaults: 50 m is what GNSS noise comes to, and one fix is no crossing.
    """

    enter_m: float = 0.0
    exit_m: float = 50.0
    enter_fixes: int = 2
    exit_fixes: int = 2
    enter_dwell_s: float = 0.0
    exit_dwell_s: float = 0.0
    silence_s: float | None = None
    lines: tuple[Literal["critical", "warning"], ...] = LINES
    name = "fence"
    together = False

    def __post_init__(self):
        if self.exit_m < self.enter_m:
            raise ValueError(f"exit_m {self.exit_m} is less than enter_m {self.enter_m}: a track would be in and out at once")

    def read(self, rule: Rule, fixes: Fixes, context: Context, carry: Carry) -> Reading:
        """Events of fixes after the carry's cut."""
        latch = Latch(self.enter_fixes, self.enter_dwell_s, self.exit_fixes, self.exit_dwell_s, self.silence_s)
        wanted = [(a, LINES.index(line), area.warning_m if line == "warning" else 0.0) for a, area in enumerate(rule.areas)
                  for line in self.lines if line == "critical" or area.warning_m > 0]
        labels = ((a * 2 + line, _sides(rule.areas[a], fixes, metres + self.enter_m, metres + self.exit_m)) for a, line, metres in wanted)
        latched = _latched(fixes, context, carry, latch, labels)
        events, decided = [], []
        s = latched.spans
        enters, exits = s["fresh"] & (s["sign"] > 0), s["fresh"] & (s["sign"] < 0) & (s["before"] > 0)
        on = rule.schedule.on(s["start_us"])
        for i in np.flatnonzero((enters | exits) & on & (s["lane"] >= 0)).tolist():
            row = s[i]
            area, line = rule.areas[row["lane"] // 2], LINES[row["lane"] % 2]
            if not area.schedule.on(row["start_us"][None])[0]:
                continue
            facts = {"line": line, "line_m": area.warning_m if line == "warning" else 0.0}
            if row["sign"] > 0:
                facts["appeared"] = bool(row["before"] == 0)
            else:
                facts["inside_s"] = (int(row["start_us"]) - int(s[i - 1]["start_us"])) / 1e6
            track = int(row["track_id"])
            first = "start" if row["sign"] > 0 and row["before"] == 0 else "prev"
            events.append(Event(
                "enter" if row["sign"] > 0 else "exit", rule.id, (track,), int(row["start_us"]), int(row["start_us"]), float(row["start_lon"]),
                float(row["start_lat"]), fix_at(track, *(row[f"{first}_{p}"] for p in ("us", "lon", "lat"))),
                fix_at(track, *(row[f"start_{p}"] for p in ("us", "lon", "lat"))), (area.id, area.version), facts, bool(row["doubt"]), rule.severity, line))
            decided.append(int(row["start_us"]))
        return Reading(events, decided, carried(fixes, latched))


@dataclass(frozen=True)
class Presence:
    """`inside` or `outside`: a track is where it should not be (or not where it should be) while the rule's schedule is on.

    From the first fix that says so to the first that no longer does. `fixes` in a row begin it and end it; a silence longer than `silence_s` ends it
    at the last fix (default: an hour, the product's gap for a vessel). `edge_m`: how far beyond the line is still doubtful.
    """

    side: Literal["inside", "outside"] = "inside"
    edge_m: float = 50.0
    fixes: int = 2
    min_s: float = 0.0
    silence_s: float | None = 3_600.0
    name = "presence"
    together = False

    def read(self, rule: Rule, fixes: Fixes, context: Context, carry: Carry) -> Reading:
        """Events of fixes after the carry's cut."""
        on = rule.schedule.on(fixes.observed_us)

        def label(area) -> np.ndarray:
            side = _sides(area, fixes, 0.0, self.edge_m)
            told = (side if self.side == "inside" else -side) if side is not None else None
            if told is None:  # no fix is near
                if self.side == "inside":
                    return None
                told = np.ones(len(fixes), np.int8)
            return np.where(on & area.schedule.on(fixes.observed_us), told, np.int8(-1))

        latch = Latch(self.fixes, 0.0, self.fixes, 0.0, self.silence_s)
        latched = _latched(fixes, context, carry, latch, ((a * 2, label(area)) for a, area in enumerate(rule.areas)))
        events, decided = [], []
        for row in latched.spans[(latched.spans["sign"] > 0) & (latched.spans["lane"] >= 0)]:
            if lasted_us(row) >= self.min_s * 1e6:
                events.append(span_event(self.side, rule, row, rule.areas[row["lane"] // 2]))
                decided.append(int(row["decided_us"]))
        return Reading(events, decided, carried(fixes, latched))


def span_event(kind: str, rule: Rule, row: np.void, area=None, **facts) -> Event:
    """An event that lasts, of a span. While it does it tells its beginning alone: a number that grew with each fix would be a revision a fix."""
    track, ended = int(row["track_id"]), bool(row["ended"])
    until = int(row["last_us"] if row["silence"] else row["next_us"])
    last = "start" if not ended else "last" if row["silence"] else "next"
    if ended:
        facts |= {"lasted_s": (until - int(row["start_us"])) / 1e6, "fixes": int(row["n"]), "ended_by": "silence" if row["silence"] else "change", **measures(row)}
    return Event(kind, rule.id, (track,), int(row["start_us"]), until if ended else None, float(row["start_lon"]), float(row["start_lat"]),
                 fix_at(track, *(row[f"start_{p}"] for p in ("us", "lon", "lat"))), fix_at(track, *(row[f"{last}_{p}"] for p in ("us", "lon", "lat"))),
                 (area.id, area.version) if area else None, facts, bool(row["doubt"] | (row["doubt_end"] & ended)), rule.severity)


def lasted_us(rows: np.ndarray) -> np.ndarray:
    """How long spans have lasted, up to the fix that ended them or the last one inside."""
    return np.where(rows["silence"] | ~rows["ended"], rows["last_us"], rows["next_us"]) - rows["start_us"]


def measures(row: np.void) -> dict:
    """How far from its first fix, along its way, and how fast it went."""
    return {"moved_m": round(float(row["moved_m"]), 1), "way_m": round(int(row["way_mm"]) / 1e3, 1),
            "lowest_mps": _rounded(row["low"]), "highest_mps": _rounded(row["high"])}


def _rounded(value: np.floating) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def _sides(area, fixes: Fixes, enter_m: float, exit_m: float) -> np.ndarray | None:
    """1 in, -1 out, 0 between, of shape (n,); None when all are out."""
    near = area.within(fixes.lon, fixes.lat, exit_m)
    if not near.any():
        return None
    label = np.where(near, np.int8(0), np.int8(-1))
    at = np.flatnonzero(near)
    label[at[area.within(fixes.lon[at], fixes.lat[at], enter_m)]] = 1
    return label


def _latched(fixes: Fixes, context: Context, carry: Carry, latch: Latch, labels) -> Latched:
    """Each track in a lane for every area it comes near or was held in, and in one for elsewhere, where it is always out."""
    size, tracks = fixes.ends - fixes.starts, fixes.tracks
    lanes, index, label = [np.full(len(fixes), ELSEWHERE)], [np.arange(len(fixes))], [np.full(len(fixes), -1, np.int8)]
    held = carry.held if carry.held is not None else np.zeros(0, [("track_id", "i8"), ("lane", "i8")])
    for lane, told in labels:
        there = np.isin(tracks, held["track_id"][held["lane"] == lane])
        if told is not None and len(fixes):
            there |= np.maximum.reduceat(told, fixes.starts) >= 0
        if there.any():
            at = np.flatnonzero(np.repeat(there, size))
            lanes.append(np.full(len(at), lane))
            index.append(at)
            label.append(told[at] if told is not None else np.full(len(at), -1, np.int8))
    lane, i, told = np.concatenate(lanes), np.concatenate(index), np.concatenate(label)
    order = np.lexsort((i, lane, fixes.track_id[i]))
    way, speed = speeds(fixes)
    rows = rows_of(fixes, context, carry, told[order], way, speed, i[order], lane[order])
    # A track that was carried and is held in no lane of an area is outside of it.
    known = held["track_id"][(held["lane"] == ELSEWHERE) & (held["sign"] < 0)] if carry.held is not None else np.zeros(0, np.int64)
    latched = spans(rows, latch, carry.held, np.where(np.isin(tracks, known), np.int8(-1), np.int8(0)))
    keep = latched.held
    return Latched(latched.spans, keep[(keep["lane"] == ELSEWHERE) | (keep["sign"] >= 0)], latched.tracks, latched.cut_us)
