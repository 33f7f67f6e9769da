"""The exercise as files: the same bytes for the same seed, and files that others can read."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pyais
import pyogrio
import pytest
import rasterio
from PIL import Image

from errors import VigiaError
from exercise import build as building
from exercise.build import Manifest, build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Manifest]:
    """A small exercise: three days, a twentieth of the tracks."""
    out = tmp_path_factory.mktemp("exercise") / "small"
    return out, build(out, seed=7, days=3, scale=0.05)


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def digests(folder: Path) -> dict[str, str]:
    """Every file of a folder with its sha256."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_same_seed_gives_the_same_bytes_in_another_process(built, tmp_path):
    """With another hash seed, time zone and language: none of them may show."""
    again = tmp_path / "again"
    lines = [
        "from pathlib import Path",
        "from exercise.build import build",
        "if __name__ == '__main__':",
        f"    build(Path({str(again)!r}), seed=7, days=3, scale=0.05)",
    ]
    script = tmp_path / "run.py"
    script.write_text("\n".join(lines))
    subprocess.run(
        [sys.executable, str(script)],
        check=True,
        cwd=ROOT,
        timeout=120,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "99", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PATH": "/usr/bin"},
    )
    assert digests(again) == digests(built[0])


def test_another_seed_gives_another_world(built, tmp_path):
    other = tmp_path / "other"
    build(other, seed=8, days=3, scale=0.05)
    mine, theirs = digests(built[0]), digests(other)
    same = {name for name in mine if theirs.get(name) == mine[name]}
    # Where the readers stand, who the agencies are and when the drones fly hang on no seed.
    assert same <= {"agencies.csv", "rfid/readers.csv", "imagery/sorties.csv"}


def test_manifest_tells_every_file_and_its_bytes(built):
    out, manifest = built
    assert Manifest.read(out) == manifest
    listed = {f.path: f.sha256 for f in manifest.files}
    found = digests(out)
    assert set(found) == set(listed) | {"plan.json", "manifest.json"}
    assert all(found[path] == sha256 for path, sha256 in listed.items())
    assert {f.layer for f in manifest.files} == {None, "tracks", "seizures", "imagery"}


def test_csv_rows_are_as_the_manifest_says_and_within_the_span(built):
    out, manifest = built
    names = [f for f in manifest.files if f.path.startswith(("tags/", "aircraft/"))]
    assert len(names) == 4
    for entry in names:
        rows = table(out / entry.path)
        assert len(rows) == entry.rows > 0
        times = [r["time_utc"] for r in rows]
        assert times == sorted(times) and manifest.start <= times[0] and times[-1] <= manifest.end
        assert all(-90 <= float(r["lat"]) <= 90 and -180 <= float(r["lon"]) <= 180 for r in rows)
        assert all(0 <= float(r["course_deg"]) < 360 and 1 <= float(r["battery_pct"]) <= 100 for r in rows)
        assert {r["agency"][-2:] for r in rows} == {"EX"}


def test_every_ais_message_is_decoded_by_pyais(built):
    out, manifest = built
    for entry in (f for f in manifest.files if f.path.startswith("ais/")):
        with pyais.FileReaderStream(str(out / entry.path)) as stream:
            told = [(message.tag_block, message.decode()) for message in stream]
        assert len(told) == entry.rows
        kinds = {message.msg_type for _, message in told}
        assert kinds == {1, 5, 18, 24}
        for _, message in told:
            # 799 was given to no country: no real ship bears it.
            assert 799_000_000 <= int(message.mmsi) < 800_000_000
            if message.msg_type in (1, 18):
                assert 23 < message.lat < 34 and -119 < message.lon < -94
        for block, _ in told[:50]:
            block.init()
            assert block.is_valid
        times = []
        for block, _ in told:
            block.init()
            times.append(int(block.receiver_timestamp))
        assert times == sorted(times)


def test_gpx_is_read_by_gdal(built):
    out, manifest = built
    names = [f for f in manifest.files if f.path.endswith(".gpx")]
    assert {f.kind for f in names} == {"vehicle", "drone"}
    for entry in names:
        assert pyogrio.read_info(out / entry.path, layer="track_points", force_feature_count=True)["features"] == entry.rows


