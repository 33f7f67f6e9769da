"""A spool that another database's feed of the same number left: nothing of it is read, nothing put to it, and it is said."""

from __future__ import annotations

import orjson
import pytest

from errors import SpoolForeign
from feeds import spool, spool_owner
from feeds.intake import Intake
from feeds.listening import folder_of
from feeds.spool import SpoolWriter
from feeds.wire import Frame
from settings import store
from tests.feeds.live import add, listening, until

BODY = orjson.dumps({"id": "V-1", "at": "2026-11-26T04:00:00Z", "lat": 25.9, "lon": -97.4})
ROOM = 1 << 24


def left(folder, number: int = 1) -> None:
    writer = SpoolWriter(folder, limit_bytes=ROOM)
    writer.append([Frame(BODY.replace(b"V-1", b"V-%d" % number), 1_795_665_600_000_000, "fixes")])
    writer.close()


async def test_what_a_stranger_left_is_refused_until_it_is_moved_away(environment, tmp_path):
    add(environment, "Phones", "http", {})
    with environment.connect() as connection:
        (number,) = connection.execute("SELECT id FROM feed").fetchone()
    folder, intake = folder_of(number), Intake(store().spool, limit_bytes=ROOM, rate_per_s=100)
    left(folder, 7)
    spool_owner.claim(folder, "another", "Theirs")
    async with listening(environment):
        await until(environment, "SELECT trouble LIKE '%holds what a feed of another database told, and the feed Phones has the same number%' FROM feed_state", True)
        with pytest.raises(SpoolForeign, match="this feed has the same number"):
            await intake.take(number, "fixes", BODY)
        folder.rename(tmp_path / "theirs")
        await until(environment, "SELECT trouble FROM feed_state", None)
        assert (await intake.take(number, "fixes", BODY)).rows == 1
        await until(environment, "SELECT array_agg(key) FROM track", ["tag:V-1"])
    intake.close()
    assert len(spool.files(tmp_path / "theirs")) == 1, "nothing of it is touched"


def test_what_nobody_claimed_is_taken_over_with_what_is_in_it(tmp_path):
    left(tmp_path / "1")
    for _ in range(2):
        spool_owner.claim(tmp_path / "1", "ours", "Phones")
    assert len(spool.files(tmp_path / "1")) == 1
    with pytest.raises(SpoolForeign):
        spool_owner.claim(tmp_path / "1", "theirs", "Phones")
    spool_owner.claim(tmp_path / "1", "ours", "Phones")
    spool_owner.refuse(tmp_path / "1")


def test_each_feed_is_known_apart_from_every_other(environment):
    from data import feeds

    for name in ("A", "B"):
        add(environment, name, "http", {})
    with environment.connect() as connection:
        assert len({feed.identity for feed in feeds.active(connection).values()}) == 2
