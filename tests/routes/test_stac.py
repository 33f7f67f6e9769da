"""STAC: held against the core schemas, read by somebody else's client, under the same rights and record as everything."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from datetime import datetime, timezone

import pystac_client
import pytest
import rasterio

from feeds.imports import ImportOptions, import_files
from tests.conftest import COOKIE, forget_settings
from tests.feeds.test_frames import frame
from tests.feeds.test_imagery import UTM, colours, raster
from tests.routes.asked import entries
from tests.routes.stac_schemas import wrong

WHY = {"X-Purpose": "Investigation", "X-Case": "2026-1"}
SORTIES = ("Kestrel 1", "Kestrel 1", "Kestrel 2", None, None)


@pytest.fixture(scope="module")
def address(served):
    return served[0]


@pytest.fixture(scope="module")
def served(module_database, serve, tmp_path_factory):
    """A server over five images, of two sorties and of none, a day apart; and its folder."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("images")
    before, os.environ["VIGIA_HOME"] = os.environ.get("VIGIA_HOME"), str(home)
    forget_settings()
    for i, sortie in enumerate(SORTIES):
        path = raster(folder / f"2026112{i}T101500Z.tif", colours() + i, transform=UTM)
        options = ImportOptions(sortie=sortie, platform=sortie and "Matrice 350", sensor=sortie and "L2", marking="TLP:GREEN")
        [report] = import_files("imagery", [path], options, lambda *_: None, owner_url=module_database.owner_url)
        assert report.stored == 1, report
    os.environ.pop("VIGIA_HOME") if before is None else os.environ.update(VIGIA_HOME=before)
    forget_settings()
    return serve(module_database, VIGIA_HOME=str(home)), home


def got(address: str, path: str, body: dict | None = None, **headers: str):
    request = urllib.request.Request(address + path, None if body is None else json.dumps(body).encode(), {"Cookie": COOKIE, **headers})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def told(address: str, path: str, body: dict | None = None) -> dict:
    status, _, answer = got(address, path, body)
    assert status == 200, (path, answer)
    return json.loads(answer)


def test_everything_is_as_the_core_schemas_say(address):
    assert wrong(told(address, "/stac")) == []
    collections = told(address, "/stac/collections")["collections"]
    assert [c["title"] for c in collections] == ["Sortie Kestrel 2", "Sortie Kestrel 1", "Images of no sortie"]
    for collection in collections:
        assert wrong(collection) == []
        assert told(address, f"/stac/collections/{collection['id']}") == collection
        items = told(address, f"/stac/collections/{collection['id']}/items")
        assert items["features"] and [wrong(item) for item in items["features"]] == [[]] * len(items["features"])
        for item in items["features"]:
            assert item["collection"] == collection["id"] and told(address, f"/stac/collections/{collection['id']}/items/{item['id']}") == item
            assert item["properties"]["vigia:marking"] == "TLP:GREEN" and item["assets"]["cog"]["type"].endswith("profile=cloud-optimized")
    assert "https://api.stacspec.org/v1.0.0/item-search" in told(address, "/stac/conformance")["conformsTo"]


def test_another_client_reads_it(address):
    client = pystac_client.Client.open(f"{address}/stac", headers={"Cookie": COOKIE})
    titles = {c.title: c.id for c in client.get_collections()}
    assert set(titles) == {"Sortie Kestrel 1", "Sortie Kestrel 2", "Images of no sortie"} and titles["Images of no sortie"] == "no-sortie"
    assert [i.id for i in client.search(collections=[titles["Sortie Kestrel 1"]]).items()] == ["image-2", "image-1"]
    ids = [item.id for item in client.search(max_items=100, limit=2).items()]
    assert ids == ["image-5", "image-4", "image-3", "image-2", "image-1"], "page after page, the newest first"
    assert [i.id for i in client.search(method="GET", limit=2).items()] == ids
    one = client.search(ids=["image-2"]).item_collection()[0]
    assert one.properties["platform"] == "Matrice 350" and one.properties["instruments"] == ["L2"] and one.common_metadata.gsd == pytest.approx(0.5, rel=0.01)
    assert [i.id for i in client.search(collections=["no-sortie"]).items()] == ["image-5", "image-4"]
    assert [i.id for i in client.search(datetime="2026-11-21T10:15:00Z").items()] == ["image-2"]
    assert [i.id for i in client.search(datetime=[datetime(2026, 11, 21, 10, 15, tzinfo=timezone.utc), "2026-11-23T10:15:00Z"]).items()] == ["image-4", "image-3", "image-2"]
    west, south, east, north = one.bbox
    assert len(list(client.search(bbox=one.bbox).items())) == 5 and not list(client.search(bbox=[west + 1, south, east + 1, north]).items())
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    assert len(list(client.search(intersects={"type": "Polygon", "coordinates": [ring]}).items())) == 5
    assert not list(client.search(intersects={"type": "Point", "coordinates": [west - 1, south]}).items())


