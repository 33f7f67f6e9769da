"""What was released and is otherwise today is found, whichever way it changed, and each recipient gets one notice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from data import doors, marking, people, recall, releases
from data.filters import Filter
from data.sessions import Database
from data.visitor import Purpose, Visitor, visiting
from errors import Forbidden, NotFound, SignedOut
from tests.conftest import TestDatabase
from tests.data.made import seizures, tracks, walk

LIVE = Filter(world="live")


@dataclass(frozen=True)
class Alfa(TestDatabase):
    ana: Visitor
    lea: Visitor


@pytest.fixture
def alfa(database):
    """Six seizures, two tracks and an image of Alfa; ana takes them out, lea answers for it."""
    rng = np.random.default_rng(6)
    with database.connect() as connection:
        number = people.add_agency(connection, "Alfa", None)
        tracks(connection, [walk(rng, 80) for _ in range(2)], world=0, agency=number, prefix="t")
        seizures(connection, rng, 6, world=0, agency=number)
        connection.execute("UPDATE seizure SET extra = jsonb_build_object('id', 'case-' || id)")
        image(connection, number, "sha-1")
        connection.commit()
    who = (database.person(name, roles=(role,), agencies=["Alfa"]) for name, role in (("ana", "analyst"), ("lea", "legal")))
    return Alfa(database.name, database.owner_url, database.app_url, *who)


def image(connection, agency: int, sha256: str) -> None:
    connection.execute("INSERT INTO sortie (world, key, agency_id, source_id) SELECT 0, 'flight', %s, min(id) FROM source ON CONFLICT DO NOTHING", (agency,))
    connection.execute("""
        INSERT INTO image (world, sortie_id, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256,
                           original, cog, agency_id, source_id)
        SELECT 0, (SELECT id FROM sortie), 'orchard', '2026-11-21', ST_Multi(ST_MakeEnvelope(-97.6, 25.9, -97.4, 26.1, 4326)), 1, 1, 10, 10, 3, 'uint8',
               'EPSG:4326', 5, 20, %s, 'o', 'c', %s, min(id) FROM source
    """, (sha256, agency))


async def released(database, who, recipient: str | None = None, filter: Filter = LIVE) -> int:
    """A release of everything of a filter, as routes/exports.py makes one."""
    pool = Database(database.app_url)
    try:
        with visiting(who):
            async with pool.snapshot() as session:
                ids = {kind: list(await session.scalars(text(f"SELECT id FROM vigia.{kind} WHERE world = 0"))) for kind in ("seizure", "track", "image", "video")}  # names of ours
                records = await releases.contents(session, filter, ids)
            return await releases.write(pool, who.token, format="csv", filter="world=live", purpose=Purpose("Investigation", "2026-1", recipient),
                                        marking="TLP:AMBER", rows=9, sha256=hashlib.sha256(b"the file").digest(), records=records)
    finally:
        await pool.close()


def found(database, record: str | None = None, since: datetime | None = None) -> list[dict]:
    with database.connect() as connection:
        notices = recall.recall(connection, record, since)
        connection.commit()
    return notices


def told(database, notice: int, who: str = "lea") -> None:
    with database.connect() as connection:
        recall.notified(connection, notice, who)
        connection.commit()


def run(database, statement: str, *values) -> None:
    with database.connect() as connection:
        connection.execute(statement, values)
        connection.commit()


def first(database, table: str) -> int:
    with database.connect() as connection:
        return connection.execute(f"SELECT min(id) FROM {table}").fetchone()[0]  # names of ours


def changes(notices: list[dict]) -> dict[str, str]:
    return {c["record"]: c["what"] for n in notices for c in n["changes"]}


async def test_nothing_changed_is_nothing_to_tell(alfa):
    await released(alfa, alfa.ana)
    assert found(alfa) == []


async def test_each_way_of_changing_is_found(alfa):
    await released(alfa, alfa.ana, "Guardia Sur")
    seizure, track, image_id, sortie = (first(alfa, t) for t in ("seizure", "track", "image", "sortie"))
    with alfa.connect() as connection:
        marking.change(connection, f"seizure:{seizure}", "TLP:AMBER+STRICT", "ana")
        marking.change(connection, f"sortie:{sortie}", "TLP:RED", "ana")
        connection.execute("UPDATE seizure SET kg = 7, drug_told = 'flour' WHERE id = %s", (seizure + 1,))
        connection.execute("UPDATE seizure SET geom = ST_Translate(geom, 0.01, 0), marking = 'TLP:GREEN' WHERE id = %s", (seizure + 2,))
        connection.execute("DELETE FROM seizure WHERE id = %s", (seizure + 3,))
        # its agency told it again, otherwise: another record here, of the same number
        connection.execute("""
            INSERT INTO seizure (world, content, started_at, ended_at, time_span, drug, drug_told, agency_id, source_id, extra, recorded_at)
            SELECT world, 'again', started_at, ended_at, time_span, drug, 'chalk', agency_id, source_id, extra, now() FROM seizure WHERE id = %s
        """, (seizure + 4,))
        (again,) = connection.execute("SELECT max(id) FROM seizure").fetchone()
        connection.execute("UPDATE track SET name = 'Another' WHERE id = %s", (track,))
        (hour,) = connection.execute("SELECT min(hour) FROM segment WHERE track_id = %s AND fix_count > 0", (track + 1,)).fetchone()
        connection.execute("DELETE FROM segment WHERE track_id = %s AND hour = %s", (track + 1, hour))
        connection.execute("DELETE FROM fix WHERE track_id = %s AND observed_at >= %s AND observed_at < %s + interval '1 hour'", (track + 1, hour, hour))
        # A line that is behind its fixes has lost none.
        connection.execute("UPDATE segment SET fix_count = 0 WHERE track_id = %s", (track + 2,))
        connection.commit()
    [notice] = found(alfa)
    assert (notice["recipient"], notice["inside"], notice["taken_by"]) == ("Guardia Sur", False, "ana")
    lost = changes([notice]).pop(f"track:{track + 1}")
    assert lost.endswith("fixes of 1 hours erased")
    assert {k: v for k, v in changes([notice]).items() if k != f"track:{track + 1}"} == {
        f"seizure:{seizure}": "marking TLP:AMBER -> TLP:AMBER+STRICT", f"seizure:{seizure + 1}": "corrected",
        f"seizure:{seizure + 2}": "marking TLP:AMBER -> TLP:GREEN, corrected", f"seizure:{seizure + 3}": "erased",
        f"seizure:{seizure + 4}": f"told anew as seizure:{again}", f"track:{track}": "corrected", f"image:{image_id}": "corrected"}


async def test_a_picture_that_was_replaced_is_found(alfa):
    await released(alfa, alfa.ana)
    with alfa.connect() as connection:
        (agency,) = connection.execute("SELECT id FROM agency WHERE name = 'Alfa'").fetchone()
        image(connection, agency, "sha-2")
        connection.commit()
    assert list(changes(found(alfa)).values()) == [f"told anew as image:{first(alfa, 'image') + 1}"]
    run(alfa, "DELETE FROM image WHERE sha256 = 'sha-1'")
    assert list(changes(found(alfa)).values()) == ["erased"], "one open notice says what is so today"


def film(connection, sha256: str) -> None:
    connection.execute("""
        INSERT INTO video (world, sortie_id, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, agency_id, source_id)
        SELECT 0, o.id, 'river', '2026-11-21', '2026-11-21', 60, 'h264', 320, 240, 10, ST_MakeEnvelope(-97.6, 25.9, -97.4, 26.1, 4326), %s, 'o', 's', o.agency_id, o.source_id
        FROM sortie o
    """, (sha256,))


async def test_a_film_is_a_record_of_its_release(alfa):
    with alfa.connect() as connection:
        film(connection, "sha-1")
        connection.commit()
    await released(alfa, alfa.ana)
    assert found(alfa) == []
    one, sortie = first(alfa, "video"), first(alfa, "sortie")
    with alfa.connect() as connection:
        marking.change(connection, f"video:{one}", "TLP:AMBER+STRICT", "ana")
        connection.execute("UPDATE video SET name = 'the river'")
        connection.commit()
    for record in (None, f"video:{one}", f"sortie:{sortie}"):
        assert changes(found(alfa, record)) == {f"video:{one}": "marking TLP:AMBER -> TLP:AMBER+STRICT, corrected"}, record
    run(alfa, "UPDATE video SET name = 'river', marking = 'TLP:AMBER'")
    with alfa.connect() as connection:
        film(connection, "sha-2")
        connection.commit()
    assert changes(found(alfa)) == {f"video:{one}": f"told anew as video:{one + 1}"}
    run(alfa, "DELETE FROM video WHERE id = %s", one)
    assert changes(found(alfa)) == {f"video:{one}": "erased"}


async def test_what_comes_late_is_no_correction(alfa):
    await released(alfa, alfa.ana)
    with alfa.connect() as connection:
        connection.execute("UPDATE segment SET fix_count = fix_count + 5")
        connection.commit()
    assert found(alfa) == []
    run(alfa, "DELETE FROM track WHERE id = %s", first(alfa, "track"))
    run(alfa, "DELETE FROM segment WHERE track_id NOT IN (SELECT id FROM track)")
    assert list(changes(found(alfa)).values()) == ["erased"], "of what is gone no part is told beside"


async def test_each_recipient_gets_one_notice_and_one_more_for_what_changes_later(alfa):
    bea = alfa.person("bea", roles=("coordinator",), agencies=["Alfa"])
    for who, recipient in ((alfa.ana, "Guardia Sur"), (bea, "GUARDIA SUR"), (alfa.ana, "Customs"), (alfa.ana, None), (bea, None), (bea, None)):
        await released(alfa, who, recipient)
    one = first(alfa, "seizure")
    run(alfa, "UPDATE seizure SET kg = 7 WHERE id = %s", one)
    notices = found(alfa, f"seizure:{one}")
    assert sorted((n["recipient"].lower(), n["inside"], len(n["changes"])) for n in notices) == [
        ("ana", True, 1), ("bea", True, 2), ("customs", False, 1), ("guardia sur", False, 2)], "of each release, once"
    assert [n["notice"] for n in found(alfa)] == [n["notice"] for n in notices], "looking again makes no more"
    for n in notices:
        told(alfa, n["notice"])
    assert found(alfa) == [] and found(alfa, f"seizure:{one}") == []
    run(alfa, "UPDATE seizure SET kg = 8 WHERE id = %s", one)
    assert len(found(alfa)) == 4
    run(alfa, "DELETE FROM seizure WHERE id = %s", one + 1)
    assert {c["what"] for n in found(alfa) for c in n["changes"]} == {"corrected", "erased"}
    assert found(alfa, f"seizure:{one + 2}") == []


async def test_since_looks_through_newer_releases_alone(alfa):
    await released(alfa, alfa.ana, "Customs")
    run(alfa, "UPDATE release SET at = '2026-01-01Z'")
    run(alfa, "UPDATE seizure SET kg = 7")
    assert found(alfa, since=datetime.now(timezone.utc) - timedelta(days=1)) == []
    assert len(found(alfa, since=datetime(2026, 1, 1, tzinfo=timezone.utc))) == 1


async def test_who_answers_for_releases_closes_a_notice(alfa):
    await released(alfa, alfa.ana)
    run(alfa, "UPDATE seizure SET kg = 7")
    [notice] = found(alfa)
    with pytest.raises(Forbidden, match="neither legal officer nor supervisor"):
        told(alfa, notice["notice"], "ana")
    told(alfa, notice["notice"])
    for number in (notice["notice"], 99):
        with pytest.raises(NotFound, match="no open notice"):
            told(alfa, number)
    with alfa.connect() as connection:
        entry = connection.execute("SELECT entry::jsonb FROM audit.entry ORDER BY seq DESC LIMIT 1").fetchone()[0]
    assert (entry["of"], entry["who"]) == (f"notice:{notice['notice']}", f"person:{alfa.lea.id}")


def test_a_record_that_is_none_is_told(alfa):
    for record in ("seizure:x", "person:1", "track", "seizure:99999999999999999999"):
        with pytest.raises(NotFound, match="expected one of"):
            found(alfa, record)


async def test_releases_are_seen_by_those_who_answer_for_that_agency(alfa):
    await released(alfa, alfa.ana, "Customs")
    pool = Database(alfa.app_url)
    sup = alfa.person("sup", roles=("supervisor",), agencies=["Alfa"])
    bravo = people_of(alfa, "Bravo")
    try:
        for who, n in ((alfa.lea, 1), (sup, 1), (bravo, 0)):
            rows, _ = await releases.listed(pool, who.token, before=None, limit=10)
            assert len(rows) == n
        assert (rows := (await releases.listed(pool, sup.token, before=None, limit=10))[0])[0]["recipient"] == "Customs"
        assert rows[0]["sha256"] == hashlib.sha256(b"the file").hexdigest() and rows[0]["agencies"] == ["Alfa"]
        with pytest.raises(Exception, match="not one who answers for releases"):
            await releases.listed(pool, alfa.ana.token, before=None, limit=10)
        with visiting(alfa.lea), pytest.raises(Exception, match="permission denied"):
            async with pool.reading() as session:
                await session.execute(text("SELECT * FROM vigia.release"))
    finally:
        await pool.close()


def people_of(database, agency: str):
    with database.connect() as connection:
        people.add_agency(connection, agency, None)
        connection.commit()
    return database.person(f"of {agency}", roles=("legal",), agencies=[agency])


async def test_a_screen_and_a_stranger_release_nothing(alfa):
    with alfa.connect() as connection:
        screen = people.add_screen(connection, "Wall", agency="Alfa")
        connection.commit()
    pool = Database(alfa.app_url)
    try:
        _, token = await doors.enrolled(pool, screen, None)
        for nobody in (token, "nobody's token at all, which is long"):
            with pytest.raises(SignedOut):
                await releases.write(pool, nobody, format="csv", filter="", purpose=Purpose("x", "1"), marking="TLP:CLEAR", rows=1, sha256=b"", records={})
    finally:
        await pool.close()
    with alfa.connect() as connection:
        assert connection.execute("SELECT count(*) FROM release").fetchone() == (0,)


async def test_ten_thousand_records_are_240_kilobytes(alfa):
    with alfa.connect() as connection:
        connection.execute("""
            INSERT INTO seizure (world, content, started_at, ended_at, time_span, drug, drug_told, agency_id, source_id)
            SELECT 0, int4send(g), '2026-01-01', '2026-01-02', 'day', 'other', 'x', (SELECT id FROM agency WHERE name = 'Alfa'), (SELECT min(id) FROM source)
            FROM generate_series(1000, 10993) g
        """)
        connection.commit()
    await released(alfa, alfa.ana)
    with alfa.connect() as connection:
        assert connection.execute("SELECT length(records) FROM release_record WHERE kind = 'seizure'").fetchone() == (24 * 10_000,)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE release_record SET records = records || 'x'::bytea")
