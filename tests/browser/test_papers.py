"""The plain pages (the way in, the account, accounts and operations, the record, authorities) with axe, on a desk and on a telephone; and what warns in the top bar."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from data import authority, handover, people
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.test_reading import SIZES, serious
from tests.data.test_handover import EAST, WEST, told as heard

PAPERS = ("/sign-in", "/account", "/admin", "/audit", "/authorities", "/rules?world=exercise", "/rules/1", *(f"/rules/new?world=exercise&type={kind}" for kind in ("fence", "identity_conflict", "coverage_void")))


@pytest.fixture(scope="module")
def address(module_database, serve):
    """A server with an agency of the keeper's whose authorities have ended, end soon and run, an offer, an operation and a screen."""
    day, now = timedelta(days=1), datetime.now(timezone.utc)
    with module_database.connect() as connection:
        for name in ("Norte", "Este"):
            people.add_agency(connection, name, "MX")
            authority.govern(connection, name, ["tag", "vehicle", "person"])
        handover.set_area(connection, "Este", EAST)
        for reference, start, end in (("N-1", -5 * day, timedelta(hours=20)), ("N-2", -40 * day, -12 * day), ("N-3", -day, 30 * day), ("N-4", 2 * day, 12 * day)):
            authority.add(connection, "Norte", "us-warrant", reference, issuer="District court", purpose="Investigation of a route", devices=["tag:t-1"], valid_from=now + start,
                          valid_to=now + end, area=WEST)
        heard(connection, [-97.7, -97.3])
        people.add_operation(connection, "Dorado", now - day, now + day, area=EAST)
        for name in ("Norte", "Este"):
            people.share(connection, "Dorado", name, ["movements", "seizures"], "TLP:AMBER")
        people.add_screen(connection, "North wall", agency="Norte")
        connection.commit()
    return serve(module_database)


@pytest.mark.parametrize("paper", PAPERS)
def test_axe_finds_nothing_serious(browser, address, paper):
    with watched(browser) as page:
        if paper == "/sign-in":
            page.context.clear_cookies()
        assert page.goto(address + paper).status == 200
        for size in SIZES.values():
            page.set_viewport_size(size)
            assert serious(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "wide tables scroll by themselves"


@pytest.mark.parametrize("size", SIZES)
def test_the_top_bar_warns_and_leads_to_the_page(browser, address, size):
    with watched(browser) as page:
        page.set_viewport_size(SIZES[size])
        page.goto(address + "/?world=exercise")
        until(page, "!(document.querySelector('#warnings')?.hidden ?? true)")
        link = page.locator("#warnings", has_text="N-1 (Norte) ends in 19 h; 2 duties are overdue")
        assert link.is_visible() and serious(page) == []
        link.click()
        page.wait_for_url("**/authorities")
        assert page.locator("tr:has-text('N-1') .state").first.inner_text() == "ends in 19 h"


@pytest.mark.parametrize("size", SIZES)
def test_a_rule_is_changed_with_the_keyboard_alone_and_what_is_refused_stands_beside_its_field(browser, address, module_database, size):
    with module_database.connect() as connection:
        (number,) = connection.execute("SELECT id FROM rule WHERE world = 1 AND type = 'gap' AND ended_at IS NULL").fetchone()
    with watched(browser) as page:
        page.set_viewport_size(SIZES[size])
        page.goto(address + "/rules?world=exercise")
        page.get_by_role("link", name="Silent for 6 hours").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/rules/{number}")
        before = int(page.input_value("#rule [name=version]"))
        page.get_by_label("Silent for").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("-5")
        page.keyboard.press("Enter")
        page.wait_for_selector(".refused")
        assert page.get_by_label("Silent for").get_attribute("aria-invalid") == "true" and "'-5', expected a number from 0 to 31,622,400 s" in page.inner_text("#e-f-knob-gap_s")
        assert serious(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        page.locator(".refused a").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('#f-knob-gap_s').getBoundingClientRect().top") < SIZES[size]["height"]
        page.get_by_label("Silent for").fill(str(7_200 + before))
        page.get_by_label("Silent for").press("Enter")
        page.wait_for_selector(f"#rule [name=version][value='{before + 1}']", state="attached")
        assert page.input_value("#f-knob-gap_s") == str(7_200 + before)
        assert page.locator(".versions tbody tr").count() == before + 1
        assert [line for line in page.told if "422" not in line] == [], "no style and no script that the policy forbids"
