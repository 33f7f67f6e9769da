"""Steps in a process of their own: results, progress and errors come back, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from errors import SetupFailed
from install import aside

STEPS = "tests.install.steps"


def quiet(*_: object) -> None:
    pass


def test_result_and_progress_come_back():
    told = []
    assert aside.run(f"{STEPS}:double", lambda *t: told.append(t), n=21) == 42
    assert told == [("doubling", 0, 1), ("doubling", 1, 1)]


def test_it_is_another_process():
    assert aside.run(f"{STEPS}:pid", quiet) != os.getpid()


def test_what_a_person_can_act_on_stays_one_line():
    with pytest.raises(SetupFailed, match="^9 MB free, 500 MB are needed$"):
        aside.run(f"{STEPS}:refuse", quiet)


def test_a_fault_of_ours_keeps_its_traceback(capfd):
    with pytest.raises(SetupFailed, match="ZeroDivisionError: a fault of ours"):
        aside.run(f"{STEPS}:fail", quiet)
    assert "Traceback" in capfd.readouterr().err


def test_a_death_is_told_with_its_code():
    with pytest.raises(SetupFailed, match=r"died \(tests.install.steps:die, code 11\)"):
        aside.run(f"{STEPS}:die", quiet)


def test_stopped_it_takes_its_own_children_with_it():
    told: list[int] = []

    def stop(step: str, done: float, total: float | None) -> None:
        told.extend(int(n) for n in step.split())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aside.run(f"{STEPS}:hang", stop)
    until = time.monotonic() + 120
    while any(_runs(pid) for pid in told) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(told) == 2 and not any(_runs(pid) for pid in told)


def test_ctrl_c_is_heard_here_and_not_there():
    """On a terminal it reaches both, and there it would be a traceback."""
    assert aside.run(f"{STEPS}:deaf", quiet) is True
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def _runs(pid: int) -> bool:
    """True for a process that is more than a zombie nobody has fetched."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
