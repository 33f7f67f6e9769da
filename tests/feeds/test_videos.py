"""Films with metadata in a transport stream: made here, opened in the real worker, kept as looks over time and an MP4 that plays."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

from data.custody import sha256_of
from feeds.imports import ImportOptions, import_files
from settings import store
from tests.feeds.films import LAT, LON, film


def load(database, path: Path, **options):
    (report,) = import_files("imagery", [path], ImportOptions(world="exercise", **options), lambda *_: None, owner_url=database.owner_url)
    return report


def ask(database, query: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def test_a_film_becomes_looks_a_path_and_an_mp4(environment, tmp_path):
    report = load(environment, film(tmp_path / "flight.ts"), sortie="S7")
    assert (report.read, report.stored, report.error, report.note) == (13, 13, None, "12 looks")
    ((name, started, ended, codec, served, klv),) = ask(environment, "SELECT name, started_at::text, ended_at::text, codec, served, provenance -> 'klv' FROM video")
    assert (name, started, ended, codec) == ("flight", "2026-11-20 10:00:00+00", "2026-11-20 10:00:06+00", "h264")
    assert klv == {"read": 60, "good": 60, "bad_length": 0, "bad_checksum": 0, "bad_content": 0}
    looks = ask(environment, "SELECT extract(epoch FROM at - '2026-11-20T10:00:00Z')::float, ST_X(sensor), ST_Y(sensor), sensor_altitude_m, ST_X(centre), ST_NPoints(footprint), "
                             "footprint_from FROM video_look ORDER BY at")
    assert [round(t, 3) for t, *_ in looks] == [n / 2 for n in range(12)]
    for t, lon, lat, altitude, centre, corners, said in looks:
        assert (lon, lat, centre) == pytest.approx((LON, LAT + t * 1e-4, LON + 0.01), abs=1e-6) and altitude == pytest.approx(500, abs=0.3) and (corners, said) == (5, "told")
    assert ask(environment, "SELECT t.key, t.kind, count(*), s.started_at IS NOT NULL FROM sortie s JOIN track t ON t.id = s.track_id JOIN fix f ON f.track_id = t.id "
                            "GROUP BY 1, 2, 4") == [("sortie:S7", "drone", 12, True)]
    with av.open(str(store().imagery / served)) as made:
        assert made.streams.video[0].codec_context.name == "h264" and len(list(made.decode(video=0))) == 60
    head = (store().imagery / served).read_bytes()
    assert head.index(b"moov") < head.index(b"mdat"), "it can begin to play before it is here"
    ((preview, sha256),) = ask(environment, "SELECT provenance ->> 'preview', provenance ->> 'preview_sha256' FROM video")
    with Image.open(store().imagery / preview) as still:
        assert still.format == "WEBP" and max(still.size) <= 512 and still.convert("L").getextrema()[1] > 0
    assert sha256_of(store().imagery / preview) == sha256
    again = load(environment, tmp_path / "flight.ts", sortie="S7")
    assert (again.read, again.already) == (1, 1)


def test_what_browsers_do_not_play_is_encoded_anew(environment, tmp_path):
    report = load(environment, film(tmp_path / "a.ts", 2, codec="mpeg2video"))
    ((served, codec),) = ask(environment, "SELECT served, codec FROM video")
    assert "encoded anew: mpeg2video" in report.note and codec == "mpeg2video"
    with av.open(str(store().imagery / served)) as made:
        assert made.streams.video[0].codec_context.name == "h264" and 18 <= len(list(made.decode(video=0))) <= 20


def test_bad_packets_are_counted_and_left_out(environment, tmp_path):
    def spoil(n: int, made: bytes) -> bytes | None:
        return made[:50] + bytes((made[50] ^ 255,)) + made[51:] if n % 10 == 3 else made[:16] + b"\x84\xff\xff\xff\xff" + made[17:] if n % 10 == 7 else made

    report = load(environment, film(tmp_path / "a.ts", spoil=spoil))
    assert "48 of 60 KLV packets good; left out: 6 with a bad length, 6 with a bad checksum" in report.note
    assert ask(environment, "SELECT provenance -> 'klv' ->> 'bad_checksum', provenance -> 'klv' ->> 'bad_length' FROM video") == [("6", "6")]


def test_a_film_that_is_cut_is_kept_as_far_as_it_goes(environment, tmp_path):
    whole = film(tmp_path / "a.ts").read_bytes()
    (tmp_path / "a.ts").write_bytes(whole[: len(whole) // 2 - 77])
    assert load(environment, tmp_path / "a.ts").stored > 1
    ((duration, looks),) = ask(environment, "SELECT duration_s, (SELECT count(*) FROM video_look) FROM video")
    assert 1 < duration < 5 and 2 <= looks < 12


def test_without_metadata_a_time_is_asked_for(environment, tmp_path):
    path = film(tmp_path / "a.mp4", 1, klv=False)
    assert "when it was taken" in load(environment, path).error
    report = load(environment, path, captured_at="2026-11-20T10:00:00Z")
    assert report.stored == 1 and "no metadata" in report.note
    assert ask(environment, "SELECT extent IS NULL, track_id IS NULL, started_at::text FROM video") == [(True, True, "2026-11-20 10:00:00+00")]


def test_what_is_no_film_is_refused_and_nothing_kept(environment, tmp_path):
    whole = film(tmp_path / "good.ts", 1).read_bytes()
    for name, made, expected in (("text.ts", b"no film " * 100, "an MPEG transport stream"), ("zeros.ts", (b"\x47" + bytes(187)) * 50, "a film"),
                                 ("klv.mp4", b"\0\0\0\x18ftypisom" + bytes(200), "a film"), ("head.ts", whole[:188 * 3], "a film")):
        (tmp_path / name).write_bytes(made)
        report = load(environment, tmp_path / name, captured_at="2026-11-20T10:00:00Z")
        assert report.error and expected in report.error, (name, report.error)
    assert ask(environment, "SELECT (SELECT count(*) FROM video), (SELECT count(*) FROM fix)") == [(0, 0)]
    assert not store().imagery.exists() or not list(store().imagery.iterdir())
