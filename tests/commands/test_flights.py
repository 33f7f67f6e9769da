"""`vigia imagery watch` and `vigia imagery export-stac`, as they are typed."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace

import pystac
import pytest

import cli
from data import people
from feeds.imports import ImportOptions, import_files
from tests.feeds.films import film
from tests.feeds.test_frames import POSE, frame
from tests.feeds.test_imagery import colours, raster
from tests.routes.stac_schemas import wrong

WHY = ("--purpose", "Investigation", "--case", "7")


@pytest.fixture
def typed(environment, tmp_path, monkeypatch, capsys):
    """`typed("imagery", "watch")` -> exit code, what it printed; ana is of Alfa, bob of Bravo."""
    with environment.connect() as connection:
        for name, agency in (("ana", "Alfa"), ("bob", "Bravo")):
            people.add_agency(connection, agency, None)
            people.add(connection, name, ["analyst"], agencies=[agency])
        connection.commit()
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigia", *words])
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return run


@pytest.fixture
def flown(typed, environment, tmp_path):
    """Two images of a sortie of Alfa's."""
    paths = [raster(tmp_path / f"2026112{i}T101500Z.tif", colours() + i) for i in range(2)]
    reports = import_files("imagery", paths, ImportOptions(sortie="Kestrel 1", platform="Matrice", agency="Alfa"), lambda *_: None, owner_url=environment.owner_url)
    assert [r.stored for r in reports] == [1, 1]
    return typed


def test_a_folder_is_watched_until_all_is_taken(typed, environment, tmp_path):
    folder = tmp_path / "share"
    folder.mkdir()
    raster(folder / "20261120T101500Z.tif", colours())
    code, told, _ = typed("imagery", "watch", "share", "--agency", "Alfa", "--sortie", "W-1", "--still", "0", "--every", "0.05", "--once")
    assert code == 0 and told.endswith("20261120T101500Z.tif: 1 read, 1 stored, 0 already there, 0 refused")
    (folder / "20261121T101500Z.tif").write_bytes(b"no raster")
    code, told, _ = typed("imagery", "watch", "share", "--agency", "Alfa", "--still", "0", "--every", "0.05", "--once")
    assert code == 1 and told.startswith("refused  ") and (folder / "refused" / "20261121T101500Z.tif.txt").read_text().strip() == told
    assert typed("imagery", "watch", "nowhere")[2] == "vigia: nowhere: expected a folder, and no link to one"
    assert typed("imagery", "watch", "share", "--zone", "Mars")[0] == 1
    raster(folder / "field.tif", 255 - colours())
    assert "add --once" in typed("imagery", "watch", "share", "--captured-at", "2026-11-22T09:00:00Z")[2]
    assert typed("imagery", "watch", "share", "--captured-at", "2026-11-22T09:00:00Z", "--still", "0", "--every", "0.05", "--once")[0] == 0
    with environment.connect() as connection:
        assert connection.execute("SELECT captured_at FROM image WHERE name = 'field'").fetchone()[0].isoformat() == "2026-11-22T09:00:00+00:00"


def test_a_sortie_as_a_folder_that_stands_alone(flown, environment, tmp_path):
    assert flown("imagery", "export-stac", "Kestrel 1", "out", "--as", "ana")[2] == "vigia: an export of live records needs --purpose and --case"
    code, told, said = flown("imagery", "export-stac", "Kestrel 1", "out", "--as", "ana", *WHY, "--originals")
    assert (code, told) == (0, "out"), said
    moved = tmp_path / "elsewhere"
    (tmp_path / "out").rename(moved)
    sums = dict(reversed(line.split("  ")) for line in (moved / "SHA256SUMS").read_text().splitlines())
    there = {str(p.relative_to(moved)): hashlib.sha256(p.read_bytes()).hexdigest() for p in moved.rglob("*") if p.is_file() and p.name != "SHA256SUMS"}
    assert sums == there
    catalog = pystac.Catalog.from_file(str(moved / "catalog.json"))
    items = list(catalog.get_items(recursive=True))
    assert len(items) == 2 and {item.properties["platform"] for item in items} == {"Matrice"}
    for path in moved.rglob("*.json"):
        assert wrong(json.loads(path.read_text())) == [], path
    for item in items:
        assert set(item.assets) == {"cog", "thumbnail", "original"}
        for asset in item.assets.values():
            body = (moved / "/".join(item.get_self_href().split("/")[-3:-1]) / asset.href.removeprefix("./")).read_bytes()
            assert asset.extra_fields["file:checksum"] == "1220" + hashlib.sha256(body).hexdigest() and asset.extra_fields["file:size"] == len(body)
        assert asset.extra_fields["file:checksum"][4:] == item.properties["vigia:sha256"], "the original, to the byte"
    assert str(tmp_path) not in "".join(p.read_text() for p in moved.rglob("*.json")), "no path of this machine"
    with environment.connect() as connection:
        release = connection.execute("SELECT format, filter, purpose, row_count, encode(sha256, 'hex') FROM release").fetchall()
        kinds = connection.execute("SELECT kind, length(records) / 24 FROM release_record").fetchall()
        entry = connection.execute("SELECT entry::jsonb FROM audit.entry WHERE entry::jsonb ->> 'what' = 'disclosure'").fetchone()[0]
    assert release == [("stac", "sortie=1", "Investigation", 2, hashlib.sha256((moved / "SHA256SUMS").read_bytes()).hexdigest())] and kinds == [("image", 2)]
    assert (entry["release"], entry["of"], entry["rows"]) == (1, "export/stac/sortie:1", 2)


