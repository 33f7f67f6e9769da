"""Being told to stop: Ctrl-C, SIGTERM and a closed terminal all unwind the same way, so that nothing of ours stays behind."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stopped(BaseException):  # not KeyboardInterrupt, which typer keeps to itself
    """We were told to stop."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it the first signal raises Stopped; later ones only say that it is under way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = False

    def stop(number: int, frame) -> None:
        nonlocal told
        if told:
            print("vigia: stopping, a moment", file=sys.stderr, flush=True)
            return
        told = True
        raise Stopped

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
