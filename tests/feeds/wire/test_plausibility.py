"""What can't be is flagged, and nothing else: planted anomalies among clean lines, the same wherever the stream is cut."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.flags import (
    ANCIENT,
    DUPLICATE_IDENTITY,
    FUTURE,
    IMPOSSIBLE_SPEED,
    NULL_ISLAND,
    ON_LAND,
    SENTINEL,
    TELEPORT,
    WEEK_ROLLOVER,
    WORDS,
    words,
)
from data.records import KINDS
from feeds.flags import doubtful_time, plausible
from feeds.wire import DECODERS, Heard, Told
from feeds.wire.land import land_test
from feeds.wire.plausibility import SPEED_MAX_MPS, Duplicate, Judge
from tests.feeds.wire.made import NOW_US, T0, T0_US, frames, position, tag

ISLAND = shapely.box(-95, 20, -94, 21)
S = 1_000_000


def judged(judge: Judge, *steps: tuple, kind: str = "vessel", key: str = "mmsi:799000001", speed_mps: float = float("nan")) -> list[tuple[int, int]]:
    """(flags, segment) of steps (second, lon, lat)."""
    t, lon, lat = (np.array(c, float) for c in zip(*steps))
    n = len(steps)
    flags, segments = judge.judge([key] * n, [kind] * n, (T0_US + t * S).astype(np.int64), lon, lat, np.full(n, speed_mps), T0_US + 10**12)
    return list(zip(flags.tolist(), segments.tolist()))


OK = (0, 1)


def test_each_bit_has_its_meaning_for_good():
    assert [FUTURE, ANCIENT, NULL_ISLAND, WEEK_ROLLOVER, SENTINEL, IMPOSSIBLE_SPEED, TELEPORT, ON_LAND, DUPLICATE_IDENTITY] == [1 << i for i in range(9)]
    assert list(WORDS) == [1 << i for i in range(9)] and words(256 | 4) == ["at 0° 0°", "identity used twice"]
    assert set(SPEED_MAX_MPS) == set(KINDS)


@pytest.mark.parametrize(("lon", "lat", "flag"), [
    (0, 0, NULL_ISLAND), (0.0005, -0.0005, NULL_ISLAND), (0, 90, SENTINEL), (5, -90, SENTINEL), (180, 0, SENTINEL), (-180, 0, SENTINEL), (1, 1, SENTINEL), (-1, -1, SENTINEL),
    (180, -17, 0), (1, 2, 0), (0, 5, 0),
])
def test_places_that_stand_for_none(lon: float, lat: float, flag: int):
    assert plausible(np.array([T0_US]), np.array([lon], float), np.array([lat], float), NOW_US).tolist() == [flag]


def test_one_time_is_judged_as_many_are():
    week = 7 * 86_400 * S
    times = [NOW_US, NOW_US + 600 * S, NOW_US + 601 * S, 0, NOW_US - 1024 * week, NOW_US - 2048 * week + 3600 * S, NOW_US - 1000 * week, 4_070_908_800 * S, -10**16]
    many = plausible(np.array(times), np.full(len(times), 5.0), np.full(len(times), 5.5), NOW_US)
    assert many.tolist() == [doubtful_time(t, NOW_US) for t in times] == [0, 0, FUTURE, ANCIENT, WEEK_ROLLOVER, ANCIENT | WEEK_ROLLOVER, 0, FUTURE, ANCIENT]


def test_one_glitch_marks_itself_alone():
    assert judged(Judge(), (0, -97, 26), (10, -97.001, 26), (20, -90, 20), (30, -97.002, 26), (40, -97.003, 26)) == [OK, OK, (TELEPORT, 1), OK, OK]


def test_a_first_fix_that_was_wrong_marks_one():
    assert judged(Judge(), (0, -50, 10), (10, -97, 26), (20, -97.001, 26), (30, -97.002, 26)) == [OK, (TELEPORT, 1), OK, OK]


def test_a_jump_that_holds_marks_one_and_the_track_goes_on():
    judge = Judge()
    assert judged(judge, (0, -97, 26), (10, -90, 20), (20, -90.001, 20), (30, -90.002, 20)) == [OK, (TELEPORT, 1), OK, OK]
    assert not judge.duplicates


def test_fast_is_not_far():
    assert judged(Judge(), (0, -97, 26), (10, -96.97, 26), (20, -97.001, 26)) == [OK, (IMPOSSIBLE_SPEED, 1), OK]
    assert judged(Judge(), (0, -97, 26), (3600, -96, 26)) == [OK, OK]  # 100 km in an hour
    assert judged(Judge(), (0, -97, 26), (10, -96.97, 26), kind="aircraft") == [OK, OK]
    assert judged(Judge(), (0, -97, 26), speed_mps=60) == [(IMPOSSIBLE_SPEED, 1)]
    assert judged(Judge(), (0, 179.999, 0.1), (10, -179.999, 0.1)) == [OK, OK]


def test_two_ships_under_one_number_become_two_segments():
    judge = Judge()
    steps = [(10 * i, (-97 if i % 2 == 0 else -90) + i / 10_000, 26) for i in range(12)]
    told = judged(judge, *steps)
    assert told[:4] == [OK, (TELEPORT, 1), OK, (DUPLICATE_IDENTITY, 2)]
    assert told[4:] == [OK, (DUPLICATE_IDENTITY, 2)] * 4
    assert list(judge.duplicates) == [Duplicate("mmsi:799000001", 2, T0_US + 30 * S, -90 + 3 / 10_000, 26)]


def test_two_ships_heard_in_bursts_keep_their_segments():
    judge = Judge()
    a, b = [(10 * i, -97, 26) for i in range(2)], [(20 + 10 * i, -90, 26) for i in range(3)]
    assert judged(judge, *a, *b, (60, -97, 26), (70, -90, 26), (80, -97, 26)) == [
        OK, OK, (TELEPORT, 1), OK, OK, OK, (DUPLICATE_IDENTITY, 2), OK]
    assert [d.segment for d in judge.duplicates] == [2]


def test_three_ships_and_no_more_than_four():
    judge = Judge()
    places = [(-97, 26), (-90, 26), (-80, 26), (-70, 26), (-60, 26), (-50, 26)]
    told = judged(judge, *[(10 * i, *places[i % 6]) for i in range(60)])
    assert {s for _, s in told} <= {1, 2, 3, 4} and all(f or s == 1 for f, s in told)
    judge = Judge()
    told = judged(judge, *[(10 * i, *places[0 if i % 2 else 1 + i // 2 % 2]) for i in range(40)])
    assert {s for _, s in told} == {1, 2, 3} and sum(f == TELEPORT for f, _ in told) == 2


def test_a_second_ship_that_is_gone_for_a_day_is_forgotten():
    judge = Judge()
    judged(judge, *[(10 * i, -97 if i % 2 == 0 else -90, 26) for i in range(6)])
    assert len(judge._known["mmsi:799000001"].branches) == 2
    judged(judge, (90_000, -97, 26))
    assert len(judge._known["mmsi:799000001"].branches) == 1


def test_a_late_fix_moves_nothing():
    assert judged(Judge(), (100, -97, 26), (0, -97.01, 26), (110, -97, 26), (0, -90, 26), (120, -97, 26)) == [OK, OK, OK, (TELEPORT, 1), OK]


def test_nothing_is_measured_from_a_fix_that_is_flagged_for_itself():
    assert judged(Judge(), (0, -97, 26), (10, 0, 0), (20, -97, 26), (10**7, 50, 5), (30, -97, 26)) == [OK, (NULL_ISLAND, 1), OK, (FUTURE, 1), OK]


def test_numbers_nobody_was_given():
    assert judged(Judge(), (0, -97, 26), key="mmsi:123456789") == [(SENTINEL, 1)]


def test_vessels_on_land_and_nothing_else():
    judge = Judge(land=land_test([ISLAND, shapely.box(-94, 20, -93, 21)], [shapely.LineString([(-95, 20), (-95, 21)]), shapely.Point(-94.5, 20.5).buffer(0.01)],
                                 [shapely.LineString([(-93.5, 20), (-93.5, 21)])], shore_deg=0.05, river_deg=0.02))
    for lon, lat, flag in ((-94.3, 20.7, ON_LAND), (-93.9, 20.7, ON_LAND), (-94.97, 20.5, 0), (-94.46, 20.5, 0), (-96, 20.5, 0), (-95.01, 20.5, 0), (-93.49, 20.5, 0), (-93.53, 20.5, ON_LAND)):
        assert judged(judge, (0, lon, lat), key=f"{lon}") == [(flag, 1)]
        assert judged(judge, (0, lon, lat), key=f"v{lon}", kind="vehicle") == [OK]


STEP = st.tuples(st.integers(0, 3), st.integers(-30, 200), st.sampled_from([-97.0, -96.99, -90.0, -80.0, -97.02, 0.0]), st.sampled_from([26.0, 26.001, 0.0]))


@given(st.lists(STEP, min_size=1, max_size=60), st.lists(st.integers(1, 60), max_size=8))
def test_flags_do_not_depend_on_how_the_stream_is_cut(steps: list[tuple], cuts: list[int]):
    t = T0_US + np.cumsum([s for _, s, _, _ in steps]) * 10 * S
    keys, lon, lat = [f"k{k}" for k, *_ in steps], np.array([s[2] for s in steps]), np.array([s[3] for s in steps])

    def through(edges: list[int]) -> tuple:
        judge, out = Judge(), []
        for a, b in zip(edges, edges[1:]):
            flags, segments = judge.judge(keys[a:b], ["vessel"] * (b - a), t[a:b], lon[a:b], lat[a:b], np.full(b - a, np.nan), T0_US + 10**12)
            out += zip(flags.tolist(), segments.tolist())
        return out, judge.duplicates

    n = len(steps)
    assert through([0, n]) == through(sorted({0, n, *(c for c in cuts if c < n)})) == through(list(range(n + 1)))


@given(st.lists(STEP, min_size=1, max_size=60))
def test_a_file_is_judged_as_a_stream_of_its_fixes_in_order(steps: list[tuple]):
    """Sorted by track and time, as a file's fixes are stored, they get the flags and segments a stream of them would."""
    rows = sorted((k, abs(s) * 10, lon, lat) for k, s, lon, lat in steps)
    track, t = np.array([r[0] for r in rows]), T0_US + np.array([r[1] for r in rows]) * S
    lon, lat, n = np.array([r[2] for r in rows]), np.array([r[3] for r in rows]), len(rows)
    speed = np.where(np.arange(n) % 7 == 3, 60.0, np.nan)
    told = {k: ("mmsi:123456789" if k == 3 else f"mmsi:79900000{k}", "vessel") for k in range(4)}
    stream = Judge()
    one_by_one = [stream.judge([told[k][0]], ["vessel"], t[i:i + 1], lon[i:i + 1], lat[i:i + 1], speed[i:i + 1], T0_US + 10**12) for i, k in enumerate(track.tolist())]
    wanted = [(int(flags[0]), int(segments[0])) for flags, segments in one_by_one]
    file = Judge()
    cut = n // 2  # a file comes in batches
    parts = [file.judge_tracks(told, *(c[a:b] for c in (track, t, lon, lat, speed)), plausible(t[a:b], lon[a:b], lat[a:b], T0_US + 10**12)) for a, b in ((0, cut), (cut, n)) if b > a]
    found = [list(zip(flags.tolist(), segments.tolist())) for flags, segments in parts]
    assert sum(found, []) == wanted


