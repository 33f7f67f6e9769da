"""What is past its time goes without a trace but a tombstone; what is left is as if the rest had never come; files follow."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest

from data import authority, clock, holds, people, purge, tombstones
from data.clock import Moment
from data.fixes import FixWriter, TrackTold
from settings import store
from tests.data.kept import CANARY, DAY, FIVE_YEARS, HOUR, SECOND, T, asked, counted, dumped, filled, hold, holds_up, run
from tests.data.made import source, tracks, walk
from tests.data.test_fixes import derived


@pytest.fixture
def live(environment):
    filled(environment)
    return environment


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


def film(connection, name: str) -> str:
    sha256 = (name.encode().hex() * 64)[:64]
    picture(connection, name)
    connection.execute("DELETE FROM image")
    connection.execute("""
        INSERT INTO video (world, name, sortie_id, started_at, ended_at, recorded_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, source_id)
        SELECT 0, %(n)s, s.id, %(t)s, %(t)s, %(t)s, 60, 'h264', 1, 1, 10, ST_Point(1, 1, 4326), %(s)s, %(s)s || '.tif', %(s)s || '.mp4', s.source_id FROM sortie s
    """, {"n": name, "t": T, "s": sha256})
    connection.execute("INSERT INTO video_look (video_id, at, sensor) SELECT id, %s, ST_Point(1, 2, 4326) FROM video", (T,))
    connection.execute("UPDATE video SET provenance = jsonb_build_object('preview', sha256 || '.webp')")
    (store().imagery / f"{sha256}.tif").rename(store().imagery / f"{sha256}.mp4")
    (store().imagery / f"{sha256}.webp").write_bytes(b"a small picture")
    return sha256


def test_a_film_goes_with_its_looks_and_both_its_files_and_a_hold_keeps_all_of_it(environment):
    with environment.connect() as connection:
        sha256 = film(connection, CANARY)
        hold(connection, "video")
        connection.commit()
    assert run(environment, FIVE_YEARS + SECOND).held == {"video": 1}
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM video").fetchone() == (0,) == connection.execute("SELECT count(*) FROM video_look").fetchone()
        kept = connection.execute("SELECT content::jsonb FROM held").fetchone()[0]
        assert kept["served"] == f"{sha256}.mp4" and len(kept["looks"]) == 1 and (store().imagery / f"{sha256}.mp4").exists()
        holds.release(connection, "H-1", "tester")
        connection.commit()
    assert run(environment, FIVE_YEARS + DAY).erased["video"] == 1
    assert not (store().imagery / f"{sha256}.mp4").exists() and not (store().originals / f"{sha256}.tif").exists()
    assert counted(environment)["source"] == 0 and CANARY not in dumped(environment)


def test_a_frames_preview_goes_with_it_also_where_it_has_no_other_picture(environment):
    with environment.connect() as connection:
        name = picture(connection, CANARY)
        preview = f"{name[:64]}.webp"
        connection.execute("UPDATE image SET product = 'frame', cog = NULL, footprint = ST_Point(1, 1, 4326), rendering = jsonb_build_object('preview', %s::text)", (preview,))
        (store().imagery / name).rename(store().imagery / preview)
        connection.commit()
    assert run(environment, FIVE_YEARS + DAY).erased["image"] == 1
    assert not list(store().imagery.iterdir()) and not list(store().originals.iterdir())


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
