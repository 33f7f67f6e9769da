"""Choosing things: map, table and details name the same one; an area drawn; worlds kept apart; names that are hostile."""

from __future__ import annotations

import csv
import io

import pytest

from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.world import World, choices, look, settled
from tests.conftest import got

HOSTILE = "<img src=x onerror=window.__pwned=1>"


@pytest.fixture(scope="module")
def hostile(world: World, tmp_path_factory) -> World:
    """A live world whose names want to be more than names."""
    folder = tmp_path_factory.mktemp("hostile")
    with open(folder / "s.csv", "w", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["id", "when", "lon", "lat", "drug", "quantity", "unit", "place", "agency", "conveyance"])
        rows.writerows([f"<b>{i}</b>", f"2026-11-20T0{i % 9}:00:00Z", -98.2 + i / 500, 26.1, "cocaine", i + 1, "kg", HOSTILE, HOSTILE, "vehicle"] for i in range(12))
    with open(folder / "t.csv", "w", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["tag_id", "name", "kind", "time_utc", "lon", "lat"])
        rows.writerows([HOSTILE, HOSTILE, "vehicle", f"2026-11-20T08:{i:02}:00Z", -98.2 + i / 300, 26.12] for i in range(30))
    world.bring("seizures", folder / "s.csv")
    world.bring("tracks", folder / "t.csv")
    return world


def test_a_mark_chosen_on_the_map_is_the_tables_row_and_back(page, world):
    look(page, world)
    page.click("#drawer-toggle")
    page.wait_for_selector("#table .ag-row[row-id^='seizure:']")
    # A row chooses.
    row = page.locator("#table .ag-row[row-id^='seizure:']").first
    chosen = row.get_attribute("row-id")
    row.click()
    until(page, f"__vigia.choices.get().sel === '{chosen}'")
    page.wait_for_selector("#details:not([hidden]) .facts")
    told = world.ask(f"seizures/{chosen.split(':')[1]}?world=exercise")
    words = page.inner_text("#details")
    assert told["source"] in words and "UTC" in words and told["marking"] in words
    # A mark chooses, and its row is chosen with it.
    other = page.evaluate("""() => {
      const ids = [...document.querySelectorAll("#table .ag-row")].map((r) => r.getAttribute("row-id"));
      return ids.find((i) => i !== __vigia.choices.get().sel && __vigia.view.held.points.id.includes(Number(i.split(":")[1])));
    }""")
    page.evaluate(f"__vigia.choices.set({{ sel: '{other}' }})")
    page.wait_for_selector(f"#table .ag-row-selected[row-id='{other}']")
    assert page.evaluate("__vigia.view.map.getSource('chosen') !== undefined")
    # A choice that is taken back at once does not come again from the table.
    page.evaluate(f"__vigia.choices.set({{ sel: '{chosen}' }}); __vigia.choices.set({{ sel: undefined }})")
    page.wait_for_selector("#details", state="hidden")
    page.wait_for_timeout(500)
    assert "sel" not in choices(page)
    # Pointing at a row rings its mark.
    page.hover(f"#table .ag-row[row-id='{other}']")
    until(page, "__vigia.view.map.querySourceFeatures('hovered').length > 0 || __vigia.view.map.queryRenderedFeatures({ layers: ['hovered-ring'] }).length > 0")


def test_clicking_a_mark_tells_about_it(page, world):
    look(page, world)
    find = """() => {
      const m = __vigia.view.map, box = m.getContainer().getBoundingClientRect();
      const seen = m.queryRenderedFeatures({ layers: ["mark"] }).map((f) => [f.properties.id, m.project(f.geometry.coordinates)])
        .filter(([, p]) => p.x > 340 && p.x < box.width - 120 && p.y > 60 && p.y < box.height - 80);
      for (const [id, p] of seen) {
        const top = m.queryRenderedFeatures([[p.x - 6, p.y - 6], [p.x + 6, p.y + 6]], { layers: ["mark", "seizure-one", "seizure-many", "frame-fill"].filter((l) => m.getLayer(l)) })[0];
        if (top?.layer.id === "mark") return { id: top.properties.id, x: box.x + p.x, y: box.y + p.y };
      }
    }"""
    until(page, find)
    spot = page.evaluate(find)
    page.mouse.click(spot["x"], spot["y"])
    until(page, f"__vigia.choices.get().sel === 'track:{spot['id']}'")
    told = world.ask(f"tracks/{spot['id']}?world=exercise")
    until(page, "(name) => document.querySelector('#details:not([hidden]) h2').innerText.includes(name)", arg=told["name"] or told["key"])


