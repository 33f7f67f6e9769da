"""The stamp of what the last start made ready."""

from __future__ import annotations

from data import prepared
from install import aside, up


def test_the_stamp_is_another_as_soon_as_the_basemap_or_the_wish_is(tmp_path):
    first = prepared.stamp(tmp_path, exercise=True)
    assert first == prepared.stamp(tmp_path, exercise=True)
    assert first != prepared.stamp(tmp_path, exercise=False)
    (tmp_path / "land.pmtiles").write_bytes(b"1")
    second = prepared.stamp(tmp_path, exercise=True)
    (tmp_path / "land.pmtiles").write_bytes(b"22")
    assert len({first, second, prepared.stamp(tmp_path, exercise=True)}) == 3


def test_a_start_that_finds_its_stamp_prepares_nothing(environment, monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(aside, "run", lambda where, *_, **__: ran.append(where) or [])
    monkeypatch.setattr(up, "_load_app", lambda: None)

    def start(exercise: bool = True) -> None:
        up.prepare_data(environment.owner_url, lambda *_: None, own=False, exercise=exercise)

    assert prepared.held(environment.owner_url) is None
    start()
    assert len(ran) == 1
    prepared.keep(environment.owner_url, prepared.stamp(tmp_path / "home/basemap", exercise=True))
    start()
    assert len(ran) == 1
    start(exercise=False)
    assert len(ran) == 2
