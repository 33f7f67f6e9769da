"""Movement events: gaps and encounters over many fixes at once, each at two sizes, and every rule live on a stream of fixes.

Beside them in the same run the same by hand: gaps by pandas (sort, groupby, shift), encounters by a BallTree of scikit-learn for every instant
(pairs alone, none of what makes an encounter of them). The made fleet is the same each time; fixes come in no order, as from a table.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely

from analysis.events import CoverageVoid, Encounter, Fence, Gap, IdentityConflict, Loitering, MovingFence, OutOfOrder, Presence, Proximity, SpeedRange, Stop
from analysis.events.areas import WatchArea
from analysis.events.engine import Engine
from analysis.events.event import Event
from analysis.events.fixes import Fixes, Tracks
from analysis.events.geo import RADIUS_M, lonlat, unit
from analysis.events.rules import Context, Rule
from benchmarks.tables import percentile, show

SEED = 20261126
START_US = 1_790_000_000_000_000
LIVE_TRACKS = 5_000


def main(args: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="vigia bench events", description=__doc__.split("\n")[0])
    asked.add_argument("--gaps", type=int, default=10_000_000, help="fixes; a tenth of them is the other size")
    asked.add_argument("--encounters", type=int, default=1_000_000, help="fixes of 2,000 vessels; a quarter of them is the other size")
    asked.add_argument("--seconds", type=int, default=900, help="of the live stream")
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--no-peer", action="store_true", help="measure ourselves alone")
    asked = asked.parse_args(args)
    rows = []
    for fixes in (asked.gaps // 10, asked.gaps):
        rows += _gaps(fixes, asked.runs, not asked.no_peer)
    for fixes in (asked.encounters // 4, asked.encounters):
        rows += _encounters(fixes, asked.runs, not asked.no_peer)
    show(["what", "fixes", "s", "fixes/s", "found"], rows, title=f"Events of all fixes at once, median of {asked.runs} runs")
    live = [_live(rate, seconds, late) for rate, seconds, late in ((2_000, asked.seconds, 0.0), (2_000, asked.seconds, 0.02), (10_000, 60, 0.0))]
    show(["fixes/s", "of them late", "s", "share of a core", "p95 ms of a second's", "longest ms", "revisions"], live,
         title=f"Live: {len(_rules())} rules over {LIVE_TRACKS:,} tracks, fixes handed over each second")
    return 0


def _measured(runs: int, work: Callable[[], object]) -> tuple[float, object]:
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), found


def fleet(fixes: int, tracks: int, step_s: float, seed: int = SEED) -> dict[str, np.ndarray]:
    """Columns of fixes in no order: vessels that wander a few degrees, every hundredth fix before a silence of hours."""
    rng = np.random.default_rng(seed)
    each = fixes // tracks
    silence = np.where(rng.random((tracks, each)) < 0.005, rng.uniform(4, 20, (tracks, each)) * 3600, 0)
    t = START_US + ((rng.uniform(0.5, 1.5, (tracks, each)) * step_s + silence).cumsum(axis=1) * 1e6).astype(np.int64)
    course = rng.uniform(0, 2 * np.pi, (tracks, 1)) + rng.normal(0, 0.15, (tracks, each)).cumsum(axis=1)
    pace = np.abs(rng.normal(3, 2, (tracks, 1))) * step_s / 111_195
    lon = rng.uniform(-98, -90, (tracks, 1)) + (pace * np.cos(course)).cumsum(axis=1)
    lat = rng.uniform(20, 28, (tracks, 1)) + (pace * np.sin(course)).cumsum(axis=1)
    order = rng.permutation(tracks * each)
    flat = (np.repeat(np.arange(1, tracks + 1), each), t.ravel(), (lon.ravel() + 180) % 360 - 180, np.clip(lat.ravel(), -80, 80))
    return dict(zip(("track_id", "observed_us", "lon", "lat"), (c[order] for c in flat)))


def _gaps(fixes: int, runs: int, peer: bool) -> list[tuple]:
    columns = fleet(fixes, fixes // 500, 300)
    context = Context(int(columns["observed_us"].max()), Tracks.of(np.arange(1, fixes // 500 + 1)))
    rule = Rule(1, Gap())
    ordered = Fixes.of(**columns)
    s, found = _measured(runs, lambda: rule.apply(Fixes.of(**columns), context))
    told = sum(1 for e in found if e.type == "gap" and e.ended_us)
    rows = [("gaps", fixes, s, fixes / s, told)]
    s, _ = _measured(runs, lambda: rule.apply(ordered, context))
    rows.append(("gaps, fixes in order", fixes, s, fixes / s, told))
    if peer:
        s, number = _measured(runs, lambda: _gaps_by_pandas(columns))
        if number != told:
            raise SystemExit(f"pandas finds {number} gaps, we {told}")
        rows.append(("peer: pandas", fixes, s, fixes / s, number))
    return rows


def _gaps_by_pandas(columns: dict[str, np.ndarray]) -> int:
    frame = pd.DataFrame(columns).sort_values(["track_id", "observed_us"])
    before = frame.groupby("track_id")[["observed_us", "lon", "lat"]].shift()
    return int((frame.observed_us - before.observed_us >= 6 * 3_600_000_000).sum())


def meeting_fleet(fixes: int, tracks: int = 2_000) -> Fixes:
    """Vessels over a sea of 8 by 8 degrees; a tenth of them go beside another one, slowly."""
    columns = fleet(fixes, tracks, 300)
    made = Fixes.of(**columns)
    lon, lat, speed = made.lon.copy(), made.lat.copy(), np.full(len(made), 3.0)
    index = np.arange(len(made)) - np.repeat(made.starts, made.ends - made.starts)
    for n in range(0, tracks // 10, 2):
        one, two = (slice(int(made.starts[n + k]), int(made.ends[n + k])) for k in (0, 1))
        for part, off in ((one, 0.0), (two, 0.002)):
            lon[part], lat[part] = -94 + 0.02 * n + off, 24 + 0.00001 * (index[part] % 50)
    return Fixes.of(made.track_id, made.observed_us, lon, lat, speed)


def _encounters(fixes: int, runs: int, peer: bool) -> list[tuple]:
    made = meeting_fleet(fixes)
    context = Context(int(made.observed_us.max()), Tracks.of(np.arange(1, 2_001)))
    rule = Rule(1, Encounter())
    s, found = _measured(runs, lambda: rule.apply(made, context))
    rows = [("encounters", fixes, s, fixes / s, len(found))]
    if peer:
        spots = rule.detector.rows(rule, made, context, np.full(len(made.tracks), -(2**62)))
        pairs = len(rule.detector.links(rule, spots, spots, context))
        s, near = _measured(1, lambda: _pairs_by_balltree(spots))
        rows.append((f"peer: BallTree, pairs alone ({pairs:,} by ours)", fixes, s, fixes / s, near))
    return rows


def _pairs_by_balltree(spots: np.ndarray) -> int:
    from sklearn.neighbors import BallTree

    order = np.argsort(spots["us"], kind="stable")
    lon, lat = lonlat(np.column_stack([spots["x"], spots["y"], spots["z"]])[order])
    places, number = np.radians(np.column_stack([lat, lon])), 0
    for piece in np.split(places, np.flatnonzero(np.diff(spots["us"][order])) + 1):
        number += int(BallTree(piece, metric="haversine").query_radius(piece, 500 / RADIUS_M, count_only=True).sum()) - len(piece)
    return number // 2


def _rules() -> tuple[Rule, ...]:
    areas = tuple(WatchArea(n, 1, shapely.box(-98 + n % 5 * 1.6, 20 + n // 5 * 2, -97.5 + n % 5 * 1.6, 20.5 + n // 5 * 2), warning_m=2_000) for n in range(20))
    units = tuple(range(1, 41))
    return (
        Rule(1, Fence(), areas), Rule(2, Presence("inside"), areas[:5]), Rule(3, CoverageVoid(START_US), areas, tracks=units), Rule(4, Gap(None)), Rule(5, Encounter()),
        Rule(6, Proximity()), Rule(7, MovingFence(carriers=units)), Rule(8, Loitering()), Rule(9, Stop()), Rule(10, SpeedRange(highest_mps=25.0)),
        Rule(11, OutOfOrder()), Rule(12, IdentityConflict()),
    )


class _Nothing:
    """A past that nobody should ask."""

    def fixes(self, track_ids: object, from_us: int, to_us: int) -> Fixes:
        raise AssertionError("no fix of the stream is older than what is kept")

    def events(self, rule_id: int, track_ids: object) -> list[Event]:
        raise AssertionError("no fix of the stream is older than what is kept")


def _live(rate: int, seconds: int, late: float) -> tuple:
    """A stream: each track tells its place in turn; a share of the fixes comes up to two minutes late."""
    rng = np.random.default_rng(SEED)
    ids = np.arange(1, LIVE_TRACKS + 1)
    at, heading = unit(rng.uniform(-98, -90, LIVE_TRACKS), rng.uniform(20, 28, LIVE_TRACKS)), rng.normal(size=(LIVE_TRACKS, 3))
    pace = np.abs(rng.normal(4, 3, LIVE_TRACKS)) * (rng.random(LIVE_TRACKS) > 0.2) / RADIUS_M
    engine = Engine(_rules(), Context(START_US, Tracks.of(ids, gap_s=600.0), sequences={1: (1, 2)}), _Nothing())
    waiting: list[tuple[int, tuple]] = []
    spent, revisions, sent = [], 0, 0
    for second in range(seconds):
        turn = (sent + np.arange(rate)) % LIVE_TRACKS
        sent += rate
        place = at[turn] + np.cross(at[turn], heading[turn] / np.linalg.norm(heading[turn], axis=1)[:, None]) * (pace[turn] * second)[:, None]
        lon, lat = lonlat(place)
        told = np.column_stack([ids[turn], START_US + second * 1_000_000 + np.arange(rate) * 1_000_000 // rate]), np.column_stack([lon, lat, pace[turn] * RADIUS_M])
        held = rng.random(rate) < late
        waiting.append((second + 1 + int(rng.integers(0, 120)), (told[0][held], told[1][held])))
        parts = [(told[0][~held], told[1][~held]), *(w for due, w in waiting if due == second)]
        waiting = [w for w in waiting if w[0] > second]
        whole, real = (np.concatenate(c) for c in zip(*parts))
        fixes = Fixes.of(whole[:, 0], whole[:, 1], real[:, 0], real[:, 1], real[:, 2])
        now_us = START_US + (second + 1) * 1_000_000
        begin = time.process_time()
        revisions += len(engine.take(fixes, now_us))
        if second % 10 == 9:
            revisions += len(engine.tick(now_us))
        spent.append((time.process_time() - begin) * 1e3)
    return rate, f"{late:.0%}", seconds, sum(spent) / 1e3 / seconds, percentile(spent, 0.95), max(spent), revisions
