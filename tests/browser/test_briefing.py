"""The briefing: one file that draws a map where there is no network at all."""

from __future__ import annotations

import base64
import json
import re

from install.chromium import until
from tests.conftest import got

WINDOW = "world=exercise"


def test_a_briefing_draws_with_every_request_refused(browser, world, tmp_path):
    path = tmp_path / "briefing.html"
    path.write_bytes(got(f"{world.address}/api/export/briefing?{WINDOW}"))
    n = world.ask(f"counts?{WINDOW}")
    context = browser.new_context(viewport={"width": 1000, "height": 700}, offline=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    asked, wrong = [], []
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("warning", "error") else None)
    page.goto(path.as_uri())
    page.wait_for_selector(".leaflet-container canvas")
    map_ = "Object.values(window).find((v) => v instanceof L.Map)"
    # Every placed seizure is a mark; the settlements' dots are no such marks, as they answer to nobody.
    marks = f"(() => {{ let k = 0; {map_}.eachLayer((l) => {{ if (l instanceof L.CircleMarker && l.options.interactive !== false) k++; }}); return k; }})()"
    assert n["seizures"]["on_map"] > 0
    until(page, f"{marks} === {n['seizures']['on_map']}")
    inked = "[...document.querySelectorAll('.leaflet-container canvas')].some((c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 === 3 && v > 0))"
    until(page, inked)
    words = page.inner_text("body")
    assert "EXERCISE" in words and f"{n['seizures']['total']:,} seizures" in words and f"{n['images']['total']:,} images" in words
    page.click("label:has-text('Seizures') input")
    until(page, f"{marks} === 0")
    assert [url for url in asked if not url.startswith("file:")] == [] and wrong == []
    context.close()


TILE_LIES = """([z, x, y]) => {
  const map = Object.values(window).find((v) => v instanceof L.Map), n = 2 ** z;
  const lat = (row) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / n))) * 180) / Math.PI;
  const at = (column, row) => map.latLngToContainerPoint([lat(row), (column / n) * 360 - 180]);
  const [a, b] = [at(x, y), at(x + 1, y + 1)], told = document.querySelector(".leaflet-container").getBoundingClientRect();
  const image = [...document.querySelectorAll(".leaflet-imagery-pane img")].find((i) => i.src.endsWith(window.wanted));
  if (!image || !image.complete || !image.naturalWidth || getComputedStyle(image).opacity !== "1" || getComputedStyle(image).visibility !== "visible") return undefined;
  const box = image.getBoundingClientRect();
  return Math.max(Math.abs(box.left - told.left - a.x), Math.abs(box.top - told.top - a.y), Math.abs(box.right - told.left - b.x), Math.abs(box.bottom - told.top - b.y));
}"""


def test_a_briefing_holds_its_imagery_where_it_lies_with_every_request_refused(browser, world, tmp_path):
    body = got(f"{world.address}/api/export/briefing?{WINDOW}")
    path = tmp_path / "briefing.html"
    path.write_bytes(body)
    held = json.loads(re.search(r"\}\)\((\{.*?\})\);", body.decode())[1])
    deepest = max(int(key.split("/")[0]) for key in held)
    key = max((key for key in held if key.startswith(f"{deepest}/")), key=lambda key: len(held[key]))
    picture = held[key].removeprefix("webp;base64,")
    # What lies in the file is what the map shows there.
    assert base64.b64decode(picture) == got(f"{world.address}/api/tiles/imagery/{key}.webp?{WINDOW}")
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.set_offline(True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    asked, wrong = [], []
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector(".leaflet-container canvas")
    z, x, y = (int(part) for part in key.split("/"))
    page.evaluate("""([z, x, y, picture]) => {
      window.wanted = picture;
      const n = 2 ** z, lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / n))) * 180) / Math.PI;
      Object.values(window).find((v) => v instanceof L.Map).setView([lat, ((x + 0.5) / n) * 360 - 180], z, { animate: false });
    }""", [z, x, y, picture])
    until(page, f"({TILE_LIES})([{z}, {x}, {y}]) < 1")
    page.screenshot(path=str(tmp_path / "imagery.png"))
    words = page.inner_text("body")
    assert f"Imagery: {len(held):,} tiles" in words and "newest on top" in words
    page.click("label:has-text('Imagery') input")
    until(page, "document.querySelectorAll('.leaflet-imagery-pane img').length === 0")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == [] and wrong == []
    context.close()
