"""One address holds the whole picture: opened afresh, every choice stands on the page again."""

from __future__ import annotations

from datetime import datetime, timedelta

from install.chromium import until
from tests.browser.world import World, becomes, choices, look, settled


def addressed(world: World) -> tuple[str, dict]:
    """A query that says something of everything, and what it says."""
    [row] = [w for w in world.ask("worlds")["worlds"] if w["world"] == "exercise"]
    end = datetime.fromisoformat(row["edge"]).replace(second=0, microsecond=0)
    start = end - timedelta(days=5)
    placed = next(r for r in world.ask(f"seizures?world=exercise&limit=100&from={start:%Y-%m-%dT%H:%M:%SZ}")["rows"] if r["lon"] is not None and (r["kg"] or 0) >= 1)
    told = {
        "world": "exercise", "from": f"{start:%Y-%m-%dT%H:%M:%SZ}", "to": f"{end:%Y-%m-%dT%H:%M:%SZ}", "kind": ["vessel", "vehicle"],
        "drug": [placed["drug"], "other"] if placed["drug"] != "other" else ["other", "ats"], "min_kg": "1", "max_kg": "5000",
        "at": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", "layers": "seizures:0.5,movements,-hotspots,imagery,sections", "sel": f"seizure:{placed['id']}",
        "theme": "light", "heat": "1",
    }
    return "&".join(f"{k}={','.join(v) if isinstance(v, list) else v}" for k, v in told.items()), told


def standing(page) -> dict:
    """What the page's own controls say."""
    return page.evaluate("""() => ({
      theme: document.documentElement.dataset.theme,
      world: document.querySelector("#world input:checked").value,
      drugs: [...document.querySelectorAll("#drug label")].filter((l) => l.querySelector("input").checked).length,
      kinds: [...document.querySelectorAll("#kind label")].filter((l) => l.querySelector("input").checked).length,
      rows: [...document.querySelectorAll(".layer-row")].sort((a, b) => Number(a.style.order) - Number(b.style.order))
        .map((r) => [r.querySelector(".layer-name").innerText, r.querySelector(".eye").getAttribute("aria-pressed"), Number(r.querySelector("[role=slider]").getAttribute("aria-valuenow"))]),
      clock: document.querySelector(".tl-live").innerText.startsWith("Replay"),
      clear: document.getElementById("clear").innerText,
      details: !document.getElementById("details").hidden,
      camera: [__vigia.view.map.getZoom(), __vigia.view.map.getCenter().lat, __vigia.view.map.getCenter().lng],
      opacity: __vigia.view.map.getPaintProperty("seizure-one", "icon-opacity"),
      off: __vigia.view.map.getLayoutProperty("hotspot-line", "visibility"),
    })""")


def test_an_address_restores_everything(page, world):
    query, told = addressed(world)
    look(page, world, query, "#map=9.2/26.3/-98.3")
    page.wait_for_selector("#details:not([hidden]) .facts")
    until(page, "document.querySelectorAll('#drug input:checked').length === 2 && document.getElementById('clear').innerText === 'Clear 3'")
    assert choices(page) == told
    wanted = {
        "camera": [9.2, 26.3, -98.3], "theme": "light", "world": "exercise", "drugs": 2, "kinds": 2, "clock": True, "details": True, "clear": "Clear 3", "opacity": 0.5, "off": "none",
        "rows": [["Events", "true", 1], ["Seizures", "true", 0.5], ["Movements", "true", 1], ["Hotspots", "false", 1], ["Drone imagery", "true", 1], ["Border sections", "true", 1],
                 ["Looked at", "false", 1]]}
    becomes(page, lambda: standing(page), wanted)
    # The panel is drawn again, as new data does: that is no reason to go to what is chosen.
    page.evaluate("document.getElementById('details').append(document.createElement('i'))")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not page.evaluate("__vigia.view.map.isMoving()")
    # Loaded again it is the same, and nothing was added to the history by itself.
    before = page.evaluate("history.length")
    page.reload()
    settled(page)
    page.wait_for_selector("#details:not([hidden]) .facts")
    becomes(page, lambda: (choices(page), standing(page)), (told, wanted))
    assert page.evaluate("history.length") == before


def test_a_clock_without_a_window_stands_where_the_address_says(page, world):
    look(page, world, "world=exercise", "#map=5/26/-98")
    first = choices(page)
    start, end = (datetime.fromisoformat(first[k]) for k in ("from", "to"))
    inside, before = start + (end - start) / 2, start - timedelta(days=20)
    for at in (inside, before):
        told = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        look(page, world, f"world=exercise&at={told}&trail=14400", "#map=5/26/-98")
        now = choices(page)
        assert now["at"] == told and datetime.fromisoformat(now["from"]) <= at <= datetime.fromisoformat(now["to"])
        assert ((now["from"], now["to"]) == (first["from"], first["to"])) == (at is inside)
    assert page.locator("#trail").input_value() == "", "what no list has is none of it, and no empty line"
