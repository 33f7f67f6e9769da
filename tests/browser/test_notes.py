"""Notes in a real browser: written without a link, over a restart and another person, stored once; on the map, in the details, on a telephone; and axe."""

from __future__ import annotations

import io
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from data import people
from install.chromium import until
from tests.browser.conftest import SIGNED_IN, watched
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import World, becomes, choices, drawn, look, settled
from tests.conftest import ROOT, copied, serving
from tests.data.made import touch, tracks, walk

QUERY = "world=live&from=2026-11-01T00:00:00Z&to=2026-12-30T00:00:00Z"
CAMERA = "#map=8.6/26.15/-97.9"
WORDS = "قارب واحد، رجلان <img src=x onerror=window.__pwned=1>"
BUTTON = "#notes-waiting"
DIALOG = "dialog.note-dialog"


@pytest.fixture(scope="module")
def house(cluster, template, tmp_path_factory):
    """Live tracks of two agencies, and somebody of each who makes notes."""
    folder, rng = tmp_path_factory.mktemp("house"), np.random.default_rng(4)
    with copied(cluster, template) as database:
        with database.connect() as connection:
            for name in ("Alfa", "Bravo"):
                number = people.add_agency(connection, name, None)
                tracks(connection, [walk(rng, 60)], world=0, kinds=("vessel",), agency=number, prefix=name)
            touch(connection, "tracks", 0)
            connection.commit()
        home = folder / "home"
        home.mkdir()
        (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
        with serving(database, folder / "server.log", VIGIA_HOME=str(home)) as server:
            made = World(server, database, home)
            made.tokens = {name: database.person(name, roles=("coordinator",), agencies=[agency]).token for name, agency in (("ana", "Alfa"), ("otto", "Alfa"), ("bea", "Bravo"))}
            yield made


@contextmanager
def page_of(browser, house, who: str, size: str | None = None):
    with watched(browser) as page:
        comes(page, house, who)
        if size:
            page.set_viewport_size(SIZES[size])
        yield page


def comes(page, house, who: str) -> None:
    """Somebody signs in on this browser."""
    page.context.clear_cookies()
    page.context.add_cookies([{**SIGNED_IN, "value": house.tokens[who]}])


def photo() -> dict:
    made = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(made, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def write(page, words: str, place: str = "26.1 -97.9", kind: str = "Sighting", picture: bool = False) -> None:
    page.click(".controls [data-do=note]")
    page.wait_for_selector(DIALOG)
    page.click(f"{DIALOG} label:has-text('{kind}')")
    page.fill("#note-place", place)
    page.select_option("#note-zone", "UTC")
    page.fill("#note-when", "2026-11-24T14:32")
    page.fill("#note-text", words)
    if picture:
        page.set_input_files("#note-photo", photo())
        page.wait_for_selector(f"{DIALOG} .note-preview:not([hidden])")
    page.click(f"{DIALOG} .filled")
    page.wait_for_selector(DIALOG, state="detached")


def stored(house) -> list[tuple]:
    with house.database.connect() as connection:
        return connection.execute("SELECT n.text, count(*), a.name, bool_or(n.photo_sha256 IS NOT NULL) FROM note n JOIN agency a ON a.id = n.agency_id GROUP BY 1, 3 ORDER BY 1").fetchall()


def waiting(page) -> str:
    return page.get_attribute(BUTTON, "aria-label") if page.locator(BUTTON).is_visible() else "none"


def test_two_made_without_a_link_outlive_the_page_another_person_and_a_lost_answer_and_are_stored_once(browser, house):
    with page_of(browser, house, "ana") as page:
        look(page, house, QUERY, CAMERA)
        page.context.set_offline(True)
        write(page, WORDS, picture=True)
        write(page, "second", "26°18'N 98°12'W", kind="Annotation")
        becomes(page, lambda: waiting(page), "Notes: 2 waiting")
        assert stored(house) == []
        page.click(BUTTON)
        page.wait_for_selector(".notes-list li:nth-child(2)")
        assert "No link" in page.inner_text(DIALOG) and WORDS in page.inner_text(DIALOG) and page.evaluate("window.__pwned") is None
        assert serious(page) == []
        page.click(f"{DIALOG} button:text-is('Close')")

        # Somebody else on this browser, with a link: they are not sent as theirs, and only their number is told.
        page.context.route("**/api/notes?world=*", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
        page.context.set_offline(False)
        comes(page, house, "bea")
        page.reload()
        settled(page)
        becomes(page, lambda: waiting(page), "Notes: 2 of others")
        page.click(BUTTON)
        becomes(page, lambda: "2 of others wait here too" in page.inner_text(DIALOG), True)
        assert WORDS not in page.content() and page.locator(".notes-list li").count() == 0
        page.click(f"{DIALOG} button:text-is('Close')")
        # Nor is what lies in the store words.
        lies = page.evaluate("""() => new Promise((resolve) => { const r = indexedDB.open('vigia-notes'); r.onsuccess = () => {
          const all = r.result.transaction('notes').objectStore('notes').getAll(); all.onsuccess = () => resolve(all.result.map((row) => [row.content.sealed, new TextDecoder().decode(row.content.data).includes('second')])); }; })""")
        assert lies == [[True, False], [True, False]]

        # Another tab, the same person again; the server stores both, and its answers are lost.
        context = page.context
        page.close()
        page = context.new_page()
        comes(page, house, "ana")
        lost = []

        def lose(route):
            if route.request.method != "POST":
                return route.continue_()
            lost.append(route.fetch().status)
            route.abort()

        page.context.unroute("**/api/notes?world=*")
        page.context.route("**/api/notes?world=*", lose)
        look(page, house, QUERY, CAMERA)
        becomes(page, lambda: lost.count(201), 2)
        assert waiting(page) == "Notes: 2 waiting" and len(stored(house)) == 2, "stored, and the page can't know"
        page.context.unroute("**/api/notes?world=*")
        page.evaluate("dispatchEvent(new Event('online'))")
        becomes(page, lambda: waiting(page), "none")
        assert stored(house) == [("second", 1, "Alfa", False), (WORDS, 1, "Alfa", True)]
        becomes(page, lambda: page.inner_text("#note-line"), "2 shown")


def test_on_the_map_in_the_details_by_the_clock_and_withdrawn(browser, house):
    with page_of(browser, house, "otto") as page:
        look(page, house, QUERY, CAMERA)
        before = page.evaluate("__vigia.notes.held.total")
        # A place by tapping: the middle of the map, by its button.
        page.click(".controls [data-do=note]")
        page.click(f"{DIALOG} >> text=Tap the map")
        page.wait_for_selector(".note-pick")
        assert page.locator(f"{DIALOG}[open]").count() == 0 and serious(page) == []
        box = page.locator("#map canvas").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2)
        page.wait_for_selector(f"{DIALOG}[open]")
        assert page.input_value("#note-place") and "sel" not in choices(page)
        page.click(f"{DIALOG} .filled")
        assert "Write something" in page.inner_text(f"{DIALOG} .wrong")
        page.fill("#note-precision", "4000")
        page.select_option("#note-zone", "UTC")
        page.fill("#note-when", "2026-11-24T15:00")
        page.fill("#note-text", "from the map")
        page.set_input_files("#note-photo", photo())
        page.wait_for_selector(f"{DIALOG} .note-preview img")
        assert serious(page) == []
        page.click(f"{DIALOG} .filled")
        until(page, "(n) => __vigia.notes.held.total === n", arg=before + 1)
        assert waiting(page) == "none"
        [mine] = [f for f in page.evaluate("__vigia.notes.held.rows") if f["properties"]["text"] == "from the map"]
        assert mine["id"] in [row["id"] for row in drawn(page, "note-mark")]
        page.evaluate("(id) => __vigia.choices.set({ sel: `note:${id}` })", mine["id"])
        page.wait_for_selector("#details .note-photo")
        until(page, "document.querySelector('#details .note-photo').naturalWidth === 320")
        assert "from the map" in page.inner_text("#details") and "within 4.0 km" in page.inner_text("#details") and serious(page) == []
        assert {"ring"} <= {row["part"] for row in drawn(page, "note-ring")} and drawn(page, "note-precision")
        # By the clock: not there before it was.
        page.evaluate("__vigia.choices.set({ at: '2026-11-24T14:59:00Z' })")
        becomes(page, lambda: mine["id"] in [f["id"] for f in page.evaluate("__vigia.notes.held.rows")], False)
        page.evaluate("__vigia.choices.set({ at: undefined })")
        becomes(page, lambda: mine["id"] in [f["id"] for f in page.evaluate("__vigia.notes.held.rows")], True)
        # The layer goes and comes by its eye.
        page.click(".layer-row:has-text('Notes') .eye")
        becomes(page, lambda: page.evaluate("__vigia.view.map.getLayoutProperty('note-mark', 'visibility')"), "none")
        page.click(".layer-row:has-text('Notes') .eye")
        page.click("#details >> text=Withdraw…")
        page.click("dialog.purpose >> text='Withdraw'")
        page.wait_for_selector("#details .withdrawn")
        becomes(page, lambda: page.evaluate("__vigia.notes.held.total"), before)
        assert "by otto" in page.inner_text("#details .withdrawn")


def test_a_refused_one_is_kept_with_why_and_sent_when_changed_by_one_hand(browser, house):
    with page_of(browser, house, "otto", "telephone") as page:
        look(page, house, QUERY, CAMERA)
        refuse = lambda route: route.fulfill(status=422, json={"error": "the text is refused"}) if route.request.method == "POST" else route.continue_()  # noqa: E731
        page.context.route("**/api/notes?world=*", refuse)
        page.click("#rail-toggle")
        page.click(".layer-row:has-text('Notes') >> text=New")
        page.wait_for_selector(DIALOG)
        small = page.evaluate("""(box) => [...document.querySelectorAll(`${box} :is(button, select, textarea, input:not([type=radio]), .note-kinds label)`)].filter((e) => e.offsetParent)
          .map((e) => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.height < 44 || r.width < 44 || r.left < 0 || r.right > innerWidth).map(([w]) => w)""", DIALOG)
        assert small == [] and serious(page) == []
        page.fill("#note-place", "26.1 -97.9")
        page.fill("#note-text", "to be changed")
        page.click(f"{DIALOG} .filled")
        becomes(page, lambda: waiting(page), "Notes: 1 refused")
        page.click(BUTTON)
        page.wait_for_selector(".notes-list .wrong")
        assert "Refused: the text is refused" in page.inner_text(DIALOG) and serious(page) == []
        page.context.unroute("**/api/notes?world=*")
        page.click(".notes-list >> text=Edit…")
        page.wait_for_selector("#note-text")
        assert page.input_value("#note-text") == "to be changed"
        page.fill("#note-text", "changed")
        page.click(f"{DIALOG} .filled")
        becomes(page, lambda: waiting(page), "none")
        assert [row[:2] for row in stored(house) if "changed" in row[0]] == [("changed", 1)]
        page.reload()
        settled(page)
        assert waiting(page) == "none"


def test_a_browser_without_room_says_so_and_loses_nothing(browser, house):
    with page_of(browser, house, "otto") as page:
        look(page, house, QUERY, CAMERA)
        until(page, "__vigia.notes.here() !== undefined")
        session = page.context.new_cdp_session(page)
        session.send("Storage.overrideQuotaForOrigin", {"origin": house.address, "quotaSize": 1})
        page.click(".controls [data-do=note]")
        page.fill("#note-place", "26.1 -97.9")
        page.fill("#note-text", "no room for this")
        page.set_input_files("#note-photo", photo())
        page.click(f"{DIALOG} .filled")
        page.wait_for_selector(f"{DIALOG} .wrong:not([hidden])")
        assert "no room" in page.inner_text(f"{DIALOG} .wrong") and page.input_value("#note-text") == "no room for this"
        session.send("Storage.overrideQuotaForOrigin", {"origin": house.address})
        page.click(f"{DIALOG} .filled")
        page.wait_for_selector(DIALOG, state="detached")
        becomes(page, lambda: [row[1] for row in stored(house) if row[0] == "no room for this"], [1])
