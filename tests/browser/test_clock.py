"""One clock for all layers: stepping, playing, and the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from install.chromium import until
from tests.browser.world import becomes, choices, look, settled

AGREED = """(n) => {
  const told = (selector) => String((document.querySelector(selector)?.innerText.match(/\\d[\\d,]*/g) ?? []).map((t) => Number(t.replaceAll(',', ''))));
  return told('.tl-counts') === String(n) && told('#drawer-toggle') === String(n) && told('#kind-total').split(',')[0] === String(n[1]);
}"""
ROWS = "(n) => document.querySelector('#table .ag-root')?.getAttribute('aria-rowcount') === String(n + 1)"


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
    assert want["seizures"]["total"] < whole
    becomes(page, lambda: seizures_shown(page), want["seizures"]["total"])
    marked = "__vigia.view.map.querySourceFeatures('marks').map((f) => f.properties.id)"
    until(page, f"__vigia.view.held.movement.tracks && {marked}.length > 0")
    told = page.evaluate("Object.fromEntries(__vigia.view.held.movement.tracks.map((t) => [t.id, t.t[0]]))")
    marks = page.evaluate(marked)
    assert all(told[str(m)] <= middle.timestamp() for m in marks), "a mark before its track began"
    framed = "new Set(__vigia.view.map.querySourceFeatures('frames').map((f) => f.properties.id)).size"
    until(page, framed)
    images = page.evaluate(framed)
    assert 0 < images <= want["images"]["total"]


def test_playing_moves_the_clock_and_pausing_keeps_it_in_the_address(page, world):
    look(page, world)
    camera = page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]")
    page.select_option(".timeline select", label="3,600×")
    page.click(".tl-go")
    until(page, "document.querySelector('.tl-live').innerText.includes('Replay')")
    first = page.evaluate("__vigia.clock.state.at")
    until(page, f"__vigia.clock.state.at > {first} + 3600")
    assert "at" not in choices(page), "the address is left alone while the clock runs"
    page.click(".tl-go")
    until(page, "!!__vigia.choices.get().at")
    kept = choices(page)["at"]
    assert abs(datetime.fromisoformat(kept).timestamp() - page.evaluate("__vigia.clock.state.at")) < 1
    assert page.evaluate("[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom()]") == camera
    page.click(".tl-live")
    until(page, "!__vigia.choices.get().at && document.querySelector('.tl-live').innerText === 'Live'")


def test_passes_are_hidden_while_it_plays_and_are_back_when_it_stops(page, world):
    passes = "__vigia.view.map.queryRenderedFeatures({ layers: ['flow'] }).length"
    case = "__vigia.view.map.getLayer('trail-case').minzoom"
    look(page, world)
    until(page, f"{passes} > 0")
    for stop in (".tl-go", ".tl-live"):
        page.click(".tl-go")
        until(page, f"__vigia.clock.state.playing && {passes} === 0 && {case} === 9")
        page.evaluate("__vigia.clock.seek(__vigia.clock.state.at - 3600)")
        until(page, f"__vigia.clock.state.playing && {passes} === 0")
        page.click(stop)
        until(page, f"!__vigia.clock.state.playing && {passes} > 0 && {case} === 0")
    # Hidden by somebody, they stay hidden.
    page.evaluate("__vigia.choices.set({ layers: '-movements' })")
    page.click(".tl-go")
    until(page, "__vigia.clock.state.playing")
    page.click(".tl-go")
    until(page, "!__vigia.clock.state.playing")
    assert page.evaluate("__vigia.view.map.getLayoutProperty('flow', 'visibility')") == "none"


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


def at(page, world, moment: datetime) -> str:
    start, end = (datetime.fromisoformat(choices(page)[k]) for k in ("from", "to"))
    return f"world=exercise&from={start:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}&at={moment:%Y-%m-%dT%H:%M:%SZ}"


def test_table_details_counts_and_files_are_of_the_clock(page, world):
    look(page, world)
    start, end = (datetime.fromisoformat(choices(page)[k]) for k in ("from", "to"))
    moment = (start + (end - start) / 3).replace(microsecond=0)
    query = at(page, world, moment)
    n = world.ask(f"counts?{query}")
    totals = [n[k]["total"] for k in ("seizures", "tracks", "images")]
    look(page, world, query)
    until(page, AGREED, arg=totals)
    page.click("#drawer-toggle")
    until(page, ROWS, arg=totals[0])
    page.click("#drawer-tab label:has-text('Movements')")
    until(page, ROWS, arg=totals[1])
    # A mark for each track that is counted, and no other.
    assert sorted(page.evaluate("[...new Set(__vigia.view.held.movement.tracks.filter((t) => t.t[0] <= __vigia.clock.state.at).map((t) => t.id))]")) == sorted(
        row["id"] for row in world.ask(f"tracks?{query}&limit=1000")["rows"])
    for link in page.eval_on_selector_all("#export a", "(links) => links.map((a) => a.href)"):
        assert dict(parse_qsl(urlsplit(link).query))["at"] == f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    page.locator("#table .ag-row").first.click()
    until(page, f"document.querySelector('#details').innerText.includes('As of {moment.day} {moment:%b %Y %H:%M:%S} UTC')")
    # Live again: everything of the window.
    page.click(".tl-live")
    whole = world.ask(f"counts?{query.rpartition('&at=')[0]}")
    until(page, AGREED, arg=[whole[k]["total"] for k in ("seizures", "tracks", "images")])
    assert page.told == []


def test_while_it_plays_the_server_is_asked_once_a_second_at_most(page, world):
    look(page, world)
    page.evaluate("""() => {
      const set = dash_clientside.set_props;
      window.__told = [];
      dash_clientside.set_props = (id, props) => {
        if (id === 'choices') __told.push(props.data.playing);
        return set(id, props);
      };
    }""")
    page.select_option(".timeline select", label="3,600×")
    page.focus("body")
    page.keyboard.press("Home")
    page.click(".tl-go")
    began = page.evaluate("performance.now()")
    until(page, "__vigia.clock.state.at > __vigia.clock.state.bounds[0] + 9000")
    until(page, "document.querySelector('.tl-counts').innerText.includes('as of')")
    page.click(".tl-go")
    seconds = (page.evaluate("performance.now()") - began) / 1000
    asked = page.evaluate("__told.filter(Boolean).length")
    assert 1 <= asked <= seconds + 2, f"{asked} questions in {seconds:.1f} s"
    until(page, "!!__vigia.choices.get().at && !__vigia.asOf.told.playing")
    n = world.ask(f"counts?{at(page, world, datetime.fromisoformat(choices(page)['at']))}")
    until(page, "(n) => Number(document.querySelector('.tl-counts b').innerText.replaceAll(',', '')) === n", arg=n["seizures"]["total"])


def test_what_was_known_can_be_asked_on_a_phone(page, world):
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, world)
    box = page.locator(".tl-known").bounding_box()
    assert box["width"] >= 44 and box["height"] >= 44 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
    page.click(".tl-known")
    assert page.locator(".known-box").bounding_box()["width"] <= 390
    page.fill(".known-box input", f"{datetime.fromisoformat(choices(page)['to']) - timedelta(days=1):%Y-%m-%dT%H:%M}")
    page.click(".known-box .filled")
    until(page, "!!__vigia.choices.get().known_at")
    assert page.inner_text(".known").startswith("Known at ")
    settled(page)
    page.click(".known .link")
    until(page, "!__vigia.choices.get().known_at")
