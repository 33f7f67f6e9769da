"""Tiles of imagery as they are asked for: what lies on top, bands, scale, colours, and what is refused."""

from __future__ import annotations

import io
from datetime import timedelta

import morecantile
import numpy as np
import psycopg
import pytest
from affine import Affine
from PIL import Image as Picture
from pyproj import Transformer
from starlette.testclient import TestClient

import settings
from data import imagery, pixels
from data.filters import Filter
from data.quadkey import loose_cell, loose_ranges
from tests.conftest import TOKEN
from tests.data.made import touch
from tests.data.pictures import START, UTM, put, sortie

WORLD = "world=exercise"
TILES = morecantile.tms.get("WebMercatorQuad")
MIDDLE = Transformer.from_crs(32614, 4326, always_xy=True).transform(650_050, 2_869_950)
HERE = TILES.tile(*MIDDLE, 20)
MULTI = {"bands": [1, 2, 3], "names": ["red", "green", "blue", "nir"], "scale": [[0, 1000]] * 4}


@pytest.fixture(scope="module")
def ids() -> dict[str, int]:
    return {}


@pytest.fixture(scope="module")
def client(module_database, tmp_path_factory, ids):
    patch = pytest.MonkeyPatch()
    patch.setenv("VIGIA_APP_URL", module_database.app_url)
    patch.setenv("VIGIA_HOME", str(tmp_path_factory.mktemp("home")))
    settings.store.cache_clear()
    with module_database.connect() as connection:
        early, late = (sortie(connection, key, started=START + timedelta(hours=h)) for key, h in (("S1", 0), ("S2", 5)))
        ids["old"] = put(connection, "old", 40, at_h=1, sortie_id=early, gsd_m=0.2)
        ids["new"] = put(connection, "new", 80, at_h=2, sortie_id=early, gsd_m=0.5)
        ids["frame of S1"] = put(connection, "frame", 120, at_h=3, sortie_id=early, product="frame", gsd_m=0.1)
        ids["S2"] = put(connection, "later", 160, at_h=0.5, sortie_id=late, gsd_m=0.9)
        bands = np.stack([np.full((200, 200), v, "uint16") for v in (100, 300, 500, 900)])
        ids["multi"] = put(connection, "multi", bands, at_h=9, world=0, rendering=MULTI)
        ids["heat"] = put(connection, "heat", bands[:1], at_h=8, world=0, rendering={"bands": [1], "names": ["thermal"], "scale": [[0, 1000]], "colormap": "inferno"})
        x, y = Transformer.from_crs(4326, 32660, always_xy=True).transform(180, 52)
        ids["over 180"] = put(connection, "over", 200, crs="EPSG:32660", transform=Affine(5, 0, x - 500, 0, -5, y + 500))
        touch(connection, "imagery")
        touch(connection, "imagery", 0)
        connection.commit()
    import app

    with TestClient(app.server, base_url="http://127.0.0.1", cookies={"vigia": TOKEN}) as client:
        yield client
    patch.undo()
    settings.store.cache_clear()


def tile(client, query: str, at=HERE, image: int | None = None, end: str = ".png") -> np.ndarray:
    answer = client.get(f"/api/tiles/imagery/{'' if image is None else f'{image}/'}{at.z}/{at.x}/{at.y}{end}?{query}")
    assert answer.status_code == 200, answer.text[:300]
    return np.asarray(Picture.open(io.BytesIO(answer.content)).convert("RGBA"))


@pytest.mark.parametrize(("query", "value"), [
    ("", 80), ("&order=newest", 80), ("&order=oldest", 160), ("&order=sharpest", 40), ("&order=sortie", 160), ("&to=2026-11-20T01:30:00Z", 40),
    ("&from=2026-11-20T02:30:00Z", 120), ("&to=2026-11-20T01:30:00Z&order=oldest", 160),
])
def test_what_lies_on_top(client, query, value):
    """A frame lies below the orthophotos of its flight, though it is newer and sharper; alone it shows."""
    assert np.unique(tile(client, WORLD + query)[..., 0]).tolist() == [value]


@pytest.mark.parametrize(("query", "colour"), [
    ("", (25, 76, 127)), ("&bands=nir,red,green", (229, 25, 76)), ("&bands=4,1,2", (229, 25, 76)), ("&bands=nir", (229, 229, 229)), ("&rescale=0,500", (51, 153, 255)),
    ("&rescale=0,100,0,300,0,1000", (255, 255, 127)),
])
def test_bands_and_scales(client, ids, query, colour):
    assert tile(client, f"world=live{query}", image=ids["multi"])[128, 128, :3].tolist() == pytest.approx(colour, abs=1)


