"""Fixtures for every room's tests.

    cluster          session   a private PostGIS of the tests' own (of each process that takes part), gone at the end
    template         session   its database `vigia`, migrated and empty: what the fast ones are copied from
    database         function  a copy nobody else uses: `.owner_url`, `.app_url`, `.connect()`, `.pool()`
    module_database  module    the same for a whole file of tests, which fills it once and only reads
    environment      function  settings as a server or a command would find them: DATABASE_URL and VIGIA_APP_URL point
                               at `database`, VIGIA_HOME at a new folder
    serve            module    `serve(database) -> address`: a real server in a process of its own on a free port

and in tests/browser: `page`, a real Chromium's page that fails its test on an error in a script and on any request to
another machine.

In each copy a person called `tester` is signed in with TOKEN: keeper of the installation, every role, cleared for TLP:RED. `pool()`
reads as that one, COOKIE is what a client sends.

A copy takes about 50 ms. A test that needs no database asks for none of these and costs nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql

import settings
from data import cluster as clusters, people
from data.doors import hashed
from data.sessions import Database, owner_connection
from data.visitor import Visitor, at_hand, visiting

ROOT = Path(__file__).resolve().parents[1]
ROOM_BYTES = 4_000_000_000  # what the databases of one process of tests never take
START_S = 300  # of a machine that is at ten other things
PORTS = range(12_000, 30_000)  # below what the system gives to whoever asks for any port, and to each connection that goes out
os.environ.setdefault("VIGIA_STATEMENT_TIMEOUT_MS", "120000")
TOKEN = "the-token-of-the-tests-which-opens-nothing-else"
COOKIE = f"vigia={TOKEN}"
TESTER = Visitor("person", 1, "tester", "tester", frozenset(people.ROLES), 4, (), TOKEN)

# No test is timed: a busy machine is no failure. No examples of earlier runs: the same tests every time.
hypothesis.settings.register_profile("vigia", deadline=None, database=None, derandomize=True, max_examples=60)
hypothesis.settings.load_profile("vigia")

_numbers = count(1)
_ports = cycle([*PORTS[(first := os.getpid() * 1_009 % len(PORTS)):], *PORTS[:first]])  # each process of the tests begins elsewhere


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files are shared out by us where files are what is shared out."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.sharing import Sharing

    return Sharing(config, log)


@dataclass(frozen=True)
class TestDatabase:
    """One database of the tests' cluster."""

    __test__ = False

    name: str
    owner_url: str
    app_url: str

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """A plain connection of the owner; the caller commits."""
        with owner_connection(self.owner_url) as connection:
            yield connection

    def pool(self) -> Database:
        """The serving role's pool, as in `app.py`, for the tester where no other visitor is at hand; close it with `await pool.close()`."""
        return ForTester(self.app_url)

    def person(self, name: str, *, roles: tuple[str, ...] = ("viewer",), **about) -> Visitor:
        """Somebody signed in beside the tester (see data/people.py `add`)."""
        with self.connect() as connection:
            number = people.add(connection, name, list(roles), **about)
            token = people.open_session(connection, name)
            connection.commit()
        return Visitor("person", number, name, name, frozenset(roles), 4, tuple(about.get("agencies", ())), token)


class ForTester(Database):
    """Asks as the tester unless the test says for whom."""

    async def _begin(self, connection) -> None:
        with visiting(at_hand() or TESTER):
            await super()._begin(connection)


@pytest.fixture(scope="session")
def cluster() -> Iterator[clusters.Cluster]:
    # Not pytest's own folder: that is closed to others, and as root the server runs as somebody else.
    home = Path(tempfile.mkdtemp(prefix=f"vigia-tests-{os.getpid()}-", dir=in_memory()))
    home.chmod(0o755)
    running = clusters.start(home, durable=False)
    try:
        yield running
    finally:
        clusters.stop(running)
        shutil.rmtree(home, ignore_errors=True)


