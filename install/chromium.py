"""The browser of the tests: the distribution's Chromium."""

from __future__ import annotations

import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from errors import ProgramMissing
from install import system

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--no-first-run",
]


def path() -> str | None:
    """The browser's program, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def ensure() -> str:
    """The browser's program, installed when missing, and what drives it. Raises ProgramMissing, SetupFailed."""
    missing = [] if path() else ["chromium"]
    if not _driver_runs():
        missing.append("libatomic1")  # which a small Debian lacks, and Playwright's own node is linked to
    if missing:
        system.install("Chromium", lambda: missing)
    if (found := path()) is None:
        raise ProgramMissing(system.by_hand("Chromium"))
    return found


def _driver_runs() -> bool:
    found = find_spec("playwright")
    if found is None or found.origin is None:
        return True  # not installed: not ours to judge
    driver = Path(found.origin).parent / "driver" / "node"
    return not driver.exists() or subprocess.run([driver, "--version"], capture_output=True, check=False).returncode == 0


def until(page, expression: str, timeout: float = 120_000, arg: object = None) -> None:
    """Wait until an expression is true in a page. Playwright's own waiting evaluates a text inside the page, which our policy forbids.

    What can't be evaluated, as parts of it are not there yet or another page is on its way, is not true yet. `page` is a Playwright page,
    `timeout` in milliseconds. Raises AssertionError that says what never became true.
    """
    from playwright.sync_api import Error

    end = time.monotonic() + timeout / 1000
    while True:
        wrong = None
        try:
            if page.evaluate(expression, arg):
                return
        except Error as error:
            if page.is_closed() or "SyntaxError" in error.message:
                raise
            wrong = error
        if time.monotonic() > end:
            raise AssertionError(f"never true within {timeout / 1000:.0f} s: {expression[:300]}{f' ({wrong.message[:200]})' if wrong else ''}") from wrong
        page.wait_for_timeout(50)