@pytest.mark.parametrize(("query", "key"), [
    ("bbox=1,2", "bbox"), ("bbox=1,2,x,4", "bbox"), ("datetime=yesterday", "datetime"), ("datetime=../..", "datetime"), ("datetime=2026-11-22T00:00:00Z/2026-11-21T00:00:00Z", "datetime"),
    ("limit=-1", "limit"), ("token=zzz", "token"), ("token=%2e%2e", "token"), ("intersects=%7B%7D", "intersects"), ("intersects={%22type%22:%22Point%22,%22coordinates%22:[999,0]}", "intersects"),
    ("filter=1", "filter"), ("url=file:///etc/passwd", "url"), ("world=mars", "world"),
])
def test_what_can_not_be_asked_is_named(address, query, key):
    status, _, body = got(address, f"/stac/search?{query}")
    assert status == 422 and json.loads(body)["problems"][0]["key"] == key


def test_what_is_not_there(address):
    for path in ("/stac/collections/sortie-99", "/stac/collections/x", "/stac/collections/sortie-1/items/image-5", "/stac/collections/sortie-1/items/1", "/stac/nowhere"):
        assert got(address, path)[0] == 404, path
    assert told(address, "/stac/search?ids=image-99,nonsense")["features"] == [] and told(address, "/stac/search?collections=nonsense")["features"] == []
    assert told(address, "/stac/search?world=exercise")["features"] == []
    assert got(address, "/stac/search", {"nonsense": 1})[0] == 422


def test_a_post_is_told_to_the_record_as_it_was_asked(address, module_database):
    since = len(entries(module_database))
    told(address, "/stac/search", {"ids": ["image-2"], "limit": 7})
    [entry] = [e for e in entries(module_database)[since:] if e["of"] == "stac/search"]
    assert entry["what"] == "consultation" and entry["rows"] == 1 and "ids=image-2" in entry["filter"] and "limit=7" in entry["filter"]


def test_the_picture_is_a_release(address, module_database):
    cog = told(address, "/stac/search?ids=image-1")["features"][0]["assets"]["cog"]["href"].removeprefix(address)
    assert got(address, cog)[0] == 428
    status, headers, whole = got(address, cog, **WHY)
    assert status == 200 and headers["x-release"]
    status, headers, part = got(address, cog, Range="bytes=100-199", **WHY)
    assert status == 206 and part == whole[100:200] and headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert got(address, cog, Range=f"bytes={len(whole) + 1}-", **WHY)[0] == 416
    with module_database.connect() as connection:
        rows = connection.execute("SELECT format, filter, row_count, encode(sha256, 'hex') FROM vigia.release").fetchall()
    assert rows == [("cog", "image=1", 1, hashlib.sha256(whole).hexdigest())], "one, however many ranges are read"
    status, _, body = got(address, cog, **WHY, **{"X-Recipient": "Somebody"})
    assert status == 200, "TLP:GREEN may go to partners"


