"""One clock for all layers: stepping, playing, and the address."""

from __future__ import annotations

from datetime import datetime

from install.chromium import until
from tests.browser.world import choices, look, settled

def seizures_shown(page) -> int:
    return int(page.inner_text(".tl-counts b").replace(",", ""))


def test_setting_the_clock_sets_every_layer(page, world):
    look(page, world)
    whole = seizures_shown(page)
    start, end = (datetime.fromisoformat(choices(page)[k]) for k in ("from", "to"))
    middle = start + (end - start) / 2
    look(page, world, f"world=exercise&from={start:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}&at={middle:%Y-%m-%dT%H:%M:%SZ}")
    assert "Replay" in page.inner_text(".tl-live")
    want = world.ask(f"counts?world=exercise&from={start:%Y-%m-%dT%H:%M:%SZ}&to={middle:%Y-%m-%dT%H:%M:%S}.000001Z")
    assert seizures_shown(page) == want["seizures"]["total"] < whole
    told = page.evaluate("Object.fromEntries(__vigia.view.held.movement.tracks.map((t) => [t.id, t.t[0]]))")
    marks = page.evaluate("__vigia.view.map.querySourceFeatures('marks').map((f) => f.properties.id)")
    assert marks and all(told[str(m)] <= middle.timestamp() for m in marks), "a mark before its track began"
    images = page.evaluate("new Set(__vigia.view.map.querySourceFeatures('frames').map((f) => f.properties.id)).size")
    assert 0 < images <= want["images"]["total"]


def test_playing_moves_the_clock_and_pausing_keeps_it_in_the_address(page, world):
    look(page, world)
    camera = page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]")
    page.select_option(".timeline select", label="3,600×")
    page.click(".tl-go")
    until(page, "document.querySelector('.tl-live').innerText.includes('Replay')")
    first = page.evaluate("__vigia.clock.state.at")
    until(page, f"__vigia.clock.state.at > {first} + 3600", timeout=30_000)
    assert "at" not in choices(page), "the address is left alone while the clock runs"
    page.click(".tl-go")
    until(page, "!!__vigia.choices.get().at")
    kept = choices(page)["at"]
    assert abs(datetime.fromisoformat(kept).timestamp() - page.evaluate("__vigia.clock.state.at")) < 1
    assert page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]") == camera
    page.click(".tl-live")
    until(page, "!__vigia.choices.get().at && document.querySelector('.tl-live').innerText === 'Live'")


def test_keys_step_the_clock_and_leave_the_search_alone(page, world):
    look(page, world)
    page.focus("body")
    page.keyboard.press("ArrowLeft")
    until(page, "!!__vigia.choices.get().at")
    once = choices(page)["at"]
    page.keyboard.press("ArrowLeft")
    until(page, f"__vigia.choices.get().at < '{once}'")
    page.keyboard.press("End")
    until(page, "!__vigia.choices.get().at")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('.search') !== null")
    page.keyboard.type("ab ")
    assert page.evaluate("__vigia.clock.state.playing") is False, "a space in the search is a space"
    settled(page)