def test_memory_is_bounded():
    judge = Judge(keys_max=100)
    for i in range(0, 1000, 50):
        judge.judge([f"k{j}" for j in range(i, i + 50)], ["vessel"] * 50, np.full(50, T0_US), np.full(50, 5.0), np.full(50, 5.5), np.full(50, np.nan), NOW_US)
    assert len(judge) == 100


def test_positions_get_flags_and_segments_and_others_pass():
    judge = Judge()
    heard = [Heard("mmsi:1", "vessel", T0_US + i * S, (-97, -90)[i % 2], 26, flags=FUTURE * (i == 0)) for i in range(4)]
    read, told = Heard("epc:a", "tag", T0_US, np.nan, np.nan, reader="G"), Told("mmsi:1", "vessel", "A", {}, 0)
    out = judge.judged([*heard, read, told], frames(b""))
    assert [(h.key, h.flags) for h in out[:4]] == [("mmsi:1", FUTURE), ("mmsi:1", TELEPORT), ("mmsi:1", 0), ("mmsi:1 #2", DUPLICATE_IDENTITY)]
    assert out[4] is read and out[5] is told and judge.judged([told], []) == [told]


# -- planted ------------------------------------------------------------------------------------------------------------

SHIPS, ROUNDS = 50, 200


def clean() -> list[tuple[int, str]]:
    """10,000 lines of ships at sea: (second, line)."""
    rng = np.random.default_rng(7)
    out = []
    for ship in range(SHIPS):
        knots, course = rng.uniform(0, 30), rng.uniform(0, 360)
        lat, lon = rng.uniform(24, 26), rng.uniform(-96, -88)
        for i in range(ROUNDS):
            second = i * 10 + ship % 10
            gone = knots * 1852 / 3600 * second / 111_320
            out.append((second, tag(f"c:{T0 + second}", position(799000100 + ship, lat + gone * cos(radians(course)), lon + gone * sin(radians(course)), speed=knots, course=course))))
    return sorted(out, key=lambda o: o[0])


