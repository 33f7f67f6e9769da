"""In the field, in a real browser: the shell without a server, a worker of an old build, an area taken along and gone again, and lite."""

from __future__ import annotations

import re

import pytest

from data import people
from install.chromium import until
from tests.browser.conftest import SIGNED_IN, watched
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import becomes, choices, look, settled

WORKS = "navigator.serviceWorker.controller?.state === 'activated'"
CACHED = """(async () => { const out = []; for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) out.push(`${name} ${new URL(r.url).pathname}`); return out; })()"""
KEPT = """(async () => { const { all, names } = await import('/assets/js/field/kept.mjs'); const areas = await all(); return Promise.all(areas.map(async (a) => ({ ...a, names: await names(a.id) }))); })()"""
PARTS = """(async () => { const db = await new Promise((done) => { const r = indexedDB.open('vigia-areas'); r.onsuccess = () => done(r.result); });
  try { return db.objectStoreNames.contains('parts') ? await new Promise((done) => { const r = db.transaction('parts').objectStore('parts').count(); r.onsuccess = () => done(r.result); }) : 0; } finally { db.close(); } })()"""
DRAWN = "document.documentElement.dataset.map === 'idle' && __vigia.state.map?.queryRenderedFeatures({ layers: [%s] }).length"


@pytest.fixture
def page(browser):
    with watched(browser, worker=True) as page:
        yield page


def held(page) -> None:
    """The worker is there, and answers for this page."""
    until(page, WORKS)


def open_panel(page) -> None:
    if page.locator(".topbar [data-command=taking]").is_visible():
        page.click(".topbar [data-command=taking]")
    else:
        page.click("#rail-toggle")
        page.click("#rail [data-command=taking]")


def take(page, name: str) -> None:
    page.fill("#taking-name", name)
    page.click("text=See what it weighs")
    page.wait_for_selector(".taking-told .taking-line")
    page.click(".taking-form .filled")


def test_without_a_server_it_says_so_with_what_was_taken_along(page, world):
    with world.database.connect() as connection:
        token = people.open_session(connection, "tester")  # of its own: this test signs out
        connection.commit()
    page.context.add_cookies([{**SIGNED_IN, "value": token}])
    look(page, world)
    held(page)
    # Nothing but the shell is held: no answer of the server, no page with records, no way in.
    cached = page.evaluate(CACHED)
    assert any(c.endswith(" /no-link") for c in cached) and any(c.endswith("/maplibre-gl.mjs") for c in cached)
    assert [c for c in cached if not re.match(r"vigia-(shell|letters-\S+) /(assets/|no-link$)", c)] == []

    open_panel(page)
    take(page, "Río Bravo <b>")
    page.wait_for_selector(".taking-row")
    [area] = page.evaluate(KEPT)
    told, unit = re.search(r"\(([\d.]+) (kB|MB)\)", page.evaluate("document.querySelector('.taking-form .filled').textContent")).groups()
    assert area["bytes"] / {"kB": 1e3, "MB": 1e6}[unit] == pytest.approx(float(told), rel=0.06) and area["world"] == "exercise" and area["owner"] not in ("", "tester")
    assert serious(page) == []

    page.context.set_offline(True)
    page.goto(f"{world.address}/?world=exercise")
    until(page, DRAWN % "'mark', 'seizure-one', 'seizure-many'")
    assert page.inner_text("#no-link").startswith("No link to the server.")
    assert page.inner_text(".open[aria-current]") == "Río Bravo <b>" and "old" in page.inner_text("#badge") and "EXERCISE" in page.inner_text("#badge")
    assert page.evaluate("__vigia.state.map.queryRenderedFeatures({ layers: ['land', 'border'].filter((l) => __vigia.state.map.getLayer(l)) }).length") > 0, "it has ground"
    # As many as were counted when it was taken, by place or gathered.
    assert page.evaluate("__vigia.state.records.movement.tracks.length") == area["numbers"]["tracks"]
    assert serious(page) == []

    # Back: said, and nobody is taken away by it.
    page.context.set_offline(False)
    page.click("#again")
    settled(page)
    assert "/no-link" not in page.url and page.evaluate(KEPT)[0]["id"] == area["id"]

    # Whoever signs out leaves nothing.
    page.goto(f"{world.address}/account")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in**")
    becomes(page, lambda: page.evaluate(PARTS), 0)


