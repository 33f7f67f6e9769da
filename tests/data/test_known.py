"""What was known by a time: whatever the order things came in, the picture at (T, K) is that of a replay that stopped at K."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from data import hours, movement, settling, tracks
from data.filters import Filter
from data.fixes import TrackTold
from data.live import LiveWriter
from data.sessions import Database
from data.visitor import visiting
from tests.conftest import TESTER, copied
from tests.data.made import START, source, us

DAY = timedelta(days=1)
WINDOW = [("world", "live"), ("from", (START - DAY).isoformat()), ("to", (START + DAY).isoformat())]


def came(connection, rows: list[tuple[int, int, int]], number: int) -> list[int]:
    """Fixes (track, minute it was true, minute it was known) of as many tracks; their ids. The place says which it is."""
    writer = LiveWriter(connection, 0, source(connection, 0))
    ids = writer.tracks([TrackTold(f"mmsi:{i}", "vessel") for i in range(number)])
    at = np.array([(ids[track], us(START) + minute * 60_000_000, lon(minute)) for track, minute, _ in rows])
    writer.store({"track_id": at[:, 0].astype(np.int64), "observed_us": at[:, 1].astype(np.int64), "lon": at[:, 2], "lat": np.full(len(rows), 26.0)})
    for track, minute, known in rows:
        connection.execute("UPDATE fix SET recorded_at = %s WHERE track_id = %s AND observed_at = %s", (START + timedelta(minutes=known), ids[track], START + timedelta(minutes=minute)))
    connection.execute("UPDATE track t SET recorded_at = coalesce((SELECT min(recorded_at) FROM fix f WHERE f.track_id = t.id), recorded_at)")
    connection.commit()
    return ids


def lon(minute: int) -> float:
    return round(-97 + minute / 1000, 6)


def replayed(rows, ids, known: float, at: float) -> dict[int, float]:
    """Where each track was at a minute, for who knew no more than at another."""
    out = {}
    for track, minute, told in sorted(rows, key=lambda row: row[1]):
        if told <= known and minute <= at:
            out[ids[track]] = lon(minute)
    return out


def shown(answer: dict, at: float) -> dict[int, float]:
    """What a page draws of an answer when its clock stands at a minute, in steps (assets/js/layers/movement_marks.mjs)."""
    moment = START.timestamp() + 60 * at
    found = {mark["id"]: [x for x, t in zip(mark["lon"], mark["t"]) if t <= moment] for mark in answer["tracks"]}
    return {track: xs[-1] for track, xs in found.items() if xs}


async def asked(database, query, *questions):
    pool = Database(database.app_url)
    try:
        with visiting(TESTER):
            async with pool.reading() as session:
                return [await question(session, Filter.from_query(query)) for question in questions]
    finally:
        await pool.close()


def moved(start: int, end: int):
    return lambda session, filter: movement.movement(session, filter, START + timedelta(minutes=start), START + timedelta(minutes=end), 8)


def known_at(minute: float) -> list[tuple[str, str]]:
    return [*WINDOW, ("known_at", (START + timedelta(minutes=minute)).isoformat())]


facts = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 600), st.integers(0, 120)), min_size=1, max_size=40, unique_by=lambda row: row[:2])


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])  # each makes a database: to shrink takes minutes
@given(facts, st.lists(st.tuples(st.integers(0, 720), st.integers(0, 500)), min_size=2, max_size=4), st.booleans())
async def test_the_picture_is_that_of_a_replay(cluster, template, told, looks, settled):
    rows = [(track, minute, minute + late) for track, minute, late in told]  # known when it was true, or later
    with copied(cluster, template) as database, database.connect() as connection:
        ids = came(connection, rows, 3)
        if settled:
            settling.settle(connection, 0, for_s=60)
        for known, start in looks:
            whole, cut = await asked(database, known_at(known), moved(-60, 720), moved(start, start + 180))
            for at in range(-30, 720, 45):
                assert shown(whole, at) == replayed(rows, ids, known, at), (known, at)
            for at in range(start, start + 180, 30):
                assert shown(cut, at) == replayed(rows, ids, known, at), (known, start, at)
            if not settled:
                continue
            listed, number = await asked(database, known_at(known), lambda s, f: tracks.page(s, f, limit=10, offset=0), hours.number)
            wanted = replayed(rows, ids, known, 1e9)
            assert number == listed["total"] == len(wanted)
            assert {row["id"]: row["lon"] for row in listed["rows"]} == wanted
            assert {row["id"]: row["fixes"] for row in listed["rows"]} == {i: sum(ids[t] == i and k <= known for t, _, k in rows) for i in wanted}
        # And with nothing left out it is what there is.
        (now, cut) = await asked(database, WINDOW, moved(-60, 720), moved(looks[0][1], looks[0][1] + 180))
        for at in range(-30, 720, 45):
            assert shown(now, at) == replayed(rows, ids, 1e9, at)
        for at in range(looks[0][1], looks[0][1] + 180, 30):
            assert shown(cut, at) == replayed(rows, ids, 1e9, at)


async def test_hours_without_lines_are_drawn_from_their_fixes(database):
    """Settled or not, or settled in part, the trails are the same."""
    with database.connect() as connection:
        rows = [(0, minute, minute) for minute in range(0, 100, 5)]
        ids = came(connection, rows, 1)
        (before,) = await asked(database, WINDOW, moved(10, 300))
        settling.settle(connection, 0, for_s=60)
        (after,) = await asked(database, WINDOW, moved(10, 300))
        assert before["tracks"] == after["tracks"] and len(before["tracks"][0]["t"]) == 19
        writer = LiveWriter(connection, 0, source(connection, 0, "more"))
        writer.store({"track_id": np.array(ids * 2), "observed_us": np.array([us(START) + m * 60_000_000 for m in (62, 118)]), "lon": np.array([lon(62), lon(118)]), "lat": np.full(2, 26.0)})
        connection.commit()
        (more,) = await asked(database, WINDOW, moved(10, 300))
        minutes = [round((t - START.timestamp()) / 60) for t in more["tracks"][0]["t"]]
        assert minutes == sorted([*range(5, 100, 5), 62, 118])
        settling.settle(connection, 0, for_s=60)
        (made,) = await asked(database, WINDOW, moved(10, 300))
        assert made["tracks"][0]["t"] == more["tracks"][0]["t"]


async def test_a_doubtful_fix_is_no_place_that_was_known(database):
    with database.connect() as connection:
        came(connection, [(0, 0, 0), (0, 10, 10)], 1)
        connection.execute("UPDATE fix SET flags = 64 WHERE observed_at > %s", (START,))
        connection.commit()
        (answer,) = await asked(database, known_at(60), moved(-60, 120))
        assert answer["tracks"][0]["lon"] == [lon(0)]


async def test_a_long_span_is_thinned_and_its_silences_are_told(database):
    with database.connect() as connection:
        rows = [(0, minute, minute) for minute in [*range(0, 600), *range(700, 1300)]]
        came(connection, rows, 1)
        settling.settle(connection, 0, for_s=60)
        gap = START.timestamp() + 599 * 60
        for query in (WINDOW, known_at(5000)):
            (answer,) = await asked(database, query, moved(0, 1400))
            (mark,) = answer["tracks"]
            assert 350 <= len(mark["t"]) <= 450 and mark["gaps"] == [gap] and gap in mark["t"] and gap + 101 * 60 in mark["t"], query
