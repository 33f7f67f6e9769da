"""Heavy set-up in a process of its own: what it takes of memory is given back before the first page is served."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection

from errors import SetupFailed, VigiaError

END_S = 5


def run(where: str, progress: Callable[[str, float, float | None], None], **arguments: object) -> object:
    """Run `module:function` aside, with `arguments` and a `progress` that ends up in ours; gives its result.

    Raises SetupFailed with what a VigiaError said there, or when the process died. Stopped, it takes all its own with it.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, where, arguments))
    # Ctrl-C is ours to handle: it reaches everybody on the terminal, and this one before it has a session of its own.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    try:
        while True:
            try:
                kind, told = ours.recv()
            except EOFError:
                process.join()
                raise SetupFailed(
                    f"a step of the set-up died ({where}, code {process.exitcode}); run the same command again"
                ) from None
            if kind == "progress":
                progress(*told)
            elif kind == "done":
                return told
            else:
                raise SetupFailed(told)
    finally:
        ours.close()
        _end(process)


def _end(process) -> None:
    """End the process and whatever it started, at once: the database undoes what was not committed."""
    with suppress(ProcessLookupError, PermissionError):  # done, or so young that it has no session yet
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(END_S)
    process.close()


def _work(connection: Connection, where: str, arguments: dict) -> None:
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # for those who write the code, and tests make errors of them
    os.setsid()  # Ctrl-C is for the command to handle, which then ends this whole session
    module, _, name = where.partition(":")
    try:
        result = getattr(import_module(module), name)(**arguments, progress=lambda *told: connection.send(("progress", told)))
    except VigiaError as error:
        connection.send(("refused", str(error)))
    except BrokenPipeError:
        pass  # nobody waits any more
    except Exception as error:
        traceback.print_exc()
        connection.send(("failed", f"a step of the set-up failed: {type(error).__name__}: {error}"))
    else:
        connection.send(("done", result))
    connection.close()
