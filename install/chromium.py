"""The browser of the tests: Debian's Chromium."""

from __future__ import annotations

import shutil

from install import system

FLAGS = [
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--no-first-run",
]


def path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def ensure() -> None:
    if path() is None:
        system.apt(["chromium"], "Chromium")
