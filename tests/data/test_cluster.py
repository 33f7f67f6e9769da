"""The private cluster, each with a server of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from data import cluster, programs
from data.postmaster import ServerUser
from errors import DatabaseUnreachable, DiskFull, ProgramMissing

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made() -> Path:
    """An installation's folder with a stopped cluster; tests work on copies."""
    home = Path(tempfile.mkdtemp(prefix="vigia-cluster-"))
    home.chmod(0o755)
    cluster.stop(cluster.start(home, durable=False))
    yield home
    shutil.rmtree(home)


@pytest.fixture
def home(made: Path) -> Path:
    """A copy of the stopped cluster, stopped again at the end."""
    folder = Path(tempfile.mkdtemp(prefix="vigia-cluster-"))
    folder.chmod(0o755)
    subprocess.run(["cp", "-a", f"{made}/.", str(folder)], check=True)
    yield folder
    version = shutil.copy(made / "postgres" / "data" / "PG_VERSION", folder / "postgres" / "data" / "PG_VERSION")
    assert version and cluster.find(folder) is None, "the test left its server running"
    shutil.rmtree(folder)


def ask(running: cluster.Cluster, question: str, role: str = cluster.OWNER) -> object:
    with psycopg.connect(running.url(role).replace("+psycopg", "")) as connection:
        return connection.execute(question).fetchone()[0]


def pid_of(running: cluster.Cluster) -> int:
    return int((running.data / "postmaster.pid").read_text().splitlines()[0])


def wait_gone(pid: int) -> None:
    while Path(f"/proc/{pid}/cwd").is_symlink():
        try:
            os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return
        time.sleep(0.05)


