"""Offsets and change candidates over the real routes: from two files to what a person said, and what a tile shows of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from affine import Affine
from PIL import Image as Picture

from data import coverage
from feeds.imports import ImportOptions, import_files
from tests.analysis.scenes import ground, planted, taken
from tests.feeds.test_imagery import raster
from tests.routes.asked import LIVE, ask, entries

GSD_M, MOVED_PX = 0.5, (3, -4)
PLACE = Affine(GSD_M, 0, 650_000, 0, -GSD_M, 2_870_000)


def told(server, path: str, token: str, status: int = 200, method: str = "GET", **how):
    answer = ask(server, f"/api/{path}", token, method, **how)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    return answer.json()


@pytest.fixture(scope="module")
def images(server, visitors, module_database, tmp_path_factory) -> dict[str, int]:
    """Two pictures of one ground by Alfa, the second moved and with six changes; one of somewhere else."""
    folder = tmp_path_factory.mktemp("pair")
    rng = np.random.default_rng(11)
    base = ground(rng)
    after, _ = planted(rng, base, 6)
    raster(folder / "before.tif", taken(rng, base), transform=PLACE)
    raster(folder / "after.tif", taken(rng, np.roll(after, MOVED_PX, (0, 1)), gain=0.9, haze=8), transform=PLACE)
    raster(folder / "far.tif", taken(rng, base), transform=Affine(GSD_M, 0, 750_000, 0, -GSD_M, 2_870_000))
    for name, at in (("before", "2026-11-20T10:00:00Z"), ("after", "2026-11-24T10:00:00Z"), ("far", "2026-11-24T11:00:00Z")):
        (report,) = import_files("imagery", [folder / f"{name}.tif"], ImportOptions(world="live", captured_at=at, agency="Alfa", marking="TLP:AMBER"), lambda *_: None,
                                 owner_url=module_database.owner_url)
        assert report.error is None
    with module_database.connect() as connection:
        return dict(connection.execute("SELECT name, id FROM image WHERE name IN ('before', 'after', 'far')").fetchall())


@pytest.fixture
def change(server, visitors, images, module_database):
    """What may have changed between the two, as Ana asked for it: a run of this test's own."""
    made = told(server, f"changes?{LIVE}", visitors["ana"], 201, "POST", json={"before": images["before"], "after": images["after"]})
    yield made
    with module_database.connect() as connection:
        connection.execute("DELETE FROM change WHERE id = %s", (made["id"],))
        connection.commit()


@pytest.fixture
def unmoved(images, module_database):
    """The two as they came."""
    yield images["before"], images["after"]
    with module_database.connect() as connection:
        connection.execute("DELETE FROM image_offset WHERE image_id = ANY (%s)", (list(images.values()),))
        connection.commit()


def test_an_offset_is_estimated_applied_and_undone(server, visitors, unmoved, module_database):
    before, after = unmoved
    made = told(server, f"images/{after}/offset?{LIVE}", visitors["ana"], 201, "POST", json={"against": before})
    assert made["east_m"] == pytest.approx(-MOVED_PX[1] * GSD_M, abs=0.15) and made["north_m"] == pytest.approx(MOVED_PX[0] * GSD_M, abs=0.15)
    assert 0 < made["error_m"] < 0.5 and made["score"] > 0.5
    tile = _tile_of(server, visitors["ana"], after)
    moved = _picture(server, visitors["ana"], f"tiles/imagery/{after}/{tile}.png?{LIVE}")
    like = _picture(server, visitors["ana"], f"tiles/imagery/{before}/{tile}.png?{LIVE}")
    (row,) = told(server, f"images/{after}/offset?{LIVE}", visitors["ana"])["offsets"]
    assert row["undone_at"] is None and row["against_id"] == before
    told(server, f"images/{after}/offset?{LIVE}", visitors["ana"], 200, "DELETE")
    unmoved = _picture(server, visitors["ana"], f"tiles/imagery/{after}/{tile}.png?{LIVE}")
    assert _alike(moved, like) > 0.92 and _alike(moved, like) > _alike(unmoved, like) + 0.05, "the tile is moved while the offset stands, and not when it is undone"
    assert told(server, f"images/{after}/offset?{LIVE}", visitors["ana"])["offsets"][0]["undone_by"]
    told(server, f"images/{after}/offset?{LIVE}", visitors["ana"], 404, "DELETE")
    assert {"offset undone"} <= {e.get("to") for e in entries(module_database) if e["what"] == "change"}


