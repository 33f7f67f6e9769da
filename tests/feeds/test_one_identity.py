"""Two objects under one identity: a log that is imported gives what a feed gives that tells it live: tracks, flags, lines and events."""

from __future__ import annotations

import numpy as np
import pytest

from data import authority, feeds, people
from data.settling import settle
from feeds import decoding
from feeds.imports import ImportOptions, import_files
from feeds.spool import SpoolWriter
from feeds.storing import Storing
from feeds.watching import catch_up
from feeds.wire import Frame
from tests.feeds.live import BASE_MMSI, NOW, add, report

EXERCISE = 1
FIXES = """SELECT t.key, t.kind, f.observed_at, round(ST_X(f.geom)::numeric, 6), round(ST_Y(f.geom)::numeric, 6), f.flags
  FROM fix f JOIN track t ON t.id = f.track_id WHERE f.world = %s ORDER BY 1, 3, 4"""
LINES = """SELECT t.key, s.hour, s.part, s.gap, ST_AsText(ST_SnapToGrid(s.line, 1e-6)) FROM segment s JOIN track t ON t.id = s.track_id WHERE s.world = %s ORDER BY 1, 2, 3, 4"""
EVENTS = """SELECT e.type, t.key, o.key, e.started_at, e.retracted FROM event e JOIN track t ON t.id = e.track_id LEFT JOIN track o ON o.id = e.other_id
  WHERE e.world = %s AND (e.type <> 'gap' OR e.ended_at IS NOT NULL) ORDER BY 1, 2, 3, 4"""  # who is silent, and what has ended, is told by each world's own clock


def log(seed: int, minutes: int = 150) -> list[tuple[int, bytes]]:
    """Reports of ships, two to three of which use one number in places far apart; one jumps once, one is silent for a while."""
    rng, out = np.random.default_rng(seed), []
    others = [(-96.5, 25.9), (-93.0, 24.0), (-90.0, 27.0)][:2 + seed % 2]
    for step in range(minutes):
        at = NOW - minutes * 60 + step * 60
        for n, (lon, lat) in enumerate(others):
            if step >= 10 * n and rng.random() < 0.8:
                out.append((at + 7 * n, report(1, 0, at=at + 7 * n, lon=lon + step * 0.003, lat=lat)))
        out.append((at + 30, report(2, 0, at=at + 30, lon=-60.0 if step == 40 else -95.0 + step * 0.002, lat=23.0)))
        if not 50 < step < 120:
            out.append((at + 40, report(3, 0, at=at + 40, lon=-94.0 + step * 0.002, lat=22.0)))
    return out


def live(connection, folder, told: list[tuple[int, bytes]]) -> None:
    """As a feed that was listened to: a few frames a step."""
    (row,) = feeds.active(connection).values()
    writer, storing = SpoolWriter(folder, limit_bytes=1 << 24), Storing(row, folder, *decoding.of(row))
    storing.attach(connection)
    for start in range(0, len(told), 37):
        writer.append([Frame(line.strip(), at * 1_000_000 + 500_000) for at, line in told[start:start + 37]])
        while storing.step():
            pass
    writer.close()
    while settle(connection, row.world):
        pass
    connection.commit()


@pytest.mark.parametrize("seed", range(3))
def test_importing_a_log_equals_hearing_it(environment, tmp_path, seed):
    told = log(seed)
    path = tmp_path / "night.nmea"
    path.write_bytes(b"".join(line for _, line in told))
    add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": 1})
    (done,) = import_files("tracks", [path], ImportOptions(world="exercise"), lambda *_: None, owner_url=environment.owner_url)
    assert (done.error, done.stored) == (None, len(told))
    with environment.connect() as connection:
        live(connection, tmp_path / "1", told)
    catch_up(environment.owner_url)
    with environment.connect() as connection:
        imported, heard = ([connection.execute(query, (world,)).fetchall() for query in (FIXES, LINES, EVENTS)] for world in (EXERCISE, 0))
    keys = {row[0] for row in imported[0]}
    assert keys == {f"mmsi:{BASE_MMSI + n}" for n in (1, 2, 3)} | {f"mmsi:{BASE_MMSI + 1} #{n}" for n in range(2, 3 + seed % 2)}
    assert imported == heard and imported[1] and any(kind == "identity_conflict" for kind, *_ in imported[2])
    (again,) = import_files("tracks", [path], ImportOptions(world="exercise"), lambda *_: None, owner_url=environment.owner_url)
    assert again.error is not None or (again.stored, again.already) == (0, len(told)), "and twice is once"


def test_the_second_object_is_held_against_its_own_authority(environment, tmp_path):
    """A tag's authority names its device: what else uses its number is not that device."""
    from datetime import datetime, timedelta, timezone

    now = datetime.now(timezone.utc)
    with environment.connect() as connection:
        people.add_agency(connection, "Norte", "MX")
        authority.govern(connection, "Norte", ["tag"])
        authority.add(connection, "Norte", "judicial-order", "A", issuer="Court", purpose="Investigation", devices=["tag:T-1", "T-1"], area=None,
                      valid_from=now - timedelta(days=1), valid_to=now + timedelta(days=1))
        connection.commit()
    path = tmp_path / "tags.csv"
    rows = [(now - timedelta(minutes=90 - i), -97.0 + 4 * (i % 2) + i * 1e-4) for i in range(60)]
    path.write_text("tag_id,kind,name,agency,time_utc,lat,lon,speed_kmh,course_deg,accuracy_m,battery_pct\n"
                    + "".join(f"T-1,tag,,Norte,{at:%Y-%m-%dT%H:%M:%SZ},26.0,{lon:.5f},,,,\n" for at, lon in rows))
    (done,) = import_files("tracks", [path], ImportOptions(world="live", agency="Norte"), lambda *_: None, owner_url=environment.owner_url)
    assert (done.error, done.stored) == (None, 60)
    with environment.connect() as connection:
        kept = dict(connection.execute("SELECT t.key, count(*) FROM fix f JOIN track t ON t.id = f.track_id GROUP BY 1"))
        sealed = connection.execute("SELECT t.key, q.reason, count(*) FROM quarantine q JOIN track t ON t.id = q.track_id GROUP BY 1, 2").fetchall()
    (key,) = kept
    assert sealed == [(f"{key} #2", "none", 60 - kept[key])] and kept[key] >= 30
