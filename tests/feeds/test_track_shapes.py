"""Movements from shapes: points with a time, lines with a time for each vertex; everything else refused and named."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from feeds.imports import ImportOptions, import_files

LINE = [[-97.5, 26.0], [-97.51, 26.01], [-97.52, 26.02, 30.0]]
TIMES = ["2026-11-20T10:00:00Z", "2026-11-20T10:01:00Z", "2026-11-20T04:02:00-06:00"]


def load(database, path: Path, **options):
    (report,) = import_files("tracks", [path], ImportOptions(**{"world": "exercise", "kind": "vehicle", **options}), lambda *_: None,
                             owner_url=database.owner_url)
    return report


def write(tmp_path: Path, text: str, name: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def ask(database, query: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def fixes(database) -> list[tuple]:
    return ask(database, "SELECT t.key, to_char(observed_at, 'HH24:MI:SS'), round(ST_X(geom)::numeric, 3)::text, altitude_m, line "
                         "FROM fix JOIN track t ON t.id = track_id ORDER BY t.key, observed_at")


def feature(geometry: dict | None, **properties) -> dict:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def point(lon: object = -97.5, lat: object = 26.0, **properties) -> dict:
    return feature({"type": "Point", "coordinates": [lon, lat]}, **properties)


def line(**properties) -> dict:
    return feature({"type": "LineString", "coordinates": LINE}, **properties)


def geojson(tmp_path: Path, *features: dict, name: str = "t.geojson") -> Path:
    return write(tmp_path, json.dumps({"type": "FeatureCollection", "features": list(features)}), name)


def kml(tmp_path: Path, body: str, name: str = "t.kml") -> Path:
    return write(tmp_path, '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2" '
                           f'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>{body}</Document></kml>', name)


def placed(when: str | None, name: str = "P-1", coordinates: str = "-97.5,26.0,12") -> str:
    stamp = f"<TimeStamp><when>{when}</when></TimeStamp>" if when else ""
    return f"<Placemark><name>{name}</name>{stamp}<Point><coordinates>{coordinates}</coordinates></Point></Placemark>"


def tracked(times: list[str], places: list[str], name: str | None = "Patrol 4", **data: str) -> str:
    extended = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in data.items())
    body = "".join(f"<when>{t}</when>" for t in times) + "".join(f"<gx:coord>{p}</gx:coord>" for p in places)
    named = f"<name>{name}</name>" if name else ""
    return f"<Placemark>{named}<ExtendedData>{extended}</ExtendedData><gx:Track>{body}</gx:Track></Placemark>"


PLACES = ["-97.5 26.0 5", "-97.51 26.01 6", "-97.52 26.02 7"]
BY_NAME = [("name:Patrol 4", "10:00:00", "-97.500", 5.0, 1), ("name:Patrol 4", "10:01:00", "-97.510", 6.0, 1), ("name:Patrol 4", "10:02:00", "-97.520", 7.0, 1)]


# -- GeoJSON -----------------------------------------------------------------------------------------------------------


def test_points_of_a_layout_that_is_known_for_tables(environment, tmp_path):
    path = geojson(tmp_path, *(point(tag_id="V-1", kind="person", name="Scout", time_utc=t, speed_kmh=36) for t in TIMES[:2]))
    report = load(environment, path, kind=None)
    assert (report.read, report.stored, report.error) == (2, 2, None)
    assert ask(environment, "SELECT DISTINCT key, track.kind, track.name, speed_mps, mapping FROM track JOIN fix ON track.id = track_id "
                            "JOIN source s ON s.id = fix.source_id") == [("tag:V-1", "person", "Scout", 10.0, "vigia tags")]
    again = load(environment, path, kind=None)
    assert (again.stored, again.already) == (0, 2)


@pytest.mark.parametrize(("key", "time", "told"), [("track", "time", "track:7"), ("MMSI", "timestamp", "mmsi:7"), ("name", "DateTime", "name:7")])
def test_points_are_known_by_the_names_of_their_properties(environment, tmp_path, key, time, told):
    report = load(environment, geojson(tmp_path, *(point(**{key: 7, time: t}) for t in TIMES)))
    assert (report.read, report.stored, report.error) == (3, 3, None)
    assert {row[0] for row in fixes(environment)} == {told}


@pytest.mark.parametrize("times", [
    {"coordTimes": TIMES}, {"times": TIMES}, {"coordinateProperties": {"times": TIMES}}, {"timestamps": [1795168800, 1795168860, 1795168920]},
    {"times": [1795168800000, 1795168860000, 1795168920000]},
], ids=["togeojson", "times", "togeojson 5", "seconds", "milliseconds"])
def test_lines_with_times_become_fixes(environment, tmp_path, times):
    report = load(environment, geojson(tmp_path, line(name="Patrol 4", time=TIMES[0], **times)))
    assert (report.read, report.stored, report.error) == (3, 3, None)
    assert fixes(environment) == [("name:Patrol 4", "10:00:00", "-97.500", None, 1), ("name:Patrol 4", "10:01:00", "-97.510", None, 1),
                                  ("name:Patrol 4", "10:02:00", "-97.520", 30.0, 1)]


def test_a_line_in_parts_without_a_name_is_one_track(environment, tmp_path):
    parts = feature({"type": "MultiLineString", "coordinates": [LINE[:2], [[-97.6, 26.1], [-97.61, 26.1]]]},
                    coordTimes=[TIMES[:2], ["2026-11-20T12:00:00Z", "2026-11-20T12:01:00Z"]])
    report = load(environment, geojson(tmp_path, parts))
    assert (report.read, report.stored) == (4, 4)
    assert {row[0] for row in fixes(environment)} == {f"track:{TIMES[0]}:-97.50000:26.00000"}


def test_points_by_a_mapping(environment, tmp_path):
    mapping = write(tmp_path, 'layer = "tracks"\nzone = "America/Chicago"\n[columns]\nplaca = "key"\nhora = { field = "time", format = "%d/%m/%Y %H:%M" }\n', "m.toml")
    report = load(environment, geojson(tmp_path, point(placa="ABC", hora="20/11/2026 04:00")), mapping=mapping)
    assert (report.read, report.stored, report.error) == (1, 1, None) and fixes(environment)[0][:2] == ("ABC", "10:00:00")


@pytest.mark.parametrize(("bad", "words"), [
    (line(name="a"), ("geometry.type,LineString", "time for each vertex")), (line(name="a", coordTimes=TIMES[:2]), ("coordTimes", "2 times, 3 vertices")),
    (line(name="a", coordTimes=[*TIMES[:2], "2026-11-20T10:02:00"]), ("times of vertex 3,2026-11-20T10:02:00,", "zone")),
    (line(name="a", coordTimes=[TIMES[0], None, TIMES[2]]), ("times of vertex 2,,", "zone")),
    (point(name="a", time="2026-11-20 10:00"), ("time,2026-11-20 10:00,", "zone")), (point(name="a"), ("time,,",)),
    (point(time=TIMES[0]), ("name,,", "tells this track")), (point(lat=97, name="a", time=TIMES[0]), ("latitude", "±90")),
    (point(lon=-197, name="a", time=TIMES[0]), ("longitude", "±180")), (point(lon="x", name="a", time=TIMES[0]), ("coordinates", "numbers")),
    (point(lon=26.0, lat=-97.5, name="a", time=TIMES[0]), ("swapped",)), (feature(None, name="a", time=TIMES[0]), ("geometry", "a point")),
    (feature({"type": "Polygon", "coordinates": [[*LINE, LINE[0]]]}, name="a", time=TIMES[0]), ("Polygon", "no movement")),
    (feature({"type": "Circle"}, name="a"), ("Circle",)), (None, ("a Feature",)), ({"type": "Feature", "properties": {}}, ("geometry",)),
    ({"type": "Feature", "geometry": None, "properties": 3}, ("properties",)),
], ids=["no times", "fewer times", "no zone in a line", "a time missing", "no zone", "no time", "no key", "lat", "lon", "text", "swapped", "null", "area",
        "circle", "null feature", "no geometry", "no properties"])
def test_a_feature_that_is_no_movement_is_refused_alone(environment, tmp_path, bad, words):
    report = load(environment, geojson(tmp_path, point(name="good", time=TIMES[0]), bad), keep_good=True)
    assert report.error is None and report.refused == 1 and report.read == report.stored + 1 and report.stored >= 1
    told = Path(report.rejects).read_text().splitlines()[1]
    assert told.startswith("t.geojson,2,") and all(w in told for w in words), told


def test_one_bad_feature_refuses_the_file(environment, tmp_path):
    report = load(environment, geojson(tmp_path, point(name="good", time=TIMES[0]), line(name="a", coordTimes=[TIMES[0], None, TIMES[2]])))
    assert "t.geojson, line 2: times of vertex 2 is nothing, expected a time with its zone" in report.error
    assert ask(environment, "SELECT (SELECT count(*) FROM fix) + (SELECT count(*) FROM track) + (SELECT count(*) FROM source)") == [(0,)]


@pytest.mark.parametrize(("features", "words"), [
    ([point(time=TIMES[0])], "what tells tracks apart"), ([point(name="a")], "a time: one of the properties"), ([], "at least one point"),
])
def test_a_file_whose_properties_tell_too_little(environment, tmp_path, features, words):
    assert words in load(environment, geojson(tmp_path, *features)).error


def test_what_moved_is_never_guessed(environment, tmp_path):
    assert "--kind" in load(environment, geojson(tmp_path, point(name="a", time=TIMES[0])), kind=None).error


def test_a_mapping_that_does_not_fit(environment, tmp_path):
    mapping = write(tmp_path, 'layer = "tracks"\n[columns]\nplaca = "key"\nhora = "time"\n', "m.toml")
    assert "the properties placa" in load(environment, geojson(tmp_path, point(name="a", hora=TIMES[0])), mapping=mapping).error


# -- KML and KMZ -------------------------------------------------------------------------------------------------------


def test_a_track_of_when_and_coord(environment, tmp_path):
    report = load(environment, kml(tmp_path, f"<Folder><name>Days</name>{tracked(TIMES, PLACES)}</Folder>"))
    assert (report.read, report.stored, report.error) == (3, 3, None)
    assert fixes(environment) == BY_NAME


def test_tracks_in_a_multitrack_are_one(environment, tmp_path):
    halves = tracked(TIMES[:1], PLACES[:1]).replace("<gx:Track>", "<gx:MultiTrack><gx:Track>").replace(
        "</gx:Track>", "</gx:Track><gx:Track>" + "".join(f"<when>{t}</when>" for t in TIMES[1:]) + "".join(f"<gx:coord>{p}</gx:coord>" for p in PLACES[1:])
        + "</gx:Track></gx:MultiTrack>")
    assert load(environment, kml(tmp_path, halves)).stored == 3
    assert fixes(environment) == BY_NAME


def test_places_with_a_timestamp_and_what_is_told_of_them(environment, tmp_path):
    body = placed(TIMES[0]) + tracked(TIMES[1:], PLACES[1:], name=None, mmsi="799000001", kind="vessel")
    report = load(environment, kml(tmp_path, placed(TIMES[0]) + placed(TIMES[1], coordinates="-97.51,26.01")))
    assert (report.read, report.stored, report.error) == (2, 2, None)
    assert fixes(environment) == [("name:P-1", "10:00:00", "-97.500", 12.0, 1), ("name:P-1", "10:01:00", "-97.510", None, 2)]
    assert load(environment, kml(tmp_path, body.replace(placed(TIMES[0]), ""), "u.kml"), kind=None).stored == 2
    assert ask(environment, "SELECT kind FROM track WHERE key = 'mmsi:799000001'") == [("vessel",)]


@pytest.mark.parametrize(("bad", "words"), [
    ("<Placemark><name>a</name><LineString><coordinates>-97,26 -97.1,26</coordinates></LineString></Placemark>", ("LineString", "no movement")),
    (placed(None), ("when,,",)), (placed("2026-11-20T10:00:00"), ("when", "zone")), (placed(TIMES[0], coordinates="-97.5"), ("coordinates", "-97.5")),
    (placed(TIMES[0], coordinates="-97.5,x"), ("coordinates",)), (placed(TIMES[0], coordinates="26,-97"), ("swapped",)), ("<Placemark><name>a</name></Placemark>", ("a point",)),
    (tracked(TIMES, PLACES[:2]), ("3 times, 2 places",)), (tracked(TIMES[:1], [""]), ("gx:coord 1", "longitude")), (tracked([], []), ("position",)),
    (tracked(TIMES[:1], ["nan 26"]), ("gx:coord 1",)),
], ids=["line", "no time", "no zone", "one number", "text", "swapped", "no shape", "fewer places", "empty place", "empty track", "nan"])
def test_a_placemark_that_is_no_movement_is_refused_alone(environment, tmp_path, bad, words):
    report = load(environment, kml(tmp_path, placed(TIMES[0], name="good") + bad), keep_good=True)
    assert (report.read, report.stored, report.refused) == (2, 1, 1)
    told = Path(report.rejects).read_text().splitlines()[1]
    assert told.startswith("t.kml,2,") and all(w in told for w in words), told


def kmz(path: Path, **entries: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in entries.items():
            packed.writestr(name, text)
    return path


def test_a_kmz_under_any_name_its_maker_chose(environment, tmp_path):
    text = kml(tmp_path, tracked(TIMES, PLACES)).read_text()
    assert load(environment, kmz(tmp_path / "t.kmz", **{"../../../etc/doc.kml": text, "files/a.png": "x"})).stored == 3
    assert "doc.kml, or one .kml" in load(environment, kmz(tmp_path / "u.kmz", **{"a.kml": text, "b.kml": text})).error
    assert "doc.kml, or one .kml" in load(environment, kmz(tmp_path / "v.kmz", **{"a.txt": text})).error


# -- GeoPackage and shapefile -------------------------------------------------------------------------------------------


def packaged(path: Path, shapes: list, driver: str = "GPKG", crs: str | None = "EPSG:32614", layer: str = "t", append: bool = False) -> Path:
    moments = np.array(["2026-11-20T10:00:00", "2026-11-20T10:01:00"], "datetime64[ms]")[: len(shapes)]
    pyogrio.raw.write(path, shapely.to_wkb(np.array(shapes)), [np.array(["A"] * len(shapes), object), moments], ["track", "time"], driver=driver, crs=crs,
                      geometry_type=shapes[0].geom_type, layer=layer, append=append, gdal_tz_offsets={"time": np.full(len(shapes), 100)})
    return path


NEAR = [shapely.Point(650_000, 2_870_000), shapely.Point(650_010, 2_870_000)]


def test_points_of_a_geopackage_come_to_degrees(environment, tmp_path):
    report = load(environment, packaged(tmp_path / "t.gpkg", NEAR))
    assert (report.read, report.stored, report.error) == (2, 2, None)
    assert [row[:3] for row in fixes(environment)] == [("track:A", "10:00:00", "-97.502"), ("track:A", "10:01:00", "-97.502")]


@pytest.mark.parametrize(("make", "words"), [
    (lambda p: packaged(p, [shapely.LineString(NEAR)]), "no movement"), (lambda p: packaged(p, NEAR, crs=None), "a CRS"),
    (lambda p: packaged(packaged(p, NEAR), NEAR, layer="u", append=True), "one layer"),
    (lambda p: p.write_bytes(packaged(p, NEAR).read_bytes()[:9000]) and p, "GPKG file that can be read"), (lambda p: p.write_text("no") and p, "SQLite"),
    (lambda p: packaged(p, [shapely.Point(9e9, 9e9)]), "finite"),
], ids=["line", "no crs", "two layers", "truncated", "text", "nowhere"])
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_geopackage_that_is_refused(environment, tmp_path, make, words):
    report = load(environment, make(tmp_path / "t.gpkg"))
    assert report.error and words in report.error, report.error
    assert ask(environment, "SELECT count(*) FROM fix") == [(0,)]


def shapefile(tmp_path: Path, *, without: str | None = None, twice: bool = False) -> Path:
    moments = np.array([f"2026-11-20T10:0{i}:00Z" for i in range(2)], object)
    pyogrio.raw.write(tmp_path / "s.shp", shapely.to_wkb(np.array(NEAR)), [np.array(["A", "A"], object), moments], ["track", "time"],
                      driver="ESRI Shapefile", crs="EPSG:32614", geometry_type="Point")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as packed:
        for suffix in (".shp", ".dbf", ".shx", ".prj", ".cpg"):
            if suffix != without:
                packed.write(tmp_path / f"s{suffix}", f"../x/s{suffix}")
                if twice:
                    packed.write(tmp_path / f"s{suffix}", f"t{suffix}")
    return tmp_path / "s.zip"


def test_a_zipped_shapefile(environment, tmp_path):
    report = load(environment, shapefile(tmp_path))
    assert (report.read, report.stored, report.error) == (2, 2, None)


@pytest.mark.parametrize(("options", "words"), [({"without": ".prj"}, "a CRS"), ({"without": ".dbf"}, "the .dbf"), ({"twice": True}, "one shapefile")])
def test_a_zipped_shapefile_that_is_refused(environment, tmp_path, options, words):
    assert words in load(environment, shapefile(tmp_path, **options)).error


def test_a_shapefile_alone_says_what_it_needs(environment, tmp_path):
    shapefile(tmp_path)
    assert "in one .zip" in load(environment, tmp_path / "s.shp").error
