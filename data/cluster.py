"""Our own private PostGIS: a cluster under the installation's folder, on a unix socket only, durable.

    .vigia/postgres/data      the cluster                          (closed to all but the server's user)
                    socket    its socket                           (the same)
                    log       a week of its log, and start.log     (the same)
                    at        where those three are, when not here
                    lock      held while one of us starts or stops it
                    users     held by each of us for as long as it is used: the last one out stops it

PostgreSQL refuses to run as root, so then it runs as `postgres` or `nobody`. When that user can't reach the
installation's folder, as under root's home, the three folders are in /var/lib/vigia and `at` says so.
Authentication is trust, which is safe because the socket's folder is closed to everybody but that user and root.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from data import programs
from data.postmaster import Postmaster, ServerUser
from errors import DatabaseUnreachable, VigiaError

log = logging.getLogger("vigia.data")

SETUP, OWNER, APP = "vigia_setup", "vigia_owner", "vigia_app"
"""The superuser of the set-up, the owner of every table, and the serving role that owns nothing."""

DATABASE = "vigia"
SOCKET_PATH_MAX = 103  # bytes: 107 on Linux, 103 on macOS
SOCKET_NAME = "/.s.PGSQL.5432"
FAR = Path("/var/lib/vigia")


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs."""

    home: Path
    data: Path
    socket: Path
    started_here: bool = False
    _users: IO | None = field(default=None, repr=False, compare=False)

    def url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """The address of a database of it, for SQLAlchemy."""
        return URL.create(
            "postgresql+psycopg", username=role, database=database, query={"host": str(self.socket), "port": "5432"},
        ).render_as_string(hide_password=False)

    @property
    def owner_url(self) -> str:
        return self.url(OWNER)

    @property
    def app_url(self) -> str:
        return self.url(APP)

    @property
    def setup_url(self) -> str:
        """The superuser's, for making and dropping databases."""
        return self.url(SETUP, "postgres")


def start(home: Path, *, durable: bool = True) -> Cluster:
    """Start the cluster of an installation, or find it running; made first when there is none.

    It is used until `stop`. `durable=False` is for tests: it survives no crash of the machine.
    Raises ProgramMissing, DiskFull, DatabaseUnreachable.
    """
    keep = _keep(home)
    with _locked(keep):
        users = _open(keep / "users")
        fcntl.flock(users, fcntl.LOCK_SH)
        running = True
        try:
            postmaster = _postmaster(keep)
            running = postmaster.running()
            if not running:
                postmaster.launch(durable=durable)
            postmaster.prepare(owner=OWNER, app=APP, database=DATABASE)
        except BaseException:  # Ctrl-C too: a server that nobody waits for must not stay behind
            users.close()
            if not running and postmaster.running():
                postmaster.stop()
            raise
    return Cluster(home, postmaster.data, postmaster.socket, not running, users)


def stop(cluster: Cluster) -> None:
    """Use it no longer. Stopped, and waited for, unless somebody else uses it."""
    keep = _keep(cluster.home)
    with _locked(keep):
        if cluster._users is not None and not cluster._users.closed:
            # A forked child shares this lock, so closing our end alone would not give it back.
            fcntl.flock(cluster._users, fcntl.LOCK_UN)
            cluster._users.close()
        with _open(keep / "users") as alone:
            try:
                fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            postmaster = _postmaster(keep)
            if postmaster.running():
                postmaster.stop()


@contextmanager
def running(home: Path) -> Iterator[Cluster]:
    """The cluster for a while; it stops when its last user goes."""
    cluster = start(home)
    try:
        yield cluster
    finally:
        stop(cluster)


def revive(home: Path, *, durable: bool = True) -> bool:
    """Start the server again where it was killed; True when it was down. Raises DatabaseUnreachable when it does not come back."""
    keep = _keep(home)
    if _postmaster(keep).running():
        return False
    with _locked(keep):
        postmaster = _postmaster(keep)
        if postmaster.running():
            return False
        postmaster.launch(durable=durable)
    return True


@contextmanager
def kept(home: Path, *, durable: bool = True, every_s: float = 1.0) -> Iterator[None]:
    """While the block runs, a server that goes down by itself is started again."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every_s):
            try:
                if revive(home, durable=durable):
                    log.warning("the database had gone down and was started again")
            except VigiaError as error:
                log.error("the database is down and does not come back yet: %s", error)

    thread = threading.Thread(target=keep, name="database", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def find(home: Path) -> Cluster | None:
    """The cluster of an installation if it runs, else None. It is not held: it may stop at any time."""
    keep = home / "postgres"
    if not (keep / "lock").exists():
        return None
    postmaster = _postmaster(keep)
    return Cluster(home, postmaster.data, postmaster.socket) if postmaster.running() else None


# -- inside -----------------------------------------------------------------------------------------------------------


def _keep(home: Path) -> Path:
    keep = home / "postgres"
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnreachable(f"{keep} can't be made: {error.strerror}; make {home} writable for yourself") from None
    return keep


def _open(path: Path) -> IO:
    try:
        return open(path, "a")
    except OSError as error:
        raise DatabaseUnreachable(
            f"{path} can't be opened: {error.strerror}; run this as the user who owns {path.parent}"
        ) from None


@contextmanager
def _locked(keep: Path) -> Iterator[None]:
    with _open(keep / "lock") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _postmaster(keep: Path) -> Postmaster:
    """The server of the folders in use; chosen when there are none yet."""
    note = keep / "at"
    base = Path(note.read_text().strip()) if note.exists() else keep
    data = base / "data"
    made = data.exists()
    user = ServerUser.of(data) if made else ServerUser.now()
    program = programs.find(int((data / "PG_VERSION").read_text()) if made else None)
    if not made:
        if base == keep and not user.reaches(keep):
            base = FAR / _digest(keep)
            note.write_text(f"{base}\n")
        if base != keep:
            base.mkdir(parents=True, exist_ok=True)
        data = base / "data"
    return Postmaster(program, user, data, _socket(base, user), base / "log")


def _socket(base: Path, user: ServerUser) -> Path:
    """The socket's folder: beside the data, or a short one when the system or libpq could not take that path."""
    near = base / "socket"
    if len(os.fsencode(near)) + len(SOCKET_NAME) <= SOCKET_PATH_MAX and re.fullmatch(r"[A-Za-z0-9/._+-]+", str(near)):
        return near
    return Path("/tmp") / f"vigia-{user.uid}-{_digest(base)}"


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
