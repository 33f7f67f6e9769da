"""Events through the real database: any order and any pieces give the same rows, late fixes retract, sealed ones make none, and a kill loses nothing."""

from __future__ import annotations

import geopandas
import numpy as np
import psycopg
import pytest
import shapely

from data import authority, people, watching
from data.fixes import FixWriter, TrackTold
from data.live import LiveWriter
from feeds.watching import Watcher
from tests.data.made import source

NOW_US = 1_795_600_000_000_000
MIN_US = 60_000_000
AREA = shapely.box(-97.0, 26.0, -96.9, 26.1)
SAME = "SELECT type, rule_id, track_id, other_id, area_id, started_at, ended_at, ST_AsText(place), facts::text, severity FROM event WHERE NOT retracted ORDER BY 1, 2, 3, 4, 5, 6, lane"


def area(connection, *, world: int = 0, critical: bool = True, agency: int | None = None, shape=AREA, marking: str = "TLP:GREEN") -> int:
    return connection.execute(
        "INSERT INTO watch_area (world, name, geom, warning_m, critical, agency_id, marking, made_by) VALUES (%s, 'Mouth', ST_Multi(ST_GeomFromWKB(%s, 4326)), 2000, %s, %s, %s, 'test') "
        "RETURNING id", (world, shapely.to_wkb(shape), critical, agency, marking)).fetchone()[0]


def way(rng: np.random.Generator, ids: list[int]) -> dict[str, np.ndarray]:
    """Two vessels: in and out of the area, slow beside each other for three hours, silent for eight, and one that jumps."""
    minutes = np.arange(0, 900, 4.0)
    lon = -97.05 + 0.2 * np.abs(np.sin(minutes / 120)) + rng.normal(0, 1e-5, len(minutes))
    lat = np.full(len(minutes), 26.05)
    meet = (minutes > 400) & (minutes < 600)
    lon[meet], lat[meet] = -97.3, 26.2
    quiet = (minutes > 640) & (minutes < 640 + 30)
    parts = []
    for n, track in enumerate(ids[:2]):
        keep = ~quiet if n else np.ones(len(minutes), bool)
        shift = np.where(minutes > 660, 8 * 60, 0) if n else 0
        parts.append((np.full(keep.sum(), track), (NOW_US + ((minutes + shift) * MIN_US).astype(np.int64))[keep], (lon + n * np.where(meet, 0.001, 0.05))[keep], lat[keep]))
    jump = np.tile([-95.0, -94.0], 10)
    parts.append((np.full(20, ids[2]), NOW_US + (np.arange(20) * 10 * MIN_US), jump, np.full(20, 25.0)))
    track, us, x, y = (np.concatenate(c) for c in zip(*parts))
    return {"track_id": track, "observed_us": us.astype(np.int64), "lon": x, "lat": y}


def vessels(connection, number: int = 3, *, world: int = 0, agency: int | None = None, prefix: str = "mmsi", kind: str = "vessel", **how) -> tuple[LiveWriter, list[int]]:
    writer = LiveWriter(connection, world, source(connection, world, prefix))
    ids = writer.tracks([TrackTold(f"{prefix}:{i}", kind, agency_id=agency, marking="TLP:GREEN", **how) for i in range(number)])
    connection.commit()
    return writer, ids


def take(columns: dict[str, np.ndarray], which) -> dict[str, np.ndarray]:
    return {name: values[which] for name, values in columns.items()}


def work(database) -> Watcher:
    """Look at all that is due, by somebody who knows nothing yet."""
    with database.connect() as connection:
        connection.autocommit = True
        watcher = Watcher(connection)
        while watcher.step():
            pass
        return watcher


def rows(database, query: str = SAME):
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def run(database, pieces: list, *, restart: bool) -> list:
    """Store pieces one by one with a look after each; the events that stand."""
    with database.connect() as connection:
        connection.execute("TRUNCATE event, event_due, alert CASCADE; DELETE FROM fix; DELETE FROM latest_fix")
        connection.commit()
        writer = LiveWriter(connection, 0, 1)
        with database.connect() as other:
            other.autocommit = True
            watcher = Watcher(other)
            for piece in pieces:
                writer.store(piece)
                connection.commit()
                if restart:
                    watcher = Watcher(other)
                while watcher.step():
                    pass
            watcher.worlds[0].tick()
    return rows(database)


