"""Displays of the tests: screens that are signed in, alarms that are raised and seen, and letters measured in the picture of a page."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
from PIL import Image as Picture
from playwright.sync_api import Browser, Error, Page

from data import people, screens
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.world import World
from tests.conftest import COOKIE

READY = "document.documentElement.dataset.wall === 'ready'"
SCREEN = {"width": 1920, "height": 1080}
VALLEY, SEA = "world=exercise&camera=8.2/26.2/-97.9", "world=exercise&kind=vessel&layers=movements,events,-seizures,-hotspots,-imagery&camera=8/26/-96.9"


def screen(world: World, name: str, **about) -> tuple[str, int]:
    """The address a new screen is opened with, and its number."""
    items = about.pop("items", None)
    with world.database.connect() as connection:
        token = people.add_screen(connection, name)
        screens.set_by_owner(connection, name, {"world": "exercise", "zones": ["America/Bogota"], "turn_s": 3600, **about}, items)
        (number,) = connection.execute("SELECT id FROM access.screen WHERE name = %s", (name,)).fetchone()
        connection.commit()
    return f"{world.address}/sign-in/screen/{token}", number


@contextmanager
def display(browser: Browser, address: str, size: dict = SCREEN, script: str | None = None, **more) -> Iterator[Page]:
    """A page of a display that opened its address; signed in as nobody else."""
    with watched(browser) as page:
        page.context.clear_cookies()
        if script:
            page.add_init_script(script)
        if more:
            page.emulate_media(**more)
        page.set_viewport_size(size)
        page.goto(address)
        until(page, READY)
        yield page


def anew(page: Page, poke: str = "1") -> None:
    """Wait until the page (marked by `window.__same`) is another one of the same display; `poke` is evaluated meanwhile."""
    end = time.monotonic() + 120
    while True:
        try:
            if page.evaluate(f"({poke}, window.__same === undefined && {READY})"):
                return
        except Error as error:  # asked while it goes
            if "navigation" not in str(error):
                raise
        assert time.monotonic() < end, "it did not begin anew"
        page.wait_for_timeout(50)


def raised(world: World, severity: str = "critical") -> int:
    """An alert of an event of the exercise, told to whoever listens; its number."""
    with world.database.connect() as connection:
        (batch,) = connection.execute("SELECT nextval('vigia.event_told')").fetchone()
        (event,) = connection.execute("UPDATE event SET severity = %s, batch = %s, retracted = false WHERE id = (SELECT max(id) FROM event WHERE world = 1 AND track_id IS NOT NULL) RETURNING id",
                                      (severity, batch)).fetchone()
        (alert,) = connection.execute("INSERT INTO alert (world, event_id) VALUES (1, %s) ON CONFLICT (event_id) DO UPDATE SET state = 'new', raised_at = now(), state_at = now() RETURNING id",
                                      (event,)).fetchone()
        connection.execute("SELECT pg_notify('vigia_live', %s)", (f"e:{batch}",))
        connection.commit()
    return alert


def calm(world: World) -> None:
    """No alert waits, and nobody saw one lately."""
    with world.database.connect() as connection:
        connection.execute("UPDATE alert SET state = 'suppressed', state_at = now()")
        connection.execute("SELECT pg_notify('vigia_live', 'e:' || nextval('vigia.event_told'))")
        connection.commit()


def told(world: World, path: str, **form) -> httpx.Response:
    """A form that whoever keeps screens sends."""
    answer = httpx.post(f"{world.address}{path}", data=form, headers={"Cookie": COOKIE}, timeout=120)
    assert answer.status_code == 200, answer.text[:500]
    return answer


# -- letters in a picture

LETTERS = """() => { const out = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const words = n.textContent;
    if (!words.trim() || !n.parentElement.checkVisibility() || n.parentElement.closest('script, .maplibregl-map')) continue;
    const at = words.search(/[0-9A-HK-Z]/), range = document.createRange();
    const row = { words, at, label: !n.parentElement.closest('#chips'), of: n.parentElement.closest('[id]').id, size: parseFloat(getComputedStyle(n.parentElement).fontSize) };
    if (at >= 0) { range.setStart(n, at); range.setEnd(n, at + 1); const b = range.getBoundingClientRect(); row.box = [b.left, b.top, b.right, b.bottom]; }
    out.push(row);
  } return out; }"""


def letters(page: Page) -> tuple[list[dict], np.ndarray]:
    """Every text beside the map, and a picture in which each stands where it is told to."""
    where = lambda rows: [(r["of"], r.get("box")) for r in rows]  # noqa: E731
    while True:
        rows, shot, after = page.evaluate(LETTERS), picture(page), page.evaluate(LETTERS)
        if where(rows) == where(after):
            return rows, shot


def picture(page: Page) -> np.ndarray:
    """What is on the screen, red green blue, by pixels."""
    return np.asarray(Picture.open(io.BytesIO(page.screenshot())).convert("RGB"), float)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB. ref: WCAG 2.2."""
    c = np.asarray(rgb, float) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ np.array([0.2126, 0.7152, 0.0722])


def measured(shot: np.ndarray, box: list[float]) -> tuple[float, float]:
    """Of one letter in a picture: its height in pixels, and its contrast with what lies round it."""
    left, top, right, bottom = box
    # A letter's box is higher than a chip may be: what is outside of that is no ground of it. Capitals stand well inside.
    edge = 0.12 * (bottom - top)
    lum = luminance(shot[max(0, round(top + edge)):round(bottom - edge), max(0, round(left)):round(right)])
    ground = np.median(lum)
    ink = lum.ravel()[np.argmax(np.abs(lum.ravel() - ground))]
    inked = np.abs(lum - ground) > 0.5 * abs(ink - ground)
    rows = np.flatnonzero(inked.any(1))
    return float(rows[-1] - rows[0] + 1), (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05)
