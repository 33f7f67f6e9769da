"""Playback: a million fixes played, a day in a minute, beside kepler.gl with the same fixes in the same browser: frames a second and memory.

In headless Chromium with WebGL drawn by the processor (SwiftShader). Each visit has a browser of its own, and they take turns. Ours is the page as
it opens, with ground, seizures and timeline. The peer draws nothing but the fixes, on a map of as many pixels: every fix as a point under a playing time
filter, the faster of its two ways here; `--ways points trips` measures its trip layer too. Held against ours is the faster of those measured.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
STEP_MAX = 0.05  # of the whole span a frame: a slower peer plays slower, or it would be at the end at once
WAYS = ("points", "trips")
LOAD_MS = 600_000
WANTED = 1.0
IDLE = "window.__vigia && document.documentElement.dataset.map === 'idle' && document.documentElement.dataset.busy === '0'"
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
SEEN = """(() => {
  const { map } = __vigia.view;
  const marks = new Set(map.queryRenderedFeatures({ layers: ["mark"] }).map((f) => f.properties.id));
  return [marks.size, map.getSource("trails").serialize().data.features?.length ?? 0];
})()"""
CANVAS = "(() => { const c = document.querySelector('.maplibregl-canvas'); return [c.clientWidth, c.clientHeight]; })()"
PEER = "(seconds) => countFrames(seconds, peer.at, () => peer.at() / 1000)"


def main(args: list[str]) -> int:
    asking = parser("play", __doc__.split("\n")[0])
    asking.add_argument("--seconds", type=float, default=LEAST_S, help="how long each run counts")
    asking.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS[:1], help="how kepler.gl shows the fixes")
    asking.set_defaults(fixes=1_000_000, tracks=1_000, seizures=2_000)
    asked = asking.parse_args(args)
    program = chromium.path()
    if program is None:
        raise SystemExit("no Chromium here; ./vigia test installs it")
    with shown() as progress:
        browser_libraries.ensure(progress)
    ours: list[dict] = []
    theirs: dict[str, list[dict]] = {} if asked.no_peer else {way: [] for way in asked.ways}
    # A world of its own kind and place: one of sixty days would be thrown away for it.
    with made(asked.home / "play", asked.fixes, asked.tracks, asked.seizures, days=1) as cluster, servers.vigia(cluster, asked.home) as server, \
            sync_playwright() as playwright, ExitStack() as stack:
        if theirs:
            modules = peer_kepler.installed(asked.home / "node")
            print(f"kepler.gl {peer_kepler.VERSION} is given {peer_kepler.tracks(cluster, modules / peer_kepler.TRACKS):,} fixes", flush=True)
            address = stack.enter_context(peer_kepler.serving(modules))
        for _ in range(asked.runs):
            ours.append(_told("ours", _ours(playwright, program, server, asked.seconds)))
            for way, runs in theirs.items():
                runs.append(_told(way, _theirs(playwright, program, address, way, ours[-1]["size"], asked.seconds)))
    return _report(ours, theirs, asked)


def _told(name: str, run: dict) -> dict:
    """Say what a run gave when it did: all of them take a while."""
    print(f"{name}: {run['moved']:.3f} frames/s with things elsewhere in {run['s']:.0f} s, "
          f"processor s a frame {run['renderer_cpu']:.2f} + {run['gpu_cpu']:.2f}", flush=True)
    return run


def _report(ours: list[dict], theirs: dict[str, list[dict]], asked) -> int:
    best = max(theirs.values(), key=lambda runs: _median(runs, "moved"), default=[])
    rows = []
    for words, key, better in (
        ("frames drawn a second", "frames", 1), ("of these with things elsewhere", "moved", 1), ("animation frames a second", "animation", 1),
        ("MapLibre's renders a second", "renders", 0), ("animation frame, median ms", "p50_ms", -1), ("longest ms", "worst_ms", -1),
        ("the page's processor s a frame", "renderer_cpu", -1), ("the drawing processor s a frame", "gpu_cpu", -1), ("seconds played a second", "played", 0),
        ("JavaScript's memory MB", "heap_mb", -1), ("the page's process MB", "renderer_mb", -1), ("the drawing process MB", "gpu_mb", -1),
        ("loaded after s, not counted", "loaded_s", 0),
    ):
        mine, other = _median(ours, key), _median(best, key)
        times = None if not better or not mine or not other else mine / other if better > 0 else other / mine
        rows.append((words, mine, *(_median(runs, key) for runs in theirs.values()), *((times,) if theirs else ())))
    width, height = ours[0]["size"]
    show(["figure", "ours", *(f"kepler.gl {way}" for way in theirs), *(("times the faster",) if theirs else ())], rows,
         title=f"{asked.fixes:,} fixes of {asked.tracks:,} tracks played at {SPEED:,.0f} times, map of {width} by {height} px at zoom {ZOOM:g}, "
               f"medians of {asked.runs} runs of {asked.seconds:g} s")
    print(f"\nours draws {ours[0]['detail']} of {ours[0]['tracks']:,} tracks: {ours[0]['marks']:,} marks in view and {ours[0]['trails']:,} pieces of trail "
          "at the end, ground, seizures, timeline")
    if not theirs:
        return 0
    print(f"kepler.gl shows {TRAIL_S:,} s up to its time, no marks, no ground; refused addresses: "
          + (", ".join(sorted({u for runs in theirs.values() for run in runs for u in run["refused"]})) or "none"))
    ratio = _median(ours, "moved") / _median(best, "moved")
    print(f"frames with things elsewhere, ours to the faster of kepler.gl's: {ratio:.2f} (wanted {WANTED:g})")
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
        until(page, f"__vigia.view.held.movement && __vigia.clock.state.at > {BEGIN - WARM_S * SPEED}", LOAD_MS)
        counted = _counted(browser, page, OURS, seconds)
        if not page.evaluate("__vigia.clock.state.playing"):
            raise SystemExit("our clock stopped while frames were counted")
        page.evaluate("__vigia.clock.pause()")
        until(page, IDLE, LOAD_MS)
        marks, trails = page.evaluate(SEEN)
        return {**counted, **_memory(browser, page), "loaded_s": loaded, "size": page.evaluate(CANVAS), "marks": marks, "trails": trails}


def _theirs(playwright: Playwright, program: str, address: str, way: str, size: list[int], seconds: float) -> dict:
    refused: set[str] = set()
    with _page(playwright, program) as (browser, page):
        def within(route) -> None:
            if route.request.url.startswith(address):
                return route.continue_()
            refused.add(route.request.url)
            return route.abort()

        page.route("**/*", within)
        page.goto(f"{address}/{peer_kepler.PAGE.name}?as={way}&width={size[0]}&height={size[1]}&lon={LON}&lat={LAT}&zoom={ZOOM}&trail_s={TRAIL_S}")
        until(page, "window.peerError || window.peer?.ready()", LOAD_MS)
        if error := page.evaluate("window.peerError ?? null"):
            raise SystemExit(f"kepler.gl did not take the tracks: {error}")
        loaded = page.evaluate("performance.now() / 1000")
        # It moves its clock by so much a frame, however long a frame takes: from how many it draws follows which of its speeds is ours.
        first, last = page.evaluate("peer.domain()")
        page.evaluate("([at, speed]) => peer.play(at, speed)", [1000 * BEGIN, 0.1])
        warm = page.evaluate(PEER, WARM_S)  # the first frame puts all of it into the drawing process
        speed = min(SPEED / warm["frames"] / ((last - first) / 1000), STEP_MAX)
        page.evaluate("([at, speed]) => peer.play(at, speed)", [1000 * BEGIN, 600 * speed])
        counted = _counted(browser, page, PEER, seconds)
        page.evaluate("peer.pause()")
        return {**counted, **_memory(browser, page), "loaded_s": loaded, "refused": refused}


def _counted(browser: Browser, page: Page, script: str, seconds: float) -> dict:
    """What the script counts, and the processor's seconds a frame: of a machine that others use too these say more than the frames a second."""
    before = _processes(browser)
    counted = page.evaluate(script, seconds)
    after, frames = _processes(browser), max(1, counted["frames"] * counted["s"])
    spent = {sort: sum(after[key] - before.get(key, 0) for key in after if key[0] == sort) / frames for sort in ("renderer", "GPU")}
    return {**counted, "renderer_cpu": spent["renderer"], "gpu_cpu": spent["GPU"]}


def _processes(browser: Browser) -> dict[tuple[str, int], float]:
    """The processor's seconds each process of the browser has had, by its sort and number."""
    return {(p["type"], p["id"]): p["cpuTime"] for p in browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]}


def _memory(browser: Browser, page: Page) -> dict[str, float]:
    """MB held once what is not needed was let go: JavaScript's, the page's process', the drawing process'."""
    told = page.context.new_cdp_session(page)
    told.send("HeapProfiler.collectGarbage")
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    rss = {sort: max(_rss_mb(number) for kind, number in _processes(browser) if kind == sort) for sort in ("renderer", "GPU")}
    return {"heap_mb": heap, "renderer_mb": rss["renderer"], "gpu_mb": rss["GPU"]}


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
