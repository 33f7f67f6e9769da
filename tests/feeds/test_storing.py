"""From a spool into the database: counted when it is there, however often it was tried, and told to the record."""

from __future__ import annotations

import orjson
import psycopg
import pytest

from data import authority, feeds, people
from feeds import decoding, refusing, spool
from feeds.spool import MAGIC, SpoolWriter
from feeds.storing import Storing
from feeds.wire import Frame
from tests.feeds.live import add

ROOM = 1 << 24


def fix(number: int, **about) -> Frame:
    row = {"id": "V-1", "at": f"2026-11-26T04:00:{number:02d}Z", "lat": 25.9 + number / 1e4, "lon": -97.4, **about}
    return Frame(orjson.dumps(row), 1_795_665_600_000_000 + number, "fixes")


@pytest.fixture
def feed(environment, tmp_path):
    """A feed that is sent to us, its connection, and where its frames lie."""
    add(environment, "Phones", "http", {})
    with environment.connect() as connection:
        (row,) = feeds.active(connection).values()
        writer = SpoolWriter(tmp_path / "1", limit_bytes=ROOM)
        storing = Storing(row, tmp_path / "1", *decoding.of(row))
        storing.attach(connection)
        yield storing, writer, connection
        writer.close()


def recorded(connection) -> list[int]:
    return [orjson.loads(entry)["rows"] for (entry,) in connection.execute("SELECT entry FROM audit.entry WHERE entry LIKE '%\"collection\"%' ORDER BY seq")]


def test_a_batch_that_is_tried_again_is_counted_once(feed, monkeypatch):
    storing, writer, connection = feed
    writer.append([fix(0), fix(1), Frame(b"nothing", 1, "fixes"), fix(1)])
    with monkeypatch.context() as broken:
        def away(*_) -> None:
            raise psycopg.OperationalError("gone")

        broken.setattr(feeds, "mark", away)
        for _ in range(3):
            with pytest.raises(psycopg.OperationalError):
                storing.step()
    assert storing.step() == 4 and storing.step() == 0
    state = storing.state
    assert (state.messages, state.stored, state.already, sum(state.errors.values())) == (4, 2, 1, 1)
    assert recorded(connection) == [2]


def test_without_a_record_nothing_is_collected(feed, monkeypatch):
    storing, writer, connection = feed
    writer.append([fix(0)])
    with monkeypatch.context() as broken:
        broken.setattr(people, "entry_text", lambda *_, **__: None)  # audit.append refuses it, as it would when it can't be written
        with pytest.raises(psycopg.Error):
            storing.step()
        assert connection.execute("SELECT count(*) FROM fix").fetchone() == (0,)
    storing.step()
    assert connection.execute("SELECT count(*) FROM fix").fetchone() == (1,) and recorded(connection) == [1]


def test_what_came_after_the_last_entry_is_told_at_the_end(feed):
    storing, writer, connection = feed
    for number in range(3):
        writer.append([fix(number)])
        storing.step()
    storing.step()
    assert recorded(connection) == [1]
    storing.tell(at_once=True)
    storing.tell(at_once=True)
    assert recorded(connection) == [1, 2]


def test_what_is_damaged_is_counted_once(feed):
    storing, writer, connection = feed
    writer.append([fix(0)])
    (path,) = spool.files(storing.folder)
    with open(path, "r+b") as file:
        file.seek(len(MAGIC) + spool.HEAD.size + 7)
        file.write(b"#")
    for _ in range(5):
        storing.step()
    assert storing.state.errors == {"damaged in the spool": 1}
    writer.append([fix(1)])
    assert storing.step() == 1 and storing.state.stored == 1


def test_what_one_tells_of_who_it_is_grows_without_end_no_more(feed):
    storing, writer, connection = feed
    for number in range(12):
        writer.append([fix(number, identifiers={f"name {number}-{i}": "x" * 100 for i in range(20)})])
        storing.step()
    assert connection.execute("SELECT (SELECT count(*) FROM jsonb_object_keys(identifiers)) FROM track").fetchone() == (100,)
    assert storing.state.errors == {"identifiers beyond a hundred": 7} and storing.state.stored == 12
    begun_anew = Storing(storing.feed, storing.folder, *decoding.of(storing.feed))
    begun_anew.attach(connection)
    writer.append([fix(20, identifiers={f"after {i}": "x" for i in range(20)})])
    begun_anew.step()
    assert connection.execute("SELECT (SELECT count(*) FROM jsonb_object_keys(identifiers)) FROM track").fetchone() == (100,)


