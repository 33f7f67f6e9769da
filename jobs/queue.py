"""The tasks there are. What comes by the clock only looks what is due and puts that in the queue; what does it finds it anew.

The queue's tables are the library's own, in the schema `jobs` (data/migrations/versions/0011_retention.py), of the owner alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from procrastinate import App, JobContext, PsycopgConnector, exceptions
from sqlalchemy import make_url

from settings import keeping

log = logging.getLogger("vigia.jobs")

HOURLY, MINUTELY = "7 * * * *", "* * * * *"
FAILED_KEPT_H = 30 * 24
SILENT_FOR = 3  # heartbeats that did not come: a dead worker
WRITTEN_FOR = "3.10.0"  # the release whose tables are in the database; another needs a migration


def queue(owner_url: str) -> App:
    """The queue of a database, with every task."""
    url = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(
        conninfo=url, min_size=1, max_size=4, kwargs={"options": "-c search_path=jobs,pg_catalog -c timezone=UTC", "connect_timeout": 5}))

    @app.task(name="purge", lock="purge", queueing_lock="purge", pass_context=True)
    async def purge(context: JobContext) -> None:
        """Erase what is past its time; told to stop, after the batch at hand."""
        told = await asyncio.to_thread(_purge, owner_url, lambda: not context.should_abort())
        log.info("retention: %s", told)

    @app.task(name="send", lock="send", queueing_lock="send")
    async def send() -> None:
        """Send alerts to where the keeper said, if anywhere."""
        from jobs import outgoing

        sent, failed = await asyncio.to_thread(outgoing.send, owner_url)
        if failed:
            log.warning("alerts: %s sent, %s not taken; tried again in a minute", sent, failed)

    @app.task(name="bring", lock="bring", queueing_lock="bring", pass_context=True)
    async def bring(context: JobContext) -> None:
        """Import what was sent by the browser; told to stop, after the file at hand."""
        from jobs import bringing

        await asyncio.to_thread(bringing.run, owner_url, lambda: not context.should_abort())

    @app.task(name="analyse", lock="analyse", queueing_lock="analyse", pass_context=True)
    async def analyse(context: JobContext) -> None:
        """Work off the analyses that wait; told to stop, the one at hand waits for the next worker."""
        from data import addresses
        from jobs import analysing

        await asyncio.to_thread(analysing.run, owner_url, addresses.app_url(), lambda: not context.should_abort())

    @app.periodic(cron=HOURLY)
    @app.task(name="uploads", queueing_lock="uploads")
    async def uploads(timestamp: int = 0) -> None:
        """Erase uploads nobody goes on with, and try again what there was no room for."""
        from jobs import bringing

        if await asyncio.to_thread(bringing.tidy, owner_url):
            await put(bring)

    @app.periodic(cron=MINUTELY)
    @app.task(name="outgoing", queueing_lock="outgoing")
    async def outgoing(timestamp: int = 0) -> None:
        """Have sent what waits."""
        if await asyncio.to_thread(_waits, owner_url):
            await put(send)

    @app.periodic(cron=HOURLY)
    @app.task(name="hourly", lock="purge", queueing_lock="hourly")
    async def hourly(timestamp: int = 0) -> None:
        """Take down what time it is, and have done what is due; not while a purge is at it, or what it erases would be found due again."""
        if await asyncio.to_thread(_due, owner_url):
            await put(purge)
        await app.job_manager.delete_old_jobs(nb_hours=FAILED_KEPT_H, include_failed=True)

    @app.periodic(cron=MINUTELY)
    @app.task(name="rescue", queueing_lock="rescue")
    async def rescue(timestamp: int = 0) -> None:
        """Jobs of a worker that died are begun again."""
        await take_up(app)

    return app


async def put(task) -> None:
    """Into the queue, unless it waits there already."""
    try:
        await task.defer_async()
    except exceptions.AlreadyEnqueued:
        pass  # one that waits does what this one would


async def take_up(app: App) -> int:
    """Put what a dead worker was at back into the queue; how many jobs."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_FOR * keeping().heartbeat_s))
    for job in stalled:
        await app.job_manager.retry_job(job)
    return len(stalled)


async def left(app: App) -> bool:
    """Whether a job waits that nobody else's work holds up."""
    held = {job.lock for job in await app.job_manager.list_jobs_async(status="doing") if job.lock}
    return any(job.lock not in held for job in await app.job_manager.list_jobs_async(status="todo"))


def _due(owner_url: str) -> bool:
    """Whether anything is past its time; the clock is looked at each time, so that it is known what it showed."""
    from data import clock, purge
    from data.sessions import owner_connection

    with owner_connection(owner_url) as connection:
        moment = clock.Moment.of(connection)
        try:
            clock.look(connection, moment)
        except clock.ClockRefused as refused:
            if purge.anything(connection, moment.now):
                log.error("retention: %s", refused)
            clock.remember(connection, str(refused))
            return False
        finally:
            connection.commit()
        return purge.anything(connection, moment.now)


def _waits(owner_url: str) -> bool:
    """Whether an alert has to be sent anywhere."""
    from data import outgoing
    from data.sessions import owner_connection

    with owner_connection(owner_url) as connection:
        number = outgoing.queue(connection)
        connection.commit()
    return number > 0


def _purge(owner_url: str, go_on: Callable[[], bool]) -> str:
    from data import clock, purge

    try:
        return str(purge.run(owner_url, go_on=go_on))
    except clock.ClockRefused as refused:
        log.error("retention: %s", refused)
        return "nothing erased"
