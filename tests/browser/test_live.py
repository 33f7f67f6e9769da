"""The page while it is live: what is stored appears and moves by itself, ages grow, tabs share one stream, silence is said, and what was known can be looked back at."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import numpy as np
import pytest

from data.fixes import TrackTold
from data.live import LiveWriter
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.world import becomes
from tests.conftest import COOKIE, ROOT, Serving, serving
from tests.data.made import source
from tests.data.test_stream_gone import erase

CAMERA = "#map=9/26/-97"
SMALL = {"width": 900, "height": 640}
STREAMING = "window.__vigia?.view?.moving.streaming() === true"
PLACES = "__vigia.view.map.getSource('marks').serialize().data.features.map((f) => [f.properties.name, f.properties.state, f.geometry.coordinates[0]])"


@dataclass
class Coast:
    """A server, and vessels that are heard of when a test says so."""

    server: Serving
    writer: LiveWriter
    ids: dict[str, int]

    def heard(self, name: str, lon: float, *, ago_s: float = 0, **measures: float) -> None:
        connection = self.writer.connection
        if name not in self.ids:
            (self.ids[name],) = self.writer.tracks([TrackTold(f"mmsi:{name}", "vessel", name)])
        told = {"track_id": [self.ids[name]], "observed_us": [int((time.time() - ago_s) * 1e6)], "lon": [lon], "lat": [26.0], **{m: [v] for m, v in measures.items()}}
        self.writer.store({column: np.array(values) for column, values in told.items()})
        connection.commit()


@pytest.fixture(scope="module")
def coast(module_database, tmp_path_factory) -> Iterator[Coast]:
    home = tmp_path_factory.mktemp("home")
    (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
    with module_database.connect() as connection, serving(module_database, home / "server.log", VIGIA_HOME=str(home)) as server:
        made = Coast(server, LiveWriter(connection, 0, source(connection, 0)), {})
        connection.execute("UPDATE track SET sla_s = 600")
        made.heard("Alma", -97.0, ago_s=60)
        yield made


@contextmanager
def looking(browser, coast, query: str = "world=live"):
    with watched(browser) as page:
        page.set_viewport_size(SMALL)
        page.goto(f"{coast.server.address}/?{query}{CAMERA}")
        yield page


def places(page) -> dict[str, tuple[str, float]]:
    return {name: (state, lon) for name, state, lon in page.evaluate(PLACES)}


def test_what_is_stored_appears_and_moves_without_a_new_page(browser, coast):
    with looking(browser, coast) as page:
        until(page, STREAMING)
        page.evaluate("window.__same = 1")
        camera = page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]")
        coast.heard("Bruma", -97.05)
        until(page, f"{PLACES}.some(([name]) => name === 'Bruma')")
        coast.heard("Bruma", -97.0)
        # It goes there, and is never beyond.
        seen = page.evaluate(f"""(async () => {{ const seen = []; for (let i = 0; i < 2400; i++) {{
          const [, , lon] = {PLACES}.find(([name]) => name === 'Bruma'); seen.push(lon); if (lon === -97) break; await new Promise((done) => setTimeout(done, 50)); }} return seen; }})()""")
        assert seen[-1] == -97 and all(-97.05 <= lon <= -97 for lon in seen) and seen == sorted(seen), seen
        assert page.evaluate("window.__same") == 1
        assert page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]") == camera, "data never moves the camera"
        assert page.evaluate("__vigia.live.fleet.track(%d).t.length" % coast.ids["Bruma"]) == 2, "and a trail stays behind it"


def test_ages_grow_though_nothing_comes(browser, coast):
    with looking(browser, coast) as page:
        until(page, STREAMING)
        coast.heard("Cala", -97.1)
        coast.writer.connection.execute("UPDATE track SET sla_s = 12 WHERE id = %s", (coast.ids["Cala"],))
        # Time itself passes: a page whose own clock was put forward would be put right by the server's next beat.
        page.evaluate(f"""() => {{ window.__ages = []; setInterval(() => {{
          const [, age] = {PLACES}.find(([name]) => name === 'Cala') ?? [];
          if (age && age !== __ages.at(-1)) __ages.push(age); }}, 50); }}""")
        coast.heard("Cala", -97.1)
        until(page, "__ages.join().endsWith('live,late,stale')")


def test_tabs_share_one_stream_and_a_later_one_takes_it_over(browser, coast):
    with looking(browser, coast) as page:
        opened = []
        page.context.on("request", lambda request: opened.append((request.frame.page, request.url)) if "/api/stream" in request.url else None)
        until(page, STREAMING)
        other = page.context.new_page()
        other.goto(f"{coast.server.address}/?world=live{CAMERA}")
        until(other, STREAMING)
        leads = "__vigia.live.stream.state.leads"
        assert (page.evaluate(leads), other.evaluate(leads)) == (True, False)
        assert {asker for asker, _ in opened} == {page}, "the second asked for none"
        coast.heard("Duna", -97.2)
        for tab in (page, other):
            until(tab, f"{PLACES}.some(([name]) => name === 'Duna')")
        page.close()
        until(other, leads)
        coast.heard("Duna", -97.21)
        until(other, f"{PLACES}.some(([name, , lon]) => name === 'Duna' && lon === -97.21)")
        assert "after=" in next(url for asker, url in opened if asker is other), "and goes on where it was"


def test_a_chosen_track_that_is_erased_goes_from_the_map_and_its_details_say_so(browser, coast):
    coast.heard("Estela", -97.03)
    coast.heard("Faro", -97.06)
    with looking(browser, coast, f"world=live&sel=track:{coast.ids['Estela']}&follow=1") as page:
        until(page, STREAMING)
        until(page, f"{PLACES}.some(([name]) => name === 'Estela')")
        page.wait_for_selector("#details:has-text('Estela')")
        until(page, f"{PLACES}.some(([name]) => name === 'Faro')")
        size = page.evaluate("__vigia.live.fleet.size")
        erase(coast.writer.connection, coast.ids.pop("Estela"))
        until(page, f"!{PLACES}.some(([name]) => name === 'Estela')")
        page.wait_for_selector("#details:has-text('it was erased, or you may not see it')")
        assert "Estela" not in page.inner_text("#details")
        assert page.evaluate("__vigia.live.fleet.size") == size - 1 and page.evaluate("__vigia.choices.get().follow") is None
        coast.heard("Faro", -97.07)
        until(page, f"{PLACES}.some(([name, , lon]) => name === 'Faro' && lon === -97.07)")


def test_a_page_that_no_place_is_left_for_says_so_and_comes_to_life_when_one_is(browser, coast):
    opened: list[str] = []
    with ExitStack() as taken, watched(browser) as page:
        for _ in range(12):
            one = None
            while one is None or one.status_code != 200:  # those of the tests before may still be leaving
                one = taken.enter_context(httpx.stream("GET", f"{coast.server.address}/api/stream?world=live", headers={"Cookie": COOKIE}, timeout=600))
        page.on("request", lambda request: opened.append(request.url) if "/api/stream" in request.url else None)
        page.set_viewport_size(SMALL)
        page.goto(f"{coast.server.address}/?world=live{CAMERA}")
        until(page, "document.getElementById('silence')?.innerText.includes('12 streams open')")
        assert "it is tried again by itself" in page.inner_text("#silence")
        taken.close()
        until(page, STREAMING)
        page.wait_for_selector("#silence", state="hidden")
        assert len(opened) <= 8, opened


def test_silence_is_said_within_fifteen_seconds_and_taken_back(browser, coast):
    with looking(browser, coast) as page:
        until(page, STREAMING)
        page.wait_for_selector("#silence", state="hidden")
        # When it is said, by the page's own count, and for how long at most the page itself stood still on a busy machine.
        page.evaluate("""() => { let last = performance.now(), stood = 0; window.__said = undefined; setInterval(() => {
          const now = performance.now(), box = document.querySelector('#silence:not([hidden])');
          [stood, last] = [Math.max(stood, now - last), now];
          window.__said ??= box && { words: box.innerText, silentS: now / 1000 - __vigia.live.stream.state.heardS, stoodS: stood / 1000 }; }, 100); }""")
        coast.server.process.send_signal(signal.SIGSTOP)
        try:
            until(page, "__said")
            said = page.evaluate("__said")
            assert re.search(r"STALE\s*Nothing heard since \d\d:\d\d:\d\d UTC, \d+ s", said["words"])
            assert 15 <= said["silentS"] < 17 + said["stoodS"]
            until(page, f"{PLACES}.every(([, state]) => state === 'stale')")
        finally:
            coast.server.process.send_signal(signal.SIGCONT)
        page.wait_for_selector("#silence", state="hidden")


def test_known_at_is_what_was_known_and_the_stream_is_off(browser, coast, module_database):
    coast.heard("Espora", -97.3, ago_s=900)
    with module_database.connect() as connection:
        connection.execute("UPDATE fix SET recorded_at = now() - interval '1 hour' WHERE track_id = %s", (coast.ids["Alma"],))
        connection.execute("UPDATE track SET recorded_at = now() - interval '1 hour' WHERE id = %s", (coast.ids["Alma"],))
        connection.commit()
    with looking(browser, coast) as page:
        until(page, STREAMING)
        becomes(page, lambda: {"Alma", "Espora"} <= set(places(page)), True)
        page.click(".tl-known")
        page.fill(".known-box input", time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 1800)))
        page.click(".known-box .filled")
        until(page, f"{PLACES}.length === 1 && {PLACES}[0][0] === 'Alma'")
        assert "known_at=" in page.url and page.evaluate("__vigia.live.stream === undefined")
        assert page.inner_text(".known").startswith("Known at ")
        page.click(".known .link")
        until(page, STREAMING)
        becomes(page, lambda: {"Alma", "Espora"} <= set(places(page)), True)
        assert "known_at" not in page.url


def test_the_map_follows_a_track_until_it_is_dragged(browser, coast):
    coast.heard("Faro", -97.0)
    with looking(browser, coast, f"world=live&sel=track:{coast.ids['Faro']}&follow=1") as page:
        until(page, STREAMING)
        coast.heard("Faro", -97.4)
        until(page, "Math.abs(__vigia.view.map.getCenter().lng + 97.4) < 0.01")
        box = page.locator(".maplibregl-canvas").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 60, y - 60)
        page.mouse.down()
        page.mouse.move(x + 60, y + 40, steps=6)
        page.mouse.up()
        until(page, "__vigia.choices.get().follow === undefined")
        assert "follow" not in page.url
