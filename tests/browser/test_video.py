"""A film beside the map in a real browser: the clock moves the film, the film moves the clock, and what it sees is drawn at that time."""

from __future__ import annotations

import pytest

from feeds.imports import ImportOptions, import_files
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import _home
from tests.conftest import ROOT, serving
from tests.feeds.films import BEGAN, LAT, LON, film
from tests.feeds.test_frames import frame

AT = "__vigia.clock.state.at"
PLAYER = "document.querySelector('#video-player video')"
START = BEGAN.timestamp()
LOOK = "Object.fromEntries(__vigia.view.map.getSource('film-look').serialize().data.features.map((f) => [f.properties.part, f.geometry.coordinates]))"


@pytest.fixture(scope="module")
def flight(module_database, tmp_path_factory):
    """A server with one film of twenty seconds and one frame without a pose."""
    home = tmp_path_factory.mktemp("home")
    (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
    made = [film(home / "flight.ts", 20), frame(home / "loose.jpg", pose=None, place=(LON, LAT + 0.01))]
    with _home(home):
        reports = import_files("imagery", made, ImportOptions(sortie="S7", captured_at="2026-11-20T10:00:05Z"), lambda *_: None, owner_url=module_database.owner_url)
    assert [r.error for r in reports] == [None, None]
    with serving(module_database, home / "server.log", VIGIA_HOME=str(home)) as server:
        yield server.address


@pytest.fixture
def opened(browser, flight):
    with watched(browser) as page:
        page.goto(f"{flight}/?world=live&from=2026-11-20T09:00:00Z&to=2026-11-20T11:00:00Z&at=2026-11-20T10:00:04Z&sel=video:1#map=12/{LAT}/{LON}")
        until(page, f"{PLAYER}?.readyState >= 2 && __vigia.videos.held.looks")
        yield page


def test_the_clock_moves_the_film(opened):
    until(opened, f"Math.abs({PLAYER}.currentTime - 4) < 0.05")
    opened.evaluate(f"__vigia.clock.seek({START} + 12.5)")
    until(opened, f"Math.abs({PLAYER}.currentTime - 12.5) < 0.05 && !{PLAYER}.seeking")
    until(opened, f"Math.abs(({LOOK}).sensor[1] - {LAT} - 12.5e-4) < 1e-6")
    look = opened.evaluate(LOOK)
    assert look["sensor"] == pytest.approx([LON, LAT + 12.5e-4], abs=1e-6) and look["centre"] == pytest.approx([LON + 0.01, LAT + 12.5e-4], abs=1e-6)
    assert len(look["seen"][0]) == 5 and look["line"][0] == look["sensor"]
    opened.evaluate(f"__vigia.clock.seek({START} - 600)")
    until(opened, f"Object.keys({LOOK}).length === 0")


def test_the_film_moves_the_clock(opened):
    opened.evaluate(f"{PLAYER}.currentTime = 7.25")
    until(opened, f"Math.abs({AT} - {START} - 7.25) < 0.05")
    until(opened, f"Math.abs(({LOOK}).sensor[1] - {LAT} - 7e-4) < 1e-6")
    opened.evaluate(f"{PLAYER}.play()")
    until(opened, f"__vigia.clock.state.playing && __vigia.clock.state.speed === 1 && {AT} > {START} + 8.5")
    until(opened, f"__vigia.clock.state.playing && Math.abs({PLAYER}.currentTime - ({AT} - {START})) < 1.5")
    opened.evaluate(f"{PLAYER}.pause()")
    until(opened, "!__vigia.clock.state.playing")
    until(opened, f"Math.abs({PLAYER}.currentTime - ({AT} - {START})) < 0.06")


def test_the_pages_own_play_runs_the_film_and_a_fast_clock_steps_it(opened):
    opened.evaluate(f"__vigia.clock.seek({START} + 1); __vigia.clock.speed(2); __vigia.clock.play()")
    until(opened, f"!{PLAYER}.paused && {PLAYER}.playbackRate === 2 && {PLAYER}.currentTime > 2")
    opened.evaluate("__vigia.clock.pause()")
    until(opened, f"{PLAYER}.paused")
    opened.evaluate(f"__vigia.clock.seek({START} + 2); __vigia.clock.speed(60); __vigia.clock.play()")
    until(opened, f"{AT} > {START} + 19 && {PLAYER}.paused && {PLAYER}.currentTime > 19")


def test_a_film_and_a_frame_without_a_pose_are_marks_that_open(browser, flight):
    with watched(browser) as page:
        page.goto(f"{flight}/?world=live&from=2026-11-20T09:00:00Z&to=2026-11-20T11:00:00Z#map=13/{LAT}/{LON}")
        until(page, "window.__vigia?.view?.held.images?.length === 1 && __vigia.videos.held.rows?.length === 1 && document.documentElement.dataset.map === 'idle'")
        for place, sel, words in (((LON, LAT + 0.01), "image:1", "as a point: it does not say how its camera was held"), ((LON, LAT), "video:1", "KLV packets")):
            until(page, f"__vigia.view.map.queryRenderedFeatures({{ layers: ['{'frame-point' if sel.startswith('image') else 'film-mark'}'] }}).length > 0")
            until(page, "!__vigia.view.map.isMoving() && document.documentElement.dataset.map === 'idle'")
            x, y = page.evaluate(f"(() => {{ const p = __vigia.view.map.project([{place[0]}, {place[1]}]), b = __vigia.view.map.getCanvas().getBoundingClientRect(); return [p.x + b.x, p.y + b.y]; }})()")
            page.mouse.click(x, y)
            until(page, f"__vigia.choices.get().sel === '{sel}'")
            until(page, f"document.querySelector('#details').innerText.includes({words!r})")


@pytest.mark.parametrize("size", SIZES)
def test_films_are_in_the_catalogue_with_their_picture(browser, flight, size):
    with watched(browser) as page:
        page.set_viewport_size(SIZES[size])
        page.goto(f"{flight}/imagery?world=live&view=films")
        until(page, "document.documentElement.dataset.ready === '1' && document.querySelector('#rows img').complete && document.querySelector('#rows img').naturalWidth > 0")
        row = page.locator("#rows li").first
        assert page.locator("#rows li").count() == 1 and all(word in row.inner_text() for word in ("flight", "20 s", "sortie S7", "2026-11-20 10:00:00 UTC", "TLP:AMBER"))
        row.locator("a").click()
        until(page, "document.querySelector('#details h2')?.textContent === 'flight' && document.querySelector('#details img').naturalWidth > 0")
        assert serious(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        page.click("#details a.go")
        until(page, f"{PLAYER}?.readyState >= 1")
