"""Who reads the page: with a keyboard, in three themes, on a telephone, and with axe."""

from __future__ import annotations

import pytest

from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.world import choices, look, settled
from tests.conftest import ROOT

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
SIZES = {"desk": {"width": 1920, "height": 1080}, "telephone": {"width": 390, "height": 844}}


def serious(page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{v['id']}: {n['html'][:160]} {n['failureSummary'][:200]}" for v in found["violations"] if v["impact"] in ("serious", "critical") for n in v["nodes"]]


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(browser, world, size):
    with watched(browser) as page:
        page.set_viewport_size(SIZES[size])
        look(page, world)
        assert page.get_attribute("html", "lang") == "en"
        assert serious(page) == []
        page.click("#drawer-toggle")
        page.wait_for_selector("#table .ag-row")
        assert serious(page) == []
        if size == "telephone":
            page.click("#drawer-toggle")
            page.click("#rail-toggle")
            page.wait_for_selector("#rail.open")
            assert serious(page) == []


@pytest.mark.parametrize("theme", ["light", "sun"])
def test_the_other_themes_are_as_legible(page, world, theme):
    look(page, world)
    before = page.evaluate("getComputedStyle(document.body).color")
    page.click(".tool-menu summary:has-text('Theme')")
    page.click(f"#theme label:has-text('{theme.capitalize()}')")
    until(page, f"document.documentElement.dataset.theme === '{theme}'")
    settled(page)
    assert choices(page)["theme"] == theme
    until(page, "(before) => getComputedStyle(document.body).color !== before", arg=before)
    assert serious(page) == []


def test_every_control_is_reached_by_the_keyboard(page, world):
    look(page, world)
    page.evaluate("document.activeElement.blur()")
    reached, hidden = set(), []
    for _ in range(80):
        page.keyboard.press("Tab")
        told = page.evaluate("""() => {
          const e = document.activeElement, box = e.closest('[id]')?.id ?? '', s = getComputedStyle(e);
          const around = e.closest('label') ? getComputedStyle(e.closest('label')) : s;
          if (e === document.body) return ['', '', true, ''];
          return [box, e.closest('.maplibregl-canvas') ? 'canvas' : '', s.outlineStyle !== 'none' || around.outlineStyle !== 'none' || e.closest('.search') !== null || e.closest('.field') !== null, e.outerHTML.slice(0, 120)];
        }""")
        reached |= {told[0], told[1]}
        if not told[2]:
            hidden.append(told[3])
    for control in ("search", "drug", "kind", "period", "agency", "canvas", "drawer-toggle", "timeline"):
        assert any(control in r for r in reached), f"{control} is not reached by Tab: {sorted(reached)}"
    assert hidden == [], "focus that cannot be seen"


def test_escape_takes_the_choice_back(page, world):
    look(page, world)
    page.evaluate("__vigia.choices.set({ sel: `seizure:${__vigia.view.held.points.id[0]}` })")
    page.wait_for_selector("#details:not([hidden]) h2")
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    assert "sel" not in choices(page)


def test_a_telephone_has_room(browser, world):
    with watched(browser) as page:
        page.set_viewport_size(SIZES["telephone"])
        look(page, world)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.click("#rail-toggle")
        page.wait_for_selector("#rail.open")
        small = page.evaluate("""() => [...document.querySelectorAll('#rail-toggle, .controls button, #rail .chips label, #rail .kinds label, #rail .segments label, #rail .account, #show, .tl-go, #drawer-toggle, .eye')]
          .filter((e) => e.offsetParent !== null).map((e) => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 80)]).filter(([h]) => h < 40)""")
        assert small == []
        assert "Show" in page.inner_text("#show")
        assert page.is_visible("#rail a[href='/account']"), "one signs out on a telephone too"
        page.click("#rail label:has-text('Cannabis')")
        until(page, "!!__vigia.choices.get().drug")
        page.click("#show")
        until(page, "!document.getElementById('rail').classList.contains('open')")
        settled(page)
