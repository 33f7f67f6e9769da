"""Frames of drones: small JPEGs made here with EXIF and XMP, opened in the real worker, laid on the ground by their pose."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image as Picture
from pyproj import Geod

from data import pixels
from feeds import frames
from feeds.imports import ImportOptions, import_files
from settings import store
from tests.feeds.test_imagery import _tile_of

GEOD = Geod(ellps="WGS84")
LON, LAT = -97.5, 26.0
SPACES = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="http://www.dji.com/drone-dji/1.0/"'
POSE = {"GimbalYawDegree": "+0.00", "GimbalPitchDegree": "-90.00", "GimbalRollDegree": "+0.00", "RelativeAltitude": "+60.00", "AbsoluteAltitude": "+160.00"}


def xmp(**told: str) -> bytes:
    inside = " ".join(f'd:{name}="{value}"' for name, value in told.items())
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {SPACES}><rdf:Description {inside}/></rdf:RDF></x:xmpmeta>'.encode()


def frame(path: Path, *, place: tuple[float, float] | None = (LON, LAT), pose: dict | None = POSE, raw_xmp: bytes | None = None, model: str = "FC6310",
          size: tuple[int, int] = (1368, 912), exif: dict | None = None, seed: int = 0, software: str = "v01.08") -> Path:
    """A frame of a Phantom 4 Pro: 13.2 mm of sensor behind 8.8 mm; its upper half is light, its lower half dark, with a red left quarter."""
    w, h = size
    data = np.full((h, w, 3), 220, "uint8")
    data[h // 2:] = 60
    data[:, : w // 4] = (200, 30, 30)
    data[:8, :8] = seed
    told = Picture.Exif()
    told[271], told[272], told[305] = "DJI", model, software
    told.get_ifd(0x8769).update({37386: 8.8, 36867: "2026:11:20 10:00:00", **(exif or {})})
    if place is not None:
        lon, lat = place
        told.get_ifd(0x8825).update({1: "N" if lat >= 0 else "S", 2: dms(lat), 3: "E" if lon >= 0 else "W", 4: dms(lon), 5: b"\0", 6: 160.0})
    Picture.fromarray(data).save(path, quality=90, exif=told, xmp=raw_xmp if raw_xmp is not None else (xmp(**pose) if pose is not None else b""))
    return path


def dms(value: float) -> tuple[float, float, float]:
    value = abs(value)
    return float(int(value)), float(int(value % 1 * 60)), round(value * 60 % 1 * 60, 6)


def load(database, *paths: Path, **options):
    told = {"zone": "America/Chicago", **options}
    return import_files("imagery", list(paths), ImportOptions(world="exercise", **told), lambda *_: None, owner_url=database.owner_url)


def rows(database) -> list[dict]:
    with database.connect() as connection:
        cursor = connection.execute("SELECT id, name, cog, original, rendering, pose, gsd_m, product, max_zoom, captured_at::text AS captured_at, provenance, "
                                    "ST_AsText(footprint) AS shape FROM image ORDER BY name")
        names = [c.name for c in cursor.description]
        return [dict(zip(names, row)) for row in cursor]


def sides_m(shape) -> tuple[float, float]:
    ring = shapely.get_coordinates(shape)
    return tuple(GEOD.inv(*ring[i], *ring[i + 1])[2] for i in (0, 1))


def test_a_nadir_frame_is_as_large_as_published_geometry_says(environment, tmp_path):
    (report,) = load(environment, frame(tmp_path / "a.jpg"))
    assert (report.read, report.stored, report.error, report.note) == (1, 1, None, None)
    (found,) = rows(environment)
    across, along = sides_m(shapely.from_wkt(found["shape"]))
    assert across == pytest.approx(60 * 13.2 / 8.8, rel=0.01) and along == pytest.approx(60 * 8.8 / 8.8, rel=0.01)
    assert found["gsd_m"] == pytest.approx(60 * 13.2 / 8.8 / 1368, rel=0.01)
    pose = found["pose"]
    assert pose["place_from"] == "EXIF GPS" and pose["angles_from"] == "XMP gimbal" and pose["height_from"].startswith("XMP RelativeAltitude")
    assert "13.2 mm wide" in pose["focal_from"] and pose["ground"].startswith("flat") and pose["position_error_m"] == 5.0 and pose["ground_error_m"] >= 5
    assert found["product"] == "frame" and found["captured_at"] == "2026-11-20 16:00:00+00"
    assert store().originals.joinpath(found["original"]).stat().st_mode & 0o222 == 0


def test_the_top_of_the_picture_lies_where_the_gimbal_looks(environment, tmp_path):
    """The overlay's light half lies towards the yaw, its red quarter to the left of that."""
    turns = (0, 90, -140, 180)
    load(environment, *(frame(tmp_path / f"{n}.jpg", pose={**POSE, "GimbalYawDegree": str(yaw)}) for n, yaw in enumerate(turns)))
    for yaw, found in zip(turns, rows(environment)):
        with rasterio.open(store().imagery / found["cog"]) as cog:
            data, valid = cog.read(), cog.dataset_mask() > 0
            x, y = np.meshgrid(*(np.arange(n) for n in (cog.width, cog.height)))
        assert 0.3 < valid.mean() <= 1
        middle = (x[valid].mean(), y[valid].mean())
        for part, towards in ((valid & (data.min(0) > 180), yaw + 14), (valid & (data[0] > 150) & (data[1] < 90), yaw - 90)):
            seen = math.degrees(math.atan2(x[part].mean() - middle[0], middle[1] - y[part].mean()))
            assert abs((seen - towards + 180) % 360 - 180) < 25, (yaw, seen, towards)
        body = pixels.tile([found], *_tile_of(shapely.from_wkt(found["shape"]), found["max_zoom"]), 256, "png")
        assert np.asarray(Picture.open(io.BytesIO(body)).convert("RGBA"))[..., 3].max() == 255


