"""The door, in a folder of its own with a stand-in for the installer: when it sets up, and when it only runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands in for install/packages.py: makes an environment without pip and notes that it was called.
INSTALLER = """\
import pathlib, subprocess, sys
venv, lists = pathlib.Path(sys.argv[1]), sys.argv[2:sys.argv.index("--")]
with open(venv.parent / "installed", "a") as told:
    told.write(" ".join([*lists, *sys.argv[sys.argv.index("--"):]]) + "\\n")
if (venv.parent / "broken").exists():
    sys.exit("vigia: the packages could not be installed")
if not (venv / "bin").exists():
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
for name in lists:
    (venv / name).write_text("# Python %d.%d\\n" % sys.version_info[:2] + (venv.parent / name).read_text())
"""


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A folder with a space in its name that holds the door."""
    here = tmp_path / "a check out"
    (here / "install").mkdir(parents=True)
    (here / "vigia").write_bytes((ROOT / "vigia").read_bytes())
    (here / "vigia").chmod(0o755)
    (here / "install" / "packages.py").write_text(INSTALLER)
    (here / "cli.py").write_text("import sys\nprint(*sys.argv[1:], sep='|')\nsys.exit(7)\n")
    for name in ("requirements.txt", "requirements-test.txt", "requirements-bench.txt"):
        (here / name).write_text("one==1\n")
    return here


def run(checkout: Path, *words: str, path: str | None = None, cwd: str = "/") -> subprocess.CompletedProcess:
    environment = {"PATH": path or f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(checkout)}
    return subprocess.run(
        [checkout / "vigia", *words], capture_output=True, text=True, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
        check=False,
    )


def installs(checkout: Path) -> list[str]:
    told = checkout / "installed"
    return told.read_text().splitlines() if told.exists() else []


def test_it_installs_once_and_then_only_runs(checkout):
    done = run(checkout, "up", "--port", "8 0")
    assert (done.returncode, done.stdout) == (7, "up|--port|8 0\n")
    assert installs(checkout) == ["requirements.txt -- up --port 8 0"]
    done = run(checkout, "doctor")
    assert (done.returncode, done.stdout) == (7, "doctor\n")
    assert len(installs(checkout)) == 1


def test_a_changed_list_is_installed_again(checkout):
    run(checkout, "up")
    (checkout / "requirements.txt").write_text("one==2\n")
    run(checkout, "up")
    assert len(installs(checkout)) == 2


def test_tests_and_benchmarks_need_more(checkout):
    run(checkout, "up")
    run(checkout, "test", "-q")
    run(checkout, "bench", "tiles")
    run(checkout, "test")
    assert installs(checkout)[1:] == [
        "requirements.txt requirements-test.txt -- test -q", "requirements.txt requirements-bench.txt -- bench tiles"]


def test_another_python_is_installed_for(checkout):
    run(checkout, "up")
    stamp = checkout / ".venv" / "requirements.txt"
    stamp.write_text(stamp.read_text().replace("# Python 3.", "# Python 2."))
    run(checkout, "up")
    assert len(installs(checkout)) == 2


def test_what_failed_is_tried_again(checkout):
    (checkout / "broken").touch()
    done = run(checkout, "up")
    assert done.returncode == 1 and done.stdout == "" and done.stderr == "vigia: the packages could not be installed\n"
    (checkout / "broken").unlink()
    assert run(checkout, "up").returncode == 7
    assert len(installs(checkout)) == 2


def test_it_may_be_called_by_a_link_from_anywhere(checkout, tmp_path):
    link = tmp_path / "bin" / "vigia"
    link.parent.mkdir()
    link.symlink_to(checkout / "vigia")
    done = subprocess.run([link, "up"], capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL, check=False,
                          env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(checkout)})
    assert (done.returncode, done.stdout) == (7, "up\n")
    assert (checkout / ".venv").is_dir() and not (tmp_path / "bin" / ".venv").exists()


def _tools(folder: Path, **scripts: str) -> str:
    """A PATH that has the shell's own programs, and a Python only as `scripts` say."""
    folder.mkdir()
    for program in ("sh", "cmp", "cat", "dirname", "readlink"):
        (folder / program).symlink_to(f"/usr/bin/{program}")
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_no_python_is_one_line(checkout, tmp_path):
    done = run(checkout, "up", path=_tools(tmp_path / "none", python3="exit 1"))
    assert done.returncode == 1
    assert done.stderr.startswith("vigia: needs Python 3.11, 3.12 or 3.13; on Debian and Ubuntu run: apt-get install")
    assert done.stderr.count("\n") == 1


def test_a_python_without_venv_is_one_line_with_the_command(checkout, tmp_path):
    # Debian's python3 without python3-venv: in range, but `import ensurepip` fails.
    bare = f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec "{os.path.realpath(sys.executable)}" "$@"'
    done = run(checkout, "up", path=_tools(tmp_path / "bare", python3=bare))
    assert done.returncode == 1
    assert done.stderr == (
        f"vigia: python3 has no venv module; on Debian and Ubuntu run: apt-get install python3.{sys.version_info[1]}-venv\n")


@pytest.mark.parametrize("command", ["test", "bench"])
def test_help_brings_no_more_than_serving_needs(checkout, command):
    run(checkout, command, "--help")
    assert installs(checkout) == [f"requirements.txt -- {command} --help"]
    run(checkout, command, "-q")
    assert installs(checkout)[1:] == [f"requirements.txt requirements-{command}.txt -- {command} -q"]