def test_what_is_over_or_anothers_goes_and_nothing_half_is_kept(page, world):
    look(page, world)
    held(page)
    open_panel(page)
    take(page, "First")
    page.wait_for_selector(".taking-row")
    parts = page.evaluate(PARTS)
    # No room: a clear word, and what came is gone.
    origin = page.evaluate("location.origin")
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 200_000})
    page.click("text=See what it weighs")
    page.wait_for_selector(".taking-told .wrong")
    assert "has room for" in page.inner_text(".taking-told .wrong") and not page.locator(".taking-form .filled").is_visible()
    page.evaluate("document.querySelector('.taking-form .filled').hidden = false")  # a browser that does not say how much it has
    page.click(".taking-form .filled")
    becomes(page, lambda: "no more room" in page.inner_text(".taking-said"), True)
    assert page.evaluate(PARTS) == parts and len(page.evaluate(KEPT)) == 1
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", {"origin": origin})

    # Over: it goes before it is shown. Another person's: as soon as the map is theirs.
    page.evaluate("""(async () => { const kept = await import('/assets/js/field/kept.mjs'); const [a] = await kept.all();
      await kept.finish({ ...a, id: 'over', name: 'Over', expires_at: new Date(Date.now() - 1000).toISOString() }); await kept.put('half', [['records', new ArrayBuffer(8)]]); })()""")
    page.reload()
    settled(page)
    becomes(page, lambda: [a["name"] for a in page.evaluate(KEPT)], ["First"])
    becomes(page, lambda: page.evaluate(PARTS), parts)
    page.context.clear_cookies()
    page.context.add_cookies([{**SIGNED_IN, "value": world.database.person("otto", roles=("coordinator",)).token}])
    page.reload()
    settled(page)
    becomes(page, lambda: page.evaluate(PARTS), 0)


def test_a_worker_of_an_old_build_gives_way_and_its_caches_go(browser, world):
    """The old one holds a page and a module of its own; a page of the new build gets neither."""
    with watched(browser, worker=True) as page:
        script = page.request.get(f"{world.address}/sw.js").text()
        old = {"on": True}
        def answer(route):
            if not old["on"]:
                return route.continue_()
            told = re.sub(r'"version":"[^"]+"', '"version":"0.0.1-old"', script).replace('"vigia-shell"', '"vigia-shell-of-old"')
            route.fulfill(body=told, content_type="text/javascript", headers={"Service-Worker-Allowed": "/"})
        page.context.route("**/sw.js", answer)
        look(page, world)
        held(page)
        assert any(c.startswith("vigia-shell-of-old ") for c in page.evaluate(CACHED))
        # What the old one holds of a module is not what a page of this build is given.
        page.evaluate("(async () => { const c = await caches.open('vigia-shell-of-old'); for (const r of await c.keys()) if (r.url.includes('main.mjs')) await c.put(r, new Response('throw new Error(\"old\")', { headers: { 'Content-Type': 'text/javascript' } })); })()")
        page.reload()
        settled(page)
        old["on"] = False
        page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r.update()).then(() => true)")
        becomes(page, lambda: {c.split(" ")[0] for c in page.evaluate(CACHED)} , {"vigia-shell"})
        page.reload()
        settled(page)
        held(page)


def test_lite_asks_for_less_and_says_what_a_change_costs(browser, world):
    with watched(browser, worker=True) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script("Object.defineProperty(navigator, 'connection', { value: Object.assign(new EventTarget(), { effectiveType: '2g', saveData: false }) })")
        look(page, world)
        assert choices(page)["lite"] == "1" and "the link is slow (2g)" in page.inner_text("#status")
        assert page.get_attribute("#lite", "aria-checked") == "true"
        heavy = [url for url in asked if re.search(r"/api/(tiles/|hotspots|images)|relief|rivers", url)]
        assert heavy == [], heavy[:3]
        page.click("#drug label >> nth=1")
        becomes(page, lambda: bool(re.fullmatch(r"Last change: (\d[\d.]* (kB|MB)|\d+ B|nothing over the link)", page.inner_text("#cost"))), True)
        # Asked for, it comes; off again, all of it does, and it is not chosen once more.
        asked.clear()
        page.click("#lite")
        becomes(page, lambda: any("/api/hotspots" in url for url in asked) and any("/api/images" in url for url in asked), True)
        settled(page)
        assert choices(page)["lite"] == "0" and "layers" not in choices(page)
        page.reload()
        settled(page)
        assert choices(page)["lite"] == "0"


@pytest.mark.parametrize("size", SIZES)
def test_the_panel_is_read_by_all(browser, world, size):
    with watched(browser, worker=True) as page:
        page.set_viewport_size(SIZES[size])
        look(page, world)
        open_panel(page)
        page.click("text=See what it weighs")
        page.wait_for_selector(".taking-told .taking-line")
        assert serious(page) == []
        box = page.evaluate("(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.getElementById('taking'))")
        assert box <= 0, "nothing goes over its side"

