"""Notes: stored once, seen by their agency alone, withdrawn and never deleted, erased with their photo when their time is over."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from sqlalchemy import text

from data import custody, notes, people, retention
from data.filters import Filter
from data.notes import NoteRefused, NoteTold, Photo
from data.sessions import Database
from data.visitor import visiting
from errors import Forbidden, NotFound, NoteTaken
from feeds import exercise
from settings import store
from tests.data.kept import run

AT = datetime(2026, 11, 24, 14, 32, tzinfo=timezone.utc)
SHA = {"original": "a" * 64, "served": "b" * 64}


@pytest.fixture(scope="module")
def house(module_database):
    with module_database.connect() as connection:
        for name in ("Alfa", "Bravo"):
            people.add_agency(connection, name, None)
        connection.commit()
    who = {"cora": ("Alfa", "coordinator"), "ana": ("Alfa", "analyst"), "vera": ("Alfa", "viewer"), "bea": ("Bravo", "supervisor")}
    return module_database, {name: module_database.person(name, roles=(role,), agencies=[agency], ceiling="TLP:AMBER") for name, (agency, role) in who.items()}


@pytest.fixture
async def pool(house):
    pool = Database(house[0].app_url)
    yield pool
    await pool.close()


@pytest.fixture
def who(house):
    return house[1]


def note(words: str = "two men, one boat", **more) -> NoteTold:
    return NoteTold(**{"uuid": uuid4(), "world": "live", "kind": "sighting", "lon": -97.9, "lat": 26.1, "observed_at": AT, "text": words, "agency": "Alfa", **more})


async def keep(pool, visitor, told: NoteTold, photo=None) -> notes.Kept:
    async with notes.keeping(pool, visitor.token, told, photo) as kept:
        return kept


async def seen(pool, visitor, filter=Filter(), **more) -> list[str]:
    with visiting(visitor):
        async with pool.reading() as session:
            found = await notes.listed(session, filter, visitor, limit=100, **more)
    assert found["total"] == len(found["features"])
    return [f["properties"]["text"] for f in found["features"]]


async def one(pool, visitor, number: int, filter=Filter()) -> dict:
    with visiting(visitor):
        async with pool.reading() as session:
            return await notes.one(session, filter, number, visitor)


async def test_what_is_sent_twice_is_stored_once(pool, who):
    told = note("once")
    assert await notes.known(pool, who["cora"].token, told) is None
    first = await keep(pool, who["cora"], told)
    again = await keep(pool, who["cora"], dataclasses.replace(told))
    assert not first.already and again.already and again.id == first.id == await notes.known(pool, who["cora"].token, told)
    assert (await seen(pool, who["cora"])).count("once") == 1
    for other in (dataclasses.replace(told, text="twice"), dataclasses.replace(told, lon=-97.8), dataclasses.replace(told, photo_sha256="c" * 64)):
        with pytest.raises(NoteTaken, match="with other content"):
            await keep(pool, who["cora"], other)
        with pytest.raises(NoteTaken):
            await notes.known(pool, who["cora"].token, other)
    # The very same by somebody else is not theirs, and they are not told whose it is.
    with pytest.raises(NoteTaken):
        await keep(pool, who["ana"], told)
    assert (await seen(pool, who["cora"])).count("twice") == 0


async def test_an_agencys_note_is_seen_by_it_alone_up_to_its_marking(house, pool, who):
    kept = await keep(pool, who["cora"], note("ours"))
    high = house[0].person("high", roles=("coordinator",), agencies=["Alfa"], ceiling="TLP:RED")
    await keep(pool, high, note("closed", marking="TLP:RED"))
    for name in ("cora", "ana", "vera"):
        told = await seen(pool, who[name])
        assert "ours" in told and "closed" not in told
    assert "closed" in await seen(pool, high)
    assert await seen(pool, who["bea"]) == []
    with pytest.raises(NotFound):
        await one(pool, who["bea"], kept.id)
    async with pool.asking() as session:
        assert await session.scalar(text("SELECT count(*) FROM vigia.note")) == 0, "nobody sees none"


async def test_a_partner_in_an_operation_sees_none(house, pool, who):
    now = datetime.now(timezone.utc)
    with house[0].connect() as connection:
        people.add_operation(connection, "Dorado", now - timedelta(hours=1), now + timedelta(hours=1))
        for agency in ("Alfa", "Bravo"):
            people.share(connection, "Dorado", agency, ["movements", "seizures", "imagery"], "TLP:AMBER")
        connection.commit()
    await keep(pool, who["cora"], note("not shared"))
    assert "not shared" not in await seen(pool, who["bea"])


@pytest.mark.parametrize(("name", "more"), [("vera", {}), ("cora", {"agency": "Bravo"}), ("cora", {"agency": "Nowhere"}), ("cora", {"agency": None}), ("cora", {"marking": "TLP:RED"})])
async def test_whose_and_how_closed_it_may_be(pool, who, name, more):
    with pytest.raises(Forbidden, match="coordinators, analysts and supervisors"):
        await keep(pool, who[name], note("never", **more))
    assert "never" not in await seen(pool, who["cora"])


async def test_withdrawn_it_stays_on_record_with_who_and_when(pool, who):
    before = datetime.now(timezone.utc)
    kept = await keep(pool, who["ana"], note("wrong boat"))
    known = datetime.now(timezone.utc)
    assert (await one(pool, who["ana"], kept.id))["may_withdraw"] and (await one(pool, who["cora"], kept.id))["may_withdraw"] and not (await one(pool, who["vera"], kept.id))["may_withdraw"]
    for name in ("bea", "vera"):
        with pytest.raises(NotFound):
            await notes.withdraw(pool, who[name].token, kept.id)
    await notes.withdraw(pool, who["cora"].token, kept.id)
    await notes.withdraw(pool, who["ana"].token, kept.id)
    told = await one(pool, who["ana"], kept.id)
    assert told["withdrawn_by"] == "cora" and told["withdrawn_at"] > known and not told["may_withdraw"]
    assert "wrong boat" not in await seen(pool, who["ana"])
    assert "wrong boat" in await seen(pool, who["ana"], Filter(known_at=known)), "it stood by then"
    assert (await one(pool, who["ana"], kept.id, Filter(known_at=known)))["withdrawn_by"] is None
    assert "wrong boat" not in await seen(pool, who["ana"], Filter(known_at=before))


async def test_the_filter_holds(pool, who):
    east = await keep(pool, who["cora"], note("east % of here", lon=10.0, lat=50.0, observed_at=AT - timedelta(days=3), kind="annotation"))
    for filter, there in (
        (Filter(bbox=(9, 49, 11, 51)), True), (Filter(bbox=(-98, 25, -97, 27)), False), (Filter(start=AT), False), (Filter(end=AT), True), (Filter(at=AT - timedelta(days=4)), False),
        (Filter(agency=("Alfa",)), True), (Filter(agency=("Bravo",)), False), (Filter(q="EAST %"), True), (Filter(q="west"), False), (Filter(drug=("cocaine",)), True), (Filter(world="exercise"), False),
    ):
        assert ("east % of here" in await seen(pool, who["cora"], filter)) is there, filter
    assert "east % of here" in await seen(pool, who["cora"], kinds=("annotation",)) and "east % of here" not in await seen(pool, who["cora"], kinds=("sighting",))
    with pytest.raises(NotFound, match="up to"):
        await one(pool, who["cora"], east.id, Filter(at=AT - timedelta(days=4)))


@pytest.mark.parametrize(("more", "said"), [
    ({"kind": "rumour"}, "sighting or annotation"), ({"lon": 181.0}, "±180"), ({"lat": float("nan")}, "±90"), ({"precision_m": -1.0}, "metres"), ({"text": "x" * 4001}, "4,001"), ({"text": "a\u202eb"}, "printable"),
    ({"text": ""}, "neither a text nor a photo"), ({"marking": "SECRET"}, "TLP:RED"), ({"observed_at": datetime.now(timezone.utc) + timedelta(hours=25)}, "annotation"), ({"world": "mars"}, "live"),
])
def test_what_is_wrong_is_said(more, said):
    with pytest.raises(NoteRefused, match=said):
        note(**more)


def test_any_script_and_what_is_to_come_may_be_told():
    assert note("قارب\nनमस्\u200dते\n\n\tdos hombres").text
    note(kind="annotation", observed_at=datetime.now(timezone.utc) + timedelta(days=30))


# -- its photo, and the end of its time


@pytest.fixture
def files(environment):
    at = store()
    for folder in (at.originals, at.imagery):
        folder.mkdir(parents=True)
    raw, copy = b"as it came", b"clean"
    sha256 = hashlib.sha256(raw).hexdigest()
    photo = Photo(sha256, f"{sha256}.jpg", f"{sha256}.photo", hashlib.sha256(copy).hexdigest(), 40, 30, len(raw))
    (at.originals / photo.original).write_bytes(raw)
    (at.imagery / photo.served).write_bytes(copy)
    return at, photo


def shown(connection) -> list[str]:
    return [f"{f.what} {f.file}" for f in custody.verify(connection, lambda *_: None).findings]


async def test_its_photo_is_in_custody_and_erased_with_the_last_note_that_has_it(environment, files):
    at, photo = files
    with environment.connect() as connection:
        people.add_agency(connection, "Alfa", None)
        connection.commit()
    cora = environment.person("cora", roles=("coordinator",), agencies=["Alfa"])
    pool = Database(environment.app_url)
    first = await keep(pool, cora, note("first", photo_sha256=photo.sha256), photo)
    second = await keep(pool, cora, note("", photo_sha256=photo.sha256), photo)
    await pool.close()
    now = datetime.now(timezone.utc)
    with environment.connect() as connection:
        assert shown(connection) == []
        (at.imagery / photo.served).write_bytes(b"touched")
        assert shown(connection) == [f"changed imagery/{photo.served}"] * 2, "each of the notes is told"
        connection.execute("UPDATE note SET recorded_at = %s WHERE id = %s", (now - timedelta(days=6 * 365), first.id))
        connection.commit()
        assert retention.due(connection, now, 9)[1][0]["name"] == f"note:{first.id}"
    report = run(environment, now)
    assert report.erased == {"note": 1} and (at.originals / photo.original).exists(), "another note has the same photo"
    with environment.connect() as connection:
        legal = environment.person("lea", roles=("legal",), agencies=["Alfa"])
        connection.execute("INSERT INTO hold (kind, record_id, agency_id, reference, issuer, reason, person_id, valid_from, valid_to) VALUES ('note', %s, NULL, 'H-1', 'court', 'trial', %s, %s, %s)",
                           (second.id, legal.id, now - timedelta(days=1), now + timedelta(days=1)))
        connection.execute("UPDATE note SET recorded_at = %s", (now - timedelta(days=6 * 365),))
        connection.commit()
    assert run(environment, now).held == {"note": 1}
    assert (at.originals / photo.original).exists() and (at.imagery / photo.served).exists()
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM note").fetchone() == (0,)
        assert shown(connection) == [f"changed imagery/{photo.served}"], "what is held is in custody too"
        connection.execute("UPDATE hold SET released_at = %s", (now,))
        connection.commit()
    run(environment, now)
    assert not list(at.originals.iterdir()) and not list(at.imagery.iterdir())
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM tombstone WHERE kind = 'note'").fetchone() == (2,)


async def test_an_exercises_notes_go_with_it_and_their_photos_unless_a_live_one_has_the_same(environment, files):
    at, photo = files
    with environment.connect() as connection:
        people.add_agency(connection, "Alfa", None)
        connection.commit()
    cora = environment.person("cora", roles=("coordinator",), agencies=["Alfa"])
    pool = Database(environment.app_url)
    await keep(pool, cora, note("drill", world="exercise", agency=None, photo_sha256=photo.sha256), photo)
    live = await keep(pool, cora, note("live", photo_sha256=photo.sha256), photo)
    exercise.drop(owner_url=environment.owner_url)
    with environment.connect() as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("live",)] and (at.originals / photo.original).exists()
        connection.execute("DELETE FROM note WHERE id = %s", (live.id,))
        connection.commit()
    await keep(pool, cora, note("drill", world="exercise", agency=None, photo_sha256=photo.sha256), photo)
    await pool.close()
    exercise.drop(owner_url=environment.owner_url)
    assert not list(at.originals.iterdir()) and not list(at.imagery.iterdir())
