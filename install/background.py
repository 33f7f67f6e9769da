"""What runs beside the server, each a process of its own: begun once pages are answered, begun again with a pause when it dies, ended with us."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from settings import ROOT

JOBS = (sys.executable, "-m", "jobs.worker")
FEEDS = (sys.executable, "-m", "feeds.ear")
AFTER_S = 5.0  # the first page comes first
PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
FEEDS_AFTER_S, FEEDS_PAUSE_S, FEEDS_LONGEST_PAUSE_S = 1.0, 0.5, 10.0  # what is sent to nobody is lost
STEADY_S = 60.0
END_S = 5.0


class Worker:
    """One process at a time, until `end`."""

    def __init__(self, command: tuple[str, ...] = JOBS, what: str = "the worker of background jobs", *, after_s: float = AFTER_S, pause_s: float = PAUSE_S,
                 longest_pause_s: float = LONGEST_PAUSE_S):
        self._command, self._what, self._after_s, self._pause_s, self._longest_pause_s = command, what, after_s, pause_s, longest_pause_s
        self._over, self._lock = threading.Event(), threading.Lock()
        self._process: subprocess.Popen | None = None
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def end(self) -> None:
        """End it, and wait. What it was at is undone by the database when it takes too long."""
        self._over.set()
        with self._lock:
            process = self._process
        if process is not None:
            process.stdin.close()  # it reads it: at its end it ends
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        pause_s = self._pause_s
        self._over.wait(self._after_s)
        while not self._over.is_set():
            began = time.monotonic()
            with self._lock:
                if self._over.is_set():
                    return
                # In a session of its own: Ctrl-C is for us to handle.
                self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
            code = self._process.wait()
            self._process.stdin.close()
            if self._over.is_set():
                return
            pause_s = self._pause_s if time.monotonic() - began > STEADY_S else min(pause_s * 2, self._longest_pause_s)
            print(f"vigia: {self._what} ended with {code}; it starts again in {pause_s:.0f} s", file=sys.stderr, flush=True)
            self._over.wait(pause_s)


@contextmanager
def beside() -> Iterator[list[Worker]]:
    """The worker of jobs and the one that listens to feeds, for as long as the block runs, once each is started."""
    made = [Worker(), Worker(FEEDS, "what listens to feeds", after_s=FEEDS_AFTER_S, pause_s=FEEDS_PAUSE_S, longest_pause_s=FEEDS_LONGEST_PAUSE_S)]
    try:
        yield made
    finally:
        for one in made:
            one.end()
