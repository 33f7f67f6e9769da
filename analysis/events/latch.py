"""On or off, with hysteresis: labels of fixes to spans, over all tracks at once, by run lengths.

A row is one fix seen by one lane (a track and an area's line, say): label 1 says on, -1 off, 0 neither (between the two distances or
speeds). A run is as many rows of one label as follow each other; it turns the state when it has enough rows and lasts long enough. What
does not is noise, and changes nothing. A silence longer than `break_s` makes the state unknown, which is what it is at first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.events.geo import haversine_m
from analysis.events.rules import NEVER_US, OPEN_US

_BEGIN = [("track_id", "i8"), ("lane", "i8"), ("sign", "i1"), ("doubt", "?"), ("before", "i1"), *((f"{w}_{n}", t) for w in ("start", "prev")
          for n, t in (("us", "i8"), ("lon", "f8"), ("lat", "f8"))), ("n", "i8"), ("low", "f4"), ("high", "f4"), ("way_mm", "i8"), ("moved_m", "f8")]
HELD = np.dtype(_BEGIN)
SPAN = np.dtype([*_BEGIN, ("fresh", "?"), ("ended", "?"), ("silence", "?"), ("decided_us", "i8"), ("doubt_end", "?"),
                 *((f"{w}_{n}", t) for w in ("last", "next") for n, t in (("us", "i8"), ("lon", "f8"), ("lat", "f8")))])


@dataclass(frozen=True)
class Latch:
    """How many fixes in a row, over how many seconds, turn it on and off; what silence (seconds) makes it unknown, None for no such."""

    on_fixes: int = 1
    on_s: float = 0.0
    off_fixes: int = 1
    off_s: float = 0.0
    break_s: float | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows sorted by track, lane and time; columns of shape (n,). `after`: later than its track's last cut, so not counted before."""

    track_id: np.ndarray
    lane: np.ndarray
    t: np.ndarray
    label: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    speed: np.ndarray
    way_mm: np.ndarray
    doubt: np.ndarray
    after: np.ndarray


@dataclass(frozen=True, eq=False)
class Latched:
    """`spans` (SPAN) of state 1 or -1 that are new or were open; `held` (HELD) and `cut_us` of `tracks` to carry on."""

    spans: np.ndarray
    held: np.ndarray
    tracks: np.ndarray
    cut_us: np.ndarray