def test_roll_tips_the_picture_and_pitch_lifts_it(environment, tmp_path):
    load(environment, frame(tmp_path / "a.jpg", pose={**POSE, "GimbalPitchDegree": "-60"}),
         frame(tmp_path / "b.jpg", pose={**POSE, "GimbalPitchDegree": "-60", "GimbalRollDegree": "10"}))
    out, tipped = (shapely.from_wkt(r["shape"]) for r in rows(environment))
    # 60 m up, 30 degrees out of the vertical: the middle is 34.6 m to the north.
    assert GEOD.inv(LON, LAT, *tipped.centroid.coords[0])[2] > 30
    ring = shapely.get_coordinates(out)
    far, near = sorted((GEOD.inv(*ring[i], *ring[i + 1])[2] for i in (0, 2)), reverse=True)
    assert far > near * 1.5 and ring[:, 1].min() > LAT - 1e-4
    assert abs(GEOD.inv(*ring[0], *ring[3])[2] - GEOD.inv(*ring[1], *ring[2])[2]) < 0.1, "without roll both sides are alike"
    ring = shapely.get_coordinates(tipped)
    assert GEOD.inv(*ring[0], *ring[3])[2] != pytest.approx(GEOD.inv(*ring[1], *ring[2])[2], rel=0.05)


def test_beyond_the_reach_it_is_cut_and_at_the_horizon_a_point(environment, tmp_path):
    load(environment, frame(tmp_path / "a.jpg", pose={**POSE, "GimbalPitchDegree": "-20"}), frame(tmp_path / "b.jpg", pose={**POSE, "GimbalPitchDegree": "0"}))
    cut, level = rows(environment)
    assert cut["pose"]["cut"] is True and cut["pose"]["reach_m"] == 600
    far = max(GEOD.inv(LON, LAT, *p)[2] for p in shapely.get_coordinates(shapely.from_wkt(cut["shape"])))
    assert far == pytest.approx(600, rel=0.01)
    assert shapely.from_wkt(level["shape"]).geom_type == "Point" and "horizon" in level["pose"]["why_point"] and level["cog"] is None


