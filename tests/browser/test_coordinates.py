"""Places in the format somebody chose: below the map, in details and in search, copied by a tap; what is drawn is measured on the ellipsoid."""

from __future__ import annotations

import re

from install.chromium import until
from tests.browser.world import choices, look



def test_a_format_is_chosen_and_kept_in_the_address(page, world):
    look(page, world)
    until(page, "/^26\\.\\d{5} N 97\\.\\d{5} W$/.test(document.querySelector('#scale button').textContent)")
    page.evaluate("__vigia.choices.set({ sel: `seizure:${__vigia.view.held.points.id[0]}` })")
    page.wait_for_selector("#details:not([hidden]) .place")
    in_degrees = page.inner_text("#details .place")
    page.select_option("#scale select", "mgrs")
    until(page, "/^14R [A-Z]{2} \\d{5} \\d{5}$/.test(document.querySelector('#scale button').textContent)")
    until(page, "/^14R [A-Z]{2} \\d{5} \\d{5}$/.test(document.querySelector('#details .place').textContent)")
    assert choices(page)["coords"] == "mgrs" and "coords=mgrs" in page.url
    # What is drawn anew is written so too; degrees come back as they were.
    page.reload()
    page.wait_for_selector("#details:not([hidden]) .place")
    until(page, "/^14R [A-Z]{2} \\d{5} \\d{5}$/.test(document.querySelector('#details .place').textContent)")
    page.select_option("#scale select", "dd")
    until(page, f"document.querySelector('#details .place').textContent === '{in_degrees}'")
    assert "coords" not in choices(page)


def test_a_tap_copies_a_place(browser, page, world):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=world.address)
    look(page, world, query="world=exercise&coords=utm")
    until(page, "/^14R \\d{6} \\d{7}$/.test(document.querySelector('#scale button').textContent)")
    page.focus("#scale button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#status p:has-text('Copied: 14R')")
    assert page.evaluate("navigator.clipboard.readText()") == page.inner_text("#scale button")


def test_a_grid_reference_is_searched_for(page, world):
    look(page, world)
    for text in ("14RPP5025465468", "14R 650254 2865468"):
        page.fill("#search", text)
        page.wait_for_selector("#search-results button:has-text('14R')")
        page.keyboard.press("Enter")
        until(page, "Math.hypot(__vigia.view.map.getCenter().lng + 97.5, __vigia.view.map.getCenter().lat - 25.9) < 1e-3")
        page.evaluate("__vigia.view.map.jumpTo({ center: [-97.9, 26.15] })")
    # `S` is a band and a half of the earth: both are offered.
    page.fill("#search", "14S 621000 3894000")
    until(page, "document.querySelectorAll('#search-results button').length === 2")


def test_lines_and_areas_are_measured(page, world):
    look(page, world)
    at = page.evaluate("""() => { const m = __vigia.view.map, b = m.getCanvas().getBoundingClientRect();
      return [[-98, 26], [-97.9, 26], [-97.9, 26.1]].map((p) => { const q = m.project(p); return [q.x + b.x, q.y + b.y]; }); }""")

    def click(*points):
        for x, y in points:
            page.mouse.move(x, y, steps=3)
            page.mouse.click(x, y)
            page.wait_for_timeout(300)  # two clicks soon after each other are a double click

    page.click("[data-do=measure]")
    page.wait_for_selector("#status p:has-text('Click along the line')")
    click(at[0], at[1], at[1])
    page.wait_for_selector("#status p:has-text('km measured, bearing')")
    told = page.inner_text("#status")
    length_km, bearing = map(float, re.search(r"([\d.]+) km measured, bearing (\d+)", told).groups())
    assert abs(length_km - 10.0) < 0.2 and bearing in (89, 90, 91), told
    page.click("[data-do=ground]")
    page.wait_for_selector("#status p:has-text('Click the corners')")
    click(*at, at[0])
    page.wait_for_selector("#status p:has-text('km² measured')")
    area_km2 = float(re.search(r"([\d.]+) km² measured", page.inner_text("#status")).group(1))
    assert abs(area_km2 - 55.4) < 3, area_km2
    assert "area" not in choices(page), "what is measured is no filter"
    page.keyboard.press("Escape")
    assert page.evaluate("__vigia.draw.active") is None