def in_memory() -> Path | None:
    """Where databases are copied four times as fast as on a disk, if there is the room; what tests that were killed left there is taken away."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or shutil.disk_usage(folder).free < ROOM_BYTES:
        return None
    for left in folder.glob("vigia-tests-*"):
        if time.time() - left.stat().st_mtime > 6 * 3600 and not Path(f"/proc/{left.name.split('-')[2]}").exists():
            if (still := clusters.find(left)) is not None:
                clusters.stop(still)
            shutil.rmtree(left, ignore_errors=True)
    return folder


@pytest.fixture(scope="session")
def template(cluster: clusters.Cluster) -> str:
    from data import migrations

    migrations.upgrade(cluster.owner_url)
    with owner_connection(cluster.owner_url) as connection:
        people.add(connection, "tester", list(people.ROLES), ceiling="TLP:RED", keeper=True)
        connection.execute("INSERT INTO access.session (hash, person_id, expires_at, idle_s) SELECT %s, id, now() + interval '1 day', 86400 "
                           "FROM access.person", (hashed(TOKEN),))
        connection.commit()
    return clusters.DATABASE


@contextmanager
def copied(cluster: clusters.Cluster, template: str) -> Iterator[TestDatabase]:
    name = f"test_{next(_numbers)}"
    names = {"name": sql.Identifier(name), "template": sql.Identifier(template), "owner": sql.Identifier(clusters.OWNER)}
    with psycopg.connect(cluster.setup_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}").format(**names))
        try:
            yield TestDatabase(name, cluster.url(clusters.OWNER, name), cluster.url(clusters.APP, name))
        finally:
            connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


@pytest.fixture
def database(cluster, template) -> Iterator[TestDatabase]:
    with copied(cluster, template) as made:
        yield made


@pytest.fixture(scope="module")
def module_database(cluster, template) -> Iterator[TestDatabase]:
    with copied(cluster, template) as made:
        yield made


@pytest.fixture
def environment(database, tmp_path, monkeypatch) -> Iterator[TestDatabase]:
    """Settings that point at `database` and a new home, and are read afresh before and after."""
    monkeypatch.setenv("DATABASE_URL", database.owner_url)
    monkeypatch.setenv("VIGIA_APP_URL", database.app_url)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    forget_settings()
    yield database
    monkeypatch.undo()
    forget_settings()


def forget_settings() -> None:
    """Have every setting read from the environment again."""
    for read in (settings.store, settings.database, settings.serve, settings.access, settings.feeds, settings.keeping, settings.uploads, settings.analysis):
        read.cache_clear()


@pytest.fixture(scope="module")
def serve(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """`serve(database, **environment) -> "http://127.0.0.1:<port>"`; stopped after the file's last test."""
    with ExitStack() as running:
        def start(database: TestDatabase, **environment: str) -> str:
            log = tmp_path_factory.mktemp("server") / "server.log"
            return running.enter_context(serving(database, log, **environment)).address

        yield start


def got(url: str, timeout: float = 300) -> bytes:
    """What an address gives the tester, who says what for."""
    headers = {"Cookie": COOKIE, "X-Purpose": "Investigation", "X-Case": "2026-1"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
        return answer.read()


@dataclass
class Serving:
    """A server in a process of its own."""

    address: str
    process: subprocess.Popen


@contextmanager
def serving(database: TestDatabase, log: Path, **environment: str) -> Iterator[Serving]:
    """A real server of `database` on a free port, until the block ends."""
    port = free_port()
    with open(log, "w") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "app:server", "--host", "127.0.0.1", "--port", str(port),
             "--log-level", "warning", "--timeout-graceful-shutdown", "2"],
            cwd=ROOT, stdout=told, stderr=told, stdin=subprocess.DEVNULL,
            env={**os.environ, "VIGIA_HOME": str(ROOT / ".vigia"), "DATABASE_URL": database.owner_url,
                 "VIGIA_APP_URL": database.app_url, **environment},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, log)
        yield Serving(address, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"{address}/api/health/live", timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}") from None
        time.sleep(0.1)


def free_port() -> int:
    """A port of this machine that nobody uses, by TCP or UDP, and that nobody is given by chance before whoever asked for it takes it."""
    for port in _ports:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams, suppress(OSError):
            stream.bind(("127.0.0.1", port))
            datagrams.bind(("127.0.0.1", port))
            return port
