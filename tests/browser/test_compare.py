"""Two images compared: from the details to the map, by swipe, blink, opacity and side by side; lined up; and what may have changed, decided by a person."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from data import people
from data.doors import hashed
from install.chromium import until
from tests.analysis.scenes import ground, planted, taken
from tests.browser.conftest import SIGNED_IN, watched
from tests.browser.test_reading import SIZES, serious
from tests.browser.world import World, choices, look
from tests.feeds.test_imagery import raster

GSD_M, MOVED_PX = 0.5, (3, -4)
PLACE = Affine(GSD_M, 0, 650_000, 0, -GSD_M, 2_870_000)
CAMERA = "#map=17.2/25.9412/-97.5017"
VIEWER = "a-token-of-one-who-only-looks-and-decides-nothing"


@pytest.fixture(scope="module")
def pair(world: World, tmp_path_factory) -> tuple[int, int]:
    """Two pictures of one ground in the live world, the later moved and with six changes; and a third of another ground beside it."""
    folder = tmp_path_factory.mktemp("pair")
    rng = np.random.default_rng(11)
    base = ground(rng)
    after, _ = planted(rng, base, 6)
    other = ground(np.random.default_rng(5))
    for name, at, picture in (("before", "2026-11-20T10:00:00Z", taken(rng, base)), ("after", "2026-11-24T10:00:00Z", taken(rng, np.roll(after, MOVED_PX, (0, 1)), gain=0.9, haze=8)),
                              ("unlike", "2026-11-25T10:00:00Z", taken(rng, other))):
        world.bring("imagery", raster(folder / f"{name}.tif", picture, transform=PLACE), captured_at=at)
    with world.database.connect() as connection:
        people.add(connection, "vera", ["viewer"], ceiling="TLP:RED")
        connection.execute("INSERT INTO access.session (hash, person_id, expires_at, idle_s) SELECT %s, id, now() + interval '1 day', 86400 FROM access.person WHERE name = 'vera'",
                           (hashed(VIEWER),))
        connection.commit()
        found = dict(connection.execute("SELECT name, id FROM image WHERE world = 0").fetchall())
    return found["before"], found["after"], found["unlike"]


def compared(page, world: World, before: int, after: int, more: str = "") -> None:
    look(page, world, f"world=live&from=2026-11-18T00:00:00Z&to=2026-11-26T00:00:00Z&compare={before},{after}{more}", CAMERA)
    page.wait_for_selector("#compare:not([hidden])")


def layer(page, name: str, which: str = "view.map") -> tuple:
    """Whether a picture is shown on a map, and how strong."""
    return tuple(page.evaluate(f"(id) => {{ const m = __vigia.{which}; return [m.getLayoutProperty(id, 'visibility'), m.getPaintProperty(id, 'raster-opacity')]; }}", name))


def test_an_images_details_lead_to_a_comparison_and_escape_leaves_it(page, world):
    rows = world.ask("images?world=exercise")["rows"]
    newest = next(r for r in rows if r["sortie"] == "SORTIE15")
    look(page, world, f"world=exercise&sel=image:{newest['id']}", "#map=10.6/26.29/-98.7")
    camera = page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]")
    page.click("[data-command=compare-with]")
    page.wait_for_selector(".compare-with li button")
    listed = page.locator(".compare-with li button").all_inner_texts()
    assert [t.split("\n")[1].split(",")[0] for t in listed] == ["SORTIE13", "SORTIE8", "SORTIE7"], "those that share its ground, the newest first"
    assert all("UTC" in t and (" cm" in t or " m" in t) for t in listed)
    page.locator(".compare-with li button", has_text="SORTIE8").click()
    page.wait_for_selector(".stage[data-compare=swipe][data-compare-ready]")
    before = next(r for r in rows if r["sortie"] == "SORTIE8")
    assert choices(page)["compare"] == f"{before['id']},{newest['id']}" and "sel" not in choices(page)
    labels = page.locator(".compare-label").all_inner_texts()
    assert "13 Nov 2026 20:14 UTC" in labels[0] and "SORTIE8" in labels[0] and "24 Nov 2026 13:10 UTC" in labels[1] and "not moved" in labels[1]
    # Each map has the ground and one picture, whatever the clock says, and no mark lies on only one of them.
    page.evaluate("__vigia.clock.seek(Date.parse('2026-11-18T00:00:00Z') / 1000)")
    until(page, "!!__vigia.choices.get().at")
    assert layer(page, "compare-before") == ("visible", 1) and layer(page, "compare-after")[0] == "none"
    assert layer(page, "compare-after", "compare.stage.other") == ("visible", 1) and layer(page, "compare-before", "compare.stage.other")[0] == "none"
    assert page.evaluate("['mark', 'imagery', 'imagery-old', 'seizure-one'].filter((id) => __vigia.view.map.getLayer(id) && __vigia.view.map.getLayoutProperty(id, 'visibility') !== 'none')") == []
    # The handle by keyboard: the address and the words say where it stands.
    clock = page.evaluate("__vigia.clock.state.at")
    page.focus(".compare-knob")
    page.keyboard.press("ArrowRight")
    assert choices(page)["compare_at"] == "0.52" and page.get_attribute(".compare-knob", "aria-valuetext").startswith("52 % SORTIE8")
    assert page.evaluate("__vigia.clock.state.at") == clock, "an arrow on the handle is no step of the clock"
    page.keyboard.press("End")
    assert choices(page)["compare_at"] == "1" and page.get_attribute(".compare-knob", "aria-valuenow") == "100"
    page.keyboard.press("Home")
    assert page.evaluate("getComputedStyle(document.querySelector('.compare-map')).clipPath") == "inset(0px 0px 0px 0%)"
    assert page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]") == camera, "comparing moves no camera"
    page.keyboard.press("Escape")
    until(page, "!__vigia.choices.get().compare && document.querySelectorAll('.maplibregl-map').length === 1")
    assert not {"compare_at", "compare_mode"} & set(choices(page)) and page.is_hidden("#compare")
    until(page, "__vigia.view.map.getLayoutProperty('mark', 'visibility') !== 'none' && !__vigia.view.map.getLayer('compare-before')")


def test_both_maps_move_together_and_the_ways_to_look_are_in_the_address(browser, world, pair):
    with watched(browser) as page:
        page.emulate_media(reduced_motion="reduce")
        compared(page, world, *pair[:2], "&compare_mode=side")
        page.wait_for_selector(".stage[data-compare-ready]")
        places = "[__vigia.view.map, __vigia.compare.stage.other].map((m) => [...m.getCenter().toArray().map((v) => v.toFixed(7)), m.getZoom().toFixed(5)].join())"
        for moved in ("compare.stage.other.panBy([120, 40], { animate: false })", "view.map.zoomTo(16.4, { animate: false })", "compare.stage.other.zoomTo(17, { animate: false })"):
            before = page.evaluate(places)
            page.evaluate(f"void __vigia.{moved}")
            one, other = page.evaluate(places)
            assert one == other != before[0], moved
        widths = page.evaluate("[...document.querySelectorAll('.maplibregl-map')].map((m) => m.clientWidth)")
        assert abs(widths[0] - widths[1]) <= 2
        page.click("[data-mode=blink]")
        assert choices(page)["compare_mode"] == "blink" and page.evaluate("document.querySelectorAll('.maplibregl-map').length") == 1, "one map is enough"
        assert page.inner_text("[data-act=blink]") == "Start" and "1 s each" in page.inner_text(".compare-how"), "who wants no motion is shown none until asked"
        still = layer(page, "compare-after")
        page.wait_for_timeout(1300)
        assert layer(page, "compare-after") == still
        page.click("[data-act=blink]")
        until(page, f"__vigia.view.map.getPaintProperty('compare-after', 'raster-opacity') !== {still[1]}")
        page.click("[data-mode=opacity]")
        page.fill("input[data-act=share]", "30")
        until(page, "__vigia.choices.get().compare_at === '0.3'")
        assert layer(page, "compare-after") == ("visible", 0.3) and "30 %" in page.locator(".compare-label.after").inner_text()
        page.click("[data-mode=swipe]")
        assert "compare_mode" not in choices(page)


def test_the_handle_is_dragged(page, world, pair):
    compared(page, world, *pair[:2])
    box = page.locator(".compare-knob").bounding_box()
    assert box["width"] == box["height"] == 44
    stage = page.evaluate("(({ x, width }) => ({ x, width }))(document.querySelector('.stage').getBoundingClientRect())")
    page.mouse.move(box["x"] + 22, box["y"] + 22)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.25 * stage["width"], box["y"] + 10, steps=4)
    page.mouse.up()
    until(page, "Math.abs(Number(__vigia.choices.get().compare_at) - 0.25) < 0.01")


def test_two_are_lined_up_undone_and_what_is_refused_is_said(page, world, pair):
    before, after, unlike = pair
    compared(page, world, before, after)
    page.click("[data-act=line]")
    page.wait_for_selector("[data-act=undo]:not([hidden])", timeout=300_000)
    told = page.inner_text(".compare-lie .compare-said")
    assert "moved 2.0 m east, 1.5 m north" in told and "±" in told and "Likeness 0." in told
    assert "moved 2.0 m east" in page.locator(".compare-label.after").inner_text(), "what is applied is always on the screen"
    page.click("[data-act=undo]")
    page.wait_for_selector(".compare-lie .compare-said:has-text('Undone')")
    assert "not moved" in page.locator(".compare-label.after").inner_text() and page.is_hidden("[data-act=undo]")
    compared(page, world, before, unlike)
    page.click("[data-act=line]")
    page.wait_for_selector(".compare-lie .compare-said:has-text('could not be lined up')", timeout=300_000)
    assert "Nothing was changed." in page.inner_text(".compare-lie .compare-said") and "not moved" in page.locator(".compare-label.after").inner_text()


def test_candidates_are_gone_through_and_decided_by_keyboard_and_others_only_read(browser, world, pair):
    before, after, _ = pair
    with watched(browser) as page:
        compared(page, world, before, after)
        page.click("[data-act=look]")
        page.wait_for_selector(".candidate", timeout=300_000)
        assert "nothing here is a change until a person says so" in page.inner_text(".compare-changes")
        scores = [float(t) for t in page.locator(".candidate-score").all_inner_texts()]
        assert len(scores) >= 4 and scores == sorted(scores, reverse=True)
        page.locator(".candidate").first.focus()
        page.keyboard.press("j")
        page.keyboard.press("j")
        second = page.get_attribute(".candidate[aria-current=true]", "data-id")
        assert second == page.locator(".candidate").nth(1).get_attribute("data-id")
        page.fill(".candidate-one input", "a <b>boat</b>")
        page.locator(".candidate[aria-current=true]").focus()
        page.keyboard.press("a")
        page.wait_for_selector(f".candidate.accepted[data-id='{second}']")
        page.keyboard.press("k")
        page.keyboard.press("r")
        page.wait_for_selector(".candidate.rejected")
        page.wait_for_selector(".compare-looks:has-text('1 accepted, 1 rejected')")
        assert page.inner_text(".candidate-list").count("Open") == len(scores) - 2
        until(page, "['open', 'accepted', 'rejected'].every((s) => __vigia.view.map.querySourceFeatures('candidates').some((f) => f.properties.state === s))")
        made = choices(page)["compare_look"]
        kept = {str(f["id"]): f["properties"] for f in world.ask(f"changes/{made}?world=live")["features"]}
        assert kept[second]["state"] == "accepted" and kept[second]["note"] == "a <b>boat</b>"
        assert serious(page) == []
    with watched(browser) as page:
        page.context.add_cookies([{**SIGNED_IN, "value": VIEWER}])
        page.set_viewport_size(SIZES["telephone"])
        compared(page, world, before, after, f"&compare_look={made}")
        page.wait_for_selector(".candidate.accepted")
        assert [page.is_hidden(f"[data-act={act}]") for act in ("line", "undo", "look")] == [True] * 3 and "Your role may look" in page.inner_text(".compare-lie")
        page.click(".candidate.accepted")
        assert "a <b>boat</b>" in page.inner_text(".candidate-one") and page.locator(".candidate-one input, .candidate-one .action").count() == 0
        page.keyboard.press("r")
        assert page.locator(".candidate.rejected").count() == 1, "a key decides no more than a button would"
        assert serious(page) == []
        boxes = [page.locator(f".compare-label.{which}").bounding_box() for which in ("before", "after")]
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] and boxes[1]["x"] + boxes[1]["width"] <= page.locator(".controls").bounding_box()["x"]


def test_an_address_of_what_is_not_there_is_said_and_left(page, world, pair):
    look(page, world, f"world=live&from=2026-11-18T00:00:00Z&to=2026-11-26T00:00:00Z&compare={pair[0]},999999", CAMERA)
    page.wait_for_selector("#status:has-text('can\\'t be compared')")
    until(page, "!__vigia.choices.get().compare")
    assert page.is_hidden("#compare")
