"""Fixes are stored once each, and what is derived of them does not depend on the order they came in."""

from __future__ import annotations

from collections import Counter

import numpy as np
import psycopg
import pytest
from tests.data.made import source, tracks, us, walk

from data.fixes import MEASURES, FixWriter, TrackTold
from data.flows import BANDS, EDGE, block_of


def derived(connection) -> dict[str, list]:
    """Everything made from fixes, without what names the moment it was made."""
    ask = {
        "segment": "SELECT t.key, hour, part, gap, started_at, ended_at, fix_count, round(length_m::numeric, 1), ST_AsText(line, 6), cells "
                   "FROM segment s JOIN track t ON t.id = s.track_id ORDER BY 1, 2, 3",
        "cover": "SELECT cell, t.key, hour, part FROM cover c JOIN track t ON t.id = c.track_id ORDER BY 1, 2, 3, 4",
        "flow": "SELECT band, span_d, day, block, kind, edges FROM flow ORDER BY 1, 2, 3, 4, 5",
        "latest": "SELECT t.key, observed_at, ST_AsText(geom, 6) FROM latest_fix l JOIN track t ON t.id = l.track_id ORDER BY 1",
    }
    return {name: connection.execute(query).fetchall() for name, query in ask.items()}


@pytest.mark.parametrize("seed", range(4))
def test_any_order_in_any_pieces_gives_the_same(database, seed: int):
    rng = np.random.default_rng(seed)
    walks = [walk(rng, 60, gaps=0.1) for _ in range(3)]
    with database.connect() as connection:
        tracks(connection, walks)
        wanted = derived(connection)
        connection.rollback()

        sid = source(connection)
        with FixWriter(connection, 1, sid) as writer:
            ids = writer.tracks([TrackTold(f"t:{i}", ("vessel", "vehicle", "tag")[i], f"Track {i}") for i in range(3)])
        every = np.concatenate([np.column_stack([np.full(60, i), w["observed_us"], w["lon"] * 1e9, w["lat"] * 1e9]) for i, w in zip(ids, walks)])
        rng.shuffle(every)
        for piece in np.array_split(every, 5):
            with FixWriter(connection, 1, sid) as writer:
                writer.write({"track_id": piece[:, 0].astype(int), "observed_us": piece[:, 1].astype(np.int64),
                              "lon": piece[:, 2] / 1e9, "lat": piece[:, 3] / 1e9})
        found = derived(connection)
    assert found["latest"] == wanted["latest"]
    assert found["segment"] == wanted["segment"]
    assert found["cover"] == wanted["cover"]
    assert found["flow"] == wanted["flow"]


def test_the_same_fix_twice_is_one_row(database):
    one = walk(np.random.default_rng(1), 50)
    with database.connect() as connection:
        (track_id,) = tracks(connection, [one])
        with FixWriter(connection, 1, source(connection, name="again")) as writer:
            writer.write({"track_id": np.full(50, track_id), **one})
        assert (writer.stored, writer.already) == (0, 50)
        assert connection.execute("SELECT count(*) FROM fix").fetchone() == (50,)


def test_a_fix_told_twice_in_one_batch_or_partly_there_is_one_row(database):
    one = walk(np.random.default_rng(2), 60)
    early = {name: values[:40] for name, values in one.items()}
    with database.connect() as connection:
        sid = source(connection)
        with FixWriter(connection, 1, sid) as writer:
            (track_id,) = writer.tracks([TrackTold("t:0", "vessel")])
            twice = {name: np.concatenate([values, values[:7]]) for name, values in early.items()}
            writer.write({"track_id": np.full(47, track_id), **twice})
        assert (writer.stored, writer.already) == (40, 7)
        with FixWriter(connection, 1, sid) as writer:
            writer.write({"track_id": np.full(60, track_id), "speed_mps": np.where(np.arange(60) % 2, np.nan, 3.5), **one})
        assert (writer.stored, writer.already) == (20, 40)
        assert connection.execute("SELECT count(*), count(speed_mps) FROM fix").fetchone() == (60, 10)
        found = derived(connection)
        connection.rollback()
        tracks(connection, [one])
        assert derived(connection)["flow"] == found["flow"] and derived(connection)["segment"] == found["segment"]


