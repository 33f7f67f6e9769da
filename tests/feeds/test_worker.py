"""The one-shot worker: whatever opens a hostile file, it is alone, poor and short-lived.

The tasks here misbehave on purpose. They run in the true sandbox, started by the true worker, in place of feeds/opening.py.
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from pathlib import Path

import pytest

from errors import FileRefused, VigiaError, WorkerFailed
from feeds import worker
from settings import ROOT

TASKS = '''
import ctypes, os, signal, socket, sys, time

class Bad(Exception):
    def as_dict(self):
        return {"expected": "a better file", "field": "colour", "value": "red", "line": 7}

def refuse(): raise Bad()
def sleep(): time.sleep(60)
def spin():
    while True: pass
def eat(mb): return len(bytearray(mb << 20))
def crash(): ctypes.string_at(0)
def abort(): os.abort()
def fail(): raise RuntimeError("nothing works")
def leave(): os._exit(3)
def write(mb):
    with open("out", "wb") as out: out.write(bytes(mb << 20))
def noise():
    print("not an answer"); os.write(1, b"nor this"); return "answer"
def long(mb): return "x" * (mb << 20)
def environment(): return dict(os.environ)
def user(): return [os.getuid(), os.getgid(), os.getgroups()]
def files(): return sorted(os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd"))
def folder(): return [os.getcwd(), os.listdir(".")]
def connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError as error:
        return error.errno
    return "connected"
def parent():
    try:
        return "DATABASE_URL" in open(f"/proc/{os.getppid()}/environ").read()
    except OSError as error:
        return False

TASKS = {name: value for name, value in globals().items() if callable(value)}
def prepare(task, told): pass
'''


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run(task, limits, **told)`: a task of this file in the true sandbox."""
    feeds = tmp_path / "root" / "feeds"
    feeds.mkdir(parents=True)
    (feeds / "__init__.py").touch()
    (feeds / "sandbox.py").symlink_to(ROOT / "feeds" / "sandbox.py")
    (feeds / "opening.py").write_text(TASKS)
    monkeypatch.setattr(worker, "ROOT", tmp_path / "root")
    given = tmp_path / "a.bin"
    given.write_bytes(b"x")

    def start(task: str, limits: worker.Limits = worker.SMALL, **told):
        with worker.workroom(given) as (folder, _):
            return worker.run(task, told, name="a.bin", folder=folder, limits=limits)

    return start


@pytest.mark.parametrize(("task", "told", "limits", "error", "words"), [
    ("sleep", {}, worker.Limits(wall_s=1), FileRefused, "within 1 s"), ("spin", {}, worker.Limits(cpu_s=1), FileRefused, "1 s"),
    ("eat", {"mb": 2_000}, worker.Limits(memory_mb=500), FileRefused, "within 500 MB of memory"), ("crash", {}, worker.SMALL, FileRefused, "signal 11"),
    ("abort", {}, worker.SMALL, FileRefused, "signal 6"), ("fail", {}, worker.SMALL, WorkerFailed, "RuntimeError: nothing works"),
    ("leave", {}, worker.SMALL, WorkerFailed, "code 3"), ("write", {"mb": 3}, worker.Limits(file_mb=1), VigiaError, "File too large"),
    ("long", {"mb": 65}, worker.SMALL, WorkerFailed, "at most 64"), ("refuse", {}, worker.SMALL, FileRefused, "line 7: colour is 'red', expected a better file"),
])
def test_what_goes_wrong_there_is_an_error_with_a_name_here(run, task, told, limits, error, words):
    with pytest.raises(error) as caught:
        run(task, limits, **told)
    assert "a.bin" in str(caught.value) and words in str(caught.value)


def test_what_a_library_prints_is_no_answer(run):
    assert run("noise") == "answer"


def test_it_knows_no_secret(run, monkeypatch):
    for name in ("DATABASE_URL", "VIGIA_APP_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "postgresql://u:secret@h/d")
    told = run("environment")
    assert "secret" not in str(told)
    assert set(told) <= {"PATH", "LANG", "TMPDIR", "HOME", "LC_CTYPE", *worker.WORKER_ENVIRONMENT}
    assert "VRT" in told["GDAL_SKIP"] and "LIBKML" in told["OGR_SKIP"]


def test_it_holds_no_file_of_ours_open(run, tmp_path):
    with open(tmp_path / "secret", "w"), socket.socket() as open_socket:
        open_socket.set_inheritable(False)
        told = run("files")
    assert not any(str(tmp_path) in path or "socket:" in path for path in told), told


def test_its_folder_is_its_own_and_gone_afterwards(run):
    folder, files = run("folder")
    assert files == ["input.bin"] and not Path(folder).exists()
    with pytest.raises(FileRefused):
        run("crash")
    assert not list(Path(folder).parent.glob(f"{Path(folder).name}*"))


def may_leave_the_network() -> bool:
    """Some kernels forbid a process to have no network; drivers that use it are left out all the same."""
    return any(subprocess.run(["unshare", *words, "true"], capture_output=True).returncode == 0 for words in (["-n"], ["-Un"]))


@pytest.mark.skipif(not may_leave_the_network(), reason="this kernel lets no process leave the network")
def test_it_has_no_network(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert run("connect", port=server.getsockname()[1]) != "connected"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_opens_no_hostile_file(run, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@h/d")
    nobody = pwd.getpwnam("nobody")
    uid, gid, groups = run("user")
    if uid == 0:
        pytest.skip("the libraries of this checkout can be read by root alone, so the worker stays root")
    assert (uid, gid, groups) == (nobody.pw_uid, nobody.pw_gid, [])
    assert run("parent") is False