def test_any_order_any_pieces_and_any_restart_give_the_same_events(database):
    rng = np.random.default_rng(7)
    with database.connect() as connection:
        _, ids = vessels(connection)
        area(connection)
        connection.commit()
    columns = way(rng, ids)
    n = len(columns["track_id"])
    whole = run(database, [columns], restart=False)
    assert {"enter", "exit", "gap", "reappearance", "encounter", "identity_conflict"} <= {row[0] for row in whole}
    for order, number, restart in ((np.argsort(columns["observed_us"], kind="stable"), 12, False), (rng.permutation(n), 8, False), (rng.permutation(n), 6, True)):
        assert run(database, [take(columns, part) for part in np.array_split(order, number)], restart=restart) == whole
    assert rows(database, "SELECT count(*) FROM event_due") == [(0,)]
    wrong = rows(database, "SELECT e.id FROM event e LEFT JOIN event_revision r ON r.event_id = e.id GROUP BY e.id HAVING count(r) <> e.revision OR max(r.revision) <> e.revision")
    assert wrong == [], "each telling is kept, and numbered one after the other"


def test_files_give_the_events_that_a_feed_gives(database):
    rng = np.random.default_rng(7)
    with database.connect() as connection:
        _, ids = vessels(connection)
        area(connection)
        connection.commit()
    columns = way(rng, ids)
    live = run(database, [columns], restart=False)
    with database.connect() as connection:
        connection.execute("TRUNCATE event CASCADE; DELETE FROM fix; DELETE FROM latest_fix")
        with FixWriter(connection, 0, 1) as writer:
            writer.write(columns)
        connection.commit()
    work(database)
    assert rows(database) == live


def silent(connection, ids) -> dict[str, np.ndarray]:
    """Nine hours of silence between two fixes."""
    return {"track_id": np.full(2, ids[0]), "observed_us": np.array([NOW_US, NOW_US + 540 * MIN_US]), "lon": np.array([-96.0, -95.9]), "lat": np.array([25.0, 25.0])}


def test_late_fixes_retract_and_the_revisions_say_when(database):
    with database.connect() as connection:
        writer, ids = vessels(connection, 1)
        writer.store(silent(connection, ids))
        connection.commit()
    work(database)
    gap = "SELECT revision, retracted FROM event WHERE type = 'gap' AND started_at = to_timestamp(1795600000)"
    assert rows(database, gap) == [(1, False)]
    with database.connect() as connection:
        writer = LiveWriter(connection, 0, 1)
        between = np.arange(60, 540, 60)
        writer.store({"track_id": np.full(len(between), ids[0]), "observed_us": NOW_US + between * MIN_US, "lon": np.full(len(between), -95.95), "lat": np.full(len(between), 25.0)})
        connection.commit()
    work(database)
    assert rows(database, gap) == [(2, True)]
    assert rows(database, "SELECT change FROM event_revision r JOIN event e ON e.id = r.event_id WHERE e.type = 'gap' AND e.retracted ORDER BY r.revision") == [("new",), ("retracted",)]


def test_what_is_killed_in_the_middle_is_done_again_and_once(database, monkeypatch):
    with database.connect() as connection:
        writer, ids = vessels(connection, 1)
        writer.store(silent(connection, ids))
        connection.commit()
    with database.connect() as connection:
        connection.autocommit = True
        with monkeypatch.context() as patched:  # between what was found and what was due
            patched.setattr(watching, "done", lambda *_: connection.execute("SELECT pg_terminate_backend(pg_backend_pid())"))
            with pytest.raises(psycopg.Error):
                Watcher(connection).step()
    assert rows(database, "SELECT count(*) FROM event") == [(0,)] and rows(database, "SELECT count(*) FROM event_due") == [(1,)]
    work(database)
    once = rows(database)
    work(database)
    assert {row[0] for row in once} >= {"gap", "reappearance"} and rows(database) == once


def test_a_fix_outside_its_authority_makes_no_event(database):
    with database.connect() as connection:
        agency = people.add_agency(connection, "Alfa", None)
        authority.govern(connection, "Alfa", ["tag"])
        area(connection)
        writer, ids = vessels(connection, 1, agency=agency, prefix="tag", kind="tag")
        at = NOW_US + np.arange(6) * MIN_US
        stored = writer.store({"track_id": np.full(6, ids[0]), "observed_us": at, "lon": np.linspace(-97.1, -96.95, 6), "lat": np.full(6, 26.05)})
        connection.commit()
        assert sum(stored.sealed.values()) == 6
    work(database)
    assert rows(database, "SELECT count(*) FROM event") == [(0,)] and rows(database, "SELECT count(*) FROM event_due") == [(0,)]


def test_a_critical_area_raises_an_alert_for_what_is_new_and_none_for_what_is_old(database):
    from datetime import datetime, timezone

    now_us = watching.microseconds(datetime.now(timezone.utc))
    for began_us, alerts in ((now_us - 20 * MIN_US, 1), (now_us - 40 * 24 * 60 * MIN_US, 0)):
        with database.connect() as connection:
            connection.execute("TRUNCATE event CASCADE; DELETE FROM watch_area")
            area(connection)
            writer, ids = vessels(connection, 1, prefix=f"t{alerts}")
            writer.store({"track_id": np.full(8, ids[0]), "observed_us": began_us + np.arange(8) * MIN_US, "lon": np.linspace(-97.05, -96.95, 8), "lat": np.full(8, 26.05)})
            connection.commit()
        work(database)
        assert rows(database, "SELECT severity FROM event WHERE type = 'enter' AND facts ->> 'line' = 'critical'") == [("critical",)]
        assert rows(database, "SELECT count(*) FROM alert") == [(alerts,)]


