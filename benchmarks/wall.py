"""A wall that stands: memory of the page and of the server while tracks move at ten times the usual rate and views turn, extrapolated to an hour.

A real server, a screen that is signed in, its stream and its page, in headless Chromium with WebGL drawn by the processor (SwiftShader). The heap is counted
after a garbage collection that is forced through the browser's own protocol; the slope is the least-squares line through all looks but those of the warm-up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.fleet import moving, world
from benchmarks.tables import show
from data import people, screens
from install import browser_libraries, chromium
from install.chromium import until
from install.progress import shown

TRACKS, RATE, TIMES = 5_000, 200, 10  # fixes a second of so many tracks at the usual rate, and how many times that comes
SIZE = {"width": 1920, "height": 1080}
VIEWS = ("world=live&camera=5.3/26/-96", "world=live&kind=vessel&camera=6/25/-97", "world=live&layers=movements,-events,-seizures,-hotspots,-imagery&camera=5.8/28/-94")
TURN_S, LOOK_S, WARM_S, LOAD_MS = 7, 15, 60, 600_000
HEAP_MB_PER_H = 1.0
COUNTED = """(() => ({ nodes: document.getElementsByTagName('*').length, canvases: document.querySelectorAll('canvas').length, turn: __wall.turn.at, stale: __wall.state.stale,
  layers: __wall.view.map.getStyle().layers.length, images: __wall.view.map.listImages().length, tracks: __wall.live.fleet.size }))()"""


@dataclass
class Look:
    """One look at a page and its server."""

    at_s: float
    heap_mb: float
    nodes: int
    canvases: int
    server_mb: float


def main(args: list[str]) -> int:
    asking = parser("wall", __doc__.split("\n")[0])
    asking.add_argument("--minutes", type=float, default=120)
    asking.add_argument("--times", type=float, default=TIMES, help="of the usual rate")
    asking.add_argument("--moving", type=int, default=TRACKS, help="how many tracks move")
    asked = asking.parse_args(args)
    program = chromium.path()
    if program is None:
        raise SystemExit("no Chromium here; ./vigia test installs it")
    with shown() as progress:
        browser_libraries.ensure(progress)
    with world(asked.home, asked.moving) as (server, fleet):
        address = _screen(fleet, server)
        with moving(fleet, RATE * asked.times) as sent:
            looks, turns, errors = _stand(program, server, address, asked.minutes * 60)
    return _report(looks, turns, errors, sent["a_second"], asked.times)


def _screen(fleet, server: servers.Server) -> str:
    """A screen of the world, with views in turn; where it is opened."""
    token = people.add_screen(fleet.connection, "bench")
    screens.set_by_owner(fleet.connection, "bench", {"turn_s": TURN_S, "world": "live"}, [screens.Item(state=state) for state in VIEWS])
    fleet.connection.commit()
    return f"{server.address}/sign-in/screen/{token}"


def _stand(program: str, server: servers.Server, address: str, seconds: float) -> tuple[list[Look], int, list[str]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*chromium.FLAGS, "--enable-precise-memory-info"])
        page = browser.new_page(viewport=SIZE)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)[:200]))
        page.goto(address, timeout=LOAD_MS)
        until(page, "document.documentElement.dataset.wall === 'ready' && __wall.live.fleet.whole", timeout=LOAD_MS)
        protocol = page.context.new_cdp_session(page)
        begun, looks, turns, at = time.monotonic(), [], 0, 0
        while (spent := time.monotonic() - begun) < seconds:
            if not looks or spent - looks[-1].at_s >= LOOK_S:
                looks.append(_look(page, protocol, server, spent))
            now = page.evaluate(COUNTED)["turn"]
            turns, at = turns + (now != at), now
            page.wait_for_timeout(1000)
        looks.append(_look(page, protocol, server, time.monotonic() - begun))
        browser.close()
    return looks, turns, errors


def _look(page: Page, protocol: CDPSession, server: servers.Server, at_s: float) -> Look:
    protocol.send("HeapProfiler.collectGarbage")
    heap = protocol.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    found = page.evaluate(COUNTED)
    return Look(at_s, heap, found["nodes"], found["canvases"], server.rss_mb())


def slope_per_h(at_s: list[float], values: list[float]) -> float:
    """How much it grows in an hour, by the line through all of it.

    >>> round(slope_per_h([0, 1800, 3600], [10, 11, 12]), 6)
    2.0
    """
    return float(np.polyfit(np.asarray(at_s) / 3600, values, 1)[0]) if len(values) > 2 else float("nan")


def _report(looks: list[Look], turns: int, errors: list[str], sent: float, times: float) -> int:
    warm = [look for look in looks if look.at_s >= min(WARM_S, looks[-1].at_s / 3)]
    at = [look.at_s for look in warm]
    rows = []
    for words, name in (("JS heap after a collection, MB", "heap_mb"), ("nodes of the page", "nodes"), ("canvases", "canvases"), ("server, MB", "server_mb")):
        values = [getattr(look, name) for look in warm]
        rows.append((words, values[0], values[-1], max(values), slope_per_h(at, values)))
    show(["what", "first", "last", "most", "slope an hour"], rows, title=f"A wall for {looks[-1].at_s / 60:.1f} min, {sent:,.0f} fixes a second, {turns} turns, {len(errors)} errors of the page")
    at_once = rows[0][4] / times
    print(f"\nheap at the usual rate: {at_once:+.2f} MB an hour (wanted at most {HEAP_MB_PER_H:g}); {'; '.join(sorted(set(errors))[:3]) or 'no error'}")
    canvases = {look.canvases for look in warm}
    return 0 if at_once <= HEAP_MB_PER_H and not errors and len(canvases) == 1 else 1
