"""How long records are kept: the time of all and of agencies, reviews and holds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from data import clock, holds, retention
from data.clock import Moment
from errors import Forbidden, NotFound
from tests.data.kept import CANARY, DAY, FIVE_YEARS, SECOND, T, asked, counted, dumped, filled, hold, holds_up, run
from tests.data.made import START, tracks, us, walk


@pytest.fixture
def live(environment):
    filled(environment)
    return environment


# -- the time of all ------------------------------------------------------------------------------------------------------


def test_five_years_to_the_second(live):
    before, exercise = counted(live), counted(live, 1)
    assert min(before.values()) > 0 and CANARY in dumped(live)
    report = run(live, FIVE_YEARS - SECOND)
    assert not report.erased and counted(live) == before and report.due > 0
    report = run(live, FIVE_YEARS + SECOND)
    assert report.erased == {"fix": 280, "track": 4, "seizure": 8} and not report.held
    assert set(counted(live).values()) == {0}
    assert counted(live, 1) == exercise, "the exercise is never purged by time"
    with live.connect() as connection:
        assert connection.execute("SELECT count(*) FROM source WHERE world = 0").fetchone() == (0,)
        connection.execute("UPDATE source SET name = 'exercise' WHERE world = 1")
        connection.commit()
    told = dumped(live)
    assert "retention_clock" in told and CANARY not in told
    holds_up(live)
    assert run(live, FIVE_YEARS + DAY).erased == {}, "again finds nothing"


def test_what_is_told_of_long_ago_is_kept_by_when_it_came(live):
    long_ago = datetime(2010, 1, 1, tzinfo=timezone.utc)
    with live.connect() as connection:
        one = walk(np.random.default_rng(1), 20)
        one["observed_us"] = one["observed_us"] - us(START) + us(long_ago)
        tracks(connection, [one], world=0, prefix="old")
        connection.execute("UPDATE fix SET recorded_at = %s", (T,))
        connection.commit()
    before = counted(live)
    assert not run(live, T + 30 * DAY).erased and counted(live) == before


def test_an_agency_has_a_time_of_its_own(live):
    with live.connect() as connection:
        retention.set_policy(connection, "Norte", "seizure", "90 days", "Ley 1, art. 2", "tester")
        connection.commit()
    assert not run(live, T + 90 * DAY - SECOND).erased
    assert run(live, T + 90 * DAY + SECOND).erased == {"seizure": 8}
    (rule,) = {r for (r,) in asked(live, "SELECT rule FROM tombstone")}
    assert rule == "seizure: 90 days after it came (Ley 1, art. 2)"


@pytest.mark.parametrize("call", [
    lambda c: retention.set_policy(c, "Norte", "whim", "1 year", "Law", "tester"), lambda c: retention.set_policy(c, "Norte", "seizure", "soon", "Law", "tester"),
    lambda c: retention.set_policy(c, "Norte", "seizure", "-1 year", "Law", "tester"), lambda c: retention.set_policy(c, "Norte", "seizure", "1 year", " ", "tester"),
    lambda c: retention.set_bycatch(c, "Norte", "72 hurs", ["vessel"], "tester"), lambda c: retention.set_bycatch(c, "Norte", "72h", ["ufo"], "tester"),
    lambda c: retention.review(c, "seizure:1", " ", T + DAY, "tester", T), lambda c: retention.review(c, "seizure:1", "Trial", T + 3000 * DAY, "tester", T),
    lambda c: retention.review(c, "seizure:1", "Trial", T - DAY, "tester", T), lambda c: hold(c, "seizure:1", start=T, end=T), lambda c: hold(c, "seizure:1", reason="\n"),
])
def test_what_can_be_no_rule_is_refused(live, call):
    with live.connect() as connection, pytest.raises(retention.RetentionRefused):
        call(connection)


def test_only_a_legal_officer_or_a_supervisor_may(live):
    for role in ("analyst", "administrator", "auditor", "coordinator"):
        live.person(role, roles=(role,))
        with live.connect() as connection:
            for call in (lambda w: retention.set_policy(connection, "Norte", "seizure", "1 year", "Law", w), lambda w: hold(connection, "seizure:1", who=w),
                         lambda w: retention.set_bycatch(connection, "Norte", "72h", ["vessel"], w), lambda w: clock.confirm(connection, w, Moment(T)),
                         lambda w: retention.review(connection, "seizure:1", "Trial", T + DAY, w, T), lambda w: holds.release(connection, "H", w)):
                with pytest.raises(Forbidden):
                    call(role)
    live.person("boss", roles=("supervisor",))
    with live.connect() as connection, pytest.raises(Forbidden):
        clock.confirm(connection, "boss", Moment(T))


# -- holds ------------------------------------------------------------------------------------------------------------------


async def seen(database, table: str) -> int:
    pool = database.pool()
    try:
        async with pool.reading() as session:
            return await session.scalar(text(f"SELECT count(*) FROM vigia.{table} WHERE world = 0"))  # names of ours
    finally:
        await pool.close()


async def test_a_hold_beats_the_time_and_hides_until_it_ends(live):
    with live.connect() as connection:
        (track,) = connection.execute("SELECT id FROM track WHERE key = 'norte-0'").fetchone()
        hold(connection, f"track:{track}")
        hold(connection, "seizure", reference="H-2", agency="Norte")
        connection.commit()
    report = run(live, FIVE_YEARS + SECOND)
    assert report.held == {"fix": 80, "track": 1, "seizure": 8} and report.erased == {"fix": 200, "track": 3}
    for table in ("track", "segment", "cover", "fix", "latest_fix", "flow", "seizure"):
        assert await seen(live, table) == 0, table
    assert CANARY in dumped(live), "it is still there"
    assert {k: n for k, n in asked(live, "SELECT kind, sum(number)::int FROM held GROUP BY 1")} == {"fix": 80, "track": 1, "seizure": 8}
    assert await counted_for(live, ("legal",)) == {"track": 1, "seizure": 8}
    assert set((await counted_for(live, ("supervisor",))).values()) == {None}
    with pytest.raises(Exception, match="no legal officer"):
        await counted_for(live, ("analyst",))
    with live.connect() as connection:
        holds.release(connection, "H-1", "tester")
        connection.commit()
    assert run(live, FIVE_YEARS + DAY).erased == {"fix": 80, "track": 1}
    # the other hold is not released: it ends
    assert run(live, FIVE_YEARS + 400 * DAY - SECOND).erased == {}
    assert run(live, FIVE_YEARS + 400 * DAY).erased == {"seizure": 8}
    assert asked(live, "SELECT count(*) FROM held") == [(0,)]
    with live.connect() as connection:
        connection.execute("UPDATE source SET name = 'exercise' WHERE world = 1")
        connection.commit()
    assert CANARY not in dumped(live)
    holds_up(live)


async def counted_for(database, roles: tuple[str, ...]) -> dict[str, int | None]:
    visitor = database.person(f"{roles[0]}-counts", roles=roles, agencies=["Norte"])
    pool = database.pool()
    try:
        async with pool.asking() as session:
            return {kind: held for kind, held in (await session.execute(text("SELECT kind, held FROM access.retention(:t)"), {"t": visitor.token})).all()}
    finally:
        await pool.close()


def test_a_hold_that_is_not_yet_or_was_released_holds_nothing(live):
    with live.connect() as connection:
        hold(connection, "seizure", reference="later", start=FIVE_YEARS + DAY)
        hold(connection, "seizure", reference="released")
        holds.release(connection, "released", "tester")
        with pytest.raises(retention.RetentionRefused, match="already"):
            hold(connection, "seizure", reference="later")
        with pytest.raises(NotFound):
            holds.release(connection, "released", "tester")
        with pytest.raises(NotFound):
            hold(connection, "person:1", reference="x")
        with pytest.raises(retention.RetentionRefused):
            holds.renew(connection, "later", T, "tester")
        connection.commit()
    assert run(live, FIVE_YEARS + SECOND).erased["seizure"] == 8


def test_a_renewed_hold_goes_on(live):
    with live.connect() as connection:
        hold(connection, "seizure", end=FIVE_YEARS)
        holds.renew(connection, "H-1", FIVE_YEARS + 9 * DAY, "tester")
        connection.commit()
    assert run(live, FIVE_YEARS + 8 * DAY).held["seizure"] == 8
    assert run(live, FIVE_YEARS + 9 * DAY).erased["seizure"] == 8


# -- reviews ------------------------------------------------------------------------------------------------------------------


def test_what_was_reviewed_is_kept_until_the_next_date(live):
    with live.connect() as connection:
        ((seizure,), (track,)) = connection.execute("(SELECT min(id) FROM seizure WHERE world = 0) UNION ALL SELECT id FROM track WHERE key = 'norte-1'").fetchall()
        soon = FIVE_YEARS - timedelta(days=180)
        assert retention.due(connection, T + 1600 * DAY, 9)[0] == 0
        total, rows = retention.due(connection, soon, 5)
        assert total == 12 and len(rows) == 5 and {r["ends"] for r in rows} == {FIVE_YEARS}
        for record in (f"seizure:{seizure}", f"track:{track}"):
            retention.review(connection, record, "Appeal is open", FIVE_YEARS + 300 * DAY, "tester", soon)
        assert retention.due(connection, soon, 5)[0] == 10
        connection.commit()
    assert run(live, FIVE_YEARS + 299 * DAY).erased == {"seizure": 7, "track": 3, "fix": 200}
    assert counted(live)["segment"] > 0
    with live.connect() as connection:
        assert retention.due(connection, FIVE_YEARS + 299 * DAY, 5)[0] == 2
    assert run(live, FIVE_YEARS + 300 * DAY).erased == {"seizure": 1, "track": 1, "fix": 80}
    assert asked(live, "SELECT count(*) FROM review") == [(0,)]


def test_the_serving_role_can_reach_none_of_it(environment):
    with psycopg.connect(environment.app_url.replace("+psycopg", "")) as connection:
        for table in ("vigia.held", "vigia.tombstone", "vigia.hold", "vigia.review", "vigia.retention_clock", "vigia.file_to_erase", "jobs.procrastinate_jobs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {table}")  # names of ours
            connection.rollback()
