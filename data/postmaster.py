"""The server process of our own cluster: made, launched, told apart from a stranger with its number, stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from data.programs import Programs
from errors import DatabaseUnreachable, DiskFull, ProgramMissing

FREE_MB = 500
START_S = 600  # a crash with max_wal_size of work to redo, on a slow disk
STOP_S = 120
ORPHANS_S = 60  # for statements that outlived a killed server; statement_timeout bounds those of serving
SET_CONFIG = "pg_catalog.set_config(text, text, boolean)"
PREPARED = "vigia 2"

# What a server that must not lose a row needs, and what suits a small machine.
CONFIG = """\
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 60
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
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
logging_collector = on
log_directory = '{log}'
log_filename = 'server-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_parameter_max_length_on_error = 0
"""


@dataclass(frozen=True)
class ServerUser:
    """Who runs the server: ourselves, or when we are root somebody who is not."""

    uid: int
    gid: int

    @classmethod
    def now(cls) -> ServerUser:
        """For a cluster that is not made yet. Raises ProgramMissing when we are root and nobody else is there."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        for name in ("postgres", "nobody"):
            try:
                found = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(found.pw_uid, found.pw_gid)
        raise ProgramMissing("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as")

    @classmethod
    def of(cls, data: Path) -> ServerUser:
        """The one who owns a cluster. Raises DatabaseUnreachable when that is neither we nor ours to become."""
        owner = data.stat()
        if os.geteuid() not in (0, owner.st_uid):
            raise DatabaseUnreachable(
                f"the database in {data} belongs to {_name(owner.st_uid)}; run this as that user or with sudo"
            )
        return cls(owner.st_uid, owner.st_gid)

    @property
    def other(self) -> bool:
        return self.uid != os.geteuid()

    def run(self, *command: str | Path, cwd: Path = Path("/")) -> subprocess.CompletedProcess:
        """Run a program as this user, in no terminal of ours: Ctrl-C is for us to handle."""
        as_user = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}
        return subprocess.run(
            [str(c) for c in command], capture_output=True, text=True, errors="replace", cwd=cwd, check=False,
            stdin=subprocess.DEVNULL, start_new_session=True, umask=0o077,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": "/nonexistent", "TZ": "UTC"},
            **as_user,
        )

    def reaches(self, folder: Path) -> bool:
        """True when this user may pass through every folder above and into this one."""
        return not self.other or self.run("/bin/sh", "-c", 'cd "$1"', "sh", folder.resolve()).returncode == 0

    def own_folder(self, folder: Path) -> None:
        """Make a folder that is closed to others, or check that it is. Raises DatabaseUnreachable."""
        try:
            folder.mkdir(mode=0o700)
            if self.other:
                os.chown(folder, self.uid, self.gid)
        except FileExistsError:
            pass
        except OSError as error:
            raise DatabaseUnreachable(f"{folder} can't be made: {error.strerror}") from None
        found = folder.lstat()
        # In /tmp anybody may have made it before us.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid or found.st_mode & 0o077:
            raise DatabaseUnreachable(
                f"{folder} is not a folder that {_name(self.uid)} owns and others can't enter; remove it"
            )


