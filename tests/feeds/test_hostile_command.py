"""What the command line says of files that are none: names, options, what would steer a terminal, and a file that can't be written whole."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from errors import SettingsInvalid
from feeds.imports import ImportOptions, check, summary
from settings import ROOT
from tests.feeds.hostile import HEAD, ROW, MOVED, load, everything, csv


def test_the_command_tells_each_file_and_ends_with_1(environment, tmp_path):
    good, bad = csv(tmp_path / "good.csv"), tmp_path / "bad.csv"
    bad.write_text(f"{HEAD}\n{ROW}\n{ROW.replace(',2,', ',-2,')}\n")

    def vigia(*words: str) -> tuple[int, list[dict]]:
        done = subprocess.run([sys.executable, ROOT / "cli.py", "import", "seizures", "--json", *words], cwd=tmp_path, env=dict(os.environ),
                              capture_output=True, text=True, timeout=300)
        return done.returncode, json.loads(done.stdout)

    code, told = vigia(str(bad), str(good))
    assert code == 1 and [t["stored"] for t in told] == [0, 50]
    assert "bad.csv, line 3: quantity is '-2'" in told[0]["error"] and told[1]["error"] is None
    code, told = vigia(str(bad), "--keep-good")
    assert code == 0 and (told[0]["read"], told[0]["stored"] + told[0]["already"], told[0]["refused"]) == (2, 1, 1)
    assert Path(told[0]["rejects"]).read_text().splitlines() == ["file,line,field,value,expected", 'bad.csv,3,quantity,\'-2,"a number, 0 or more"']


def test_what_a_file_tells_never_steers_a_terminal(environment, tmp_path):
    path = tmp_path / "a\x1b[31m\nb.csv"
    path.write_text(f"{HEAD}\n2026-11-20T10:00:00Z,\x1b]0;owned\x07,1,cocaine,2,kg\n")
    report = load("seizures", environment, path)
    assert r"a\x1b[31m\nb.csv, line 2: lat is " in report.error and "\\x1b]0;owned" in report.error and report.error.isprintable()
    path.write_text(f"{HEAD}\n{ROW}\n")
    assert summary([load("seizures", environment, path)]).isprintable()


@pytest.mark.parametrize(("name", "says"), [
    ("x" * 300 + ".csv", "File name too long"), (os.fsdecode(b"bad\xff.csv"), "a name in UTF-8"), ("folder.csv", "a file, not a folder"),
    ("pipe.csv", "expected a file;"), ("nowhere.csv", "a file that exists"),
])
def test_what_is_no_file_is_said(environment, tmp_path, name, says):
    path = tmp_path / name
    if name == "folder.csv":
        path.mkdir()
    elif name == "pipe.csv":
        os.mkfifo(path)
    elif len(name) < 100 and name != "nowhere.csv":
        path.write_text(f"{HEAD}\n{ROW}\n")
    told = summary([load("seizures", environment, path)])
    assert says in told and told.isprintable()


@pytest.mark.parametrize(("name", "value"), [("date", "yesterday"), ("captured_at", "noon"), ("zone", "Mars/X"), ("kind", "ship")])
def test_an_option_that_cannot_be_is_refused_before_any_file(name, value):
    with pytest.raises(SettingsInvalid, match=value):
        check(ImportOptions(**{name: value}))


def test_a_full_disk_leaves_no_half_of_a_file(environment, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(MOVED + "V-1,vehicle,2026-11-20T10:00:00Z,26.0,-97.5\n" * 3000)
    before = everything(environment)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as on a full disk the write fails
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        with pytest.raises(OSError, match="too large"):
            load("tracks", environment, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert everything(environment) == before
    assert load("tracks", environment, path).read == 3001