PLANTED = [
    (FUTURE, 100, lambda s: tag("c:4070908800", position(799000001))),
    (ANCIENT, 100, lambda s: tag("c:0", position(799000002))),
    (WEEK_ROLLOVER, 100, lambda s: tag(f"c:{s - 1024 * 7 * 86_400}", position(799000003))),
    (NULL_ISLAND, 105, lambda s: tag(f"c:{s}", position(799000104, 0.0, 0.0))),
    (SENTINEL, 105, lambda s: tag(f"c:{s}", position(111111111, 25.0, -93.0, msg_type=1))),
    (SENTINEL, 105, lambda s: tag(f"c:{s}", position(799000105, 90.0, -93.0))),
    (ON_LAND, 105, lambda s: tag(f"c:{s}", position(799000006, 20.5, -94.5))),
    (IMPOSSIBLE_SPEED, 1985, lambda s: tag(f"c:{s}", position(799000007, 25.03, -93.0))),
    (TELEPORT, 105, lambda s: tag(f"c:{s}", position(799000108, 5.0, -40.0))),
    (TELEPORT, 1985, lambda s: tag(f"c:{s}", position(799000009, 15.0, -70.0))),
    (TELEPORT, 500, lambda s: tag(f"c:{s}", position(799000111, -30.0, 10.0))),
    (DUPLICATE_IDENTITY, 600, lambda s: tag(f"c:{s}", position(799000111, -30.01, 10.0))),
]
# What the anomalies among them follow, or what follows them.
AROUND = [(1980, position(799000007, 25.0, -93.0)), (1980, position(799000009, 25.0, -93.0)), (1990, position(799000009, 15.001, -70.0)),
          (1999, position(799000009, 15.002, -70.0))]