def test_a_feed_made_for_some_kinds_tells_of_no_other(environment, tmp_path):
    """Whoever has its token could tell of a vehicle as of a vessel, which needs no authority."""
    add(environment, "Phones", "http", {"kinds": ["tag"]})
    with environment.connect() as connection:
        (row,) = feeds.active(connection).values()
        writer = SpoolWriter(tmp_path / "1", limit_bytes=ROOM)
        writer.append([fix(0), fix(1, kind="vessel", id="V-2"), fix(2, kind="tag")])
        writer.close()
        storing = Storing(row, tmp_path / "1", *decoding.of(row))
        storing.attach(connection)
        storing.step()
        assert connection.execute("SELECT key, kind FROM track").fetchall() == [("tag:V-1", "tag")]
        assert storing.state.stored == 2 and storing.state.errors == {"kind this feed may not tell": 1}


def test_a_track_that_was_erased_meanwhile_is_made_anew_and_leaves_no_orphan(feed):
    storing, writer, connection = feed
    writer.append([fix(0)])
    storing.step()
    (before,) = connection.execute("SELECT id FROM track").fetchone()
    for table in ("fix", "latest_fix", "unsettled"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM track")
    connection.commit()
    writer.append([fix(1)])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        storing.step()
    assert storing.step() == 1
    assert connection.execute("SELECT t.id <> %s, t.key FROM fix f JOIN track t ON t.id = f.track_id", (before,)).fetchall() == [(True, "tag:V-1")]
    assert connection.execute("SELECT count(*) FROM fix").fetchone() == (1,) and storing.state.stored == 2


def test_a_governed_track_that_was_erased_meanwhile_passes_no_fix_by_its_authority(environment, tmp_path):
    with environment.connect() as connection:
        people.add_agency(connection, "Norte", None)
        authority.govern(connection, "Norte", ["tag"])
        connection.commit()
    add(environment, "Phones", "http", {}, agency="Norte")
    with environment.connect() as connection:
        (row,) = feeds.active(connection).values()
        writer = SpoolWriter(tmp_path / "1", limit_bytes=ROOM)
        storing = Storing(row, tmp_path / "1", *decoding.of(row))
        storing.attach(connection)
        writer.append([fix(0)])
        storing.step()
        connection.execute("DELETE FROM quarantine")
        connection.execute("DELETE FROM track")
        connection.commit()
        writer.append([fix(1)])
        with pytest.raises(psycopg.Error):
            storing.step()
        storing.step()
        writer.close()
        assert connection.execute("SELECT (SELECT count(*) FROM fix), (SELECT count(*) FROM quarantine)").fetchone() == (0, 1)


def test_what_the_database_refuses_is_put_aside_and_holds_up_nothing(feed, caplog):
    storing, writer, connection = feed
    connection.execute("ALTER TABLE fix ADD CONSTRAINT strange CHECK (speed_mps <> 77)")
    connection.commit()
    strange = [fix(3, speed_mps=77), fix(7, speed_mps=77, id="V-2", name="only here")]
    writer.append([fix(1), strange[0], fix(2), fix(4), strange[1], fix(5), Frame(b"nothing", 1, "fixes")])
    assert storing.step() == 7 and storing.step() == 0
    assert (storing.state.messages, storing.state.stored, storing.state.already) == (7, 4, 0)
    assert storing.state.errors["refused by the database"] == 2 and sum(storing.state.errors.values()) == 3 and "refuses 2 of 6" in caplog.text
    assert connection.execute("SELECT count(*), (SELECT array_agg(key) FROM track) FROM fix").fetchone() == (4, ["tag:V-1"])
    assert recorded(connection) == [4]
    (aside,) = storing.folder.glob("*.refused")
    assert [one.frame for one in spool.all_of(aside)] == strange
    writer.append([fix(6)])
    assert storing.step() == 1 and storing.state.stored == 5


def test_what_is_refused_does_not_fill_the_disk(feed, monkeypatch):
    storing, writer, connection = feed
    connection.execute("ALTER TABLE fix ADD CONSTRAINT strange CHECK (speed_mps <> 77)")
    connection.commit()
    monkeypatch.setattr(refusing, "ASIDE_BYTES", 500)
    for _ in range(3):
        writer.append([fix(number, speed_mps=77) for number in range(4)])
        storing.step()
    held = sum(path.stat().st_size - len(MAGIC) for path in storing.folder.glob("*.refused"))
    assert 0 < held <= 500 and storing.state.errors["refused by the database"] == 12
    assert storing.state.errors["refused by the database, and no room to keep it"] >= 8


def test_of_one_body_all_rows_are_stored_but_the_refused_one(feed):
    storing, writer, connection = feed
    connection.execute("ALTER TABLE fix ADD CONSTRAINT strange CHECK (speed_mps <> 77)")
    connection.commit()
    body = Frame(b"[" + b",".join(fix(number, **({"speed_mps": 77} if number == 3 else {})).data for number in range(9)) + b"]", 1_795_665_600_000_000, "fixes")
    writer.append([body])
    assert storing.step() == 1
    assert (storing.state.stored, storing.state.errors) == (8, {"refused by the database": 1})
    (aside,) = storing.folder.glob("*.refused")
    assert [one.frame for one in spool.all_of(aside)] == [body]