def test_it_has_postgis_roles_and_no_network(home):
    with cluster.running(home) as running:
        assert ask(running, "SELECT postgis_lib_version()", cluster.APP) >= "3.3"
        assert ask(running, "SHOW listen_addresses") == ""
        assert ask(running, "SHOW TimeZone") == "UTC"
        assert ask(running, "SHOW server_encoding") == "UTF8"
        assert ask(running, "SHOW data_checksums") == "on"
        assert ask(running, "SELECT 'É' ILIKE 'é'") is True
        for role, passes in ((cluster.OWNER, True), (cluster.APP, False)):
            rights = f"SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = '{role}'"
            assert ask(running, rights) is False
            assert ask(running, f"SELECT rolbypassrls FROM pg_roles WHERE rolname = '{role}'") is passes
        assert ask(running, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'vigia'") == cluster.OWNER
        assert ask(running, "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = 'vigia_app'::regrole") == 0
        for folder in (running.data, running.socket):
            assert folder.stat().st_mode & 0o077 == 0


def test_a_kept_cluster_is_durable(home):
    with cluster.running(home) as running:
        assert [ask(running, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3


def test_the_last_user_stops_it(home):
    first = cluster.start(home)
    second = cluster.start(home)
    assert first.started_here and not second.started_here
    assert pid_of(first) == pid_of(second)
    cluster.stop(first)
    assert ask(second, "SELECT 1") == 1
    cluster.stop(second)
    assert cluster.find(home) is None


def test_two_who_start_at_once_share_one(home):
    with ThreadPoolExecutor(4) as threads:
        started = list(threads.map(lambda _: cluster.start(home), range(4)))
    assert [c.started_here for c in started].count(True) == 1
    assert len({pid_of(c) for c in started}) == 1
    for one in started:
        cluster.stop(one)
    assert cluster.find(home) is None


def test_a_process_that_was_killed_leaves_a_server_that_is_taken_over(home):
    code = (f"import time; from pathlib import Path; from data import cluster; c = cluster.start(Path({str(home)!r})); "
            "print('up', flush=True); time.sleep(600)")
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert cluster.find(home) is not None
    running = cluster.start(home)
    assert not running.started_here
    cluster.stop(running)
    assert cluster.find(home) is None


def test_a_killed_server_recovers_what_was_committed(home):
    running = cluster.start(home)
    with psycopg.connect(running.owner_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    pid = pid_of(running)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    again = cluster.start(home)
    assert again.started_here
    assert ask(again, "SELECT n FROM kept") == 42
    cluster.stop(running)
    cluster.stop(again)
    assert cluster.find(home) is None


def test_a_note_with_the_number_of_another_process_is_stale(home):
    """After a restart of the machine the number in postmaster.pid may be anybody's, and PostgreSQL then refuses to start."""
    data = home / "postgres" / "data"
    stranger = subprocess.Popen(["sleep", "600"], **({"user": data.stat().st_uid} if os.geteuid() == 0 else {}))
    try:
        note = data / "postmaster.pid"
        note.write_text(f"{stranger.pid}\n{data}\n1700000000\n5432\n/nowhere\n\n 1 2\nready\n")
        shutil.chown(note, data.stat().st_uid, data.stat().st_gid)
        assert cluster.find(home) is None
        with cluster.running(home) as running:
            assert ask(running, "SELECT 1") == 1
            assert pid_of(running) != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_half_made_cluster_is_made_again(tmp_path_factory):
    home = Path(tempfile.mkdtemp(prefix="vigia-cluster-"))
    home.chmod(0o755)
    part = home / "postgres" / "data.part"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("15\n")
    try:
        with cluster.running(home) as running:
            assert ask(running, "SELECT 1") == 1
        assert not part.exists()
    finally:
        shutil.rmtree(home)


def test_a_path_too_long_or_too_odd_for_a_socket_gets_a_short_one(made, tmp_path_factory):
    for name, fresh in (("x" * 100, False), ("a folder, with 'signs' $HOME", True)):
        outer = Path(tempfile.mkdtemp(prefix="vigia-cluster-"))
        outer.chmod(0o755)
        home = outer / name
        home.mkdir()
        if not fresh:
            subprocess.run(["cp", "-a", f"{made}/.", str(home)], check=True)
        try:
            with cluster.running(home) as running:
                assert running.socket.parent == Path("/tmp")
                assert running.socket.stat().st_mode & 0o777 == 0o700
                assert ask(running, "SELECT 1") == 1
                assert cluster.find(home).socket == running.socket
        finally:
            shutil.rmtree(outer)
            shutil.rmtree(running.socket)


def test_a_socket_folder_that_somebody_else_made_is_refused(made):
    outer = Path(tempfile.mkdtemp(prefix="vigia-cluster-"))
    outer.chmod(0o755)
    home = outer / ("x" * 100)
    home.mkdir()
    subprocess.run(["cp", "-a", f"{made}/.", str(home)], check=True)
    user = ServerUser.of(home / "postgres" / "data")
    trap = cluster._socket(home / "postgres", user)
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    try:
        with pytest.raises(DatabaseUnreachable, match="others can't enter"):
            cluster.start(home)
        assert cluster.find(home) is None
    finally:
        shutil.rmtree(outer)
        trap.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_a_folder_the_server_cannot_reach_keeps_its_data_elsewhere(tmp_path, monkeypatch):
    far = Path(tempfile.mkdtemp(prefix="vigia-far-"))
    far.chmod(0o755)
    monkeypatch.setattr(cluster, "FAR", far / "lib")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    try:
        with cluster.running(closed / "home") as running:
            assert running.data.is_relative_to(far / "lib")
            assert ask(running, "SELECT 1") == 1
            assert Path((closed / "home" / "postgres" / "at").read_text().strip()) == running.data.parent
        with cluster.running(closed / "home") as again:
            assert again.data == running.data
    finally:
        shutil.rmtree(far)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_another_users_cluster_is_refused_in_one_line(home):
    code = (f"import os; from pathlib import Path; from data import cluster; "
            f"os.setgroups([]); os.setgid(65534); os.setuid(65534); cluster.start(Path({str(home)!r}))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "DatabaseUnreachable" in done.stderr
    assert "run this as the user who owns" in done.stderr


def test_no_room_is_told_before_anything_is_written(tmp_path, monkeypatch):
    home = Path(tempfile.mkdtemp(prefix="vigia-cluster-"))
    home.chmod(0o755)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 10**7, 10**7))
    try:
        with pytest.raises(DiskFull, match="9 MB free"):
            cluster.start(home)
        assert not (home / "postgres" / "data").exists()
    finally:
        shutil.rmtree(home)


def test_a_cluster_of_a_version_that_is_gone_names_it(home):
    (home / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ProgramMissing, match="made by PostgreSQL 9, and only PostgreSQL"):
        cluster.start(home)


def test_without_programs_the_message_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "installed", lambda: [])
    with pytest.raises(ProgramMissing, match=r"none is installed; `./vigia up` installs it"):
        cluster.start(tmp_path)


def test_a_server_without_postgis_does_not_fit(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("postgres", "echo 'postgres (PostgreSQL) 17.2'"), ("pg_config", f"echo {tmp_path}/share")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    bare = programs.Programs(folder)
    assert (bare.version, bare.postgis, bare.fit) == ((17, 2), (), False)
    control = tmp_path / "share" / "extension" / "postgis.control"
    control.parent.mkdir(parents=True)
    control.write_text("default_version = '3.2.1'\n")
    assert not programs.Programs(folder).fit
    control.write_text("default_version = '3.5.0'\n")
    assert programs.Programs(folder).fit