@pytest.mark.parametrize("size", [100_000, 777, 1])
def test_twelve_planted_anomalies_are_twelve_flags_and_ten_thousand_clean_lines_none(size: int):
    sea = clean() if size > 1 else clean()[:3_000]
    assert size == 1 or len(sea) == 10_000
    planted = [(second, make(T0 + second), flag) for flag, second, make in PLANTED if size > 1 or second < 500]
    lines = sorted([*((s, line, 0) for s, line in sea), *planted, *((s, tag(f"c:{T0 + s}", line), 0) for s, line in AROUND if size > 1)], key=lambda o: o[0])
    ais, judge, have = DECODERS["ais"](), Judge(land=land_test([ISLAND], [])), []
    for start in range(0, len(lines), size):
        batch = [f for second, line, _ in lines[start:start + size] for f in frames(line, at_us=T0_US + (second + 1) * S)]
        have += judge.judged(ais.decode(batch), batch)
    assert [(i, h.flags) for i, h in enumerate(have) if h.flags] == [(i, flag) for i, (*_, flag) in enumerate(lines) if flag]
    assert len([h for h in have if h.flags]) == (12 if size > 1 else 8) and not ais.errors
    assert {h.key for h in have if h.flags == DUPLICATE_IDENTITY} == ({"mmsi:799000111 #2"} if size > 1 else set())