def spans(rows: Rows, latch: Latch, held: np.ndarray | None, default: np.ndarray | None = None) -> Latched:
    """What the rows say, given what was held. `default`: the state of a lane that nothing is held of, by track (0 when not told)."""
    n = len(rows.t)
    if not n:
        return Latched(np.zeros(0, SPAN), np.zeros(0, HELD), np.zeros(0, np.int64), np.zeros(0, np.int64))
    new_track = np.r_[True, rows.track_id[1:] != rows.track_id[:-1]]
    new_lane = new_track | np.r_[True, rows.lane[1:] != rows.lane[:-1]]
    first = np.flatnonzero(new_lane)  # of each lane
    end = np.r_[first[1:], n]
    tracks = rows.track_id[new_track]
    track_of = (np.cumsum(new_track) - 1)[first]
    silent = np.zeros(n, bool)
    if latch.break_s is not None:
        silent[1:] = np.diff(rows.t) > latch.break_s * 1e6
        silent &= ~new_lane
    cuts, cut_rows = np.cumsum(silent), np.flatnonzero(silent)

    new_run = new_lane | silent | np.r_[True, rows.label[1:] != rows.label[:-1]]
    run = np.flatnonzero(new_run)
    run_end = np.r_[run[1:], n]
    sign = rows.label[run].astype(np.int8)
    size, lasts = run_end - run, rows.t[run_end - 1] - rows.t[run]
    on = sign > 0
    sure = (sign != 0) & (size >= np.where(on, latch.on_fixes, latch.off_fixes)) & (lasts >= 1e6 * np.where(on, latch.on_s, latch.off_s))
    lane_of_run = (np.cumsum(new_lane) - 1)[run]

    old = _held_of(held, rows.track_id[first], rows.lane[first])
    state0 = np.where(old["start_us"] != NEVER_US, old["sign"], 0 if default is None else default[track_of]).astype(np.int8)
    carried = np.flatnonzero((old["start_us"] != NEVER_US) & (old["sign"] != 0))
    lane = np.r_[carried, lane_of_run[sure]]
    order = np.argsort(lane, kind="stable")
    row = np.r_[np.full(len(carried), -1), run[sure]][order]
    signs = np.r_[old["sign"][carried], sign[sure]][order]
    lane = lane[order]
    cut = np.where(row < 0, cuts[first[lane]], cuts[np.maximum(row, 0)])
    if len(lane):
        opens = np.r_[True, (lane[1:] != lane[:-1]) | (signs[1:] != signs[:-1]) | (cut[1:] != cut[:-1])]
        lane, row, signs, cut = lane[opens], row[opens], signs[opens], cut[opens]

    out = np.zeros(len(lane), SPAN)
    follows = np.r_[lane[1:] == lane[:-1], False] if len(lane) else np.zeros(0, bool)
    turned = np.where(follows, np.r_[row[1:], 0], n) if len(lane) else row
    broken = np.r_[cut_rows, n][cut] if len(lane) else row
    broken = np.where(broken < end[lane], broken, n)
    decided = np.minimum(turned, broken)
    fresh = row >= 0
    begin = np.where(fresh, row, first[lane])
    stop = np.minimum(decided, end[lane])  # one past its last row
    out["track_id"], out["lane"], out["sign"], out["fresh"] = rows.track_id[begin], rows.lane[begin], signs, fresh
    out["ended"], out["silence"] = decided < n, (broken <= turned) & (broken < n)
    previous = np.where(np.r_[False, follows[:-1]] if len(lane) else [], np.r_[np.int8(0), signs[:-1]], state0[lane]) if len(lane) else signs
    out["before"] = np.where(fresh, np.where(_broken_before(begin, first[lane], cuts, lane, cut), 0, previous), old["before"][lane])
    prev = np.maximum(begin - 1, first[lane])
    for name, place in (("start", begin), ("prev", prev), ("last", np.maximum(stop - 1, 0)), ("next", np.minimum(decided, end[lane] - 1))):
        for part, column in (("us", rows.t), ("lon", rows.lon), ("lat", rows.lat)):
            out[f"{name}_{part}"] = column[place]
    out["doubt"] = rows.doubt[begin] | rows.doubt[prev]
    out["doubt_end"] = rows.doubt[out_at := np.minimum(decided, end[lane] - 1)] | rows.doubt[np.maximum(out_at - 1, first[lane])]
    out["decided_us"] = np.where(decided < n, rows.t[np.minimum(decided, n - 1)], OPEN_US)
    for name in ("doubt", *(f"{w}_{p}" for w in ("start", "prev") for p in ("us", "lon", "lat"))):
        out[name] = np.where(fresh, out[name], old[name][lane])
    _measure(out, rows, begin, stop, fresh, old[lane])

    # What is pending holds back the cut of its track: a run that would turn the state and is not sure yet.
    last_run = np.r_[np.flatnonzero(lane_of_run[1:] != lane_of_run[:-1]), len(run) - 1]
    cut_anywhere = cuts[end - 1] > cuts[first]
    state = np.where(cut_anywhere, 0, state0)
    final = np.flatnonzero(~follows)
    state[lane[final]] = np.where(out["ended"][final], 0, signs[final])
    pending = (sign[last_run] != 0) & ~sure[last_run] & (sign[last_run] != state)
    settled = np.where(pending, rows.t[run[last_run]] - 1, rows.t[end - 1])
    cut_us = np.full(len(tracks), OPEN_US)
    np.minimum.at(cut_us, track_of, settled)

    keep_to = cut_us[track_of]
    row_cut = first + np.add.reduceat((rows.t <= np.repeat(keep_to, end - first)).astype(np.int64), first)
    mine = (np.where(fresh, out["start_us"], NEVER_US) <= keep_to[lane]) & (out["decided_us"] > keep_to[lane])
    keep = np.zeros(len(first), HELD)
    keep["track_id"], keep["lane"], keep["start_us"] = rows.track_id[first], rows.lane[first], keep_to
    keep["low"] = keep["high"] = np.nan
    early = np.r_[cut_rows, n][cuts[first]]  # the first silence of the lane, if it has one
    keep["sign"] = np.where((early < end) & (early < row_cut), 0, state0)
    gone = np.flatnonzero((out["decided_us"] <= keep_to[lane]))
    keep["sign"][lane[gone]] = 0  # ended by a silence; by a turn the next span is held
    at = np.flatnonzero(mine)
    part = out[at].copy()
    _measure(part, rows, begin[at], np.minimum(stop[at], row_cut[lane[at]]), fresh[at], old[lane[at]])
    for name in HELD.names:
        keep[name][lane[at]] = part[name]
    nothing_yet = row_cut == first  # all rows are still to come: what was held before goes on
    keep[nothing_yet] = old[nothing_yet]
    keep = keep[keep["start_us"] != NEVER_US]
    return Latched(out, keep, tracks, cut_us)