def test_candidates_are_nothing_until_a_person_says_so(server, visitors, images, change, module_database):
    made = change
    assert made["candidates"] >= 4 and made["told"]["moved_east_m"] == pytest.approx(2.0, abs=0.2)
    found = told(server, f"changes/{made['id']}?{LIVE}", visitors["ana"])
    scores = [f["properties"]["score"] for f in found["features"]]
    assert scores == sorted(scores, reverse=True) and all(0 <= s <= 1 for s in scores) and {f["properties"]["state"] for f in found["features"]} == {"open"}
    first, second = (f["id"] for f in found["features"][:2])
    told(server, f"changes/candidates/{first}?{LIVE}", visitors["ana"], 200, "POST", json={"state": "accepted", "note": "a boat"})
    told(server, f"changes/candidates/{second}?{LIVE}", visitors["ana"], 200, "POST", json={"state": "rejected"})
    after = {f["id"]: f["properties"] for f in told(server, f"changes/{made['id']}?{LIVE}", visitors["ana"])["features"]}
    assert (after[first]["state"], after[first]["note"], after[second]["state"]) == ("accepted", "a boat", "rejected") and after[first]["decided_by"]
    (listed,) = [r for r in told(server, f"changes?{LIVE}&after={images['after']}", visitors["ana"])["rows"] if r["id"] == made["id"]]
    assert (listed["accepted"], listed["rejected"], listed["open"]) == (1, 1, made["candidates"] - 2)
    told(server, f"changes/candidates/{first}?{LIVE}", visitors["ana"], 200, "POST", json={"state": "open"})
    assert {f"change-candidate:{first}"} <= {e.get("of") for e in entries(module_database)}


def test_who_does_not_see_the_images_sees_nothing_between_them(server, visitors, images, change):
    before, after = images["before"], images["after"]
    for who in ("analyst",):  # of Bravo
        told(server, f"images/{after}/offset?{LIVE}", visitors[who], 404, "POST", json={"against": before})
        told(server, f"changes?{LIVE}", visitors[who], 404, "POST", json={"before": before, "after": after})
        assert told(server, f"changes?{LIVE}", visitors[who])["rows"] == [] and told(server, f"images/{after}/offset?{LIVE}", visitors[who])["offsets"] == []
    candidate = told(server, f"changes/{change['id']}?{LIVE}", visitors["ana"])["features"][0]["id"]
    told(server, f"changes/{change['id']}?{LIVE}", visitors["analyst"], 404)
    told(server, f"changes/candidates/{candidate}?{LIVE}", visitors["analyst"], 404, "POST", json={"state": "accepted"})


@pytest.mark.parametrize(("body", "word"), [
    ({"before": 1}, "after"), ({"before": "1", "after": 2}, "before"), ({"before": -1, "after": 2}, "before"), ({"before": 1, "after": 2, "least_z": 1e9}, "least_z"),
    ({"before": 1, "after": 2, "url": "x"}, "url"),
])
def test_what_is_asked_wrongly_is_named(server, visitors, body, word):
    assert word in str(told(server, f"changes?{LIVE}", visitors["ana"], 422, "POST", json=body))


def test_what_can_not_be_compared_is_said(server, visitors, images):
    same = told(server, f"changes?{LIVE}", visitors["ana"], 422, "POST", json={"before": images["after"], "after": images["after"]})
    assert "with itself" in str(same)
    apart = told(server, f"images/{images['far']}/offset?{LIVE}", visitors["ana"], 422, "POST", json={"against": images["before"]})
    assert "share no ground" in str(apart)


def _middle(server, token: str, image: int) -> tuple[float, float]:
    ring = np.array(told(server, f"images/{image}?{LIVE}", token)["footprint"]["coordinates"][0][0])
    lon, lat = (ring.min(0) + ring.max(0)) / 2
    return float(lon), float(lat)


def _tile_of(server, token: str, image: int) -> str:
    z = 18
    x, y = coverage._tile_of(*_middle(server, token, image), z)
    return f"{z}/{x}/{y}"


def _picture(server, token: str, path: str) -> np.ndarray:
    answer = ask(server, f"/api/{path}", token)
    assert answer.status_code == 200
    picture = Picture.open(io.BytesIO(answer.content))
    return np.where(np.asarray(picture.convert("RGBA"))[..., 3] > 0, np.asarray(picture.convert("L"), float), np.nan)


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    assert both.mean() > 0.2
    return float(np.corrcoef(a[both], b[both])[0, 1])
