"""Seizures: tables and shapes in, each record once, never a false point."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from errors import SettingsInvalid
from feeds.imports import ImportOptions, check, import_files

HEAD = "id,when,lat,lon,precision_m,drug,quantity,unit,conveyance,found,agency"
ROW = "A1,2026-11-20T10:00:00Z,26.0,-97.5,100,cocaine,2,kg,vehicle,patrol,Guardia EX"


def load(database, *paths: Path, **options):
    reports = import_files("seizures", list(paths), ImportOptions(world="exercise", **options), lambda *_: None, owner_url=database.owner_url)
    return reports[0] if len(reports) == 1 else reports


def write(tmp_path: Path, text: str, name: str = "s.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(database, columns: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM seizure ORDER BY id").fetchall()


def test_a_row_becomes_a_seizure(environment, tmp_path):
    report = load(environment, write(tmp_path, f"{HEAD}\n{ROW}\n"))
    assert (report.read, report.stored, report.unplaced) == (1, 1, 0)
    assert rows(environment, "drug, drug_told, quantity, unit, kg, kg_rule, time_span, conveyance, found_by, line, ST_X(geom)") == [
        ("cocaine", "cocaine", 2.0, "kg", 2.0, "weight", "event", "vehicle", "patrol", 2, -97.5)]


def test_the_same_file_twice_and_identical_rows(environment, tmp_path):
    text = f"{HEAD}\n" + "\n".join([ROW.replace("A1", "")] * 3) + "\n"
    first, second = load(environment, write(tmp_path, text)), load(environment, write(tmp_path, text))
    assert (first.stored, second.stored, second.already) == (3, 0, 3)
    longer = load(environment, write(tmp_path, text + ROW.replace("A1", "") + "\n", "t.csv"))
    assert (longer.stored, longer.already) == (1, 3)  # three are the same records, the fourth is one more event


def test_two_exports_that_differ_in_the_last_digits_are_one_record(environment, tmp_path):
    a, b = ROW.replace(",2,kg", ",2.2826662607480004,kg"), ROW.replace(",2,kg", ",2.282666260748,kg")
    load(environment, write(tmp_path, f"{HEAD}\n{a}\n"))
    assert load(environment, write(tmp_path, f"{HEAD}\n{b}\n", "b.csv")).already == 1


@pytest.mark.parametrize(("when", "zone", "start", "end", "span"), [
    ("2026-11-20T10:00:00-06:00", None, "2026-11-20 16:00:00", "2026-11-20 16:00:01", "event"),
    ("2026-11-20", "America/Bogota", "2026-11-20 05:00:00", "2026-11-21 05:00:00", "day"),
    ("2026-03-08", "America/Chicago", "2026-03-08 06:00:00", "2026-03-09 05:00:00", "day"),
    ("2026-12", "UTC", "2026-12-01 00:00:00", "2027-01-01 00:00:00", "month"),
])
def test_time_is_a_range(environment, tmp_path, when, zone, start, end, span):
    load(environment, write(tmp_path, f"{HEAD}\n{ROW.replace('2026-11-20T10:00:00Z', when)}\n"), zone=zone)
    assert rows(environment, "to_char(started_at, 'YYYY-MM-DD HH24:MI:SS'), to_char(ended_at, 'YYYY-MM-DD HH24:MI:SS'), time_span") == [(start, end, span)]


@pytest.mark.parametrize(("old", "new", "field"), [
    ("2026-11-20T10:00:00Z", "2026-11-20", "when"), ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00", "when"), ("2026-11-20T10:00:00Z", "soon", "when"),
    (",2,kg", ",-2,kg", "quantity"), (",2,kg", ",nan,kg", "quantity"), (",2,kg", ",inf,kg", "quantity"), (",2,kg", ",two,kg", "quantity"),
    ("26.0,-97.5", "126.0,-97.5", "lat"), ("26.0,-97.5", "26.0,-197.5", "lon"), ("26.0,-97.5", "-97.5,26.0", "swapped"), ("26.0,-97.5", "26.0,", "lon"),
    ("26.0,-97.5", "nan,-97.5", "lat"), ("cocaine", "", "drug"), ("patrol", "dog", "found"), (",100,", ",-5,", "precision_m"),
])
def test_a_bad_value_refuses_the_file_and_is_named(environment, tmp_path, old, new, field):
    path = write(tmp_path, f"{HEAD}\n{ROW}\n{ROW.replace('A1', 'A2').replace(old, new)}\n")
    report = load(environment, path)
    assert report.error and "line 3" in report.error and field in report.error
    assert rows(environment, "id") == []
    kept = load(environment, path, keep_good=True)
    assert (kept.read, kept.stored, kept.refused) == (2, 1, 1)
    assert "s.csv,3," in Path(kept.rejects).read_text()


def test_one_id_for_two_different_rows_is_refused(environment, tmp_path):
    report = load(environment, write(tmp_path, f"{HEAD}\n{ROW}\n{ROW.replace('cocaine', 'heroin')}\n"))
    assert "each id once" in report.error


@pytest.mark.parametrize(("content", "words"), [
    ("", "not empty"), ("a,b,c\n1,2,3\n", "known layout"), (f"{HEAD}\n{ROW},extra\n", "columns"), (f"{HEAD}\n{ROW[:30]}\n", "columns"),
    (f"{HEAD},lat\n{ROW},1\n", "each column once"), ("when,drug\x00,quantity,unit\n", "NUL"),
])
def test_a_file_that_is_no_such_table_is_refused(environment, tmp_path, content, words):
    report = load(environment, write(tmp_path, content))
    assert words in report.error and report.stored == 0


def test_a_place_without_coordinates_is_found_or_stays_unplaced(environment, tmp_path):
    with environment.connect() as connection:
        connection.execute("INSERT INTO place (id, name, folded, country, population, precision_m, geom, qk) VALUES "
                           "(1, 'Leticia', 'leticia', 'CO', 40000, 4000, ST_SetSRID(ST_MakePoint(-69.9, -4.2), 4326), 0)")
        connection.commit()
    places = write(tmp_path, "code,name,lat,lon,precision_m\n05001,Medellín,6.25,-75.58,9000\n", "places.csv")
    head = "when,place,drug,quantity,unit"
    text = f"{head}\n" + "".join(f"2026-11-20T10:00:00Z,{p},cocaine,1,kg\n" for p in ("MEDELLIN", "Leticia", "Nowhere at all"))
    report = load(environment, write(tmp_path, text), places=places)
    assert (report.stored, report.unplaced) == (3, 1)
    assert rows(environment, "place, round(ST_X(geom)::numeric, 2)::text, precision_m") == [
        ("MEDELLIN", "-75.58", 9000.0), ("Leticia", "-69.90", 4000.0), ("Nowhere at all", None, None)]


def test_an_aggregate_is_one_row_of_several_events(environment, tmp_path):
    text = "FY,Month (abbv),Component,Region,Land Filter,Area of Responsibility,Drug Type,Count of Event,Sum Qty (lbs)\n" \
           "2024,OCT,Office,Coast,Other,MIAMI FIELD OFFICE,Cocaine,3,10\n2024,SEP,Office,Coast,Other,MIAMI FIELD OFFICE,Other Drugs**,1,2\n"
    report = load(environment, write(tmp_path, text))
    assert (report.stored, report.unplaced) == (2, 0)
    assert report.note == "2 totals of several events: in charts and rates, never points on the map"
    assert rows(environment, "event_count, aggregate, to_char(started_at AT TIME ZONE 'America/New_York', 'YYYY-MM'), round(kg::numeric, 3)::text, drug") == [
        (3, True, "2023-10", "4.536", "cocaine"), (1, True, "2024-09", "0.907", "other")]


def test_a_footer_is_no_row(environment, tmp_path):
    head = "FECHA,DEPARTAMENTO,MUNICIPIO,DIA,CLASE DE ESTUPEFACIENTE,CLASE DE SITIO,ZONA,UNIDAD DE MEDIDA,CÓDIGO DANE,CANTIDAD"
    body = '01/03/2018 12:00:00 AM,AMAZONAS,LETICIA (CT),X,BASE DE COCA,VIAS,URBANA,GRAMO,91001000,"16,780"'
    report = load(environment, write(tmp_path, f"\ufeff{head}\n{body}\nTOTAL,,,,,,,,,16780\n"))
    assert (report.read, report.stored, report.unplaced) == (1, 1, 1) and "footer" in report.note
    assert rows(environment, "drug, kg, time_span, to_char(started_at, 'YYYY-MM-DD HH24')") == [("cocaine", 16.78, "day", "2018-01-03 05")]


def feature(**properties) -> dict:
    told = {"when": "2026-11-20T10:00:00Z", "drug": "heroin", "quantity": 1.5, "unit": "kg", **properties}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-97.5, 26.0]}, "properties": told}


def test_geojson(environment, tmp_path):
    told = {"type": "FeatureCollection", "features": [feature(), feature(drug="MDMA")]}
    report = load(environment, write(tmp_path, json.dumps(told), "s.geojson"))
    assert (report.read, report.stored, report.error) == (2, 2, None)
    assert rows(environment, "drug, kg, ST_X(geom)") == [("heroin", 1.5, -97.5), ("ats", 1.5, -97.5)]


TOLD = {"drug": "heroin", "quantity": "1.5", "unit": "kg"}
PLACEMARK = ('<Folder><name>{n}</name><Placemark><name>S-{n}</name><TimeStamp><when>2026-11-20T10:00:0{n}Z</when></TimeStamp><ExtendedData>'
             + "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in TOLD.items())
             + "</ExtendedData>{shape}</Placemark></Folder>")
RING = "<Polygon><outerBoundaryIs><LinearRing><coordinates>-97.6,26 -97.4,26 -97.4,26.2 -97.6,26.2 -97.6,26</coordinates></LinearRing></outerBoundaryIs></Polygon>"


def kml_of(path: Path) -> Path:
    shapes = ("<Point><coordinates>-97.5,26.1,0</coordinates></Point>", RING, f"<MultiGeometry>{RING}</MultiGeometry>")
    text = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>' + "".join(PLACEMARK.format(n=n, shape=s) for n, s in enumerate(shapes)) + "</Document></kml>"
    if path.suffix == ".kml":
        path.write_text(text)
    else:
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("doc.kml", text)
    return path


def package_of(path: Path) -> Path:
    told = [np.array(["2026-11-20T10:00:00Z", "2026-11-20T10:00:01Z", "2026-11-20T10:00:02Z"], object), *(np.array([v] * 3, object) for v in TOLD.values())]
    shapes = shapely.points(np.repeat(Transformer.from_crs(4326, 32614, always_xy=True).transform(-97.5, 26.1), 3).reshape(2, 3).T)
    pyogrio.raw.write(path, shapely.to_wkb(shapes), told, ["when", *TOLD], driver="GPKG", crs="EPSG:32614", geometry_type="Point")
    return path


@pytest.mark.parametrize(("make", "name"), [(kml_of, "s.kml"), (kml_of, "s.kmz"), (package_of, "s.gpkg")], ids=["kml", "kmz", "gpkg"])
def test_shapes_of_every_folder_come_in(environment, tmp_path, make, name):
    path = make(tmp_path / name)
    report = load(environment, path)
    assert (report.read, report.stored, report.unplaced, report.error) == (3, 3, 0, None)
    assert rows(environment, "drug, kg, round(ST_X(geom)::numeric, 6)::text, to_char(started_at, 'SS')") == [("heroin", 1.5, "-97.500000", f"0{n}") for n in range(3)]
    assert load(environment, path).already == 3


def test_an_area_whose_mapping_does_not_fit_is_named(environment, tmp_path):
    mapping = write(tmp_path, 'layer = "seizures"\n[columns]\ndroga = "drug"\nwhen = "when"\n', "m.toml")
    assert "the properties droga" in load(environment, kml_of(tmp_path / "s.kml"), mapping=mapping).error


def test_a_known_layout_may_be_parted_by_anything(environment, tmp_path):
    for n, mark in enumerate((";", "\t", "|")):
        text = f"{HEAD}\n{ROW.replace('A1', str(n))}\n".replace(",", mark)
        assert load(environment, write(tmp_path, text, f"{n}.csv")).stored == 1


@pytest.mark.parametrize(("change", "words"), [
    (lambda t: t.update(type="featurecollection"), "FeatureCollection"), (lambda t: t.pop("features"), "features"),
    (lambda t: t["features"].append(None), "Feature"), (lambda t: t["features"][0].pop("properties"), "properties"),
    (lambda t: t["features"][0].update(geometry="x"), "geometry"), (lambda t: t["features"][0]["geometry"].update(coordinates=["1", "2"]), "numbers"),
    (lambda t: t["features"][0]["geometry"].update(coordinates=[-197.5, 26]), "longitude"), (lambda t: t.update(crs={"properties": {"name": "EPSG:3857"}}), "CRS84"),
    (lambda t: t["features"][0]["geometry"].update(type="Polygon", coordinates=[[[0, 0], [1, 0], [1, 1], [2, 2]]]), "last is the first"),
    (lambda t: t["features"][0]["geometry"].update(type="Polygon", coordinates=[[[i / 1e7, 0] for i in range(1_000_001)]]), "vertices"),
])
def test_geojson_that_is_not(environment, tmp_path, change, words):
    told = {"type": "FeatureCollection", "features": [feature()]}
    change(told)
    report = load(environment, write(tmp_path, json.dumps(told), "s.geojson"))
    assert report.error and words in report.error, report.error


def test_json_nested_without_end(environment, tmp_path):
    report = load(environment, write(tmp_path, "[" * 200_000, "s.geojson"))
    assert "JSON" in report.error


def test_parquet(environment, tmp_path):
    table = pa.table({"when": ["2026-11-20T10:00:00Z"], "lat": ["26.0"], "lon": ["-97.5"], "drug": ["crack"], "quantity": ["3"], "unit": ["g"]})
    pa.parquet.write_table(table, tmp_path / "s.parquet")
    assert load(environment, tmp_path / "s.parquet").stored == 1
    assert rows(environment, "drug, kg") == [("cocaine", 0.003)]


def test_a_mapping_of_ones_own(environment, tmp_path):
    mapping = write(tmp_path, """