def test_gdal_reads_the_picture_by_ranges(address):
    cog = told(address, "/stac/search?ids=image-1")["features"][0]["assets"]["cog"]["href"]
    headers = "\r\n".join(f"{k}: {v}" for k, v in {"Cookie": COOKIE, **WHY}.items())
    with rasterio.Env(GDAL_HTTP_HEADERS=headers, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", CPL_VSIL_CURL_ALLOWED_EXTENSIONS=".tif,.tif?world=live"):
        with rasterio.open(f"/vsicurl/{cog}") as picture:
            assert picture.count >= 3 and picture.width > 100


def test_films_that_tell_a_place_are_items_among_the_images(address, module_database):
    """Two films at the time of an image: one with a place, one without."""
    with module_database.connect() as connection:
        ids = [connection.execute("""
            INSERT INTO video (world, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, sortie_id, source_id, provenance)
            SELECT 0, %(n)s, captured_at, captured_at + interval '1 minute', 60, 'h264', 320, 240, 10, ST_GeomFromText(%(e)s, 4326), %(n)s, 'x', 'x', sortie_id, source_id, '{"preview": "x.webp"}'
            FROM image WHERE id = 2 RETURNING id""", {"n": name, "e": extent}).fetchone()[0] for name, extent in (("placed", "POLYGON((-97 26, -96 26, -96 27, -97 26))"), ("placeless", None))]
        connection.commit()
    try:
        name = f"video-{ids[0]}"
        found = [f["id"] for f in told(address, "/stac/search")["features"]]
        assert found == ["image-5", "image-4", "image-3", name, "image-2", "image-1"]
        client = pystac_client.Client.open(f"{address}/stac", headers={"Cookie": COOKIE})
        for limit in (1, 2, 4):
            assert [i.id for i in client.search(method="GET", limit=limit).items()] == found, f"page after page of {limit}"
        [item] = told(address, f"/stac/search?ids={name}")["features"]
        assert wrong(item) == [] and item["assets"]["video"]["type"] == "video/mp4" and item["assets"]["thumbnail"]["roles"] == ["thumbnail"]
        assert told(address, f"/stac/collections/{item['collection']}/items/{name}") == item and item["properties"]["end_datetime"] > item["properties"]["start_datetime"]
        assert [f["id"] for f in told(address, "/stac/search?bbox=-96.9,26,-96.1,26.5")["features"]] == [name]
        assert got(address, f"/stac/collections/{item['collection']}/items/video-{ids[1]}")[0] == 404
    finally:
        with module_database.connect() as connection:
            connection.execute("DELETE FROM video")
            connection.commit()


def test_frames_are_items_with_their_pose_and_a_point_has_its_thumbnail(served, module_database, tmp_path, monkeypatch):
    """Two frames of a sortie of their own, one laid on the ground, one that does not say how it lay; and a film, over which its collection reaches too."""
    address, home = served
    with monkeypatch.context() as patch:
        patch.setenv("VIGIA_HOME", str(home))
        forget_settings()
        paths = [frame(tmp_path / "laid.jpg"), frame(tmp_path / "point.jpg", pose=None)]
        reports = import_files("imagery", paths, ImportOptions(sortie="Frames", zone="UTC", marking="TLP:GREEN"), lambda *_: None, owner_url=module_database.owner_url)
        assert [r.stored for r in reports] == [1, 1]
    forget_settings()
    with module_database.connect() as connection:
        (sortie,) = connection.execute("SELECT id FROM sortie WHERE key = 'Frames'").fetchone()
        connection.execute("""
            INSERT INTO video (world, name, started_at, ended_at, duration_s, codec, width_px, height_px, rate_hz, extent, sha256, original, served, sortie_id, source_id)
            SELECT 0, 'film', '2026-11-20T11:00:00Z', '2026-11-20T11:01:00Z', 60, 'h264', 320, 240, 10, ST_GeomFromText('POINT(-97.4 26.1)', 4326), 'f', 'x', 'x', sortie_id, source_id
            FROM image WHERE name = 'laid'""")
        connection.commit()
    try:
        items = {f["properties"]["title"]: f for f in told(address, f"/stac/collections/sortie-{sortie}/items")["features"]}
        assert [wrong(i) for i in items.values()] == [[]] * 3 and set(items) == {"laid", "point", "film"}
        assert set(items["laid"]["assets"]) == {"cog", "thumbnail"} and set(items["point"]["assets"]) == {"thumbnail"} and items["point"]["geometry"]["type"] == "Point"
        assert items["laid"]["properties"]["vigia:pose"]["angles_from"] == "XMP gimbal" and "why_point" in items["point"]["properties"]["vigia:pose"]
        for name in ("laid", "point"):
            status, headers, body = got(address, items[name]["assets"]["thumbnail"]["href"].removeprefix(address))
            assert (status, headers["content-type"]) == (200, "image/webp") and body[8:12] == b"WEBP"
        collection = told(address, f"/stac/collections/sortie-{sortie}")
        assert collection["extent"]["temporal"]["interval"] == [["2026-11-20T10:00:00Z", "2026-11-20T11:01:00Z"]]
        assert collection["extent"]["spatial"]["bbox"][0][2:] == pytest.approx([-97.4, 26.1]) and collection in told(address, "/stac/collections")["collections"]
    finally:
        with module_database.connect() as connection:
            connection.execute("DELETE FROM video")
            connection.execute("DELETE FROM image WHERE product = 'frame'")
            connection.execute("DELETE FROM sortie WHERE key = 'Frames'")
            connection.commit()
