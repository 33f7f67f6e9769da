"""Two tracks at one place: encounter, proximity, a fence that moves with a track.

Every track is put on the same instants (`step_s` apart, from the epoch on: midnight is one like any other), between two fixes that are at
most `silence_s` apart; two that are near each other at an instant are linked, and links that follow each other are a meeting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from analysis.events.event import Event
from analysis.events.fixes import Fixes
from analysis.events.geo import KNOT_MPS, RADIUS_M, geodesic_m, lonlat, unit
from analysis.events.rows import legs
from analysis.events.rules import NEVER_US, Context, Rule, fix_at

SPOT = np.dtype([("track_id", "i8"), ("us", "i8"), ("x", "f8"), ("y", "f8"), ("z", "f8"), ("mps", "f4")])
LINK = np.dtype([("a", "i8"), ("b", "i8"), ("us", "i8"), ("distance_m", "f8"), *((f"{n}_{w}", t) for w in "ab" for n, t in (("lon", "f8"), ("lat", "f8"), ("mps", "f4")))])
ELLIPSOID = 1.01  # a sphere's distance is at most 0.6 % off: looked for a little wider, then measured on the ellipsoid


class Meeting:
    """What the three have in common. Frozen dataclasses that say `reach_m`, `step_s`, `silence_s`, `bridge_s`, and which meetings count."""

    together = True
    pairwise = True
    rows_from_tail = False  # the carried last fix was put on its instants before

    @property
    def patience_us(self) -> int:
        """How far before the newest fixes a row can still change while nothing comes late."""
        return int((self.silence_s + self.step_s) * 1e6)

    def rows(self, rule: Rule, fixes: Fixes, context: Context, since_us: np.ndarray) -> np.ndarray:
        """SPOTs at the instants after each track's `since_us` (NEVER_US: from its first fix on)."""
        n, t, step = len(fixes), fixes.observed_us, int(self.step_s * 1e6)
        if not n:
            return np.zeros(0, SPOT)
        _, seconds, _ = legs(fixes)
        way = unit(fixes.lon, fixes.lat)
        joined = np.zeros(n, bool)
        with np.errstate(invalid="ignore"):
            joined[1:] = (seconds <= self.silence_s)[1:]
        joined[fixes.starts] = False
        number = np.zeros(n, np.int64)
        number[1:] = np.where(joined[1:], t[1:] // step - t[:-1] // step, 0)
        # A fix with nothing before it is at its own instant when it falls on one; a carried one was there before.
        alone = ~joined & (t % step == 0)
        alone[fixes.starts[since_us != NEVER_US]] = False
        number[alone] = 1
        i = np.repeat(np.arange(n), number)
        if not len(i):
            return np.zeros(0, SPOT)
        nth = np.arange(len(i)) - np.repeat(np.cumsum(number) - number, number)
        before = np.where(joined[i], i - 1, i)
        at = np.where(joined[i], (t[before] // step + 1 + nth) * step, t[i])
        span = (t[i] - t[before]).astype(float)
        share = np.where(span > 0, (at - t[before]) / np.where(span > 0, span, 1), 1.0)[:, None]
        place = way[before] * (1 - share) + way[i] * share
        place /= np.linalg.norm(place, axis=1)[:, None]
        out = np.zeros(len(i), SPOT)
        out["track_id"], out["us"] = fixes.track_id[i], at
        out["x"], out["y"], out["z"] = place.T
        with np.errstate(divide="ignore", invalid="ignore"):
            straight = 2 * RADIUS_M * np.arcsin(np.minimum(np.linalg.norm(way[i] - way[before], axis=1) / 2, 1)) / (span / 1e6)
        told = fixes.speed_mps[i]
        out["mps"] = np.where(joined[i], straight, told)
        out = out[out["us"] > np.repeat(since_us, fixes.ends - fixes.starts)[i]]
        # Two fixes of one instant and the way between them are one spot: the first.
        return out[np.r_[True, (out["track_id"][1:] != out["track_id"][:-1]) | (out["us"][1:] != out["us"][:-1])]] if len(out) else out

    def links(self, rule: Rule, new: np.ndarray, every: np.ndarray, context: Context) -> np.ndarray:
        """LINKs between the new rows and every row (the new ones among them) of the same instant."""
        if not len(new):
            return np.zeros(0, LINK)
        instants = np.unique(new["us"])
        if new is not every:
            every = every[np.isin(every["us"], instants)]
        new, every = (self._open(rows, context) for rows in (new, every))
        if not len(new):
            return np.zeros(0, LINK)
        chord = 2 * np.sin(min(self.reach_m * ELLIPSOID / RADIUS_M / 2, np.pi / 2))
        # The instant is a fourth direction in which all stand further apart than anybody looks.
        mine, theirs = (np.column_stack([r["x"], r["y"], r["z"], np.searchsorted(instants, r["us"]) * chord * 4]) for r in (new, every))
        tree = cKDTree(theirs, balanced_tree=False, compact_nodes=False)
        if new is every or len(new) == len(every):
            new = every
            found = tree.query_pairs(chord, output_type="ndarray")
            i, j = found[:, 0], found[:, 1]
        else:
            near = cKDTree(mine, balanced_tree=False).sparse_distance_matrix(tree, chord, output_type="ndarray")
            i, j = near["i"], near["j"]
        one, two = new[i], every[j]
        good = (one["track_id"] != two["track_id"]) & (one["us"] == two["us"]) & self._pairs(rule, one["track_id"], two["track_id"], context)
        one, two = one[good], two[good]
        swap = one["track_id"] > two["track_id"]
        one, two = np.where(swap, two, one), np.where(swap, one, two)
        out = np.zeros(len(one), LINK)
        out["a"], out["b"], out["us"] = one["track_id"], two["track_id"], one["us"]
        for w, spot in (("a", one), ("b", two)):
            out[f"lon_{w}"], out[f"lat_{w}"] = lonlat(np.column_stack([spot["x"], spot["y"], spot["z"]]))
            out[f"mps_{w}"] = spot["mps"]
        out["distance_m"] = geodesic_m(out["lon_a"], out["lat_a"], out["lon_b"], out["lat_b"])
        out = out[out["distance_m"] <= self.reach_m]
        out = out[np.lexsort((out["us"], out["b"], out["a"]))]
        same = (out["a"][1:] == out["a"][:-1]) & (out["b"][1:] == out["b"][:-1]) & (out["us"][1:] == out["us"][:-1])
        return out[np.r_[True, ~same]] if len(out) else out

    def _open(self, rows: np.ndarray, context: Context) -> np.ndarray:
        return rows

    def _pairs(self, rule: Rule, a: np.ndarray, b: np.ndarray, context: Context) -> np.ndarray:
        return np.ones(len(a), bool)

    def meetings(self, links: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and one-past-last index of each meeting in links sorted by pair and instant."""
        if not len(links):
            return np.zeros(0, int), np.zeros(0, int)
        new = np.r_[True, (links["a"][1:] != links["a"][:-1]) | (links["b"][1:] != links["b"][:-1]) | (np.diff(links["us"]) > self.bridge_s * 1e6)]
        first = np.flatnonzero(new)
        return first, np.r_[first[1:], len(links)]

    def found(self, rule: Rule, rows: np.ndarray, context: Context, frontier: tuple[np.ndarray, np.ndarray],
              links: np.ndarray | None = None) -> list[Event]:
        """Events of all links, by pair. `frontier`: ids of tracks, and the time of the last fix of each."""
        if links is None:
            links = self.links(rule, rows, rows, context)
        first, end = self.meetings(links)
        last = end - 1
        until = np.minimum(*(_of(frontier, links[who][last]) for who in "ab"))
        over_us = links["us"][last] + int((self.bridge_s + self.step_s) * 1e6)
        over = (until >= over_us) | (context.now_us >= over_us + self.patience_us)
        out = []
        on = rule.schedule.on(links["us"][first])
        for n in np.flatnonzero(on).tolist():
            event = self._event(rule, links[first[n]:end[n]], bool(over[n]), context)
            if event is not None:
                out.append(event)
        return out

    def pruned(self, rows: np.ndarray, links: np.ndarray, before_us: int) -> tuple[np.ndarray, np.ndarray]:
        """Without what no row at `before_us` or later can change."""
        first, end = self.meetings(links)
        keep = links["us"][end - 1] + int((self.bridge_s + self.step_s) * 1e6) >= before_us
        return rows[rows["us"] >= before_us], links[np.repeat(keep, end - first)]

    def _made(self, kind: str, rule: Rule, links: np.ndarray, over: bool, facts: dict) -> Event:
        one, last = links[0], links[-1 if over else 0]
        a, b = int(one["a"]), int(one["b"])
        facts = {"distance_m": round(float(one["distance_m"]), 1), **({"lasted_s": int(last["us"] - one["us"]) / 1e6, "closest_m": round(float(links["distance_m"].min()), 1),
                                                                     **facts} if over else {})}
        return Event(kind, rule.id, (a, b), int(one["us"]), int(last["us"]) if over else None, float(one["lon_a"]), float(one["lat_a"]),
                     fix_at(a, one["us"], one["lon_a"], one["lat_a"]), fix_at(b, last["us"], last["lon_b"], last["lat_b"]), None, facts, False, rule.severity)


def _of(frontier: tuple[np.ndarray, np.ndarray], ids: np.ndarray) -> np.ndarray:
    known, us = frontier
    if not len(ids):
        return np.zeros(0, np.int64)
    return us[np.minimum(np.searchsorted(known, ids), len(known) - 1)]


@dataclass(frozen=True)
class Encounter(Meeting):
    """`encounter`: two tracks within `reach_m` of each other for `min_s`, at a median speed below `slow_mps`.

    Defaults, of Global Fishing Watch: 500 m, 2 h, 2 kn, and at least `anchorage_m` 10 km from the places in `Context.anchorages`. (Skylight: 250 m and
    30 min; Starboard: 50 m and 10 min or 200 m and 30 min.) Apart for up to `bridge_s` they still meet. With `shore_m` only meetings that began so
    far from the shore count, where somebody can tell.
    """

    reach_m: float = 500.0
    min_s: float = 7_200.0
    slow_mps: float = 2 * KNOT_MPS
    anchorage_m: float = 10_000.0
    shore_m: float = 0.0
    step_s: float = 600.0
    silence_s: float = 7_200.0
    bridge_s: float = 1_200.0
    name = "encounter"

    def _open(self, rows: np.ndarray, context: Context) -> np.ndarray:
        if not context.anchorages or not len(rows):
            return rows
        lon, lat = lonlat(np.column_stack([rows["x"], rows["y"], rows["z"]]))
        for area in context.anchorages:
            keep = ~area.within(lon, lat, self.anchorage_m)
            rows, lon, lat = rows[keep], lon[keep], lat[keep]
        return rows

    def _event(self, rule: Rule, links: np.ndarray, over: bool, context: Context) -> Event | None:
        if links["us"][-1] - links["us"][0] < self.min_s * 1e6:
            return None
        speed = np.r_[links["mps_a"], links["mps_b"]]
        median = float(np.nanmedian(speed)) if not np.isnan(speed).all() else 0.0
        if median >= self.slow_mps:
            return None
        shore = context.shore_of(float(links["lon_a"][0]), float(links["lat_a"][0]))
        if shore is not None and shore < self.shore_m:
            return None
        event = self._made("encounter", rule, links, over, {"median_mps": round(median, 3)})
        return replace(event, facts=event.facts | {"shore_m": None if shore is None else round(shore)})


@dataclass(frozen=True)
class Proximity(Meeting):
    """`proximity`: two tracks come within `near_m`, at `instants` of the common instants at least, and are apart again beyond `reach_m`.

    With `moving_mps` both must move that fast at the median: two that are parked side by side are no event. Times are as fine as `step_s`.
    """

    near_m: float = 200.0
    reach_m: float = 300.0
    instants: int = 2
    moving_mps: float = 0.0
    step_s: float = 60.0
    silence_s: float = 600.0
    bridge_s: float = 120.0
    name = "proximity"

    def __post_init__(self):
        if self.reach_m < self.near_m:
            raise ValueError(f"reach_m {self.reach_m} is less than near_m {self.near_m}: two tracks would be near and apart at once")

    def _event(self, rule: Rule, links: np.ndarray, over: bool, context: Context) -> Event | None:
        near = np.flatnonzero(links["distance_m"] <= self.near_m)
        if len(near) < self.instants:
            return None
        links = links[near[0]:]
        if self.moving_mps and any(not np.nanmedian(links[f"mps_{w}"]) >= self.moving_mps for w in "ab"):
            return None
        return self._made(self.name, rule, links, over, {})


@dataclass(frozen=True)
class MovingFence(Proximity):
    """`moving_fence`: a track comes within `near_m` of one of `carriers` (a unit, a convoy), which the fence moves with.

    What the rule covers is both sides: the carriers and whoever may come near them. Two carriers beside each other are no event.
    """

    near_m: float = 1_000.0
    reach_m: float = 1_200.0
    carriers: tuple[int, ...] = ()
    name = "moving_fence"

    def _pairs(self, rule: Rule, a: np.ndarray, b: np.ndarray, context: Context) -> np.ndarray:
        return np.isin(a, self.carriers) != np.isin(b, self.carriers)
