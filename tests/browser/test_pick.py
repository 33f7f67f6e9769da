"""Selecting on the map, and a bar of a chart that filters: what is selected is counted, listed, taken out and made the area; and axe."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from install.chromium import until
from tests.browser.test_reading import serious
from tests.browser.world import becomes, choices, look, settled

PICKED = "__vigia.choices.get().pick"


def totals(world, page) -> dict[str, int]:
    """What the server counts of the selection."""
    told = world.ask("counts?" + page.evaluate("__vigia.filterQuery(__vigia.choices.get())") + "&pick=" + choices(page)["pick"].replace(" ", "+"))
    return {layer: told[layer]["total"] for layer in ("seizures", "tracks", "images")}


def said(n: dict[str, int]) -> str:
    return ", ".join(f"{n[layer]:,} {layer if n[layer] != 1 else layer[:-1]}" for layer in ("seizures", "tracks", "images"))


def drag(page, way: list[tuple[int, int]]) -> None:
    box = page.locator("#map canvas").first.bounding_box()
    for i, (x, y) in enumerate(way):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=1 if i == 0 else 4)
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def test_what_is_selected_is_counted_listed_and_made_the_area(page, world):
    look(page, world)
    camera = page.evaluate("location.hash")
    page.click("[data-do=pick]")
    page.click("#pick >> text=Box")
    drag(page, [(430, 150), (520, 220), (640, 380)])
    until(page, f"{PICKED} && !__vigia.pick.active")
    assert len(choices(page)["pick"].split(";")) == 4 and page.evaluate("location.hash") == camera, "the map was moved by the hand"
    n = totals(world, page)
    whole = world.ask("counts?" + page.evaluate("__vigia.filterQuery(__vigia.choices.get())"))
    assert 0 < n["seizures"] < whole["seizures"]["total"]
    page.wait_for_selector(f"#pick .pick-words:has-text('{said(n)}')")
    assert serious(page) == []
    page.click("#pick >> text=Table")
    page.wait_for_selector("#table .ag-row")
    becomes(page, lambda: page.evaluate("dash_ag_grid.getApi('table').getDisplayedRowCount()"), n["seizures"])
    page.wait_for_selector(f"#drawer-toggle:has-text('Selected {n['seizures']:,} seizures')")
    page.click("#drawer-toggle")
    page.click("#pick summary:has-text('Export')")
    link = page.locator("#pick .menu a").first
    assert parse_qs(urlsplit(link.get_attribute("href")).query)["pick"] == [choices(page)["pick"]]
    page.click("#pick summary:has-text('Export')")
    # It is in the address, and Escape takes it away.
    page.reload()
    settled(page)
    page.wait_for_selector(f"#pick .pick-words:has-text('{said(n)}')")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    until(page, f"{PICKED} === undefined && document.getElementById('pick').hidden")
    assert "pick=" not in page.url
    # A lasso in one stroke; by taps a box; a radius as typed, with the keyboard alone; what is in view.
    page.click("[data-do=pick]")
    page.click("#pick >> text=Lasso")
    drag(page, [(450, 200), (600, 180), (650, 300), (560, 400), (440, 330)])
    until(page, f"{PICKED}?.split(';').length > 5 && {PICKED}.split(';').length <= 96")
    page.click("#pick >> text=Box")
    box = page.locator("#map canvas").first.bounding_box()
    page.mouse.click(box["x"] + 430, box["y"] + 200)
    page.mouse.click(box["x"] + 640, box["y"] + 380)
    until(page, f"{PICKED}?.split(';').length === 4")
    page.click("#pick >> text=Radius")
    page.fill("#pick-km", "12,5")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(page, f"{PICKED}?.split(';').length === 64")
    assert page.evaluate("""async () => {
      const { between } = await import('/assets/vendor/geodesic.mjs'), { lng, lat } = __vigia.view.map.getCenter();
      return __vigia.choices.get().pick.split(';').every((p) => Math.abs(between(lng, lat, ...p.split(' ').map(Number)).s12 - 12500) < 3);
    }""")
    circle = choices(page)["pick"]
    page.click("#pick >> text=Use as area")
    until(page, f"{PICKED} === undefined && __vigia.choices.get().area")
    assert choices(page)["area"] == circle
    page.wait_for_selector(".chosen .set:has-text('Area')")
    page.click("#pick >> text=In view")
    until(page, f"{PICKED}?.split(';').length === 4")


def test_a_bar_filters_and_again_does_not(page, world):
    look(page, world)
    page.click("#drawer-toggle")
    page.click("#drawer label:has-text('Charts')")
    bar = "#charts .js-plotly-plot .barlayer .trace:first-child .point path"
    page.wait_for_selector(bar, state="attached")

    def press() -> None:
        page.evaluate("(q) => document.querySelector(q).closest('figure').scrollIntoView()", bar)
        box = page.evaluate("""(q) => { const all = [...document.querySelectorAll(q)].map((e) => e.getBoundingClientRect()).sort((a, b) => b.height - a.height)[0];
          return [all.x + all.width / 2, all.y + all.height / 2]; }""", bar)
        page.mouse.move(*box)
        page.mouse.click(*box)

    press()
    until(page, "__vigia.choices.get().drug?.length === 1")
    settled(page)
    until(page, "document.querySelectorAll('#charts .js-plotly-plot .barlayer')[0]?.querySelectorAll('.trace').length === 1")
    press()
    until(page, "__vigia.choices.get().drug === undefined")
