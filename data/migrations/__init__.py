"""Migrations: bring a database to today's tables, or say that it is not there yet.

Run as the owner of the address given. What only a superuser may do (the extension, the serving role) is done when it
is missing and we may; else the error carries the statement to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from data.grants import ASKED, SERVED
from data.models import SCHEMA
from data.models.base import ACCESS, AUDIT
from data.sessions import unreachable
from errors import DatabaseUnfit

HERE = Path(__file__).parent
APP_ROLE = "vigia_app"
UPGRADING = 0x76696769  # the advisory lock of an upgrade


def _config(connection: Connection | None = None) -> Config:
    config = Config(stdout=StringIO())  # else Alembic talks on stdout, where a command's own answer goes
    config.set_main_option("script_location", str(HERE))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database to `revision`. Raises DatabaseUnreachable, DatabaseUnfit."""
    with _owner(owner_url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADING})  # several commands begin with this at once
        if revision == "head" and _is_ready(connection):
            return
        _prepare(connection)
        command.upgrade(_config(connection), revision)
        grant(connection)


def _is_ready(connection: Connection) -> bool:
    """Whether there is nothing to do. A grant given anew would wait for, and fail on, an import that makes a partition meanwhile."""
    at = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA}).get_current_revision()
    return at == ScriptDirectory.from_config(_config()).get_current_head() and not connection.scalar(text("""
        SELECT bool_or(NOT has_schema_privilege(r.oid, :schema, 'USAGE')
          OR NOT has_table_privilege(r.oid, format('%I.run_place', :schema), 'INSERT, UPDATE, DELETE')
          OR EXISTS (SELECT FROM unnest(CAST(:served AS text[])) t WHERE NOT has_table_privilege(r.oid, t, 'SELECT'))
          OR EXISTS (SELECT FROM unnest(CAST(:asked AS text[])) f WHERE NOT has_function_privilege(r.oid, f, 'EXECUTE')))
        FROM pg_roles r WHERE r.rolname = :role
    """), {"schema": SCHEMA, "role": APP_ROLE, "served": [f"{SCHEMA}.{table}" for table in SERVED],
           "asked": list(ASKED)})


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Take the database back to `revision`. For tests and for the way back of an upgrade that failed."""
    with _owner(owner_url) as connection:
        command.downgrade(_config(connection), revision)


def differences(owner_url: str) -> str | None:
    """What the models say and the database does not, or None."""
    with _owner(owner_url) as connection:
        try:
            command.check(_config(connection))
        except CommandError as error:
            return str(error)
    return None


def standing(owner_url: str) -> tuple[str | None, str]:
    """The revision the database is at, and the newest there is."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with _owner(owner_url) as connection:
        at = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA}).get_current_revision()
    return at, head


def grant(connection: Connection) -> None:
    """The serving role reads what the policies let it, stores only what is derived, and owns nothing."""
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}):
        return  # an own server where the role is made by its keeper; the doctor says so
    for statement in (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {APP_ROLE}",
        # Table by table: of a partition nothing is granted.
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} REVOKE SELECT ON TABLES FROM {APP_ROLE}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {APP_ROLE}",
        f"GRANT SELECT ON {', '.join(f'{SCHEMA}.{table}' for table in SERVED)} TO {APP_ROLE}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {APP_ROLE}",
        f"GRANT INSERT, UPDATE, DELETE ON {SCHEMA}.run, {SCHEMA}.run_cell, {SCHEMA}.run_place TO {APP_ROLE}",
        f"GRANT USAGE ON SCHEMA {ACCESS}, {AUDIT} TO {APP_ROLE}",
        f"GRANT EXECUTE ON FUNCTION {', '.join(ASKED)} TO {APP_ROLE}",
    ):
        connection.execute(text(statement))


@contextmanager
def _owner(owner_url: str) -> Iterator[Connection]:
    engine = create_engine(owner_url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise unreachable(error) from error
    with connection, connection.begin():
        yield connection


def _prepare(connection: Connection) -> None:
    try:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public"))
    except (ProgrammingError, OperationalError) as error:
        raise DatabaseUnfit(
            "the database has no PostGIS and this user may not add it; as a superuser run: CREATE EXTENSION postgis"
        ) from error
