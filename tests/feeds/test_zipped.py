"""Zips of a flight: each file by itself under one sortie, and none of a zip that could do harm."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from feeds import opening_zip
from feeds.imports import ImportOptions, import_files, summary
from feeds.opening import Bad
from tests.feeds.test_frames import frame
from tests.feeds.test_imagery import UTM, colours, raster


def bring(database, path: Path, **options):
    return import_files("imagery", [path], ImportOptions(world="exercise", captured_at="2026-11-20T10:00:00Z", **options), lambda *_: None, owner_url=database.owner_url)


def packed(path: Path, entries: dict[str, bytes], *, change=lambda info: None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, body in entries.items():
            info = zipfile.ZipInfo(name, (2026, 11, 20, 10, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            out.writestr(info, body)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("pictures")
    return [raster(folder / f"{i}.tif", colours() + i, transform=UTM * UTM.translation(200 * i, 0)).read_bytes() for i in range(3)]


def test_each_file_is_its_own_under_one_sortie(environment, tmp_path, pictures):
    path = packed(tmp_path / "Kestrel 12.zip", {"day/": b"", "day/a.tif": pictures[0], "night/a.tif": pictures[1], "notes.txt": b"wind", "__MACOSX/day/._a.tif": b"x", "day/.DS_Store": b"x"})
    reports = bring(environment, path, platform="Matrice")
    assert [(r.file.removeprefix(f"{path}/"), r.stored, bool(r.error)) for r in reports] == [("day/a.tif", 1, False), ("night/a.tif", 1, False), ("notes.txt", 0, True)]
    assert "expected one of .tif" in reports[2].error
    with environment.connect() as connection:
        rows = connection.execute("""SELECT i.name, o.key, o.platform, s.name, s.options ->> 'within' FROM image i JOIN sortie o ON o.id = i.sortie_id JOIN source s ON s.id = i.source_id
                                     ORDER BY i.id""").fetchall()
    assert rows == [("a", "Kestrel 12", "Matrice", "a.tif", "Kestrel 12.zip")] * 2
    again = bring(environment, path, sortie="Kestrel 12")
    assert [r.already for r in again[:2]] == [1, 1]
    assert "Kestrel 12.zip/day/a.tif: 1 read, 0 stored, 1 already there" in summary(again)


def test_a_sortie_that_is_told_comes_before_the_zips_name(environment, tmp_path, pictures):
    bring(environment, packed(tmp_path / "x.zip", {"a.tif": pictures[0]}), sortie="W-7")
    with environment.connect() as connection:
        assert connection.execute("SELECT key FROM sortie").fetchall() == [("W-7",)]


def test_an_orthophoto_without_a_time_is_of_the_middle_of_its_flight(environment, tmp_path, pictures):
    """As programs write them, and first in the zip: its frames tell when, each its own time whatever is told of files that do not say."""
    frames = [frame(tmp_path / f"{n}.jpg", exif={36867: f"2026:11:20 10:0{2 * n}:00", 36881: "+00:00"}, seed=n).read_bytes() for n in range(3)]
    path = packed(tmp_path / "Kestrel 12.zip", {"a_ortho.tif": pictures[0], **{f"f{n}.jpg": body for n, body in enumerate(frames)}})
    for options in ({}, {"captured_at": "2026-11-01T00:00:00Z", "agency": "Alfa"}):
        reports = import_files("imagery", [path], ImportOptions(world="exercise", **options), lambda *_: None, owner_url=environment.owner_url)
        assert [(Path(r.file).name, r.stored, r.error) for r in reports] == [("a_ortho.tif", 1, None), *((f"f{n}.jpg", 1, None) for n in range(3))], "told in the zip's order"
    with environment.connect() as connection:
        rows = connection.execute("SELECT i.name, i.captured_at::text, i.provenance ->> 'captured_at_from' FROM image i LEFT JOIN agency a ON a.id = i.agency_id "
                                  "ORDER BY a.name NULLS FIRST, i.name").fetchall()
    of_frames = [(f"f{n}", f"2026-11-20 10:0{2 * n}:00+00", "EXIF DateTimeOriginal, OffsetTimeOriginal") for n in range(3)]
    assert rows == [("a_ortho", "2026-11-20 10:02:00+00", "the middle of its flight, 2026-11-20 10:00:00 to 2026-11-20 10:04:00 UTC"), *of_frames,
                    ("a_ortho", "2026-11-01 00:00:00+00", "--captured-at"), *of_frames]


def test_of_a_flight_that_nobody_knows_the_time_of_none_is_made_up(environment, tmp_path, pictures):
    path = packed(tmp_path / "Kestrel 12.zip", {"a.tif": pictures[0]})
    [report] = import_files("imagery", [path], ImportOptions(world="exercise"), lambda *_: None, owner_url=environment.owner_url)
    assert "first the frames or the path of its flight" in report.error
    far = [frame(tmp_path / f"{n}.jpg", exif={36867: f"2026:11:{20 + 2 * n} 10:00:00", 36881: "+00:00"}, seed=n).read_bytes() for n in range(2)]
    path = packed(tmp_path / "Kestrel 13.zip", {"a.tif": pictures[0], "f0.jpg": far[0], "f1.jpg": far[1]})
    reports = import_files("imagery", [path], ImportOptions(world="exercise"), lambda *_: None, owner_url=environment.owner_url)
    assert [bool(r.error) for r in reports] == [True, False, False], "two days are no flight"


def link(info: zipfile.ZipInfo) -> None:
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16


def fifo(info: zipfile.ZipInfo) -> None:
    info.create_system, info.external_attr = 3, (stat.S_IFIFO | 0o777) << 16


@pytest.mark.parametrize(("name", "words"), [
    ("../a.tif", "stay within"), ("/etc/a.tif", "stay within"), ("a/../../b.tif", "stay within"), ("a\\..\\b.tif", "stay within"), ("C:a.tif", "stay within"), ("./a.tif", "stay within"),
    ("a//b.tif", "stay within"), ("inner.zip", "no zip within"), ("x" * 201, "names of at most"), ("a\x1b[31m.tif", "names of at most"),
])
def test_hostile_names_refuse_the_whole(environment, tmp_path, pictures, name, words):
    [report] = bring(environment, packed(tmp_path / "a.zip", {"good.tif": pictures[0], name: b"x"}))
    assert words in report.error and report.stored == 0
    with environment.connect() as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM image), (SELECT count(*) FROM sortie), (SELECT count(*) FROM source)").fetchone() == (0, 0, 0)


@pytest.mark.parametrize(("change", "words"), [(link, "no links"), (fifo, "no links"), (lambda i: setattr(i, "flag_bits", i.flag_bits | 1), "encrypted")])
def test_links_and_what_is_encrypted(environment, tmp_path, pictures, change, words):
    path = packed(tmp_path / "a.zip", {"a.tif": pictures[0]}, change=change)
    if words == "encrypted":  # the library that packs clears the flag
        body = bytearray(path.read_bytes())
        body[body.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(body)
    [report] = bring(environment, path)
    assert words in report.error


def test_a_bomb_is_stopped_as_it_is_inflated(environment, tmp_path, monkeypatch):
    path = packed(tmp_path / "a.zip", {"a.tif": b"\0" * 150_000_000})
    assert path.stat().st_size < 200_000
    [report] = bring(environment, path)
    assert "unpack to at most 100 MB" in report.error


def test_what_an_entry_says_of_its_size_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(opening_zip, "RATIO_FROM", 1000)
    monkeypatch.chdir(tmp_path)
    body = bytearray(packed(tmp_path / "a.zip", {"a.tif": b"\0" * 5_000_000}).read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        i = body.index(mark)
        body[i + at:i + at + 4] = (10).to_bytes(4, "little")
    (tmp_path / "b.zip").write_bytes(body)
    with pytest.raises(Bad):
        opening_zip.unpack("b.zip")


@pytest.mark.parametrize("make", [
    lambda: b"PK\x03\x04 no zip", lambda: b"\0" * 100, lambda: io.BytesIO(b"").getvalue() or b"PK\x05\x06" + b"\0" * 18,
], ids=["torn", "zeros", "empty"])
def test_what_is_no_zip(environment, tmp_path, make):
    (tmp_path / "a.zip").write_bytes(make())
    [report] = bring(environment, tmp_path / "a.zip")
    assert "a zip" in report.error


def test_a_torn_zip_stores_nothing(environment, tmp_path, pictures):
    whole = packed(tmp_path / "a.zip", {"a.tif": pictures[0], "b.tif": pictures[1]}).read_bytes()
    for size in (len(whole) // 3, len(whole) - 30):
        (tmp_path / "b.zip").write_bytes(whole[:size])
        [report] = bring(environment, tmp_path / "b.zip")
        assert report.error
    marred = bytearray(whole)
    marred[200:300] = b"\xff" * 100
    (tmp_path / "c.zip").write_bytes(marred)
    [report] = bring(environment, tmp_path / "c.zip")
    assert report.error
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM image").fetchone() == (0,)
