"""A small exercise behind a real server, and what every test of the page does with it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Error, Page

from exercise.build import build
from feeds import exercise
from feeds.imports import ImportOptions, import_files
from install.chromium import until
from tests.conftest import ROOT, Serving, TestDatabase, forget_settings, got, serving

IDLE = "window.__vigia && document.documentElement.dataset.map === 'idle' && document.documentElement.dataset.busy === '0'"
T = TypeVar("T")
# The valley the exercise is busiest in.
CAMERA = "#map=8.6/26.15/-97.9"


@dataclass
class World:
    """The server, its database and its folder."""

    server: Serving
    database: TestDatabase
    home: Path

    @property
    def address(self) -> str:
        return self.server.address

    def ask(self, path: str) -> dict:
        return json.loads(got(f"{self.address}/api/{path}"))

    def bring(self, layer: str, path: Path, **told: str) -> None:
        """Import a file into the live world, as `vigia import` does; `told` are its options."""
        with _home(self.home):
            [report] = import_files(layer, [path], ImportOptions(**{"zone": "UTC", **told}), _quiet, owner_url=self.database.owner_url)
        assert report.error is None and report.stored > 0, report


@contextmanager
def small_world(database: TestDatabase, folder: Path) -> Iterator[World]:
    """An exercise of two weeks at an eighth of its size, loaded by the ordinary imports."""
    home = folder / "home"
    build(folder / "exercise", days=14, scale=0.12)
    with _home(home):
        exercise.load(folder / "exercise", _quiet, owner_url=database.owner_url)
        # The map's own ground is built once, at set-up.
        (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
    with serving(database, folder / "server.log", VIGIA_HOME=str(home)) as server:
        yield World(server, database, home)


def look(page: Page, world: World, query: str = "world=exercise", camera: str = CAMERA) -> Page:
    """Open the map and wait until it has painted what it asked for."""
    page.goto(f"{world.address}/?{query}{camera}")
    settled(page)
    return page


def settled(page: Page) -> None:
    until(page, IDLE, timeout=120_000)


def rendered(page: Page, *layers: str) -> list[dict]:
    """The properties of everything of these layers that is on the screen."""
    return page.evaluate(
        "(layers) => { const m = __vigia.view.map; return m.queryRenderedFeatures({ layers: layers.filter((l) => m.getLayer(l)) }).map((f) => f.properties); }",
        list(layers))


def drawn(page: Page, *layers: str) -> list[dict]:
    """The same, once there is something."""
    becomes(page, lambda: bool(rendered(page, *layers)), True)
    return rendered(page, *layers)


def becomes(page: Page, ask: Callable[[], T], wanted: T) -> None:
    """Wait until what is asked is what is wanted; what can't be asked yet is not."""
    end, got = time.monotonic() + 120, None
    while got != wanted or got is None:
        assert time.monotonic() < end, f"{got!r}, expected {wanted!r}"
        page.wait_for_timeout(50)
        try:
            got = ask()
        except Error as error:
            got = error.message


def choices(page: Page) -> dict:
    return page.evaluate("__vigia.choices.get()")


@contextmanager
def _home(home: Path) -> Iterator[None]:
    before = os.environ.get("VIGIA_HOME")
    os.environ["VIGIA_HOME"] = str(home)
    forget_settings()
    try:
        yield
    finally:
        if before is None:
            del os.environ["VIGIA_HOME"]
        else:
            os.environ["VIGIA_HOME"] = before
        forget_settings()


def _quiet(step: str, done: float, total: float | None) -> None:
    """Nobody looks."""
