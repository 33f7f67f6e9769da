"""Events in a stream: what goes on, each revision, retractions too, to each what that one may see; alerts as lines; and none lost by who comes back."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import numpy as np
import orjson
import shapely

from data import people, watching
from data.alerts import move
from data.fixes import TrackTold
from data.live import LiveWriter
from data.sessions import Database
from tests.conftest import TESTER
from tests.data.made import source
from tests.data.test_stream import LIVE, fast, running  # noqa: F401  fixtures
from tests.data.test_stream_gone import erase

NOW = datetime.now(timezone.utc).replace(microsecond=0)


def tracks(connection, *agencies: int | None) -> list[int]:
    writer = LiveWriter(connection, 0, source(connection, 0, "events"))
    ids = writer.tracks([TrackTold(f"mmsi:{i}", "vessel", f"CANARY-{agency}", agency_id=agency, marking="TLP:GREEN") for i, agency in enumerate(agencies)])
    connection.commit()
    return ids


def tell(connection, track: int, *, revision: int = 1, change: str = "new", severity: str = "notice", ended: bool = False, start: str = "1", other: int | None = None,
         last_lon: float = -97.0) -> None:
    """As feeds/watching.py stores what the rules found."""
    scopes = [row[0] for row in connection.execute("SELECT DISTINCT scope FROM track WHERE id = ANY (%s)", ([track, other],))]
    fix = {"track": track, "us": watching.microseconds(NOW), "lon": -97.0, "lat": 26.0}
    last = {**fix, "lon": last_lon}
    watching.tell(connection, [{
        "world": 0, "name": f"2/gap/{track}///{start}", "type": "encounter" if other else "gap", "rule_id": 2, "rule_version": 1, "track_id": track, "other_id": other, "area_id": None,
        "area_version": None, "lane": "", "kinds": ["vessel"], "agencies": [], "started_at": NOW, "ended_at": NOW if ended else None, "first_fix": fix, "last_fix": last,
        **watching.place_and_span(-97.0, 26.0, [fix, last]), "facts": {}, "doubtful": False, "severity": severity, "scopes": scopes, "retracted": change == "retracted",
        "revision": revision, "change": change}], NOW)
    connection.commit()


class Panel:
    """What a browser would make of the events of a stream."""

    def __init__(self, stream, visitor=TESTER, last_id=None):
        self.rows: dict[int, dict] = {}
        self.alerts: dict = {}
        self.events: list[str] = []
        self.gone: list[int] = []
        self.last_id, self.bytes = last_id, b""
        self._messages = stream.listen(visitor, LIVE, last_id)

    async def until(self, holds) -> None:
        async with asyncio.timeout(120):
            await self._take(holds)

    async def beats(self, number: int = 2) -> None:
        """Several looks of the stream pass."""
        now = self.events.count("beat")
        await self.until(lambda: self.events.count("beat") >= now + number)

    async def _take(self, holds) -> None:
        while not holds():
            message = await anext(self._messages)
            self.events.append(message.event)
            self.bytes += message.data
            if message.event == "events":
                told = orjson.loads(message.data)
                self.gone += told["gone"]
                left = {} if told["whole"] else {k: row for k, row in self.rows.items() if k not in told["gone"]}
                self.rows = {**left, **{row["id"]: row for row in told["rows"]}}
            if message.event == "alerts":
                self.alerts = orjson.loads(message.data)
            self.last_id = message.id or self.last_id

    async def begin(self) -> Panel:
        await self.until(lambda: "whole" in self.events or "resumed" in self.events and "fixes" in self.events)
        return self

    async def close(self) -> None:
        await self._messages.aclose()


async def test_what_goes_on_then_each_revision_retractions_too(database, running):  # noqa: F811
    with database.connect() as connection:
        (track,) = tracks(connection, None)
        tell(connection, track)
        tell(connection, track, ended=True, start="0")
        panel = await Panel(running).begin()
        assert [(r["type"], r["revision"], r["retracted"]) for r in panel.rows.values()] == [("gap", 1, False)], "what is over is not part of the beginning"
        tell(connection, track, revision=2, change="retracted")
        await panel.until(lambda: any(r["retracted"] and r["revision"] == 2 for r in panel.rows.values()))
        await panel.close()


async def test_who_comes_back_is_told_what_was_withdrawn_meanwhile(database, running):  # noqa: F811
    with database.connect() as connection:
        (track,) = tracks(connection, None)
        tell(connection, track)
        panel = await Panel(running).begin()
        tell(connection, track, start="2")
        await panel.until(lambda: len(panel.rows) == 2)
        await panel.close()
        tell(connection, track, revision=2, change="retracted")
        again = await Panel(running, last_id=panel.last_id).begin()
        assert "snapshot" not in again.events and any(r["retracted"] for r in again.rows.values())
        await again.close()


def heard(connection, *tracks_: int, by: str = "heard") -> None:
    """Fixes under what events tell of, so that these can be erased with them (data/unmaking.py)."""
    writer = LiveWriter(connection, 0, source(connection, 0, by))
    writer.store({"track_id": np.array(tracks_), "observed_us": np.full(len(tracks_), watching.microseconds(NOW)), "lon": np.full(len(tracks_), -97.0), "lat": np.full(len(tracks_), 26.0)})
    connection.commit()


async def test_what_is_erased_is_told_as_gone_to_who_was_told_of_it_and_its_alert_goes(database, running):  # noqa: F811
    with database.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        connection.commit()
        ours, theirs = tracks(connection, alfa, bravo)
        heard(connection, ours, theirs)
        for track in (ours, theirs):
            tell(connection, track, severity="critical")
            tell(connection, track, start="over", ended=True, severity="critical")
        both = await Panel(running, database.person("both", agencies=["Alfa", "Bravo"])).begin()
        bea = await Panel(running, database.person("bea", agencies=["Bravo"])).begin()
        assert len(both.rows) == 2 and both.alerts["total"] == 4 and len(bea.rows) == 1 and bea.alerts["total"] == 2
        told = next(number for number, row in both.rows.items() if row["track"]["id"] == ours)
        erase(connection, ours)
        await both.until(lambda: both.gone and both.alerts["total"] == 2)
        assert both.gone == [told] and [row["track"]["id"] for row in both.rows.values()] == [theirs], "of what was over before anybody listened no number is told"
        await bea.beats()
        assert bea.gone == [] and len(bea.rows) == 1 and bea.events.count("alerts") == 1, "nothing is told of what was never seen"
        heard(connection, ours, by="again")
        tell(connection, ours, start="anew", severity="critical")
        await both.until(lambda: len(both.rows) == 2 and both.alerts["total"] == 3)
        await both.close()
        await bea.close()


async def test_who_comes_back_holds_nothing_of_what_was_erased_meanwhile(database, running):  # noqa: F811
    with database.connect() as connection:
        one, other = tracks(connection, None, None)
        heard(connection, one, other)
        tell(connection, one)
        tell(connection, other)
        panel = await Panel(running).begin()
        tell(connection, other, revision=2)  # only now it has somewhere to come back to
        await panel.until(lambda: any(row["revision"] == 2 for row in panel.rows.values()))
        await panel.close()
        erase(connection, one)
        again = Panel(running, last_id=panel.last_id)
        again.rows = dict(panel.rows)
        await again.begin()
        assert "snapshot" not in again.events and [row["track"]["id"] for row in again.rows.values()] == [other]
        await again.close()


async def test_each_is_told_of_what_they_see_all_of(database, running):  # noqa: F811
    with database.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        connection.commit()
        ours, theirs = tracks(connection, alfa, bravo)
        tell(connection, ours, severity="critical")
        tell(connection, theirs, severity="critical")
        tell(connection, ours, other=theirs, start="9", severity="critical")
        ana = await Panel(running, database.person("ana", agencies=["Alfa"])).begin()
        assert [r["track"]["id"] for r in ana.rows.values()] == [ours] and ana.alerts["total"] == 1, "two of two agencies are seen by who sees both"
        tell(connection, theirs, revision=2, change="closed", ended=True, severity="critical")
        tell(connection, ours, revision=2, change="closed", ended=True, severity="critical")
        await ana.until(lambda: any(r["ended_at"] for r in ana.rows.values()))
        assert f"CANARY-{bravo}".encode() not in ana.bytes and f"CANARY-{alfa}".encode() in ana.bytes
        await ana.close()
        both = await Panel(running, database.person("both", agencies=["Alfa", "Bravo"])).begin()
        assert both.alerts["total"] == 3
        await both.close()


async def test_in_an_operation_with_an_area_an_event_is_shared_when_all_of_it_lies_there(database, running):  # noqa: F811
    with database.connect() as connection:
        people.add_agency(connection, "Alfa", None)
        bravo = people.add_agency(connection, "Bravo", None)
        people.add_operation(connection, "Coast", NOW - timedelta(days=1), NOW + timedelta(days=1), area=shapely.box(-97.1, 25.9, -96.9, 26.1))
        for name in ("Alfa", "Bravo"):
            people.share(connection, "Coast", name, ["movements"], "TLP:AMBER")
        connection.commit()
        (track,) = tracks(connection, bravo)
        tell(connection, track, start="1", severity="critical")
        tell(connection, track, start="2", severity="critical", last_lon=-95.0)
        ana = await Panel(running, database.person("ana", agencies=["Alfa"])).begin()
        assert len(ana.rows) == 1 and ana.alerts["total"] == 1, "where it was heard last lies outside"
        assert next(iter(ana.rows.values()))["last_fix"]["lon"] == -97.0 and b"-95" not in ana.bytes
        await ana.close()
        bea = await Panel(running, database.person("bea", agencies=["Bravo"])).begin()
        assert len(bea.rows) == 2
        await bea.close()


async def test_alerts_are_lines_and_what_is_done_about_them_is_told(database, running):  # noqa: F811
    pool = Database(database.app_url)
    with database.connect() as connection:
        (track,) = tracks(connection, None)
        for n in range(25):
            tell(connection, track, severity="critical", start=str(n))
        panel = await Panel(running).begin()
        assert [line["count"] for line in panel.alerts["lines"]] == [25] and panel.alerts["new"] == 25
        ids = panel.alerts["lines"][0]["ids"]
        assert await move(pool, TESTER.token, ids[:5], "acknowledged", "seen") == 5
        await panel.until(lambda: panel.alerts["new"] == 20)
        assert sorted(line["count"] for line in panel.alerts["lines"]) == [5, 20]
        assert await move(pool, TESTER.token, ids, "resolved", None) == 25
        await panel.until(lambda: panel.alerts["total"] == 0)
        assert connection.execute("SELECT count(*), count(note) FROM alert_step WHERE shown = 'tester'").fetchone() == (30, 5)
        await panel.close()
    await pool.close()


async def test_nobody_moves_an_alert_they_do_not_see(database):
    pool = Database(database.app_url)
    with database.connect() as connection:
        alfa, bravo = (people.add_agency(connection, name, None) for name in ("Alfa", "Bravo"))
        connection.commit()
        (track,) = tracks(connection, bravo)
        tell(connection, track, severity="critical")
        (alert,) = connection.execute("SELECT id FROM alert").fetchone()
        ana = database.person("ana", roles=["coordinator"], agencies=["Alfa"])
        assert await move(pool, ana.token, [alert], "resolved", None) == 0
        connection.execute("UPDATE track SET sealed_at = now()")
        connection.commit()
        bea = database.person("bea", roles=["coordinator"], agencies=["Bravo"])
        assert await move(pool, bea.token, [alert], "resolved", None) == 0, "what is sealed is nobody's"
    await pool.close()


def test_the_shape_of_a_span():
    assert shapely.from_wkb(watching.place_and_span(1, 2, [{"lon": 3, "lat": 4}])["span"]).equals(shapely.MultiPoint([(1, 2), (3, 4)]))
