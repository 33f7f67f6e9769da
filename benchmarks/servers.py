"""Ourselves and the peers, each a server in a process of its own on a free port of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data import people
from data.cluster import Cluster
from settings import ROOT


@dataclass
class Server:
    address: str
    pid: int
    cookie: str = ""  # of our own, where one has to be signed in

    def rss_mb(self) -> float:
        """The memory the process holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_s(self) -> float:
        """Seconds of processor it has used, which what else the machine does hardly changes."""
        told = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[float, bytes, int]:
        """Seconds, body and status of one question."""
        request = urllib.request.Request(f"{self.address}{path}", headers={**({"Cookie": self.cookie} if self.cookie else {}), **(headers or {})})
        begin = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                body, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            body, status = error.read(), error.code
        return time.perf_counter() - begin, body, status


@contextmanager
def vigia(cluster: Cluster, home: Path, **environment: str) -> Iterator[Server]:
    """Our own server of a cluster; `environment` has settings that differ from the usual."""
    with _serving([sys.executable, "-m", "uvicorn", "app:server"], "/api/health/ready", home,
                  {"VIGIA_APP_URL": cluster.app_url, "VIGIA_HOME": str(home), "DATABASE_URL": cluster.owner_url, **environment}) as server:
        server.cookie = f"vigia={people.short_session(cluster.owner_url, None, 86_400)}"
        yield server


@contextmanager
def peer(app: str, ready: str, home: Path, environment: dict[str, str], folder: Path = ROOT / "benchmarks") -> Iterator[Server]:
    """Another's server (requirements-bench.txt, which `vigia bench` installs)."""
    with _serving([sys.executable, "-m", "uvicorn", app], ready, home, environment, folder) as server:
        yield server


@contextmanager
def _serving(command: list[str], ready: str, home: Path, environment: dict[str, str], folder: Path = ROOT) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / f"server-{port}.log"
    with open(log, "w") as told:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"],
            cwd=folder, stdout=told, stderr=told, stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    server = Server(f"http://127.0.0.1:{port}", process.pid)
    try:
        until = time.monotonic() + 90
        while True:
            try:
                if server.get(ready)[2] == 200:
                    break
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{' '.join(command[-1:])} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.unlink(missing_ok=True)
