"""Screens: who keeps which, what each is told, that a beat is written down seldom, and names of every kind."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text

from data import page_state, people, saved_views, screens
from data.doors import enrolled
from data.sessions import Database
from data.visitor import Visitor, visiting
from errors import FilterInvalid, Forbidden, NotFound

CAMERA = "world=live&camera=8.6/26.15/-97.9"


@pytest.fixture
def agencies(database):
    with database.connect() as connection:
        for name in ("Alfa", "Bravo"):
            people.add_agency(connection, name, None)
        connection.commit()
    return database


@pytest.fixture
async def pool(agencies):
    pool = Database(agencies.app_url)
    yield pool
    await pool.close()


async def opened(pool, visitor, name: str, agency: str | None = "Alfa", ceiling: str = "TLP:AMBER") -> tuple[int, Visitor]:
    """A screen that was made and has opened its address."""
    number, token = await screens.make(pool, visitor.token, name=name, agency=agency, ceiling=ceiling)
    _, session = await enrolled(pool, token, "127.0.0.1")
    return number, Visitor("screen", number, name, name, frozenset({"screen"}), 2, (), session)


async def told(pool, visitor, slug: str = "x") -> dict | None:
    with visiting(visitor):
        async with pool.reading() as session:
            return await screens.told(session, visitor.token, slug)


async def listed(pool, visitor) -> list[dict]:
    with visiting(visitor):
        async with pool.reading() as session:
            return await screens.listed(session, visitor.token)


async def test_a_supervisor_keeps_those_of_their_agencies_up_to_their_marking_and_an_administrator_all(agencies, pool):
    ana = agencies.person("ana", roles=("supervisor",), agencies=["Alfa"], ceiling="TLP:GREEN")
    bo = agencies.person("bo", roles=("supervisor",), agencies=["Bravo"], ceiling="TLP:AMBER+STRICT")
    admin, viewer = agencies.person("ada", roles=("administrator",)), agencies.person("vic", agencies=["Alfa"])
    number, _ = await screens.make(pool, ana.token, name="East", agency="Alfa", ceiling="TLP:GREEN")
    await screens.make(pool, bo.token, name="West", agency="Bravo", ceiling="TLP:AMBER+STRICT")
    for visitor, name, agency, ceiling in ((ana, "New", "Alfa", "TLP:AMBER"), (ana, "New", "Bravo", "TLP:GREEN"), (ana, "West", "Alfa", "TLP:GREEN"), (ana, "New", "Nobody", "TLP:GREEN"),
                                           (viewer, "New", "Alfa", "TLP:GREEN")):
        with pytest.raises(Forbidden):
            await screens.make(pool, visitor.token, name=name, agency=agency, ceiling=ceiling)
    assert [[r["name"] for r in await listed(pool, who)] for who in (ana, bo, admin)] == [["East"], ["West"], ["East", "West"]]
    for act in (lambda who: screens.change(pool, who.token, number, {"place": "x"}), lambda who: screens.end(pool, who.token, number)):
        with pytest.raises(NotFound):
            await act(bo)
        with pytest.raises(Forbidden):
            await act(viewer)
    with pytest.raises(Forbidden):
        await listed(pool, viewer)
    with pytest.raises(screens.ScreenRefused, match="never reaches a wall"):
        await screens.make(pool, admin.token, name="Red", agency="Alfa", ceiling="TLP:RED")


async def test_a_screen_is_told_of_itself_alone_and_a_person_of_those_of_their_agencies(agencies, pool):
    ada = agencies.person("ada", roles=("administrator",))
    number, east = await opened(pool, ada, "East")
    _, west = await opened(pool, ada, "West", "Bravo")
    await screens.change(pool, ada.token, number, {**screens.settings({"place": "Room 2", "distance_m": 8, "diagonal_in": 98, "zones": ["America/Bogota", "Europe/Madrid"], "world": "live",
                                                                       "turn_s": 30, "dim": "22:00-06:00"}), "playlist": [screens.Item(state=CAMERA, name="Valley", turn_s=45).kept()]})
    found = await told(pool, east, "west")
    assert (found["name"], found["slug"], found["place"], found["distance_m"], found["zones"], found["turn_s"], found["version"]) == \
        ("East", "east", "Room 2", 8, ["America/Bogota", "Europe/Madrid"], 30, 2)
    [item] = found["playlist"]
    assert (item["name"], item["turn_s"], item["state"], item["world"], item["left_out"]) == ("Valley", 45, CAMERA, "live", [])
    assert (await told(pool, west))["name"] == "West"
    alfa, bravo = agencies.person("al", agencies=["Alfa"]), agencies.person("br", agencies=["Bravo"])
    assert (await told(pool, alfa, "east"))["name"] == "East" and await told(pool, bravo, "east") is None and await told(pool, alfa, "nowhere") is None


async def test_a_view_that_was_deleted_or_is_for_nobody_here_says_so_and_its_state_is_not_told(agencies, pool):
    ada, al = agencies.person("ada", roles=("administrator",)), agencies.person("al", roles=("supervisor",), agencies=["Alfa", "Bravo"])
    number, east = await opened(pool, ada, "East", ceiling="TLP:GREEN")
    views = {}
    for name, agency, marking in (("Seen", "Alfa", "TLP:GREEN"), ("Deleted", "Alfa", "TLP:GREEN"), ("Closed", "Alfa", "TLP:AMBER"), ("Foreign", "Bravo", "TLP:GREEN")):
        views[name], _ = await saved_views.keep(pool, al.token, saved_views.ViewTold(name, page_state.read(f"{CAMERA}&q={name}"), agency=agency, marking=marking))
    await saved_views.end(pool, al.token, views["Deleted"])
    await screens.change(pool, ada.token, number, {"playlist": [screens.Item(view=v).kept() for v in views.values()], "follow": screens.Item(view=views["Foreign"]).kept()})
    found = await told(pool, east)
    assert [(i.get("name"), i.get("state", "-"), "gone" in i) for i in found["playlist"]] == [("Seen", f"world=live&q=Seen&camera=8.6/26.15/-97.9", False), *[(None, "-", True)] * 3]
    assert "gone" in found["follow"] and found["playlist"][0]["marking"] == "TLP:GREEN"
    assert all(word not in str(found) for word in ("Closed", "Foreign"))


async def test_what_leads_to_something_the_screen_may_not_see_is_left_out(agencies, pool):
    ada = agencies.person("ada", roles=("administrator",))
    number, east = await opened(pool, ada, "East")
    await screens.change(pool, ada.token, number, {"playlist": [screens.Item(state="world=live&run=7&agency=Bravo&sel=track:9&layers=seizures").kept()]})
    [item] = (await told(pool, east))["playlist"]
    assert item["state"] == "world=live&layers=seizures" and set(item["left_out"]) == {"run", "agency", "sel"}


async def test_a_beat_is_written_twice_a_minute_at_most_and_hears_of_every_change(agencies, pool):
    ada = agencies.person("ada", roles=("administrator",))
    number, east = await opened(pool, ada, "East")
    assert (await listed(pool, ada))[0]["state"] == "silent", "opened, and never heard of"
    assert await screens.beat(pool, east.token, {"view": "All"}) == {"version": 1, "reload": 0}
    for view in ("Second", "Third"):
        await screens.beat(pool, east.token, {"view": view})
    [row] = await listed(pool, ada)
    assert (row["state"], row["beat"]) == ("online", {"view": "All"})
    await screens.change(pool, ada.token, number, {"reload": True})
    assert await screens.beat(pool, east.token, {}) == {"version": 2, "reload": 1}
    for seconds, state in ((30, "online"), (61, "silent")):
        with agencies.connect() as connection:
            connection.execute("UPDATE access.screen SET beat_at = clock_timestamp() - make_interval(secs => %s)", (seconds,))
            connection.commit()
        assert (await listed(pool, ada))[0]["state"] == state
    await screens.beat(pool, east.token, {"view": "Back"})
    assert (await listed(pool, ada))[0]["beat"] == {"view": "Back"}
    with pytest.raises(Forbidden):
        await screens.beat(pool, ada.token, {})
    await screens.end(pool, ada.token, number)
    with pytest.raises(Forbidden):
        await screens.beat(pool, east.token, {})
    assert (await listed(pool, ada))[0]["state"] == "revoked"


async def test_names_of_every_kind_have_an_address_of_their_own(agencies, pool):
    ada = agencies.person("ada", roles=("administrator",))
    for name in ("غرفة العمليات", "x" * 200, "main", "East wall", "East: wall", "<b>'\"--", "../../etc", "a b%2fc"):
        await screens.make(pool, ada.token, name=name, agency=None, ceiling="TLP:GREEN")
    slugs = {r["name"]: r["slug"] for r in await listed(pool, ada)}
    assert slugs["غرفة العمليات"] == "غرفة-العمليات" and slugs["x" * 200] == "x" * 60 and slugs["East wall"] == "east-wall" and slugs["../../etc"] == "etc"
    assert slugs["East: wall"].startswith("east-wall-") and slugs["main"].startswith("screen-") and slugs["<b>'\"--"] == "b"
    assert len(set(slugs.values())) == 8 and not any(c in slug for slug in slugs.values() for c in "/ %<>\"'?#")
    for name in ("", " ", "x" * 201, "a\nb", "a\u202eb"):
        with pytest.raises(screens.ScreenRefused):
            await screens.make(pool, ada.token, name=name, agency=None, ceiling="TLP:GREEN")


@pytest.mark.parametrize(("bad", "said"), [
    ({"distance_m": 0}, "0.5 to 50"), ({"distance_m": float("nan")}, "0.5 to 50"), ({"diagonal_in": 9000}, "5 to 500"), ({"turn_s": True}, "5 to 3600"), ({"zones": ["Mars/Olympus"]}, "IANA"),
    ({"zones": ["UTC", "UTC"]}, "each once"), ({"zones": ["Europe/Madrid", "Europe/Paris", "Europe/Rome", "Europe/Oslo", "Europe/Vienna"]}, "at most 4"), ({"world": "other"}, "live or exercise"),
    ({"dim": "22-6"}, "22:00-06:00"), ({"place": "x" * 201}, "at most 200"), ({"ceiling": 4}, "no setting 'ceiling'"),
])
def test_settings_that_can_not_be_are_refused_with_what_was_expected(bad, said):
    with pytest.raises(screens.ScreenRefused, match=said):
        screens.settings(bad)


@pytest.mark.parametrize(("bad", "error"), [
    ("x", screens.ScreenRefused), ([{}], screens.ScreenRefused), ([{"view": 1, "state": "world=live"}], screens.ScreenRefused), ([{"view": "1"}], screens.ScreenRefused), ([{"view": 2**31}], screens.ScreenRefused),
    ([{"state": "world=live&nope=1"}], FilterInvalid), ([{"view": 1, "turn_s": 1}], screens.ScreenRefused), ([{"view": 1, "name": "a\nb"}], screens.ScreenRefused), ([{"view": 1, "x": 1}], screens.ScreenRefused),
    ([{"view": 1}] * 51, screens.ScreenRefused), ([{"view": 1, "replay": 1}], screens.ScreenRefused),
])
def test_a_playlist_that_can_not_be_is_refused(bad, error):
    with pytest.raises(error):
        screens.playlist(bad)


async def test_no_function_of_screens_is_anybodys(agencies, pool):
    """Without a session, as a screen and as a viewer: each is refused in the database itself."""
    ada, viewer = agencies.person("ada", roles=("administrator",)), agencies.person("vic", agencies=["Alfa"])
    _, east = await opened(pool, ada, "East")
    calls = ("SELECT * FROM access.screens(:t)", "SELECT access.screen_make(:t, 'x', NULL, 1, '\\x00')", "SELECT access.screen_set(:t, 1, '{}')", "SELECT access.screen_end(:t, 1)")
    for token in ("", "nobody", east.token, viewer.token):
        for call in calls:
            with pytest.raises(Exception, match="keeps no screens"):
                async with pool.asking(write=True) as session:
                    await session.execute(text(call), {"t": token})
    async with pool.asking() as session:
        assert (await session.execute(text("SELECT * FROM access.screen_told('nobody', 'east')"))).all() == []
    with psycopg.connect(agencies.app_url.replace("+psycopg", "")) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT beat FROM access.screen")
