"""A map with nothing on it says so, and what to do; never a blank picture."""

from __future__ import annotations

from tests.browser.world import World, look, settled
from tests.conftest import copied, serving


def test_an_empty_installation_says_how_to_begin(page, cluster, template, world, tmp_path):
    with copied(cluster, template) as database, serving(database, tmp_path / "server.log", VIGIA_HOME=str(world.home)) as server:
        look(page, World(server, database, world.home), "", "")
        page.wait_for_selector("#nothing:has-text('No data in the live world yet')")
        assert "./vigia import" in page.inner_text("#nothing")
        assert page.input_value("#world input:checked") == "live" and "EXERCISE" not in page.inner_text("#strip")
        assert page.told == [] and page.inner_text("#status") == ""
        page.click("#drawer-toggle")
        page.wait_for_selector("#table .ag-overlay:has-text('Nothing matches')")


def test_a_filter_that_leaves_nothing_says_what_there_would_be(page, world):
    look(page, world, "world=exercise&min_kg=9000000")
    n = world.ask("counts?" + page.evaluate("__vigia.filterQuery({ ...__vigia.choices.get(), min_kg: undefined })"))
    page.wait_for_selector(f"#nothing:has-text('No seizures for this filter. {n['seizures']['total']} seizures without it.')")
    page.click("#clear")
    page.wait_for_selector("#nothing", state="hidden")
    settled(page)