def test_a_changed_area_tells_anew_and_an_ended_one_leaves_what_was(database):
    with database.connect() as connection:
        one = area(connection)
        writer, ids = vessels(connection, 1)
        writer.store({"track_id": np.full(8, ids[0]), "observed_us": NOW_US + np.arange(8) * MIN_US, "lon": np.linspace(-97.05, -96.95, 8), "lat": np.full(8, 26.05)})
        connection.commit()
    watcher = work(database)
    assert watcher.worlds
    enters = "SELECT area_version, retracted FROM event WHERE type = 'enter' AND facts ->> 'line' = 'critical'"
    assert rows(database, enters) == [(1, False)]
    with database.connect() as connection:
        connection.execute("UPDATE watch_area SET ended_at = now()")
        connection.execute("INSERT INTO watch_area (id, version, world, name, geom, made_by, marking) VALUES (%s, 2, 0, 'Mouth', ST_Multi(ST_GeomFromWKB(%s, 4326)), 'test', 'TLP:GREEN')",
                           (one, shapely.to_wkb(shapely.box(-90, 26, -89, 27))))
        watching.anew(connection, 0)
        connection.commit()
    work(database)
    assert rows(database, enters) == [(1, True)]
    with database.connect() as connection:
        connection.execute("UPDATE watch_area SET geom = ST_Multi(ST_GeomFromWKB(%s, 4326)) WHERE ended_at IS NULL", (shapely.to_wkb(AREA),))
        watching.anew(connection, 0)
        connection.commit()
    work(database)
    assert rows(database, enters) == [(2, False)]
    with database.connect() as connection:
        connection.execute("UPDATE watch_area SET ended_at = now() WHERE ended_at IS NULL")
        watching.anew(connection, 0)
        connection.commit()
    work(database)
    assert rows(database, enters) == [(2, False)], "it was there when it crossed"


def test_an_event_goes_with_the_fixes_it_tells_of(database):
    from data import unmaking

    with database.connect() as connection:
        writer, ids = vessels(connection, 2)
        for n in range(2):
            writer.store(silent(connection, ids[n:]))
        connection.commit()
    work(database)
    count = "SELECT track_id, count(*) FROM event GROUP BY 1 ORDER BY 1"
    assert [n for _, n in rows(database, count)] == [3, 3]  # a silence, heard again, silent since
    with database.connect() as connection:
        unmaking.begin(connection)
        connection.execute("INSERT INTO leaving SELECT %s, date_trunc('hour', to_timestamp(%s), 'UTC'), now() FROM generate_series(0, 0)", (ids[0], NOW_US / 1e6))
        unmaking.take_out(connection, 0, keep_flows=False)
        connection.commit()
    assert rows(database, count) == [(ids[0], 1), (ids[1], 3)], "only what tells of the later fix alone is left"


def test_rules_are_told_how_far_the_shore_is_once_a_basemap_is_built(environment, tmp_path):
    minutes = np.arange(40) * 5
    with environment.connect() as connection:
        writer, (one,) = vessels(connection, 1)
        writer.store({"track_id": np.full(40, one), "observed_us": NOW_US + minutes * MIN_US, "lon": -96.8 + minutes * 2e-5, "lat": np.full(40, 26.05)})
        connection.commit()
    loiters = "SELECT facts->'shore_m', retracted FROM event WHERE type = 'loitering'"
    work(environment)
    assert rows(environment, loiters) == [(None, False)], "no map of the shore: not known, and told"
    land = shapely.box(-98, 20, -97, 30)
    (tmp_path / "home" / "basemap").mkdir(parents=True)
    geopandas.GeoDataFrame({"kind": ["land", "shore"]}, geometry=[land, land.exterior], crs=4326).to_parquet(tmp_path / "home" / "basemap" / "ground.parquet")
    with environment.connect() as connection:
        watching.anew(connection, 0)
        connection.commit()
    work(environment)
    assert rows(environment, loiters) == [(None, True)], "20 km from the shore is no open sea"
    with environment.connect() as connection:
        connection.execute("UPDATE rule SET knobs = '{\"shore_m\": 5000}' WHERE type = 'loitering'")
        watching.anew(connection, 0)
        connection.commit()
    work(environment)
    [(metres, retracted)] = rows(environment, loiters + " AND NOT retracted")
    assert not retracted and abs(metres - 20_000) < 1_000
