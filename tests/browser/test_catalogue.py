"""The catalogue in a real browser: list and map point at each other, details, filter, files sent, paused and gone on with; and axe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from install.chromium import until
from jobs import bringing
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import World, _home, becomes
from tests.feeds.test_imagery import colours, raster

READY = "document.documentElement.dataset.ready === '1'"
MAPPED = "document.documentElement.dataset.map === 'ready'"


def opened(page, world: World, query: str):
    page.goto(f"{world.address}/imagery?{query}")
    until(page, READY)
    return page


@pytest.mark.parametrize("query", ["world=exercise", "world=exercise&view=sorties&sel=sortie:2", "world=exercise&sel=image:1", "world=live", "world=live&view=upload", "world=exercise&product=x"])
def test_axe_finds_nothing_serious(page, world, query):
    opened(page, world, query)
    for size in SIZES.values():
        page.set_viewport_size(size)
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_list_and_map_point_at_each_other(page, world):
    opened(page, world, "world=exercise")
    until(page, MAPPED)
    until(page, "document.querySelector('.maplibregl-ctrl-attrib')?.textContent.includes('OpenStreetMap')")
    box, place = page.locator("#map").bounding_box(), page.locator(".maplibregl-ctrl-attrib").bounding_box()
    assert place["x"] >= box["x"] and place["x"] + place["width"] <= box["x"] + box["width"] and place["y"] + place["height"] <= box["y"] + box["height"], "whose data it is can be read"
    rows = page.locator("#rows li")
    total = world.ask("images?world=exercise")["total"]
    assert rows.count() == min(total, 48) and f"of {total}" in page.locator(".pages").inner_text()
    key = rows.first.get_attribute("data-key")
    rows.first.locator("a").click()
    until(page, f"location.search.includes('sel={key.replace(':', '%3A')}') && document.querySelector('#details h2')")
    details = page.locator("#details").inner_text()
    told = world.ask(f"images/{key.split(':')[1]}?world=exercise")
    assert told["name"] in details and told["sha256"] in details and "command line" in details and "TLP:AMBER" in details
    assert rows.first.locator("a").get_attribute("aria-current") == "true"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('li').dataset.key") == rows.nth(1).get_attribute("data-key")
    page.go_back()
    until(page, "!location.search.includes('sel=') && document.querySelector('#details').textContent === ''")
    assert page.locator("#rows a[aria-current]").count() == 0


def test_it_is_shown_on_the_map_at_its_place_and_time(page, world):
    first = world.ask("images?world=exercise&limit=1")["rows"][0]
    opened(page, world, f"world=exercise&sel=image:{first['id']}")
    page.locator("a.go").click()
    until(page, "window.__vigia && document.documentElement.dataset.map === 'idle' && document.documentElement.dataset.busy === '0'", timeout=120_000)
    assert page.evaluate("__vigia.choices.get().sel") == f"image:{first['id']}"
    centre = page.evaluate("(() => { const c = __vigia.view.map.getCenter(); return [c.lng, c.lat]; })()")
    lons, lats = zip(*((p[0], p[1]) for p in first["corners"]))
    assert min(lons) < centre[0] < max(lons) and min(lats) < centre[1] < max(lats)
    page.wait_for_selector(f"#details:has-text('{first['name']}')")
    page.locator("#details a", has_text="In the catalogue").click()
    page.wait_for_url("**/imagery?*")
    until(page, READY)
    page.wait_for_selector(f"#details:has-text('{first['name']}')")


def test_every_choice_is_in_the_address(page, world):
    opened(page, world, "world=exercise")
    page.locator("[name=q]").fill("SORTIE12")
    page.locator("#filter button", has_text="Show").click()
    until(page, f"location.search.includes('q=SORTIE12') && {READY}")
    becomes(page, lambda: page.locator("#rows li").count(), 1)
    assert "max_gsd_m" not in page.url, "what is empty stands in no address"
    opened(page, world, "world=exercise&max_gsd_m=0.000001")
    assert "No images under this filter." in page.locator(".list").inner_text()
    opened(page, world, "world=exercise")
    until(page, MAPPED)
    page.locator("#here").click()
    until(page, f"location.search.includes('bbox=') && {READY}")
    assert page.goto(f"{world.address}/imagery?world=exercise&marking=PINK").status == 422
    assert "marking is “PINK”" in page.locator("[role=alert]").inner_text()


def brought(world: World) -> int:
    """What the process beside the server does."""
    with _home(world.home):
        return bringing.run(world.database.owner_url)


def test_files_are_sent_and_told_of(page, world, tmp_path: Path):
    good = raster(tmp_path / "20261119T101500Z.tif", colours())
    (tmp_path / "20261119T111500Z.tif").write_bytes(b"no raster")
    (tmp_path / "notes.txt").write_bytes(b"wind")
    opened(page, world, "world=live&view=upload")
    page.locator("#facts [name=sortie]").fill("Browser 1")
    page.locator("#files").set_input_files([good, tmp_path / "20261119T111500Z.tif", tmp_path / "notes.txt"])
    page.wait_for_selector("#said:has-text('notes.txt: expected one of .tif')")
    until(page, "document.querySelectorAll('#uploads li[data-state=waiting]').length === 2")
    assert brought(world) == 2
    until(page, "document.querySelectorAll('#uploads li[data-state=stored]').length === 1 && document.querySelectorAll('#uploads li[data-state=refused]').length === 1")
    assert "expected a GeoTIFF; nothing of this file is stored" in page.locator("#uploads li[data-state=refused] .told").inner_text()
    assert "1 read, 1 stored" in page.locator("#uploads li[data-state=stored] .told").inner_text()
    assert world.ask("sorties?world=live")["rows"][0]["key"] == "Browser 1"
    page.locator("#tidy").click()
    until(page, "document.querySelectorAll('#uploads li').length === 0")


def test_a_list_from_before_a_file_was_whole_takes_nothing_back(page, world, tmp_path: Path):
    """Many files: the list is asked after each, and its answer may be older than the next one's end."""
    files = [raster(tmp_path / f"20261117T1{n}1500Z.tif", colours() + 20 + n) for n in range(3)]

    asked = []

    def late(route):
        asked.append(route.request.url)
        answer = route.fetch()
        rows = [{**row, "state": "coming", "offset": 0} for row in answer.json()["rows"]]
        route.fulfill(response=answer, json={"rows": rows})

    opened(page, world, "world=live&view=upload")
    assert not page.locator("#tidy").is_visible()
    page.evaluate("""() => { window.seen = new Set(); new MutationObserver(() => document.querySelectorAll('#uploads li').forEach((li) => seen.add(li.dataset.state))).observe(document.getElementById('uploads'), { childList: true, subtree: true, attributes: true }); }""")
    page.route("**/api/uploads", lambda route: late(route) if route.request.method == "GET" else route.continue_())
    page.locator("#files").set_input_files(files)
    until(page, "document.querySelectorAll('#uploads li[data-state=waiting]').length === 3")
    before = len(asked)
    becomes(page, lambda: len(asked) >= before + 2, True)
    assert "coming" not in page.evaluate("[...seen]") and not page.locator("#tidy").is_visible()
    page.unroute_all(behavior="wait")
    brought(world)
    until(page, "document.querySelectorAll('#uploads li[data-state=stored]').length === 3")
    page.locator("#tidy").click()
    until(page, "document.querySelectorAll('#uploads li').length === 0")


