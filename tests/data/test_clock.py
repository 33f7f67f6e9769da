"""A clock that jumped erases nothing until somebody says that it is right."""

from __future__ import annotations

import pytest

from data import clock, purge
from data.clock import ClockRefused, Moment
from tests.data.kept import DAY, FIVE_YEARS, HOUR, T, asked, counted, filled


@pytest.fixture
def live(environment):
    filled(environment)
    return environment


def test_a_clock_that_jumped_erases_nothing_until_somebody_says_it_is_right(live):
    before = counted(live)
    now = asked(live, "SELECT clock_timestamp()")[0][0]
    assert purge.run(live.owner_url, Moment(now)).erased == {}
    with pytest.raises(ClockRefused, match=r"ahead of .*a step of 36\.0 h is believed; nothing is erased"):
        purge.run(live.owner_url, Moment(FIVE_YEARS + DAY))
    assert counted(live) == before and "ahead of" in asked(live, "SELECT refused FROM retention_clock")[0][0]
    with pytest.raises(ClockRefused):  # and again: a refused moment is not one that was seen
        purge.run(live.owner_url, Moment(FIVE_YEARS + DAY + HOUR))
    with live.connect() as connection:
        clock.confirm(connection, "tester", Moment(FIVE_YEARS + DAY))
        connection.commit()
    assert purge.run(live.owner_url, Moment(FIVE_YEARS + DAY + HOUR)).erased["seizure"] == 8
    assert asked(live, "SELECT refused FROM retention_clock") == [(None,)]
    assert "confirmed" in asked(live, "SELECT entry FROM audit.entry WHERE entry LIKE '%%\"of\":\"clock\"%%'")[0][0]
    with pytest.raises(ClockRefused, match="behind"):
        purge.run(live.owner_url, Moment(now))


def test_a_first_run_with_a_wrong_clock_erases_nothing(live):
    with pytest.raises(ClockRefused, match="ahead"):
        purge.run(live.owner_url, Moment(FIVE_YEARS + DAY))
    assert asked(live, "SELECT count(*) FROM retention_clock") == [(0,)]


@pytest.mark.parametrize("hours, boot_hours, believed", [
    (30, 30, True), (400, 400, True),  # the machine itself counted the time
    (400, 2, False), (37.5, 1, False), (35, 1, True), (20, 400, False),
])
def test_a_machine_that_went_on_counted_the_time(environment, hours, boot_hours, believed):
    with environment.connect() as connection:
        clock.confirm(connection, "tester", Moment(T, "boot-1", 1000.0))
        later = Moment(T + hours * HOUR, "boot-1", 1000.0 + boot_hours * 3600)
        if believed:
            clock.look(connection, later)
        else:
            with pytest.raises(ClockRefused, match="jumped by"):
                clock.look(connection, later)


def test_many_small_jumps_are_one_large_one(environment):
    with environment.connect() as connection:
        clock.confirm(connection, "tester", Moment(T, "boot-1", 0.0))
        clock.look(connection, Moment(T + 21 * HOUR, "boot-1", 3600.0))
        with pytest.raises(ClockRefused, match=r"jumped by 40\.0 h"):
            clock.look(connection, Moment(T + 42 * HOUR, "boot-1", 7200.0))


@pytest.mark.parametrize("gaps_h, believed", [([30, 30, 30, 30], True), ([30, 40, 30], False), ([], False)])
def test_after_a_start_the_record_tells_how_time_went(environment, gaps_h, believed):
    with environment.connect() as connection:
        clock.confirm(connection, "tester", Moment(T, "boot-1", 0.0))
        connection.execute("TRUNCATE audit.entry, audit.node, audit.head")
        at = T
        for number, gap in enumerate(gaps_h):
            at += gap * HOUR
            connection.execute("INSERT INTO audit.entry (seq, at, entry, leaf) VALUES (%s, %s, '{}', '')", (number, at))
        now = Moment(max(at, T + 50 * HOUR), "boot-2", 5.0)
        if believed:
            clock.look(connection, now)
        else:
            with pytest.raises(ClockRefused):
                clock.look(connection, now)
