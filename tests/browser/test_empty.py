"""A map with nothing on it says so, and what to do; never a blank picture."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.browser.world import World, becomes, look, settled
from tests.conftest import ROOT, copied, serving


def test_an_empty_installation_says_how_to_begin(page, cluster, template, world, tmp_path):
    with copied(cluster, template) as database, serving(database, tmp_path / "server.log", VIGIA_HOME=str(world.home)) as server:
        look(page, World(server, database, world.home), "", "")
        page.wait_for_selector("#nothing:has-text('No data in the live world yet')")
        assert "./vigia import" in page.inner_text("#nothing")
        assert page.input_value("#world input:checked") == "live" and "EXERCISE" not in page.inner_text("#strip")
        assert page.told == [] and page.inner_text("#status") == ""
        page.click("#drawer-toggle")
        page.wait_for_selector("#table .ag-overlay:has-text('Nothing matches')")


def test_the_first_import_shows_by_itself_however_old_it_is(page, cluster, template, world, tmp_path):
    table = tmp_path / "old.csv"
    table.write_text("when,lat,lon,drug,quantity,unit\n" + "".join(f"2018-03-{d:02d}T10:00:00Z,26.2,-97.9,cocaine,2,kg\n" for d in range(1, 5)))
    with copied(cluster, template) as database, serving(database, tmp_path / "server.log", VIGIA_HOME=str(world.home)) as server:
        look(page, World(server, database, world.home), "world=live", "")
        page.wait_for_selector("#nothing:has-text('No data in the live world yet')")
        camera = page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]")
        subprocess.run([sys.executable, "cli.py", "import", "seizures", str(table)], cwd=ROOT, check=True, capture_output=True,
                       env={**os.environ, "VIGIA_HOME": str(tmp_path), "DATABASE_URL": database.owner_url})
        page.wait_for_selector(".tl-counts:has-text('4 seizures')", timeout=120_000)
        page.wait_for_selector("#nothing", state="hidden")
        becomes(page, lambda: page.inner_text(".tl-words"), "1 Mar 10:00 to 4 Mar 2018 10:01 UTC")
        assert page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]") == camera


def test_a_filter_that_leaves_nothing_says_what_there_would_be(page, world):
    look(page, world, "world=exercise&min_kg=9000000")
    n = world.ask("counts?" + page.evaluate("__vigia.filterQuery({ ...__vigia.choices.get(), min_kg: undefined })"))
    page.wait_for_selector(f"#nothing:has-text('No seizures for this filter. {n['seizures']['total']} seizures without it.')")
    page.click("#clear")
    page.wait_for_selector("#nothing", state="hidden")
    settled(page)
