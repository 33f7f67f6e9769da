"""What needs a legal basis is kept and shown within it: time, area, devices, and the moment it ends."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from sqlalchemy import text

from data import authority, people
from data.sessions import Database
from data.visitor import visiting
from errors import NotFound
from tests.data.ends import asked_before_the_end
from tests.data.made import START, tracks, us, walk

US = 1_000_000
BOX = shapely.box(-97.6, 25.9, -97.4, 26.1)


@pytest.fixture
def agency(database):
    with database.connect() as connection:
        people.add_agency(connection, "Norte", "MX")
        authority.govern(connection, "Norte", ["tag", "vehicle", "person"])
        connection.commit()
    return "Norte"


def granted(connection, agency: str, reference: str, start, end, **more) -> int:
    about = {"kind": "judicial-order", "issuer": "Court", "purpose": "Investigation", "devices": ["t-1"], "area": None, **more}
    return authority.add(connection, agency, about.pop("kind"), reference, valid_from=start, valid_to=end, **about)


def stored(connection, agency: str, walks: int = 3) -> list[int]:
    """A vessel, a vehicle and a tag of the agency: keys t-0, t-1, t-2."""
    number = people.agency_id(connection, agency)
    return tracks(connection, [walk(np.random.default_rng(i), 100, gaps=0) for i in range(walks)], world=0, agency=number, prefix="t")


def numbers(connection) -> dict[str, tuple[int, int]]:
    """Key -> fixes kept, fixes sealed."""
    return {key: (kept, sealed) for key, kept, sealed in connection.execute("""
        SELECT key, (SELECT count(*) FROM fix WHERE track_id = t.id), (SELECT count(*) FROM quarantine WHERE track_id = t.id) FROM track t WHERE world = 0""")}


def test_without_an_authority_all_of_it_is_sealed_but_what_broadcasts(database, agency):
    with database.connect() as connection:
        stored(connection, agency)
        assert numbers(connection) == {"t-0": (100, 0), "t-1": (0, 100), "t-2": (0, 100)}
        assert connection.execute("SELECT DISTINCT reason FROM quarantine").fetchall() == [("none",)]
        assert connection.execute("SELECT count(*) FROM segment s JOIN track t ON t.id = s.track_id WHERE t.key <> 't-0'").fetchone() == (0,)


def test_each_limit_keeps_what_lies_within_it(database, agency):
    with database.connect() as connection:
        start, end = START + timedelta(hours=2), START + timedelta(hours=5)
        granted(connection, agency, "A", start, end, area=BOX)
        stored(connection, agency)
        kept = connection.execute("SELECT min(observed_at), max(observed_at), bool_and(ST_Intersects(geom, ST_MakeEnvelope(-97.6, 25.9, -97.4, 26.1, 4326))) "
                                  "FROM fix f JOIN track t ON t.id = f.track_id WHERE key = 't-1'").fetchone()
        sealed = dict(connection.execute("SELECT reason, count(*) FROM quarantine q JOIN track t ON t.id = q.track_id WHERE key = 't-1' GROUP BY 1").fetchall())
        whole = numbers(connection)["t-1"]
    assert start <= kept[0] <= kept[1] < end and kept[2] is True
    assert sum(whole) == 100 and whole[0] > 0 and sealed["time"] > 0


def test_another_device_is_another_matter(database, agency):
    with database.connect() as connection:
        granted(connection, agency, "A", START, START + timedelta(days=9), devices=["t-2"])
        stored(connection, agency)
        assert numbers(connection) == {"t-0": (100, 0), "t-1": (0, 100), "t-2": (100, 0)}


def test_the_same_again_seals_nothing_twice(database, agency):
    with database.connect() as connection:
        stored(connection, agency)
        before = numbers(connection)
        connection.execute("UPDATE source SET sha256 = sha256 || 'x'")
        stored(connection, agency)
        assert numbers(connection) == before


def test_where_no_rule_is_nothing_is_sealed(database):
    with database.connect() as connection:
        people.add_agency(connection, "Free", None)
        stored(connection, "Free")
        tracks(connection, [walk(np.random.default_rng(7), 50, gaps=0) for _ in range(3)], world=1, prefix="e")
        assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)


async def shown(pool, visitor) -> dict[str, int]:
    with visiting(visitor):
        async with pool.reading() as session:
            out = {}
            for table, column in (("track", "id"), ("segment", "track_id"), ("cover", "track_id"), ("latest_fix", "track_id"), ("fix", "track_id")):
                out[table] = await session.scalar(text(f"SELECT count(DISTINCT {column}) FROM vigia.{table} WHERE world = 0"))  # names of our own
            return {**out, "state": await session.scalar(text("SELECT current_setting('vigia.scope')"))}


@pytest.mark.parametrize("how", ["revoked", "ended", "ruled"])
async def test_what_has_ended_is_shown_no_more_from_that_moment(database, agency, how):
    now = datetime.now(timezone.utc)
    with database.connect() as connection:
        granted(connection, agency, "A", START - timedelta(days=1), now + timedelta(days=1), devices=["t-1", "t-2"])
        stored(connection, agency)
        connection.commit()
    ana = database.person("ana", agencies=[agency])
    pool = Database(database.app_url)
    try:
        before = await shown(pool, ana)
        assert {k: v for k, v in before.items() if k != "state"} == {"track": 3, "segment": 3, "cover": 3, "latest_fix": 3, "fix": 3}
        with database.connect() as connection:
            if how == "revoked":
                authority.revoke(connection, agency, "A")
            elif how == "ruled":
                connection.execute("DELETE FROM authority")
                authority.govern(connection, agency, ["tag", "vehicle"])
            connection.commit()
            if how == "ended":  # nobody does anything: the time comes
                def ends(in_s: float) -> None:
                    connection.execute("UPDATE authority SET valid_to = clock_timestamp() + make_interval(secs => %s)", (in_s,))
                    connection.execute("SELECT vigia.seal(%s)", (people.agency_id(connection, agency),))
                    connection.commit()

                assert (await asked_before_the_end(connection, "SELECT max(valid_to) FROM authority", ends, partial(shown, pool, ana)))["track"] == 3
        after = await shown(pool, ana)
        assert {k: v for k, v in after.items() if k != "state"} == {"track": 1, "segment": 1, "cover": 1, "latest_fix": 1, "fix": 1}
        assert after["state"] != before["state"], "what was kept of before is of another state"
    finally:
        await pool.close()


async def test_what_is_sealed_is_counted_for_a_legal_officer_alone(database, agency):
    with database.connect() as connection:
        stored(connection, agency)
        connection.commit()
    pool = Database(database.app_url)
    try:
        for role, allowed in (("legal", True), ("analyst", False), ("auditor", False), ("administrator", False)):
            visitor = database.person(role, roles=(role,), agencies=[agency])
            query = text("SELECT track, reason, fixes FROM access.quarantined(:token)")
            if allowed:
                async with pool.asking() as session:
                    assert (await session.execute(query, {"token": visitor.token})).all() == [("t-1", "none", 100), ("t-2", "none", 100)]
            else:
                with pytest.raises(Exception, match="no legal officer"):
                    async with pool.asking() as session:
                        await session.execute(query, {"token": visitor.token})
        stranger = database.person("other", roles=("legal",))
        async with pool.asking() as session:
            assert (await session.execute(text("SELECT * FROM access.quarantined(:token)"), {"token": stranger.token})).all() == []
        with visiting(stranger), pytest.raises(Exception, match="permission denied"):
            async with pool.reading() as session:
                await session.execute(text("SELECT * FROM vigia.quarantine"))
    finally:
        await pool.close()


@pytest.mark.parametrize("wrong, said", [
    ({"kind": "whim"}, "is none, expected"), ({"devices": []}, "no device"), ({"devices": [" "]}, "no device"), ({"issuer": " "}, "issuer"),
    ({"purpose": "a\nb"}, "purpose"), ({"kind": "us-warrant", "days": 46}, "45 days"), ({"kind": "uk-urgent", "days": 4}, "3 days"),
    ({"days": 0}, "before it begins"), ({"area": shapely.Point(0, 0)}, "polygons"), ({"area": shapely.Polygon([(0, 0), (1, 1), (0, 1), (1, 0)])}, "valid"),
])
def test_what_can_be_no_authority_is_refused(database, agency, wrong, said):
    days = wrong.pop("days", 3)
    with database.connect() as connection, pytest.raises(authority.AuthorityRefused, match=said):
        granted(connection, agency, "A", START, START + timedelta(days=days), **wrong)


def test_a_reference_is_used_once(database, agency):
    with database.connect() as connection:
        granted(connection, agency, "A", START, START + timedelta(days=3))
        with pytest.raises(authority.AuthorityRefused, match="already"):
            granted(connection, agency, "A", START, START + timedelta(days=3))
        authority.revoke(connection, agency, "A")
        with pytest.raises(NotFound):
            authority.revoke(connection, agency, "A")


# -- the edges --------------------------------------------------------------------------------------------------------

ZONES = ("America/Chicago", "America/Matamoros", "Europe/London", "UTC", "Australia/Lord_Howe")
# the nights a clock jumps or a day is there that is not every year
NIGHTS = (datetime(2026, 3, 8), datetime(2026, 11, 1), datetime(2026, 3, 29), datetime(2028, 2, 29), datetime(2026, 4, 5), datetime(2026, 12, 31))


@given(zone=st.sampled_from(ZONES), night=st.sampled_from(NIGHTS), start_min=st.integers(-600, 600), length_min=st.integers(1, 3000),
       fixes_min=st.lists(st.integers(-4000, 4000), min_size=1, max_size=40))
def test_time_is_one_line_whatever_clocks_do(zone, night, start_min, length_min, fixes_min):
    start = (night.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)) + timedelta(minutes=start_min)
    end = start + timedelta(minutes=length_min)
    at = [start + timedelta(minutes=m) for m in fixes_min]
    limit = {1: [authority.Limit(us(start), us(end), None)]}
    why = authority.outside(limit, np.ones(len(at), np.int64), np.array([us(t) for t in at]), np.zeros(len(at)), np.zeros(len(at)))
    assert [w == 0 for w in why] == [start <= t < end for t in at]
    assert set(why.tolist()) <= {0, 1 + authority.REASONS.index("time")}


@given(st.lists(st.tuples(st.floats(-98, -97), st.floats(25.5, 26.5)), min_size=1, max_size=40))
def test_an_area_lets_in_what_it_holds(points):
    lon, lat = np.array(points).T
    why = authority.outside({1: [authority.Limit(0, 10, BOX)]}, np.ones(len(lon), np.int64), np.full(len(lon), 5), lon, lat)
    assert [w == 0 for w in why] == [BOX.intersects(shapely.Point(p)) for p in points]


def test_two_authorities_that_follow_each_other_leave_no_hole():
    limit = {1: [authority.Limit(0, 10, None), authority.Limit(10, 20, BOX)]}
    t = np.array([9, 10, 10, 19, 20])
    lon = np.array([0, -97.5, 0, -97.5, -97.5])
    why = authority.outside(limit, np.ones(5, np.int64), t, lon, np.full(5, 26.0))
    assert [("kept", *authority.REASONS)[w] for w in why] == ["kept", "kept", "area", "kept", "time"]
