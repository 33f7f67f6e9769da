"""The process that works the queue off: `python -m jobs.worker`, which `./vigia up` starts and ends; `./vigia jobs run` is the same by hand."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

from jobs import queue
from settings import keeping

GRACE_S = 2.0  # for a job to end; one that takes longer is cut off, and the next worker begins it again


async def work(owner_url: str, *, until_done: bool = False) -> None:
    """Work until SIGINT or SIGTERM; with `until_done` until the queue is empty."""
    app = queue.queue(owner_url)
    async with app.open_async():
        await queue.take_up(app)
        if not until_done:
            for task in ("hourly", "uploads"):  # a machine that never runs at the full hour is not forgotten
                await queue.put(app.tasks[task])
        while True:
            await app.run_worker_async(
                wait=not until_done, concurrency=2, delete_jobs="successful", shutdown_graceful_timeout=None if until_done else GRACE_S,
                update_heartbeat_interval=keeping().heartbeat_s, stalled_worker_timeout=queue.SILENT_FOR * keeping().heartbeat_s)
            # A job that came while another held its lock was passed by, and the worker ended with the other.
            if not until_done or not await queue.left(app):
                return


def main() -> int:
    """As a child: also ends when whoever started it is gone, which is told by the end of its standard input."""
    from data import addresses
    from errors import VigiaError, plain

    logging.basicConfig(level=logging.WARNING, format="vigia: %(message)s")
    os.nice(10)  # who looks at the map comes first
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        asyncio.run(work(addresses.owner_url()))
    except VigiaError as error:
        print(f"vigia: {plain(error)}", file=sys.stderr)
        return 1
    os._exit(0)  # a job that was cut off in its thread would be waited for; the database undoes it


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
