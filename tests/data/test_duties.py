"""What is due after an authority's end, who says that it is done, and that warnings before the end are given once each."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from data import authority, duties, people
from errors import Forbidden, NotFound

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
END = START + timedelta(days=45)


@pytest.fixture
def agency(database):
    with database.connect() as connection:
        people.add_agency(connection, "Norte", None)
        people.add_agency(connection, "Sur", None)
        authority.add(connection, "Norte", "us-warrant", "W-1", issuer="Court", purpose="Investigation", devices=["tag:1"], valid_from=START, valid_to=END)
        connection.commit()
    database.person("lena", roles=("legal",), agencies=["Norte"])
    database.person("vito", roles=("viewer", "analyst"), agencies=["Norte"])
    database.person("sara", roles=("supervisor",), agencies=["Sur"])
    return database


def test_they_become_due_with_the_end(agency):
    with agency.connect() as connection:
        assert duties.listed(connection, END - timedelta(seconds=1)) == []
        rows = duties.listed(connection, END)
        assert [(r["name"], r["due"] - END, r["says"]) for r in rows] == [
            ("Return the warrant to its judge", timedelta(days=10), "due"), ("Give notice to the person followed", timedelta(days=10), "due"),
            ("Review what was collected, and destroy what may not be kept", timedelta(days=30), "due")]
        assert [r["says"] for r in duties.listed(connection, END + timedelta(days=10, seconds=1))] == ["overdue", "overdue", "due"]


def test_a_revocation_is_an_end(agency):
    with agency.connect() as connection:
        authority.revoke(connection, "Norte", "W-1")
        (revoked,) = connection.execute("SELECT least(revoked_at, valid_to) FROM authority").fetchone()
        assert {r["ended"] for r in duties.listed(connection)} == {revoked}


def test_somebody_of_the_agency_says_it_is_done(agency):
    with agency.connect() as connection:
        for who in ("vito", "sara", "tester"):
            with pytest.raises(Forbidden):
                duties.done(connection, "Norte", "W-1", "Return the warrant to its judge", who)
        with pytest.raises(NotFound, match="expected one of Return"):
            duties.done(connection, "Norte", "W-1", "Sing", "lena")
        duties.done(connection, "Norte", "W-1", "return the warrant to its judge", "lena", "by courier")
        with pytest.raises(duties.DutyRefused, match="already"):
            duties.done(connection, "Norte", "W-1", "Return the warrant to its judge", "lena")
        last = duties.listed(connection)[-1]
        assert (last["name"], last["by"], last["note"], last["says"]) == ("Return the warrant to its judge", "lena", "by courier", "done")


def test_nothing_is_due_before_the_end(agency):
    with agency.connect() as connection:
        connection.execute("UPDATE authority SET valid_to = now() + interval '1 day'")
        with pytest.raises(duties.DutyRefused, match="nothing is due"):
            duties.done(connection, "Norte", "W-1", "Return the warrant to its judge", "lena")


# -- warnings ---------------------------------------------------------------------------------------------------------


def warned(connection, who: str, at: datetime) -> list[tuple]:
    return connection.execute("SELECT reference, hours, first FROM access.warn(%s, %s)", (people.person_id(connection, who), at)).fetchall()


def test_each_step_is_told_once_for_the_first_time(agency):
    with agency.connect() as connection:
        second, day = timedelta(seconds=1), timedelta(days=1)
        for before, expected in (
                (7 * day + second, []), (7 * day, [("W-1", 168, True)]), (6 * day, [("W-1", 168, False)]), (day + second, [("W-1", 168, False)]),
                (day, [("W-1", 24, True)]), (second, [("W-1", 24, False)]), (0 * day, [("W-1", 0, True)]), (-6 * day, [("W-1", 0, False)]), (-7 * day, [])):
            assert warned(connection, "lena", END - before) == expected, before
        given = connection.execute("SELECT hours, given_at, p.name FROM warning w JOIN access.person p ON p.id = w.given_to ORDER BY hours DESC").fetchall()
        assert given == [(168, END - 7 * day, "lena"), (24, END - day, "lena"), (0, END, "lena")]


def test_they_are_for_who_answers_for_the_authority(agency):
    with agency.connect() as connection:
        assert warned(connection, "vito", END) == warned(connection, "sara", END) == []
        assert connection.execute("SELECT count(*) FROM warning").fetchone() == (0,)


def test_a_step_nobody_was_told_of_is_not_said_to_have_been_told(agency):
    with agency.connect() as connection:
        assert warned(connection, "lena", END - timedelta(hours=1)) == [("W-1", 24, True)]
        assert connection.execute("SELECT hours FROM warning").fetchall() == [(24,)]


def test_of_what_was_revoked_or_has_not_begun_nobody_is_warned(agency):
    with agency.connect() as connection:
        connection.execute("UPDATE authority SET revoked_at = %s", (END - timedelta(days=20),))
        assert warned(connection, "lena", END) == []
        connection.execute("UPDATE authority SET revoked_at = NULL, valid_from = %s", (END - timedelta(days=3),))
        assert warned(connection, "lena", END - timedelta(days=4)) == []
