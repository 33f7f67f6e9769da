"""An operation judged in a real browser: declared with the drawn area or a file, its zones proposed, changed, locked, its effect asked; and units sent somewhere."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
import shapely

from install.chromium import until
from jobs import analysing
from tests.browser.test_reading import serious
from tests.browser.world import World, becomes, look, rendered, settled
from tests.conftest import ROOT, copied, serving
from tests.data.made import START, spread, touch

AREA = "-97.7 25.8;-97.3 25.8;-97.3 26.2;-97.7 26.2"
QUERY = f"world=exercise&from=2026-10-20T00:00:00Z&to=2026-11-20T00:00:00Z&area={AREA}&layers=-events,-movements,-seizures,-hotspots,-imagery"
CAMERA = "#map=7.6/26.1/-97.8"
ITEM = ".analysis-zone"
SAID = "document.querySelector('.analysis-result:not([hidden]) .analysis-said')?.textContent"


@pytest.fixture(scope="module")
def border(cluster, template, tmp_path_factory):
    """6,000 seizures anywhere in a box over 424 days; three of four are gone from the drawn area in the last 60."""
    folder = tmp_path_factory.mktemp("border")
    with copied(cluster, template) as database:
        with database.connect() as connection:
            spread(connection, np.random.default_rng(5), 6000, days=424)
            connection.execute("DELETE FROM seizure WHERE started_at >= %s AND id %% 4 > 0 AND ST_X(geom) BETWEEN -97.7 AND -97.3 AND ST_Y(geom) BETWEEN 25.8 AND 26.2", (START - timedelta(days=60),))
            touch(connection, "seizures", 1)
            connection.commit()
        home = folder / "home"
        home.mkdir()
        (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
        with serving(database, folder / "server.log", VIGIA_HOME=str(home)) as server:
            yield World(server, database, home)


def panel(page, border, family: str) -> None:
    look(page, border, QUERY, CAMERA)
    if not page.locator(".topbar [data-command=analysis]").is_visible():
        page.click("#rail-toggle")
        page.click(".rail [data-command=analysis]")
    else:
        page.click(".topbar [data-command=analysis]")
    page.wait_for_selector(".analysis-form")
    page.get_by_label("What for").select_option(family)


def worked(border) -> int:
    """Playwright's loop runs in this thread, so what has one of its own must be in another."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(analysing.run, border.database.owner_url, border.database.app_url).result()


def declare(page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Began (UTC)").fill("2026-09-21T00:00")
    page.get_by_label("Ended (UTC)").fill("2026-11-20T00:00")


def test_declared_with_the_drawn_area_locked_and_judged(page, border):
    panel(page, border, "effect")
    assert page.locator(".analysis-form .filled").is_disabled(), "nothing is locked"
    page.click("text=Declare an operation…")
    declare(page, "Anvil")
    page.get_by_label("Marking", exact=True).select_option("TLP:AMBER+STRICT")
    assert serious(page) == []
    page.click("dialog[open] .filled")
    page.wait_for_selector(ITEM)
    # Nobody locks what nobody saw.
    becomes(page, lambda: {p["role"] for p in rendered(page, "zones-operation", "zones-buffer", "zones-control")}, {"operation", "buffer", "control"})
    [told] = border.ask("zones?world=exercise")["rows"]
    assert [z["role"] for z in told["zones"]] == ["operation", "buffer", "control", "control", "control"] and told["hash"] is None
    assert "nothing may be judged by it" in page.locator(ITEM).inner_text() and page.locator(".analysis-form .filled").is_disabled()

    page.click(f"{ITEM} >> text=New version…")
    declare(page, "Anvil")
    page.get_by_label("Buffer round it, km").fill("15")
    page.click("dialog[open] .filled")
    until(page, f"document.querySelector('{ITEM}')?.textContent.includes('version 2')")
    assert border.ask("zones?world=exercise")["rows"][0]["marking"] == "TLP:AMBER+STRICT", "a new version is as closed as the one before, unless somebody says else"
    page.click(f"{ITEM} >> text=Lock")
    until(page, f"document.querySelector('{ITEM}')?.textContent.includes('Locked by tester')")

    page.locator(".analysis-form select").nth(1).select_option("displacement")
    becomes(page, lambda: page.get_by_label("Locked zones").locator("option").all_inner_texts(), ["Anvil, version 2"])
    page.click(".analysis-form .filled")
    until(page, f"{SAID} === 'Waits for its turn'")
    assert worked(border) == 1
    until(page, "document.documentElement.dataset.analysis")
    settled(page)
    run = border.ask(f"analyses/{page.evaluate('__vigia.choices.get().run')}")
    assert run["zones"]["version"] == 2 and run["told"]["given"]["seizures"] > 5_000, "not the drawn area's alone, nor this month's"
    assert run["told"]["score"]["effect_claimed"] == "fell" and page.evaluate(SAID).startswith("Fewer in the operation's area")
    becomes(page, lambda: {p["role"] for p in rendered(page, "analysis-fill")} >= {"operation", "control"}, True)


def test_declared_by_a_file(page, border, tmp_path):
    shapes = {"operation": shapely.box(-98.2, 26.3, -98.0, 26.5), "control": shapely.box(-97.2, 26.3, -97.0, 26.5)}
    file = tmp_path / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"role": role, "name": role}, "geometry": json.loads(shapely.to_geojson(shape))} for role, shape in shapes.items()]}))
    panel(page, border, "effect")
    page.click("text=Declare an operation…")
    declare(page, "By file")
    wrong = tmp_path / "wrong.geojson"
    wrong.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    page.get_by_label("Zones from a GeoJSON file").set_input_files(wrong)
    page.click("dialog[open] .filled")
    page.wait_for_selector("dialog[open] .wrong:not([hidden])")
    assert page.locator("dialog[open] .wrong").inner_text() == "The file has no features."
    page.get_by_label("Zones from a GeoJSON file").set_input_files(file)
    page.click("dialog[open] .filled")
    until(page, f"[...document.querySelectorAll('{ITEM}')].some((z) => z.textContent.includes('By file'))")
    told = next(z for z in border.ask("zones?world=exercise")["rows"] if z["name"] == "By file")
    assert [z["role"] for z in told["zones"]] == ["operation", "control"]


