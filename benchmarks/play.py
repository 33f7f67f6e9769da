"""Playback: a million fixes played, a day in a minute, beside kepler.gl with the same fixes in the same browser: frames a second and memory.

In headless Chromium with WebGL drawn by the processor (SwiftShader). Each visit has a browser of its own; ours and the peer's take turns. Ours is
the page as it opens, with ground, seizures and timeline; the peer draws the tracks as one trip layer over nothing, on a map of as many pixels.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from benchmarks import peer_kepler, servers
from benchmarks.arguments import parser
from benchmarks.tables import show
from benchmarks.world import START, made
from install import browser_libraries, chromium
from install.chromium import until
from install.progress import shown

SIZE = {"width": 1920, "height": 1080}
LON, LAT, ZOOM = -106.5, 30.2, 5.0  # most of the made world's tracks
DAY_S = 86_400
SPEED = DAY_S / 60
BEGIN = int(START) + 6 * 3600  # from here to the evening four fifths of the tracks move
TRAIL_S = 3000  # what our own map draws behind a vehicle; kepler.gl's trails are all of one length
WARM_S, LEAST_S = 8, 30
LOAD_MS = 600_000
WANTED = 1.0
IDLE = "window.__vigia && __vigia.view.held.movement && document.documentElement.dataset.map === 'idle' && document.documentElement.dataset.busy === '0'"
OURS = """async (seconds) => {
  const { map } = __vigia.view;
  let places = 0, renders = 0;
  const told = (event) => { places += event.sourceId === "marks" && event.sourceDataType === "content"; }, rendered = () => renders++;
  map.on("data", told);
  map.on("render", rendered);
  const counted = await countFrames(seconds, () => places, () => __vigia.clock.state.at);
  map.off("data", told);
  map.off("render", rendered);
  return { ...counted, renders: renders / counted.s, detail: __vigia.view.held.movement.detail, tracks: __vigia.view.held.movement.tracks.length };
}"""
SEEN = "[new Set(__vigia.view.map.queryRenderedFeatures({ layers: ['mark'] }).map((f) => f.properties.id)).size, __vigia.view.map.getSource('trails').serialize().data.features?.length ?? 0]"
CANVAS = "(() => { const c = document.querySelector('.maplibregl-canvas'); return [c.clientWidth, c.clientHeight]; })()"
PEER = "(seconds) => countFrames(seconds, peer.at, () => peer.at() / 1000)"


def main(args: list[str]) -> int:
    asking = parser("play", __doc__.split("\n")[0])
    asking.add_argument("--seconds", type=float, default=LEAST_S, help="how long each run counts")
    asking.set_defaults(fixes=1_000_000, tracks=1_000, seizures=2_000)
    asked = asking.parse_args(args)
    program = chromium.path()
    if program is None:
        raise SystemExit("no Chromium here; ./vigia test installs it")
    with shown() as progress:
        browser_libraries.ensure(progress)
    ours, theirs = [], []
    # A world of its own kind and place: one of sixty days would be thrown away for it.
    with made(asked.home / "play", asked.fixes, asked.tracks, asked.seizures, days=1) as cluster, servers.vigia(cluster, asked.home) as server, sync_playwright() as playwright:
        if asked.no_peer:
            for _ in range(asked.runs):
                ours.append(_ours(playwright, program, server, asked.seconds))
        else:
            modules = peer_kepler.installed(asked.home / "node")
            number = peer_kepler.tracks(cluster, modules / peer_kepler.TRACKS)
            print(f"kepler.gl {peer_kepler.VERSION} is given {number:,} fixes", flush=True)
            with peer_kepler.serving(modules) as address:
                for _ in range(asked.runs):
                    ours.append(_ours(playwright, program, server, asked.seconds))
                    theirs.append(_theirs(playwright, program, address, ours[-1]["size"], asked.seconds))
    return _report(ours, theirs, asked)


def _report(ours: list[dict], theirs: list[dict], asked) -> int:
    head = ["figure", "ours"] + (["kepler.gl", "times"] if theirs else [])
    rows = []
    for words, key, better in (
        ("frames drawn a second", "frames", 1), ("of these with things elsewhere", "moved", 1), ("animation frames a second", "animation", 1), ("MapLibre's render a second", "renders", 0),
        ("animation frame, median ms", "p50_ms", -1), ("longest ms", "worst_ms", -1), ("seconds played a second", "played", 0), ("JavaScript's memory MB", "heap_mb", -1),
        ("memory of the page's process MB", "renderer_mb", -1), ("of the drawing process MB", "gpu_mb", -1), ("loaded after s", "loaded_s", -1),
    ):
        mine, other = _median(ours, key), _median(theirs, key)
        times = None if not better or mine is None or not other else mine / other if better > 0 else other / mine if mine else None
        rows.append((words, mine, *((other, times) if theirs else ())))
    width, height = ours[0]["size"]
    show(head, rows, title=f"{asked.fixes:,} fixes of {asked.tracks:,} tracks played at {SPEED:,.0f} times, map of {width} by {height} px at zoom {ZOOM:g}, medians of {asked.runs} runs of {asked.seconds:g} s")
    print(f"\nours: {ours[0]['detail']} of {ours[0]['tracks']:,} tracks, {ours[0]['marks']:,} marks and {ours[0]['trails']:,} pieces of trail in view at the end, ground and seizures; frames with things elsewhere, each run: "
          + ", ".join(f"{o['moved']:.2f}" for o in ours))
    if not theirs:
        return 0
    print(f"kepler.gl: one trip layer with trails of {TRAIL_S:,} s that fade, no marks, no ground; each run: " + ", ".join(f"{t['moved']:.2f}" for t in theirs)
          + f"; addresses elsewhere that it asked for and was refused: {', '.join(sorted({u for t in theirs for u in t['refused']})) or 'none'}")
    ratio = _median(ours, "moved") / _median(theirs, "moved")
    print(f"frames with things elsewhere, ours to kepler.gl's: {ratio:.2f} (wanted {WANTED:g})")
    return 0 if ratio >= WANTED else 1


def _median(runs: list[dict], key: str) -> float | None:
    values = [run[key] for run in runs if key in run]
    return float(statistics.median(values)) if values else None


@contextmanager
def _page(playwright: Playwright, program: str) -> Iterator[tuple[Browser, Page]]:
    """A browser with one page that counts what is drawn."""
    browser = playwright.chromium.launch(executable_path=program, args=[*chromium.FLAGS, "--enable-precise-memory-info"])
    try:
        page = browser.new_context(viewport=SIZE).new_page()
        page.set_default_timeout(LOAD_MS)
        page.add_init_script(path=Path(__file__).with_name("frames.js"))
        yield browser, page
    finally:
        browser.close()


def _ours(playwright: Playwright, program: str, server: servers.Server, seconds: float) -> dict:
    with _page(playwright, program) as (browser, page):
        name, _, token = server.cookie.partition("=")
        page.context.add_cookies([{"name": name, "value": token, "domain": "127.0.0.1", "path": "/"}])
        page.goto(f"{server.address}/?world=live&from={_iso(START)}&to={_iso(START + 2 * DAY_S)}#map={ZOOM}/{LAT}/{LON}")
        until(page, IDLE, LOAD_MS)
        loaded = page.evaluate("performance.now() / 1000")
        page.evaluate("([at, speed]) => { __vigia.clock.speed(speed); __vigia.clock.seek(at); __vigia.clock.play(); }", [BEGIN - WARM_S * SPEED, SPEED])
        page.wait_for_timeout(1000 * WARM_S)
        counted = page.evaluate(OURS, seconds)
        if not page.evaluate("__vigia.clock.state.playing"):
            raise SystemExit("our clock stopped while frames were counted")
        page.evaluate("__vigia.clock.pause()")
        until(page, IDLE, LOAD_MS)
        marks, trails = page.evaluate(SEEN)
        return {**counted, **_memory(browser, page), "loaded_s": loaded, "size": page.evaluate(CANVAS), "marks": marks, "trails": trails}


def _theirs(playwright: Playwright, program: str, address: str, size: list[int], seconds: float) -> dict:
    refused: set[str] = set()
    with _page(playwright, program) as (browser, page):
        def within(route) -> None:
            if route.request.url.startswith(address):
                return route.continue_()
            refused.add(route.request.url)
            return route.abort()

        page.route("**/*", within)
        page.goto(f"{address}/{peer_kepler.PAGE.name}?width={size[0]}&height={size[1]}&lon={LON}&lat={LAT}&zoom={ZOOM}&trail_s={TRAIL_S}&bare=1")
        until(page, "window.peerError || window.peer?.ready()", LOAD_MS)
        if error := page.evaluate("window.peerError ?? null"):
            raise SystemExit(f"kepler.gl did not take the tracks: {error}")
        loaded = page.evaluate("performance.now() / 1000")
        # It moves its clock by so much a frame, however long a frame takes: from how many it draws follows which of its speeds is ours.
        first, last = page.evaluate("peer.domain()")
        page.evaluate("([at, speed]) => peer.play(at, speed)", [1000 * BEGIN, 0.1])
        page.evaluate(PEER, 1)  # the first frame puts all of it into the drawing process
        frames = page.evaluate(PEER, WARM_S)["moved"]
        page.evaluate("([at, speed]) => peer.play(at, speed)", [1000 * BEGIN, SPEED * 600 / ((last - first) / 1000 * frames)])
        counted = page.evaluate(PEER, seconds)
        page.evaluate("peer.pause()")
        return {**counted, **_memory(browser, page), "loaded_s": loaded, "refused": refused}


def _memory(browser: Browser, page: Page) -> dict[str, float]:
    """MB held once what is not needed was let go: JavaScript's, the page's process', the drawing process'."""
    told = page.context.new_cdp_session(page)
    told.send("HeapProfiler.collectGarbage")
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    rss = {sort: max(_rss_mb(p["id"]) for p in processes if p["type"] == sort) for sort in ("renderer", "GPU")}
    return {"heap_mb": heap, "renderer_mb": rss["renderer"], "gpu_mb": rss["GPU"]}


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