POINTS = {
    "no pose": ({"pose": None}, "how its camera was held"), "below the ground": ({"pose": {**POSE, "RelativeAltitude": "-12.5"}}, "below the ground"),
    "no height": ({"pose": {k: v for k, v in POSE.items() if k != "RelativeAltitude"}}, "how high above the ground"),
    "no number": ({"pose": {**POSE, "RelativeAltitude": "nan"}}, "how high above the ground"), "unknown": ({"model": "Unheard of"}, "data/sensors.toml"),
    "broken XMP": ({"raw_xmp": b"<x:xmpmeta"}, "how its camera was held"),
}


def test_without_a_pose_it_is_a_point_and_no_square(environment, tmp_path):
    reports = load(environment, *(frame(tmp_path / f"{name}.jpg", **made) for name, (made, _) in POINTS.items()))
    there = {r["name"]: r for r in rows(environment)}
    for report, (name, (_, why)) in zip(reports, POINTS.items()):
        found = there[name]
        assert report.stored == 1 and why in report.note and why in found["pose"]["why_point"], name
        point = shapely.from_wkt(found["shape"])
        assert point.geom_type == "Point" and GEOD.inv(LON, LAT, point.x, point.y)[2] < 0.1
        assert found["cog"] is None and found["gsd_m"] is None
        with Picture.open(store().imagery / found["rendering"]["preview"]) as preview:
            assert max(preview.size) == 640 and not preview.info.get("exif") and not preview.info.get("xmp")


@pytest.mark.parametrize("space", ["http://ns.sensefly.com/Camera/1.0/", "http://pix4d.com/camera/1.0/"])
def test_angles_of_the_aircraft_are_not_taken_for_the_cameras(environment, tmp_path, space):
    """As fixed-wing drones write them, by elements: nearly level, flown to the west. Taken for a gimbal's they would look at the horizon. Nor does a terrain help."""
    told = {"Yaw": "274.931243896484375", "Pitch": "2.360064983367920", "Roll": "6.698935508728027", "GPSXYAccuracy": "3.027999877929688", "GPSZAccuracy": "4.8"}
    raw = (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {SPACES}><rdf:Description xmlns:Camera="{space}">'
           + "".join(f"<Camera:{name}>{value}</Camera:{name}>" for name, value in told.items()) + "</rdf:Description></rdf:RDF></x:xmpmeta>").encode()
    (report,) = load(environment, frame(tmp_path / "a.jpg", raw_xmp=raw))
    (again,) = load(environment, frame(tmp_path / "b.jpg", raw_xmp=raw, seed=1), dem=hill(tmp_path / "flat.tif", 40.0))
    for said, found in zip((report, again), rows(environment)):
        pose = found["pose"]
        assert shapely.from_wkt(found["shape"]).geom_type == "Point" and found["cog"] is None and "how its camera was mounted" in said.note
        assert (pose["flight_yaw_deg"], pose["flight_pitch_deg"], pose["flight_roll_deg"]) == (274.931, 2.36, 6.699) and "yaw_deg" not in pose and "angles_from" not in pose
        assert (pose["position_error_m"], pose["position_error_from"]) == (3.028, "XMP Camera GPSXYAccuracy")


