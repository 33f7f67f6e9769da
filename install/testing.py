"""`vigia test`: what the tests need, then all of them."""

from __future__ import annotations

import os
import subprocess
import sys

from install import aside, broker, browser_libraries, chromium, pango, postgis
from install.progress import shown
from settings import ROOT


def run(words: list[str]) -> int:
    """Set up, then run pytest with `words`; its exit code. Its closing line is the last."""
    chromium.ensure()
    broker.ensure()
    postgis.ensure()
    pango.ensure()
    with shown() as progress:
        browser_libraries.ensure(progress, packages=True)
        for line in aside.run("install.prepare:basemap", progress):
            print(f"vigia: {line}", file=sys.stderr)
    # The tests bring a database of their own, and must never meet the user's.
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VIGIA_APP_URL")}
    # All of them are shared out by files, each process with a PostGIS of its own; what a person asks for runs as pytest does.
    together = [] if words else ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile", "--no-loadscope-reorder"]
    pytest = [sys.executable, "-m", "pytest", *together, *words]
    return subprocess.run(pytest, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