@dataclass
class Postmaster:
    """The server of one data folder."""

    programs: Programs
    user: ServerUser
    data: Path
    socket: Path
    log: Path

    def running(self) -> bool:
        """True when it runs or starts. A note left by one that is gone is removed, once nothing uses its memory."""
        note = self.data / "postmaster.pid"
        try:
            lines = note.read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, IndexError, ValueError):
            return False
        if _serves(pid, self.data):
            if len(lines) > 4 and lines[4]:
                self.socket = Path(lines[4])  # where it listens, wherever we would put it today
            return True
        if len(lines) > 6:
            _await_orphans(lines[6])
        note.unlink(missing_ok=True)
        return False

    def launch(self, *, durable: bool = True) -> None:
        """Make the cluster if there is none, start the server and wait until it answers, through recovery too."""
        self.user.own_folder(self.log)
        if not (self.data / "PG_VERSION").exists():
            self._make(durable)
        self._room(self.data)
        self.user.own_folder(self.socket)
        for left in self.socket.glob(".s.PGSQL.*"):  # of a killed server; the folder is this cluster's alone
            left.unlink()
        self._configure(durable)
        told = self.log / "start.log"
        told.unlink(missing_ok=True)
        done = self._pg_ctl("-l", f"{self.log.name}/{told.name}", "-w", "-t", str(START_S), "start")
        if done.returncode:
            raise self._failure(told)

    def stop(self) -> None:
        """Stop it, and wait. Raises DatabaseUnreachable when it does not."""
        done = self._pg_ctl("-m", "fast", "-w", "-t", str(STOP_S), "stop")
        if done.returncode and self.running():
            raise DatabaseUnreachable(f"the database did not stop within {STOP_S} s: {_last(done.stderr)}")

    def prepare(self, *, owner: str, app: str, database: str) -> None:
        """Roles, database and PostGIS. `owner` owns the database and passes row-level security, `app` neither; none is a superuser."""
        with self._connect("postgres") as connection:
            told = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (database,)
            ).fetchone()
            if told == (PREPARED,):
                return
            # The owner brings in rows of every agency, and COPY does not work under row-level security.
            for role, passes in ((owner, "BYPASSRLS"), (app, "NOBYPASSRLS")):
                there = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).rowcount
                connection.execute(sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {} NOREPLICATION").format(
                    sql.SQL("ALTER" if there else "CREATE"), sql.Identifier(role), sql.SQL(passes)))
            if told is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(database), sql.Identifier(owner)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(database), sql.Identifier(app)))
        with self._connect(database) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public")
            # What a session may see stands in settings of its transaction: only the owner's functions may set them.
            connection.execute(f"REVOKE EXECUTE ON FUNCTION {SET_CONFIG} FROM PUBLIC")
            connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(SET_CONFIG), sql.Identifier(owner)))
            # Last, so that what was broken off is done again.
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(PREPARED)))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _pg_ctl(self, *words: str) -> subprocess.CompletedProcess:
        # It hands its folders to a shell in double quotes, so a path with a $ only works when named from beside it.
        return self.user.run(self.programs.folder / "pg_ctl", "-D", self.data.name, *words, cwd=self.data.parent)

    def _make(self, durable: bool) -> None:
        """initdb, into a folder that gets its name when it is whole."""
        part = self.data.with_name("data.part")
        shutil.rmtree(part, ignore_errors=True)
        self.user.own_folder(part)
        self._room(part)
        command = [self.programs.folder / "initdb", "-D", part.name, "-U", "vigia_setup", "-A", "trust", "-E", "UTF8",
                   "--data-checksums", "--no-instructions", *([] if durable else ["--no-sync"])]
        done = self.user.run(*command, "--locale=C.UTF-8", cwd=part.parent)
        if done.returncode and "invalid locale name" in done.stderr:  # macOS has no C.UTF-8
            done = self.user.run(*command, "--locale=C", "--lc-ctype=en_US.UTF-8", cwd=part.parent)
        if done.returncode:
            shutil.rmtree(part, ignore_errors=True)
            if "No space left" in done.stderr:
                raise DiskFull(f"no room left to make the database at {self.data}; make room and start again")
            raise DatabaseUnreachable(f"the database could not be made: {_last(done.stderr)}")
        part.rename(self.data)

    def _room(self, folder: Path) -> None:
        free_mb = shutil.disk_usage(folder).free // 2**20
        if free_mb < FREE_MB:
            raise DiskFull(f"{free_mb} MB free at {self.data}, the database needs {FREE_MB} MB; make room and start again")

    def _configure(self, durable: bool) -> None:
        total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        text = CONFIG.format(
            socket=_quoted(self.socket), log=_quoted(self.log), durable="on" if durable else "off",
            shared_mb=max(64, min(512, total_mb // 8)), cache_mb=max(128, total_mb // 3),
        )
        main = self.data / "postgresql.conf"
        self._write("vigia.conf", text)
        if "include 'vigia.conf'" not in (told := main.read_text()):
            self._write("postgresql.conf", f"{told}\ninclude 'vigia.conf'\n")
        self._write("pg_hba.conf", "# The socket's folder is closed to others.\nlocal all all trust\n")

    def _write(self, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text)
        path.chmod(0o600)
        if self.user.other:
            os.chown(path, self.user.uid, self.user.gid)

    def _connect(self, database: str) -> psycopg.Connection:
        until = time.monotonic() + START_S
        while True:
            try:
                return psycopg.connect(
                    host=str(self.socket), port=5432, user="vigia_setup", dbname=database, autocommit=True, connect_timeout=10,
                )
            except psycopg.OperationalError as error:
                starting = "starting up" in str(error) or "recovery" in str(error)
                if not starting or time.monotonic() > until:
                    raise DatabaseUnreachable(f"the database does not answer: {_last(str(error))}") from error
            time.sleep(0.2)

    def _failure(self, told: Path) -> DatabaseUnreachable | DiskFull:
        logs = sorted((p for p in self.log.glob("*.log")), key=lambda p: p.stat().st_mtime)
        text = "\n".join(p.read_text(errors="replace")[-4000:] for p in logs[-2:])
        if "No space left" in text:
            return DiskFull(f"the database could not start, no room left at {self.data}; make room and start again")
        fatal = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line] or text.splitlines()[-1:]
        return DatabaseUnreachable(f"the database did not start: {_last(fatal[0] if fatal else '')} (see {self.log})")


def _serves(pid: int, data: Path) -> bool:
    """True when process `pid` is the server of `data`. After a restart of the machine it may be anybody."""
    if Path("/proc/self/cwd").exists():
        try:
            return Path(os.readlink(f"/proc/{pid}/cwd")) == data.resolve()  # PostgreSQL works in its data folder
        except OSError:  # gone, a zombie, or another user's
            return False
    told = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return "postgres" in told


def _await_orphans(told: str) -> None:
    """Wait while processes of a killed server still hold its shared memory ("key id"). Raises DatabaseUnreachable.

    Without the note in postmaster.pid PostgreSQL would no longer see them, and two servers would write one cluster.
    """
    table = Path("/proc/sysvipc/shm")
    if not table.exists() or len(told.split()) < 2:
        return
    segment = told.split()[1]
    until = time.monotonic() + ORPHANS_S
    while any(row.split()[1] == segment and row.split()[6] != "0" for row in table.read_text().splitlines()[1:]):
        if time.monotonic() > until:
            raise DatabaseUnreachable(
                f"statements of a killed database server still run after {ORPHANS_S} s; wait for them or end them"
            )
        time.sleep(0.5)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
