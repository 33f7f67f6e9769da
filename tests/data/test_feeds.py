"""Feeds as their keeper changes them."""

from __future__ import annotations

import pytest

from data import feeds
from data.feeds import FeedRefused
from errors import NotFound


def test_a_name_is_one_feeds_in_each_world(database):
    """A replay in the exercise that came to its end switched off the live feed of its name."""
    with database.connect() as connection:
        for world in ("live", "exercise"):
            feeds.add(connection, "Tower", "ais-tcp", {"host": "a", "port": 1}, world=world)
        for act in (feeds.remove, lambda *a, **w: feeds.set_active(*a, False, **w)):
            with pytest.raises(FeedRefused, match="in each world; --world says which"):
                act(connection, "Tower")
        feeds.set_active(connection, "Tower", False, world="exercise")
        (left,) = feeds.active(connection).values()
        assert left.world == 0
        feeds.remove(connection, "Tower", world="exercise")
        with pytest.raises(NotFound, match="in the world exercise"):
            feeds.remove(connection, "Tower", world="exercise")
        feeds.set_active(connection, "Tower", False)
        assert feeds.active(connection) == {}


def test_a_feed_that_is_made_anew_is_another_source(database):
    """The name of one that was marked open said nothing of how closed the next is."""
    with database.connect() as connection:
        feeds.add(connection, "Tower", "ais-tcp", {}, marking="TLP:CLEAR", grade="B2")
        feeds.remove(connection, "Tower")
        feeds.add(connection, "Tower", "ais-tcp", {}, marking="TLP:RED", grade="F6")
        assert connection.execute("SELECT marking, grade FROM source ORDER BY id").fetchall() == [("TLP:CLEAR", "B2"), ("TLP:RED", "F6")]
