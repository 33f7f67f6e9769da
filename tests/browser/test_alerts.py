"""Alerts and events on the page: they come by themselves, are acknowledged with a note, and never move the camera; what is withdrawn is struck."""

from __future__ import annotations

import pytest
import shapely

from data import watch_areas
from feeds.watching import catch_up
from install.chromium import until
from tests.browser.world import World, becomes, drawn, look, settled

SEA = shapely.box(-97.16, 25.94, -96.95, 26.10)
CAMERA = "#map=8/26.0/-97.3"
CENTRE = "[__vigia.view.map.getCenter().toArray().map((n) => n.toFixed(4)).join(), __vigia.view.map.getZoom().toFixed(2)].join()"


@pytest.fixture(scope="module")
def watched(world: World) -> World:
    """A critical area that vessels of the exercise go into."""
    with world.database.connect() as connection:
        watch_areas.add(connection, "exercise", watch_areas.AreaTold("Boca Chica", SEA, 5_000, True, marking="TLP:GREEN"))
        connection.commit()
    catch_up(world.database.owner_url, (1,))
    return world


def again(world: World, change: str) -> None:
    """Change an event as the rules would, and tell who listens."""
    with world.database.connect() as connection:
        (batch,) = connection.execute("SELECT nextval('vigia.event_told')").fetchone()
        connection.execute(change, {"batch": batch})
        connection.execute("SELECT pg_notify('vigia_live', %s)", (f"e:{batch}",))
        connection.commit()


def test_alerts_are_listed_acknowledged_with_a_note_and_gone_to_when_asked(page, watched):
    look(page, watched, camera=CAMERA)
    until(page, "document.querySelector('#alerts-toggle .alert-count').textContent !== ''")
    assert page.locator("#alerts").is_hidden() and drawn(page, "watch-edge") and drawn(page, "event-urgent")
    page.click("#alerts-toggle")
    line = page.locator("#alert-lines .alert-line").first
    assert "Not acknowledged" in line.inner_text() and page.locator("#alert-lines .alert-line").count() <= 10
    settled(page)
    before = page.evaluate(CENTRE)
    # Whoever writes a note goes on in it, where they were, though a line comes above.
    line.locator(".note-of").fill("<b>sent</b>")
    page.keyboard.press("Home")
    page.evaluate("""async () => { const told = await (await fetch('/api/alerts?world=exercise')).json();
      __vigia.events.panel.alerts({ ...told, lines: [{ ...told.lines[0], ids: [-1] }, ...told.lines] });
      window.__told = told; }""")
    page.keyboard.type("Patrol 7 ")
    assert page.evaluate("[...document.querySelectorAll('.note-of')].slice(0, 2).map((note) => note.value)") == ["", "Patrol 7 <b>sent</b>"]
    page.evaluate("__vigia.events.panel.alerts(__told)")
    line.get_by_text("Acknowledge", exact=True).click()
    until(page, "document.querySelector('#alert-lines').textContent.includes('Acknowledged by tester')")
    assert "Patrol 7 <b>sent</b>" in page.inner_text("#alert-lines"), "a note is text"
    assert page.evaluate(CENTRE) == before
    page.locator("#alert-lines .alert-line").first.get_by_text("Show", exact=True).click()
    until(page, f"{CENTRE} !== '{before}'")


def test_what_is_withdrawn_is_struck_while_it_is_watched_and_an_emergency_has_a_banner(page, watched):
    look(page, watched, camera=CAMERA)
    page.click("#alerts-toggle")
    page.wait_for_selector(".event-row")
    assert page.locator(".event-row.gone").count() == 0 and page.locator("#emergency").is_hidden()
    before = page.evaluate(CENTRE)
    again(watched, "UPDATE event SET retracted = true, revision = revision + 1, batch = %(batch)s WHERE id = (SELECT id FROM event WHERE world = 1 AND NOT retracted AND id NOT IN "
                   "(SELECT event_id FROM alert) ORDER BY started_at DESC LIMIT 1)")
    page.wait_for_selector(".event-row.gone .withdrawn")
    assert "withdrawn by late data, revision 2" in page.inner_text(".event-row.gone")
    again(watched, "WITH one AS (UPDATE alert SET state = 'new' WHERE id = (SELECT max(id) FROM alert) RETURNING event_id) "
                   "UPDATE event SET severity = 'emergency', batch = %(batch)s WHERE id = (SELECT event_id FROM one)")
    page.wait_for_selector("#emergency:not([hidden])")
    assert page.inner_text("#emergency").startswith("Emergency: ") and page.evaluate(CENTRE) == before


