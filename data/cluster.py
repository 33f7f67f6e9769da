"""Our own private PostGIS: a cluster under the installation's folder, on a unix socket only, durable.

The system's PostgreSQL programs run it as an unprivileged user (they refuse to run as root). When that user can't
reach the installation's folder, as under root's home, the data lives in /var/lib/vigia and a note says so.
Authentication is trust: the socket's folder is closed to everyone but that user and root.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from errors import DatabaseUnreachable, DiskFull, ProgramMissing

OWNER, APP = "vigia_owner", "vigia_app"
DATABASE = "vigia"
LEAST_VERSION = 15
NEEDED_MB = 500

# What a server that must not lose a row needs, and what suits two cores. fsync and its kin stay on by default.
CONFIG = """
listen_addresses = ''
max_connections = 60
shared_buffers = {shared_mb}MB
effective_cache_size = {cache_mb}MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_parameter_max_length_on_error = 0
logging_collector = off
"""


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    data: Path
    socket: Path
    started_here: bool

    def url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """The address of a database of it, for SQLAlchemy."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.socket}"

    @property
    def owner_url(self) -> str:
        return self.url(OWNER)

    @property
    def app_url(self) -> str:
        return self.url(APP)


def binaries() -> Path:
    """The folder of initdb, pg_ctl and postgres, of the newest fitting version. Raises ProgramMissing."""
    folders = [Path(p) for p in sorted(
        (str(p) for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin",
                                "/usr/local/opt/postgresql*/bin") for p in Path("/").glob(pattern.lstrip("/"))),
        key=lambda p: -int((re.findall(r"(\d+)", p) or ["0"])[0]),
    )]
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")) and version(folder) >= LEAST_VERSION:
            return folder
    raise ProgramMissing(
        f"PostgreSQL {LEAST_VERSION} or newer with PostGIS is not installed; `./vigia up` installs it, "
        "or on Debian and Ubuntu: apt-get install postgresql postgis postgresql-postgis"
    )


def version(folder: Path) -> int:
    """The major version of the programs in a folder."""
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", told)
    return int(found.group(1)) if found else 0


def has_postgis(folder: Path) -> bool:
    """True when the server of these programs can load PostGIS."""
    told = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
    share = Path(told.stdout.strip()) if told.returncode == 0 else Path("/usr/share/postgresql") / str(version(folder))
    return (share / "extension" / "postgis.control").exists()


def start(home: Path) -> Cluster:
    """Start the cluster of an installation, or find it running; made first when there is none.

    Raises ProgramMissing, DiskFull, DatabaseUnreachable.
    """
    programs = binaries()
    if not has_postgis(programs):
        raise ProgramMissing(
            f"PostgreSQL {version(programs)} is here, PostGIS for it is not; `./vigia up` installs it, "
            f"or on Debian and Ubuntu: apt-get install postgresql-{version(programs)}-postgis-3"
        )
    home.mkdir(parents=True, exist_ok=True)
    user = _user()
    with _lock(home):
        data, socket = _places(home, user)
        made = not (data / "PG_VERSION").exists()
        if made:
            _make(programs, data, user)
        running = _running(programs, data, user)
        if not running:
            _config(data)
            _launch(programs, data, socket, user)
        if made or not _has_database(programs, socket, user):
            _roles(programs, socket, user)
    return Cluster(data, socket, started_here=not running)


def stop(cluster: Cluster) -> None:
    """Stop it and wait; quietly when it is stopped already."""
    _run(_user(), [binaries() / "pg_ctl", "-D", cluster.data, "-m", "fast", "-w", "-t", "60", "stop"], check=False)


@contextmanager
def running(home: Path) -> Iterator[Cluster]:
    """The cluster for a while: left as it was found."""
    cluster = start(home)
    try:
        yield cluster
    finally:
        if cluster.started_here:
            stop(cluster)


# -- inside -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _User:
    """Who runs the server: ourselves, or when we are root somebody who is not."""

    name: str | None
    uid: int
    gid: int


