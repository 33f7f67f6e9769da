"""What was looked at over the real routes: tiles of it, who looked last at a place, and that nobody learns of a look they may not see."""

from __future__ import annotations

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from affine import Affine

from data import coverage
from feeds.imports import ImportOptions, import_files
from tests.data.test_coverage import BEGAN, film, square
from tests.feeds.test_imagery import colours, raster
from tests.routes.asked import LIVE, ask
from tests.routes.test_compare import _middle, told


@pytest.fixture(scope="module")
def images(server, visitors, module_database, tmp_path_factory) -> dict[str, int]:
    """Two pictures of one ground by Alfa, one of somewhere else."""
    folder = tmp_path_factory.mktemp("looks")
    for name, x, at in (("before", 650_000, "2026-11-20T10:00:00Z"), ("after", 650_000, "2026-11-24T10:00:00Z"), ("far", 750_000, "2026-11-24T11:00:00Z")):
        raster(folder / f"{name}.tif", colours() + np.uint8(len(name)), transform=Affine(2.0, 0, x, 0, -2.0, 2_870_000))
        (report,) = import_files("imagery", [folder / f"{name}.tif"], ImportOptions(world="live", captured_at=at, agency="Alfa", marking="TLP:AMBER"), lambda *_: None,
                                 owner_url=module_database.owner_url)
        assert report.error is None and report.stored == 1
    with module_database.connect() as connection:
        return dict(connection.execute("SELECT name, id FROM image WHERE name IN ('before', 'after', 'far')").fetchall())


def test_what_nobody_looked_at_is_veiled_and_what_somebody_did_is_not(server, visitors, images):
    lon, lat = _middle(server, visitors["ana"], images["after"])
    z = 14
    x, y = coverage._tile_of(lon, lat, z)
    for hours, at, seen in ((24, "2026-11-24T12:00:00Z", {"after", "far"}), (24, "2026-11-20T12:00:00Z", {"before"}), (1, "2026-11-22T12:00:00Z", set())):
        layers = _mvt(server, visitors["ana"], f"tiles/coverage/{z}/{x}/{y}.mvt?{LIVE}&hours={hours}&at={at}")
        names = {images[n] for n in seen if n != "far"}
        assert {f["properties"]["image"] for f in layers.get("seen", {"features": []})["features"]} == names
        veiled = _covers(layers["unseen"], *_in_tile(lon, lat, z, x, y))
        assert veiled == (not seen)
    looks = told(server, f"coverage?{LIVE}&lon={lon}&lat={lat}&at=2026-11-25T00:00:00Z", visitors["ana"])["looks"]
    assert [r["image"] for r in looks if r["image"] in images.values()] == [images["after"], images["before"]]
    earlier = told(server, f"coverage?{LIVE}&lon={lon}&lat={lat}&at=2026-11-21T00:00:00Z", visitors["ana"])["looks"]
    assert [r["image"] for r in earlier if r["image"] in images.values()] == [images["before"]]
    other = _mvt(server, visitors["analyst"], f"tiles/coverage/{z}/{x}/{y}.mvt?{LIVE}&hours=24&at=2026-11-24T12:00:00Z")
    assert "seen" not in other and _covers(other["unseen"], *_in_tile(lon, lat, z, x, y)), "who does not see a look does not know that it was"


@pytest.mark.parametrize(("words", "key"), [("hours=0", "hours"), ("hours=x", "hours"), ("at=yesterday", "at"), ("hours=1e9", "hours")])
def test_coverage_asked_wrongly_is_named(server, visitors, words, key):
    assert [p["key"] for p in told(server, f"tiles/coverage/10/200/400.mvt?{LIVE}&{words}", visitors["ana"], 422)["problems"]] == [key]


def test_a_unit_that_looks_covers_what_it_passes(server, visitors, module_database):
    """A track of ours, 500 m to either side: 300 m beside its line was seen, 900 m was not."""
    with module_database.connect() as connection:
        key, line = connection.execute("""
            SELECT t.key, ST_AsText(ST_PointN(ST_Force2D(s.line), 1)) FROM segment s JOIN track t ON t.id = s.track_id JOIN agency a ON a.id = t.agency_id
            WHERE a.name = 'Alfa' AND NOT s.gap AND s.world = 0 ORDER BY s.started_at LIMIT 1
        """).fetchone()
        assert coverage.look(connection, "live", 500.0, keys=[key]) == 1
        at = connection.execute("SELECT max(ended_at) FROM segment s JOIN track t ON t.id = s.track_id WHERE t.key = %s", (key,)).fetchone()[0]
        connection.commit()
    lon, lat = (float(v) for v in line[6:-1].split())
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ").replace(":", "%3A")
    for north_m, seen in ((300, True), (900_000, False)):
        looks = told(server, f"coverage?{LIVE}&lon={lon}&lat={lat + north_m / 111_200}&at={stamp}", visitors["ana"])["looks"]
        assert bool([r for r in looks if r["how"] == "track"]) == seen
    with module_database.connect() as connection:
        assert coverage.lookers(connection, "live")[0]["swath_m"] == 500 and coverage.look_away(connection, "live", [key]) == 1
        with pytest.raises(coverage.SwathRefused, match="60000 m is refused"):
            coverage.look(connection, "live", 60_000)
        connection.commit()


def test_what_a_film_saw_is_told_to_who_sees_the_film(server, visitors, module_database):
    with module_database.connect() as connection:
        number = film(connection, {0.0: square(-98.55, 26.45)}, agency="Alfa", name="over the creek")
        connection.execute("UPDATE data_state SET version = version + 1 WHERE world = 0")
        connection.commit()
    z, at = 14, "2026-11-20T11:00:00Z"
    x, y = coverage._tile_of(-98.55, 26.45, z)
    path, place = f"tiles/coverage/{z}/{x}/{y}.mvt?{LIVE}&hours=2&at={at}", f"coverage?{LIVE}&lon=-98.55&lat=26.45&at={at}"
    (look,) = told(server, place, visitors["ana"])["looks"]
    assert (look["how"], look["video"], look["name"], look["agency"], look["at"]) == ("video", number, "over the creek", "Alfa", f"{BEGAN:%Y-%m-%dT%H:%M:%SZ}")
    layers = _mvt(server, visitors["ana"], path)
    assert [f["properties"]["video"] for f in layers["seen"]["features"]] == [number] and not _covers(layers["unseen"], *_in_tile(-98.55, 26.45, z, x, y))
    layers = _mvt(server, visitors["analyst"], path)
    assert told(server, place, visitors["analyst"])["looks"] == [] and "seen" not in layers and _covers(layers["unseen"], *_in_tile(-98.55, 26.45, z, x, y))


def _mvt(server, token: str, path: str) -> dict:
    answer = ask(server, f"/api/{path}", token)
    assert answer.status_code == 200, answer.text[:200]
    return mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})


def _in_tile(lon: float, lat: float, z: int, x: int, y: int) -> tuple[float, float]:
    n = 2**z
    column = (lon + 180) / 360 * n
    row = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n
    return (column - x) * 4096, (row - y) * 4096


def _covers(layer: dict, px: float, py: float) -> bool:
    return any(shapely.geometry.shape(f["geometry"]).covers(shapely.Point(px, py)) for f in layer["features"])