def test_frames_and_films_are_in_the_folder_under_the_same_rules(flown, environment, tmp_path):
    """Beside the images of the sortie a frame with its overlay, one that is a point, a film with places and one without."""
    paths = [frame(tmp_path / "laid.jpg"), frame(tmp_path / "point.jpg", pose=None), film(tmp_path / "flight.ts", 2), film(tmp_path / "blind.mp4", 1, klv=False)]
    options = ImportOptions(sortie="Kestrel 1", agency="Alfa", zone="UTC", marking="TLP:GREEN")
    told = [r for path in paths for r in import_files("imagery", [path], replace(options, captured_at="2026-11-22T10:00:00Z" if path.suffix == ".mp4" else None), lambda *_: None,
                                                      owner_url=environment.owner_url)]
    assert [r.error for r in told] == [None] * 4
    code, _, said = flown("imagery", "export-stac", "Kestrel 1", "out", "--as", "ana", *WHY, "--originals")
    assert code == 0 and "not in it: 1 film without a place" in said, said
    documents = {p.stem: json.loads(p.read_text()) for p in (tmp_path / "out").rglob("*.json")}
    assert [wrong(told) for told in documents.values()] == [[]] * 7
    items = {d["properties"]["title"]: d for d in documents.values() if d["type"] == "Feature"}
    assert {name: sorted(item["assets"]) for name, item in items.items() if not name.startswith("2026")} == {
        "laid": ["cog", "original", "thumbnail"], "point": ["original", "thumbnail"], "flight": ["original", "thumbnail", "video"]}
    assert items["laid"]["geometry"]["type"] == "MultiPolygon" and items["point"]["geometry"]["type"] == "Point"
    laid, point = items["laid"]["properties"], items["point"]["properties"]
    assert laid["vigia:product"] == "frame" and laid["vigia:pose"]["pitch_deg"] == float(POSE["GimbalPitchDegree"]) and "how its camera was held" in point["vigia:pose"]["why_point"]
    flight = items["flight"]["properties"]
    assert (flight["start_datetime"], flight["end_datetime"]) == ("2026-11-20T10:00:00Z", "2026-11-20T10:00:02Z") and flight["vigia:marking"] == "TLP:GREEN"
    for name, item in items.items():
        for asset in item["assets"].values():
            body = (tmp_path / "out" / item["collection"] / item["id"] / asset["href"]).read_bytes()
            assert asset["file:checksum"] == "1220" + hashlib.sha256(body).hexdigest(), name
        assert asset["type"] == {"flight": "video/mp2t", "laid": "image/jpeg", "point": "image/jpeg"}.get(name, "image/tiff")
    [collection] = [d for d in documents.values() if d["type"] == "Collection"]
    assert collection["extent"]["temporal"]["interval"] == [["2026-11-20T10:00:00Z", "2026-11-21T10:15:00Z"]]
    west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
    for item in items.values():
        assert west <= item["bbox"][0] and south <= item["bbox"][1] and item["bbox"][2] <= east and item["bbox"][3] <= north
    with environment.connect() as connection:
        assert connection.execute("SELECT kind, length(records) / 24 FROM release_record ORDER BY kind").fetchall() == [("image", 4), ("video", 1)]
        people.add(connection, "rita", ["analyst"], agencies=["Alfa"], ceiling="TLP:RED")
        connection.execute("UPDATE video SET marking = 'TLP:RED'")
        connection.commit()
    code, _, said = flown("imagery", "export-stac", "Kestrel 1", "next", "--as", "rita", *WHY, "--recipient", "Customs")
    assert code == 1 and "1 TLP:RED" in said and not (tmp_path / "next").exists(), "a film refuses the whole as an image does"


def test_what_may_not_be_given_out_leaves_no_folder(flown, environment, tmp_path):
    with environment.connect() as connection:
        people.add(connection, "rita", ["analyst"], agencies=["Alfa"], ceiling="TLP:RED")
        connection.commit()
    assert flown("mark", "image:1", "TLP:RED", "--as", "rita")[0] == 0
    code, _, said = flown("imagery", "export-stac", "Kestrel 1", "out", "--as", "rita", *WHY, "--recipient", "Customs")
    assert code == 1 and "1 TLP:RED" in said
    assert flown("imagery", "export-stac", "Kestrel 1", "out", "--as", "bob", *WHY)[2] == "vigia: no sortie 'Kestrel 1' in the live world"
    (tmp_path / "there").mkdir()
    assert "is there already" in flown("imagery", "export-stac", "Kestrel 1", "there", "--as", "rita", *WHY)[2]
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith((".out", "out"))) == []
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM release").fetchone() == (0,)
