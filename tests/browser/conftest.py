"""A real browser: Chromium, with WebGL drawn by its own software renderer.

    browser   module: one Chromium for a file of tests
    page      function: a new page of 1280 x 800. Its test fails on an error in a script and on any request that leaves
              this machine. `page.told` lists the console's warnings and errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from install import chromium
from tests.browser.world import World, small_world
from tests.conftest import TOKEN, copied


SIGNED_IN = {"name": "vigia", "value": TOKEN, "domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Lax"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Closed with its file: while Playwright's loop runs, no async test can have one.
    program = chromium.path()
    assert program, "no Chromium here; `./vigia test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS, timeout=300_000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def world(cluster, template, tmp_path_factory) -> Iterator[World]:
    with copied(cluster, template) as database, small_world(database, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched(browser) as page:
        yield page


@contextmanager
def watched(browser: Browser, *, sharp: bool = False) -> Iterator[Page]:
    """A page of its own; at the end an error in a script or a request that left this machine is an AssertionError.

    Its maps are drawn with a quarter of the pixels, as on a coarse screen, unless it is `sharp`: a renderer in software takes the time of its pixels.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="UTC", locale="en-GB")
    context.set_default_timeout(120_000)  # a busy machine is no failure
    context.add_cookies([SIGNED_IN])
    if not sharp:
        context.add_init_script("Object.defineProperty(window, 'devicePixelRatio', { get: () => 0.5 })")
    page = context.new_page()
    left: list[str] = []
    errors: list[str] = []
    page.told = []
    context.on("request", lambda request: left.append(request.url) if leaves(request.url) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: page.told.append(message.text) if message.type in ("warning", "error") else None)
    try:
        yield page
    finally:
        context.close()
    assert left == [], f"requests left this machine: {left[:5]}"
    assert errors == [], f"errors in scripts: {errors[:5]}"


def leaves(url: str) -> bool:
    """True when a request to `url` goes to another machine."""
    parts = urlsplit(url)
    if parts.scheme in ("data", "blob", "about", "chrome", "devtools", "file"):
        return False
    if parts.hostname == "localhost":
        return False
    try:
        return not ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True
