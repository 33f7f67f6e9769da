"""Doors to the database: an async one for serving (the role that owns nothing), a plain one for imports (the owner).

A query function takes the session first: an AsyncConnection inside a read-only transaction that began as the visitor at hand
(data/visitor.py), and sees what that one may see.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from data.visitor import at_hand
from errors import DatabaseUnreachable, SignedOut
from settings import database as database_settings

log = logging.getLogger("vigia.data")

BEGIN = text("SELECT access.begin(:token)")
NO_SESSION = "28000"
UNASKED_S = 5.0  # a connection that rested longer is asked whether its server still stands


class Database:
    """A pool of serving connections. Open in the lifespan, closed with it."""

    def __init__(self, app_url: str):
        settings = database_settings()
        self.engine: AsyncEngine = create_async_engine(
            app_url,
            pool_size=settings.vigia_pool_size,
            max_overflow=4,
            pool_timeout=5,
            connect_args={
                "connect_timeout": 5,
                "options": f"-c statement_timeout={settings.vigia_statement_timeout_ms} -c search_path=vigia,public "
                           "-c timezone=UTC -c jit=off -c lock_timeout=2000 -c max_parallel_workers_per_gather=0 "
                           "-c default_transaction_read_only=on",
            },
        )
        event.listen(self.engine.sync_engine, "checkin", _rests)
        event.listen(self.engine.sync_engine, "checkout", _stands)
        event.listen(self.engine.sync_engine, "handle_error", _left)

    @asynccontextmanager
    async def asking(self, *, write: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that is nobody's: no governed row is seen in it. For signing in, for the record, for health."""
        async with self._connection() as connection:
            if write:
                await connection.execute(text("SET TRANSACTION READ WRITE"))
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read-only transaction of the visitor at hand. Raises DatabaseUnreachable when no server answers, SignedOut."""
        async with self._connection() as connection:
            await self._begin(connection)
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """As `reading`; all that is asked in it is answered of one moment."""
        async with self._connection() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            await self._begin(connection)
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may store what is derived (runs and their cells)."""
        async with self._connection() as connection:
            await connection.execute(text("SET TRANSACTION READ WRITE"))
            await self._begin(connection)
            yield connection

    async def _begin(self, connection: AsyncConnection) -> None:
        if (visitor := at_hand()) is not None:
            await connection.execute(BEGIN, {"token": visitor.token})

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self.engine.begin() as connection:
                yield connection
        except PoolTimeout as error:
            raise DatabaseUnreachable("the database is busy: every connection is in use; try again in a moment") from error
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == NO_SESSION:
                raise SignedOut("signed out, or the session has ended; sign in again") from None
            # Why stands in the log: it names folders and hosts, and this goes to whoever asks.
            log.error("the database does not answer: %s", _first_line(error))
            raise DatabaseUnreachable("the database does not answer; try again in a moment") from error

    async def close(self) -> None:
        await self.engine.dispose()


def _rests(_, record) -> None:
    record.info["rests_since"] = time.monotonic()


def _stands(dbapi_connection, record, _) -> None:
    """Ask as `pool_pre_ping` does, but not at every turn: for a tile the question takes a tenth of the whole answer."""
    if time.monotonic() - record.info.get("rests_since", time.monotonic()) < UNASKED_S:
        return
    try:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        dbapi_connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError() from error


def _left(context) -> None:
    """Whoever read went in the middle: their connection is thrown away, and a cursor that reads in parts has to be closed first."""
    if context.is_disconnect and not isinstance(context.original_exception, Exception) and getattr(getattr(context.execution_context, "cursor", None), "server_side", False):
        context.execution_context.cursor.close()


@contextmanager
def owner_connection(owner_url: str) -> Iterator[psycopg.Connection]:
    """A plain psycopg connection of the owner, for imports and COPY; the caller commits. Times are UTC."""
    url = make_url(owner_url).set(drivername="postgresql")
    try:
        connection = psycopg.connect(
            url.render_as_string(hide_password=False), connect_timeout=5,
            options="-c search_path=vigia,public -c timezone=UTC -c jit=off",
        )
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    try:
        yield connection
    finally:
        connection.close()


def unreachable(error: Exception) -> DatabaseUnreachable:
    """What a person can act on when the owner's connection fails."""
    act = "; correct DATABASE_URL, or start that server" if database_settings().database_url else ""
    return DatabaseUnreachable(f"the database does not answer: {_first_line(error)}{act}")


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(cause).strip().splitlines()[0][:200] if str(cause).strip() else type(cause).__name__
