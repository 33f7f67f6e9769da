"""Saved views in a real browser: saved, changed, brought back; opened by others with their own rights; links that end; undo, redo and keys; and axe."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from data import people
from install.chromium import until
from tests.browser.conftest import SIGNED_IN, watched
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import World, choices, look, settled
from tests.conftest import ROOT, copied, serving
from tests.data.made import seizures, touch, tracks, walk

QUERY = "world=live&from=2026-11-19T00:00:00Z&to=2026-12-01T00:00:00Z"
CAMERA = "#map=8.6/26.15/-97.9"
NAME = "شرق النهر <img src=x onerror=window.__pwned=1>"
BAR = "#view-bar"
SHOWN = f"document.querySelector('{BAR}').innerText.includes('changed since saved')"
WHERE = "[__vigia.view.map.getZoom(), __vigia.view.map.getCenter().lat, __vigia.view.map.getCenter().lng].map((v) => Number(v.toFixed(2)))"


@pytest.fixture(scope="module")
def house(cluster, template, tmp_path_factory):
    """Live records of two agencies, and somebody of each."""
    folder, rng = tmp_path_factory.mktemp("house"), np.random.default_rng(4)
    with copied(cluster, template) as database:
        with database.connect() as connection:
            for name in ("Alfa", "Bravo"):
                number = people.add_agency(connection, name, None)
                tracks(connection, [walk(rng, 60)], world=0, kinds=("vessel",), agency=number, prefix=name)
                seizures(connection, rng, 12, world=0, agency=number)
            touch(connection, "tracks", 0)
            touch(connection, "seizures", 0)
            connection.commit()
        home = folder / "home"
        home.mkdir()
        (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
        with serving(database, folder / "server.log", VIGIA_HOME=str(home)) as server:
            made = World(server, database, home)
            made.tokens = {name: database.person(name, roles=("viewer",), agencies=[agency]).token for name, agency in (("ana", "Alfa"), ("otto", "Alfa"), ("bea", "Bravo"))}
            yield made


@contextmanager
def page_of(browser, house, who: str, size: str | None = None):
    with watched(browser) as page:
        page.context.clear_cookies()
        page.context.add_cookies([{**SIGNED_IN, "value": house.tokens[who]}])
        if size:
            page.set_viewport_size(SIZES[size])
        yield page


def command(page, name: str) -> None:
    """Press a button of the top bar, or of the rail where that has no room."""
    if page.locator(f".topbar [data-command={name}]").is_visible():
        page.click(f".topbar [data-command={name}]")
    else:
        page.click("#rail-toggle")
        page.click(f".rail [data-command={name}]")


def save_as(page, name: str, **fields: str) -> str:
    """Save what is shown as a new view; its number."""
    if not page.locator("#views").is_visible():
        command(page, "views")
    page.click("#views >> text=Save as new…")
    page.get_by_label("Name", exact=True).fill(name)
    for field, value in fields.items():
        page.select_option(f"#view-{field}", value)
    page.click("dialog.purpose >> text='Save'")
    page.wait_for_selector("dialog.purpose", state="detached")
    until(page, "!!__vigia.views.held.view && __vigia.choices.get().view === String(__vigia.views.held.view.id)")
    return choices(page)["view"]


def share(page, what: str, lasts: str) -> str:
    """Make a short link to what is shown or to the saved view; its address."""
    page.click("#views .views-acts >> text=Share…")
    if page.locator("#share-what").count():
        page.select_option("#share-what", what)
    page.select_option("#share-lasts", lasts)
    page.click("dialog.purpose >> text=Make the link")
    page.wait_for_selector(".share-made:not([hidden]) .share-qr")
    return page.input_value("dialog.purpose .share-url")


def test_a_view_is_saved_changed_and_brought_back(browser, house):
    with page_of(browser, house, "ana") as page:
        look(page, house, f"{QUERY}&drug=cocaine,heroin", CAMERA)
        view = save_as(page, NAME)
        assert f"view={view}" in page.url and page.inner_text(BAR).startswith(NAME) and not page.evaluate(SHOWN)
        # A name is text with a direction of its own, in the bar and in the list.
        assert page.evaluate("window.__pwned") is None and page.locator("#views img").count() == 0
        for where in (f"{BAR} bdi", "#views .view-open > bdi"):
            assert (page.get_attribute(where, "dir"), page.inner_text(where)) == ("auto", NAME)
        assert "seen by Alfa, TLP:AMBER" in page.inner_text("#views")
        # The data comes again, the clock stands elsewhere and back: nobody changed anything.
        page.evaluate("__vigia.choices.set({ from: '2026-11-19T01:00:00Z' }, { push: false })")
        assert not page.evaluate(SHOWN)
        page.evaluate("__vigia.choices.set({ from: '2026-11-19T00:00:00Z' }, { push: false })")
        page.click("#drug label:has-text('Meth')")
        until(page, SHOWN)
        page.click(f"{BAR} >> text='Save'")
        until(page, f"!({SHOWN}) && __vigia.views.held.view.version === 2")
        page.wait_for_selector("#views .view-row.chosen:has-text('version 2')")
        # The filter, the layers and the camera, and back.
        page.click(".layer-row:has-text('Hotspots') .eye")
        page.evaluate("__vigia.view.map.jumpTo({ center: [-98.4, 26.4], zoom: 10 })")
        until(page, f"{SHOWN} && document.querySelector('{BAR}').dataset.changed === 'layers,camera'")
        page.click(f"{BAR} >> text=Back to saved")
        until(page, f"!({SHOWN}) && __vigia.choices.get().layers === undefined")
        assert page.evaluate(WHERE) == [8.6, 26.15, -97.9] and sorted(choices(page)["drug"]) == ["ats", "cocaine", "heroin"]
        # Loaded again it is the same, and held against the same.
        page.reload()
        settled(page)
        until(page, "!!__vigia.views.held.view")
        assert not page.evaluate(SHOWN) and page.inner_text(BAR).startswith(NAME) and choices(page)["view"] == view
        page.click(f"{BAR} .close")
        until(page, f"document.querySelector('{BAR}').hidden")
        assert "view=" not in page.url and sorted(choices(page)["drug"]) == ["ats", "cocaine", "heroin"]


def test_renamed_deleted_and_what_its_address_says_then(browser, house):
    with page_of(browser, house, "ana") as page:
        look(page, house, QUERY, CAMERA)
        view = save_as(page, "To go", seen="private")
        row = "#views .view-row.chosen"
        assert "only you" in page.inner_text(row)
        page.click(f"{row} >> text=Rename…")
        page.get_by_label("Name", exact=True).fill("x" * 200)
        page.select_option("#view-seen", "Alfa")
        page.click("dialog.purpose >> text='Save'")
        page.wait_for_selector(f"{row}:has-text('{'x' * 200}')")
        assert page.evaluate("document.querySelector('#views').scrollWidth <= document.querySelector('#views').clientWidth")
        with page_of(browser, house, "otto") as other:
            look(other, house, f"{QUERY}&view={view}", CAMERA)
            until(other, "!!__vigia.views.held.view")
            command(other, "views")
            other.wait_for_selector(f"{row}:has-text('version 2')")
            assert other.locator(f"{row} >> text=Delete…").count() == 0, "who does not lead changes nobody's but their own"
            page.click(f"{row} >> text=Delete…")
            page.click("dialog.purpose >> text='Delete'")
            until(page, "__vigia.choices.get().view === undefined")
            other.goto(f"{house.address}/?{QUERY}&view={view}&heat=1{CAMERA}")
            settled(other)
            other.wait_for_selector("#status:has-text('was deleted')")
            assert "view" not in choices(other) and choices(other)["heat"] == "1", "what can be shown is"


def test_another_agency_opens_a_link_and_sees_less(browser, house):
    with page_of(browser, house, "ana") as page, page_of(browser, house, "bea", "telephone") as other:
        look(page, house, f"{QUERY}&agency=Alfa&layers=seizures,movements", CAMERA)
        command(page, "views")
        address = share(page, "state", "1h")
        assert address.startswith(f"{house.address}/v/") and page.evaluate("document.querySelector('.share-qr').decode().then(() => document.querySelector('.share-qr').naturalWidth)") > 50
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
        page.click("dialog.purpose >> text='Copy'")
        page.wait_for_selector("dialog.purpose .share-said:not(:empty)")
        page.click("dialog.purpose >> text='Close'")
        other.goto(address)
        settled(other)
        other.wait_for_selector(f"{BAR}:has-text('Opened without agency')")
        assert "agency" not in choices(other) and other.evaluate(WHERE) == [8.6, 26.15, -97.9]
        until(other, "__vigia.view.held.points?.id.length > 0")
        with house.database.connect() as connection:
            theirs = {row[0] for row in connection.execute("SELECT s.id FROM seizure s JOIN agency a ON a.id = s.agency_id WHERE a.name = 'Bravo'")}
        assert set(other.evaluate("__vigia.view.held.points.id")) <= theirs
        other.click(f"{BAR} .close")
        until(other, f"document.querySelector('{BAR}').hidden")
        # A link to a view that is not shared with one leads nowhere, and says so on a page.
        save_as(page, "Alfa's own")
        address = share(page, "view", "7d")
        other.goto(address)
        other.wait_for_selector("main:has-text('that you may see')")
        assert serious(other) == []
        page.click("dialog.purpose >> text='Close'")
        until(page, "document.querySelectorAll('#views .link-row').length === 2")
        # One that expired, and one that was revoked.
        with house.database.connect() as connection:
            connection.execute("UPDATE access.short_link SET expires_at = now() WHERE view_id IS NULL")
            connection.commit()
            [expired] = connection.execute("SELECT code FROM access.short_link WHERE view_id IS NULL").fetchone()
        assert other.goto(f"{house.address}/v/{expired}").status == 410 and "has expired" in other.inner_text("main") and serious(other) == []
        page.locator("#views .link-row").first.get_by_text("Revoke").click()
        until(page, "document.querySelectorAll('#views .link-row').length === 0")
        assert other.goto(address).status == 410 and "was revoked" in other.inner_text("main")


def test_undo_and_redo_with_the_camera(browser, house):
    with page_of(browser, house, "ana") as page:
        look(page, house, QUERY, CAMERA)
        undo, redo = page.locator("[data-command=undo]"), page.locator("[data-command=redo]")
        assert undo.is_disabled() and redo.is_disabled()
        page.click("#drug label:has-text('Meth')")
        until(page, "__vigia.choices.get().drug?.length === 5")
        page.evaluate("__vigia.view.map.jumpTo({ center: [-98.4, 26.4], zoom: 10 })")
        page.click(".layer-row:has-text('Hotspots') .eye")
        until(page, "__vigia.choices.get().layers !== undefined")
        page.evaluate("__vigia.view.map.jumpTo({ center: [-99, 27], zoom: 7 })")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Control+z")
        until(page, "__vigia.choices.get().layers === undefined")
        assert page.evaluate(WHERE) == [10, 26.4, -98.4]
        undo.click()
        until(page, "__vigia.choices.get().drug === undefined && document.querySelectorAll('#drug input:checked').length === 6")
        assert page.evaluate(WHERE) == [8.6, 26.15, -97.9] and undo.is_disabled()
        # Data that comes is no step and moves nothing.
        page.evaluate("__vigia.choices.set({ from: '2026-11-19T01:00:00Z' }, { push: false })")
        assert undo.is_disabled() and page.evaluate(WHERE) == [8.6, 26.15, -97.9]
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Control+Shift+Z")
        until(page, "__vigia.choices.get().drug?.length === 5")
        redo.click()
        until(page, "__vigia.choices.get().layers !== undefined")
        assert page.evaluate(WHERE) == [7, 27, -99] and redo.is_disabled() and choices(page)["from"] == "2026-11-19T01:00:00Z"
        # Typing keeps the keys to itself.
        page.focus("#search")
        page.keyboard.press("Control+z")
        page.keyboard.type("?")
        assert choices(page)["drug"] and page.locator("dialog.purpose").count() == 0


def test_the_sheet_lists_every_key_and_switches_them_off(browser, house):
    with page_of(browser, house, "ana") as page:
        look(page, house, QUERY, CAMERA)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        page.wait_for_selector("dialog.keys-sheet[open]")
        table = page.evaluate("import('/assets/js/shortcuts.mjs').then((m) => m.SHORTCUTS.map((s) => s.words))")
        assert page.locator("dialog.purpose .keys tr td:last-child").all_inner_texts() == table and len(table) > 10
        assert serious(page) == []
        page.uncheck("#keys-on")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog.purpose", state="detached")
        page.reload()
        settled(page)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "search"
        page.click("#drug label:has-text('Meth')")
        until(page, "__vigia.choices.get().drug?.length === 5")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Control+z")
        until(page, "__vigia.choices.get().drug === undefined")
        page.click(".topbar [data-command=keys]")
        page.check("#keys-on")
        page.click("dialog.purpose >> text='Close'")
        page.keyboard.press("/")
        until(page, "document.activeElement.id === 'search'")


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(browser, house, size):
    with page_of(browser, house, "otto", size) as page:
        look(page, house, QUERY, CAMERA)
        save_as(page, f"On a {size}")
        page.evaluate("__vigia.choices.set({ heat: '1' })")
        until(page, SHOWN)
        page.wait_for_selector("#views .view-row.chosen")
        assert serious(page) == []
        page.click("#views >> text=Save as new…")
        page.wait_for_selector("dialog.purpose[open]")
        assert serious(page) == []
        page.click("dialog.purpose >> text='Back'")
        share(page, "view", "1d")
        assert serious(page) == []
        page.click("dialog.purpose >> text='Close'")
        page.wait_for_selector("#views .link-row")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click("#views .view-row.chosen >> text=Delete…")
        page.wait_for_selector("dialog.purpose[open]")
        assert serious(page) == []
        page.click("dialog.purpose >> text='Back'")
