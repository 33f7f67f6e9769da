"""A real worker on a real queue: what is due gets done, once, even when whoever was at it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import pytest

from jobs import queue, worker
from tests.conftest import ROOT, TestDatabase
from tests.data.made import seizures

WAIT_S = 600  # it lets others go first (nice)


@pytest.fixture
def due(environment) -> TestDatabase:
    """Eight seizures that came six years ago."""
    with environment.connect() as connection:
        seizures(connection, np.random.default_rng(1), 8, world=0)
        connection.execute("UPDATE seizure SET recorded_at = now() - interval '6 years'")
        connection.commit()
    return environment


@contextmanager
def process(**environment: str) -> Iterator[subprocess.Popen]:
    """The worker as `./vigia up` starts it."""
    made = subprocess.Popen([sys.executable, "-m", "jobs.worker"], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})
    try:
        yield made
    finally:
        made.kill()
        made.wait()
        made.stdin.close()
        made.stderr.close()


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


def one(database: TestDatabase, query: str):
    with database.connect() as connection:
        return connection.execute(query).fetchone()[0]


def test_the_tables_of_the_queue_are_those_of_the_installed_release():
    assert version("procrastinate") == queue.WRITTEN_FOR, "another release may have other tables: write a migration of the schema `jobs` from its own first"


async def test_what_was_put_in_the_queue_is_done(due):
    app = queue.queue(due.owner_url)
    async with app.open_async():
        await queue.put(app.tasks["purge"])
        await queue.put(app.tasks["purge"])  # waits already
        assert one(due, "SELECT count(*) FROM jobs.procrastinate_jobs") == 1
        await queue.put(app.tasks["hourly"])  # looks only when that purge is done, and finds nothing due
    await worker.work(due.owner_url, until_done=True)
    assert one(due, "SELECT count(*) FROM seizure") == 0 and one(due, "SELECT count(*) FROM tombstone") == 8
    await worker.work(due.owner_url, until_done=True)  # what waited for the purge
    assert one(due, "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'purge'") == 0, "what is done is not kept"
    assert one(due, "SELECT count(*) FROM audit.entry WHERE entry::jsonb ->> 'what' = 'erasure'") == 1


async def test_nothing_is_put_in_the_queue_when_nothing_is_due(environment):
    app = queue.queue(environment.owner_url)
    async with app.open_async():
        await app.tasks["hourly"].defer_async()
    await worker.work(environment.owner_url, until_done=True)
    assert one(environment, "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'purge'") == 0 == one(environment, "SELECT count(*) FROM tombstone")
    assert one(environment, "SELECT count(*) FROM retention_clock") == 1, "but the clock was looked at"


async def test_a_clock_that_is_not_believed_is_said_and_the_job_ends(due, caplog):
    with due.connect() as connection:
        connection.execute("INSERT INTO retention_clock (seen_at) VALUES (now() - interval '9 days')")
        connection.execute("TRUNCATE audit.entry, audit.node, audit.head")
        connection.commit()
    app = queue.queue(due.owner_url)
    async with app.open_async():
        await app.tasks["hourly"].defer_async()
    await worker.work(due.owner_url, until_done=True)
    assert one(due, "SELECT count(*) FROM seizure") == 8 and "9.0 d" in one(due, "SELECT refused FROM retention_clock")
    assert any("nothing is erased" in r.message for r in caplog.records)


def test_a_worker_finds_what_is_due_by_itself_and_ends_with_who_started_it(due):
    with process() as made:
        wait_for(lambda: one(due, "SELECT count(*) FROM tombstone") == 8)
        made.stdin.close()
        assert made.wait(WAIT_S) == 0
    assert one(due, "SELECT count(*) FROM seizure") == 0


def test_a_job_of_a_killed_worker_is_done_once_by_the_next(due):
    with due.connect() as blocking:
        blocking.execute("LOCK TABLE tombstone IN ACCESS EXCLUSIVE MODE")
        with process(VIGIA_HEARTBEAT_S="0.3") as made:
            wait_for(lambda: one(due, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1)
            made.send_signal(signal.SIGKILL)
            made.wait()
        assert one(due, "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'doing' AND task_name = 'purge'") == 1
        blocking.rollback()
    assert one(due, "SELECT count(*) FROM seizure") == 8, "half of it is nothing of it"
    wait_for(lambda: one(due, "SELECT bool_and(last_heartbeat < now() - interval '1 second') FROM jobs.procrastinate_workers"))
    with process(VIGIA_HEARTBEAT_S="0.3"):
        wait_for(lambda: one(due, "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'purge'") == 0)
        wait_for(lambda: one(due, "SELECT count(*) FROM tombstone") == 8)
    assert one(due, "SELECT count(DISTINCT record_id) FROM tombstone") == 8 and one(due, "SELECT count(*) FROM seizure") == 0
    assert one(due, "SELECT count(*) FROM audit.entry WHERE entry::jsonb ->> 'what' = 'erasure'") == 1