layer = "seizures"
zone = "America/Lima"
crs = "EPSG:32614"
[columns]
fecha = { field = "when", format = "day:%d/%m/%Y" }
este = "x"
norte = "y"
droga = "drug"
peso = { field = "quantity", decimal = ",", thousands = "." }
[constants]
unit = "kg"
""", "m.toml")
    report = load(environment, write(tmp_path, 'fecha,este,norte,droga,peso\n20/11/2026,650000,2870000,Marihuana,"1.234,5"\n'), mapping=mapping)
    assert report.error is None and report.stored == 1
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_000, 2_870_000)
    (row,) = rows(environment, "drug, kg, ST_X(geom), ST_Y(geom)")
    assert row[:2] == ("cannabis", 1234.5) and row[2:] == pytest.approx((lon, lat))


@pytest.mark.parametrize(("text", "key"), [
    ('layer = "cats"', "layer"), ('layer = "seizures"\ncolour = 1', "colour"), ('layer = "seizures"\n[columns]\na = "nothing"', "columns.a.field"),
    ('layer = "seizures"\n[columns]\na = "place"', "drug"), ('layer = "seizures"\nzone = "Mars/Base"\n[columns]\na = "drug"', "zone"),
    ('layer = "seizures"\n[columns]\na = "drug"\nb = "x"\nc = "y"', "crs"), ("not toml at all [", "TOML"),
])
def test_a_wrong_mapping_names_its_key(environment, tmp_path, text, key):
    report = load(environment, write(tmp_path, "a,b\n1,2\n"), mapping=write(tmp_path, text, "m.toml"))
    assert key in report.error


def test_what_a_source_is_worth_stands_with_its_records(environment, tmp_path):
    load(environment, write(tmp_path, f"{HEAD}\n{ROW}\n"), grade="B2", handling="Police only")
    load(environment, write(tmp_path, f"{HEAD}\n{ROW.replace('A1', 'A2')}\n", "other.csv"))
    with environment.connect() as connection:
        assert connection.execute("SELECT grade, handling FROM source ORDER BY id").fetchall() == [("B2", "Police only"), ("F6", None)]


@pytest.mark.parametrize("options", [{"grade": "B7"}, {"grade": "G1"}, {"grade": "2B"}, {"grade": ""}, {"handling": ""}, {"handling": "a\nb"}, {"handling": "x" * 101}])
def test_a_grade_that_is_none_is_refused_before_a_file_is_opened(environment, tmp_path, options):
    with pytest.raises(SettingsInvalid):
        check(ImportOptions(**options))
