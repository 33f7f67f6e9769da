"""Uploads to a real server over real sockets: broken off at any byte, two at once, no room, the server killed; always the same file in the end."""

from __future__ import annotations

import base64
import random
import resource
import select
import socket
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import COOKIE, serving

TUS = {"Cookie": COOKIE, "Tus-Resumable": "1.0.0"}
BODY = random.Random(4).randbytes(3_300_000)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(module_database, home, tmp_path_factory):
    with serving(module_database, tmp_path_factory.mktemp("log") / "server.log", VIGIA_HOME=str(home)) as running:
        yield running


def asked(address: str, method: str, path: str, body: bytes | None = None, **headers: str):
    request = urllib.request.Request(f"{address}{path}", data=body, method=method, headers={**TUS, **headers})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def begin(address: str, size: int) -> str:
    status, headers, _ = asked(address, "POST", "/api/uploads", **{
        "Upload-Length": str(size), "Upload-Metadata": f"filename {base64.b64encode(b'20261120T101500Z.tif').decode()}"})
    assert status == 201
    return headers["location"]


def send(address: str, path: str, offset: int, body: bytes):
    return asked(address, "PATCH", path, body, **{"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})


def offset(address: str, path: str) -> int:
    return int(asked(address, "HEAD", path)[1]["upload-offset"])


def announced(host: str, path: str, at: int, size: int) -> bytes:
    head = {**TUS, "Host": host, "Upload-Offset": at, "Content-Type": "application/offset+octet-stream", "Content-Length": size}
    return "\r\n".join([f"PATCH {path} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items()), "", ""]).encode()


def broken(address: str, path: str, at: int, body: bytes, cut: int, *, reset: bool) -> None:
    """Say that all of `body` comes, send `cut` bytes of it, and hang up."""
    host = urlsplit(address)
    with socket.create_connection((host.hostname, host.port), timeout=120) as wire:
        if reset:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.sendall(announced(host.netloc, path, at, len(body)) + body[:cut])
        if not reset:
            wire.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                wire.recv(1000)


def settled(address: str, path: str) -> int:
    """Where it ends once the server has seen that nobody is there."""
    until = time.monotonic() + 120
    while True:
        status, headers, _ = send(address, path, 10**12, b"")
        if status == 409:
            return offset(address, path)
        assert status == 423 and time.monotonic() < until
        time.sleep(0.02)


def kept(home: Path, path: str) -> bytes:
    return (home / "uploads" / path.rsplit("/", 1)[1] / ".part").read_bytes()


def test_broken_at_any_byte_and_resumed(server, home):
    told, path, rng = 0, begin(server.address, len(BODY)), random.Random(11)
    cuts = [0, 1, 2, 1023, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, *(rng.randrange(1, 150_000) for _ in range(30))]
    for number, cut in enumerate(cuts):
        broken(server.address, path, told, BODY[told:], cut, reset=bool(number % 2))
        now = settled(server.address, path)
        assert told <= now <= told + cut and kept(home, path) == BODY[:now]
        told = now
    assert told > 0, "what came before it broke is kept"
    status, headers, _ = send(server.address, path, told, BODY[told:])
    assert (status, headers["upload-offset"]) == (204, str(len(BODY))) and kept(home, path) == BODY
    assert b'"state":"waiting"' in asked(server.address, "GET", path)[2]


def test_two_at_once_do_not_mix(server, home):
    path = begin(server.address, len(BODY))
    host = urlsplit(server.address)
    while True:
        with socket.create_connection((host.hostname, host.port), timeout=120) as wire:
            wire.sendall(announced(host.netloc, path, 0, len(BODY)) + BODY[:100])
            # Asking whether it has begun is an upload too: where that came first, the long one was told to wait, and begins again.
            while (status := send(server.address, path, 0, b"")[0]) == 204 and not select.select([wire], [], [], 0.05)[0]:
                pass
            if status == 204:
                assert b"423" in wire.recv(1000)[:20]
                continue
            assert status == 423 and send(server.address, path, 0, b"y" * 50)[0] == 423
            wire.sendall(BODY[100:])
            assert b"204" in wire.recv(1000)[:20]
            break
    assert kept(home, path) == BODY


def test_no_room_keeps_nothing_of_the_part(server, home):
    """A limit on the size of files stands for a full disk: writing fails in the middle."""
    path = begin(server.address, len(BODY))
    assert send(server.address, path, 0, BODY[:500_000])[0] == 204
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    try:
        status, _, said = send(server.address, path, 500_000, BODY[500_000:])
        assert status == 507 and b"no room left on the server's disk" in said
        assert offset(server.address, path) == 500_000 and kept(home, path) == BODY[:500_000]
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert send(server.address, path, 500_000, BODY[500_000:])[0] == 204 and kept(home, path) == BODY


def test_it_goes_on_after_the_server_was_killed(module_database, home, tmp_path):
    with serving(module_database, tmp_path / "one.log", VIGIA_HOME=str(home)) as first:
        path = begin(first.address, len(BODY))
        assert send(first.address, path, 0, BODY[:700_000])[0] == 204
        broken(first.address, path, 700_000, BODY[700_000:], 1_500_000, reset=True)
        first.process.kill()
        first.process.wait()
    with serving(module_database, tmp_path / "two.log", VIGIA_HOME=str(home)) as second:
        told = offset(second.address, path)
        assert 700_000 <= told <= 2_200_000
        assert send(second.address, path, told, BODY[told:])[0] == 204 and kept(home, path) == BODY
