"""A watched folder: what stands still is imported and put away, once, whatever happens in between; links lead nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from errors import SettingsInvalid
from feeds import watched
from feeds.imports import ImportOptions
from feeds.watched import Watcher, alone
from settings import store
from tests.feeds.test_frames import frame
from tests.feeds.test_imagery import colours, raster
from tests.feeds.test_zipped import packed

OPTIONS = ImportOptions(world="exercise", captured_at="2026-11-20T10:00:00Z")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "share"
    made.mkdir()
    return made


@pytest.fixture
def watching(environment, folder):
    """`look(seconds_later)`: what the watcher did then; the folder's paths."""
    clock = Clock()
    held = {}

    def look(later: float = 10, **how):
        clock.now += later
        if how or "watcher" not in held:
            held["watcher"] = Watcher(folder, how.pop("options", OPTIONS), owner_url=environment.owner_url, still_s=10, clock=clock, **how)
        return held["watcher"].look(lambda *_: None)

    return look


def there(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def images(database) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute("SELECT i.name, o.key, s.options ->> 'by' FROM image i LEFT JOIN sortie o ON o.id = i.sortie_id JOIN source s ON s.id = i.source_id ORDER BY 1").fetchall()


def test_what_stands_still_is_taken(environment, folder, watching):
    raster(folder / "a.tif", colours())
    (folder / "b.tif").write_bytes(b"no raster")
    (folder / ".hidden.tif").write_bytes(b"x")
    (folder / "empty.tif").write_bytes(b"")
    assert watching() == [] and watching(9) == []
    reports = watching(1)
    assert [(Path(r.file).name, r.stored, bool(r.error)) for r in reports] == [("a.tif", 1, False), ("b.tif", 0, True)]
    assert there(folder) == [".hidden.tif", "done/a.tif", "empty.tif", "refused/b.tif", "refused/b.tif.txt"]
    assert "expected a GeoTIFF; nothing of this file is stored" in (folder / "refused/b.tif.txt").read_text()
    assert images(environment) == [("a", None, "watched folder")]
    assert not list(store().home.glob("watched-*")), "nothing of ours is left"
    assert watching(100) == [] and watching(100) == []


def test_what_is_still_being_copied_is_waited_for(environment, folder, watching):
    body = raster(folder.parent / "a.tif", colours()).read_bytes()
    for size in range(10_000, len(body), 10_000):
        (folder / "a.tif").write_bytes(body[:size])
        assert watching(9.9) == []
    (folder / "a.tif").write_bytes(body)
    assert watching() == []
    assert [r.stored for r in watching()] == [1]


def test_what_somebody_has_open_to_write_is_waited_for_however_still_it_stands(environment, folder, watching):
    """A copy that stalls: half of the file is there, and nothing changes for a day."""
    if watched.system_of(folder.stat().st_dev) not in watched.LEASED:
        pytest.skip("the file system of this folder does not say who writes")
    body = raster(folder.parent / "a.tif", colours()).read_bytes()
    with open(folder / "a.tif", "wb") as copying:
        copying.write(body[: len(body) // 2])
        copying.flush()
        assert watching() == [] and watching(100) == [] and watching(86_400) == []
        assert there(folder) == ["a.tif"]
        copying.write(body[len(body) // 2:])
    assert watching() == []
    assert [(r.stored, r.error) for r in watching()] == [(1, None)]
    assert there(folder) == ["done/a.tif"]


def test_killed_between_storing_and_moving_nothing_is_doubled(environment, folder, watching, monkeypatch):
    raster(folder / "a.tif", colours())
    watching()
    with monkeypatch.context() as patch:
        patch.setattr(watched, "_put_away", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            watching()
    assert there(folder) == ["a.tif"] and len(images(environment)) == 1
    watching(sortie_from_folder=False)  # another watcher begins
    assert [r.already for r in watching()] == [1]
    assert there(folder) == ["done/a.tif"] and len(images(environment)) == 1


def test_links_are_not_followed(environment, folder, watching):
    outside = raster(folder.parent / "outside.tif", colours())
    (folder / "a.tif").symlink_to(outside)
    (folder / "day").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe.tif")
    watching(sortie_from_folder=True)
    assert watching() == [] and watching() == []
    assert outside.exists() and images(environment) == []


def test_a_file_that_becomes_a_link_when_it_is_looked_at_is_not_read(environment, folder, watching, monkeypatch):
    raster(folder / "a.tif", colours())
    outside = raster(folder.parent / "outside.tif", colours())
    watching()
    plain = Watcher._plain

    def swapped(entries):
        for path, told in list(plain(entries)):
            path.unlink()
            path.symlink_to(outside)
            yield path, told

    monkeypatch.setattr(Watcher, "_plain", staticmethod(swapped))
    assert watching() == [] and images(environment) == []


def test_folders_name_sorties(environment, folder, watching):
    for name in ("Kestrel 3", "Kestrel 4", "done"):
        (folder / name).mkdir()
    raster(folder / "Kestrel 3" / "a.tif", colours())
    raster(folder / "Kestrel 4" / "a.tif", colours() + 1)
    raster(folder / "done" / "old.tif", colours() + 2)
    watching(sortie_from_folder=True)
    watching()
    assert there(folder) == ["done/Kestrel 3/a.tif", "done/Kestrel 4/a.tif", "done/old.tif"]
    assert [key for _, key, _ in images(environment)] == ["Kestrel 3", "Kestrel 4"]


def test_an_orthophoto_waits_for_the_frames_that_tell_its_time(environment, folder, watching):
    """It stands still first, while frames of its flight still come."""
    day = folder / "Kestrel 3"
    day.mkdir()
    raster(day / "a_ortho.tif", colours())
    (day / "notes.txt").write_text("wind")
    watching(0, sortie_from_folder=True, options=ImportOptions(world="exercise"))
    body = frame(folder.parent / "f.jpg", exif={36881: "+00:00"}).read_bytes()
    (day / "f.jpg").write_bytes(body[:1000])
    assert [r.file for r in watching(10) if r.stored] == []
    (day / "f.jpg").write_bytes(body)
    assert watching(5) == []
    assert [(Path(r.file).name, r.stored, r.error) for r in watching(10)] == [("f.jpg", 1, None), ("a_ortho.tif", 1, None)]
    with environment.connect() as connection:
        assert {at for (at,) in connection.execute("SELECT captured_at::text FROM image")} == {"2026-11-20 10:00:00+00"}


def test_a_zip_and_a_name_that_is_taken(environment, folder, watching):
    body = raster(folder.parent / "a.tif", colours()).read_bytes()
    (folder / "done").mkdir()
    (folder / "done" / "day.zip").write_bytes(b"of yesterday")
    packed(folder / "day.zip", {"a.tif": body})
    watching()
    assert [r.stored for r in watching()] == [1]
    assert there(folder) == ["done/day-2.zip", "done/day.zip"] and images(environment)[0][:2] == ("a", "day")


def test_one_watcher_a_folder(folder):
    with alone(folder), pytest.raises(SettingsInvalid, match="watched by another process"), alone(folder):
        raise AssertionError("two watch it")
    with pytest.raises(SettingsInvalid, match="expected a folder"):
        Watcher(folder / "nowhere", OPTIONS, owner_url="", still_s=1)