def test_paused_reloaded_and_gone_on_with(page, world, tmp_path: Path):
    path = tmp_path / "20261118T101500Z.tif"
    path.write_bytes(b"\0" * 20_000_000)  # three parts
    parts = []

    def slow(route):
        parts.append(route.request.headers["upload-offset"])
        route.continue_() if len(parts) == 1 else held.append(route)

    held = []
    opened(page, world, "world=live&view=upload")
    page.route("**/api/uploads/*", lambda route: slow(route) if route.request.method == "PATCH" else route.continue_())
    page.locator("#files").set_input_files(path)
    until(page, "document.querySelector('#all-words').textContent.includes('of 20 MB sent')")
    becomes(page, lambda: len(held), 1)
    page.locator("#pause").click()
    assert "paused" in page.locator("#all-words").inner_text() and page.locator("#pause").inner_text() == "Go on"
    page.unroute_all(behavior="ignoreErrors")
    page.on("dialog", lambda dialog: dialog.accept())
    opened(page, world, "world=live&view=upload")
    until(page, "document.querySelector('#uploads li[data-state=coming]')")
    assert "8.4 MB of 20 MB are here; choose the same file again to go on" in page.locator("#uploads li").first.inner_text()
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("upload-offset")) if request.method == "PATCH" else None)
    page.locator("#files").set_input_files(path)
    until(page, "document.querySelector('#uploads li[data-state=waiting]')")
    assert sent[0] == str(8 << 20), "what is there is not sent again"
    assert json.loads(page.evaluate("fetch('/api/uploads').then((a) => a.text())"))["rows"][0]["state"] == "waiting"
    brought(world)
