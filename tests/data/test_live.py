"""Fixes as they come: stored once, the newest place moved on, sealed where they must be, made into lines later, the same as an import's."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import authority, people, settling
from data.fixes import FixWriter, TrackTold
from data.flags import ON_LAND, TELEPORT
from data.live import LiveWriter
from data.news import CHANNEL
from tests.data.made import START, source, us, walk

SEGMENTS = "SELECT track_id, hour, part, gap, fix_count, round(length_m::numeric, 1), ST_AsText(line) FROM segment WHERE world = 0 ORDER BY 1, 2, 3"
FLOWS = "SELECT band, span_d, day, block, kind, scope, edges FROM flow WHERE world = 0 ORDER BY 1, 2, 3, 4, 5, 6"
LATEST = "SELECT track_id, observed_at, ST_AsText(geom) FROM latest_fix ORDER BY 1"


def columns(track: int, one: dict, at=slice(None)) -> dict:
    return {"track_id": np.full(len(one["lon"][at]), track), **{name: values[at] for name, values in one.items()}}


@pytest.fixture
def live(database):
    with database.connect() as connection:
        writer = LiveWriter(connection, 0, source(connection, 0))
        (track,) = writer.tracks([TrackTold("mmsi:1", "vessel", "One")])
        connection.commit()
        yield connection, writer, track


def test_a_fix_is_stored_once_and_its_place_is_the_newest(live):
    connection, writer, track = live
    one = walk(np.random.default_rng(1), 5)
    stored = writer.store(columns(track, one, slice(0, 3)))
    assert stored.new.tolist() == [True] * 3 and stored.already == 0
    stored = writer.store(columns(track, one))
    assert stored.new.tolist() == [False] * 3 + [True] * 2 and stored.already == 3
    twice = {name: np.repeat(values[:1] + (60_000_000 if name == "observed_us" else 0), 2) for name, values in one.items()}
    stored = writer.store(columns(track, twice))
    assert stored.new.tolist() == [True, False] and stored.already == 1, "twice in one batch"
    connection.commit()
    assert connection.execute("SELECT count(*) FROM fix").fetchone() == (6,)
    assert connection.execute("SELECT observed_at, ST_X(geom) FROM latest_fix").fetchone() == (
        START + timedelta(microseconds=int(one["observed_us"][-1]) - us(START)), float(one["lon"][-1]))


def test_what_comes_late_moves_no_place_back(live):
    connection, writer, track = live
    one = walk(np.random.default_rng(2), 4)
    writer.store(columns(track, one, slice(2, 4)))
    before = connection.execute(LATEST).fetchall()
    assert writer.store(columns(track, one, slice(0, 2))).new.all()
    assert connection.execute(LATEST).fetchall() == before


def test_a_doubtful_fix_is_kept_and_is_never_the_newest_place(database):
    with database.connect() as connection:
        writer = LiveWriter(connection, 0, source(connection, 0))
        (track,) = writer.tracks([TrackTold("mmsi:1", "vessel")])
        one = walk(np.random.default_rng(3), 3)
        assert writer.store({**columns(track, one), "flags": np.array([0, ON_LAND, TELEPORT])}).new.all()
        assert connection.execute("SELECT count(*) FROM fix").fetchone() == (3,)
        assert connection.execute("SELECT flags FROM latest_fix").fetchone() == (ON_LAND,)


def test_whoever_listens_is_told_a_number_when_it_is_there(live, database):
    connection, writer, track = live
    with database.connect() as other:
        other.autocommit = True
        other.execute(f"LISTEN {CHANNEL}")
        stored = writer.store(columns(track, walk(np.random.default_rng(4), 2)))
        assert list(other.notifies(timeout=0.1)) == [], "not before it is committed"
        connection.commit()
        (notice,) = other.notifies(timeout=120, stop_after=1)
        assert notice.payload == str(stored.batch)
        assert writer.store(columns(track, walk(np.random.default_rng(4), 2))).batch is None, "nothing new is no news"


@settings(max_examples=6)
@given(st.integers(0, 1_000), st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_settled_lines_are_those_of_an_import(cluster, template, seed, cuts):
    """Whatever the batches, and however often lines were made meanwhile."""
    from tests.conftest import copied

    rng = np.random.default_rng(seed)
    walks = [walk(rng, 60), walk(rng, 40)]
    with copied(cluster, template) as database, database.connect() as connection:
        with FixWriter(connection, 0, source(connection, 0)) as writer:
            ids = writer.tracks([TrackTold(f"mmsi:{i}", "vessel") for i in range(2)])
            for track, one in zip(ids, walks):
                writer.write(columns(track, one))
        wanted = [connection.execute(q).fetchall() for q in (SEGMENTS, FLOWS, LATEST)]
    with copied(cluster, template) as database, database.connect() as connection:
        live = LiveWriter(connection, 0, source(connection, 0))
        ids = live.tracks([TrackTold(f"mmsi:{i}", "vessel") for i in range(2)])
        connection.commit()
        for number, (start, end) in enumerate(zip([0, *np.cumsum(cuts)], [*np.cumsum(cuts), 60])):
            for track, one in zip(ids, walks):
                live.store(columns(track, one, slice(start, max(start, end))))
            connection.commit()
            if number % 2:
                settling.settle(connection, 0)
        settling.settle(connection, 0, for_s=60)
        assert connection.execute("SELECT count(*) FROM unsettled").fetchone() == (0,)
        assert [connection.execute(q).fetchall() for q in (SEGMENTS, FLOWS, LATEST)] == wanted


def test_what_comes_while_lines_are_made_waits_for_the_next_time(live, database, monkeypatch):
    connection, writer, track = live
    one = walk(np.random.default_rng(6), 20, gaps=0)
    writer.store(columns(track, one, slice(0, 10)))
    connection.commit()
    rebuild = settling.segments.rebuild

    def meanwhile(settler, world):
        rebuild(settler, world)
        writer.store(columns(track, one, slice(10, 20)))
        connection.commit()

    with database.connect() as settler:
        monkeypatch.setattr(settling.segments, "rebuild", meanwhile)
        settling._part(settler, 0)
        monkeypatch.setattr(settling.segments, "rebuild", rebuild)
        assert settling.waiting(settler)["live"] >= 1
        settler.rollback()
        settling.settle(settler, 0)
        assert settling.waiting(settler) == {}
        assert settler.execute("SELECT sum(fix_count) FROM segment WHERE NOT gap").fetchone() == (20,)


def test_a_fix_outside_its_authority_is_sealed_and_no_news(database):
    with database.connect() as connection:
        number = people.add_agency(connection, "Norte", None)
        authority.govern(connection, "Norte", ["tag"])
        authority.add(connection, "Norte", "us-warrant", "W-1", issuer="Court", purpose="x", devices=["tag:V-1"], valid_from=START,
                      valid_to=START + timedelta(hours=1))
        writer = LiveWriter(connection, 0, source(connection, 0))
        inside, other = writer.tracks([TrackTold("tag:V-1", "tag", agency_id=number), TrackTold("tag:V-2", "tag", agency_id=number)])
        at = np.array([us(START + timedelta(minutes=m)) for m in (10, 70)])
        place = {"lon": np.array([-97.5, -97.5]), "lat": np.array([26.0, 26.0])}
        stored = writer.store({"track_id": np.full(2, inside), "observed_us": at, **place})
        assert stored.new.tolist() == [True, False] and stored.sealed == {"time": 1} and stored.already == 0
        stored = writer.store({"track_id": np.full(2, other), "observed_us": at, **place})
        assert not stored.new.any() and stored.sealed == {"none": 2} and stored.batch is None
        again = writer.store({"track_id": np.full(2, other), "observed_us": at, **place})
        assert again.sealed == {} and again.already == 2
        authority.revoke(connection, "Norte", "W-1")
        later = {"track_id": np.array([inside]), "observed_us": at[:1] + 1, "lon": np.array([-97.4]), "lat": np.array([26.0])}
        connection.execute("UPDATE authority SET revoked_at = valid_from")
        assert writer.store(later).sealed == {"time": 1}, "what was revoked a moment ago holds no more"


def test_made_up_times_make_no_table_each(database):
    """Three thousand months of one batch would be more tables than a transaction can lock, and the feed would stand still for ever."""
    months = np.concatenate([np.arange(np.datetime64(first, "M"), np.datetime64(first, "M") + number) for first, number in (("0006-01", 3_000), ("9986-01", 3), ("2026-01", 2))])
    at = months.astype("datetime64[us]").astype(np.int64)
    n = len(at)
    with database.connect() as connection:
        writer = LiveWriter(connection, 0, source(connection, 0))
        (track,) = writer.tracks([TrackTold("tag:1", "tag")])
        assert writer.store({"track_id": np.full(n, track), "observed_us": at, "lon": np.zeros(n), "lat": np.zeros(n)}).new.all()
        connection.commit()
        (again,) = np.datetime64("1994-05-06", "us").astype(np.int64)[None]
        writer.store({"track_id": np.array([track]), "observed_us": np.array([again]), "lon": np.zeros(1), "lat": np.zeros(1)})
        connection.commit()
        tables = connection.execute("SELECT inhrelid::regclass::text, relrowsecurity AND relforcerowsecurity FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
                                    "WHERE inhparent = 'fix_live'::regclass ORDER BY 1").fetchall()
        assert tables == [(f"fix_live_{name}", True) for name in ("1994_05", "2026_01", "2026_02", "beyond")]
        assert connection.execute("SELECT count(*) FROM fix_live_beyond").fetchone() == (3_003,)