def test_corners_are_moved_while_zones_are_open(page, border, tmp_path):
    ground, buffer = shapely.box(-98.2, 26.3, -98.0, 26.5), shapely.difference(shapely.box(-98.3, 26.2, -97.9, 26.6), shapely.box(-98.2, 26.3, -98.0, 26.5))
    file = tmp_path / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"role": role, "name": role}, "geometry": json.loads(shapely.to_geojson(shape))} for role, shape in (("operation", ground), ("buffer", buffer))]}))
    panel(page, border, "effect")
    page.click("text=Declare an operation…")
    declare(page, "Ringed")
    page.get_by_label("Zones from a GeoJSON file").set_input_files(file)
    page.click("dialog[open] .filled")
    item = page.locator(ITEM).filter(has_text="Ringed")
    item.get_by_role("button", name="Move corners").click()
    page.wait_for_selector(".analysis-corners")
    settled(page)
    assert item.get_by_role("button", name="Lock", exact=True).count() == 0 and item.get_by_role("button", name="Keep as a new version").is_disabled()
    shown = "(([lon, lat]) => { const m = __vigia.view.map, { x, y } = m.project([lon, lat]), box = m.getCanvas().getBoundingClientRect(); return [x + box.left, y + box.top]; })"
    at = lambda *corner: page.evaluate(f"{shown}({list(corner)})")  # noqa: E731
    page.mouse.click(*at(-98.0, 26.5))  # tapped, then moved by a button
    until(page, "/Corner \\d of 4/.test(document.querySelector('.analysis-corners [role=status]').textContent)")
    page.get_by_role("button", name="Corner east").click()
    until(page, "!document.querySelector('.analysis-corners .filled').disabled")
    x, y = at(-98.2, 26.3)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 6, y + 4, steps=4)
    page.mouse.move(x - 14, y + 10, steps=4)
    page.mouse.up()
    item.get_by_role("button", name="Keep as a new version").click()
    until(page, "[...document.querySelectorAll('.analysis-zone')].some((z) => z.textContent.includes('Ringed') && z.textContent.includes('version 2'))")
    told = next(z for z in border.ask("zones?world=exercise")["rows"] if z["name"] == "Ringed")
    operation, round_it = (shapely.from_geojson(json.dumps(z["geometry"])) for z in told["zones"])
    west, south, east, north = operation.bounds
    assert east > -98.0 and north == 26.5, "by the button"
    assert west < -98.2 and south < 26.3, "by the hand"
    assert shapely.equals(shapely.Polygon(round_it.interiors[0]), operation) and shapely.equals(shapely.envelope(round_it), shapely.box(-98.3, 26.2, -97.9, 26.6)), "the buffer lies round it still"
    item.get_by_role("button", name="Lock", exact=True).click()
    until(page, "[...document.querySelectorAll('.analysis-zone')].some((z) => z.textContent.includes('Ringed') && z.textContent.includes('Locked by'))")
    assert item.get_by_role("button", name="Move corners").count() == 0, "what is locked stays"


def test_units_are_sent_and_taken_out_as_gpx(page, border):
    panel(page, border, "allocate")
    unit = page.locator(".analysis-unit").first
    for label, value in (("How many", "2"), ("Reach, km", "60"), ("Longitude", "-97.50"), ("Latitude", "25.95"), ("Name", "South")):
        unit.get_by_label(label).fill(value)
    page.click(".analysis-units >> text=Add a unit")
    second = page.locator(".analysis-unit").nth(1)
    second.get_by_label("Kind").select_option("drone")
    assert second.get_by_label("Reach, km").input_value() == "35"
    second.get_by_label("Reach, km").fill("-1")
    page.click(".analysis-form .filled")
    assert second.get_by_label("Reach, km").evaluate("(e) => !e.validity.valid") and page.evaluate("__vigia.choices.get().run") is None
    second.locator("text=Take away").click()
    assert page.locator(".analysis-unit").count() == 1
    page.click(".analysis-units summary")
    field = page.get_by_label("Units, one a line")
    field.fill("North, balloon, -97.50, 25.95, 60, 2")
    page.click(".analysis-form .filled")
    assert field.evaluate("(e) => e.validationMessage").startswith("The 1. unit is expected as name")
    field.fill("North, patrol, -97.50, 25.95, 60, 2\nHawk, drone, -97.90, 26.20, 80, 1")
    page.click(".analysis-form .filled")
    until(page, f"{SAID} === 'Waits for its turn'")
    worked(border)
    until(page, "document.documentElement.dataset.analysis")
    run = page.evaluate("__vigia.choices.get().run")
    assert border.ask(f"analyses/{run}")["told"]["given"]["known"].count("units") == 1
    sent = {f["properties"]["unit"] for f in border.ask(f"analyses/{run}/places")["features"]}
    assert sent <= {"South 1", "South 2", "North", "Hawk"} and {"South 1", "Hawk"} <= sent, "rows and what was pasted"
    with page.expect_download() as download:
        page.click(".analysis-result >> text=GPX")
    gpx = download.value.path().read_text()
    assert gpx.startswith("<?xml") and "<wpt" in gpx and "North" in gpx and "EXERCISE" in gpx
