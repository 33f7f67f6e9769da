"""A screen of one's own: letters that can be read from the farthest seat, views in turn, alarms, orders, and what it shows when its sign-in ends."""

from __future__ import annotations

import math
import signal

import httpx
import numpy as np
import pytest

from data.screens import Item
from feeds.watching import catch_up
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.test_reading import serious
from tests.browser.walls import LETTERS, SEA, VALLEY, anew, calm, display, letters, luminance, measured, picture, raised, screen, told
from tests.browser.world import look
from tests.conftest import COOKIE

LARGER = "(() => { const real = performance.now.bind(performance); let more = 0; performance.now = () => real() + more; window.__pass = (s) => { more += 1000 * s; }; window.__alive = () => { if (window.__wall) __wall.state.lastS = __wall.live.stream.state.heardS = performance.now() / 1000; }; })()"


@pytest.fixture(scope="module", autouse=True)
def events(world):
    catch_up(world.database.owner_url, (1,))


@pytest.fixture(autouse=True)
def quiet(world):
    calm(world)
    yield
    calm(world)


@pytest.mark.parametrize(("width", "height", "distance_m", "diagonal_in"), [(1920, 1080, 5, 55), (3840, 2160, 5, 55), (3440, 1440, 3, 49), (1920, 1080, 8, 65), (1920, 1080, 5, 85)])
def test_every_letter_can_be_read_from_the_farthest_seat(browser, world, width, height, distance_m, diagonal_in):
    address, _ = screen(world, f"Letters {width} {distance_m} {diagonal_in}", distance_m=distance_m, diagonal_in=diagonal_in, zones=["America/Bogota", "Europe/Madrid", "Asia/Tokyo", "UTC"])
    with display(browser, address, {"width": width, "height": height}) as page:
        until(page, "document.querySelector('#figure-seizures').textContent !== '' && document.body.classList.contains('credited')")
        if diagonal_in == 55:
            raised(world)
            page.wait_for_selector("#alarm:not([hidden])")
        until(page, "document.fonts.status === 'loaded' && __wall.view.map.loaded()")
        rows, shot = letters(page)
        pixel_m = diagonal_in * 0.0254 / math.hypot(width, height)
        least = {label: 2 * distance_m * math.tan(math.radians(minutes / 60) / 2) / pixel_m for label, minutes in ((False, 16), (True, 20))}
        places = page.evaluate("__wall.state.alarm?.waits ? 0 : (__wall.state.views[__wall.turn.at].places ?? []).length")
        assert 4 <= len(rows) + places <= 15, rows
        assert {"utc", "chips"} <= {r["of"] for r in rows}
        seen = 0
        for row in rows:
            assert row["size"] * 0.698 >= least[row["label"]] - 0.01, row
            if row["at"] < 0:
                continue
            left, top, right, bottom = row["box"]
            assert 0 <= left and right <= width and 0 <= top and bottom <= height, f"{row} is not on the picture"
            high, contrast = measured(shot, row["box"])
            assert high >= least[row["label"]] - 1, (row, high, least)
            assert contrast >= 7, (row, contrast)
            seen += 1
        assert seen >= 4
        assert page.evaluate("__wall.view.map.getLayoutProperty('wall-place', 'text-size') * __wall.state.unit") * 0.698 >= least[True] - 0.01


