"""What leaves a stream's sight is told as gone, to those who were told of it and to nobody else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import shapely

from data import authority, marking, people, stream as streams, stream_gone, unmaking
from data.filters import Filter
from data.fixes import TrackTold
from data.live import LiveWriter
from tests.conftest import TESTER
from tests.data.made import source
from tests.data.test_stream import NOW_US, Fleet, Screen, fast, running, seconds, watching

__all__ = ["fast", "running"]  # fixtures

BOX = Filter.from_query([("world", "live"), ("from", "2020-01-01T00:00:00Z"), ("bbox", "-97.1,25.9,-96.9,26.1")])


def erase(connection, *tracks: int, cut: datetime | None = None) -> None:
    """As the retention job does it: all hours of these tracks, of each what was recorded by `cut`."""
    unmaking.begin(connection)
    connection.execute("INSERT INTO leaving SELECT DISTINCT track_id, date_trunc('hour', observed_at, 'UTC'), coalesce(%s, now()) FROM fix WHERE track_id = ANY (%s)", (cut, list(tracks)))
    unmaking.take_out(connection, 0, keep_flows=False)
    connection.commit()


async def several_beats(*screens) -> None:
    for screen in screens:
        now = screen.events.count("beat")
        await screen.until(lambda screen=screen, now=now: screen.events.count("beat") >= now + 2)


async def test_what_is_erased_is_gone_and_nothing_is_told_of_what_was_never_seen(database, running):
    with database.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        connection.commit()
        bea, both = database.person("bea", agencies=["Bravo"]), database.person("both", agencies=["Alfa", "Bravo"])
        ours, theirs = Fleet(connection, agency=alfa, prefix="ours"), Fleet(connection, agency=bravo, prefix="theirs")
        ours.move(0), theirs.move(0)
        async with watching(running, both) as all_, watching(running, bea) as other, watching(running, both, filter=BOX) as box:
            erase(connection, *ours.ids[:2])
            for screen in (all_, box):
                await screen.until(lambda screen=screen: set(screen.places) == {ours.ids[2], *theirs.ids})
                assert set(screen.gone) == set(ours.ids[:2])
            await several_beats(other)
            assert other.gone == [] and set(other.places) == set(theirs.ids)
            ours.move(1)  # one that is heard of again is there again
            await all_.until(lambda: set(all_.places) == {*ours.ids, *theirs.ids})


async def test_of_a_track_erased_in_part_what_is_left_is_told_anew(database, running):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(-7_200)
        cut = datetime.now(timezone.utc)
        fleet.move(0)
        async with watching(running) as screen:
            erase(connection, fleet.ids[1], cut=cut)
            await screen.until(lambda: fleet.ids[1] in screen.gone and fleet.ids[1] in screen.places)
            await several_beats(screen)
            assert screen.gone == [fleet.ids[1]] and screen.places == dict.fromkeys(fleet.ids, seconds(0)), "its trail goes, its place stays"


async def test_what_is_marked_out_of_sight_is_gone_and_comes_back_with_its_marking(database, running):
    ana = database.person("ana", ceiling="TLP:AMBER")
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with watching(running, ana) as low, watching(running) as high:
            marking.change(connection, f"track:{fleet.ids[0]}", "TLP:RED", "tester")
            connection.commit()
            await low.until(lambda: set(low.places) == set(fleet.ids[1:]))
            assert low.gone == [fleet.ids[0]] and "lagged" not in low.events
            await several_beats(high)
            assert high.gone == [] and set(high.places) == set(fleet.ids)
            fleet.move(1)
            await low.until(lambda: set(low.places.values()) == {seconds(1)})
            marking.change(connection, f"track:{fleet.ids[0]}", "TLP:GREEN", "tester")
            connection.commit()
            await low.until(lambda: set(low.places) == set(fleet.ids))


async def test_where_an_authority_ends_its_track_is_in_no_picture_any_more(database, running):
    with database.connect() as connection:
        people.add_agency(connection, "Norte", "MX")
        authority.govern(connection, "Norte", ["tag"])
        now = datetime.now(timezone.utc)
        authority.add(connection, "Norte", "judicial-order", "A", issuer="Court", purpose="Investigation", devices=["t-1"], area=None,
                      valid_from=now - timedelta(hours=1), valid_to=now + timedelta(hours=1))
        writer = LiveWriter(connection, 0, source(connection, 0, "tags"))
        ids = writer.tracks([TrackTold("t-1", "tag", agency_id=people.agency_id(connection, "Norte")), TrackTold("v-1", "vessel")])
        writer.store({"track_id": np.array(ids), "observed_us": np.full(2, int(now.timestamp() * 1e6)), "lon": np.full(2, -97.0), "lat": np.full(2, 26.0)})
        connection.commit()
        async with watching(running) as screen:
            assert set(screen.places) == set(ids)
            authority.revoke(connection, "Norte", "A")
            connection.commit()
            await screen.until(lambda: screen.events.count("whole") == 2 or ids[0] in screen.gone)
            await several_beats(screen)
            assert set(screen.places) == {ids[1]}


async def test_what_leaves_the_filter_is_gone_from_it_alone(database, running):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with watching(running, filter=BOX) as box, watching(running) as all_:
            fleet.move(5_000, 1)  # half a degree to the east
            await box.until(lambda: set(box.places) == {fleet.ids[0], fleet.ids[2]})
            assert box.gone == [fleet.ids[1]]
            fleet.move(6_000, 1)
            await several_beats(box, all_)
            assert box.gone == [fleet.ids[1]] and all_.gone == [], "once, and nowhere else"
            there = {"track_id": np.array([fleet.ids[1]]), "observed_us": np.array([NOW_US + 7_000_000_000]), "lon": np.array([-97.0]), "lat": np.array([26.0])}
            fleet.writer.store(there)
            connection.commit()
            await box.until(lambda: set(box.places) == set(fleet.ids))


async def test_what_leaves_an_operations_area_is_gone(database, running, monkeypatch):
    monkeypatch.setattr(stream_gone, "AREA_S", 0.1)
    with database.connect() as connection:
        bravo = [people.add_agency(connection, name, None) for name in ("Alfa", "Bravo")][1]
        now = datetime.now(timezone.utc)
        people.add_operation(connection, "Dorado", now - timedelta(hours=1), now + timedelta(days=1), area=shapely.MultiPolygon([shapely.box(-97.1, 25.9, -96.9, 26.1)]))
        for agency in ("Alfa", "Bravo"):
            people.share(connection, "Dorado", agency, ["movements", "seizures", "imagery"], "TLP:AMBER")
        connection.commit()
        ana = database.person("ana", agencies=["Alfa"])
        fleet = Fleet(connection, agency=bravo)
        fleet.move(0)
        async with watching(running, ana) as screen, watching(running, database.person("bea", agencies=["Bravo"])) as owner:
            assert set(screen.places) == set(fleet.ids)
            fleet.move(5_000, 1)
            await screen.until(lambda: set(screen.places) == {fleet.ids[0], fleet.ids[2]})
            await several_beats(owner)
            assert screen.gone == [fleet.ids[1]] and owner.gone == []
            people.share(connection, "Dorado", "Bravo", [], "TLP:AMBER")
            connection.commit()
            await screen.until(lambda: screen.places == {})  # sharing ended: it begins anew, with nothing


@pytest.mark.parametrize("known", [True, False], ids=["by a server that watched", "by one that did not"])
async def test_one_that_comes_back_is_told_what_stands(database, running, known):
    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        async with AsyncExitStack() as open_:
            screen = await open_.enter_async_context(watching(running, filter=BOX))
            left = await open_.enter_async_context(watching(running, filter=BOX))
            held = dict(left.places)
            await left.close()
            if not known:
                await screen.close()
            erase(connection, fleet.ids[0])
            fleet.move(5_000, 1)
            await several_beats(*[screen] if known else [])
            again = Screen(running, TESTER, BOX, left.last_id)
            again.places = held
            await several_beats(again)
            assert again.events[:2] == ["resumed", "standing"] and "snapshot" not in again.events
            assert set(again.places) == {fleet.ids[2]}
            await again.close()


async def test_what_leaves_during_a_first_look_is_told_after_it(database, running, monkeypatch):
    """Read as it was, erased, and put in order only then: nothing of it was known to be shown when it went."""
    read, go_on, told_of = asyncio.Event(), asyncio.Event(), streams.told_of
    real = asyncio.to_thread

    async def slowly(f, *told):
        if f is told_of:
            read.set()
            await go_on.wait()
        return await real(f, *told)

    with database.connect() as connection:
        fleet = Fleet(connection)
        fleet.move(0)
        monkeypatch.setattr(streams.asyncio, "to_thread", slowly)
        opening = asyncio.create_task(_opened(running))
        await read.wait()
        erase(connection, fleet.ids[0])
        await asyncio.sleep(0.3)  # several looks of the stream pass
        go_on.set()
        screen = await opening
        await screen.until(lambda: set(screen.places) == set(fleet.ids[1:]))
        assert screen.gone == [fleet.ids[0]]
        await screen.close()


async def _opened(stream):
    screen = Screen(stream, TESTER)
    await screen.until(lambda: "whole" in screen.events)
    return screen