def test_pictures_are_georeferenced_turned_and_masked(built):
    out, manifest = built
    shots = [f for f in manifest.files if f.path.endswith("_ortho.tif")]
    assert len(shots) == 4
    for entry in shots:
        with rasterio.open(out / entry.path) as picture:
            assert picture.crs.to_epsg() == 32614
            assert picture.transform.b != 0 and not picture.transform.is_rectilinear
            mask = picture.dataset_mask()
            assert 0.85 < (mask > 0).mean() < 1
            stamp = datetime.strptime(entry.path.split("_")[1], "%Y%m%dT%H%M%SZ")
            assert datetime.strptime(picture.tags()["TIFFTAG_DATETIME"], "%Y:%m:%d %H:%M:%S") == stamp
            # Ground, not noise and not one flat colour: the three bands differ and vary.
            pixels = picture.read([1, 2, 3])[:, mask > 0].astype(float)
            assert (pixels.std(axis=1) > 8).all() and np.ptp(pixels.mean(axis=1)) > 5


def test_frames_say_where_and_how_they_were_taken_and_each_shows_the_ground_of_the_next(built):
    out, manifest = built
    names = [f.path for f in manifest.files if f.path.endswith(".JPG")]
    assert len(names) == 12 and {Path(n).name.split("_")[0] for n in names} == {"SORTIE18"}
    taken = []
    for name in names[:2]:
        with Image.open(out / name) as picture:
            exif, xmp = picture.getexif(), picture.info["xmp"].decode()
            gps, more = exif.get_ifd(0x8825), exif.get_ifd(0x8769)
            assert exif[270] == "EXERCISE" and more[36881] == "+00:00" and manifest.start[:10] < more[36867][:10].replace(":", "-") <= manifest.end[:10]
            assert 'GimbalPitchDegree="-90.00"' in xmp and 'RelativeAltitude="+80.00"' in xmp
            lat, lon = (float(d + m / 60 + s / 3600) for d, m, s in (gps[2], gps[4]))
            taken.append((lat, -lon, float(xmp.split('GimbalYawDegree="')[1].split('"')[0]), np.asarray(picture.convert("L"), float)))
    (lat, lon, yaw, first), (lat_2, lon_2, _, second) = taken
    way = np.degrees(np.arctan2((lon_2 - lon) * np.cos(np.radians(lat)), lat_2 - lat))
    assert abs((way - yaw + 180) % 360 - 180) < 5, "the top of the picture is where the flight goes"
    on = round(42 / 80 * len(first))
    same = np.corrcoef(first[:-on].ravel(), second[on:].ravel())[0, 1]
    assert same > 0.8 and same > np.corrcoef(first.ravel(), second.ravel())[0, 1] + 0.2


def test_seizures_tell_events_months_and_places_unknown(built):
    out, _ = built
    rows = table(out / "seizures/seizures.csv")
    assert len({r["id"] for r in rows}) == len(rows)
    unplaced = [r for r in rows if not r["lat"]]
    assert unplaced and all(r["place"] and not r["lon"] for r in unplaced)
    assert all(float(r["quantity"]) > 0 for r in rows if r["quantity"])


def test_the_plan_tells_what_was_planted(built):
    out, manifest = built
    plan = json.loads((out / "plan.json").read_text())
    kinds = {e["kind"] for e in plan["events"]}
    assert {"gap", "dark", "stale", "meeting", "detour", "frozen", "emerging_cluster", "decoy_cluster"} <= kinds
    marisma = next(e for e in plan["events"] if e["kind"] == "dark")
    assert marisma["started_at"] == "2026-11-24T13:50:04Z" and marisma["ended_at"] == manifest.end


def test_a_failure_leaves_nothing(tmp_path, monkeypatch):
    def breaks(*_):
        raise RuntimeError("no room left")

    monkeypatch.setattr(building.files, "seizures_csv", breaks)
    with pytest.raises(RuntimeError, match="no room left"):
        build(tmp_path / "world", days=1, scale=0.02)
    assert list(tmp_path.iterdir()) == []


def test_an_older_exercise_is_replaced_and_anything_else_is_not(tmp_path):
    out = tmp_path / "world"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(VigiaError, match="no exercise"):
        build(out, days=1, scale=0.02)
    assert (out / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"scale": 0}, {"scale": float("nan")}, {"seed": -1}, {"end": datetime(2026, 1, 1)}]
)
def test_wrong_wishes_are_refused(tmp_path, wrong):
    with pytest.raises(VigiaError, match=f"{next(iter(wrong))} is"):
        build(tmp_path / "world", **wrong)
    assert list(tmp_path.iterdir()) == []