def test_one_that_a_program_saved_again_has_an_outline_and_no_overlay_until_somebody_says_how_it_was_turned(environment, tmp_path):
    made = frame(tmp_path / "a.jpg", software="Microsoft Windows Photo Viewer 10.0")
    with Picture.open(made) as taken:
        told, about = taken.info["xmp"], taken.getexif()
        turned = taken.transpose(Picture.Transpose.ROTATE_180)
    turned.save(tmp_path / "b.jpg", quality=90, exif=about, xmp=told)
    (report,) = load(environment, made)
    (found,) = rows(environment)
    assert found["cog"] is None and shapely.from_wkt(found["shape"]).geom_type == "MultiPolygon" and "--turned" in report.note and "Photo Viewer" in found["pose"]["doubts"][0]
    load(environment, tmp_path / "b.jpg", turned=180)
    with rasterio.open(store().imagery / rows(environment)[1]["cog"]) as cog:
        data = cog.read()
    half, right = data.shape[1] // 2 - 20, data.shape[2] // 3
    assert data[:, :half, right:].mean() > 180 > 100 > data[:, -half:, right:].mean(), "light is to the north again"
    assert data[0, :, : right // 2].mean() > 150 > 100 > data[1, :, : right // 2].mean(), "and red to the west"


def test_a_camera_nobody_knows_is_reckoned_by_its_film_length(environment, tmp_path):
    load(environment, frame(tmp_path / "a.jpg", model="Unheard of", exif={41989: 24}))
    (found,) = rows(environment)
    across, along = sides_m(shapely.from_wkt(found["shape"]))
    assert math.hypot(across, along) == pytest.approx(60 * 43.2666 / 24, rel=0.01) and "35 mm film" in found["pose"]["focal_from"]


def test_without_a_place_or_with_entities_it_is_refused(environment, tmp_path):
    bad = {"expected a place": {"place": None}, "the place is 0, 0": {"place": (0.0, 0.0)},
           "without a DOCTYPE": {"raw_xmp": b'<!DOCTYPE a [<!ENTITY b "c">]>' + xmp(**POSE)}}
    reports = load(environment, *(frame(tmp_path / f"{n}.jpg", **made) for n, made in enumerate(bad.values())))
    for expected, report in zip(bad, reports):
        assert expected in report.error
    assert rows(environment) == []
    assert not store().imagery.exists() or not list(store().imagery.iterdir())


def test_broken_files_are_refused_and_the_others_of_the_command_stored(environment, tmp_path):
    good = frame(tmp_path / "good.jpg").read_bytes()
    at = good.index(b"Exif\0\0") + 6
    (tmp_path / "exif.jpg").write_bytes(good[:at + 8] + b"\xff" * 60 + good[at + 68:])
    (tmp_path / "cut.jpg").write_bytes(good[: len(good) // 2])
    (tmp_path / "text.jpg").write_text("<svg/>")
    (tmp_path / "empty.jpg").write_bytes(b"")
    reports = load(environment, *(tmp_path / f"{n}.jpg" for n in ("exif", "cut", "text", "empty", "nowhere", "good")))
    assert [r.stored for r in reports] == [0, 0, 0, 0, 0, 1]
    assert "a place" in reports[0].error or "when it was taken" in reports[0].error
    for report, expected in zip(reports[1:5], ("a JPEG that can be read", "expected a JPEG", "not empty", "exists")):
        assert expected in report.error, report.error
    assert [r["name"] for r in rows(environment)] == ["good"]


def test_the_same_frame_twice_is_there_once(environment, tmp_path):
    one = frame(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(one.read_bytes())
    assert [(r.stored, r.already) for r in load(environment, one, tmp_path / "b.jpg", one)] == [(1, 0), (0, 1), (0, 1)]


def test_many_are_read_by_few_workers_each_in_a_transaction_of_its_own(environment, tmp_path, monkeypatch):
    begun = []
    run = frames.worker.run
    monkeypatch.setattr(frames.worker, "run", lambda task, *a, **k: begun.append(task) or run(task, *a, **k))
    monkeypatch.setattr(frames, "AT_ONCE", 4)
    paths = [frame(tmp_path / f"{n:02}.jpg", seed=n, size=(320, 213)) for n in range(10)]
    paths[5].write_bytes(b"\xff\xd8\xff nothing")
    reports = load(environment, *paths, sortie="S9")
    assert sum(r.stored for r in reports) == 9 and reports[5].error and len(begun) == 3
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT xmin::text) FROM image WHERE sortie_id = (SELECT id FROM sortie WHERE key = 'S9')").fetchone() == (9, 9)


def test_a_frame_that_ends_the_worker_is_alone_in_it(environment, tmp_path, monkeypatch):
    """What kills the worker for all is read one by one, and only that one is refused."""
    paths = [frame(tmp_path / f"{n}.jpg", seed=n, size=(320, 213)) for n in range(3)]
    run = frames.worker.run

    def dies(task, told, **k):
        if any((k["folder"] / name).read_bytes() == paths[1].read_bytes() for name in told["inputs"]):
            k["limits"] = frames.worker.Limits(memory_mb=40, cpu_s=5)
        return run(task, told, **k)

    monkeypatch.setattr(frames.worker, "run", dies)
    reports = load(environment, *paths)
    assert [r.stored for r in reports] == [1, 0, 1] and reports[1].error


@pytest.mark.parametrize(("exif", "options", "expected"), [
    ({36881: "+02:00"}, {}, "2026-11-20 08:00:00+00"), ({}, {"zone": "Europe/Berlin"}, "2026-11-20 09:00:00+00"),
    ({}, {"captured_at": "2026-11-19T00:00:00Z"}, "2026-11-20 16:00:00+00"), ({}, {"captured_at": "2026-11-19T00:00:00Z", "zone": None}, "2026-11-19 00:00:00+00"),
    ({36867: "2000:01:01 00:03:10"}, {"captured_at": "2026-11-19T00:00:00Z"}, "2026-11-19 00:00:00+00"), ({}, {"zone": None}, None), ({36867: "0000:00:00 00:00:00"}, {"zone": None}, None),
])
def test_when_it_was_taken(environment, tmp_path, exif, options, expected):
    (report,) = load(environment, frame(tmp_path / "a.jpg", exif=exif), **options)
    if expected is None:
        assert "when it was taken" in report.error
    else:
        assert rows(environment)[0]["captured_at"] == expected


def hill(path: Path, height_m: float, slope: float = 0.0) -> Path:
    """Ground that rises to the north by `slope` metres a metre from `height_m` below the camera, in UTM zone 14."""
    from pyproj import Transformer

    x, y = Transformer.from_crs(4326, 32614, always_xy=True).transform(LON, LAT)
    rows_ = np.arange(300)[:, None] * np.ones(300)
    data = (height_m + slope * (150 - rows_) * 10).astype("float32")
    with rasterio.open(path, "w", driver="GTiff", height=300, width=300, count=1, dtype="float32", crs="EPSG:32614",
                       transform=Affine(10, 0, x - 1500, 0, -10, y + 1500)) as out:
        out.write(data, 1)
    return path


def test_on_a_terrain_it_is_laid_by_its_height_above_the_sea(environment, tmp_path):
    """160 m above the sea over ground at 40 m: twice the flat footprint; and where the ground rises, what is uphill is nearer."""
    load(environment, frame(tmp_path / "a.jpg"), dem=hill(tmp_path / "flat.tif", 40.0))
    load(environment, frame(tmp_path / "b.jpg", seed=1), dem=hill(tmp_path / "slope.tif", 40.0, 0.5))
    flat, slope = rows(environment)
    across, along = sides_m(shapely.from_wkt(flat["shape"]))
    assert across == pytest.approx(120 * 1.5, rel=0.01) and along == pytest.approx(120, rel=0.01) and flat["pose"]["ground"] == "terrain"
    ring = shapely.get_coordinates(shapely.from_wkt(slope["shape"]))
    north = GEOD.inv(LON, LAT, LON, ring[:, 1].max())[2]
    south = GEOD.inv(LON, LAT, LON, ring[:, 1].min())[2]
    # tan of half the angle is 0.5: uphill 120 * 0.5 / (1 + 0.25), downhill 120 * 0.5 / (1 - 0.25)
    assert north == pytest.approx(48, rel=0.03) and south == pytest.approx(80, rel=0.03)
    with rasterio.open(store().imagery / slope["cog"]) as cog:
        assert (cog.dataset_mask() > 0).mean() > 0.5


def test_under_the_ground_or_beside_the_terrain_it_is_a_point(environment, tmp_path):
    (under,) = load(environment, frame(tmp_path / "a.jpg"), dem=hill(tmp_path / "high.tif", 400.0))
    (beside,) = load(environment, frame(tmp_path / "b.jpg", place=(10.0, 50.0), seed=1), dem=hill(tmp_path / "far.tif", 40.0))
    assert "below the ground" in under.note and "does not reach" in beside.note
    (bad,) = load(environment, frame(tmp_path / "c.jpg", seed=2), dem=frame(tmp_path / "no.tif.jpg").rename(tmp_path / "no.tif"))
    assert "a GeoTIFF of heights" in bad.error
