"""How a feed fares: by the older of its messages and positions, whatever a clock was set to."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from data.feeds import standing
from tests.feeds.live import Server, add, listening, report, until

FIXES = "SELECT count(*) FROM fix"


@pytest.mark.parametrize("silent_s, wanted", [(5, "live"), (100, "late"), (200, "stale"), (1900, "dead")])
def test_standing_follows_the_older_of_message_and_position(silent_s, wanted):
    from datetime import datetime, timedelta, timezone

    now = datetime.now(timezone.utc)
    ago = now - timedelta(seconds=silent_s)
    told = {"on": True, "late_s": 60, "told_at": now}
    assert standing(now, message_at=ago, position_at=ago, moved_at=ago, **told) == wanted
    assert standing(now, message_at=now, position_at=ago, moved_at=now, **told) == wanted, "messages that tell of long ago"


def test_a_clock_that_was_set_makes_no_feed_live_that_is_silent():
    now, day = datetime.now(timezone.utc), timedelta(days=1)
    told = {"on": True, "late_s": 60, "told_at": now}
    assert standing(now, message_at=now + day, position_at=now + day, moved_at=now + day, **told) == "stale", "heard before the clock was set back"
    assert standing(now, message_at=now, position_at=now + day, moved_at=now + day, **told) == "live", "and again since"
    assert standing(now, message_at=now - day, position_at=now - day, moved_at=now - day, **told) == "dead", "set on: until it tells again"
    assert standing(now, message_at=now + timedelta(seconds=5), position_at=now, moved_at=now, **told) == "live", "another machine's clock"


async def test_a_feed_that_tells_after_the_clock_was_set_back_is_live_again_and_nothing_is_lost(environment):
    """What an hour that has not come yet was told of it is no reason to think it silent."""
    async def play(writer, number):
        writer.write(b"".join(report(1, i) for i in range(20)))
        await writer.drain()
        await asyncio.sleep(60)

    async with Server(play) as server:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        with environment.connect() as connection:
            connection.execute("INSERT INTO feed_state (feed_id, scope, told_at, message_at, moved_at) SELECT id, scope, now() + '1 day', now() + '1 day', now() + '1 day' FROM feed")
            connection.commit()
        async with listening(environment):
            await until(environment, FIXES, 20)
            await until(environment, "SELECT abs(extract(epoch FROM now() - told_at)) < 60 AND abs(extract(epoch FROM now() - message_at)) < 60 FROM feed_state", True)
