"""After an update every track waits for its events; they are found in the background, from where it was, and the log says how far it is."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np

from data import migrations, watching
from feeds import backlog
from feeds.backlog import Backlog
from feeds.watching import Watcher, watch
from tests.feeds.test_watching import MIN_US, NOW_US, rows, vessels

TRACKS = 150


def test_a_database_from_before_events_has_them_found_once_and_the_log_says_how_far_it_is(database, caplog, monkeypatch):
    monkeypatch.setattr(backlog, "EVERY_S", 0.0)
    migrations.downgrade(database.owner_url, "0016")
    with database.connect() as connection:
        # As the release before events stored them: tracks and fixes, and nothing that is due.
        connection.execute("CREATE TABLE vigia.event_due (world smallint, track_id bigint, from_at timestamptz, to_at timestamptz, fixes bigint, stamp int DEFAULT 1, since timestamptz, PRIMARY KEY (world, track_id))")
        writer, ids = vessels(connection, TRACKS)
        for hour in (0, 9):
            writer.store({"track_id": np.array(ids), "observed_us": np.full(TRACKS, NOW_US + hour * 60 * MIN_US), "lon": np.linspace(-96, -95, TRACKS), "lat": np.full(TRACKS, 26.0)})
        connection.execute("DROP TABLE vigia.event_due")
        connection.commit()
    migrations.upgrade(database.owner_url)
    assert rows(database, "SELECT count(*) FROM event_due") == [(TRACKS,)] and rows(database, "SELECT count(*) FROM event") == [(0,)]
    caplog.set_level(logging.INFO, "vigia.watching")
    ended = threading.Event()
    thread = threading.Thread(target=watch, args=(database.owner_url, ended))
    thread.start()
    try:
        limit = time.monotonic() + 300
        while "every track is looked at" not in caplog.text:
            assert time.monotonic() < limit
            time.sleep(0.05)
    finally:
        ended.set()
        thread.join()
    assert f"events: {TRACKS} tracks are still to be looked at" in caplog.text
    assert rows(database, "SELECT count(*), count(DISTINCT track_id) FROM event WHERE type = 'gap' AND ended_at IS NOT NULL") == [(TRACKS, TRACKS)]
    migrations.upgrade(database.owner_url)
    assert rows(database, "SELECT count(*) FROM event_due") == [(0,)], "once, not with each start"


def test_what_was_not_looked_at_is_after_a_restart(database, monkeypatch):
    monkeypatch.setattr("feeds.watching.AT_ONCE", 1_000)
    with database.connect() as connection:
        vessels(connection, 30)
        watching.anew(connection, 0)
        connection.commit()
    for _ in range(2):
        with database.connect() as connection:
            connection.autocommit = True
            Watcher(connection).step((0,))
    (left,) = rows(database, "SELECT count(*) FROM event_due")[0]
    assert 0 < left < 30


def test_it_is_told_at_first_then_each_half_minute_and_at_the_end(database, caplog):
    now = [0.0]
    told = Backlog(lambda: now[0])
    caplog.set_level(logging.INFO, "vigia.watching")
    with database.connect() as connection:
        vessels(connection, TRACKS)
        watching.anew(connection, 0)
        for at, lines in ((0, 1), (1, 1), (29, 1), (30, 2), (61, 3)):
            now[0] = at
            told.told(connection)
            assert len(caplog.records) == lines, at
        connection.execute("DELETE FROM event_due")
        for at, lines in ((62, 3), (95, 4), (130, 4)):
            now[0] = at
            told.told(connection)
            assert len(caplog.records) == lines, at