def test_every_number_known_or_not_is_kept_as_told(database):
    rng = np.random.default_rng(4)
    n = 64
    told = {m: np.where(np.arange(n) >> bit & 1, np.nan, rng.uniform(0, 300, n)).astype(np.float32) for bit, m in enumerate(MEASURES)}
    line = np.where(np.arange(n) >> 5 & 1, 0, np.arange(n) + 2)
    with database.connect() as connection:
        with FixWriter(connection, 1, source(connection)) as writer:
            (track_id,) = writer.tracks([TrackTold("a", "vehicle")])
            writer.write({"track_id": np.full(n, track_id), "observed_us": us_of(0) + np.arange(n) * 60_000_000, "lon": np.linspace(-97, -96, n),
                          "lat": np.linspace(26, 27, n), "line": line, "flags": np.arange(n) % 3, **told})
        rows = connection.execute(f"SELECT {', '.join(MEASURES)}, line, flags, ST_X(geom), ST_Y(geom) FROM fix ORDER BY observed_at").fetchall()
    for i, row in enumerate(rows):
        assert [v is None for v in row[:5]] == [bool(np.isnan(told[m][i])) for m in MEASURES]
        assert [v for v in row[:5] if v is not None] == [pytest.approx(told[m][i]) for m in MEASURES if not np.isnan(told[m][i])]
        assert row[5:7] == (int(line[i]) or None, i % 3)
        assert row[7:] == (np.linspace(-97, -96, n)[i], np.linspace(26, 27, n)[i])


def test_what_goes_wrong_on_the_way_undoes_everything_and_is_told(database):
    one = walk(np.random.default_rng(5), 10)
    with database.connect() as connection:
        with pytest.raises(psycopg.errors.NotNullViolation), FixWriter(connection, 1, 1) as writer:
            connection.execute("ALTER TABLE fix ADD must int NOT NULL")
            writer.write({"track_id": np.full(10, 1), **one})
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM fix").fetchone() == (0,)


def test_two_places_at_one_time_are_two_fixes(database):
    with database.connect() as connection, FixWriter(connection, 1, source(connection)) as writer:
        (track_id,) = writer.tracks([TrackTold("mmsi:799000001", "vessel")])
        t = np.full(2, us_of(0))
        writer.write({"track_id": np.full(2, track_id), "observed_us": t, "lon": np.array([-97.0, -96.0]), "lat": np.array([26.0, 26.0])})
    assert writer.stored == 2


def us_of(seconds: int) -> int:
    from tests.data.made import START

    return us(START) + seconds * 1_000_000


def write(connection, t_s: list[int], lon: list[float], kind: str = "vehicle") -> None:
    with FixWriter(connection, 1, source(connection)) as writer:
        (track_id,) = writer.tracks([TrackTold("a", kind)])
        writer.write({"track_id": np.full(len(t_s), track_id), "observed_us": np.array([us_of(t) for t in t_s]),
                      "lon": np.array(lon), "lat": np.full(len(lon), 26.0)})


def test_a_silence_is_a_gap_and_no_distance(database):
    with database.connect() as connection:
        write(connection, [0, 60, 120, 4000, 4060], [-97.0, -97.01, -97.02, -97.5, -97.51])
        rows = connection.execute("SELECT gap, fix_count, round(length_m) FROM segment ORDER BY hour, part").fetchall()
        assert [r[0] for r in rows].count(True) == 1
        assert sum(r[1] for r in rows) == 5
        travelled = sum(r[2] for r in rows)
        assert 2900 < travelled < 3050  # three hundredths of a degree at 26 north; not the half degree between


def test_a_lone_fix_is_kept(database):
    with database.connect() as connection:
        write(connection, [0], [-97.0])
        assert connection.execute("SELECT fix_count, ST_NPoints(line), length_m FROM segment").fetchall() == [(1, 2, 0.0)]


def test_a_line_over_the_antimeridian_does_not_cross_the_map(database):
    with database.connect() as connection:
        write(connection, [0, 60, 120, 180], [179.98, 179.995, -179.99, -179.97], "vessel")
        widest = connection.execute("SELECT max(ST_XMax(line) - ST_XMin(line)) FROM segment").fetchone()[0]
        assert widest < 1
        assert connection.execute("SELECT sum(fix_count) FROM segment").fetchone() == (4,)


def test_months_are_made_as_data_comes(database):
    with database.connect() as connection:
        write(connection, [0, 86_400 * 20, 86_400 * 45], [-97.0, -97.1, -97.2])
        names = {r[0] for r in connection.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'fix_exercise'::regclass")}
    assert {n.split(".")[-1] for n in names} == {"fix_exercise_2026_11", "fix_exercise_2026_12", "fix_exercise_2027_01"}


def test_flows_drop_nothing(database):
    rng = np.random.default_rng(9)
    with database.connect() as connection:
        tracks(connection, [walk(rng, 80) for _ in range(4)])
        hours = connection.execute("SELECT count(*) FROM segment WHERE NOT gap").fetchone()[0]
        rows = connection.execute("SELECT band, span_d, block, edges FROM flow").fetchall()
    number: Counter = Counter()
    for band, span_d, block, body in rows:
        edges = np.frombuffer(body, EDGE)
        first = block_of(edges["cells"] >> np.uint64(32)) == block  # an edge over a border stands in both blocks
        number[band, span_d] += int(edges["passes"][first].sum())
    for band in BANDS:
        assert number[band, 1] == number[band, 30], band
        assert number[band, 1] >= hours, f"band {band}: every track-hour is at least one pass"
