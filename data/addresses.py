"""Which database: an own server's by DATABASE_URL, else the private cluster's."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from data import cluster
from errors import DatabaseUnreachable, SettingsInvalid
from settings import database as database_settings
from settings import store

EXPECTED = "expected postgresql://user:password@host:5432/database"


def own() -> URL | None:
    """The address of an own server, if there is one. Raises SettingsInvalid."""
    told = database_settings().database_url
    return normalised(told) if told and told.strip() else None


def normalised(told: str) -> URL:
    """An own server's address for psycopg 3. Raises SettingsInvalid that says what is wrong, without its password."""
    try:
        url = make_url(told.strip())
    except (ArgumentError, ValueError):
        raise SettingsInvalid(f"DATABASE_URL is no address; {EXPECTED}") from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise SettingsInvalid(f"DATABASE_URL starts with {url.drivername}://; {EXPECTED}")
    if not url.database:
        raise SettingsInvalid(f"DATABASE_URL names no database; {EXPECTED}")
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def opened() -> Iterator[tuple[str, str]]:
    """The owner's and the serving role's address, with the private cluster running meanwhile if it is that one."""
    if url := own():
        yield text(url), text(serving(url))
        return
    with cluster.running(store().home) as running:
        yield running.owner_url, running.app_url


def owner_url() -> str:
    """The owner's address of a database that runs. Raises DatabaseUnreachable when the private one does not."""
    url = own()
    return text(url) if url else _private().owner_url


def app_url() -> str:
    """The serving role's address of a database that runs. Raises DatabaseUnreachable when the private one does not."""
    if told := os.environ.get("VIGIA_APP_URL"):
        return told
    url = own()
    return text(serving(url)) if url else _private().app_url


def serving(owner: URL) -> URL:
    """The serving role on an own server; its password is made here and kept beside the installation."""
    return owner.set(username=cluster.APP, password=app_password())


def app_password_file() -> Path:
    return store().home / "app_password"


def app_password() -> str:
    """The serving role's password on an own server, made once, readable by us alone."""
    kept = app_password_file()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return kept.read_text().strip()


def text(url: URL) -> str:
    """The address with its password, for the driver. Never for a message."""
    return url.render_as_string(hide_password=False)


def driver_text(url: str) -> str:
    """An address as psycopg itself takes it."""
    return text(make_url(url).set(drivername="postgresql"))


def _private() -> cluster.Cluster:
    found = cluster.find(store().home)
    if found is None:
        raise DatabaseUnreachable("the private database is not running; `./vigia up` starts it")
    return found
