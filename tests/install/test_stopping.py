"""Told to stop: the server and its own database are gone, whenever and however it is told."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from data import cluster
from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]

# The real command on a real cluster; only what it would fetch and build is left out, and the page is a small one.
UP = """\
import sys
sys.argv[0] = "vigia"
from install import serve, up
serve.APP = "tests.install.stand_in:app"
up.prepare_machine = lambda **_: None
up.prepare_data = lambda *_, **__: {step}
up.way_in = lambda *_, **__: None
import cli
sys.exit(cli.main())
"""


def said(told: Path) -> str:
    """What it said after it made the database, which only a first start does."""
    return re.sub(r"^vigia: Database .*\n", "", told.read_text(), flags=re.M)


@pytest.fixture
def home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vigia-up-"))
    folder.chmod(0o755)
    yield folder
    if found := cluster.find(folder):
        cluster.stop(found)
    shutil.rmtree(folder)


@pytest.fixture
def up(home, tmp_path):
    """`up(port, step)` runs the command; the process and the file its stderr goes to."""
    running: list[subprocess.Popen] = []

    def start(port: int, step: str = "None") -> tuple[subprocess.Popen, Path]:
        told = tmp_path / f"told-{len(running)}"
        clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VIGIA_APP_URL")}
        with open(told, "w") as handle:
            process = subprocess.Popen(
                [sys.executable, "-c", UP.format(step=step), "up", "--port", str(port), "--no-open"], cwd=ROOT,
                stdout=subprocess.PIPE, stderr=handle, stdin=subprocess.DEVNULL, text=True,
                env={**clean, "VIGIA_HOME": str(home)},
            )
        running.append(process)
        return process, told

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("told_by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_server_stops_with_its_database(up, home, told_by):
    port = free_port()
    process, told = up(port)
    line = process.stdout.readline()
    assert f"http://127.0.0.1:{port}/" in line, told.read_text()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as answer:
        assert answer.read() == b"here"
    assert cluster.find(home) is not None
    process.send_signal(told_by)
    assert process.wait(300) == 0
    assert said(told) == "vigia: stopped\n"
    assert cluster.find(home) is None


def test_a_stop_during_the_set_up_leaves_nothing(up, home):
    process, told = up(free_port(), step="(print('setting up', flush=True), __import__('time').sleep(600))")
    assert process.stdout.readline() == "setting up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 130
    assert said(told) == "vigia: stopped\n"
    assert cluster.find(home) is None


def test_a_stop_while_the_database_starts_leaves_nothing(up, home):
    process, told = up(free_port())
    while not (home / "postgres" / "data.part").exists() and not (home / "postgres" / "data").exists():
        assert process.poll() is None, told.read_text()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
    assert cluster.find(home) is None
    # The next start makes it whole.
    process, told = up(port := free_port())
    assert f":{port}/" in process.stdout.readline(), told.read_text()
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 0


def test_two_servers_share_one_database_and_the_last_one_stops_it(up, home):
    first, _ = up(free_port())
    first.stdout.readline()
    second, told = up(free_port())
    assert "Vigia is at" in second.stdout.readline(), told.read_text()
    first.send_signal(signal.SIGINT)
    assert first.wait(300) == 0
    assert cluster.find(home) is not None
    second.send_signal(signal.SIGINT)
    assert second.wait(300) == 0
    assert cluster.find(home) is None


def test_ctrl_c_while_the_command_loads_shows_no_traceback(tmp_path):
    """As a terminal does it: everybody of the command gets it, whatever it is at."""
    for after_s in (0.0, 0.15, 0.45):
        process = subprocess.Popen([sys.executable, "cli.py", "up", "--port", "1", "--no-open"], cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   env={**os.environ, "VIGIA_HOME": str(tmp_path / "home")})
        while process.poll() is None and "/site-packages/" not in Path(f"/proc/{process.pid}/maps").read_text():
            time.sleep(0.005)  # it is Python that starts, not yet our command
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate(timeout=300)
        assert "Traceback" not in told and "KeyboardInterrupt" not in told
