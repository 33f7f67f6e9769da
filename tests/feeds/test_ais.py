"""AIS logs: made with pyais, told every way receivers tell them."""

from __future__ import annotations

from pathlib import Path

import pyais
import pytest

from feeds.imports import ImportOptions, import_files

T0 = 1_795_000_000


def position(mmsi: int = 799000001, lat: float = 26.0, lon: float = -97.0, speed: float = 8.2, course: float = 90.0, **more) -> list[str]:
    return pyais.encode_dict({"msg_type": 1, "mmsi": mmsi, "lat": lat, "lon": lon, "speed": speed, "course": course, **more}, talker_id="AI")


def static(mmsi: int = 799000001, name: str = "MARISMA AZUL") -> list[str]:
    return pyais.encode_dict({"msg_type": 5, "mmsi": mmsi, "shipname": name, "callsign": "EX1", "imo": 9000001}, talker_id="AI")


def tag(epoch: int, sentence: str) -> str:
    body = f"s:EX,c:{epoch}"
    check = 0
    for byte in body.encode():
        check ^= byte
    return f"\\{body}*{check:02X}\\{sentence}"


def load(database, path: Path, **options):
    (report,) = import_files("tracks", [path], ImportOptions(world="exercise", **options), lambda *_: None, owner_url=database.owner_url)
    return report


def write(tmp_path: Path, *lines: str, name: str = "log.nmea") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("line", [
    lambda s: tag(T0, s), lambda s: tag(T0 * 1000, s), lambda s: f"{T0},{s}", lambda s: f"{s},{T0}", lambda s: f"2026-11-18T11:06:40Z {s}",
    lambda s: f"2026-11-18 13:06:40+02:00\t{s}", lambda s: f"{T0}.000 {s}",
], ids=["tag", "tag ms", "before", "after", "iso", "iso zone", "fraction"])
def test_every_way_of_telling_time(environment, tmp_path, line):
    report = load(environment, write(tmp_path, line(position()[0])))
    assert (report.read, report.stored, report.refused, report.error) == (1, 1, 0, None)
    with environment.connect() as connection:
        assert connection.execute("SELECT extract(epoch FROM observed_at)::bigint FROM fix").fetchone() == (T0,)


def test_a_log_without_any_time_needs_a_day(environment, tmp_path):
    path = write(tmp_path, position(second=40)[0], position(second=55, lon=-97.1)[0], position(second=5, lon=-97.2)[0])
    report = load(environment, path)
    assert "line 1" in report.error and "--date" in report.error
    report = load(environment, path, date="2026-11-18")
    assert report.stored == 3
    with environment.connect() as connection:
        times = [r[0] for r in connection.execute("SELECT to_char(observed_at, 'HH24:MI:SS') FROM fix ORDER BY observed_at")]
    assert times == ["00:00:40", "00:00:55", "00:01:05"]


def test_names_come_with_static_messages_also_late(environment, tmp_path):
    lines = [tag(T0, position()[0]), *(tag(T0 + 1, s) for s in static())]
    report = load(environment, write(tmp_path, *lines))
    assert report.read == 1 and "1 names" in report.note
    with environment.connect() as connection:
        assert connection.execute("SELECT key, kind, name, identifiers->>'imo' FROM track").fetchone() == (
            "mmsi:799000001", "vessel", "MARISMA AZUL", "9000001")


def test_parts_of_two_messages_mixed_are_put_together(environment, tmp_path):
    a, b = static(799000001, "FIRST"), static(799000002, "SECOND")
    b = [line.replace(",0,A,", ",7,A,").replace(",,A,", ",7,A,") for line in b]
    b = [f"{line[:line.rindex('*')]}*{checksum(line):02X}" for line in b]
    lines = [tag(T0, position(799000001)[0]), tag(T0, position(799000002, lon=-96.0)[0]), tag(T0, a[0]), tag(T0, b[0]), tag(T0, a[1]), tag(T0, b[1])]
    load(environment, write(tmp_path, *lines))
    with environment.connect() as connection:
        assert {r[0] for r in connection.execute("SELECT name FROM track")} == {"FIRST", "SECOND"}


def checksum(sentence: str) -> int:
    check = 0
    for byte in sentence[1:sentence.rindex("*")].encode():
        check ^= byte
    return check


def test_what_a_message_does_not_know_stays_unknown(environment, tmp_path):
    report = load(environment, write(tmp_path, tag(T0, position(speed=102.3, course=360.0, heading=511)[0]), tag(T0 + 9, position(lat=91.0, lon=181.0)[0])))
    assert (report.read, report.stored) == (1, 1) and "without a position" in report.note
    with environment.connect() as connection:
        assert connection.execute("SELECT speed_mps, course_deg, heading_deg FROM fix").fetchall() == [(None, None, None)]


@pytest.mark.parametrize(("line", "field"), [
    (tag(T0, position()[0])[:-2] + "00", "checksum"), ("!AIVDM,1,1,,A,15Di=40", "sentence"), ("!AIVDM," + "x" * 2000, "line"),
    (tag(T0, "!AIVDM,1,1,,A,1,0*" + f"{checksum('!AIVDM,1,1,,A,1,0*00'):02X}"), "payload"),
])
def test_a_broken_sentence_refuses_the_file_and_names_its_line(environment, tmp_path, line: str, field: str):
    path = write(tmp_path, tag(T0, position()[0]), line)
    report = load(environment, path)
    assert "line 2" in report.error and field in report.error
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM fix").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM source").fetchone() == (0,)
    report = load(environment, path, keep_good=True)
    assert (report.read, report.stored, report.refused) == (2, 1, 1)
    assert Path(report.rejects).read_text().count("\n") == 2


def test_two_overlapping_logs_store_each_report_once(environment, tmp_path):
    lines = [tag(T0 + i * 10, position(lon=-97 - i / 100)[0]) for i in range(20)]
    first = load(environment, write(tmp_path, *lines[:12], name="a.nmea"))
    second = load(environment, write(tmp_path, *lines[8:], name="b.nmea"))
    assert (first.stored, second.stored, second.already) == (12, 8, 4)


def test_noise_is_refused_and_nothing_breaks(environment, tmp_path):
    path = tmp_path / "noise.nmea"
    import random

    rng = random.Random(1)
    noise = bytes(rng.randrange(256) for _ in range(20_000))
    path.write_bytes(tag(T0, position()[0]).encode() + b"\n" + noise + b"\n!AIVDM,9,9\n")
    report = load(environment, path, keep_good=True)
    assert report.stored == 1 and report.read == report.stored + report.already + report.refused
