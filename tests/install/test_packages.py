"""The installer of Python packages, with a stand-in for pip."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from errors import DiskFull, SetupFailed
from install import packages

PIP = """#!/bin/sh
case "$*" in
  *-ISc*) echo {version} ;;
  *--version*) echo pip 26 ;;
  *install*) echo "Collecting one==1"; echo "$@" >> "{told}"; {then} ;;
esac
"""


@pytest.fixture
def venv(tmp_path) -> Path:
    """An environment whose Python is a script."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    return folder


def python(venv: Path, then: str = ":") -> Path:
    told = venv / "told"
    (venv / "bin" / "python").write_text(PIP.format(version="3.12", told=told, then=then))
    (venv / "bin" / "python").chmod(0o755)
    return told


def test_what_is_done_is_noted_last_and_not_done_again(venv, tmp_path):
    told = python(venv)
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("one==1\ntwo[extra]==2 ; python_version < '3.12'\n    # via one\n")
    packages.install(venv, [wanted])
    packages.install(venv, [wanted])
    assert len(told.read_text().splitlines()) == 1
    assert "--index-url" not in told.read_text() and "-r " + str(wanted) in told.read_text()
    assert (venv / "requirements.txt").read_text() == "# Python 3.12\n" + wanted.read_text()


def test_what_failed_is_one_line_and_not_noted(venv, tmp_path):
    python(venv, then='echo "ERROR: Could not find a version"; echo "ERROR: No matching distribution found for one==1"; exit 1')
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("one==1\n")
    with pytest.raises(SetupFailed, match=r"requirements.txt could not be installed: No matching distribution .* one==1 \(see "):
        packages.install(venv, [wanted])
    assert not (venv / "requirements.txt").exists()
    assert "Collecting one==1" in (venv / "pip.log").read_text()


def test_no_room_is_told_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 0))
    with pytest.raises(DiskFull, match="0 MB free .* a first start needs 2500 MB"):
        packages.install(tmp_path / ".venv", [])
    assert not (tmp_path / ".venv").exists()


def test_a_refusal_comes_before_any_package(venv, tmp_path, capsys):
    told = python(venv)
    assert packages.main([str(venv), "requirements.txt", "--", "up", "--host", "0.0.0.0"]) == 1
    assert "vigia: --host 0.0.0.0 is refused" in capsys.readouterr().err
    assert not told.exists()


def test_it_needs_the_standard_library_alone():
    """It runs before anything is installed."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-ISc", f"import sys; sys.path.insert(0, {str(packages.ROOT)!r}); import install.packages"],
        capture_output=True, text=True, check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
