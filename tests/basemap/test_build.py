"""Building: a part that fails is one clear line and a plainer map; what is built is kept until its data change."""

from __future__ import annotations

import json

import pytest

from basemap import build as building
from basemap.build import build


def quick(*names: str) -> tuple:
    return tuple(step for step in building.STEPS if step[0] in names)


@pytest.fixture
def told() -> list[tuple]:
    return []


def test_a_missing_package_leaves_a_plainer_map(tmp_path, monkeypatch, told):
    monkeypatch.setattr(building, "STEPS", quick("names", "places", "graticule"))
    monkeypatch.setattr(building, "MODULES", tmp_path / "gone")
    out = tmp_path / "basemap"
    failed = build(out, lambda *t: told.append(t))
    assert [line.split(":")[0] for line in failed] == ["the basemap has no names", "the basemap has no places"]
    assert all("\n" not in line and "gone" in line for line in failed)
    parts = json.loads((out / "parts.json").read_text())
    assert list(parts["layers"]) == ["graticule"] and (out / parts["layers"]["graticule"][0]["file"]).stat().st_size > 1000
    assert parts["failed"] == failed and parts["attribution"] == []
    shares = [done / total for _, done, total in told]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)


def test_what_failed_is_tried_again_once_its_package_is_there(tmp_path, monkeypatch, told):
    monkeypatch.setattr(building, "STEPS", quick("names", "graticule"))
    monkeypatch.setattr(building, "MODULES", tmp_path / "gone")
    out = tmp_path / "basemap"
    failed = build(out, lambda *t: None)
    assert len(failed) == 1
    assert build(out, lambda *t: told.append(t)) == failed and told == []  # not while nothing changed
    monkeypatch.undo()
    monkeypatch.setattr(building, "STEPS", quick("names", "graticule"))
    assert build(out, lambda *t: told.append(t)) == [] and told
    assert set(json.loads((out / "parts.json").read_text())["layers"]) == {"names", "graticule"}


def test_tiles_that_can_not_be_cut_leave_their_layer_out(tmp_path, monkeypatch, told):
    def wrong(parts) -> None:
        parts.archive("wrong", ["no shape"], (0, 1), (0, 24))

    monkeypatch.setattr(building, "STEPS", (("wrong", wrong, 1), *quick("graticule")))
    [line] = build(tmp_path, lambda *t: told.append(t))
    assert line.startswith("the basemap has no wrong: ")
    assert list(json.loads((tmp_path / "parts.json").read_text())["layers"]) == ["graticule"]


def test_it_is_built_once_and_again_when_its_data_change(tmp_path, monkeypatch, told):
    monkeypatch.setattr(building, "STEPS", quick("graticule"))
    assert build(tmp_path, lambda *t: told.append(t)) == []
    made = (tmp_path / "parts.json").stat().st_mtime_ns
    told.clear()
    assert build(tmp_path, lambda *t: told.append(t)) == [] and told == []
    assert (tmp_path / "parts.json").stat().st_mtime_ns == made
    monkeypatch.setattr(building, "VERSION", building.VERSION + 1)
    build(tmp_path, lambda *t: told.append(t))
    assert told and (tmp_path / "parts.json").stat().st_mtime_ns > made


def test_a_build_that_was_broken_off_is_done_again(tmp_path, monkeypatch, told):
    def stop(parts) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "STEPS", (*quick("graticule"), ("stop", stop, 1)))
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, lambda *t: told.append(t))
    assert not (tmp_path / "parts.json").exists()
