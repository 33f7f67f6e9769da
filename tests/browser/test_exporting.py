"""Taking things out, as a person meets it: the menu on a desk and a telephone, the map on paper, a large file that the queue makes, and Ctrl+P."""

from __future__ import annotations

import io

import pypdf

from install.chromium import until
from jobs import exporting
from tests.browser.conftest import watched
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import _home, look

WINDOW = "world=exercise"


def text_of(pdf: bytes) -> list[str]:
    return [" ".join(sheet.extract_text().split()) for sheet in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_the_map_comes_on_paper_as_it_is_on_the_screen(browser, world, tmp_path):
    with watched(browser) as page:
        page.set_viewport_size(SIZES["desk"])
        look(page, world, f"{WINDOW}&layers=seizures,movements,-hotspots,-imagery")
        page.click("#export-menu > summary")
        page.wait_for_selector("#export a")
        assert serious(page) == []
        page.screenshot(path=str(tmp_path / "desk.png"))
        page.select_option("#sheet", "a3 landscape")
        with page.expect_download(timeout=180_000) as download:
            page.click("#sheet-go")
        sheets = text_of(download.value.path().read_bytes())
        assert "Map of seizures and movements" in sheets[0] and "Page 1 of" in sheets[0] and "EXERCISE" in sheets[0] and "Cocaine" in sheets[0]
        n = world.ask(f"counts?{page.evaluate('__vigia.filterQuery(__vigia.choices.get())')}")["seizures"]["total"]
        assert f"of {n:,} seizures" in " ".join(sheets[1:]) or f"All {n:,} seizures." in " ".join(sheets[1:])


def test_a_telephone_has_the_menu_too_and_a_large_file_is_made_and_taken(browser, world, tmp_path):
    with watched(browser) as page:
        page.set_viewport_size(SIZES["telephone"])
        look(page, world)
        page.click("#rail-toggle")
        page.click("#rail [data-command=export]")
        page.wait_for_selector("#export a")
        assert not page.is_visible("#rail") and serious(page) == []
        page.screenshot(path=str(tmp_path / "telephone.png"))
        widths = page.evaluate("[document.documentElement.scrollWidth, ...[...document.querySelectorAll('#export-menu .menu-row, #sheet, #sheet-go')].map((e) => e.getBoundingClientRect().right)]")
        assert max(widths) <= 390 and min(page.evaluate("[...document.querySelectorAll('#export-menu .menu-row, #sheet, #sheet-go')].map((e) => e.getBoundingClientRect().height)")) >= 44
        # As if it were too large to be written at once (tests/routes/test_export_jobs.py has that).
        page.route("**/api/export/csv?*", lambda route: route.fulfill(status=413, json={"error": "large"}))
        with page.expect_download(timeout=120_000) as download:
            page.click("#export a[href^='/api/export/csv']")
            until(page, "document.querySelector('#status').textContent.includes('A large file is being made')")
            with _home(world.home):
                exporting.run(world.database.owner_url, world.database.app_url)
        assert "EXERCISE" in download.value.path().read_text("utf-8-sig")[:200] and download.value.suggested_filename.endswith(".csv")
        page.click("#export-menu [data-command=export]")
        until(page, "!document.querySelector('#export-menu').open")
        page.click("#rail-toggle")
        page.click("#rail [data-command=export]")
        page.wait_for_selector("#export-made a:has-text('CSV')")


def test_the_page_prints_the_map_and_nothing_round_it(browser, world, tmp_path):
    with watched(browser) as page:
        look(page, world)
        body = page.pdf(landscape=True, format="A4", print_background=True, path=str(tmp_path / "page.pdf"))
        [sheet, *more] = text_of(body)
        assert more == [] and sheet.count("All data invented") == 2 and sheet.count("TLP:") >= 2 and "Printed" in sheet and "UTC" in sheet and "Filter: world=exercise" in sheet
        assert "Seizures" in sheet and "Conveyance" not in sheet and "Export" not in sheet
        [image, *_] = sorted(pypdf.PdfReader(io.BytesIO(body)).pages[0].images, key=lambda i: -len(i.data))
        colours = image.image.convert("RGB").getcolors(1 << 24)
        assert len(colours) > 50, "the map is drawn, not an empty canvas"
        until(page, "document.querySelectorAll('.print-only').length === 0")
