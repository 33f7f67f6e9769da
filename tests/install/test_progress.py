"""Progress as a person sees it on a terminal, and as a log holds it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from install.progress import short

ROOT = Path(__file__).resolve().parents[2]
STEPS = """
import time
from install.progress import shown
with shown() as progress:
    progress("Basemap", 1, 1)
    for i, at in enumerate(["roads", "sea", "files", "loading"]):
        progress(f"Exercise: {at}", i, 4)
    progress("Exercise: loading", 4, 4)
    progress("Image, a-very-long-name-of-a-picture-taken-from-a-drone-near-the-border_20261124T122600Z.tif", 1, 1)
    progress("AIS, \\x1b[31mred\\n.nmea", 1, 1)
    progress("Seizures, x.csv", 5, None)
    time.sleep(0.3)  # a few pictures of one that nobody knows the end of
"""


def on_a_terminal(columns: int) -> list[str]:
    """The last picture of the bars, a string a line."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", STEPS], cwd=ROOT, stderr=theirs, stdout=theirs, stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "30"})
    os.close(theirs)
    told = b""
    while True:
        try:
            block = os.read(ours, 65_536)
        except OSError:  # the terminal's other end is closed
            break
        if not block:
            break
        told += block
    os.close(ours)
    assert child.wait() == 0, told
    assert b"\x1b[31mred" not in told
    last = told.decode().split("\x1b[2K")  # each picture is drawn over the one before
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in last[-1].splitlines() if "%" in line]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_step_is_one_bar_that_ends(columns):
    lines = on_a_terminal(columns)
    assert [line.split(" ")[0] for line in lines] == ["Basemap", "Exercise", "Image,", "AIS,", "Seizures,"]
    assert all("100 %" in line and len(line) <= columns for line in lines), lines
    assert r"\x1b[31mred\n.nmea" in lines[3]
    assert "_20261124T122600Z.tif" in lines[2] if columns == 120 else "…" in lines[2]


def test_a_log_gets_few_lines():
    done = subprocess.run([sys.executable, "-c", STEPS], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert [line.split(" in ")[0] for line in lines if "Exercise" in line] == ["vigia: Exercise: roads 0 %", "vigia: Exercise 100 %"]
    assert len(lines) == 6 and all(line.startswith("vigia: ") for line in lines) and "\x1b" not in done.stderr


def test_words_that_do_not_fit_keep_their_ends():
    assert short("Image, strip.tif", 60) == "Image, strip.tif"
    cut = short("Image, " + "x" * 80 + "_2026.tif", 30)
    assert len(cut) == 30 and cut.startswith("Image, ") and cut.endswith("_2026.tif") and "…" in cut
