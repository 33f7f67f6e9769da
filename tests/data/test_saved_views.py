"""Saved views: who sees which, who changes them, their versions, and what is left when one is deleted."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data import page_state, people, purge, saved_views, short_links
from data.openable import openable
from data.saved_views import ViewRefused, ViewTold
from data.sessions import Database
from data.visitor import visiting
from errors import Forbidden, Gone, NotFound, Outrun
from tests.conftest import TESTER

STATE = page_state.read("world=live&layers=seizures&camera=8.6/26.15/-97.9")
EXERCISE = page_state.read("world=exercise&drug=cocaine")


@pytest.fixture(scope="module")
def house(module_database):
    """Two agencies in an operation that runs, a third outside of it, and somebody of each."""
    now = datetime.now(timezone.utc)
    with module_database.connect() as connection:
        for name in ("Alfa", "Bravo", "Charlie"):
            people.add_agency(connection, name, None)
        people.add_operation(connection, "Dorado", now - timedelta(hours=1), now + timedelta(hours=1))
        people.share(connection, "Dorado", "Alfa", ["movements"], "TLP:GREEN")
        people.share(connection, "Dorado", "Bravo", ["movements"], "TLP:AMBER")
        connection.commit()
    who = {"ana": ("Alfa", "viewer"), "leader": ("Alfa", "coordinator"), "bea": ("Bravo", "viewer"), "carl": ("Charlie", "viewer")}
    return module_database, {name: module_database.person(name, roles=(role,), agencies=[agency], ceiling="TLP:AMBER") for name, (agency, role) in who.items()}


@pytest.fixture
async def pool(house):
    pool = Database(house[0].app_url)
    yield pool
    await pool.close()


@pytest.fixture
def who(house):
    return house[1]


async def kept(pool, visitor, name: str, state=STATE, **about) -> int:
    return (await saved_views.keep(pool, visitor.token, ViewTold(name, state, **about)))[0]


async def seen(pool, visitor) -> set[str]:
    with visiting(visitor):
        async with pool.reading() as session:
            return {row["name"] for row in await saved_views.listed(session, visitor, {})}


async def one(pool, visitor, view: int, **more) -> dict:
    with visiting(visitor):
        async with pool.reading() as session:
            return await saved_views.one(session, visitor, {}, view, **more)


async def test_an_agencys_view_is_seen_by_it_alone_and_a_private_one_by_its_owner(pool, who):
    await kept(pool, who["ana"], "shared", agency="Alfa")
    await kept(pool, who["ana"], "mine", agency="Alfa", private=True)
    assert {"shared", "mine"} <= await seen(pool, who["ana"])
    assert await seen(pool, who["leader"]) & {"shared", "mine"} == {"shared"}
    # A partner in an operation sees what is shared in it, and this is not.
    assert not await seen(pool, who["bea"]) & {"shared", "mine"} and not await seen(pool, who["carl"]) & {"shared", "mine"}
    async with pool.asking() as session:
        assert await session.scalar(text("SELECT count(*) FROM vigia.saved_view")) == 0, "nobody sees none"


async def test_partners_see_it_while_the_operation_lasts_up_to_what_is_shared(house, pool, who):
    await kept(pool, who["ana"], "green", agency="Alfa", operation="Dorado", marking="TLP:GREEN")
    await kept(pool, who["ana"], "amber", agency="Alfa", operation="Dorado", marking="TLP:AMBER")
    await kept(pool, who["bea"], "theirs", agency="Bravo", operation="Dorado", marking="TLP:AMBER")
    assert await seen(pool, who["bea"]) & {"green", "amber"} == {"green"}, "Alfa shares up to GREEN"
    assert "theirs" in await seen(pool, who["ana"]) and not await seen(pool, who["carl"]) & {"green", "amber", "theirs"}
    now = datetime.now(timezone.utc)
    with house[0].connect() as connection:
        connection.execute("UPDATE access.operation SET ends_at = %s WHERE name = 'Dorado'", (now - timedelta(minutes=1),))
        connection.commit()
    try:
        assert "green" not in await seen(pool, who["bea"]) and "theirs" not in await seen(pool, who["ana"]) and "green" in await seen(pool, who["leader"])
    finally:
        with house[0].connect() as connection:
            connection.execute("UPDATE access.operation SET ends_at = %s WHERE name = 'Dorado'", (now + timedelta(hours=1),))
            connection.commit()


async def test_a_marking_above_ones_own_is_neither_given_nor_seen(house, pool, who):
    with pytest.raises(Forbidden):
        await kept(pool, who["ana"], "red", agency="Alfa", marking="TLP:RED")
    chief = house[0].person("chief", roles=("supervisor",), agencies=["Alfa"], ceiling="TLP:RED")
    await kept(pool, chief, "red", agency="Alfa", marking="TLP:RED")
    assert "red" in await seen(pool, chief) and "red" not in await seen(pool, who["leader"])


async def test_what_one_may_not_say_of_a_view(pool, who):
    for about in ({"agency": "Bravo"}, {"agency": "Nobody"}, {"agency": None}, {"agency": "Alfa", "operation": "Nowhere"}):
        with pytest.raises(Forbidden):
            await kept(pool, who["ana"], "no", **about)
    with pytest.raises(Forbidden):
        await kept(pool, who["carl"], "no", agency="Charlie", operation="Dorado")  # takes no part in it
    assert await kept(pool, who["ana"], "nobody's but mine", private=True) > 0
    assert await kept(pool, who["ana"], "for all", EXERCISE) > 0
    assert "for all" in await seen(pool, who["carl"]), "the exercise is everybody's"


async def test_versions_follow_on_each_other(pool, who):
    view = await kept(pool, who["ana"], "first", agency="Alfa")
    assert await saved_views.keep(pool, who["ana"].token, ViewTold("second", STATE, agency="Alfa"), view, 1) == (view, 2)
    with pytest.raises(Outrun, match="version 2 is the newest"):
        await saved_views.keep(pool, who["ana"].token, ViewTold("late", STATE, agency="Alfa"), view, 1)
    found = await one(pool, who["leader"], view)
    assert (found["name"], found["version"], found["newest"], [v["version"] for v in found["versions"]]) == ("second", 2, 2, [2, 1])
    assert (await one(pool, who["leader"], view, version=1))["name"] == "first"
    with pytest.raises(NotFound):
        await one(pool, who["leader"], view, version=3)
    with pytest.raises(NotFound, match="exercise"):
        await saved_views.keep(pool, who["ana"].token, ViewTold("moved", EXERCISE), view)


async def test_its_owner_and_who_leads_change_it_and_nobody_else(house, pool, who):
    view = await kept(pool, who["ana"], "ours", agency="Alfa")
    other = house[0].person("otto", agencies=["Alfa"])
    assert [(await one(pool, v, view))["may"] for v in (who["ana"], who["leader"], other)] == [True, True, False]
    for visitor in (other, who["bea"], who["carl"]):
        with pytest.raises(NotFound):
            await saved_views.keep(pool, visitor.token, ViewTold("taken", STATE, agency=visitor.agencies[0]), view)
        with pytest.raises(NotFound):
            await saved_views.end(pool, visitor.token, view)
    assert await saved_views.keep(pool, who["leader"].token, ViewTold("ours, renamed", STATE, agency="Alfa"), view, 1) == (view, 2)
    assert (await one(pool, who["ana"], view))["own"], "it stays whose it was"
    private = await kept(pool, who["ana"], "alone", agency="Alfa", private=True)
    with pytest.raises(NotFound):
        await saved_views.end(pool, who["leader"].token, private)


async def test_a_deleted_one_is_gone_and_one_that_is_shared_no_more_says_as_much(pool, who):
    view = await kept(pool, who["ana"], "short", agency="Alfa")
    with pytest.raises(Outrun):
        await saved_views.end(pool, who["ana"].token, view, 7)
    await saved_views.end(pool, who["ana"].token, view, 1)
    assert "short" not in await seen(pool, who["ana"])
    with pytest.raises(Gone, match="deleted"):
        await one(pool, who["leader"], view)
    with pytest.raises(NotFound, match="may see"):
        await one(pool, who["carl"], view)
    with pytest.raises(NotFound):
        await saved_views.end(pool, who["ana"].token, view)
    # Kept for oneself from now on: who saw it before is told no more than of a deleted one.
    view = await kept(pool, who["ana"], "withdrawn", agency="Alfa")
    await saved_views.keep(pool, who["ana"].token, ViewTold("withdrawn", STATE, agency="Alfa", private=True), view, 1)
    with pytest.raises(Gone, match="no longer shared"):
        await one(pool, who["leader"], view)
    assert (await one(pool, who["ana"], view))["version"] == 2


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\u202eb", "\u2066a", "\u0301", "\u200d", "\ud800"])
def test_names_that_are_none(name):
    with pytest.raises(ViewRefused):
        ViewTold(name, STATE)


@pytest.mark.parametrize("name", ["x" * 200, "الحدود الشرقية", "नमस्ते", "می‌خواهم", "國境", "<img src=x onerror=alert(1)>", "'; DROP TABLE saved_view; --"])
async def test_names_of_any_script_are_kept_as_they_are(pool, who, name):
    view = await kept(pool, who["ana"], name, agency="Alfa")
    assert (await one(pool, who["ana"], view))["name"] == name
    await saved_views.end(pool, who["ana"].token, view)


def test_a_private_view_has_no_operation_and_an_exercise_none_either():
    for about, state in (({"private": True, "operation": "Dorado"}, STATE), ({"operation": "Dorado"}, EXERCISE), ({"marking": "SECRET"}, STATE), ({"note": "x" * 1001}, STATE), ({"note": "a\x07"}, STATE)):
        with pytest.raises(ViewRefused):
            ViewTold("x", state, **about)


async def test_there_is_a_most(house, pool, who):
    with house[0].connect() as connection:
        connection.execute("INSERT INTO saved_view (world, name, state, owner_id, private, made_by) SELECT 1, 'many', 'world=exercise', %s, true, 'x' FROM generate_series(1, 500)", (who["bea"].id,))
        connection.commit()
    with pytest.raises(ViewRefused, match="500"):
        await kept(pool, who["bea"], "one more", EXERCISE)
    with house[0].connect() as connection:
        connection.execute("DELETE FROM saved_view WHERE name = 'many'")
        connection.commit()


async def test_the_serving_role_writes_no_view(pool, who):
    for statement in ("INSERT INTO vigia.saved_view (world, name, state, owner_id, made_by) VALUES (0, 'x', 'world=live', 1, 'x')", "UPDATE vigia.saved_view SET name = 'x'",
                      "SELECT * FROM access.short_link", "SELECT access.own(1, NULL)", "SELECT set_config('vigia.person', '1', true)"):
        with visiting(who["ana"]), pytest.raises(DBAPIError, match="permission denied"):
            async with pool.writing() as session:
                await session.execute(text(statement))


async def test_what_may_not_be_seen_is_left_out_by_name(house, pool, who):
    told = "world=live&agency=Alfa,Charlie&track=99&sel=track:99&follow=1&look=4&bands=nir&run=7&compare=1,2&compare_mode=side&compare_look=3&layers=seizures&camera=8.6/26.15/-97.9"
    for visitor, names in ((who["ana"], "Alfa"), (TESTER, None)):
        with visiting(visitor):
            async with pool.reading() as session:
                state, left_out = await openable(session, told)
        keys = [p["key"] for p in left_out]
        assert keys.count("track") == 1 and {"sel", "look", "run", "compare", "compare_look"} <= set(keys)
        assert state.of("agency") == names and [p["value"] for p in left_out if p["key"] == "agency"] == (["Charlie"] if names else ["Alfa", "Charlie"])
        assert state.without({"agency"}).text == "world=live&layers=seizures&camera=8.6/26.15/-97.9", "with all that hangs on it"


async def test_a_link_leads_somewhere_until_it_ends(house, pool, who):
    number, code, ends = await short_links.make(pool, who["ana"].token, STATE, None, "1h")
    assert short_links.CODE.fullmatch(code) and timedelta(minutes=59) < ends - datetime.now(timezone.utc) <= timedelta(hours=1)
    assert (await short_links.opened(pool, who["carl"].token, code))["state"] == STATE.text
    await short_links.opened(pool, who["ana"].token, code)
    await short_links.opened(pool, who["carl"].token, code, opening=False)
    [row] = await short_links.own(pool, who["ana"].token)
    assert (row["id"], row["opened"]) == (number, 1), "its maker, and who only draws it, are not counted"
    assert await short_links.own(pool, who["carl"].token) == []
    with pytest.raises(NotFound):
        await short_links.revoke(pool, who["carl"].token, number)
    await short_links.revoke(pool, who["ana"].token, number)
    with pytest.raises(Gone, match="revoked"):
        await short_links.opened(pool, who["carl"].token, code)
    number, code, _ = await short_links.make(pool, who["ana"].token, None, 5, "30d")
    with house[0].connect() as connection:
        connection.execute("UPDATE access.short_link SET expires_at = now() WHERE id = %s", (number,))
        connection.commit()
    with pytest.raises(Gone, match="expired"):
        await short_links.opened(pool, who["ana"].token, code)
    assert await short_links.own(pool, who["ana"].token) == []
    for wrong in ("x", "a" * 12, "../../etc", "x\0y", "é" * 12):
        with pytest.raises(NotFound):
            await short_links.opened(pool, who["ana"].token, wrong)
    with pytest.raises(short_links.LinkRefused, match="1h, 1d, 7d, 30d"):
        await short_links.make(pool, who["ana"].token, STATE, None, "99y")


async def test_links_have_a_most_too(house, pool, who):
    with house[0].connect() as connection:
        connection.execute("INSERT INTO access.short_link (code, person_id, state, expires_at) SELECT 'many' || n, %s, 'world=live', now() + interval '1 hour' FROM generate_series(1, 200) n", (who["carl"].id,))
        connection.commit()
    with pytest.raises(short_links.LinkRefused, match="200"):
        await short_links.make(pool, who["carl"].token, STATE, None, "1h")


async def test_retention_erases_what_was_deleted_with_a_tombstone(house, pool, who):
    view = await kept(pool, who["ana"], "to be erased", agency="Alfa")
    await saved_views.keep(pool, who["ana"].token, ViewTold("to be erased", STATE, agency="Alfa"), view, 1)
    fresh, standing = await kept(pool, who["ana"], "deleted today", agency="Alfa"), await kept(pool, who["ana"], "stands", agency="Alfa")
    for number in (view, fresh):
        await saved_views.end(pool, who["ana"].token, number)
    link, code, _ = await short_links.make(pool, who["ana"].token, STATE, None, "1h")
    with house[0].connect() as connection:
        connection.execute("UPDATE saved_view SET ended_at = now() - interval '31 days' WHERE id = %s", (view,))
        connection.execute("UPDATE access.short_link SET expires_at = now() - interval '31 days' WHERE id = %s", (link,))
        connection.commit()
    report = purge.run(house[0].owner_url)
    assert report.erased == {"saved_view": 1}
    with house[0].connect() as connection:
        assert {row[0] for row in connection.execute("SELECT id FROM saved_view WHERE id = ANY (%s)", ([view, fresh, standing],))} == {fresh, standing}
        assert connection.execute("SELECT count(*) FROM tombstone WHERE kind = 'saved_view' AND record_id = %s", (view,)).fetchone() == (1,)
    with pytest.raises(NotFound):
        await short_links.opened(pool, who["ana"].token, code)