def test_marks_stand_out_from_the_map(browser, world):
    address, _ = screen(world, "Marks", items=[Item(state=SEA)])
    with display(browser, address) as page:
        until(page, "__wall.view.map.loaded() && document.body.classList.contains('credited') && __wall.view.map.queryRenderedFeatures({ layers: ['mark'] }).length > 0")
        found = page.evaluate("""() => { const m = __wall.view.map, u = __wall.state.unit; return m.queryRenderedFeatures({ layers: ['mark'] }).map((f) => m.project(f.geometry.coordinates)).map((p) => [p.x * u, p.y * u])
          .filter(([x, y]) => x > 700 && x < 1860 && y > 260 && y < 1000); }""")
        ground = [luminance(np.array([int(page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')").strip()[i:i + 2], 16) for i in (1, 3, 5)])) for name in ("land", "water")]
        shot = picture(page)
        assert found
        for x, y in found[:8]:
            brightest = luminance(shot[round(y) - 24:round(y) + 25, round(x) - 24:round(x) + 25]).max()
            assert all((brightest + 0.05) / (g + 0.05) >= 3 for g in ground)


def test_views_turn_by_their_own_time_and_one_that_is_gone_is_said(browser, world):
    address, number = screen(world, "Turns", items=[Item(state=VALLEY, name="Valley", turn_s=900), Item(view=4040, name="Old"), Item(state=SEA, name="Sea", turn_s=1800)])
    with display(browser, address, script=LARGER) as page:
        page.evaluate("window.__same = 1")
        assert page.locator("#dots li").count() == 2
        until(page, "document.querySelector('#feed-words').textContent === '1 view gone'")
        assert page.evaluate("[__wall.turn.at, __wall.choices.get().kind ?? null]") == [0, None]
        centre = page.evaluate("__wall.view.map.getCenter().lng")
        page.evaluate("(__pass(300), __alive(), 1)")
        until(page, "__wall.turn.spentS >= 300")
        assert page.evaluate("__wall.turn.at") == 0
        until(page, "(__pass(20), __alive(), __wall.turn.at === 1)")
        assert page.evaluate("__wall.choices.get().kind") == ["vessel"] and page.evaluate("window.__same") == 1
        until(page, f"Math.abs(__wall.view.map.getCenter().lng - {centre}) > 0.3")
        # The order is another: the one that stands stays.
        told(world, f"/screens/{number}", act="down", id="0")
        told(world, f"/screens/{number}", act="down", id="1")
        until(page, "__wall.state.views[0].name === 'Sea' && __wall.state.views[1].name === 'Valley'")
        assert page.evaluate("window.__same") == 1


def test_an_alarm_stops_the_turn_goes_there_and_stands_until_a_desk_has_seen_it(browser, world):
    address, _ = screen(world, "Alarms", items=[Item(state=VALLEY, name="Valley"), Item(state=SEA, name="Sea")])
    with display(browser, address) as page:
        assert page.locator("#alarm").is_hidden()
        alert = raised(world)
        page.wait_for_selector("#alarm:not([hidden]):not(.seen)")
        assert "Not acknowledged 0:" in page.inner_text("#alarm") and page.locator("#dots li.paused").count() == 1 and page.locator("#bracket:not([hidden])").count() == 1
        until(page, "(() => { const a = __wall.state.alarm.line.newest, p = __wall.view.map.project([a.lon, a.lat]), c = __wall.view.map.getContainer(); return p.x > 0.33 * c.clientWidth && p.x < c.clientWidth && p.y > 0 && p.y < 0.8 * c.clientHeight; })()")
        box = page.locator("#bracket").bounding_box()
        place = page.evaluate("(() => { const a = __wall.state.alarm.line.newest, p = __wall.view.map.project([a.lon, a.lat]); return [p.x * __wall.state.unit, p.y * __wall.state.unit]; })()")
        assert abs(box["x"] + box["width"] / 2 - place[0]) < 4 and abs(box["y"] + box["height"] / 2 - place[1]) < 4
        assert page.evaluate("['on', 'blocked'].includes(__wall.sound.state)")
        assert ("Sound blocked" in page.inner_text("#alarm")) is page.evaluate("__wall.sound.blocked")
        assert page.evaluate("__wall.choices.get().kind ?? null") is None, "nothing hides what it is of"
        answer = httpx.post(f"{world.address}/api/alerts/{alert}/acknowledge", json={"note": "Seen"}, headers={"Cookie": COOKIE}, timeout=120)
        assert answer.json()["moved"] == 1
        page.wait_for_selector("#alarm.seen:not([hidden])")
        assert "acknowledged" in page.inner_text("#alarm") and page.locator("#bracket").is_hidden() and page.locator("#dots li.paused").count() == 0


def test_a_flood_of_alarms_is_one_line_that_counts_them(browser, world):
    address, _ = screen(world, "Flood")
    with world.database.connect() as connection:
        connection.execute("INSERT INTO alert (world, event_id) SELECT 1, id FROM event WHERE world = 1 AND track_id IS NOT NULL ORDER BY id DESC LIMIT 40 ON CONFLICT (event_id) DO UPDATE SET state = 'new', raised_at = now()")
        connection.execute("UPDATE event SET severity = 'critical' WHERE id IN (SELECT event_id FROM alert WHERE state = 'new')")
        (n,) = connection.execute("SELECT count(*) FROM alert WHERE state = 'new'").fetchone()
        connection.commit()
    with display(browser, address) as page:
        page.wait_for_selector("#alarm:not([hidden])")
        assert n > 10
        # The line stands for some, the words after it for the others: together all of them, each once.
        count, more = page.evaluate("[__wall.state.alarm.line.count, __wall.state.alarm.more]")
        assert count + more == n and (more == 0 or f"{more} more" in page.inner_text("#alarm"))
        assert len(page.evaluate(LETTERS)) <= 15


def test_nothing_is_lost_while_the_server_is_away(browser, world):
    address, _ = screen(world, "Away")
    with display(browser, address, script=LARGER) as page:
        world.server.process.send_signal(signal.SIGSTOP)
        try:
            page.evaluate("(__pass(300), 1)")
            page.wait_for_selector("#stale:not([hidden])")
            before = page.evaluate("__wall.turn.at")
            raised(world)
        finally:
            world.server.process.send_signal(signal.SIGCONT)
        page.wait_for_selector("#stale", state="hidden")
        page.wait_for_selector("#alarm:not([hidden])")
        assert page.evaluate("__wall.turn.at") == before


def test_what_is_pushed_is_shown_until_it_is_ended(browser, world):
    address, number = screen(world, "Follows")
    name = "غرفة العمليات " + "x" * 180
    with display(browser, address) as page:
        page.evaluate("window.__same = 1")
        told(world, f"/screens/{number}", act="show", state=f"/?{SEA.rsplit('&', 1)[0]}#map=8/26/-96.9", name=name)
        until(page, "__wall.state.pushed !== undefined && [...document.querySelectorAll('#chips span')].some((c) => c.textContent.startsWith('Shown now'))")
        chip = page.evaluate("(() => { const c = [...document.querySelectorAll('#chips span')].find((c) => c.textContent.startsWith('Shown now')), b = c.getBoundingClientRect(); return [c.textContent, c.hidden, b.left, b.right]; })()")
        assert name in chip[0] and chip[2] >= 0 and chip[3] <= 1920
        assert page.locator("#chips .exercise").is_visible() and page.evaluate("__wall.choices.get().kind") == ["vessel"]
        told(world, f"/screens/{number}", act="unfollow", id=str(number))
        until(page, "__wall.state.pushed === undefined")
        assert page.evaluate("__wall.choices.get().kind ?? null") is None and page.evaluate("window.__same") == 1
        told(world, f"/screens/{number}", act="reload", id=str(number))
        anew(page)


def test_revoked_while_it_is_on_it_says_so_and_holds_no_data(browser, world):
    address, number = screen(world, "Room of Nobody")
    with display(browser, address) as page:
        until(page, "document.querySelector('#figure-seizures').textContent !== ''")
        told(world, f"/screens/{number}", act="revoke", id=str(number))
        until(page, "document.documentElement.dataset.wall === 'over'")
        assert "signed out" in page.inner_text("main").lower()
        assert page.evaluate("document.body.textContent.match(/[0-9]/)") is None and page.locator("canvas, script, dl, svg, img").count() == 0
        assert page.evaluate("window.__wall === undefined") and serious(page) == []


def test_a_machine_whose_clock_is_two_hours_wrong_shows_the_right_time(browser, world):
    address, _ = screen(world, "Late clock")
    wrong = "(() => { const Real = Date, by = -7_200_000; window.Date = class extends Real { constructor(...a) { a.length ? super(...a) : super(Real.now() + by); } static now() { return Real.now() + by; } }; window.__true = () => Real.now(); })()"
    with display(browser, address, script=wrong) as page:
        until(page, "document.querySelector('#feed-words').textContent === 'Clock here 2 h slow'")
        shown, true = page.evaluate("[document.querySelector('#utc').textContent, Math.floor(__true() / 1000) % 86400]")
        h, m, s = map(int, shown.removesuffix(" UTC").split(":"))
        apart = abs(3600 * h + 60 * m + s - true)
        assert min(apart, 86_400 - apart) <= 5
        assert page.locator("#stale").is_hidden()


def test_it_begins_anew_when_its_picture_is_lost_and_keeps_the_last_one_meanwhile(browser, world):
    address, _ = screen(world, "Lost picture")
    with display(browser, address, script=LARGER) as page:
        until(page, "__wall.state.picture.kept()")
        page.evaluate("window.__same = 1; __wall.view.map.getCanvas().getContext('webgl2').getExtension('WEBGL_lose_context').loseContext(); 1")
        page.wait_for_selector("#kept:not([hidden])")
        kept, shown = page.evaluate("document.querySelector('#kept').decode().then(() => { const [kept, canvas] = [document.querySelector('#kept'), __wall.view.map.getCanvas()]; return [[kept.naturalWidth, kept.naturalHeight], [canvas.width, canvas.height]]; })")
        assert kept == shown and min(kept) > 200
        anew(page, "window.__pass?.(1), window.__alive?.()")
        assert page.locator("#kept").is_hidden()


def test_a_new_build_is_taken_at_a_quiet_moment(browser, world):
    address, _ = screen(world, "Builds")
    with display(browser, address) as page:
        raised(world)
        page.wait_for_selector("#alarm:not([hidden])")
        page.evaluate("window.__same = 1; __wall.state.build = 'older'; 1")
        until(page, "__wall.state.newBuild")
        assert page.evaluate("window.__same") == 1, "not while an alarm waits"
        calm(world)
        anew(page)


def test_a_desk_hears_of_a_screen_that_fell_silent(browser, world):
    address, number = screen(world, "East <b>wall")
    with display(browser, address):
        pass
    with world.database.connect() as connection:
        connection.execute("UPDATE access.screen SET beat_at = clock_timestamp() - interval '5 min' WHERE id = %s", (number,))
        connection.execute("UPDATE access.screen SET active = false WHERE id <> %s", (number,))
        connection.commit()
    with watched(browser) as page:
        look(page, world)
        page.wait_for_selector("#screens-silent:not([hidden])")
        assert page.inner_text("#screens-silent .warning-word") == "Screen East <b>wall silent for 5 min"
        page.click("#screens-silent")
        page.wait_for_selector("text=silent for 5 min")
        assert serious(page) == []
        page.click("text=East <b>wall")
        page.wait_for_selector("#list")
        assert serious(page) == []
