"""Recordings played as feeds: of a file, of a window, as now; and what a feed that is removed leaves."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import orjson
import pytest

from data import people
from data.fixes import TrackTold
from data.live import LiveWriter
from errors import InputRefused
from feeds.recording import of_file, of_window
from feeds.imports import ImportOptions
from feeds.listening import folder_of, forget
from feeds.replay import path_of
from feeds.spool import SpoolWriter
from feeds.wire import Frame
from settings import store
from tests.feeds.live import NOW, add, agency, listening, report, until

FIXES = "SELECT count(*) FROM fix"


async def test_a_recording_of_a_file_and_of_a_window_plays_as_a_feed(environment, tmp_path):
    log = tmp_path / "log.nmea"
    log.write_bytes(b"".join(report(i % 3, i) for i in range(60)))
    with environment.connect() as connection:
        assert of_file(connection, log, ImportOptions(world="exercise"), path_of("a.ndjson"), lambda *_: None) == 60
        assert connection.execute("SELECT count(*) FROM source").fetchone() == (0,), "recording a file stores nothing"
    add(environment, "Played", "replay", {"recording": "a.ndjson", "speed": 100_000}, world="exercise")
    async with listening(environment):
        await until(environment, FIXES, 60)
        await until(environment, "SELECT active FROM feed", False)  # played: `vigia feed start` plays it again
    with environment.connect() as connection:
        assert of_window(connection, 1, *(t for t in connection.execute("SELECT min(observed_at), max(observed_at) + interval '1 s' FROM fix").fetchone()), path_of("b.ndjson")) == 60
    assert sorted(path_of("a.ndjson").read_bytes().splitlines()) == sorted(path_of("b.ndjson").read_bytes().splitlines())


def test_of_the_live_world_a_feed_plays_its_own_agencys_alone(environment):
    """Played for another agency, or for none, it was that one's to show, and needed no authority."""
    with environment.connect() as connection:
        norte, sur = (people.add_agency(connection, name, None) for name in ("Norte", "Sur"))
        from tests.data.made import source

        writer = LiveWriter(connection, 0, source(connection, 0))
        told = [("none", None, "TLP:AMBER"), ("open", norte, "TLP:GREEN"), ("closed", norte, "TLP:RED"), ("sealed", norte, "TLP:GREEN"), ("theirs", sur, "TLP:CLEAR")]
        ids = writer.tracks([TrackTold(f"tag:{name}", "tag", agency_id=agency, marking=marking) for name, agency, marking in told])
        writer.store({"track_id": np.array(ids), "observed_us": np.full(5, NOW * 1_000_000), "lon": np.full(5, -97.0), "lat": np.full(5, 26.0)})
        connection.execute("UPDATE track SET sealed_at = now() WHERE key = 'tag:sealed'")

        def window(**how) -> list[str]:
            path = path_of("w.ndjson")
            of_window(connection, 0, *(datetime.fromtimestamp(NOW + s, timezone.utc) for s in (-1, 1)), path, **how)
            return [orjson.loads(line)[1] for line in path.read_bytes().splitlines()]

        assert window() == ["tag:none"]
        assert window(agency="Norte") == ["tag:open"]
        assert window(agency="Norte", marking="TLP:RED") == ["tag:closed", "tag:open"]
        with pytest.raises(InputRefused, match="nothing that may be played"):
            window(agency="Sur", marking="TLP:CLEAR") and window(agency="Norte", marking="TLP:CLEAR")


def test_a_feed_that_is_removed_leaves_nothing_on_disk(environment):
    """What was left of it took room from every other feed, and was kept for ever."""
    writer = SpoolWriter(folder_of(7), limit_bytes=1_000_000)
    writer.append([Frame(b"x", 1)])
    writer.close()
    for name in ("a.ndjson", "../kept"):
        (store().home / "recordings").mkdir(parents=True, exist_ok=True)
        (store().home / "recordings" / name).write_bytes(b"")
    assert forget(7, "a.ndjson") > 0 and not folder_of(7).exists() and not path_of("a.ndjson").exists()
    assert forget(8, "../kept") == 0 and (store().home / "kept").exists(), "settings lead nowhere else"


async def test_as_now_moves_times_to_now(environment, tmp_path):
    log = tmp_path / "log.nmea"
    log.write_bytes(b"".join(report(1, i, at=NOW - 86_400 * 30 + i // 4) for i in range(8)))
    with environment.connect() as connection:
        of_file(connection, log, ImportOptions(world="exercise"), path_of("a.ndjson"), lambda *_: None)
    add(environment, "Played", "replay", {"recording": "a.ndjson", "speed": 1, "as_now": True}, world="exercise")
    async with listening(environment):
        await until(environment, "SELECT count(*) FROM fix WHERE abs(extract(epoch FROM now() - observed_at)) < 60", 8)
