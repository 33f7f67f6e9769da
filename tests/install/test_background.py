"""The worker beside the server: begun again when it dies, and gone when we are."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from install.background import Worker

WAIT_S = 300
READS = (sys.executable, "-c", "import sys; sys.stdin.read()")
STUBBORN = (sys.executable, "-c", "import time; time.sleep(600)")


def wait_for(what) -> None:
    until = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_one_that_dies_is_begun_again_and_ends_with_us(capfd):
    worker = Worker(READS, after_s=0, pause_s=0.01)
    worker.start()
    wait_for(lambda: worker.pid)
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: worker.pid not in (None, first))
    second = worker.pid
    worker.end()
    assert not alive(first) and not alive(second) and worker.pid is None
    assert "ended with -9; it starts again" in capfd.readouterr().err


def test_one_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr("install.background.END_S", 0.2)
    worker = Worker(STUBBORN, after_s=0)
    worker.start()
    wait_for(lambda: worker.pid)
    pid = worker.pid
    worker.end()
    assert not alive(pid)


def test_one_that_was_not_begun_yet_is_never_begun():
    worker = Worker(READS, after_s=60)
    worker.start()
    worker.end()
    assert worker.pid is None
    Worker(READS).end()  # nor one that nobody started
