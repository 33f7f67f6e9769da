"""Rasters that mean harm: each is refused in plain words by a worker that may die, nothing of it is kept, and whoever asked lives on."""

from __future__ import annotations

import errno
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cli
from errors import FileRefused
from feeds import mutating, worker
from settings import store
from tests.feeds.rasters import geotiff, mbtiles, picture


def tiff(path: Path, entries: list[tuple[int, int, int, int]], after: bytes = b"") -> Path:
    """A classic TIFF of one directory; `after` lies behind it."""
    body = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(entries) & 0xFFFF) + b"".join(struct.pack("<HHII", *e) for e in entries) + struct.pack("<I", 0)
    path.write_bytes(body + after)
    return path


def sparse(path: Path) -> Path:
    """500,000 × 500,000 pixels, not one of them there."""
    side = 500_000
    return tiff(path, [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1), (322, 4, 1, 512), (323, 4, 1, 512),
                       (324, 4, 1, 0), (325, 4, 1, 0)])


def tags(path: Path) -> Path:
    return tiff(path, [(256, 4, 1, 64), (257, 4, 1, 64), *((600 + n % 60_000, 4, 1, n) for n in range(60_000))])


def endless(path: Path) -> Path:
    """A directory whose next one is itself."""
    body = bytearray(geotiff(path, np.full((1, 64, 64), 9, "uint8")).read_bytes())
    start = int.from_bytes(body[4:8], "little")
    at = start + 2 + 12 * int.from_bytes(body[start:start + 2], "little")
    body[at:at + 4] = start.to_bytes(4, "little")
    path.write_bytes(body)
    return path


def named(body: bytes):
    return lambda path: path.write_bytes(body) and path


@pytest.mark.parametrize(("make", "words"), [
    (sparse, "at most 4,000,000,000 pixels"), (tags, "GeoTIFF that can be read"), (named(b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"), "a GeoTIFF"),
    (named(b"\x89PNG\r\n\x1a\n" + bytes(200)), "a GeoTIFF"), (named(b"<OGRVRTDataSource/>"), "a GeoTIFF"), (named(b"MM\x00+\x00\x08\x00\x00" + b"\xff" * 64), "can be read"),
    (named(b"II*\x00\x08\x00\x00\x00"), "can be read"), (lambda p: tiff(p, [(256, 4, 1, 0), (257, 4, 1, 0)]), "can be read"),
    (lambda p: named(mbtiles(p.with_suffix(".mbtiles"), {(3, 1, 1): picture(9)}).read_bytes())(p), "a GeoTIFF"),
], ids=["sparse", "60,000 tags", "svg", "png", "ogr vrt", "big and broken", "cut off", "no pixel", "an archive"])
def test_it_is_refused_in_plain_words(tmp_path, make, words):
    path = make(tmp_path / "a.tif")
    with worker.workroom(path) as (folder, copy), pytest.raises(FileRefused) as caught:
        worker.run("imagery.inspect", {"input": copy.name}, name=path.name, folder=folder)
    assert words in str(caught.value) and "a.tif" in str(caught.value) and "/etc" not in str(caught.value.refusal.expected)


def test_a_directory_that_never_ends_ends(tmp_path):
    path = endless(tmp_path / "a.tif")
    with worker.workroom(path) as (folder, copy):
        told = worker.run("imagery.inspect", {"input": copy.name}, name=path.name, folder=folder)
    assert told["width"] == 64


@pytest.fixture
def small(tmp_path):
    """A folder with a disk of its own, of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def noisy(path: Path) -> Path:
    return geotiff(path, np.random.default_rng(0).integers(1, 255, (1, 1000, 1000)).astype("uint16"), compress="deflate")


def test_a_full_disk_in_the_worker_is_said_as_that(tmp_path, small, monkeypatch):
    path = noisy(tmp_path / "a.tif")
    monkeypatch.setattr("tempfile.tempdir", str(small))
    with worker.workroom(path) as (folder, copy):
        told = worker.run("imagery.inspect", {"input": copy.name}, name=path.name, folder=folder)
        with pytest.raises(OSError) as caught:
            worker.run("imagery.to_cog", {"input": copy.name, "told": told}, name=path.name, folder=folder)
    assert caught.value.errno == errno.ENOSPC and list(small.iterdir()) == []


@pytest.mark.parametrize("full", ["imagery", "originals", "worker"])
def test_a_full_disk_keeps_nothing_half(environment, tmp_path, small, monkeypatch, capsys, full):
    path = noisy(tmp_path / "a.tif")
    if full == "worker":
        monkeypatch.setattr("tempfile.tempdir", str(small))
    else:
        store().home.mkdir(exist_ok=True, parents=True)
        (store().home / full).symlink_to(small)
        (small / "taken").write_bytes(bytes(3 << 20))
    monkeypatch.setattr(sys, "argv", ["vigia", "import", "imagery", str(path), "--world", "exercise", "--captured-at", "2026-11-20T10:00:00Z"])
    assert cli.main() == 1
    told = capsys.readouterr()
    where, size_mb, free_mb = re.search(r"vigia: no room left on the disk of (\S+): a\.tif has (\d\.\d) MB, .*; (\d\.\d) MB are free there\. Nothing of it is kept: make room", told.err).groups()
    assert told.out == "" and float(size_mb) == round(path.stat().st_size / 1e6, 1)
    assert where in (str(small), str(store().home / full)) and float(free_mb) == pytest.approx((4 if full == "worker" else 1) * 1.048576, abs=0.1)
    with environment.connect() as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM image) + (SELECT count(*) FROM source)").fetchone() == (0,)
    assert [p.name for folder in (store().imagery, store().originals) if folder.exists() for p in folder.iterdir() if p.name != "taken"] == []


def test_400_mutated_rasters_crash_nobody_and_none_is_a_surprise():
    """What GDAL makes of them is made or refused; whatever ends a process ends its own alone."""
    became = mutating.opened(list(mutating.mutated(400, 7)))
    assert len(became) == 400 and any(b == "made" for b in became)
    assert sum(b.startswith("refused: ") for b in became) > 200
    assert [b for b in became if not b.startswith(("made", "refused: ", "signal "))] == []


def test_the_files_that_are_mutated_are_good_ones():
    became = mutating.opened(mutating.seeds())
    assert became.count("made") >= 9, became


def test_each_is_opened_by_itself():
    good = mutating.seeds()[0]
    became = mutating.opened([good, b"II*\x00" + b"\xff" * 50, good])
    assert [b.split(":")[0] for b in became] == ["made", "refused", "made"]


@pytest.mark.parametrize("seed, number", [(20262126, 95), (20262626, 225), (20264126, 433)], ids=["a tag of no type", "an outline that is no shape", "text that is none"])
def test_what_a_library_raises_in_its_own_way_is_a_refusal_too(seed, number):
    """Found by `bench fuzz-imagery`: GDAL's errors bare, a shape's, a text's."""
    [told] = mutating.opened([list(mutating.mutated(number + 1, seed))[-1]])
    assert told.startswith("refused: "), told
