"""The browser of the tests: the distribution's Chromium."""

from __future__ import annotations

import shutil

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
    """The browser's program, installed when missing. Raises ProgramMissing, SetupFailed."""
    if path() is None:
        system.install("Chromium", lambda: ["chromium"])
    if (found := path()) is None:
        raise ProgramMissing(system.by_hand("Chromium"))
    return found