def test_colours_of_one_band(client, ids):
    stored, asked = (tile(client, f"world=live{q}", image=ids["heat"])[128, 128, :3].tolist() for q in ("", "&colormap=viridis"))
    assert stored != asked and len(set(stored)) > 1 and len(set(asked)) > 1
    # A mosaic of one band: which image has it does not matter, and one without is not drawn.
    assert tile(client, "world=live&bands=nir&colormap=gray")[128, 128].tolist() == [229, 229, 229, 255]
    assert tile(client, f"{WORLD}&bands=nir").shape == (1, 1, 4)


@pytest.mark.parametrize("query", ["order=best", "bands=1,2", "bands=swirr", "rescale=5,1", "rescale=x", "colormap=jet", "bands=1,2,3&colormap=gray", "bands=1&bands=2", "expression=b1/b2",
                                   "url=/etc/passwd", "order=newest&order=oldest", "algorithm=hillshade"])
def test_what_is_no_word_of_ours_is_a_422(client, query):
    for path in (f"tiles/imagery/{HERE.z}/{HERE.x}/{HERE.y}.webp", "tiles/imagery.json"):
        answer = client.get(f"/api/{path}?{WORLD}&{query}")
        assert answer.status_code == 422, (path, answer.text)
        assert query.split("&")[-1].split("=")[0] in answer.text


def test_a_band_that_one_image_has_not_names_those_it_has(client, ids):
    answer = client.get(f"/api/tiles/imagery/{ids['multi']}/{HERE.z}/{HERE.x}/{HERE.y}.png?world=live&bands=swir")
    assert answer.status_code == 422 and "4 (nir)" in answer.text


def test_sizes_and_formats(client):
    assert tile(client, WORLD).shape == (256, 256, 4)
    assert tile(client, WORLD, end="@2x.webp").shape == (512, 512, 4)


def test_etags_know_the_look(client, ids):
    path = f"/api/tiles/imagery/{ids['multi']}/{HERE.z}/{HERE.x}/{HERE.y}.webp?world=live"
    tags = {q: client.get(path + q).headers["etag"] for q in ("", "&bands=nir", "&rescale=0,9", "&bands=nir&colormap=turbo", "&order=oldest")}
    assert len(set(tags.values())) == len(tags)
    assert client.get(f"{path}&bands=nir", headers={"If-None-Match": tags["&bands=nir"]}).status_code == 304
    assert client.get(f"{path}&bands=4", headers={"If-None-Match": tags["&bands=nir"]}).status_code == 200


def test_tilejson_carries_the_look(client, ids):
    told = client.get(f"/api/tiles/imagery.json?{WORLD}&order=oldest&bands=nir,red,green&rescale=0,1").json()
    assert told["tiles"] == ["http://127.0.0.1/api/tiles/imagery/{z}/{x}/{y}.webp?world=exercise&order=oldest&bands=nir%2Cred%2Cgreen&rescale=0%2C1"]
    one = client.get(f"/api/tiles/imagery/{ids['multi']}/tilejson.json?world=live&bands=nir&colormap=magma").json()
    assert one["tiles"][0].endswith(f"/imagery/{ids['multi']}/{{z}}/{{x}}/{{y}}.webp?world=live&bands=nir&colormap=magma")
    assert (one["minzoom"], one["maxzoom"]) == (12, 21) and one["bounds"][0] == pytest.approx(MIDDLE[0], abs=0.01)
    at = client.get(one["tiles"][0].format(z=HERE.z, x=HERE.x, y=HERE.y).removeprefix("http://127.0.0.1"))
    assert at.status_code == 200
    assert client.get(f"/api/tiles/imagery/{ids['multi']}/tilejson.json?{WORLD}").status_code == 404


@pytest.mark.parametrize("lon", [179.999, -179.999])
@pytest.mark.parametrize("z", [2, 9, 14, 17])
def test_a_picture_over_180_degrees_is_found_and_drawn_on_both_sides(client, lon, z):
    shown = tile(client, WORLD, TILES.tile(lon, 52, z))
    assert shown.shape[0] == 1 if z == 2 else (shown[..., 3] > 0).any()


def test_an_image_says_how_it_is_shown_and_how_it_was_made(client, ids):
    one = client.get(f"/api/images/{ids['heat']}?world=live").json()
    assert one["shown"] == {"bands": [1], "names": ["thermal"], "scale": [[0, 1000]], "colormap": "inferno"} and one["provenance"] == {} and one["product"] == "orthophoto"
    assert "provenance" not in client.get("/api/images?world=live").json()["rows"][0]


def test_a_lost_file_is_a_plain_error(client, ids, module_database):
    with module_database.connect() as connection:
        (cog,) = connection.execute("SELECT cog FROM image WHERE id = %s", (ids["heat"],)).fetchone()
        path = settings.store().imagery / cog
        path.rename(path.with_suffix(".away"))
        try:
            answer = client.get(f"/api/tiles/imagery/{ids['heat']}/{HERE.z}/{HERE.x}/{HERE.y}.png?world=live&rescale=1,7")
            assert answer.status_code == 500 and "imagery verify" in answer.text and str(settings.store().home) not in answer.text
        finally:
            path.with_suffix(".away").rename(path)


