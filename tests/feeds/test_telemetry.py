"""Telemetry of flights: subtitles, PX4 logs and GPX become the path of a sortie."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from data.sessions import owner_connection
from feeds import recording
from feeds.imports import ImportOptions, import_files
from tests.feeds.test_srt import MAVIC, cues, tagged


def load(database, path: Path, layer: str = "imagery", **options):
    (report,) = import_files(layer, [path], ImportOptions(world="exercise", **options), lambda *_: None, owner_url=database.owner_url)
    return report


def flown(database) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute("SELECT t.key, t.kind, f.observed_at::text, round(ST_X(f.geom)::numeric, 5)::float, round(ST_Y(f.geom)::numeric, 5)::float "
                                  "FROM fix f JOIN track t ON t.id = f.track_id ORDER BY 1, 3").fetchall()


def film(path: Path, n: int = 3, step_s: float = 1.0) -> Path:
    path.write_text(cues(*(tagged(41.0 + i / 1e4, 2.0, i) for i in range(n)), step_s=step_s))
    return path


def ulog(path: Path, rows: list[tuple], *, utc: bool = True) -> Path:
    """A PX4 log with one topic; `rows` are (µs since the start, latitude, longitude, fix type)."""
    message = lambda kind, body: struct.pack("<HB", len(body), ord(kind)) + body  # noqa: E731
    told = b"vehicle_gps_position:uint64_t timestamp;uint64_t time_utc_usec;int32_t lat;int32_t lon;int32_t alt;float eph;float vel_m_s;float cog_rad;uint8_t fix_type;"
    out = b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 0) + message("B", bytes(40)) + message("F", told) + message("A", struct.pack("<BH", 0, 1) + b"vehicle_gps_position")
    for at, lat, lon, fix in rows:
        stamp = 1_790_000_000_000_000 + at if utc else 0
        out += message("D", struct.pack("<HQQiiifffB", 1, at, stamp, round(lat * 1e7), round(lon * 1e7), 152_000, 1.5, 12.0, 1.0, fix))
    path.write_bytes(out)
    return path


@pytest.mark.parametrize("layer", ["imagery", "tracks"])
def test_subtitles_become_the_path_of_a_sortie(environment, tmp_path, layer):
    report = load(environment, film(tmp_path / "DJI_0001.SRT"), layer, sortie="S7", zone="Europe/Madrid")
    assert (report.read, report.stored, report.error) == (3, 3, None)
    assert flown(environment) == [("sortie:S7", "drone", f"2024-05-01 13:01:0{i}.531+00", 2.0, round(41.0 + i / 1e4, 5)) for i in range(3)]
    with environment.connect() as connection:
        assert connection.execute("SELECT t.key, s.started_at::text, s.ended_at::text FROM sortie s JOIN track t ON t.id = s.track_id").fetchone() == \
            ("sortie:S7", "2024-05-01 13:01:00.531+00", "2024-05-01 13:01:02.531+00")
        assert connection.execute("SELECT version FROM data_state WHERE world = 1 AND layer = 'tracks'").fetchone()[0] >= 1
    again = load(environment, tmp_path / "DJI_0001.SRT", layer, sortie="S7", zone="Europe/Madrid")
    assert (again.stored, again.already) == (0, 3)


def test_the_zone_is_asked_for_and_a_day_where_there_is_none(environment, tmp_path):
    assert "--zone" in load(environment, film(tmp_path / "a.srt")).error
    (tmp_path / "b.srt").write_text(cues(*(MAVIC.format(lon=-58.45 + i / 1e5, lat=-34.73) for i in range(3))))
    assert "--captured-at" in load(environment, tmp_path / "b.srt").error
    report = load(environment, tmp_path / "b.srt", captured_at="2026-11-20T10:00:00Z")
    assert report.stored == 3 and "tell no day" in report.note
    (key, kind, at, *_), *_ = flown(environment)
    assert key.startswith("flight:") and (kind, at) == ("drone", "2026-11-20 10:00:00+00")


def test_a_cut_file_is_kept_as_far_as_it_is_whole(environment, tmp_path):
    whole = film(tmp_path / "a.srt").read_text()
    (tmp_path / "a.srt").write_text(whole[: whole.rindex("[longitude") + 12])
    report = load(environment, tmp_path / "a.srt", zone="UTC")
    assert report.stored == 2 and "cut off" in report.note


def test_many_pictures_a_second_are_thinned_and_that_is_said(environment, tmp_path):
    bodies = [tagged(41.0, 2.0).replace(".531", f".{i * 16:03d}") for i in range(60)]
    (tmp_path / "a.srt").write_text(cues(*bodies, step_s=0.016))
    report = load(environment, tmp_path / "a.srt", zone="UTC")
    assert report.stored == 6 and "60 cues, 6 kept" in report.note


def test_a_sortie_that_has_a_track_keeps_it(environment, tmp_path):
    load(environment, film(tmp_path / "a.srt"), sortie="S1", zone="UTC")
    with environment.connect() as connection:
        connection.execute("UPDATE track SET key = 'tag:eagle'")
        connection.commit()
    load(environment, ulog(tmp_path / "b.ulg", [(i * 1_000_000, 41.0, 2.0 + i / 1e4, 3) for i in range(4)]), sortie="S1")
    assert {key for key, *_ in flown(environment)} == {"tag:eagle"} and len(flown(environment)) == 7


def test_a_px4_log_is_read_at_the_satellites_time(environment, tmp_path):
    rows = [(0, 0.0, 0.0, 0), *((1_000_000 * i, 47.0 + i / 1e4, 8.0, 3) for i in range(1, 4))]
    report = load(environment, ulog(tmp_path / "a.ulg", rows), sortie="P1")
    assert report.stored == 3 and "1 of 4 positions without a fix" in report.note
    assert [(k, at[:19], lat) for k, _, at, _, lat in flown(environment)] == [("sortie:P1", f"2026-09-21 14:13:2{i}", round(47.0 + i / 1e4, 5)) for i in range(1, 4)]


def test_logs_that_tell_nothing_are_refused(environment, tmp_path):
    whole = ulog(tmp_path / "a.ulg", [(1_000_000, 47.0, 8.0, 3)]).read_bytes()
    for name, made, expected in (("none", whole[:7] + b"\x01" + bytes(8), "positions in the log"), ("text", b"no log at all, but words", "a PX4 flight log")):
        (tmp_path / f"{name}.ulg").write_bytes(made)
        assert expected in load(environment, tmp_path / f"{name}.ulg").error
    assert "the satellites' time" in load(environment, ulog(tmp_path / "b.ulg", [(1_000_000, 47.0, 8.0, 3)], utc=False)).error
    (tmp_path / "cut.ulg").write_bytes(whole[:-9])
    assert "expected" in load(environment, tmp_path / "cut.ulg").error and flown(environment) == []


def test_gpx_of_a_flight_is_its_path(environment, tmp_path):
    points = "".join(f'<trkpt lat="41.000{i}" lon="2"><ele>100</ele><time>2026-11-20T10:00:0{i}Z</time></trkpt>' for i in range(3))
    (tmp_path / "a.gpx").write_text(f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><name>x</name><trkseg>{points}</trkseg></trk></gpx>')
    report = load(environment, tmp_path / "a.gpx", sortie="G1")
    assert (report.read, report.stored) == (3, 3) and {(k, kind) for k, kind, *_ in flown(environment)} == {("sortie:G1", "drone")}


def test_a_film_can_be_played_as_a_feed(environment, tmp_path):
    with owner_connection(environment.owner_url) as connection:
        number = recording.of_file(connection, film(tmp_path / "a.srt"), ImportOptions(world="exercise", zone="UTC"), tmp_path / "out.ndjson", lambda *_: None)
    lines = (tmp_path / "out.ndjson").read_text().splitlines()
    assert number == len(lines) == 3 and '"drone",2.0,41.0' in lines[0] and flown(environment) == []
