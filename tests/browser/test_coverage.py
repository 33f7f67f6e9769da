"""What was looked at: the veil by the clock, who looked last at a place; and imagery itself at the clock's time, frames of unknown lie among it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from affine import Affine

from install.chromium import until
from tests.browser.test_wall import READY, SCREEN
from tests.browser.world import World, becomes, choices, look, settled
from tests.feeds.test_imagery import colours, raster

LAYERS = "layers=-events,-movements,-seizures,-hotspots,-imagery,-sections,coverage"
CAMERA = "#map=9.6/26.2/-98.5"
SEEN_AT = "2026-11-24T10:00:00Z"
PLACE = Affine(8.0, 0, 600_000, 0, -8.0, 2_920_000)  # what was flown in the live world: 1.3 x 1 km
FLOWN, BESIDE = (-97.9932, 26.3939), (-97.9832, 26.3939)
CLOSE = "#map=13.2/26.393/-97.990"
WINDOW = "from=2026-11-18T00:00:00Z&to=2026-11-26T00:00:00Z"


def under(page, lon: float, lat: float) -> set[str]:
    """What of the veil is drawn at a place."""
    return set(page.evaluate("""([lon, lat]) => { const m = __vigia.view.map;
      return m.queryRenderedFeatures(m.project([lon, lat]), { layers: ["veil"] }).map((f) => f.layer.id); }""", [lon, lat]))


def unseen(world: World) -> tuple[float, float]:
    """A place in the exercise's view that nobody ever saw."""
    places = ((-98.2 - i / 40, 26.05 + j / 40) for i in range(20) for j in range(10))
    return next(p for p in places if not world.ask(f"coverage?world=exercise&lon={p[0]}&lat={p[1]}&at=2026-11-24T23:00:00Z")["looks"])


@pytest.fixture(scope="module")
def flown(world: World, tmp_path_factory) -> World:
    """An image in the live world, where no unit looks."""
    world.bring("imagery", raster(tmp_path_factory.mktemp("flown") / "flown.tif", colours(), transform=PLACE), captured_at=SEEN_AT, sortie="F1")
    return world


def test_the_veil_is_off_until_asked_and_lies_on_what_nobody_saw(page, world):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/tiles/coverage/" in request.url else None)
    look(page, world, "world=exercise", CAMERA)
    assert asked == [] and "not seen for 24 h is veiled" in page.inner_text(".rail")
    page.click(".layer-row:has(.layer-coverage) .eye")
    until(page, "(__vigia.choices.get().layers ?? '').includes(',coverage')")
    becomes(page, lambda: bool(asked), True)
    settled(page)
    assert all(parse_qs(urlsplit(url).query)["hours"] == ["24"] and parse_qs(urlsplit(url).query)["at"][0].endswith(":00Z") for url in asked)
    seen = next(r for r in world.ask("images?world=exercise")["rows"] if r["sortie"] == "SORTIE15")["footprint"]["coordinates"][0][0]
    middle = [sum(p[i] for p in seen[1:]) / len(seen[1:]) for i in (0, 1)]
    nowhere = unseen(world)
    becomes(page, lambda: (under(page, *middle), under(page, *nowhere)), (set(), {"veil"}))
    page.wait_for_selector("#legend:has-text('Not looked at for 24 h')")
    page.select_option("#veil", label="72 h")
    until(page, "__vigia.choices.get().veil === '72'")
    page.wait_for_selector(".rail:has-text('not seen for 72 h is veiled')")
    until(page, "document.querySelector('#legend').innerText.includes('72 h')")
    page.evaluate("void __vigia.view.map.jumpTo({ zoom: 4 })")
    until(page, "document.querySelector('#legend').innerText.includes('told from closer by')")


def test_the_veil_follows_the_clock_and_is_asked_once_a_second_while_it_runs(page, flown):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(parse_qs(urlsplit(request.url).query)["at"][0]) if "/api/tiles/coverage/" in request.url else None)
    for at, veiled in (("2026-11-24T09:59:00Z", True), ("2026-11-24T10:01:00Z", False), ("2026-11-24T11:02:00Z", True)):
        look(page, flown, f"world=live&veil=1&{WINDOW}&{LAYERS}&at={at}", CLOSE)
        until(page, "__vigia.view.map.getSource('coverage').tiles?.[0].includes('at=')")
        settled(page)
        becomes(page, lambda veiled=veiled: (under(page, *FLOWN), under(page, *BESIDE)), ({"veil"} if veiled else set(), {"veil"}))
        assert set(asked) == {at}
        asked.clear()
    page.select_option(".timeline select", label="600×")
    begun = page.evaluate("performance.now()")
    page.click(".tl-go")
    becomes(page, lambda: len(set(asked)) >= 2, True)
    page.click(".tl-go")
    until(page, "!!__vigia.choices.get().at")
    moments = set(asked)
    assert len(moments) <= (page.evaluate("performance.now()") - begun) / 1000 + 2, "ten minutes go by each second: one of them is asked for"


