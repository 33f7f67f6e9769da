"""The page: what a first visit loads, when the map stands, how long a changed filter takes, and the server's memory.

In headless Chromium with WebGL drawn by the processor (SwiftShader): a screen with a graphics card is faster. Beside it, in
the same browser, what a plain plotly map of the same newest places would bring.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from urllib.parse import urlsplit

import plotly.graph_objects as go
import psycopg
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import servers
from benchmarks.arguments import parser
from benchmarks.tables import show
from benchmarks.world import made
from install import browser_libraries, chromium
from install.chromium import until
from install.progress import shown

SIZE = {"width": 1440, "height": 900}
CAMERA = "#map=8.6/26.15/-97.9"
# The map stands when every tile and mark it asked for is drawn.
IDLE = "window.__vigia && document.documentElement.dataset.map === 'idle' && document.documentElement.dataset.busy === '0'"
SINCE_LOAD = "performance.now() / 1000"
# From the choice to the next moment the map has nothing more to draw.
CHANGED = """async (change) => {
  const { map } = __vigia.view;
  const begin = performance.now();
  __vigia.choices.set(change);
  await new Promise((done) => setTimeout(done, 0));
  for (;;) {
    await new Promise((done) => map.once("idle", done) && map.triggerRepaint());
    if (document.documentElement.dataset.busy === "0") break;
  }
  return (performance.now() - begin) / 1000;
}"""
CHANGES = {
    "one drug": ({"drug": "cocaine"}, {"drug": None}), "one kind": ({"kind": "vessel"}, {"kind": None}), "an amount": ({"min_kg": "10"}, {"min_kg": None}),
}


def main(args: list[str]) -> int:
    asked = parser("page", __doc__.split("\n")[0]).parse_args(args)
    program = chromium.path()
    if program is None:
        raise SystemExit("no Chromium here; ./vigia test installs it")
    with shown() as progress:
        browser_libraries.ensure(progress)
    with made(asked.home, asked.fixes, asked.tracks, asked.seizures) as cluster, servers.vigia(cluster, asked.home) as ours:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
            _first_visit(browser, ours, asked.runs)
            _filters(browser, ours, asked.runs)
            if not asked.no_peer:
                _plotly(browser, cluster, asked)
            browser.close()
        print(f"\nmemory of the server after this: {ours.rss_mb():.0f} MB (limit 400)")
    return 0


def _visit(browser: Browser, cookie: str) -> tuple[Page, dict[str, float]]:
    """A page with nothing kept, and what it loads by sort, in bytes over the wire."""
    page = browser.new_context(viewport=SIZE).new_page()
    name, _, token = cookie.partition("=")
    page.context.add_cookies([{"name": name, "value": token, "domain": "127.0.0.1", "path": "/"}])
    page.set_default_timeout(120_000)
    loaded: dict[str, float] = defaultdict(float)
    sorts: dict[str, str] = {}
    told = page.context.new_cdp_session(page)
    told.send("Network.enable")
    told.on("Network.requestWillBeSent", lambda e: sorts.__setitem__(e["requestId"], _sort(e["request"]["url"], e.get("type", ""))))
    told.on("Network.loadingFinished", lambda e: loaded.__setitem__(sorts.get(e["requestId"], "other"), loaded[sorts.get(e["requestId"], "other")] + e["encodedDataLength"]))
    return page, loaded


def _sort(url: str, type_: str) -> str:
    path = urlsplit(url).path
    if path.startswith("/api/basemap"):
        return "basemap"
    if path.startswith("/api/"):
        return "data"
    return {"Script": "scripts", "Stylesheet": "styles", "Font": "fonts", "Document": "document"}.get(type_, "other")


def _first_visit(browser: Browser, ours: servers.Server, runs: int) -> None:
    painted, sums = [], []
    for _ in range(runs):
        page, loaded = _visit(browser, ours.cookie)
        page.goto(f"{ours.address}/?world=live{CAMERA}")
        until(page, IDLE)
        painted.append(page.evaluate(SINCE_LOAD))
        sums.append(dict(loaded))
        page.context.close()
    sorts = sorted({k for s in sums for k in s})
    rows = [(name, statistics.median(s.get(name, 0) for s in sums) / 1000) for name in sorts]
    rows.append(("in all", statistics.median(sum(s.values()) for s in sums) / 1000))
    show(["first visit", "kB over the wire"], rows, title=f"First visit with nothing kept, median of {runs}")
    page_alone = statistics.median(sum(v for k, v in s.items() if k not in ("basemap", "data")) for s in sums) / 1000
    print(f"\nthe page itself, without basemap and data: {page_alone:.0f} kB; the map stands after {statistics.median(painted):.1f} s (each: "
          + ", ".join(f"{s:.1f}" for s in painted) + ")")


def _filters(browser: Browser, ours: servers.Server, runs: int) -> None:
    page, _ = _visit(browser, ours.cookie)
    page.goto(f"{ours.address}/?world=live{CAMERA}")
    until(page, IDLE)
    rows = []
    for name, (change, back) in CHANGES.items():
        first, again = [], []
        for number in range(runs):
            there, and_back = _changed(page, change), _changed(page, back)
            first.append(there)
            if number:
                again += [there, and_back]
        rows.append((name, 1000 * first[0], 1000 * statistics.median(again or first)))
    show(["filter changed", "the first time ms", "again ms"], rows, title="From the choice to the map drawn whole")
    page.context.close()


def _changed(page: Page, change: dict) -> float:
    seconds = page.evaluate(CHANGED, {k: v for k, v in change.items()})
    until(page, IDLE)
    time.sleep(0.3)
    return seconds


def _plotly(browser: Browser, cluster, asked) -> None:
    """The newest places and the seizures' points as one plotly figure: what one has without tiles."""
    with psycopg.connect(cluster.owner_url.replace("+psycopg", "")) as connection:
        places = connection.execute("SELECT ST_X(geom), ST_Y(geom) FROM vigia.latest_fix").fetchall()
        seizures = connection.execute("SELECT ST_X(geom), ST_Y(geom) FROM vigia.seizure WHERE geom IS NOT NULL").fetchall()
    figure = go.Figure([go.Scattergl(x=[p[0] for p in some], y=[p[1] for p in some], mode="markers", marker={"size": 3}, name=name)
                        for name, some in (("newest places", places), ("seizures", seizures))])
    path = asked.home / "plotly.html"
    path.write_text(figure.to_html(include_plotlyjs=True, full_html=True, post_script="window.drawn = performance.now() / 1000;"))
    page = browser.new_context(viewport=SIZE).new_page()
    page.set_default_timeout(120_000)
    page.goto(path.as_uri())
    until(page, "window.drawn")
    print(f"\npeer: a plotly page of {len(places):,} newest places and {len(seizures):,} seizures, no ground, no tracks: {path.stat().st_size / 1e6:.1f} MB, "
          f"drawn after {page.evaluate('window.drawn'):.1f} s")
    page.context.close()
    path.unlink()


