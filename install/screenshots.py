"""The README's pictures, taken of a running server with the exercise loaded; the address is the link that lets one in:

    .venv/bin/python -m install.screenshots "$(./vigia user link keeper)"
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from install import chromium
from install.chromium import until
from settings import ROOT

OUT = ROOT / "docs" / "images"
SIZE = {"width": 1920, "height": 1080}
READY = "document.documentElement.dataset.map === 'idle' && (document.documentElement.dataset.busy ?? '0') === '0'"
# The moving vessel nearest to the coast: its details stand beside the map.
CHOOSE = """() => {
  const { map, held } = __vigia.view, b = map.getBounds();
  const newest = Math.max(...held.movement.tracks.map((t) => t.t.at(-1)));
  const seen = held.movement.tracks.filter((t) => t.kind === "vessel" && t.speed > 2 && newest - t.t.at(-1) < 300 && b.contains([t.lon.at(-1), t.lat.at(-1)]));
  const east = seen.sort((a, b) => a.lon.at(-1) - b.lon.at(-1))[0];
  __vigia.choices.set({ sel: `track:${east.id}` });
}"""


def main(link: str) -> int:
    address = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    program = chromium.path()
    if program is None:
        print("No Chromium here: ./vigia test installs it.", file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.goto(link)
        page.goto(f"{address}/?world=exercise#map=8.93/26.2/-97.75")
        settled(page)
        page.evaluate(CHOOSE)
        page.wait_for_selector("#details:not([hidden]) h2")
        settled(page)
        keep(page, OUT / "map.webp")
        page.goto(f"{address}/wall/main?world=exercise&turn_s=600")
        until(page, "document.documentElement.dataset.wall === 'ready'")
        settled(page)
        keep(page, OUT / "wall.webp")
        browser.close()
    return 0


def settled(page: Page) -> None:
    """Until the map has painted and a moment has passed in which nothing more was asked."""
    page.wait_for_timeout(1500)
    until(page, READY, timeout=60_000)
    page.wait_for_timeout(2500)
    until(page, READY, timeout=60_000)


def keep(page: Page, path: Path) -> None:
    """In WebP: a PNG of shaded relief is four times as large and looks the same."""
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, quality=90, method=6)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(sys.argv[1]))