async def test_a_mosaic_goes_on_until_it_is_full(client, module_database):
    """70 images on one tile, the newest of it almost empty: what lies deepest still shows."""
    valid = np.zeros((200, 200), bool)
    valid[::40, ::40] = True
    with module_database.connect() as connection:
        moved = UTM * Affine.translation(10_000, 0)
        put(connection, "deepest", 33, at_h=-1, transform=moved)
        for n in range(70):
            put(connection, f"thin {n}", 99, at_h=n, transform=moved, valid=valid)
        touch(connection, "imagery")
        connection.commit()
    at = TILES.tile(*Transformer.from_crs(32614, 4326, always_xy=True).transform(655_050, 2_869_950), 20)
    assert {33, 99} >= set(np.unique(tile(client, WORLD, at)[..., 0]).tolist()) >= {33}
    pool = module_database.pool()
    try:
        filter = Filter(world="exercise")
        async with pool.reading() as session:
            first = await imagery.under(session, filter, at.z, at.x, at.y)
        told = [page async for page in imagery.pages(pool, first, filter, at.z, at.x, at.y, "newest")]
    finally:
        await pool.close()
    some = [page for page, _ in told]
    names = [i["id"] for page in some for i in page]
    assert [last for _, last in told] == [False, False, False, True] and [len(page) for page in some] == [8, 16, 32, 15] and len(set(names)) == 71


def test_what_is_covered_is_not_opened(client, module_database):
    with module_database.connect() as connection:
        rows = connection.execute("SELECT id, cog, rendering, ST_AsBinary(footprint) FROM image WHERE world = 1 AND name IN ('old', 'new', 'later') ORDER BY id").fetchall()
    images = [dict(zip(("id", "cog", "rendering", "shape"), row)) for row in rows]
    canvas = pixels.Canvas(18, *TILES.tile(*MIDDLE, 18)[:2], 256)  # larger than an image: it never gets full
    canvas.lay(images)
    assert canvas.opened == 1 and not canvas.full and not canvas.empty


def test_a_tile_reads_the_images_near_it_alone(module_database, client, ids):
    """Whatever else the catalogue holds, and however large the cells are whose corners it lies over."""
    with module_database.connect() as connection:
        def looked_at(z: int) -> int:
            at = TILES.tile(*MIDDLE, z)
            ranges, larger = loose_ranges(z, at.x, at.y)
            return connection.execute("SELECT count(*) FROM image WHERE world = 1 AND (cell = ANY (%s) OR " + " OR ".join(f"cell BETWEEN {lo} AND {hi}" for lo, hi in ranges) + ")",
                                      (larger,)).fetchone()[0]

        before = {z: looked_at(z) for z in (13, 16, 20)}
        try:
            # Over the corner of the four largest cells and all along the lines between them.
            for n in range(300):
                connection.execute("INSERT INTO image (world, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256, original, "
                                   "cog, source_id) SELECT world, name, captured_at, footprint, %s, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256 || %s, original, "
                                   "cog, source_id FROM image WHERE id = %s", (imagery_cell(n), n, ids["old"]))
            assert {z: looked_at(z) for z in before} == before
        finally:
            connection.rollback()


def imagery_cell(n: int) -> int:
    lon = (n - 150) * 0.01
    return loose_cell(lon - 0.001, -0.001, lon + 0.001, 0.001) if n % 2 else loose_cell(-0.001, lon / 2 - 0.001, 0.001, lon / 2 + 0.001)


def test_the_serving_role_reads_images_through_their_policy_alone(module_database):
    with psycopg.connect(module_database.app_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM vigia.image").fetchone() == (0,)


def test_what_an_images_values_reach_and_a_stretch_by_them(client, ids):
    told = client.get(f"/api/images/{ids['multi']}/values?world=live").json()
    assert [(b["band"], b["name"], b["least"], b["most"], b["low"], b["high"]) for b in told["bands"]] == [
        (n, name, v, v, v, v) for n, (name, v) in enumerate(zip(MULTI["names"], (100, 300, 500, 900)), 1)]
    assert told["dtype"] == "uint16" and told["ramps"]["gray"][0] == "#000000" and told["shown"]["scale"] == MULTI["scale"]
    tile = f"/api/tiles/imagery/{ids['multi']}/{HERE.z}/{HERE.x}/{HERE.y}.png?world=live&bands=nir"
    grey = lambda query: np.asarray(Picture.open(io.BytesIO(client.get(f"{tile}{query}").content)).convert("RGB")).max()  # noqa: E731
    assert grey("") == 229 and grey("&stretch=full") == 0, "all of it has one value: the least"
    assert [p["key"] for p in client.get(f"{tile}&stretch=full&rescale=0,1").json()["problems"]] == ["stretch"]
    assert client.get("/api/images/999999/values?world=live").status_code == 404