def _user() -> _User:
    if os.geteuid() != 0:
        return _User(None, os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return _User(name, found.pw_uid, found.pw_gid)
    raise ProgramMissing("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as")


def _run(user: _User, command: list, check: bool = True, **more) -> subprocess.CompletedProcess:
    as_user = {"user": user.uid, "group": user.gid, "extra_groups": []} if user.name else {}
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": "/nonexistent", "TZ": "UTC"},
        **as_user, **more,
    )
    if check and done.returncode:
        raise DatabaseUnreachable(f"{Path(str(command[0])).name} failed: {_last(done.stderr or done.stdout)}")
    return done


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    with open(home / "postgres.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _places(home: Path, user: _User) -> tuple[Path, Path]:
    """Where data and socket live; both made, closed to others."""
    data = home / "postgres"
    note = home / "postgres.at"
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    if note.exists():
        data = Path(note.read_text().strip())
    elif user.name and not (data / "PG_VERSION").exists() and not _reachable(home, user):
        data = Path("/var/lib/vigia") / digest
        note.write_text(f"{data}\n")
    # A socket's path may have 107 bytes, so it never lives under the installation's folder.
    socket = Path(tempfile.gettempdir()) / f"vigia-{user.uid}-{digest}"
    for folder in (data, socket):
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            if user.name:
                os.chown(folder, user.uid, user.gid)
        owner = folder.stat().st_uid
        if owner != user.uid or folder.is_symlink():
            raise DatabaseUnreachable(f"{folder} belongs to user id {owner}, expected {user.uid}; remove or move it")
    return data, socket


def _reachable(folder: Path, user: _User) -> bool:
    """True when the server's user may pass through every folder above."""
    return _run(user, ["/bin/sh", "-c", 'cd "$1" && test -x .', "sh", folder.resolve()], check=False).returncode == 0


def _make(programs: Path, data: Path, user: _User) -> None:
    free_mb = shutil.disk_usage(data).free // 2**20
    if free_mb < NEEDED_MB:
        raise DiskFull(f"{free_mb} MB free at {data}, at least {NEEDED_MB} MB are needed for the database; make room")
    try:
        _run(user, [programs / "initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                    "--data-checksums", "--no-instructions"])
    except DatabaseUnreachable:
        for child in data.iterdir():  # half a cluster helps nobody
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        raise


def _config(data: Path) -> None:
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    text = CONFIG.format(shared_mb=max(64, min(512, total_mb // 8)), cache_mb=max(128, total_mb // 3))
    (data / "vigia.conf").write_text(text)
    main = data / "postgresql.conf"
    if "include 'vigia.conf'" not in main.read_text():
        with open(main, "a") as handle:
            handle.write("\ninclude 'vigia.conf'\n")


def _running(programs: Path, data: Path, user: _User) -> bool:
    return _run(user, [programs / "pg_ctl", "-D", data, "status"], check=False).returncode == 0


def _launch(programs: Path, data: Path, socket: Path, user: _User) -> None:
    # A stale postmaster.pid is postgres' own to judge: it knows whether the shared memory is still in use.
    log = data / "server.log"
    done = _run(
        user, [programs / "pg_ctl", "-D", data, "-l", log, "-o", f"-k '{socket}' -c unix_socket_permissions=0700",
               "-w", "-t", "90", "start"], check=False,
    )
    if done.returncode == 0:
        return
    told = log.read_text(errors="replace") if log.exists() else done.stderr
    if "No space left" in told[-4000:]:
        raise DiskFull(f"the database could not start, no room left at {data}; make room and start again")
    raise DatabaseUnreachable(f"the database did not start: {_last(told)} (see {log})")


def _psql(programs: Path, socket: Path, user: _User, sql: str, database: str = "postgres") -> subprocess.CompletedProcess:
    command = [programs / "psql", "-h", socket, "-U", OWNER, "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql]
    return _run(user, command)


def _has_database(programs: Path, socket: Path, user: _User) -> bool:
    return _psql(programs, socket, user, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'").stdout.strip() == "1"


def _roles(programs: Path, socket: Path, user: _User) -> None:
    """The serving role, which owns nothing, and the database. The cluster's first user is its owner."""
    _psql(programs, socket, user, f"""
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}') THEN
            CREATE ROLE {APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
          END IF;
        END $$""")
    if not _has_database(programs, socket, user):
        _psql(programs, socket, user, f"CREATE DATABASE {DATABASE}")
