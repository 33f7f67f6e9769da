"""Steps of a set-up that do what tests of running them aside need."""

import os
import signal
import subprocess
import time

from errors import DiskFull


def double(n: int, progress) -> int:
    progress("doubling", 0, 1)
    progress("doubling", 1, 1)
    return 2 * n


def refuse(progress) -> None:
    raise DiskFull("9 MB free, 500 MB are needed")


def fail(progress) -> None:
    raise ZeroDivisionError("a fault of ours")


def die(progress) -> None:
    os._exit(11)


def hang(progress) -> None:
    child = subprocess.Popen(["sleep", "600"])
    progress(f"{os.getpid()} {child.pid}", 0, None)
    time.sleep(600)


def pid(progress) -> int:
    return os.getpid()


def deaf(progress) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
