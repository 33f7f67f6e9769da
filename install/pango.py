"""Pango, which reports as PDF are printed with (exports/printing.py): the system's own, installed when missing. All else works without."""

from __future__ import annotations

import subprocess
import sys

from errors import SetupFailed
from install import system
from settings import store

LIBRARIES = {  # by apt's name the file that is looked for, on Linux and on macOS
    "libpango-1.0-0": ("libpango-1.0.so.0", "libpango-1.0.0.dylib"), "libpangoft2-1.0-0": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.0.dylib"),
    "libharfbuzz-subset0": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib"),
}
# In a process of its own: what is loaded to see whether it is there stays loaded.
LOOK = """
import ctypes, sys
for name in sys.argv[1:]:
    for file in name.split(","):
        try:
            ctypes.CDLL(file)
            break
        except OSError:
            pass
    else:
        print(name)
"""


def missing() -> list[str]:
    """What of it is not there, by apt's names."""
    asked = {",".join(files): package for package, files in LIBRARIES.items()}
    environment = {"DYLD_FALLBACK_LIBRARY_PATH": "/opt/homebrew/lib:/usr/local/lib"}
    told = subprocess.run([sys.executable, "-ISc", LOOK, *asked], capture_output=True, text=True, env=environment, check=False)
    return [asked[line] for line in told.stdout.splitlines()]


def ensure() -> None:
    """Make sure that it is there. Raises ProgramMissing, SetupFailed."""
    if lacking := missing():
        system.install("Pango", lambda: _offered(lacking))


def tried() -> None:
    """As `ensure`, but what can't be installed is told and passed over. Tried once on a machine: a closed network keeps apt waiting at every start."""
    if not (lacking := missing()):
        return
    said, mark = f"Pango is missing ({' '.join(lacking)})", store().home / "pango.tried"
    if not mark.exists():
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        try:
            return system.install("Pango", lambda: _offered(lacking))
        except SetupFailed as error:
            said = str(error)
    print(f"vigia: no report can be had as PDF, all else works: {said}", file=sys.stderr, flush=True)


def _offered(lacking: list[str]) -> list[str]:
    """Without what this system's apt does not know: an older one has no HarfBuzz-Subset, and prints larger files."""
    told = subprocess.run(["apt-cache", "search", "--names-only", f"^({'|'.join(lacking)})$"], capture_output=True, text=True, check=False).stdout.split("\n")
    return [name for name in lacking if any(line.startswith(f"{name} ") for line in told)] or lacking