def _broken_before(begin, first, cuts, lane, cut) -> np.ndarray:
    """Whether a silence lies between a span's begin and the span (or the lane's begin) before it."""
    before = cuts[first].copy()
    if len(lane):
        follows = np.r_[False, lane[1:] == lane[:-1]]
        before[follows] = cut[:-1][follows[1:]]
    return cuts[begin] > before


def _held_of(held: np.ndarray | None, track: np.ndarray, lane: np.ndarray) -> np.ndarray:
    """The held row of each lane; start_us NEVER_US where there is none."""
    out = np.zeros(len(track), HELD)
    out["track_id"], out["lane"], out["start_us"] = track, lane, NEVER_US
    if held is None or not len(held):
        return out
    # Both are sorted by track and lane: a number for each pair makes them comparable.
    lanes, code = np.unique(np.r_[held["lane"], lane], return_inverse=True)
    tracks, of = np.unique(np.r_[held["track_id"], track], return_inverse=True)
    key = of * len(lanes) + code
    theirs, mine = key[:len(held)], key[len(held):]
    order = np.argsort(theirs)
    at = np.minimum(np.searchsorted(theirs[order], mine), len(held) - 1)
    hit = theirs[order][at] == mine
    out[hit] = held[order][at[hit]]
    return out


def _measure(out: np.ndarray, rows: Rows, begin: np.ndarray, stop: np.ndarray, fresh: np.ndarray, old: np.ndarray) -> None:
    """Number, speeds, way and farthest place of rows begin … stop - 1 of each span, with what was held of it."""
    size = np.maximum(stop - begin, 0)
    counted = np.r_[0, np.cumsum(rows.after)]
    way = np.r_[0, np.cumsum(np.where(rows.after, rows.way_mm, 0))]
    out["n"] = counted[stop] - counted[begin] + np.where(fresh, 0, old["n"])
    from_row = np.minimum(begin + fresh, np.maximum(stop, begin))  # the way to its first fix is no part of it
    out["way_mm"] = way[np.maximum(stop, from_row)] - way[from_row] + np.where(fresh, 0, old["way_mm"])
    owner = np.repeat(np.arange(len(out)), size)
    index = np.repeat(begin - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(size.sum()) if len(out) else np.zeros(0, int)
    good = rows.after[index]
    owner, index = owner[good], index[good]
    low, high, moved = np.full(len(out), np.nan, np.float32), np.full(len(out), np.nan, np.float32), np.zeros(len(out))
    if len(index):
        at = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        whose = owner[at]
        low[whose], high[whose] = np.fmin.reduceat(rows.speed[index], at), np.fmax.reduceat(rows.speed[index], at)
        moved[whose] = np.maximum.reduceat(haversine_m(out["start_lon"][owner], out["start_lat"][owner], rows.lon[index], rows.lat[index]), at)
    out["low"] = np.fmin(low, np.where(fresh, np.nan, old["low"]))
    out["high"] = np.fmax(high, np.where(fresh, np.nan, old["high"]))
    out["moved_m"] = np.maximum(moved, np.where(fresh, 0.0, old["moved_m"]))
