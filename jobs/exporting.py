"""Makes the files that wait, one after the other, each by a command in a process of its own: its memory goes with it, and it can be ended in the middle of anything."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import orjson

from data import export_jobs
from data.sessions import owner_connection
from settings import ROOT
from settings import exports as settings

log = logging.getLogger("vigia.jobs")

PROGRAM = "commands.making_export"
EVERY_S = 0.5
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "VIGIA_STATEMENT_TIMEOUT_MS": "300000"}  # nobody waits for an answer: a question may take longer than one that a request asks
FAILED = "the server failed at it; its log says why"


def run(owner_url: str, app_url: str, go_on: Callable[[], bool] = lambda: True) -> int:
    """Make all that wait; how many. One at a time: whoever runs this holds the lock of the queue."""
    made = 0
    with owner_connection(owner_url) as connection:
        connection.autocommit = True
        export_jobs.again(connection)
        while go_on() and (asked := export_jobs.next_one(connection)) is not None:
            if not asked["may"]:
                export_jobs.failed(connection, asked["id"], export_jobs.GONE)
            elif not _made(connection, owner_url, app_url, asked["id"], go_on):
                break
            made += 1
    return made


def _made(connection, owner_url: str, app_url: str, id: str, go_on: Callable[[], bool]) -> bool:
    """Have one made; False when we are told to end: it waits for the next worker."""
    process = subprocess.Popen([sys.executable, "-m", PROGRAM, id], cwd=ROOT, env=os.environ | ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)
    told: bytes | None = orjson.dumps([owner_url, app_url])  # by its standard input: addresses have passwords, and arguments are seen by everybody on the machine
    left = settings().export_minutes * 60
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                _, said = process.communicate(told, timeout=EVERY_S)
                break
            told = None
            left -= EVERY_S
            if not go_on():
                connection.execute("UPDATE access.export_job SET state = 'waiting', tries = tries - 1 WHERE id = %s AND state IN ('reading', 'writing')", (id,))
                return False
            if left <= 0:
                export_jobs.failed(connection, id, f"it took longer than {settings().export_minutes:g} minutes; narrow the filter")
                return True
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        log.error("export ended with %s: %s", process.returncode, said.decode("utf-8", "replace")[-2000:])
        export_jobs.failed(connection, id, FAILED)  # unless it said why itself
    return True


def tidy(owner_url: str) -> bool:
    """Erase what has expired; whether something waits to be made."""
    with owner_connection(owner_url) as connection:
        gone = export_jobs.tidy(connection)
        waits = export_jobs.waits(connection)
        connection.commit()
    if gone:
        log.info("exports: %s expired files erased", gone)
    return waits