def test_a_click_on_bare_ground_tells_who_looked_last(page, flown):
    look(page, flown, f"world=live&{WINDOW}&{LAYERS}&at=2026-11-24T12:00:00Z", CLOSE)
    for (lon, lat), said in ((FLOWN, "last seen 10:00 UTC by image F1 (8.0 m)"), (BESIDE, "not seen in the last 366 days")):
        spot = page.evaluate("""([lon, lat]) => { const m = __vigia.view.map, p = m.project([lon, lat]), b = m.getContainer().getBoundingClientRect(); return [b.x + p.x, b.y + p.y]; }""", [lon, lat])
        page.mouse.click(*spot)
        page.wait_for_selector(f"#status p:has-text('{said}')")
    assert "sel" not in choices(page)


def test_a_wall_may_show_the_veil(page, world):
    page.set_viewport_size(SCREEN)
    page.goto(f"{world.address}/wall/main?world=exercise&veil=24")
    until(page, READY, timeout=120_000)
    until(page, "document.querySelector('#chips').innerText.includes('unseen 24 h')")
    until(page, "__wall.view.map.getLayoutProperty('veil', 'visibility') === 'visible' && __wall.view.map.queryRenderedFeatures({ layers: ['veil'] }).length > 0", timeout=120_000)


@pytest.fixture
def frame(world):
    """A frame of which nobody knows how it lay: a point, on no tile."""
    with world.database.connect() as connection:
        columns = [c for (c,) in connection.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = 'vigia' AND table_name = 'image' AND column_name <> 'id' AND is_generated = 'NEVER'")]
        told = {"product": "'frame'", "name": "'loose.jpg'", "footprint": "ST_SetSRID(ST_MakePoint(-98.5, 26.31), 4326)", "cog": "NULL", "sha256": "repeat('ab', 32)", "gsd_m": "NULL",
                "rendering": "'{}'::jsonb", "captured_at": "captured_at - interval '30 minutes'", "recorded_at": "clock_timestamp()"}
        [number] = connection.execute(f"INSERT INTO image ({', '.join(columns)}) SELECT {', '.join(told.get(c, c) for c in columns)} FROM image WHERE name LIKE 'SORTIE15%' RETURNING id").fetchone()
        connection.commit()
        yield number
        connection.execute("DELETE FROM image WHERE id = %s", (number,))
        connection.commit()


def test_scrubbing_shows_what_was_flown_by_then(page, world, frame):
    """Frames, labels and tiles: those of the clock's time, and a frame that is a point is one of them."""
    rows = world.ask("images?world=exercise")["rows"]
    [flight] = [r for r in rows if r["sortie"] == "SORTIE15" and r["product"] != "frame"]
    window = "from=2026-11-10T00:00:00Z&to=2026-11-24T23:00:00Z"
    for minutes, more in ((-40, 0), (-20, 1), (5, 2)):
        look(page, world, f"world=exercise&{window}&layers=-events,-movements,-seizures,-hotspots,imagery,-sections", CAMERA)
        at = page.evaluate(f"Date.parse('{flight['captured_at']}') / 1000 + 60 * {minutes}")
        page.evaluate(f"__vigia.clock.seek({at})")
        until(page, "!!__vigia.choices.get().at")
        want = {r["id"] for r in rows if page.evaluate(f"Date.parse('{r['captured_at']}') / 1000 <= {at}")}
        assert len(want & {frame, flight["id"]}) == more
        becomes(page, lambda: set(page.evaluate("__vigia.view.map.getSource('frames').getData().then((d) => d.features.map((f) => f.properties.id))")), want)
        # A point has a mark of its own, and no corner.
        becomes(page, lambda: page.evaluate("__vigia.view.map.getSource('frame-corners').getData().then((d) => d.features.filter((f) => f.properties.label).length)"), len(want - {frame}))
        until(page, f"document.querySelector('.tl-counts').innerText.includes('{len(want)} images')")
        assert page.evaluate("__vigia.view.map.getLayoutProperty('imagery', 'visibility')") == "visible"
