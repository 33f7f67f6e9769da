"""The briefing: one file that draws a map where there is no network at all."""

from __future__ import annotations

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