def test_an_area_is_drawn_and_filters_everything(page, world):
    look(page, world)
    page.wait_for_selector("#drawer-toggle:has-text('seizures')")
    before = page.inner_text("#drawer-toggle")
    page.click("#area")
    page.wait_for_selector("#status:has-text('corners')")
    box = page.evaluate("(({ x, y, width, height }) => ({ x, y, width, height }))(__vigia.view.map.getContainer().getBoundingClientRect())")
    corners = [(0.35, 0.2), (0.75, 0.2), (0.75, 0.75), (0.35, 0.75)]
    for fx, fy in [*corners, corners[0]]:
        page.mouse.move(box["x"] + fx * box["width"], box["y"] + fy * box["height"], steps=4)
        page.mouse.click(box["x"] + fx * box["width"], box["y"] + fy * box["height"])
        page.wait_for_timeout(350)  # two clicks in a shorter time are one double click
    until(page, "!!__vigia.choices.get().area")
    settled(page)
    n = world.ask(f"counts?{page.evaluate('__vigia.filterQuery(__vigia.choices.get())')}")
    until(page, f"document.querySelector('#drawer-toggle').innerText.replaceAll(',', '').includes('{n['seizures']['total']} seizures')")
    assert page.inner_text("#drawer-toggle") != before
    assert "area=" in page.url
    page.click("#area-clear")
    until(page, "!__vigia.choices.get().area")


def test_new_data_shows_without_moving_the_camera(page, hostile, tmp_path):
    look(page, hostile, "world=live", "#map=9.1/26.2/-98.1")
    before = page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]")
    page.wait_for_selector("#drawer-toggle:has-text('seizures')")
    # Of the window: other files may have brought seizures of other days into the same world.
    seizures = int(page.inner_text("#drawer-toggle").split(" seizures")[0].split()[-1].replace(",", ""))
    (tmp_path / "more.csv").write_text(
        "id,when,lon,lat,drug,quantity,unit\nnew,2026-11-20T07:30:00Z,-98.11,26.21,heroin,2,kg\n")
    hostile.bring("seizures", tmp_path / "more.csv")
    until(page, f"document.querySelector('#drawer-toggle').innerText.includes('{seizures + 1} seizures')", timeout=120_000)
    until(page, "__vigia.view.held.points.drug.includes('heroin')")
    settled(page)
    assert page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]") == before


def test_worlds_are_never_mixed(page, hostile):
    look(page, hostile, "world=live")
    assert "EXERCISE" not in page.inner_text("#strip")
    page.wait_for_selector("#drawer-toggle:has-text('seizures')")
    live = page.inner_text("#drawer-toggle")
    page.click("#world label:has-text('Exercise')")
    page.wait_for_selector("#strip:has-text('EXERCISE')")
    settled(page)
    assert choices(page)["world"] == "exercise"
    n = hostile.ask(f"counts?{page.evaluate('__vigia.filterQuery(__vigia.choices.get())')}")
    until(page, f"document.querySelector('#drawer-toggle').innerText.replaceAll(',', '').includes('{n['seizures']['total']} seizures')")
    assert page.inner_text("#drawer-toggle") != live


def test_hostile_names_are_text(browser, hostile, tmp_path):
    with watched(browser) as page:
        look(page, hostile, "world=live", "#map=10/26.1/-98.15")
        page.click("#drawer-toggle")
        shown = "([box, name]) => document.querySelector(box)?.innerText.includes(name)"
        until(page, shown, arg=["#table .ag-row", HOSTILE])
        page.locator("#table .ag-row").first.click()
        until(page, shown, arg=["#details:not([hidden]) .facts", HOSTILE])
        track = hostile.ask("tracks?world=live")["rows"][0]["id"]
        page.evaluate(f"__vigia.choices.set({{ sel: 'track:{track}' }})")
        until(page, f"document.querySelector('#details h2').innerText === '{HOSTILE}'")
        page.fill("#search", "<img")
        page.click("#search-results .also")  # what has this name needs a legal basis to be followed
        page.fill("#purpose-case", "1")
        page.click("dialog.purpose .filled")
        until(page, shown, arg=["#search-results:has([role=option])", HOSTILE])
        page.keyboard.press("Escape")
        page.click("#drawer-tab label:has-text('Charts')")
        page.wait_for_selector(".chart svg, .charts .note")
        until(page, "document.getElementById('map').clientHeight === document.getElementById('map').parentElement.clientHeight")
        briefing = tmp_path / "briefing.html"
        briefing.write_bytes(got(f"{hostile.address}/api/export/briefing?world=live"))
        assert page.evaluate("window.__pwned") is None
        page.goto(briefing.as_uri())
        page.wait_for_selector(".leaflet-container canvas")
        assert page.evaluate("window.__pwned") is None
        assert page.locator("img").count() == 0


def test_exports_hold_what_is_shown(page, world, tmp_path):
    look(page, world)
    n = world.ask(f"counts?{page.evaluate('__vigia.filterQuery(__vigia.choices.get())')}")
    page.click(".tool-menu summary:has-text('Export')")
    with page.expect_download() as got:
        page.click("#export a:has-text('CSV')")
    text = (got.value.path()).read_text()
    assert "EXERCISE" in got.value.suggested_filename and "EXERCISE" in text
    assert sum(1 for row in csv.reader(io.StringIO(text)) if row and row[0] == "seizures") == n["seizures"]["total"]
    page.click(".tool-menu[open] summary, .tool-menu summary:has-text('Export')") if page.locator(".tool-menu[open]").count() == 0 else None
    with page.expect_download() as got:
        page.click("#export a:has-text('Briefing')")
    page.goto(got.value.path().rename(tmp_path / "briefing.html").as_uri())
    page.wait_for_selector(".leaflet-container canvas")
    words = page.inner_text("body")
    assert "EXERCISE" in words and f"{n['seizures']['total']:,} seizures" in words
