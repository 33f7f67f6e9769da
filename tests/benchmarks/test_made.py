"""What the benchmarks measure with is made the same each time, and summed up right."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import rasterio
from PIL import Image
from shapely import box

from benchmarks import forecast, fuzz_imagery, imports, made_frames, made_raster, peer_kepler, raster, scale, tables, world
from benchmarks.arguments import parser
from feeds import opening_exif, parts


def test_the_made_world_is_the_same_each_time_and_as_large_as_asked(tmp_path):
    for name in ("one", "two"):
        world.tracks(tmp_path / f"{name}.parquet", 4_000, 20)
        world.seizures(tmp_path / f"{name}.csv", 300)
    tables_ = [pyarrow.parquet.read_table(tmp_path / f"{name}.parquet") for name in ("one", "two")]
    assert tables_[0].equals(tables_[1]) and tables_[0].num_rows == 4_000
    assert len(set(tables_[0]["tag_id"].to_pylist())) == 20
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert pyarrow.csv.read_csv(tmp_path / "one.csv").num_rows == 300
    assert np.abs(tables_[0]["lat"].to_numpy()).max() < 85


def test_the_peer_is_given_every_fix_of_a_made_day(environment, tmp_path):
    from feeds.imports import ImportOptions, import_files

    made = world.tracks(tmp_path / "tracks.parquet", 2_000, 10, days=1)
    begun = pyarrow.parquet.read_table(made)["time_utc"].to_pylist()[0]
    assert begun.startswith("2026-09-01")
    [report] = import_files("tracks", [made], ImportOptions(zone="UTC"), lambda *_: None, owner_url=environment.owner_url)
    assert report.stored == 2_000
    assert peer_kepler.tracks(environment, tmp_path / "tracks.json") == 2_000
    lines = [f["geometry"]["coordinates"] for f in json.loads((tmp_path / "tracks.json").read_text())["features"]]
    assert len(lines) == 10 and sum(map(len, lines)) == 2_000
    assert all(before[3] < after[3] for line in lines for before, after in zip(line, line[1:]))
    assert all(-180 <= lon <= 180 and -85 < lat < 85 and up == 0 and t >= world.START for line in lines for lon, lat, up, t in line)


def test_a_peer_that_is_not_the_one_measured_before_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(peer_kepler, "_npm", lambda *_: json.dumps([{"filename": "kepler.gl.tgz", "integrity": "sha512-another"}]))
    with pytest.raises(SystemExit, match="sha512-another"):
        peer_kepler._bundle(tmp_path, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_the_made_log_is_read_whole(environment, tmp_path):
    from feeds.imports import ImportOptions, import_files

    log = imports._log(tmp_path / "made.nmea", 1_000)
    [report] = import_files("tracks", [log], ImportOptions(), lambda *_: None, owner_url=environment.owner_url)
    assert report.error is None and (report.read, report.refused) == (1_000, 0) and report.stored > 990
    assert "names" in report.note


def test_the_made_picture_is_the_same_each_time(tmp_path):
    digests = {hashlib.sha256(made_raster.painted(tmp_path / f"{i}.tif", 700, bands=4).read_bytes()).hexdigest() for i in range(2)}
    assert len(digests) == 1


def test_the_made_picture_is_nowhere_sparse(tmp_path):
    with rasterio.open(made_raster.painted(tmp_path / "a.tif", 1100)) as made:
        assert all(made.read(window=at).std() > 5 for _, at in made.block_windows(1))


def test_made_frames_tell_each_its_own_place_and_pose(tmp_path, monkeypatch):
    monkeypatch.setattr(made_frames, "WIDTH", 400)
    monkeypatch.setattr(made_frames, "HEIGHT", 300)
    told, digests = [], set()
    for path in made_frames.written(tmp_path, 60):
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        with Image.open(path) as picture:
            told.append(opening_exif.read(picture))
            assert np.asarray(picture).std() > 10
    assert len(digests) == 60 and len({(t["lon"], t["lat"]) for t in told}) == 60 and len({t["time"] for t in told}) == 60
    assert all(t["angles_from"] == "XMP gimbal" and t["height_m"] >= 60 and t["camera"] == "FC330" and not t["doubts"] for t in told)


def test_tiles_are_of_every_zoom_and_on_the_ground():
    ground = raster._degrees(made_raster.WEST_M, made_raster.NORTH_M - 2_000, made_raster.WEST_M + 2_000, made_raster.NORTH_M)
    tiles = raster._tiles(ground, 90)
    assert {z for z, _, _ in tiles} == set(raster.ZOOMS) and all(ground.intersects(box(*raster.GRID.bounds(x, y, z))) for z, x, y in tiles)


def test_broken_rasters_are_counted_and_surprises_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fuzz_imagery.mutating, "opened", lambda files: ["made", "refused: a", "signal 11", "failed: x"] * (len(files) // 4))
    assert fuzz_imagery.main(["--home", str(tmp_path), "--count", "8", "--seed", "5"]) == 1
    assert sorted(p.name for p in (tmp_path / "fuzz").iterdir()) == [f"5-{n}.tif" for n in (2, 3, 6, 7)]
    assert "signal 11" in capsys.readouterr().out
    monkeypatch.setattr(fuzz_imagery.mutating, "opened", lambda files: ["made", "signal 9"] * (len(files) // 2))
    assert fuzz_imagery.main(["--home", str(tmp_path), "--count", "8", "--seed", "5"]) == 0


@pytest.mark.parametrize("share, wanted", [(0.0, 1), (0.5, 6), (0.95, 10), (1.0, 10)])
def test_percentiles_are_values_that_were_measured(share, wanted):
    assert tables.percentile([3, 1, 2, 5, 4, 6, 9, 8, 7, 10], share) == wanted


def test_a_table_can_be_pasted_into_a_page(capsys):
    tables.show(["what", "ms"], [("a", 1234.5), ("b", None), ("c", 0.126)], title="Made")
    assert capsys.readouterr().out.splitlines() == ["", "Made", "", "| what | ms    |", "|------|------:|", "| a    | 1,234 |", "| b    |       |", "| c    |  0.13 |"]


def test_every_benchmark_has_the_same_options():
    asked = parser("tiles", "About.").parse_args(["--fixes", "10", "--no-peer"])
    assert (asked.fixes, asked.no_peer, asked.runs) == (10, True, 3)


def test_the_world_forecasts_are_tried_on_is_the_same_each_time_and_follows_itself():
    one, two = (forecast.made(400, 730, 8_000) for _ in range(2))
    assert (one.counts.table != two.counts.table).nnz == 0 and one.counts.table.sum() == pytest.approx(8_000, rel=0.25)
    # Of cells with any in a week the next week has far more than others have.
    week = [one.counts.window(forecast.FIRST + d, forecast.FIRST + d + 7) for d in range(0, 728, 7)]
    after = np.concatenate([later[now > 0] for now, later in zip(week[:-1], week[1:])]).mean()
    assert after > 1.5 * np.mean(week)
    hit = forecast.by_hand(one, [forecast.FIRST + 400], 30)
    assert 0 < hit < one.counts.window(forecast.FIRST + 400, forecast.FIRST + 430).sum()


@pytest.mark.parametrize("of", ["seizures", "fixes"])
def test_made_parts_are_the_same_each_time_and_proven(tmp_path, of):
    for name in ("one", "two"):
        scale.made(tmp_path / name, tmp_path / "key", of, 2_500, 1_000)
    held = [parts.opened(tmp_path / name, tmp_path / "key") for name in ("one", "two")]
    assert [len(parts.read(part)) for part in held[0].parts] == [1_000, 1_000, 500] and held[0].told["of"] == of
    assert [part.sha256 for part in held[0].parts] == [part.sha256 for part in held[1].parts] != [None] * 3
