"""A page as PDF, by WeasyPrint in a process of its own (exports/printer.py): it can be ended, takes its memory with it, and a library that falls takes nothing else along."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from errors import LibraryMissing, WorkerFailed, plain
from exports.printer import MISSING

SECONDS = 120
MEMORY_MB = 2_000
PROGRAM = Path(__file__).with_name("printer.py")
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "DYLD_FALLBACK_LIBRARY_PATH": "/opt/homebrew/lib:/usr/local/lib"}  # where macOS has what brew brings
# What it finds of fonts it writes down in a folder of its own: cut off by its limits, it would leave everybody on the machine a list of none.
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig><cachedir>{folder}</cachedir>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><include ignore_missing="yes">/opt/homebrew/etc/fonts/fonts.conf</include><include ignore_missing="yes">/usr/local/etc/fonts/fonts.conf</include></fontconfig>"""
HTML_GOES = "the same page as .html needs no printing"
ABSENT = ("a PDF is made with Pango, which this machine lacks; on Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0, on Fedora: dnf install pango, "
          f"on macOS: brew install pango; {HTML_GOES}")


def pdf(page: bytes) -> bytes:
    """A page of ours (exports/report.py) as PDF, its figures the SVG that stands in it. Raises LibraryMissing, WorkerFailed."""
    # Isolated (-I): else this folder would stand before Python's own, and its csv.py for the standard one.
    command = [sys.executable, "-IB", "-X", "utf8", str(PROGRAM), str(MEMORY_MB)]
    with tempfile.TemporaryDirectory(prefix="vigia-print-") as folder:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS.format(folder=folder))
        try:
            done = subprocess.run(command, input=page, capture_output=True, timeout=SECONDS, cwd=folder, env=ENVIRONMENT | {"FONTCONFIG_FILE": str(fonts)}, check=False)
        except subprocess.TimeoutExpired:
            raise WorkerFailed(f"the page took more than {SECONDS} s to print; {HTML_GOES}") from None
    if done.returncode == MISSING:
        raise LibraryMissing(ABSENT)
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise WorkerFailed(f"the page could not be printed with {MEMORY_MB:,} MB of memory ({plain(said[-1][:200]) if said else f'it ended with {done.returncode}'}); {HTML_GOES}")
    return done.stdout
