"""The panel of analyses in a real browser: asked for, done by a real worker, drawn, restored by its address, called off."""

from __future__ import annotations

from install.chromium import until
from jobs import analysing
from tests.browser.world import becomes, drawn, look

QUERY = "world=exercise&from=2026-11-01T00:00:00Z&to=2026-11-30T00:00:00Z&layers=-events,-movements,-seizures,-hotspots,-imagery"
SAID = "document.querySelector('.analysis-result:not([hidden]) .analysis-said')?.textContent"


def ask(page, world, resolution: int):
    """A density asked for on the whole exercise, in the panel."""
    look(page, world, QUERY)
    page.click(".topbar [data-command=analysis]")
    page.wait_for_selector(".analysis-form")
    page.locator(".analysis-form select").nth(1).select_option("kde")
    page.locator(".analysis-form").get_by_label("Resolution").fill(str(resolution))
    page.click(".analysis-form .filled")
    until(page, f"{SAID} === 'Waits for its turn'")


def in_thread(world):
    """Playwright's loop runs in this thread, so what has one of its own must be in another."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(analysing.run, world.database.owner_url, world.database.app_url).result()


def test_it_is_asked_for_drawn_and_restored(page, world):
    ask(page, world, 5)
    assert in_thread(world) >= 1
    until(page, "document.documentElement.dataset.analysis")
    drawn(page, "analysis-fill")
    words = page.evaluate(SAID)
    assert words
    legend = page.locator(".analysis-result .analysis-legend").inner_text()
    assert "From" in legend and ("looks" in legend or "effort" in legend.lower())
    first = page.locator(".analysis-table tbody tr").first
    first.click()
    becomes(page, lambda: page.locator(".analysis-table tr.chosen").count(), 1)
    until(page, "(({ chosen }) => chosen !== undefined && __vigia.view.map.getSource('analysis-chosen').serialize().data.features.map((f) => f.id).join() === String(chosen))(__vigia.analysis.held)")
    run = page.evaluate("__vigia.choices.get().run")
    page.goto(f"{world.address}/?{QUERY}&run={run}")
    until(page, f"{SAID} === {words!r}")
    until(page, "document.documentElement.dataset.analysis")
    page.click("#analysis > .analysis-head .close")
    assert page.locator("#analysis-legend").is_visible() and page.locator("#analysis").is_hidden()


def test_it_is_called_off(page, world):
    ask(page, world, 4)
    page.click(".analysis-result >> text=Cancel")
    until(page, f"{SAID} === 'Called off'")
    assert not page.evaluate("document.documentElement.dataset.analysis")


def test_on_a_phone_the_panel_is_reached_from_the_rail(page, world):
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, world, QUERY)
    page.click("#rail-toggle")
    page.click(".rail [data-command=analysis]")
    page.wait_for_selector(".analysis-form")
    box = page.locator("#analysis").bounding_box()
    assert box["x"] == 0 and box["width"] == 390 and box["y"] + box["height"] <= 845
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
