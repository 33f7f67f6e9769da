"""Filters in the field: the rail as a sheet; changes that wait for one press; and axe."""

from __future__ import annotations

import pytest

from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.test_reading import serious
from tests.browser.world import choices, look, settled

PHONE = {"width": 390, "height": 844}
OPEN = "document.getElementById('rail').classList.contains('open')"


@pytest.fixture
def phone(browser):
    with watched(browser) as page:
        page.set_viewport_size(PHONE)
        yield page


def open_sheet(page) -> None:
    page.click("#rail-toggle")
    page.wait_for_selector("#rail.open")


def test_the_rail_is_a_sheet(phone, world):
    page = phone
    look(page, world)
    open_sheet(page)
    half = page.evaluate("document.getElementById('rail').offsetHeight")
    assert 0.5 * PHONE["height"] < half < 0.65 * PHONE["height"] and page.get_attribute("#rail", "role") == "dialog"
    assert not page.evaluate("document.querySelector('.stage').inert"), "half, the map above it answers"
    small = page.evaluate("""() => [...document.querySelectorAll('#rail :is(button, summary, select, .chips label, .kinds label, .segments label, input[type=search])')]
      .filter((e) => e.offsetParent !== null).map((e) => [Math.round(e.getBoundingClientRect().height), e.outerHTML.slice(0, 90)]).filter(([h]) => h < 44)""")
    assert small == []
    assert serious(page) == []
    # Full by a button, where it is modal; half again by a drag, and shut by one.
    page.click("#sheet-grip")
    page.wait_for_selector("#rail.full[aria-modal=true]")
    assert page.evaluate("document.querySelector('.stage').inert") and serious(page) == []
    for _ in range(50):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || document.getElementById('rail').contains(document.activeElement)")

    def drag(by: int) -> None:
        box = page.locator(".sheet-words").bounding_box()
        x, y = box["x"] + 20, box["y"] + 8
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + by / 2, steps=3)
        page.mouse.move(x, y + by, steps=3)
        page.mouse.up()

    drag(330)
    page.wait_for_selector("#rail.open:not(.full)")
    drag(-330)
    page.wait_for_selector("#rail.full")
    drag(700)
    until(page, f"!({OPEN}) && document.activeElement.id === 'rail-toggle' && !document.querySelector('.stage').inert")
    page.wait_for_function("!history.state?.sheet")
    # Escape, and the browser's way back: that closes it, and what was chosen in it stays.
    open_sheet(page)
    page.focus("#drug input")
    page.keyboard.press("Escape")
    until(page, f"!({OPEN})")
    page.wait_for_function("!history.state?.sheet")
    open_sheet(page)
    where = page.evaluate("location.hash")
    page.click("#rail label:has-text('Cannabis')")
    until(page, "__vigia.choices.get().drug?.length === 5")
    page.go_back()
    until(page, f"!({OPEN})")
    assert len(choices(page)["drug"]) == 5 and "drug=" in page.url and page.evaluate("location.hash") == where
    assert page.get_attribute("#rail-toggle", "aria-label").endswith("1 set")
    # What is set is listed, and taken away by a tap.
    open_sheet(page)
    page.click(".chosen .set:has-text('5 drugs')")
    until(page, "__vigia.choices.get().drug === undefined && document.querySelector('.chosen').hidden")
    page.click(".pages >> text=Layers")
    page.wait_for_selector(".layer-row .eye")
    assert not page.is_visible("#drug") and serious(page) == []


def test_on_a_slow_link_changes_wait_for_one_press(phone, world):
    page = phone
    look(page, world)
    before = choices(page)
    open_sheet(page)
    page.select_option("#sheet-apply", "button")
    asked = []
    page.on("response", lambda answer: asked.append(answer) if "/api/" in answer.url or "_dash-update" in answer.url else None)
    page.click("#rail label:has-text('Cannabis')")
    page.click("#rail label:has-text('Meth')")
    page.wait_for_selector(".pending:has-text('1 change not shown yet')")
    wanted = world.ask("counts?" + page.evaluate("__vigia.filterQuery(__vigia.draft.seen())"))
    total = sum(wanted[layer]["total"] for layer in ("seizures", "tracks", "images"))
    page.wait_for_selector(f"#show:text-is('Show {total:,}')")
    assert choices(page) == before, "nothing is chosen before it is shown"
    assert page.locator("#drug input:checked").count() == 4
    assert asked and not [answer.url for answer in asked if "/tiles/" in answer.url or "/timeline" in answer.url]
    assert sum(len(answer.body()) for answer in asked) < 60_000
    page.click("#show")
    until(page, f"!({OPEN}) && __vigia.choices.get().drug?.length === 4")
    settled(page)
    # Left without a press they are left out, and the controls say so.
    open_sheet(page)
    page.click("[data-command=clear-all]")
    until(page, "document.querySelectorAll('#drug input:checked').length === 6")
    assert len(choices(page)["drug"]) == 4
    page.keyboard.press("Escape")
    until(page, f"!({OPEN}) && document.querySelectorAll('#drug input:checked').length === 4")
    page.wait_for_selector("#status:has-text('left out')")
    assert len(choices(page)["drug"]) == 4
    # At once again.
    open_sheet(page)
    page.select_option("#sheet-apply", "once")
    page.click("[data-command=clear-all]")
    until(page, "__vigia.choices.get().drug === undefined")


@pytest.mark.parametrize("theme", ["dark", "sun"])
def test_the_smallest_telephone_has_room(browser, world, theme):
    with watched(browser) as page:
        page.set_viewport_size({"width": 360, "height": 800})
        look(page, world, f"world=exercise&theme={theme}&drug=ats,heroin&conveyance=vehicle&min_kg=2&q=o")
        open_sheet(page)
        for height in ("half", "full"):
            if height == "full":
                page.click("#sheet-grip")
                page.wait_for_selector("#rail.full")
            assert page.evaluate("[document.documentElement, document.getElementById('rail')].every((e) => e.scrollWidth <= 360)")
            assert serious(page) == []
        assert page.locator(".chosen .set bdi").all_inner_texts() == ["Meth", "Heroin", "Vehicle", "2 kg or more", "“o”"]