def test_an_event_is_chosen_from_the_list_and_a_silence_shows_where_its_object_can_be(page, watched):
    look(page, watched, camera=CAMERA)
    page.click("#alerts-toggle")
    page.locator(".event-row", has_text="is silent").first.click()
    page.wait_for_selector("#details:not([hidden]) .event-symbol svg")
    assert "Revision 1" in page.inner_text("#details") and "Rule" in page.inner_text("#details")
    until(page, "__vigia.events.held.zone !== undefined")
    drawn(page, "zone-fill")
    page.click("#events-on-map")
    until(page, "__vigia.view.map.getLayoutProperty('event-mark', 'visibility') === 'none'")
    assert "layers=-events," in page.url


def test_events_are_a_layer_of_the_rail_whose_number_is_the_panels(page, watched):
    look(page, watched, camera=CAMERA)
    page.click("#alerts-toggle")
    until(page, "document.getElementById('event-line').textContent !== ''")
    row = page.locator(".layer-row", has=page.locator("#event-line"))
    number = f"{watched.ask('events?limit=1&' + page.evaluate('__vigia.filterQuery(__vigia.choices.get())'))['total']:,}"
    becomes(page, lambda: (page.inner_text("#event-line"), page.inner_text("#event-total")), (f"{number} found", number))
    assert page.evaluate("[...document.querySelectorAll('.layer-row')].filter((r) => r.offsetParent && Number(r.style.order) === 0).map((r) => r.querySelector('.layer-name').textContent)") == ["Events"]
    row.locator(".eye").click()
    until(page, "__vigia.view.map.getLayoutProperty('event-mark', 'visibility') === 'none'")
    page.wait_for_selector("#events-on-map[aria-pressed=false]")
    until(page, "document.querySelector('.layer-row:has(#event-line) .eye').getAttribute('aria-pressed') === 'false'")
    page.click("#events-on-map")
    until(page, "__vigia.view.map.getLayoutProperty('event-mark', 'visibility') === 'visible'")
    until(page, "document.querySelector('.layer-row:has(#event-line) .eye').getAttribute('aria-pressed') === 'true'")
    top = "__vigia.view.map.getStyle().layers.map((l) => l.id).filter((id) => ['event-mark', 'mark', 'seizure-one'].includes(id))"
    until(page, f"{top}.at(-1) === 'event-mark'")
    row.locator(".orders button[aria-label='Draw events below']").click()
    until(page, f"{top}.at(-1) === 'mark'")
    page.evaluate("__vigia.choices.set({ layers: 'movements,events:0.5,seizures,hotspots,imagery,-sections' })")
    until(page, "JSON.stringify(__vigia.view.map.getPaintProperty('event-mark', 'icon-opacity')).includes('0.5')")
    page.evaluate("__vigia.choices.set({ theme: 'light' })")
    until(page, "__vigia.view.map.getLayer('event-mark') && " + f"{top}.at(-1) === 'mark'")


def test_a_drawn_area_is_kept_as_a_watch_area(page, watched):
    look(page, watched, camera=CAMERA)
    assert page.locator("#area-save").is_hidden()
    page.evaluate("__vigia.choices.set({ area: '-98 26;-97.9 26;-97.9 26.1;-98 26.1' })")
    page.click("#area-save")
    page.fill("#watch-name", "Ford <i>")
    page.click(".purpose .filled")
    until(page, "__vigia.events.held.areas?.features.some((f) => f.properties.name === 'Ford <i>')")
    (kept,) = [f for f in watched.ask("watch-areas?world=exercise")["features"] if f["properties"]["name"] == "Ford <i>"]
    assert kept["properties"]["warning_m"] == 2000 and kept["geometry"]["coordinates"][0][0][0] == [-98, 26]
