"""Which database: an own server's by DATABASE_URL, else the private cluster's."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import errors, sql
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from data import cluster
from data.sessions import owner_connection
from errors import DatabaseUnfit, DatabaseUnreachable, SettingsInvalid
from settings import database as database_settings
from settings import store

_open: cluster.Cluster | None = None


def normalised(told: str) -> URL:
    """An own server's address for psycopg 3. Raises SettingsInvalid that says what is wrong with it."""
    try:
        url = make_url(told.strip())
    except (ArgumentError, ValueError):
        raise SettingsInvalid(
            "DATABASE_URL is no address; expected postgresql://user:password@host:5432/database"
        ) from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise SettingsInvalid(f"DATABASE_URL starts with {url.drivername}://, expected postgresql://")
    if not url.database:
        raise SettingsInvalid("DATABASE_URL names no database; expected postgresql://user:password@host:5432/database")
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def opened() -> Iterator[tuple[str, str]]:
    """The owner's and the serving role's address, with the private cluster running meanwhile if it is that one."""
    global _open
    if own := database_settings().database_url:
        url = normalised(own)
        yield _text(url), _text(serving(url))
        return
    with cluster.running(store().home) as running:
        _open = running
        try:
            yield running.owner_url, running.app_url
        finally:
            _open = None


def app_url() -> str:
    """The serving role's address, for a server process: the cluster is running by then."""
    if told := os.environ.get("VIGIA_APP_URL"):
        return told
    if own := database_settings().database_url:
        return _text(serving(normalised(own)))
    if _open is None:
        raise DatabaseUnreachable("the private database is not running; start with `./vigia up`")
    return _open.app_url


def serving(owner: URL) -> URL:
    """The serving role on an own server; its password is made here and kept beside the installation."""
    return owner.set(username=cluster.APP, password=app_password())


def app_password() -> str:
    """The serving role's password on an own server, made once, readable by us alone."""
    kept: Path = store().home / "app_password"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return kept.read_text().strip()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def make_serving_role(owner_url: str) -> None:
    """On an own server: the serving role with our password. Raises DatabaseUnfit with the statement to run."""
    with owner_connection(owner_url) as connection:
        connection.autocommit = True
        there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (cluster.APP,)).fetchone()
        verb = "ALTER" if there else "CREATE"
        statement = sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}")
        try:
            connection.execute(statement.format(sql.Identifier(cluster.APP), sql.Literal(app_password())))
        except errors.InsufficientPrivilege:
            if there and _answers(owner_url):
                return
            raise DatabaseUnfit(
                f"this database user may not make the serving role; as a superuser run: {verb} ROLE {cluster.APP} LOGIN "
                f"PASSWORD '…' with the password in {store().home / 'app_password'}"
            ) from None


def _answers(owner_url: str) -> bool:
    try:
        psycopg.connect(_text(serving(make_url(owner_url)).set(drivername="postgresql")), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
