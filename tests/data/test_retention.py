"""What is past its time goes without a trace but a tombstone; what is held stays and is hidden; a clock that jumped erases nothing."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone

import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from data import authority, clock, holds, people, programs, purge, retention, tombstones
from data.audit_proof import verify
from data.clock import ClockRefused, Moment
from data.fixes import FixWriter, TrackTold
from data.flows import EDGE
from errors import Forbidden, NotFound
from settings import store
from tests.data.made import START, seizures, source, tracks, us, walk
from tests.data.test_fixes import derived

CANARY = "Marisma Azul"
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TODAY = datetime.now(timezone.utc)
T = TODAY.replace(day=min(TODAY.day, 28), hour=12, minute=0, second=0, microsecond=0)  # when everything here was brought in; each year has this day
FIVE_YEARS = T.replace(year=T.year + 5)
TABLES = ("track", "fix", "segment", "cover", "latest_fix", "flow", "seizure", "source")


@pytest.fixture
def live(environment):
    """Rows of the agency Norte and of nobody, and an exercise, all brought in at T."""
    rng = np.random.default_rng(5)
    with environment.connect() as connection:
        norte = people.add_agency(connection, "Norte", "MX")
        tracks(connection, [walk(rng, 80) for _ in range(3)], world=0, agency=norte, kinds=("vessel", "person", "tag"), prefix="norte")
        tracks(connection, [walk(rng, 40)], world=0, prefix="nobodys")
        seizures(connection, rng, 8, world=0, agency=norte)
        tracks(connection, [walk(rng, 40)], world=1, prefix="exercise")
        seizures(connection, rng, 4, world=1)
        connection.execute("UPDATE track SET name = %s WHERE key = 'norte-0'", (CANARY,))
        connection.execute("UPDATE seizure SET place = %s WHERE id = (SELECT min(id) FROM seizure WHERE world = 0)", (CANARY,))
        connection.execute("UPDATE source SET stored = 1, name = name || %s, sha256 = encode(sha256(sha256::bytea), 'hex')", (CANARY,))
        set_back(connection)
        connection.commit()
    return environment


def set_back(connection) -> None:
    for table, column in (("track", "recorded_at"), ("fix", "recorded_at"), ("seizure", "recorded_at"), ("source", "received_at"),
                          ("segment", "first_recorded_at"), ("latest_fix", "recorded_at")):
        connection.execute(f"UPDATE {table} SET {column} = %s", (T,))  # names of ours


def run(database, now: datetime) -> purge.Report:
    """A run at `now`, which somebody said is the right time."""
    with database.connect() as connection:
        clock.confirm(connection, "tester", Moment(now - HOUR))
        connection.commit()
    return purge.run(database.owner_url, Moment(now))


def counted(database, world: int = 0) -> dict[str, int]:
    with database.connect() as connection:
        return {t: connection.execute(f"SELECT count(*) FROM {t} WHERE world = %s", (world,)).fetchone()[0] for t in TABLES}


def asked(database, query: str, *values):
    with database.connect() as connection:
        return connection.execute(query, values).fetchall()


def dumped(database) -> str:
    url = database.owner_url.replace("+psycopg", "")
    program = programs.find().folder / "pg_dump"
    return subprocess.run([program, "--data-only", url], capture_output=True, text=True, check=True).stdout


def holds_up(database) -> None:
    with database.connect() as connection:
        assert verify(connection, None, lambda *_: None).wrong == []


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


def hold(connection, what: str, *, reference: str = "H-1", start=T, end=FIVE_YEARS + 400 * DAY, who="tester", agency=None, reason="Trial") -> int:
    return holds.add(connection, what, reference=reference, issuer="Court", reason=reason, start=start, end=end, who=who, agency=agency)


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
    assert await counted_for(live, ("legal",)) == {"track": 2, "seizure": 8}
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


# -- tombstones ---------------------------------------------------------------------------------------------------------------


def test_a_tombstone_can_be_held_against_what_was_erased_by_who_has_the_salt(live):
    wanted = dict(asked(live, "SELECT id, (to_jsonb(r) || jsonb_build_object('geom', r.geom::text))::text FROM seizure r WHERE world = 0"))
    run(live, FIVE_YEARS + SECOND)
    rows = asked(live, "SELECT record_id, hash, batch FROM tombstone WHERE kind = 'seizure'")
    assert {number for number, *_ in rows} == set(wanted)
    for number, hashed, batch in rows:
        assert bytes(hashed) == tombstones.hashed(tombstones.salt(batch), "seizure", number, wanted[number])
        assert bytes(hashed) != tombstones.hashed(tombstones.salt(batch), "seizure", number, wanted[number].replace("cocaine", "heroin") + " ")
    assert store().tombstone_key.stat().st_mode & 0o777 == 0o600
    store().tombstone_key.unlink()
    assert bytes(rows[0][1]) != tombstones.hashed(tombstones.salt(rows[0][2]), "seizure", rows[0][0], wanted[rows[0][0]])
    entries = [e for (e,) in asked(live, "SELECT entry::jsonb FROM audit.entry WHERE entry::jsonb ->> 'what' = 'erasure'")]
    assert {e["of"]: e["rows"] for e in entries} == {"fix,track": 284, "seizure": 8}
    assert {e["who"] for e in entries} == {"retention job"} and {e["batch"] for e in entries} == {str(b) for (b,) in asked(live, "SELECT batch FROM tombstone")}


def test_an_error_in_the_middle_leaves_no_half(live, monkeypatch):
    monkeypatch.setattr(purge, "AT_ONCE", 3)
    with live.connect() as connection:
        clock.confirm(connection, "tester", Moment(FIVE_YEARS))
        connection.commit()
    put, calls = tombstones.put, []

    def breaks(connection, records, now, who):
        put(connection, records, now, who)
        if records and records[0].kind == "seizure":
            calls.append(len(records))
            if len(calls) == 2:
                raise psycopg.OperationalError("the disk is full")

    monkeypatch.setattr(tombstones, "put", breaks)
    with pytest.raises(psycopg.OperationalError):
        purge.run(live.owner_url, Moment(FIVE_YEARS + HOUR))
    stones = {number for (number,) in asked(live, "SELECT record_id FROM tombstone WHERE kind = 'seizure'")}
    left = {number for (number,) in asked(live, "SELECT id FROM seizure WHERE world = 0")}
    assert (len(stones), len(left), stones & left) == (3, 5, set())
    holds_up(live)
    assert purge.run(live.owner_url, Moment(FIVE_YEARS + 2 * HOUR)).erased == {"seizure": 5}
    assert asked(live, "SELECT count(*), count(DISTINCT record_id) FROM tombstone WHERE kind = 'seizure'") == [(8, 8)]


def test_tiles_and_etags_move_on_and_runs_go(live):
    state = dict(asked(live, "SELECT layer, version FROM data_state WHERE world = 0"))
    with live.connect() as connection:
        connection.execute("INSERT INTO run (world, method, key, filter, parameters, version, seed, created_at) VALUES (0, 'gi', 'k', %s, '{}', '1', 0, %s)",
                           (f'{{"q": "{CANARY}"}}', T))
        connection.commit()
    run(live, FIVE_YEARS + SECOND)
    after = dict(asked(live, "SELECT layer, version FROM data_state WHERE world = 0"))
    assert all(after[layer] > state.get(layer, 0) for layer in ("tracks", "seizures"))
    assert asked(live, "SELECT count(*) FROM run") == [(0,)]


# -- what is made of fixes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_what_is_left_is_as_if_the_rest_had_never_come(environment, seed):
    """Two files over the same hours; one is past its time."""
    rng = np.random.default_rng(seed)
    walks = [walk(rng, 70, gaps=0.1) for _ in range(3)]
    late = [np.sort(rng.random(70)) > 0.5 if seed % 2 else rng.random(70) > 0.4 for _ in range(3)]
    late[2][:] = seed % 3 == 0

    def stored(connection, which) -> None:
        with FixWriter(connection, 0, source(connection, 0, str(rng.random()))) as writer:
            ids = writer.tracks([TrackTold(f"t:{i}", ("vessel", "vehicle", "tag")[i], None) for i in range(3)])
            for i, one, mask in zip(ids, walks, which):
                writer.write({"track_id": np.full(int(mask.sum()), i), **{k: v[mask] for k, v in one.items()}})

    with environment.connect() as connection:
        stored(connection, late)
        connection.execute("DELETE FROM track t WHERE NOT EXISTS (SELECT FROM fix f WHERE f.track_id = t.id)")
        wanted = derived(connection)
        connection.rollback()
        stored(connection, [~m for m in late])
        connection.execute("UPDATE fix SET recorded_at = %s", (T,))
        stored(connection, late)
        connection.execute("UPDATE fix SET recorded_at = %s WHERE recorded_at <> %s", (T + DAY, T))
        connection.commit()
    purge.FIXES_AT_ONCE, before = 25, purge.FIXES_AT_ONCE
    try:
        run(environment, FIVE_YEARS + SECOND)
    finally:
        purge.FIXES_AT_ONCE = before
    with environment.connect() as connection:
        assert derived(connection) == wanted


# -- by-catch -------------------------------------------------------------------------------------------------------------------


def passes(database) -> int:
    return sum(int(np.frombuffer(e, EDGE)["passes"].sum()) for (e,) in asked(database, "SELECT edges FROM flow WHERE world = 0 AND band = 8 AND span_d = 1"))


def test_bycatch_stays_until_an_agency_says_otherwise(live):
    before = counted(live)
    assert not run(live, T + 400 * DAY).erased and counted(live) == before


def test_bycatch_leaves_sums_and_no_name(live):
    with live.connect() as connection:
        retention.set_bycatch(connection, "Norte", "72h", ["vessel", "person"], "tester")
        authority.add(connection, "Norte", "judicial-order", "A-1", issuer="Court", purpose="Investigation", devices=["norte-1"], valid_from=T, valid_to=T + DAY)
        set_back(connection)
        connection.commit()
    before = passes(live)
    assert not run(live, T + 72 * HOUR - SECOND).erased
    report = run(live, T + 72 * HOUR + SECOND)
    assert report.erased == {"fix": 80, "track": 1}, "of those an authority named, though it has ended, of other kinds and of nobody everything stays"
    assert asked(live, "SELECT count(*) FROM fix f WHERE NOT EXISTS (SELECT FROM track t WHERE t.id = f.track_id)") == [(0,)]
    assert [k for (k,) in asked(live, "SELECT key FROM track WHERE world = 0 ORDER BY 1")] == ["nobodys-0", "norte-1", "norte-2"]
    assert asked(live, "SELECT count(*) FROM segment s WHERE NOT EXISTS (SELECT FROM track t WHERE t.id = s.track_id)") == [(0,)]
    assert passes(live) == before > 0, "the sums remain"


def test_bycatch_that_goes_on_loses_its_old_hours_alone(environment):
    """A vessel heard of for days: hours older than 72 h go, those since stay, and no pass is counted twice."""
    with environment.connect() as connection:
        people.add_agency(connection, "Norte", "MX")
        tracks(connection, [walk(np.random.default_rng(2), 300, gaps=0)], world=0, agency=people.agency_id(connection, "Norte"), kinds=("vessel",), prefix="v")
        connection.execute("UPDATE fix SET recorded_at = CASE WHEN observed_at < %(cut)s THEN %(t)s ELSE %(t)s + interval '1 day' END", {"cut": START + 6 * HOUR + 7 * SECOND, "t": T})
        retention.set_bycatch(connection, "Norte", "72h", ["vessel"], "tester")
        connection.commit()
    before = passes(environment)
    assert run(environment, T + 72 * HOUR + SECOND).erased["fix"] > 0
    ((first,),) = asked(environment, "SELECT min(observed_at) FROM fix")
    assert START + 6 * HOUR <= first, "the hour that is not whole past its time stays whole"
    assert before - 1 <= passes(environment) <= before, "but for the way into the first hour that is left"
    assert run(environment, T + 73 * HOUR).erased == {}
    assert run(environment, T + 97 * HOUR).erased["track"] == 1
    assert passes(environment) <= before


# -- the clock ---------------------------------------------------------------------------------------------------------------------


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


# -- files ------------------------------------------------------------------------------------------------------------------------


def picture(connection, name: str, world: int = 0) -> str:
    sha256 = (name.encode().hex() * 64)[:64]
    (origin,) = connection.execute("INSERT INTO source (world, layer, kind, name, sha256, size_bytes, format, stored, received_at) "
                                   "VALUES (%s, 'imagery', 'file', %s, %s, 1, 'tif', 1, %s) RETURNING id", (world, name, sha256, T)).fetchone()
    (flight,) = connection.execute("INSERT INTO sortie (world, key, source_id) VALUES (%s, %s, %s) RETURNING id", (world, name, origin)).fetchone()
    connection.execute("""
        INSERT INTO image (world, sortie_id, name, captured_at, recorded_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256, original,
                           cog, source_id)
        VALUES (%(w)s, %(f)s, %(n)s, %(t)s, %(t)s, ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)), 1, 1, 1, 1, 3, 'uint8', 'EPSG:4326', 1, 2, %(s)s, %(s)s || '.tif', %(s)s || '.tif', %(o)s)
    """, {"w": world, "f": flight, "n": name, "t": T, "s": sha256, "o": origin})
    for folder in (store().originals, store().imagery):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{sha256}.tif").write_bytes(b"picture")
    return f"{sha256}.tif"


def test_files_go_with_their_records_and_not_with_another(environment):
    with environment.connect() as connection:
        alone, shared = picture(connection, CANARY), picture(connection, "shared")
        picture(connection, "shared", world=1)
        connection.commit()
        there = lambda: {(folder.name, p.name) for folder in (store().originals, store().imagery) for p in folder.iterdir()}  # noqa: E731
        assert len(there()) == 4
        with environment.connect() as importing:  # an import that is on its way may be taking one up again
            importing.execute("SELECT pg_advisory_xact_lock_shared(%s)", (purge.ERASING,))
            report = run(environment, FIVE_YEARS + SECOND)
            assert report.erased == {"image": 2, "sortie": 2} and report.files == 0 and len(there()) == 4
    assert run(environment, FIVE_YEARS + DAY).files == 2
    assert there() == {("originals", shared), ("imagery", shared)} and alone != shared
    assert counted(environment)["source"] == 0 and CANARY not in dumped(environment)


def test_a_held_picture_keeps_its_files_and_its_source(environment):
    with environment.connect() as connection:
        name = picture(connection, CANARY)
        hold(connection, "image")
        connection.commit()
    assert run(environment, FIVE_YEARS + SECOND).held == {"image": 1}
    assert (store().imagery / name).exists() and counted(environment)["source"] == 1
    with environment.connect() as connection:
        holds.release(connection, "H-1", "tester")
        connection.commit()
    assert run(environment, FIVE_YEARS + DAY).erased == {"image": 1} and not (store().imagery / name).exists() and not (store().originals / name).exists()
    assert counted(environment)["source"] == 0


def test_what_is_sealed_has_a_time_of_its_own_and_a_hold_on_its_track_holds_it(environment):
    with environment.connect() as connection:
        people.add_agency(connection, "Norte", "MX")
        authority.govern(connection, "Norte", ["tag"])
        ids = tracks(connection, [walk(np.random.default_rng(i), 30) for i in range(2)], world=0, agency=people.agency_id(connection, "Norte"), kinds=("tag",), prefix="t")
        connection.execute("UPDATE quarantine SET recorded_at = %s", (T,))
        hold(connection, f"track:{ids[0]}")
        connection.commit()
    year = T.replace(year=T.year + 1)
    assert not run(environment, year - SECOND).erased
    report = run(environment, year + SECOND)
    assert report.erased == {"quarantine": 30, "track": 1} and report.held == {"quarantine": 30, "track": 1}
    assert asked(environment, "SELECT count(*) FROM quarantine") == [(0,)]
    holds_up(environment)


def test_the_serving_role_can_reach_none_of_it(environment):
    with psycopg.connect(environment.app_url.replace("+psycopg", "")) as connection:
        for table in ("vigia.held", "vigia.tombstone", "vigia.hold", "vigia.review", "vigia.retention_clock", "vigia.file_to_erase", "jobs.procrastinate_jobs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {table}")  # names of ours
            connection.rollback()
