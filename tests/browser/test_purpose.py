"""The way in, the purpose, and the way out, as a person meets them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from data import passwords, people
from install.chromium import until
from tests.browser.conftest import SIGNED_IN
from tests.browser.world import becomes, settled
from tests.data.made import touch, tracks, walk

PASSWORD = "seven otters mend a lamp"


@pytest.fixture(scope="module")
def live(world, tmp_path_factory):
    """The world with a few live seizures of an agency, and somebody who belongs to it."""
    path = tmp_path_factory.mktemp("live") / "seizures.csv"
    path.write_text("id,when,lon,lat,drug,quantity,unit\np1,2026-11-20T10:00:00Z,-98.2,26.1,cocaine,2.5,kg\np2,2026-11-21T10:00:00Z,-98.1,26.2,heroin,1,kg\n")
    world.bring("seizures", path)
    with world.database.connect() as connection:
        people.add(connection, "marta", ["coordinator"])
        people.set_password(connection, "marta", passwords.hashed(PASSWORD))
        connection.commit()
    return world


def signed_out(page, world) -> None:
    page.context.clear_cookies()
    page.goto(f"{world.address}/?world=live")
    page.wait_for_selector("#password")


def test_one_signs_in_and_comes_back_to_where_one_was(page, live):
    signed_out(page, live)
    assert "Sign in" in page.title()
    page.fill("#name", "marta")
    page.fill("#password", "not this one at all")
    page.click("button")
    page.wait_for_selector(".said:has-text('wrong')")
    assert page.input_value("#name") == "marta"
    page.fill("#password", PASSWORD)
    page.click("button")
    settled(page)
    assert "world=live" in page.url
    page.click("text=Account")
    assert "marta" in page.inner_text(".who") and "coordinator" in page.inner_text(".who")
    page.click("text=Sign out")
    page.wait_for_selector("#password")
    page.goto(f"{live.address}/")
    assert "/sign-in" in page.url


def test_a_session_that_ends_leads_to_the_way_in(page, live):
    page.goto(f"{live.address}/?world=live")
    settled(page)
    page.context.clear_cookies()
    page.wait_for_selector("#password")
    assert "next=%2F%3Fworld%3Dlive" in page.url
    page.told.clear()


def test_what_leaves_the_house_asks_what_for(page, live):
    page.goto(f"{live.address}/?world=live&from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z")
    settled(page)
    page.click("summary:has-text('Export')")
    page.click("a.menu-row:has-text('CSV')")
    page.click("dialog.purpose .action")
    page.wait_for_selector("dialog.purpose", state="detached")
    page.click("a.menu-row:has-text('CSV')")
    page.select_option("#purpose-words", "Investigation")
    page.click("dialog.purpose .filled")
    assert page.query_selector("dialog.purpose") is not None, "a case is needed"
    page.fill("#purpose-case", "2026/114 ñ")
    with page.expect_download() as loading:
        page.click("dialog.purpose .filled")
    with open(loading.value.path(), newline="", encoding="utf-8-sig") as file:
        assert sum(1 for _ in csv.reader(file)) > 1
    with live.database.connect() as connection:
        entry = connection.execute("SELECT entry::jsonb FROM audit.entry WHERE entry::jsonb ->> 'what' = 'disclosure' ORDER BY seq DESC LIMIT 1").fetchone()[0]
    assert (entry["purpose"], entry["case"], entry["of"]) == ("Investigation", "2026/114 ñ", "export/csv")


def test_a_search_asks_before_it_finds_vehicles(page, live):
    with live.database.connect() as connection:
        tracks(connection, [walk(np.random.default_rng(2), 30)] * 2, world=0, kinds=("vessel", "vehicle"), prefix="quetzal")
        touch(connection, "tracks", 0)
        connection.commit()
    page.goto(f"{live.address}/?world=live&from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z&q=quetzal")
    settled(page)
    until(page, "document.querySelector('#kind-total').innerText.startsWith('1 of')")
    page.fill("#search", "quetzal")
    page.wait_for_selector("#search-results .also")
    becomes(page, lambda: page.locator("#search-results button").count(), 2)
    assert "vehicle" not in page.inner_text("#search-results .meta")
    page.click("#search-results .also")
    assert page.query_selector("#purpose-recipient") is None, "nothing leaves the house"
    page.select_option("#purpose-words", "Detection")
    page.fill("#purpose-case", "2026/115")
    page.click("dialog.purpose .filled")
    until(page, "[...document.querySelectorAll('#search-results .meta')].map((m) => m.innerText).sort().join() === 'vehicle,vessel'")
    assert page.query_selector("#search-results .also") is None
    until(page, "document.querySelector('#kind-total').innerText.startsWith('2 of')")  # the filter is that text: it shows the vehicle too
    assert page.locator("#text-all").is_hidden()
    with live.database.connect() as connection:
        entry = connection.execute("SELECT entry::jsonb FROM audit.entry WHERE entry::jsonb ->> 'of' = 'search' ORDER BY seq DESC LIMIT 1").fetchone()[0]
    assert (entry["purpose"], entry["case"], entry["rows"]) == ("Detection", "2026/115", 2) and "quetzal" not in str(entry)


def test_the_text_filter_asks_too(page, live):
    page.goto(f"{live.address}/?world=exercise&q=a")
    settled(page)
    assert page.locator("#text-all").is_hidden(), "the exercise asks nothing"
    page.goto(f"{live.address}/?world=live&from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z&q=quetzal-")
    settled(page)
    page.click("#text-all")
    page.fill("#purpose-case", "2026/116")
    page.click("dialog.purpose .filled")
    until(page, "document.querySelector('#kind-total').innerText.startsWith('2 of')")
    assert page.locator("#text-all").is_hidden()


def test_nothing_breaks_the_policy_on_any_page(page, live):
    """Every page, its tables and its charts, with the reports of the content security policy listened to."""
    broken = []
    page.context.add_cookies([SIGNED_IN])
    page.expose_function("policyBroken", lambda told: broken.append(told))
    page.add_init_script("document.addEventListener('securitypolicyviolation', (e) => policyBroken(`${e.violatedDirective} ${e.blockedURI}`))")
    for path in ("/sign-in", "/account", "/wall/main", "/?world=exercise"):
        page.goto(f"{live.address}{path}")
        page.wait_for_timeout(500)
    settled(page)
    page.click("#drawer-toggle")
    for tab in ("Movements", "Images", "Charts"):
        page.click(f"#drawer-tab label:has-text('{tab}')")
        settled(page)
    until(page, "!!document.querySelector('.chart svg')")
    assert broken == []
