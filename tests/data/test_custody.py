"""Custody of imagery: any byte that changed, any file that is gone or that nobody knows, is found; and that somebody looked is on record."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from typer.testing import CliRunner

import cli
from data import custody
from data.sessions import owner_connection
from feeds.imports import ImportOptions, import_files
from settings import store
from tests.feeds.test_imagery import colours, raster


@pytest.fixture
def two(environment, tmp_path):
    """Two images, one of a sortie."""
    for name, told in (("a.tif", {"sortie": "S1"}), ("b.tif", {})):
        data = colours()
        data[0, 0, 0] = len(name) + ord(name[0])
        (report,) = import_files("imagery", [raster(tmp_path / name, data)], ImportOptions(captured_at="2026-11-20T10:00:00Z", **told), lambda *_: None,
                                 owner_url=environment.owner_url)
        assert report.error is None
    return environment


def check(environment, sortie: str | None = None) -> custody.Verified:
    with owner_connection(environment.owner_url) as connection:
        return custody.verify(connection, lambda *_: None, sortie)


def rows(environment, sql: str) -> list[tuple]:
    with environment.connect() as connection:
        return connection.execute(sql).fetchall()


def flip(path) -> None:
    path.chmod(0o644)
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def test_provenance_names_inputs_tools_and_what_was_made(two, tmp_path):
    for name, cog, sha256, told in rows(two, "SELECT name, cog, sha256, provenance FROM image"):
        assert told["inputs"] == [{"name": f"{name}.tif", "sha256": sha256}] and sha256 == hashlib.sha256((tmp_path / f"{name}.tif").read_bytes()).hexdigest()
        assert told["served_sha256"] == hashlib.sha256((store().imagery / cog).read_bytes()).hexdigest()
        assert {"vigia", "GDAL", "rasterio", "rio-cogeo"} <= set(told["tools"]) and told["parameters"]["bands"] == [1, 2, 3] and told["made_at"]
        assert (store().imagery / cog).stat().st_mode & 0o222 == 0


def test_one_original_of_two_worlds_shares_what_is_the_same_to_the_byte(two, tmp_path):
    def brought(world: str, agency: str) -> str:
        options = ImportOptions(captured_at="2026-11-20T10:00:00Z", world=world, agency=agency)
        (report,) = import_files("imagery", [tmp_path / "a.tif"], options, lambda *_: None, owner_url=two.owner_url)
        assert report.error is None
        return rows(two, "SELECT cog FROM image ORDER BY id DESC LIMIT 1")[0][0]

    ((first,),) = rows(two, "SELECT cog FROM image WHERE name = 'a'")
    assert brought("exercise", "Alfa") == first
    flip(store().imagery / first)  # as if another release of a library had made it
    assert brought("live", "Bravo") == f"{first}2" and (store().imagery / f"{first}2").exists()
    assert [(f.what, f.file) for f in check(two).findings] == [("changed", f"imagery/{first}")] * 2


def test_all_is_as_it_was(two):
    done = check(two)
    assert (done.images, done.files, done.sealed, done.findings) == (2, 4, 0, [])
    assert done.bytes == sum(p.stat().st_size for folder in (store().imagery, store().originals) for p in folder.iterdir())


def test_every_wrong_file_is_found_and_it_is_on_record(two):
    (a_cog, a_original), (_, b_original) = rows(two, "SELECT cog, original FROM image ORDER BY name")
    flip(store().imagery / a_cog)
    flip(store().originals / a_original)
    (store().originals / b_original).unlink()
    (store().imagery / "left.tif").write_bytes(b"x")
    (store().originals / f"{'0' * 64}.tif").write_bytes(b"x")
    (store().imagery / f".{a_cog}.99.part").write_bytes(b"half")
    done = check(two)
    assert sorted((f.what, f.file) for f in done.findings) == sorted([
        ("changed", f"imagery/{a_cog}"), ("changed", f"originals/{a_original}"), ("missing", f"originals/{b_original}"), ("stray", "imagery/left.tif"),
        ("stray", f"originals/{'0' * 64}.tif"), ("stray", f"imagery/.{a_cog}.99.part")])
    entry = json.loads(rows(two, "SELECT entry FROM audit.entry ORDER BY seq DESC LIMIT 1")[0][0])
    assert (entry["what"], entry["of"], entry["changed"], entry["missing"], entry["stray"]) == ("check", "imagery", 2, 1, 3)
    assert f"changed imagery/{a_cog}" in entry["found"]


def test_one_sortie_alone(two):
    (cog,), = rows(two, "SELECT cog FROM image WHERE sortie_id IS NULL")
    flip(store().imagery / cog)
    (store().imagery / "left.tif").write_bytes(b"x")
    done = check(two, "S1")
    assert (done.images, done.findings) == (1, [])
    with pytest.raises(custody.NotFound):
        check(two, "S9")


def test_what_was_imported_before_is_sealed_once(two):
    with two.connect() as connection:
        connection.execute("UPDATE image SET provenance = provenance - 'served_sha256' WHERE name = 'a'")
        connection.commit()
    assert (check(two).sealed, check(two).sealed) == (1, 0)
    cog, told = rows(two, "SELECT cog, provenance FROM image WHERE name = 'a'")[0]
    assert told["served_sha256_from"] == "verify" and told["inputs"]
    flip(store().imagery / cog)
    assert [f.what for f in check(two).findings] == ["changed"]


def test_files_are_read_piece_by_piece(two, monkeypatch):
    sizes = []
    real = open

    class Pieces:
        def __init__(self, path, mode):
            self._file = real(path, mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def read(self, size=-1):
            sizes.append(size)
            return self._file.read(size)

    monkeypatch.setattr(custody, "open", Pieces, raising=False)
    assert check(two).findings == [] and set(sizes) == {custody.CHUNK_BYTES}


def test_the_command_says_so(two):
    run = CliRunner()
    well = run.invoke(cli.cli, ["imagery", "verify", "--json"])
    assert well.exit_code == 0 and json.loads(well.stdout)["findings"] == []
    (cog,), *_ = rows(two, "SELECT cog FROM image ORDER BY name")
    flip(store().imagery / cog)
    bad = run.invoke(cli.cli, ["imagery", "verify", "--sortie", "S1"])
    assert bad.exit_code == 1 and f"changed: imagery/{cog} of image" in bad.stdout and "1 findings" in bad.stdout
