"""The wall: clocks and figures that are true, views in turn, and a picture that says when it has stopped."""

from __future__ import annotations

import re
import signal
from datetime import datetime, timedelta

import pytest

from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.test_reading import serious
from tests.browser.world import becomes
from tests.browser.walls import calm

SCREEN = {"width": 1920, "height": 1080}
READY = "document.documentElement.dataset.wall === 'ready'"


@pytest.fixture(autouse=True)
def no_alarms(world):
    """Other files raise some: an alarm stops the turn."""
    calm(world)


def stand(page, world, query: str = "world=exercise") -> None:
    page.set_viewport_size(SCREEN)
    page.goto(f"{world.address}/wall/main?{query}")
    until(page, READY)


def window(world) -> str:
    """The seven days to the newest moment that the exercise knows."""
    [row] = [w for w in world.ask("worlds")["worlds"] if w["world"] == "exercise"]
    edge = datetime.fromisoformat(row["edge"])
    end = (edge + timedelta(seconds=60)).replace(second=0, microsecond=0) if edge.second or edge.microsecond else edge + timedelta(seconds=60)
    return f"world=exercise&from={end - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"


def test_it_tells_the_time_and_the_servers_numbers(browser, world):
    with watched(browser) as page:
        stand(page, world)
        assert page.locator("button, input, select, nav, .maplibregl-ctrl-group").count() == 0, "a wall has no controls"
        # What its clock says when it says it, by the machine it and the server are on.
        until(page, """() => { const [, h, m, s] = /^(\\d\\d):(\\d\\d):(\\d\\d) UTC$/.exec(document.getElementById('utc').innerText).map(Number);
          const apart = Math.abs(Date.now() / 1000 % 86_400 - 3600 * h - 60 * m - s); return Math.min(apart, 86_400 - apart) <= 3; }""")
        assert re.fullmatch(r"\d\d:\d\d Chicago", page.inner_text("#local"))
        counts = world.ask(f"counts?{window(world)}")
        assert counts["seizures"]["total"] > 0
        becomes(page, lambda: page.inner_text("#figure-seizures"), f"{counts['seizures']['total']:,}")
        assert int(re.sub(r"\D", "", page.inner_text("#figure-kg"))) == round(counts["seizures"]["kg"])
        assert "EXERCISE" in page.inner_text("#chips")
        page.wait_for_selector("#feeds svg")
        until(page, "__wall.view.map.queryRenderedFeatures({ layers: ['seizure-one', 'seizure-many', 'mark'].filter((l) => __wall.view.map.getLayer(l)) }).length > 0")
        texts = page.evaluate("""() => { const seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const out = [];
          for (let n = seen.nextNode(); n; n = seen.nextNode()) if (n.textContent.trim() && n.parentElement.checkVisibility() && !n.parentElement.closest("script, .maplibregl-map")) out.push(n.textContent);
          return out; }""")
        assert len(texts) <= 13, texts  # two more are the map's place names
        assert serious(page) == []


def test_three_views_turn_without_a_new_page(browser, world):
    with watched(browser) as page:
        stand(page, world, "world=exercise&turn_s=1")
        page.evaluate("window.__same = 1; window.__cameras = {}")
        current = "[...document.querySelectorAll('#dots li')].findIndex((d) => d.ariaCurrent === 'true' || d.getAttribute('aria-current') === 'true')"
        assert page.locator("#dots li").count() == 3
        for wanted in (0, 1, 2, 0):
            # One step: a view a second later is another.
            until(page, f"(() => {{ __cameras[{current}] = __wall.state.views[__wall.turn.at].bounds.join(); return {current} === {wanted}; }})()")
        assert page.evaluate("window.__same") == 1
        assert page.evaluate("new Set(Object.values(__cameras)).size") == 3
        # The camera goes there.
        until(page, """() => { const { state, turn } = __wall, [w, s, e, n] = state.views[turn.at].bounds, b = state.map.getBounds();
          return b.getWest() < w && b.getEast() > e && b.getSouth() < s && b.getNorth() > n; }""")


def test_it_says_stale_when_the_server_is_silent_and_takes_it_back(browser, world):
    with watched(browser) as page:
        stand(page, world, "world=exercise&turn_s=3600")
        page.wait_for_selector("#stale", state="hidden")
        world.server.process.send_signal(signal.SIGSTOP)
        try:
            # Twelve seconds pass at once: a wall trusts this clock alone, so nobody has to sit through them.
            page.evaluate("(() => { const real = performance.now.bind(performance); performance.now = () => real() + 12_000; })()")
            page.wait_for_selector("#stale:not([hidden])")
            words = page.inner_text("#stale")
            assert re.search(r"STALE\s*Nothing new since \d\d:\d\d:\d\d, \d+ s", words), words
            assert page.evaluate("document.body.classList.contains('is-stale')")
        finally:
            world.server.process.send_signal(signal.SIGCONT)
        page.wait_for_selector("#stale", state="hidden")
        assert not page.evaluate("document.body.classList.contains('is-stale')")
