"""The pictures of README and docs, taken of a running server with the exercise loaded; the address is the link that lets one in:

    .venv/bin/python -m install.screenshots "$(./vigia user link keeper)" [NAME...]

Without names all of PICTURES are taken. A feed that replays the exercise makes the one called `live`:
`./vigia feed replay Night --world exercise --from … --to … --as-now --loop` (docs/feeds.md).
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from install import chromium
from install.chromium import until
from settings import ROOT

OUT = ROOT / "docs" / "images"
DESK, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
READY = "document.documentElement.dataset.map === 'idle' && (document.documentElement.dataset.busy ?? '0') === '0'"
COAST = "#map=8.93/26.2/-97.75"
# The moving vessel nearest to the coast: its details stand beside the map.
CHOOSE = """() => {
  const { map, held } = __vigia.view, b = map.getBounds();
  const newest = Math.max(...held.movement.tracks.map((t) => t.t.at(-1)));
  const seen = held.movement.tracks.filter((t) => t.kind === "vessel" && t.speed > 2 && newest - t.t.at(-1) < 300 && b.contains([t.lon.at(-1), t.lat.at(-1)]));
  const east = seen.sort((a, b) => a.lon.at(-1) - b.lon.at(-1))[0];
  __vigia.choices.set({ sel: `track:${east.id}` });
}"""


def the_map(page: Page, address: str) -> None:
    page.goto(f"{address}/?world=exercise{COAST}")
    settled(page)
    page.evaluate(CHOOSE)
    page.wait_for_selector("#details:not([hidden]) h2")
    settled(page)


def phone(page: Page, address: str) -> None:
    page.goto(f"{address}/?world=exercise#map=8.2/26.2/-97.75")
    settled(page)


def wall(page: Page, address: str) -> None:
    page.goto(f"{address}/wall/main?world=exercise&turn_s=600")
    until(page, "document.documentElement.dataset.wall === 'ready'")
    settled(page)


def live(page: Page, address: str) -> None:
    page.goto(f"{address}/?world=exercise&layers=movements,-events,-seizures,-hotspots,imagery,-sections,-coverage&trail=1h{COAST}")
    until(page, "window.__vigia?.view?.moving.streaming() === true")
    page.wait_for_timeout(20_000)  # so that marks have moved
    settled(page)


def playback(page: Page, address: str) -> None:
    """Three hours before the newest flight was photographed."""
    page.goto(f"{address}/imagery?world=exercise")
    then = page.evaluate("async () => new Date(Date.parse((await (await fetch('/api/images?world=exercise&limit=1')).json()).rows[0].captured_at) - 10_800_000).toISOString().slice(0, 19) + 'Z'")
    page.goto(f"{address}/?world=exercise&at={then}&layers=movements,events,seizures,-hotspots,imagery,-sections,-coverage{COAST}")
    settled(page)


def alerts(page: Page, address: str) -> None:
    page.goto(f"{address}/?world=exercise&layers=movements,events,-seizures,-hotspots,imagery,-sections,-coverage{COAST}")
    settled(page)
    page.locator("#alerts-toggle").click()
    page.wait_for_selector("#alert-lines li")
    settled(page)


def feeds(page: Page, address: str) -> None:
    page.goto(f"{address}/feeds")
    page.wait_for_load_state("networkidle")


def catalogue(page: Page, address: str) -> None:
    page.goto(f"{address}/imagery?world=exercise")
    until(page, "document.documentElement.dataset.map === 'ready'")
    page.locator("#rows li a").first.click()
    page.wait_for_selector("#details h2")
    page.wait_for_timeout(4000)


def compare(page: Page, address: str) -> None:
    page.goto(f"{address}/imagery?world=exercise")
    pair = page.evaluate("""async () => {
      const { rows } = await (await fetch('/api/images?world=exercise&limit=200')).json(), over = (a, b) => Math.max(0, Math.min(...[a, b].map((r) => r.box[2])) - Math.max(...[a, b].map((r) => r.box[0])))
        * Math.max(0, Math.min(...[a, b].map((r) => r.box[3])) - Math.max(...[a, b].map((r) => r.box[1])));
      const boxed = rows.map((r) => ({ ...r, box: [0, 1].map((i) => Math.min(...r.corners.map((c) => c[i]))).concat([0, 1].map((i) => Math.max(...r.corners.map((c) => c[i])))) }));
      let best;
      for (const a of boxed) for (const b of boxed) if (a.captured_at < b.captured_at && (!best || over(a, b) > best.over)) best = { a, b, over: over(a, b) };
      return best && { ids: [best.a.id, best.b.id], at: [(best.a.box[1] + best.a.box[3]) / 2, (best.a.box[0] + best.a.box[2]) / 2] };
    }""")
    page.goto(f"{address}/?world=exercise&compare={pair['ids'][0]},{pair['ids'][1]}&compare_mode=swipe&compare_at=0.5#map=16.5/{pair['at'][0]}/{pair['at'][1]}")
    page.wait_for_timeout(12_000)


def footprints(page: Page, address: str) -> None:
    """The frames of the newest flight that took some, at the time it landed, with the details of one from the middle."""
    page.goto(f"{address}/imagery?world=exercise")
    one = page.evaluate("""async () => {
      const { rows } = await (await fetch('/api/images?world=exercise&limit=1000')).json(), frames = rows.filter((r) => r.product === 'frame');
      const of = frames.filter((r) => r.sortie === frames[0].sortie), all = of.flatMap((r) => r.corners);
      return { id: of[Math.floor(of.length / 2)].id, then: of[0].captured_at.slice(0, 19) + 'Z', at: [1, 0].map((i) => all.reduce((sum, c) => sum + c[i], 0) / all.length) };
    }""")
    page.goto(f"{address}/?world=exercise&at={one['then']}&layers=imagery,-movements,-events,-seizures,-hotspots,-sections,-coverage&sel=image:{one['id']}#map=17.1/{one['at'][0]}/{one['at'][1]}")
    page.wait_for_selector("#details:not([hidden]) h2")
    settled(page)


def changes(page: Page, address: str) -> None:
    """What may have changed at the landing between two flights: looked for anew, the strongest accepted, the second open and chosen."""
    page.goto(f"{address}/imagery?world=exercise")
    pair = page.evaluate("""async () => {
      const sent = async (path, body) => (await fetch(`${path}?world=exercise`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).json();
      const { rows } = await (await fetch('/api/images?world=exercise&limit=1000')).json();
      const [after, before] = rows.filter((r) => r.product === 'orthophoto').sort((a, b) => a.gsd_m - b.gsd_m).slice(0, 2).sort((a, b) => Date.parse(b.captured_at) - Date.parse(a.captured_at));
      const look = await sent('/api/changes', { before: before.id, after: after.id });
      const found = (await (await fetch(`/api/changes/${look.id}?world=exercise`)).json()).features;
      await sent(`/api/changes/candidates/${found[0].id}`, { state: 'accepted', note: 'A cleared landing' });
      const middle = [1, 0].map((i) => after.corners.reduce((sum, c) => sum + c[i], 0) / after.corners.length);
      return { ids: [before.id, after.id], look: look.id, at: middle };
    }""")
    page.goto(f"{address}/?world=exercise&compare={pair['ids'][0]},{pair['ids'][1]}&compare_mode=side&compare_look={pair['look']}#map=17.1/{pair['at'][0]}/{pair['at'][1]}")
    page.wait_for_selector(".candidate-list button")
    page.wait_for_timeout(8_000)
    page.locator(".candidate-list button").nth(1).click()
    page.wait_for_timeout(4_000)


def coverage(page: Page, address: str) -> None:
    page.goto(f"{address}/?world=exercise&veil=72&layers=coverage,movements,seizures,-hotspots,imagery,-events,-sections#map=8.5/26.2/-98.4")
    settled(page)


def analysis(page: Page, address: str) -> None:
    page.goto(f"{address}/?world=exercise{COAST}")
    settled(page)
    run = page.evaluate("""async () => {
      const asked = await fetch('/api/analyses?world=exercise', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ method: 'gi-star', knobs: { grid: 'square', cell_m: 10000 } }) });
      return (await asked.json()).id;
    }""")
    until(page, "(async () => (await (await fetch('/api/analyses/%d')).json()).state === 'done')()" % run, timeout=300_000)
    page.goto(f"{address}/?world=exercise&run={run}#map=7.6/26.6/-98.6")
    settled(page)


PICTURES: dict[str, tuple[Callable[[Page, str], None], dict]] = {
    "map": (the_map, DESK), "phone": (phone, PHONE), "wall": (wall, DESK), "live": (live, DESK), "playback": (playback, DESK), "alerts": (alerts, DESK), "feeds": (feeds, {"width": 1920, "height": 160}),
    "catalogue": (catalogue, DESK), "compare": (compare, DESK), "footprints": (footprints, DESK), "changes": (changes, DESK), "coverage": (coverage, DESK), "analysis": (analysis, DESK),
}


def main(link: str, names: list[str]) -> int:
    address = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    program = chromium.path()
    if program is None:
        print("No Chromium here: ./vigia test installs it.", file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
        context = browser.new_context(viewport=DESK)
        page = context.new_page()
        page.goto(link)
        for name in names or PICTURES:
            take, size = PICTURES[name]
            page.set_viewport_size(size)
            take(page, address)
            keep(page, OUT / f"{name}.webp")
        browser.close()
    return 0


def settled(page: Page) -> None:
    """Until the map has painted and a moment has passed in which nothing more was asked."""
    page.wait_for_timeout(1500)
    until(page, READY)
    page.wait_for_timeout(2500)
    until(page, READY)


def keep(page: Page, path: Path) -> None:
    """In WebP: a PNG of shaded relief is four times as large and looks the same."""
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, quality=85, method=6)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(PICTURES):
        raise SystemExit(__doc__)
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
